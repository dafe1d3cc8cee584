// Checks every function of the interface from C++, the answers that threads share, and what is refused.
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <thread>
#include <vector>

#include "dabnet.h"

#define CHECK(condition)                                                                                    \
    do {                                                                                                    \
        if (!(condition)) {                                                                                 \
            std::cerr << __FILE__ << ":" << __LINE__ << ": " #condition ": " << dabnet_last_error() << "\n"; \
            std::exit(1);                                                                                   \
        }                                                                                                   \
    } while (false)

namespace {

std::vector<std::uint8_t> read(const char *path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

bool same(const dabnet_guess &a, const dabnet_guess &b) { return a.label == b.label && a.probability == b.probability; }

/* A box with a zigzag in it, a little otherwise each time. */
std::vector<float> sign(float wobble) {
    return {0, wobble, 90, 0, 90 + wobble, 60, 0, 60, 0, wobble, 5, 30 - wobble, 20, 5, 35, 55, 50, 5 + wobble, 65, 55, 85, 30};
}

void teach(const dabnet_model *model) {
    const std::size_t lengths[] = {5, 6};
    dabnet_teacher *teacher = nullptr;
    dabnet_model *taught = nullptr;
    CHECK(dabnet_teacher_new(nullptr, &teacher) == DABNET_ARGUMENT);
    CHECK(dabnet_teacher_new(model, &teacher) == DABNET_OK);
    CHECK(dabnet_teacher_teach(teacher, &taught) == DABNET_MODEL && taught == nullptr);
    for (float wobble : {0.f, 1.f, 2.f, 3.f, 4.f})
        CHECK(dabnet_teacher_add_strokes(teacher, "voltage box", sign(wobble).data(), lengths, 2) == DABNET_OK);
    CHECK(dabnet_teacher_add_strokes(teacher, "", sign(0).data(), lengths, 2) == DABNET_ARGUMENT);
    CHECK(dabnet_teacher_add_strokes(teacher, nullptr, sign(0).data(), lengths, 2) == DABNET_ARGUMENT);
    CHECK(dabnet_teacher_add_strokes(teacher, "voltage box", nullptr, nullptr, 0) == DABNET_DRAWING);
    CHECK(dabnet_teacher_teach(teacher, &taught) == DABNET_OK);
    CHECK(dabnet_model_label_count(taught) == 21 && std::strcmp(dabnet_model_label(taught, 20), "voltage box") == 0);
    CHECK(dabnet_model_save(taught, "/dev/null/model") == DABNET_MODEL && dabnet_model_save(nullptr, "model") == DABNET_ARGUMENT);
    dabnet_recognizer *recognizer = nullptr;
    CHECK(dabnet_recognizer_new(taught, &recognizer) == DABNET_OK);
    dabnet_guess best{};
    int unknown = -1;
    CHECK(dabnet_recognizer_is_unknown(recognizer, &unknown) == DABNET_ARGUMENT);
    CHECK(dabnet_recognize_strokes(recognizer, sign(2.5f).data(), lengths, 2, &best, 1, nullptr) == DABNET_OK && best.label == 20);
    CHECK(dabnet_teacher_add_strokes(teacher, "cat", sign(0).data(), lengths, 2) == DABNET_OK);
    dabnet_model *none = nullptr;
    CHECK(dabnet_teacher_teach(teacher, &none) == DABNET_MODEL && none == nullptr);
    dabnet_recognizer_free(recognizer);
    dabnet_model_free(taught);
    dabnet_teacher_free(teacher);
    dabnet_teacher_free(nullptr);
}

} // namespace

int main(int argc, char **argv) {
    CHECK(argc == 3);
    const char *model_path = argv[1], *cat = argv[2];
    dabnet_model *model = nullptr, *named = nullptr, *other = nullptr;
    CHECK(dabnet_model_open(model_path, &model) == DABNET_OK);
    CHECK(dabnet_model_open("quickdraw-20", &named) == DABNET_OK);
    const auto bytes = read(model_path);
    CHECK(dabnet_model_from_bytes(bytes.data(), bytes.size(), &other) == DABNET_OK);
    CHECK(dabnet_model_label_count(model) == 20 && dabnet_model_label_count(nullptr) == 0);
    CHECK(std::strcmp(dabnet_model_label(model, 0), "airplane") == 0 && dabnet_model_label(model, 20) == nullptr);
    CHECK(std::strlen(dabnet_version()) >= 5);

    dabnet_recognizer *recognizer = nullptr;
    CHECK(dabnet_recognizer_new(other, &recognizer) == DABNET_OK);
    dabnet_model_free(other);

    dabnet_guess best{}, again{};
    std::size_t count = 0;
    CHECK(dabnet_recognize_file(recognizer, cat, &best, 1, &count) == DABNET_OK && count == 1);
    CHECK(std::strcmp(dabnet_model_label(model, best.label), "butterfly") == 0);
    const auto picture = read(cat);
    CHECK(dabnet_recognize_bytes(recognizer, picture.data(), picture.size(), &again, 1, nullptr) == DABNET_OK);
    CHECK(same(best, again));

    const float star[] = {50, 0, 79, 90, 2, 35, 98, 35, 21, 90, 50, 0};
    const std::size_t lengths[] = {6, 0};
    CHECK(dabnet_recognize_strokes(recognizer, star, lengths, 2, &best, 1, nullptr) == DABNET_OK);
    CHECK(std::strcmp(dabnet_model_label(model, best.label), "star") == 0);
    CHECK(dabnet_recognizer_add_points(recognizer, star, 1) == DABNET_ARGUMENT);
    CHECK(dabnet_recognizer_begin_stroke(recognizer) == DABNET_OK);
    CHECK(dabnet_recognizer_add_points(recognizer, star, 2) == DABNET_OK);
    CHECK(dabnet_recognizer_add_points(recognizer, star + 4, 4) == DABNET_OK);
    CHECK(dabnet_recognizer_guess(recognizer, &again, 1, nullptr) == DABNET_OK && same(best, again));
    float vector[256], small[255];
    CHECK(dabnet_model_embedding_length(model) == 256 && dabnet_model_embedding_length(nullptr) == 0);
    CHECK(dabnet_recognizer_embed(recognizer, vector, 256) == DABNET_OK);
    float square = 0;
    for (float value : vector)
        square += value * value;
    CHECK(square > 1 && std::isfinite(square));
    CHECK(dabnet_recognizer_embed(recognizer, small, 255) == DABNET_ARGUMENT);
    CHECK(dabnet_recognizer_embed(recognizer, nullptr, 256) == DABNET_ARGUMENT);
    std::uint8_t bits[32];
    CHECK(dabnet_recognizer_embed_bits(recognizer, bits, 32) == DABNET_OK);
    CHECK(dabnet_recognizer_embed_bits(recognizer, bits, 31) == DABNET_ARGUMENT);
    int unknown = -1;
    CHECK(dabnet_recognizer_is_unknown(recognizer, &unknown) == DABNET_OK && unknown == 0);
    CHECK(dabnet_recognizer_is_unknown(recognizer, nullptr) == DABNET_ARGUMENT);
    CHECK(dabnet_recognizer_clear(recognizer) == DABNET_OK);
    CHECK(dabnet_recognizer_embed(recognizer, vector, 256) == DABNET_DRAWING);
    CHECK(dabnet_recognizer_guess(recognizer, &again, 1, nullptr) == DABNET_DRAWING);

    teach(model);

    std::vector<std::uint8_t> ink(64 * 64, 0);
    CHECK(dabnet_recognize_pixels(recognizer, ink.data(), 64, 64, &best, 1, nullptr) == DABNET_DRAWING);
    for (int i = 8; i < 56; i++)
        ink[i * 64 + i] = 255;
    dabnet_guess all[40];
    CHECK(dabnet_recognize_pixels(recognizer, ink.data(), 64, 64, all, 40, &count) == DABNET_OK && count == 20);
    float sum = 0;
    for (std::size_t i = 0; i < count; i++)
        sum += all[i].probability;
    CHECK(std::fabs(sum - 1) < 1e-4f);

    const float wild[] = {0, 0, NAN, 1};
    const std::size_t two[] = {2}, endless[] = {SIZE_MAX, 2};
    CHECK(dabnet_recognize_strokes(recognizer, wild, two, 1, &best, 1, nullptr) == DABNET_DRAWING);
    CHECK(dabnet_recognize_strokes(recognizer, star, endless, 2, &best, 1, nullptr) == DABNET_ARGUMENT);
    CHECK(dabnet_recognize_strokes(recognizer, nullptr, two, 1, &best, 1, nullptr) == DABNET_ARGUMENT);
    CHECK(dabnet_recognize_strokes(nullptr, star, two, 1, &best, 1, nullptr) == DABNET_ARGUMENT);
    CHECK(dabnet_recognize_file(recognizer, cat, nullptr, 1, nullptr) == DABNET_ARGUMENT);
    CHECK(dabnet_recognize_file(recognizer, "missing.png", &best, 1, nullptr) == DABNET_DRAWING);
    CHECK(std::strstr(dabnet_last_error(), "missing.png") != nullptr);
    CHECK(dabnet_recognize_pixels(recognizer, ink.data(), SIZE_MAX, 2, &best, 1, nullptr) == DABNET_ARGUMENT);
    CHECK(dabnet_model_open(nullptr, &other) == DABNET_ARGUMENT);
    CHECK(dabnet_model_open("no-such-model", &other) == DABNET_MODEL);
    CHECK(dabnet_model_open(model_path, nullptr) == DABNET_ARGUMENT);
    CHECK(dabnet_model_open("no-such-model", nullptr) == DABNET_ARGUMENT);
    CHECK(dabnet_model_open(".", &other) == DABNET_MODEL);
    CHECK(dabnet_model_from_bytes(picture.data(), picture.size(), &other) == DABNET_MODEL);

    CHECK(dabnet_recognize_file(recognizer, cat, &best, 1, nullptr) == DABNET_OK);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++)
        threads.emplace_back([&] {
            dabnet_recognizer *own = nullptr;
            dabnet_guess guess{};
            CHECK(dabnet_recognizer_new(named, &own) == DABNET_OK);
            for (int j = 0; j < 20; j++)
                CHECK(dabnet_recognize_file(own, cat, &guess, 1, nullptr) == DABNET_OK && same(best, guess));
            dabnet_recognizer_free(own);
        });
    for (auto &thread : threads)
        thread.join();

    dabnet_recognizer_free(recognizer);
    dabnet_recognizer_free(nullptr);
    dabnet_model_free(named);
    dabnet_model_free(model);
    dabnet_model_free(nullptr);
    std::cout << "every function does as the header says\n";
}

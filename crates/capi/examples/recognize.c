/* Labels files, and a star that is drawn stroke by stroke:
 *
 *     cc crates/capi/examples/recognize.c -Icrates/capi/include -Ltarget/release -ldabnet -o recognize
 *     LD_LIBRARY_PATH=target/release ./recognize quickdraw-20 data/examples/butterfly.png
 */
#include <stdio.h>

#include "dabnet.h"

static int fail(void) {
    fprintf(stderr, "%s\n", dabnet_last_error());
    return 1;
}

static void print(const dabnet_model *model, const char *name, const dabnet_guess *guesses, size_t count) {
    printf("%s: ", name);
    for (size_t i = 0; i < count; i++)
        printf("%s%s %.1f %%", i ? ", " : "", dabnet_model_label(model, guesses[i].label), 100.0 * guesses[i].probability);
    printf("\n");
}

int main(int argc, char **argv) {
    dabnet_model *model = NULL;
    dabnet_recognizer *recognizer = NULL;
    dabnet_guess guesses[3];
    size_t count;
    if (argc < 2) {
        fprintf(stderr, "usage: %s MODEL FILE...\n", argv[0]);
        return 2;
    }
    if (dabnet_model_open(argv[1], &model) != DABNET_OK)
        return fail();
    if (dabnet_recognizer_new(model, &recognizer) != DABNET_OK)
        return fail();
    for (int i = 2; i < argc; i++) {
        if (dabnet_recognize_file(recognizer, argv[i], guesses, 3, &count) != DABNET_OK)
            return fail();
        print(model, argv[i], guesses, count);
    }

    const float star[] = {50, 0, 79, 90, 2, 35, 98, 35, 21, 90, 50, 0};
    if (dabnet_recognizer_begin_stroke(recognizer) != DABNET_OK
        || dabnet_recognizer_add_points(recognizer, star, 6) != DABNET_OK
        || dabnet_recognizer_guess(recognizer, guesses, 3, &count) != DABNET_OK)
        return fail();
    print(model, "drawn", guesses, count);

    dabnet_recognizer_free(recognizer);
    dabnet_model_free(model);
    return 0;
}

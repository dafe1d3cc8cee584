/* dabnet: recognizes freehand sketches, offline, in a fraction of a millisecond.
 *
 * Functions that can fail return a dabnet_status and leave a message in dabnet_last_error(). None of them ends the program, and none
 * throws; what a call that failed was to write is left as it was. A model never changes: any number of threads may use it at once. A recognizer is for one thread at a time.
 *
 *     dabnet_model *model;
 *     dabnet_recognizer *recognizer;
 *     dabnet_guess best;
 *     if (dabnet_model_open("quickdraw-345", &model) == DABNET_OK
 *         && dabnet_recognizer_new(model, &recognizer) == DABNET_OK
 *         && dabnet_recognize_file(recognizer, "cat.png", &best, 1, NULL) == DABNET_OK)
 *         puts(dabnet_model_label(model, best.label));
 *     else
 *         fputs(dabnet_last_error(), stderr);
 */
#ifndef DABNET_H
#define DABNET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Outcome of a call. */
typedef enum dabnet_status {
    DABNET_OK = 0,
    /* An argument that this header does not allow, such as a null pointer. */
    DABNET_ARGUMENT = 1,
    /* A model that is not there, or no model. */
    DABNET_MODEL = 2,
    /* A drawing of nothing, or that cannot be read. */
    DABNET_DRAWING = 3,
    /* An error of the library itself. */
    DABNET_INTERNAL = 4
} dabnet_status;

typedef struct dabnet_model dabnet_model;
typedef struct dabnet_recognizer dabnet_recognizer;
typedef struct dabnet_teacher dabnet_teacher;

/* A label by its index, and its share of one. */
typedef struct dabnet_guess {
    size_t label;
    float probability;
} dabnet_guess;

/* Version of the library, such as "0.1.0". */
const char *dabnet_version(void);

/* Message of the last call on this thread that failed; valid until the next one that fails. */
const char *dabnet_last_error(void);

/* Opens the model that the library has under this name, "quickdraw-345", "quickdraw-20" or "tu-berlin-250", or that at a
 * path. */
dabnet_status dabnet_model_open(const char *name_or_path, dabnet_model **out);
/* Opens the model in `count` bytes, which are copied. */
dabnet_status dabnet_model_from_bytes(const uint8_t *bytes, size_t count, dabnet_model **out);
/* Saves a model to a file, which is replaced as a whole. */
dabnet_status dabnet_model_save(const dabnet_model *model, const char *path);
/* Frees a model; null is nothing to free. Recognizers made with it go on. */
void dabnet_model_free(dabnet_model *model);
size_t dabnet_model_label_count(const dabnet_model *model);
/* Number of values of an embedding; 0 for networks that have none. */
size_t dabnet_model_embedding_length(const dabnet_model *model);
/* A label in UTF-8, valid as long as the model; null where there is none of that index. */
const char *dabnet_model_label(const dabnet_model *model, size_t index);

dabnet_status dabnet_recognizer_new(const dabnet_model *model, dabnet_recognizer **out);
/* Frees a recognizer; null is nothing to free. */
void dabnet_recognizer_free(dabnet_recognizer *recognizer);

/* Each of the following writes the likeliest labels, the likeliest first, to `guesses`, which has room for `capacity`, and their
 * number to `count`, if that is not null. */

/* Strokes: `points` has x and y of each point, `lengths` the number of points of each stroke. */
dabnet_status dabnet_recognize_strokes(dabnet_recognizer *recognizer, const float *points, const size_t *lengths,
                                       size_t stroke_count, dabnet_guess *guesses, size_t capacity, size_t *count);
/* Ink in pixels, row by row, from 0 for paper to 255. */
dabnet_status dabnet_recognize_pixels(dabnet_recognizer *recognizer, const uint8_t *ink, size_t width, size_t height,
                                      dabnet_guess *guesses, size_t capacity, size_t *count);
/* The first sketch in the bytes of a file: SVG, PNG, JPEG, WebP, GIF, BMP, Quick, Draw!. */
dabnet_status dabnet_recognize_bytes(dabnet_recognizer *recognizer, const uint8_t *bytes, size_t byte_count,
                                     dabnet_guess *guesses, size_t capacity, size_t *count);
/* The first sketch in a file. */
dabnet_status dabnet_recognize_file(dabnet_recognizer *recognizer, const char *path, dabnet_guess *guesses, size_t capacity,
                                    size_t *count);

/* Whether the drawing that was recognized last is like none that the model knows a word for, so that its guesses mean nothing: 1 or 0.
 * DABNET_MODEL where the model was not calibrated, DABNET_ARGUMENT before the first drawing. */
dabnet_status dabnet_recognizer_is_unknown(dabnet_recognizer *recognizer, int *unknown);

/* A drawing that is being made: its strokes are kept in the recognizer. */
dabnet_status dabnet_recognizer_clear(dabnet_recognizer *recognizer);
dabnet_status dabnet_recognizer_begin_stroke(dabnet_recognizer *recognizer);
dabnet_status dabnet_recognizer_add_points(dabnet_recognizer *recognizer, const float *points, size_t point_count);
/* The vector that the last layer reads of the ink so far, near those of drawings of the same kind, whatever the labels: as many
 * values as dabnet_model_embedding_length() says, which `values` has to have room for. */
dabnet_status dabnet_recognizer_embed(dabnet_recognizer *recognizer, float *values, size_t capacity);
/* The same by one bit a value, 1 above the median of the drawings that the model was calibrated on: bit i % 8, counted from the least
 * significant, of byte i / 8. */
dabnet_status dabnet_recognizer_embed_bits(dabnet_recognizer *recognizer, uint8_t *bits, size_t capacity);
dabnet_status dabnet_recognizer_guess(dabnet_recognizer *recognizer, dabnet_guess *guesses, size_t capacity, size_t *count);

/* Words of one's own, from 1 to some 50 drawings each: drawings are added to a teacher, which makes a model that knows these words beside
 * its own, in a fraction of a second and without training. DABNET_MODEL for a word that it knows from its training, and for a model that
 * was not calibrated. */
dabnet_status dabnet_teacher_new(const dabnet_model *model, dabnet_teacher **out);
/* Frees a teacher; null is nothing to free. Models made by it go on. */
void dabnet_teacher_free(dabnet_teacher *teacher);
/* Adds a drawing of a word, in UTF-8; strokes as those of dabnet_recognize_strokes(). */
dabnet_status dabnet_teacher_add_strokes(dabnet_teacher *teacher, const char *word, const float *points, const size_t *lengths,
                                         size_t stroke_count);
dabnet_status dabnet_teacher_teach(dabnet_teacher *teacher, dabnet_model **out);

#ifdef __cplusplus
}
#endif

#endif

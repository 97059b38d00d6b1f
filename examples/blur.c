/* SPDX-License-Identifier: MIT */
/* Blurs, sharpens or finds the edges of a picture: blur IN.png OUT.png [blur|sharpen|edges].
 *
 * One filter bank is applied to the R, G and B planes alike: a shared kernel. The planes are the
 * channels of one image, fold-into-batch makes of them x.view(N*C, 1, H, W), and neither the
 * picture nor the bank is copied three times. `edges` has two filters, so that y has 2 * C planes.
 */
#include "opencl.h"

#include <png.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_SIZE = 7, MAX_FILTERS = 2 };

/* A bank (filters, 1, size, size), as clConv takes it. */
typedef struct bank {
    int size, filters;
    float weight[MAX_FILTERS * MAX_SIZE * MAX_SIZE];
} bank;

/* 8-bit samples, interleaved; the alpha channel, if any, is the last. */
typedef struct picture {
    png_image png;
    int width, height, channels, colours;
    png_byte *samples;
} picture;

static void *need(void *memory)
{
    if (!memory) {
        fprintf(stderr, "blur: out of memory\n");
        exit(EXIT_FAILURE);
    }
    return memory;
}

/* ---- Filters ------------------------------------------------------------------------------ */

/* Binomial coefficients approximate a Gaussian (sigma 1.22), and sum to exactly one. */
static bank blur_bank(void)
{
    static const float row[7] = {1, 6, 15, 20, 15, 6, 1};
    bank b = {.size = 7, .filters = 1};
    for (int r = 0; r < 7; r++)
        for (int s = 0; s < 7; s++)
            b.weight[r * 7 + s] = row[r] * row[s] / 4096.0f;
    return b;
}

/* Twice the picture minus its blur. */
static bank sharpen_bank(void)
{
    bank b = blur_bank();
    for (int i = 0; i < 49; i++)
        b.weight[i] = -b.weight[i];
    b.weight[24] += 2.0f;
    return b;
}

/* Sobel's two derivatives. */
static bank edges_bank(void)
{
    return (bank){.size = 3,
                  .filters = 2,
                  .weight = {-1, 0, 1, -2, 0, 2, -1, 0, 1, -1, -2, -1, 0, 0, 0, 1, 2, 1}};
}

static const struct {
    const char *name;
    bank (*make)(void);
} banks[] = {{"blur", blur_bank}, {"sharpen", sharpen_bank}, {"edges", edges_bank}};

static bool bank_named(const char *name, bank *out)
{
    for (size_t i = 0; i < sizeof banks / sizeof *banks; i++)
        if (strcmp(name, banks[i].name) == 0) {
            *out = banks[i].make();
            return true;
        }
    return false;
}

/* ---- Pictures ----------------------------------------------------------------------------- */

static bool read_picture(const char *path, picture *out)
{
    png_image *png = &out->png;
    memset(png, 0, sizeof *png);
    png->version = PNG_IMAGE_VERSION;
    if (!png_image_begin_read_from_file(png, path)) {
        fprintf(stderr, "%s: %s\n", path, png->message);
        return false;
    }
    if (png->format & PNG_FORMAT_FLAG_LINEAR) {
        fprintf(stderr, "%s: 16 bits per sample; this example takes 8\n", path);
        png_image_free(png);
        return false;
    }
    png->format &= PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA; /* a palette becomes colours */
    out->width = (int)png->width, out->height = (int)png->height;
    out->channels = (int)PNG_IMAGE_SAMPLE_CHANNELS(png->format);
    out->colours = out->channels - (png->format & PNG_FORMAT_FLAG_ALPHA ? 1 : 0);
    out->samples = need(malloc(PNG_IMAGE_SIZE(*png)));
    if (!png_image_finish_read(png, NULL, out->samples, 0, NULL)) {
        fprintf(stderr, "%s: %s\n", path, png->message);
        free(out->samples);
        return false;
    }
    return true;
}

static bool write_picture(const char *path, picture *p)
{
    if (png_image_write_to_file(&p->png, path, 0, p->samples, 0, NULL))
        return true;
    fprintf(stderr, "%s: %s\n", path, p->png.message);
    remove(path);
    return false;
}

static int clamp(int value, int last)
{
    return value < 0 ? 0 : value > last ? last : value;
}

/* The colour planes as floats, each continued by `margin` pixels of its border on every side, so
 * that a convolution without padding gives the picture's own size and no dark frame. */
static float *planes_of(const picture *p, int margin)
{
    const int width = p->width + 2 * margin, height = p->height + 2 * margin;
    float *planes =
        need(malloc((size_t)p->colours * (size_t)height * (size_t)width * sizeof *planes));
    float *next = planes;
    for (int c = 0; c < p->colours; c++)
        for (int i = -margin; i < p->height + margin; i++) {
            const size_t row = (size_t)clamp(i, p->height - 1) * (size_t)p->width;
            for (int j = -margin; j < p->width + margin; j++) {
                const size_t pixel = row + (size_t)clamp(j, p->width - 1);
                *next++ = p->samples[pixel * (size_t)p->channels + (size_t)c];
            }
        }
    return planes;
}

/* Puts the planes of y (colour after colour, the bank's filters within) back into the samples: one
 * filter is the value, two are the length of the vector they form. */
static void samples_from(picture *p, const float *y, int filters)
{
    const size_t plane = (size_t)p->width * (size_t)p->height;
    for (int c = 0; c < p->colours; c++)
        for (size_t i = 0; i < plane; i++) {
            const float *first = y + (size_t)(c * filters) * plane + i;
            const float value = filters == 1 ? *first : hypotf(first[0], first[plane]);
            p->samples[i * (size_t)p->channels + (size_t)c] =
                (png_byte)clamp((int)lrintf(value), 255);
        }
}

/* ---- Convolution -------------------------------------------------------------------------- */

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* Convolves every plane with the bank; y is malloc'ed. */
static float *convolve(const opencl *cl, const picture *p, const bank *b)
{
    const int margin = b->size / 2;
    clconv_problem problem;
    clconv_problem_init(&problem, sizeof problem);
    problem.shared = 1;
    problem.c = p->colours;
    problem.k = (int64_t)p->colours * b->filters;
    problem.in[0] = p->height + 2 * margin, problem.in[1] = p->width + 2 * margin;
    problem.kernel[0] = problem.kernel[1] = b->size;

    clconv_work_size work = {.size = sizeof work};
    check_conv(clconv_problem_work(&problem, &work));
    float *planes = planes_of(p, margin), *y = need(malloc(work.y_bytes));
    cl_mem bx = opencl_buffer(cl, planes, work.x_bytes / sizeof *planes);
    cl_mem bw = opencl_buffer(cl, b->weight, work.w_bytes / sizeof *b->weight);
    cl_mem by = opencl_buffer(cl, NULL, work.y_bytes / sizeof *y);
    free(planes);

    clconv_context *ctx = NULL;
    clconv_plan *plan = NULL;
    check_conv(clconv_context_create(cl->context, cl->device, &ctx));
    check_conv(clconv_plan_create(ctx, &problem, NULL, &plan));

    cl_event done = NULL;
    clconv_args args = {sizeof args, .x.mem = bx, .w.mem = bw, .y.mem = by};
    const double start = now_ms();
    check_conv(clconv_enqueue(plan, cl->queue, &args, 0, NULL, &done));
    check_cl(clWaitForEvents(1, &done), "clWaitForEvents");
    printf("%d planes of %d x %d, %d shared %dx%d filter%s: %.2f ms, %s on %s\n", p->colours,
           p->width, p->height, b->filters, b->size, b->size, b->filters == 1 ? "" : "s",
           now_ms() - start, clconv_plan_algorithm(plan), cl->name);
    check_cl(clEnqueueReadBuffer(cl->queue, by, CL_TRUE, 0, work.y_bytes, y, 0, NULL, NULL),
             "clEnqueueReadBuffer");

    clReleaseEvent(done);
    clReleaseMemObject(bx);
    clReleaseMemObject(bw);
    clReleaseMemObject(by);
    clconv_plan_destroy(plan);
    clconv_context_destroy(ctx);
    return y;
}

int main(int argc, char **argv)
{
    bank b;
    picture p;
    if (argc < 3 || argc > 4 || !bank_named(argc == 4 ? argv[3] : "blur", &b)) {
        fprintf(stderr, "usage: blur IN.png OUT.png [blur|sharpen|edges]\n");
        return 2;
    }
    if (!read_picture(argv[1], &p))
        return 2;
    opencl cl;
    opencl_open(&cl);
    float *y = convolve(&cl, &p, &b);
    samples_from(&p, y, b.filters);
    const bool written = write_picture(argv[2], &p);
    free(y);
    free(p.samples);
    opencl_close(&cl);
    return written ? EXIT_SUCCESS : EXIT_FAILURE;
}

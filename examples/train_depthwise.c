/* SPDX-License-Identifier: MIT */
/* Trains a small network to draw the edges of coloured pictures: train_depthwise [OPTION...].
 *
 * Its convolutions and all their gradients are computed by clConv (network.c); pictures, loss and
 * step are plain C here. First the gradients are compared with difference quotients of the loss.
 * Every picture is drawn anew, so that each loss is that of pictures the network has not seen. */
#include "loss_curve.h"
#include "network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGES = 4, HEIGHT = 20, WIDTH = 24, SHAPES = 6, REPORT = 25 };

static const char usage[] =
    "usage: train_depthwise [--steps N] [--fall F] [--svg FILE]\n"
    "  --steps N    steps of training, 1 to 1000000 (default 300)\n"
    "  --fall F     how many times smaller the loss must become, 1 to 1000000 (default 20)\n"
    "  --svg FILE   writes the curve of the loss\n"
    "Exit status: 0 it learned; 1 it did not, or gradients are wrong; 2 usage; 77 no device.\n";

typedef struct options {
    size_t steps;
    double fall;
    const char *svg;
} options;

/* Pictures and their edges. */
typedef struct batch {
    int images, height, width;
    float *x, *edges;
    float *y, *dy; /* what the network drew, and the loss's gradient by it */
} batch;

/* ---- Pictures ----------------------------------------------------------------------------- */

static size_t batch_pixels(const batch *b)
{
    return (size_t)b->images * (size_t)b->height * (size_t)b->width;
}

static batch batch_open(int images, int height, int width)
{
    batch b = {.images = images, .height = height, .width = width};
    const size_t bytes = batch_pixels(&b) * sizeof *b.y;
    b.x = need(malloc(COLOURS * bytes));
    b.edges = need(malloc(bytes));
    b.y = need(malloc(bytes));
    b.dy = need(malloc(bytes));
    return b;
}

static void batch_close(batch *b)
{
    free(b->x);
    free(b->edges);
    free(b->y);
    free(b->dy);
}

/* An ellipse, or its box, of one colour; colours are from -0.5 to 0.5. */
static void draw_shape(const batch *b, float *image, unsigned *state)
{
    const float row = next_number(state) * (float)b->height;
    const float column = next_number(state) * (float)b->width;
    const float tall = 2.0f + next_number(state) * (float)b->height / 3.0f;
    const float wide = 2.0f + next_number(state) * (float)b->width / 3.0f;
    const bool box = next_number(state) < 0.5f;
    float colour[COLOURS];
    for (int c = 0; c < COLOURS; c++)
        colour[c] = next_number(state) - 0.5f;
    for (int i = 0; i < b->height; i++)
        for (int j = 0; j < b->width; j++) {
            const float down = ((float)i - row) / tall, across = ((float)j - column) / wide;
            const bool inside = box ? fabsf(down) < 1.0f && fabsf(across) < 1.0f
                                    : down * down + across * across < 1.0f;
            for (int c = 0; inside && c < COLOURS; c++)
                image[(c * b->height + i) * b->width + j] = colour[c];
        }
}

static int reflected(int i, int size)
{
    return i < 0 ? -i : i < size ? i : 2 * (size - 1) - i;
}

static float brightness(const batch *b, const float *image, int i, int j)
{
    static const float share[COLOURS] = {0.299f, 0.587f, 0.114f}; /* ITU-R BT.601 */
    const int pixel = reflected(i, b->height) * b->width + reflected(j, b->width);
    float sum = 0.0f;
    for (int c = 0; c < COLOURS; c++)
        sum += share[c] * image[c * b->height * b->width + pixel];
    return sum;
}

/* Sobel's derivatives of the brightness, magnitudes added. */
static float edge_at(const batch *b, const float *image, int i, int j)
{
    static const float weight[3] = {1, 2, 1};
    float down = 0.0f, across = 0.0f;
    for (int k = -1; k <= 1; k++) {
        down += weight[k + 1] *
                (brightness(b, image, i + 1, j + k) - brightness(b, image, i - 1, j + k));
        across += weight[k + 1] *
                  (brightness(b, image, i + k, j + 1) - brightness(b, image, i + k, j - 1));
    }
    return fabsf(down) + fabsf(across);
}

static void draw(batch *b, unsigned *state)
{
    const size_t pixels = (size_t)b->height * (size_t)b->width;
    for (int n = 0; n < b->images; n++) {
        float *image = b->x + (size_t)n * COLOURS * pixels, *edges = b->edges + (size_t)n * pixels;
        memset(image, 0, COLOURS * pixels * sizeof *image);
        for (int shape = 0; shape < SHAPES; shape++)
            draw_shape(b, image, state);
        for (int i = 0; i < b->height; i++)
            for (int j = 0; j < b->width; j++)
                edges[i * b->width + j] = edge_at(b, image, i, j);
    }
}

/* ---- Loss --------------------------------------------------------------------------------- */

/* Half the mean square of what is wrong with y, and its gradient by y. */
static double loss_of(network *net, batch *b, bool frozen)
{
    const size_t pixels = batch_pixels(b);
    double sum = 0.0;
    network_forward(net, b->x, frozen, b->y);
    for (size_t i = 0; i < pixels; i++) {
        const double wrong = (double)b->y[i] - b->edges[i];
        b->dy[i] = (float)(wrong / (double)pixels);
        sum += wrong * wrong;
    }
    return 0.5 * sum / (double)pixels;
}

/* ---- Check -------------------------------------------------------------------------------- */

/* With the ReLU frozen, y is linear in any one weight and the loss a quadratic, whose central
 * difference is its derivative whatever the step: only rounding is left. */
static double difference_quotient(network *net, batch *b, float *parameter)
{
    const float middle = *parameter, above = middle + 0.125f, below = middle - 0.125f;
    *parameter = above;
    const double loss_above = loss_of(net, b, true);
    *parameter = below;
    const double loss_below = loss_of(net, b, true);
    *parameter = middle;
    return (loss_above - loss_below) / ((double)above - below);
}

static float largest(const layer *l)
{
    float most = 0.0f;
    for (size_t i = 0; i < l->count; i++)
        most = fmaxf(most, fabsf(l->gradient[i]));
    return most;
}

static bool check_layer(network *net, batch *b, int i, double *worst)
{
    /* An output, of about 1, is rounded (3 + 1) + (25 + 1) + (16 + 1) = 47 times by 2^-24 at most,
     * and a loss as much; over the step of 2^-3 that is 2^-15.4. The largest gradient is some
     * tenths: 2^-12 of it leaves room for its own sum. */
    const double allowed = 0x1p-12;
    const layer *l = &net->layer[i];
    const double scale = largest(l);
    for (size_t k = 0; k < l->count; k++) {
        const double quotient = difference_quotient(net, b, &l->parameter[k]);
        const double wrong = fabs(quotient - l->gradient[k]) / scale;
        *worst = fmax(*worst, wrong);
        if (!(wrong <= allowed)) {
            fprintf(stderr, "layer %d, %s %zu: gradient %g, difference quotient %g\n", i,
                    k < l->weights ? "weight" : "bias", k < l->weights ? k : k - l->weights,
                    l->gradient[k], quotient);
            return false;
        }
    }
    return true;
}

static bool check_gradients(const opencl *cl, clconv_context *ctx)
{
    unsigned state = 2;
    size_t count = 0;
    double worst = 0.0;
    bool good = true;
    network net;
    batch b = batch_open(2, 9, 7);
    network_open(&net, cl, ctx, b.images, b.height, b.width);
    draw(&b, &state);
    loss_of(&net, &b, false);
    network_backward(&net, b.dy);
    for (int i = 0; good && i < LAYERS; i++) {
        good = check_layer(&net, &b, i, &worst);
        count += net.layer[i].count;
    }
    if (good)
        printf("%zu gradients agree with difference quotients, but for %.1e of the largest of "
               "their layer\n",
               count, worst);
    network_close(&net);
    batch_close(&b);
    return good;
}

/* ---- Training ----------------------------------------------------------------------------- */

/* Gradient descent with momentum. */
static void descend(network *net, float *const velocity[LAYERS])
{
    const float rate = 0.3f, momentum = 0.9f;
    for (int i = 0; i < LAYERS; i++) {
        const layer *l = &net->layer[i];
        for (size_t k = 0; k < l->count; k++) {
            velocity[i][k] = momentum * velocity[i][k] - rate * l->gradient[k];
            l->parameter[k] += velocity[i][k];
        }
    }
}

/* Losses of the steps, each before its step. False where one cannot be drawn. */
static bool train(network *net, double *loss, size_t steps)
{
    unsigned state = 3;
    float *velocity[LAYERS];
    batch b = batch_open(IMAGES, HEIGHT, WIDTH);
    for (int i = 0; i < LAYERS; i++)
        velocity[i] = need(calloc(net->layer[i].count, sizeof *velocity[i]));
    bool good = true;
    for (size_t step = 0; good && step < steps; step++) {
        draw(&b, &state);
        loss[step] = loss_of(net, &b, false);
        good = isfinite(loss[step]) && loss[step] > 0.0;
        if (!good || step % REPORT == 0)
            printf("step %4zu  loss %.6f\n", step, loss[step]);
        network_backward(net, b.dy);
        descend(net, velocity);
    }
    for (int i = 0; i < LAYERS; i++)
        free(velocity[i]);
    batch_close(&b);
    return good;
}

/* The first picture's edges and, to the right, what the network draws. */
static void show(const batch *b)
{
    static const char shades[] = " .:-=+*#%@";
    const int last = sizeof shades - 2;
    for (int i = 0; i < b->height; i++) {
        for (int side = 0; side < 2; side++) {
            const float *row = (side ? b->y : b->edges) + i * b->width;
            for (int j = 0; j < b->width; j++)
                putchar(shades[(int)fminf(fmaxf(row[j], 0.0f) * (float)last / 2.0f, (float)last)]);
            fputs(side ? "\n" : "  |  ", stdout);
        }
    }
}

/* Trains, and compares the loss on pictures put aside before and afterwards. */
static bool learn(const opencl *cl, clconv_context *ctx, const options *o)
{
    unsigned state = 4;
    network net;
    batch aside = batch_open(IMAGES, HEIGHT, WIDTH);
    double *loss = need(malloc(o->steps * sizeof *loss));
    network_open(&net, cl, ctx, IMAGES, HEIGHT, WIDTH);
    draw(&aside, &state);
    const double before = loss_of(&net, &aside, false);
    const bool trained = train(&net, loss, o->steps);
    const double after = loss_of(&net, &aside, false), fall = before / after;
    if (trained)
        show(&aside);
    printf("%zu steps on %s: loss %.6f -> %.6f on pictures put aside, %.1f times smaller\n",
           o->steps, cl->name, before, after, fall);
    const bool enough = fall >= o->fall; /* false for NaN */
    if (!enough)
        fprintf(stderr, "the loss should have become %g times smaller\n", o->fall);
    const bool drawn = !o->svg || (trained && loss_curve_write(o->svg, "Loss while learning edges",
                                                               loss, o->steps));
    network_close(&net);
    batch_close(&aside);
    free(loss);
    return trained && enough && drawn;
}

/* ---- Command line ------------------------------------------------------------------------- */

static bool read_number(const char *text, double most, double *out)
{
    char *end = NULL;
    *out = strtod(text, &end);
    return end != text && !*end && *out >= 1.0 && *out <= most;
}

/* An exit status, or -1 to go on. */
static int read_options(int argc, char **argv, options *out)
{
    *out = (options){.steps = 300, .fall = 20.0};
    for (int i = 1; i < argc; i += 2) {
        const char *const name = argv[i], *const value = i + 1 < argc ? argv[i + 1] : "";
        double steps = 0.0;
        bool good = false;
        if (strcmp(name, "--help") == 0)
            return fputs(usage, stdout), EXIT_SUCCESS;
        if (strcmp(name, "--steps") == 0 && read_number(value, 1e6, &steps) &&
            steps == floor(steps))
            out->steps = (size_t)steps, good = true;
        else if (strcmp(name, "--fall") == 0)
            good = read_number(value, 1e6, &out->fall);
        else if (strcmp(name, "--svg") == 0 && *value)
            out->svg = value, good = true;
        if (!good) {
            fprintf(stderr, "train_depthwise: cannot take '%s %s'\n%s", name, value, usage);
            return 2;
        }
    }
    return -1;
}

int main(int argc, char **argv)
{
    options o;
    const int status = read_options(argc, argv, &o);
    if (status >= 0)
        return status;
    opencl cl;
    clconv_context *ctx = NULL;
    opencl_open(&cl);
    check_conv(clconv_context_create(cl.context, cl.device, &ctx));
    const bool good = check_gradients(&cl, ctx) && learn(&cl, ctx, &o);
    clconv_context_destroy(ctx);
    opencl_close(&cl);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

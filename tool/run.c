/* SPDX-License-Identifier: MIT */
/* `clconv run`: one convolution from .npy files to a .npy file. */
#include "run.h"

#include <stdio.h>

static const tool_command command = {
    "--x x.npy --w w.npy [--b b.npy] --y y.npy [OPTION...]",
    "\nConvolves x with w as PyTorch's nn.Conv2d does (cross-correlation), adds b and writes y; "
    "or\n"
    "computes a gradient of that, from dy, which stands for the gradient of y.\n"
    "Files are NumPy arrays in C order; y has x's type, or is int32 where x and w are int8 or\n"
    "uint8. Nothing is printed on success, and y is written only then. x without N is one image, "
    "and y has none either. x (N, C, L) or (C, L)\n"
    "with w (K, C/G, S) is nn.Conv1d. With --layout nhwc, x and y are (N, H, W, C), and w is\n"
    "(K, R, S, C/G).\n"
    "\n"
    "Examples\n"
    "  a 3x3 layer that keeps the image size\n"
    "    clconv run --x x.npy --w w.npy --b b.npy --y y.npy --padding same\n"
    "  depthwise, stride 2: x (N, 32, H, W), w (32, 1, 3, 3)\n"
    "    clconv run --x x.npy --w w.npy --y y.npy --groups 32 --stride 2 --padding 1\n"
    "  one blur for R, G and B: x (1, 3, H, W), w (1, 1, 5, 5), y (1, 3, P, Q)\n"
    "    clconv run --x x.npy --w w.npy --y y.npy --shared --padding 2\n"
    "  8 filters over 3 channels as groups of 3, 3 and 2: w (8, 1, R, S)\n"
    "    clconv run --x x.npy --w w.npy --y y.npy --group-in 1,1,1 --group-out 3,3,2\n"
    "  padding per side: top, bottom, left, right\n"
    "    clconv run --x x.npy --w w.npy --y y.npy --padding 0,1,0,1\n"
    "  a causal filter over time: x (N, C, L), w (K, C, 5), y (N, K, L)\n"
    "    clconv run --x x.npy --w w.npy --y y.npy --padding 4,0\n"
    "  a residual block's end: y = relu(conv(x, w) + b + residual)\n"
    "    clconv run --x x.npy --w w.npy --b b.npy --y y.npy --padding 1\n"
    "        --residual z.npy --activation relu\n"
    "  ONNX's QLinearConv: bytes with zero points and scales\n"
    "    clconv run --x x.npy --w w.npy --y y.npy --y-dtype uint8 --x-zero 132 --w-zero 255\n"
    "        --y-zero 123 --x-scale 0.0037 --w-scale 0.0017 --y-scale 0.0016\n"
    "  the gradient by x, whose size the stride leaves open: --x-shape says it\n"
    "    clconv run --direction backward-data --dy dy.npy --w w.npy --x-shape 1,8,32,32\n"
    "        --dx dx.npy --stride 2 --padding 1\n"
    "  nn.ConvTranspose2d(K, C, 3, stride 2): w is (K, C, 3, 3), the input goes in as dy\n"
    "    clconv run --direction backward-data --dy in.npy --w w.npy --b b.npy --dx out.npy\n"
    "        --stride 2 --padding 1 --output-padding 1\n"
    "  the gradients by w and b\n"
    "    clconv run --direction backward-weights --dy dy.npy --x x.npy --w-shape 16,8,3,3\n"
    "        --dw dw.npy --db db.npy --padding 1\n",
    run_options};

/* Reads one input; uint16 is bfloat16 with --dtype bf16 and no type of ours without. */
static int read_input(const char *path, bool bf16, npy_array *out)
{
    char why[4608];
    if (!npy_read(path, out, why, sizeof why))
        return tool_fail(EXIT_USAGE, "%s", why);
    if (out->dtype == CLCONV_BF16 && !bf16)
        return tool_fail(EXIT_USAGE,
                         "%s: type uint16 cannot be convolved; if it holds bfloat16, "
                         "say --dtype bf16",
                         path);
    if (out->dtype != CLCONV_BF16 && bf16)
        return tool_fail(EXIT_USAGE, "%s: not uint16, which --dtype bf16 needs", path);
    return EXIT_GOOD;
}

static int read_inputs(const run_request *request, char *const *value, npy_array array[TENSORS])
{
    for (run_tensor t = 0; t < TENSORS; t++) {
        const char *const file = value[run_file(request, t)];
        if (file && !run_writes(request, t) && read_input(file, request->bf16, &array[t]))
            return EXIT_USAGE;
    }
    return EXIT_GOOD;
}

static int compute(char *const *value, const run_request *request, npy_array array[TENSORS])
{
    tool_device device;
    int status = tool_device_open(value[DEVICE], &device);
    if (status == EXIT_GOOD)
        status = run_convolve(&device, request, value[ALGO], array);
    tool_device_close(&device);
    return status;
}

/* All outputs or none. */
static int write_outputs(const run_request *request, char *const *value,
                         const npy_array array[TENSORS])
{
    char why[4608];
    const char *written = NULL;
    for (run_tensor t = 0; t < TENSORS; t++) {
        const char *const file = run_writes(request, t) ? value[run_file(request, t)] : NULL;
        if (!file)
            continue;
        if (!npy_write(file, &array[t], why, sizeof why)) {
            if (written)
                remove(written);
            return tool_fail(EXIT_DEVICE, "%s", why);
        }
        written = file;
    }
    return EXIT_GOOD;
}

static int run(char *const *value)
{
    run_request request;
    npy_array array[TENSORS] = {{.data = NULL}};
    int status = run_read_options(value, &request);
    if (status == EXIT_GOOD)
        status = read_inputs(&request, value, array);
    if (status == EXIT_GOOD)
        status = run_describe(&request, value, array);
    if (status == EXIT_GOOD)
        status = compute(value, &request, array);
    if (status == EXIT_GOOD)
        status = write_outputs(&request, value, array);
    for (run_tensor t = 0; t < TENSORS; t++)
        npy_free(&array[t]);
    run_request_free(&request);
    return status;
}

int tool_run(int argc, const char **argv)
{
    tool_line line;
    int status = tool_parse(&command, NULL, argc, argv, &line);
    if (status == EXIT_GOOD && !line.helped)
        status = run(line.value);
    tool_line_free(&line);
    return status;
}

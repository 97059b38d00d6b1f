/* SPDX-License-Identifier: MIT */
/* What the files of algorithms share: grids, tiles, packed weights, strips. */
#ifndef CLCONV_DESIGNS_H
#define CLCONV_DESIGNS_H

#include "internal.h"

/* How the work of one segment is laid out over work-items; steps.c cuts it into launches that
 * respect grid limits (no dimension over 65,535) and dev.launch_macs. */
typedef struct clconv_grid {
    const char *kernel;
    size_t local[3];
    bool local_is_fixed; /* the kernel is compiled for that work-group */
    int64_t walks; /* blocks or rows that a work-item computes one after another, 0 = one block */
    int64_t x, y;  /* work-items along 0 and 1 */
    int64_t z; /* independent items along 2, cut at will: the kernel adds its argument z_first */
    double item_macs; /* multiply-adds behind one of the z items, or as many steps of other work */
    bool uses_workspace;
    size_t workspace_first; /* elements: where the segment's part begins */
    cl_int own[7];          /* the kernel's own arguments, after CONV_SHAPE */
    size_t owns;            /* how many */
    bool prepares;          /* the kernel stores no y: it has no arguments of ending.cl */
    bool strides;           /* after them, those of x, y and w: STRIDES in types.cl */
} clconv_grid;

/* Adds the launches of `grid` for one segment. */
clconv_status clconv_plan_add_steps(clconv_plan *plan, clconv_program *program,
                                    const clconv_grid *grid, const clconv_segment *segment,
                                    const clconv_request *request);

/* For designs of many sums, once their steps are there: CLCONV_UNSUPPORTED where the driver says
 * that a GPU's kernel keeps registers in memory. Then device.few_registers is set, and plan.c asks
 * for another design. */
clconv_status clconv_plan_check_registers(clconv_plan *plan, const clconv_request *request);

/* Sets grid->own: R, S, strides and dilations for kernels that take them as arguments. */
void clconv_grid_filter(clconv_grid *grid, const clconv_work *work);

/* Sets the buffer arguments of a step, for an algorithm's own enqueue. */
cl_int clconv_set_buffers(const clconv_plan *plan, const clconv_step *step, const clconv_args *args,
                          const clconv_buffer *workspace);

/* Sets what an epilogue reads in a call. */
void clconv_set_ending(const clconv_plan *plan, const clconv_step *step,
                       const clconv_buffer *residual, double alpha, double beta, cl_int *err);

/* Lays `items` (pixels, strips) over dimensions 0 and 1, row-major over rows of get_global_size(0).
 * At most CLCONV_MOST_ITEMS fit. */
#define CLCONV_MOST_ITEMS (INT64_C(32768) * 65535)
void clconv_grid_items(clconv_grid *grid, int64_t items);

/* Floats of this device's vectors, 0 where work-items should use none. */
int clconv_vector_floats(const clconv_device *dev);

/* Sums of the problem's type in such a vector: of doubles half as many. */
int clconv_vector_lanes(const clconv_request *request);

/* Whether a design with vectors of v floats stores y past the caches, of which the last is about to
 * be outgrown by x and y: only rows of whole lines, which gain. */
bool clconv_streams(const clconv_request *request, int v);

/* Columns right of the image, rows below it that some output reads; none if not positive. */
int64_t clconv_right_padding(const clconv_work *work);
int64_t clconv_bottom_padding(const clconv_work *work);

/* Whether any tap of any output lies outside the image. */
bool clconv_reads_padding(const clconv_work *work);

/* How much of blocks of `size` a length fills: length / (size rounded up). */
double clconv_filled(int64_t length, int64_t size);

/* Output channels of the largest group. */
int64_t clconv_most_outputs(const clconv_work *work);

/* Multiply-adds of one output plane over `channels` input channels. */
double clconv_plane_macs(const clconv_work *work, int64_t channels);

/* NULL, or a sentence: more than CLCONV_MOST_ITEMS pixels in a plane. */
const char *clconv_pixels_refuse(const clconv_work *work);

/* A work-group of neighbours, for kernels of one work-item per element, or pixel of y. */
void clconv_grid_elements(clconv_grid *grid, const clconv_request *request, int64_t elements);
void clconv_grid_pixels(clconv_grid *grid, const clconv_request *request);

/* Sets scalar argument `*index` and advances it; the first failure stays in *err. */
void clconv_arg(cl_kernel kernel, cl_uint *index, size_t bytes, const void *value, cl_int *err);

/* ---- tile.c: what of a design is compiled in ------------------------------------------------ */

/* A size of a tile and the values it can have, ended by 0. A design's keys are ended by {NULL}. */
typedef struct clconv_tile_key {
    const char *key; /* "xb": XB in the kernel */
    int values[8];
} clconv_tile_key;
enum { CLCONV_TILE_KEYS = 4 };

/* Reads "kb=8,xb=16,yb=2"; false for anything but the canonical text of a tile that there is. */
bool clconv_tile_read(const char *text, const clconv_tile_key *keys, int *value);
/* The text of a tile, with the design's word. */
void clconv_tile_write(const char *design, const clconv_tile_key *keys, const int *value,
                       char *text, size_t room);
/* Sets plan->tile. */
void clconv_tile_note(clconv_plan *plan, const clconv_tile_key *keys, const int *value);
/* The -D options of padding mode, element types and epilogue, "" for zeros, float32 and none; their
 * length. */
size_t clconv_data_define(const clconv_work *work, char *text, size_t room);
/* The program of `stem` for the plan's filter, padding mode and tile. */
clconv_status clconv_tile_program(clconv_plan *plan, const char *stem, const clconv_tile_key *keys,
                                  const int *value, clconv_program **out);

/* ---- packed.c: weights in the order of packed.cl, and designs that take them block by block ---
 */

/* Blocks of `channels` output channels. */
int64_t clconv_blocks(const clconv_segment *segment, int64_t channels);
size_t clconv_packed_floats(const clconv_work *work, const clconv_segment *segment, int pack);
/* Bytes of w in the order of a design; 0 where it reads w as it is. */
uint64_t clconv_packed_bytes(const clconv_algo *algo, const clconv_request *request);

/* Adds the launches that pack, `pack` output channels side by side. */
clconv_status clconv_add_packing(clconv_plan *plan, const clconv_request *request,
                                 clconv_program *program, int pack);
/* How many of the `parts` of a plane one work-item takes of each of `blocks`: so many that each
 * compute unit has at least eight items, and that no dimension of the grid is exceeded. */
int64_t clconv_run_of(const clconv_request *request, int64_t blocks, int64_t parts);
/* A kernel `stem` whose work-items compute `channels` output channels (id 2: such a block of an
 * image) of a run of the `parts` of a plane (id 0), whose length is the kernel's own argument. */
typedef struct clconv_block {
    const char *stem;
    int pack, channels;
    int64_t parts;
} clconv_block;
/* The program for the filter and tile, the launches that pack and those that compute. Sets
 * plan->tile. */
clconv_status clconv_block_prepare(clconv_plan *plan, const clconv_request *request,
                                   const clconv_tile_key *keys, const int *value,
                                   const clconv_block *block);

/* Groups of one input channel only. */
bool clconv_is_depthwise(const clconv_work *work);

/* A 1x1 filter of stride 1 without padding: the plane is as good as one row. */
bool clconv_is_pointwise(const clconv_work *work);

/* ---- strip.c: algorithms whose work-items compute strips of pixels (strips.cl) --------------- */

/* Pixels of a row for one work-item on this device. */
int clconv_strip_pixels(const clconv_device *dev);

/* Multiply-adds per unit and cycle of a tile of xb pixels; `rate` at best. */
double clconv_strip_rate(const clconv_request *request, double rate, int xb);

/* NULL, or a sentence: the positions of a strip exceed the kernels' 32 bits. */
const char *clconv_strip_refuses(const clconv_work *work);

/* The program of `stem` for the filter and tile, and a launch per segment over z = n * groups *
 * ceil(out / kb) items; `value` holds xb and yb after kb, if any. Sets plan->tile. */
clconv_status clconv_strip_prepare(clconv_plan *plan, const clconv_request *request,
                                   const char *stem, const clconv_tile_key *keys, const int *value);

/* ---- last.c: designs for channels last (last.cl) --------------------------------------------- */

/* NULL, or a sentence: neighbouring channels of x or y are no neighbours in memory, or positions
 * exceed the kernels' 32 bits. */
const char *clconv_last_refuses(const clconv_work *work);

/* Whether the rows of an image of x, and of y, follow one another without gaps. */
bool clconv_last_is_flat(const clconv_work *work);

/* As clconv_streams: pixels of y that begin with a line. */
bool clconv_last_streams(const clconv_request *request, int v);

#include "weights.h"
#endif

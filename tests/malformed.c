/* SPDX-License-Identifier: MIT */
/* The table of wrong .npy files. A good one of float32 (1, 2, 3, 4) would hold 96 bytes of data. */
#include "malformed.h"

#include <stdio.h>
#include <string.h>

#define DICT(descr, order, shape)                                                                  \
    "{'descr': '" descr "', 'fortran_order': " order ", 'shape': " shape ", }\n"
#define SHAPE(shape) DICT("<f4", "False", shape)
#define GOOD         SHAPE("(1, 2, 3, 4)")
#define HEADER(name, text, phrase)                                                                 \
    {                                                                                              \
        name, "\1\0", -1, text, 96, phrase                                                         \
    }

static const char not_a_header[] = "the header is not a NumPy array header";

const malformed_file malformed_files[] = {
    /* not even a prefix */
    {"empty.npy", NULL, 0, "", 0, "not a .npy file"},
    {"text.npy", NULL, 0, "1,2,3\n4,5,6\n", 0, "not a .npy file"},
    {"magic_only.npy", NULL, 0, "\x93NUMPY", 0, "not a .npy file"},
    {"no_length.npy", NULL, 0, "\x93NUMPY\1", 1, "ends within the header"},
    {"version_3.npy", "\3\0", -1, GOOD, 96, ".npy format 3.0"},
    {"version_1_1.npy", "\1\1", -1, GOOD, 96, ".npy format 1.1"},
    /* lengths that lie */
    {"header_3_gb.npy", "\2\0", 3000000000, GOOD, 96, "a header of 3000000000 bytes, but"},
    {"header_4_gb.npy", "\2\0", 0xffffffff, GOOD, 96, "a header of 4294967295 bytes, but"},
    {"header_past_end.npy", "\1\0", 65535, GOOD, 96, "a header of 65535 bytes, but"},
    {"header_into_data.npy", "\1\0", 128, GOOD, 96, not_a_header},
    {"header_too_long.npy", "\2\0", 70000, GOOD, 80000, "a header of 70000 bytes; at most 65536"},
    {"header_empty.npy", "\1\0", 0, GOOD, 96, not_a_header},
    {"header_cut.npy", "\1\0", 30, GOOD, 96, not_a_header},
    /* data that do not match */
    {"truncated.npy", "\1\0", -1, GOOD, 92, "truncated: shape [1, 2, 3, 4] of float32 needs 96"},
    {"no_data.npy", "\1\0", -1, GOOD, 0, "needs 96 bytes, but 0 follow"},
    {"trailing.npy", "\1\0", -1, GOOD, 97, "trailing bytes: shape [1, 2, 3, 4] of float32 needs"},
    {"lying.npy", "\1\0", -1, SHAPE("(1, 2, 3, 5)"), 96, "needs 120 bytes, but 96 follow"},
    {"scalar.npy", "\1\0", -1, SHAPE("()"), 96, "needs 4 bytes, but 96 follow"},
    {"zero.npy", "\1\0", -1, SHAPE("(0, 9223372036854775807)"), 96, "needs 0 bytes, but 96"},
    /* shapes nobody has */
    HEADER("huge.npy", SHAPE("(9223372036854775807, 9223372036854775807)"), "more than 2^64 bytes"),
    HEADER("huge_wraps.npy", SHAPE("(4294967296, 4294967296, 1, 1)"), "more than 2^64 bytes"),
    HEADER("huge_wraps_to_96.npy", SHAPE("(4611686018427387928, 1, 1, 1)"), "more than 2^64"),
    HEADER("huge_single.npy", SHAPE("(1000000000000,)"), "needs 4000000000000 bytes"),
    HEADER("over_64_bits.npy", SHAPE("(9223372036854775808,)"), not_a_header),
    HEADER("long_number.npy", SHAPE("(99999999999999999999999999999999999999999999,)"),
           not_a_header),
    HEADER("negative.npy", SHAPE("(1, -2, 3, 4)"), "[1, -2, 3, 4] has a negative size"),
    HEADER("negative_pair.npy", SHAPE("(-1, -2, 3, 4)"), "has a negative size"),
    HEADER("nine_axes.npy", SHAPE("(1, 1, 1, 1, 1, 1, 2, 3, 4)"), not_a_header),
    HEADER("float_size.npy", SHAPE("(1, 2, 3, 4.0)"), not_a_header),
    HEADER("not_a_tuple.npy", SHAPE("(24)"), not_a_header),
    HEADER("no_number.npy", SHAPE("(1, , 3, 8)"), not_a_header),
    HEADER("no_comma.npy", SHAPE("(1 2, 3, 4)"), not_a_header),
    HEADER("open_tuple.npy", SHAPE("(1, 2, 3, 4"), not_a_header),
    HEADER("minus.npy", SHAPE("(-, 2, 3, 4)"), not_a_header),
    /* types */
    HEADER("big_endian.npy", DICT(">f4", "False", "(1, 2, 3, 4)"), "big-endian float32 ('>f4')"),
    HEADER("fortran.npy", DICT("<f4", "True", "(1, 2, 3, 4)"), "Fortran order"),
    HEADER("int64.npy", DICT("<i8", "False", "(1, 1, 3, 4)"), "type int64 cannot be convolved"),
    HEADER("bool.npy", DICT("|b1", "False", "(1, 2, 6, 8)"), "type bool cannot be convolved"),
    HEADER("complex.npy", DICT("<c8", "False", "(1, 1, 3, 4)"), "type complex64"),
    HEADER("object.npy", DICT("|O", "False", "(1, 1, 3, 4)"), "type object"),
    HEADER("unknown.npy", DICT("<q9", "False", "(1, 2, 3, 4)"), "type '<q9' cannot be convolved"),
    HEADER("no_order.npy", DICT("f4", "False", "(1, 2, 3, 4)"), "type 'f4' cannot be convolved"),
    HEADER("wrong_order.npy", DICT("|f4", "False", "(1, 2, 3, 4)"), "type '|f4' cannot be"),
    HEADER("native_order.npy", DICT("=f4", "False", "(1, 2, 3, 4)"), "type '=f4' cannot be"),
    HEADER("odd_order.npy", DICT("Xi1", "False", "(1, 2, 6, 8)"), "type 'Xi1' cannot be"),
    HEADER("float128.npy", DICT("<f16", "False", "(1, 1, 1, 6)"), "type float128 cannot be"),
    HEADER("complex256.npy", DICT("<c32", "False", "(1, 1, 1, 3)"), "type complex256 cannot be"),
    HEADER("no_type.npy", DICT("", "False", "(1, 2, 3, 4)"), "type '' cannot be convolved"),
    HEADER("long_type.npy", DICT("<f4444444444444444444444444444444444444444", "False", "(1,)"),
           not_a_header),
    HEADER("escape.npy", DICT("<f4\x1b[2J", "False", "(1, 2, 3, 4)"), not_a_header),
    HEADER("record.npy", "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (24,), }",
           not_a_header),
    /* dicts */
    HEADER("no_dict.npy", "hello", not_a_header),
    HEADER("open_dict.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3, 4),",
           not_a_header),
    HEADER("open_string.npy", "{'descr: <f4, fortran_order: False, shape: (1, 2, 3, 4), }",
           not_a_header),
    HEADER("no_shape.npy", "{'descr': '<f4', 'fortran_order': False, }", not_a_header),
    HEADER("two_shapes.npy",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (96,), 'shape': (24,), }",
           not_a_header),
    HEADER("more_keys.npy",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (24,), 'more': (24,), }",
           not_a_header),
    HEADER("order_word.npy", DICT("<f4", "Maybe", "(1, 2, 3, 4)"), not_a_header),
    HEADER("junk_after.npy", GOOD "junk", not_a_header),
    {NULL, NULL, 0, NULL, 0, NULL},
};

bool malformed_write(const malformed_file *row, const char *path)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    const size_t text = strlen(row->header);
    const uint64_t claimed = row->length < 0 ? text : (uint64_t)row->length;
    if (row->version) {
        fwrite("\x93NUMPY", 1, 6, file);
        fwrite(row->version, 1, 2, file);
        for (int i = 0; i < (row->version[0] == 1 ? 2 : 4); i++)
            fputc((int)(claimed >> (8 * i) & 0xff), file);
    }
    fwrite(row->header, 1, text, file);
    for (size_t i = 0; i < row->data; i++)
        fputc(0, file);
    return fclose(file) == 0;
}

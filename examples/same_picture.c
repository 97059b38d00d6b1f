/* SPDX-License-Identifier: MIT */
/* Compares the pixels of two PNG files, for the tests: same_picture A.png B.png. Bytes of the files
 * may differ, because every zlib packs differently. */
#include <png.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static png_byte *read_rgba(const char *path, png_image *png)
{
    memset(png, 0, sizeof *png);
    png->version = PNG_IMAGE_VERSION;
    if (!png_image_begin_read_from_file(png, path)) {
        fprintf(stderr, "%s: %s\n", path, png->message);
        exit(2);
    }
    png->format = PNG_FORMAT_RGBA;
    png_byte *pixels = malloc(PNG_IMAGE_SIZE(*png));
    if (!pixels || !png_image_finish_read(png, NULL, pixels, 0, NULL)) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(2);
    }
    return pixels;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: same_picture A.png B.png\n");
        return 2;
    }
    png_image a, b;
    png_byte *pa = read_rgba(argv[1], &a), *pb = read_rgba(argv[2], &b);
    int same = a.width == b.width && a.height == b.height;
    for (size_t i = 0; same && i < PNG_IMAGE_SIZE(a); i++)
        if (pa[i] != pb[i]) {
            const size_t pixel = i / 4;
            printf("pixel (%zu, %zu), channel %zu: %d and %d\n", pixel % a.width, pixel / a.width,
                   i % 4, pa[i], pb[i]);
            same = 0;
        }
    free(pa);
    free(pb);
    return same ? EXIT_SUCCESS : EXIT_FAILURE;
}

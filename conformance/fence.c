/* SPDX-License-Identifier: MIT */
/* Host memory between two pages without access. */
#include "fence.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* mprotect on the heap: beyond POSIX, which promises it for mmap alone, but so it is everywhere;
 * and mmap without a file is no part of POSIX 2008. */
static bool protect_ends(const fenced *f, int access)
{
    char *const last = (char *)f->block + (f->pages - 1) * page_size();
    return mprotect(f->block, page_size(), access) == 0 && mprotect(last, page_size(), access) == 0;
}

bool fence_open(fenced *f, size_t bytes, fence_side side)
{
    const size_t page = page_size(), inside = (bytes + page - 1) / page;
    *f = (fenced){.pages = inside + 2};
    if (posix_memalign(&f->block, page, f->pages * page) != 0) {
        f->block = NULL;
        return false;
    }
    if (!protect_ends(f, PROT_NONE)) {
        fence_close(f);
        return false;
    }
    f->memory = (char *)f->block + page + (side == FENCE_BEHIND ? inside * page - bytes : 0);
    return true;
}

void fence_close(fenced *f)
{
    if (f->block && protect_ends(f, PROT_READ | PROT_WRITE))
        free(f->block);
    *f = (fenced){0};
}

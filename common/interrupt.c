/* SPDX-License-Identifier: MIT */
/* Signals are blocked everywhere and awaited by a thread of their own. A handler would not do:
 * LLVM, inside a driver, puts its own in front, which deletes the files of a compilation that is
 * running; the case would fail with a build error that no one else ever sees. */
#include "interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static const int watched[] = {SIGINT, SIGTERM};
enum { WATCHED = sizeof watched / sizeof watched[0] };

static sigset_t awaited;
static atomic_int caught, child;

static void *await_signals(void *unused)
{
    static const struct timespec calm = {.tv_nsec = 500000000};
    int number;
    (void)unused;
    if (sigwait(&awaited, &number) != 0)
        return NULL;
    caught = number;
    fputs("\nending after this case; a second signal ends it at once\n", stderr);
    while (sigtimedwait(&awaited, NULL, &calm) > 0)
        continue; /* timeout(1) and some schedulers send it to the process and to its group */
    if (sigwait(&awaited, &number) != 0)
        return NULL;
    if (child > 0)
        kill((pid_t)child, SIGKILL);
    signal(number, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &awaited, NULL);
    raise(number);
    return NULL;
}

void interrupt_watch(void)
{
    pthread_t thread;
    sigset_t blocked;
    sigemptyset(&blocked);
    sigemptyset(&awaited);
    for (size_t i = 0; i < WATCHED; i++) {
        struct sigaction before;
        sigaddset(&blocked, watched[i]);
        if (sigaction(watched[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaddset(&awaited, watched[i]);
    }
    pthread_sigmask(SIG_BLOCK, &blocked, NULL);
    if (pthread_create(&thread, NULL, await_signals, NULL) == 0)
        pthread_detach(thread);
    else /* then a signal ends the process, as it does any other */
        pthread_sigmask(SIG_UNBLOCK, &blocked, NULL);
}

int interrupt_signal(void)
{
    return caught;
}

void interrupt_child(pid_t pid)
{
    child = (int)pid;
}

/* SPDX-License-Identifier: MIT */
/* A library that is wrong on purpose, for the tests of run_case. */
#ifndef CLCONV_STAND_IN_H
#define CLCONV_STAND_IN_H

typedef enum sabotage {
    HONEST,
    WRONG_ELEMENT,
    WRONG_LAST,
    NOT_A_NUMBER,
    UNWRITTEN_LAST,
    WRITE_BEFORE,
    WRITE_AFTER,
    WRITE_GAP,
    WRITE_AFTER_INPUT,
    WRITE_AFTER_WORKSPACE,
    CHANGE_WEIGHT,
    EXACT_SIZE_ONLY,
    SUB_BUFFER_ONLY,
    SUB_BUFFER_BEFORE,
    SUB_BUFFER_AFTER,
    SECOND_FLIGHT_ONLY,
    SECOND_GUARD,
    READS_WORKSPACE,
    SWALLOWS_NAN,
    KEEPS_STATE,
    LATE_WANDERING,
    FORGETS_FLAG,
    WANDERING,
    WRONG_NAME,
    ENQUEUE_FAILS,
    NO_EVENT,
    EVENT_FAILS,
    PLAN_STATUS, /* + the status */
    WRONG_SHAPE = PLAN_STATUS + 32
} sabotage;

extern int today;    /* what the stand-in does: a sabotage, or PLAN_STATUS + a status */
extern int enqueued; /* convolutions since this was last set to 0 */

#endif

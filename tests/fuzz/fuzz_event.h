/* fuzz_event.h - what holds of every event that a parser makes, whoever sent the bytes. */
#ifndef KEDGE_TESTS_FUZZ_EVENT_H
#define KEDGE_TESTS_FUZZ_EVENT_H

#include "agent/core/event.h"

/* Texts end inside their room and hold no control byte, words are of their lists, and it says whose it is. */
void fuzz_event(const struct event *ev);

#endif

/* clock.h - the only place that reads a clock. Everything else is handed times.
 * In test builds (-DKEDGE_TEST_CLOCK) four environment variables bend it, and nothing else does:
 * KEDGE_CLOCK_OFFSET_MS (added to the wall clock), KEDGE_CLOCK_SET_AT_MS (the raw boot time in ms from which
 * it no longer is, as when NTP sets the clock), KEDGE_CLOCK_SCALE (1..100000, how many ms pass per real ms,
 * both clocks, counted from the anchor) and KEDGE_CLOCK_ANCHOR_MS (a raw boot time in ms, so that several
 * processes share one simulated time; default: the first look at a clock). */
#ifndef KEDGE_PLATFORM_CLOCK_H
#define KEDGE_PLATFORM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/err.h"

enum { CLOCK_BOOT_ID_LEN = 36 };

/* Milliseconds since boot, suspend included (CLOCK_BOOTTIME): never steps, same for all processes. */
uint64_t clock_boot_ms(void);

/* Milliseconds since 1970 by the machine's wall clock: may step, may be years off (no RTC). */
int64_t clock_wall_ms(void);

/* Real milliseconds to sleep so that `ms` pass on clock_boot_ms; the identity outside test builds. */
uint64_t clock_real_ms(uint64_t ms);

/* Could the wall clock be right? False when it is before floor_unix_s (the caller's newest proof:
 * build time, last server time) or more than 30 years after it. */
bool clock_wall_sane(int64_t floor_unix_s);

/* The kernel's id of this boot (/proc/sys/kernel/random/boot_id), lower-case UUID, NUL-terminated.
 * KERR_BAD_INPUT when the kernel says something else, KERR_GONE without /proc. */
KERR_CHECK enum kerr clock_boot_id(char id[CLOCK_BOOT_ID_LEN + 1], struct why *why);

#endif

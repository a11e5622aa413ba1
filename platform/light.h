/* light.h - an LED of the board, by its folder in /sys/class/leds (Documentation/leds/leds-class.rst of Linux). */
#ifndef KEDGE_PLATFORM_LIGHT_H
#define KEDGE_PLATFORM_LIGHT_H

#include <stdint.h>

#include "agent/base/err.h"

/* Lets the kernel blink it, on_ms on and off_ms off, without anybody waking up for it; on_ms 0: dark; off_ms 0: steady.
 * KERR_GONE: no such LED, or a kernel without the timer trigger; KERR_DENIED; KERR_IO. */
KERR_CHECK enum kerr light_set(const char *folder, uint32_t on_ms, uint32_t off_ms, struct why *why);

#endif

/* led.h - the node's worst verdict as a pattern of one LED: steady: all runs as deployed. One second on, one off: a deployment
 * or a rollback is under way. A short flash every two seconds: a release is suspect. Fast: one fails or is stuck. Two seconds
 * on, a short gap: rolled back. Dark: nothing is known. */
#ifndef KEDGE_RUN_LED_H
#define KEDGE_RUN_LED_H

#include <stdbool.h>
#include <stdint.h>

struct node;

struct led {
	uint32_t on_ms, off_ms;          /* as set last */
	bool set, broken;                /* broken: told already */
};

/* Sets [report] led, when its pattern is another than before. */
void led_show(struct node *n);

#endif

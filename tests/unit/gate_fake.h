/* gate_fake.h - a gate with a clock that the test sets, and what the worker would be told. */
#ifndef KEDGE_TESTS_GATE_FAKE_H
#define KEDGE_TESTS_GATE_FAKE_H

#include <stdlib.h>
#include <unistd.h>

#include "agent/gate/gate_state.h"
#include "platform/clock.h"
#include "tests/tap.h"

static struct gate g;
static struct conf conf;
static char folder[] = "/tmp/kedge-gate-XXXXXX";
static struct { int64_t wall_ms; uint64_t boot_ms; const char *boot_id; } at = { 1795400000000, 5000000, "11111111-1111-4111-8111-111111111111" };
static struct { unsigned n; struct news last; enum kerr say; } told;

uint64_t clock_boot_ms(void)
{
	return at.boot_ms;
}

int64_t clock_wall_ms(void)
{
	return at.wall_ms;
}

uint64_t clock_real_ms(uint64_t ms)
{
	return ms;
}

bool clock_wall_sane(int64_t floor_unix_s)
{
	return at.wall_ms / 1000 >= floor_unix_s;
}

enum kerr clock_boot_id(char id[CLOCK_BOOT_ID_LEN + 1], struct why *why)
{
	(void)why;
	(void)str_put(id, CLOCK_BOOT_ID_LEN + 1, slice_of(at.boot_id));
	return KERR_OK;
}

enum kerr gate_news(struct gate *gate, struct news *news, struct slice tail)
{
	(void)gate, (void)tail;
	if (told.say != KERR_OK)
		return told.say;
	told.n++;
	told.last = *news;
	return KERR_OK;
}

static inline void pass(int64_t ms)
{
	at.wall_ms += ms;
	at.boot_ms += (uint64_t)ms;
}

/* As after a start: all that is left is in the folder. */
static inline void begin(void)
{
	memset(&g, 0, sizeof(g));
	g.conf = &conf;
	log_init(&g.log, LOG_LEVEL_ERROR);
	gate_permit_open(&g);
}

static inline void fresh(void)
{
	static bool made;
	char path[64];

	if (!made && mkdtemp(folder) == NULL)
		exit(1);
	made = true;
	conf_default(&conf);
	snprintf(conf.state_dir, sizeof(conf.state_dir), "%s", folder);
	snprintf(path, sizeof(path), "%s/granted", folder);
	unlink(path);
	begin();
}

static inline void sweep(void)
{
	char line[96];

	snprintf(line, sizeof(line), "rm -rf %s", folder);
	(void)!system(line);
}

#endif

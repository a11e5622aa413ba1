/* site.h - what a loss of power leaves: a control plane, its scheduler, an engine, an ECS agent and a disk, all of them
 * small and deterministic. `run` is such a site with one life of kedge on it: the real core, the real journal. */
#ifndef KEDGE_TESTS_SITE_H
#define KEDGE_TESTS_SITE_H

#include "agent/run/kept.h"
#include "agent/run/node_feed.h"

#define SITE_DEPS    6
#define SITE_TASKS   96
#define SITE_TOLD    64
#define SITE_ASKS    128
#define SITE_UNIX_MS INT64_C(1800000000000)

enum behaviour { RUNS_WELL, NO_EXEC, NO_IMAGE, EXITS, LOOPS };
enum person { NOBODY, CONFIRMS, CANCELS, ROLLS_BACK };

struct story {
	const char *name;
	enum rb_mode mode;
	enum behaviour bad;
	enum person person;
	uint32_t line_down_s, line_up_s;     /* since the bad deployment; 0: never */
	uint32_t fixed_s;                    /* a good release is deployed then; 0: never */
	uint32_t full_s, room_s;             /* the disk refuses from, until */
	uint32_t journal_left;               /* bytes up to the rewrite when the story begins; 0: an empty journal */
	enum rb_state end;
	uint32_t minutes;
};

enum task_state { TASK_FREE, TASK_PLACED, TASK_CREATED, TASK_RUNS, TASK_RESTARTS, TASK_ENDED };
struct site_task {
	enum task_state state;
	uint32_t dep, restarts;
	bool told_pull, stop_ordered, with_host;
	int32_t exit_code;                   /* of its container; -1: it never started */
	uint64_t placed_ms, created_ms, started_ms, ended_ms, next_ms; /* the site's clock; next_ms 0: nothing follows */
};

struct site_dep {
	enum behaviour how;
	uint32_t revision, source;           /* source: index of the deployment it replaced, itself: none */
	enum sd_status status;
	uint64_t created_ms, status_ms;      /* status_ms: when its status changes by itself; 0: not */
	uint32_t stops;                      /* that AWS accepted */
};

struct site_told { uint32_t task; enum class class; uint32_t times; bool durable; }; /* durable: when this life began */

struct disk { size_t n; bool there; char file[JOURNAL_FILE_MAX]; };

struct site {
	const struct story *story;
	uint64_t now_ms, boot_ms, up_ms, zero_ms, end_ms, schedule_ms, person_ms; /* up_ms: when kedge starts; zero_ms: the bad deployment */
	uint32_t boots, n_deps, n_told, sent;
	bool fixed;
	struct site_dep dep[SITE_DEPS];
	struct site_task task[SITE_TASKS];
	struct site_told told[SITE_TOLD];
	struct disk disk;                    /* last: only its used bytes are copied */
};

struct queued { uint64_t ms; struct action a; };

struct run {
	struct site s;
	struct node *node;
	struct conf *conf;
	uint32_t asks, lives;
	struct queued ask[SITE_ASKS];
	uint64_t steps, flush_ms;
	bool verbose;
	char broken[200];
};

/* One life at a time: whose clock and disk the doubles of platform/ use. */
extern struct run *alive;
/* Called after every step, and with what is about to be written (rewrite: as a whole new file). */
extern void (*on_step)(struct run *r);
extern void (*on_write)(struct run *r, struct slice bytes, bool rewrite);

void broke(struct run *r, const char *what, const char *detail);

/* site.c. Time goes on to the story's end or until something breaks. */
void site_begin(struct run *r, const struct story *story);
void site_run(struct run *r);
void site_copy(struct site *to, const struct site *from);
void site_die(struct run *r, bool power);            /* kedge, or the host with it, goes; it starts again by itself */
/* site_node.c: what kedge is told */
void site_start(struct run *r);
void site_tell_task(struct run *r, uint32_t task);
void site_container(struct run *r, uint32_t task, enum container_what what, bool inspected);
void site_line(struct run *r, uint32_t task);
void site_answer(struct run *r, const struct action *a);
bool site_online(const struct site *s);
void site_arn(char arn[ARN_CAP], const char *what, uint32_t number);

#endif

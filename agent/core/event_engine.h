/* event_engine.h - what the container engine says of containers and images. */
#ifndef KEDGE_CORE_EVENT_ENGINE_H
#define KEDGE_CORE_EVENT_ENGINE_H

#include "agent/base/limits.h"
#include "agent/core/class.h"

enum container_what {
	C_LISTED,           /* a listing's or inspect's snapshot: state and the members below are set */
	C_CREATED, C_STARTED, C_DIED, C_OOM, C_KILLED, C_STOPPED, C_HEALTHY, C_UNHEALTHY, C_DESTROYED,
	C_NETWORK_LEFT,     /* it was disconnected from a network: of a created one, the sign of a failed start */
	C_WHATS
};
enum container_state { CS_UNKNOWN, CS_CREATED, CS_RUNNING, CS_EXITED, CS_OTHER };
enum tri { TRI_UNKNOWN, TRI_NO, TRI_YES };

struct ev_container {
	enum container_what what;
	char id[DOCKER_ID_CAP];
	char task[ARN_CAP], cluster[NAME_CAP], family[NAME_CAP], name[NAME_CAP]; /* from the five labels; may be empty for C_NETWORK_LEFT */
	uint32_t revision;
	char image[IMAGE_CAP];           /* the reference it was created from, or empty */
	char image_id[DIGEST_CAP];       /* sha256:... or empty (events do not carry it) */
	enum container_state state;      /* C_LISTED */
	bool inspected;                  /* C_LISTED from an inspect: the members below are facts, not absent */
	bool oom_killed, has_exit;
	int32_t exit_code;               /* C_DIED, or C_LISTED when exited or failed to start */
	int32_t signal;                  /* C_KILLED */
	int64_t created_unix_ms, started_unix_ms, finished_unix_ms; /* 0 = never or not known */
	enum tri health_check;           /* inspected: it has one of its own (C_HEALTHY and C_UNHEALTHY will tell) */
	bool fixed_port;                 /* inspected: it asks for a host port of its own choice */
	enum class class;                /* inspect with an error text: what it says */
	char reason[REASON_CAP];         /* that text, verbatim */
	int64_t time_unix_ms;            /* the engine's own time of the event, 0 = none */
};

struct ev_image { char image_id[DIGEST_CAP], digest[DIGEST_CAP], arch[16]; };

/* class: CLASS_NONE when the log's end names none. Only the class leaves the reader, never the text. */
struct ev_last_words { char id[DOCKER_ID_CAP]; enum class class; };

/* `ask` repeats the action's. there: TRI_UNKNOWN when nobody could say; detail says who was asked. */
struct ev_target_image { uint32_t service, ask; enum tri there; char arch[16], detail[DETAIL_CAP]; };

/* What a registry itself, asked by kedge, says of an image. It is evidence, never a verdict. */
enum image_word {
	IW_NONE,
	IW_OFFLINE,             /* it was not asked: no line, or no data budget */
	IW_THERE,
	IW_MISSING,             /* it names the error: no such repository, tag or digest */
	IW_OTHER_ARCH,          /* an index without an entry that this node could run */
	IW_CLOSED,              /* not without credentials that kedge has not, or not with those of this node */
	IW_SILENT,              /* no answer */
	IW_UNCLEAR,
	IMAGE_WORDS
};
/* One for each container of the revision; `ask` repeats the action's. */
struct ev_registry { uint32_t ask; char container[NAME_CAP], image[IMAGE_CAP]; enum tri essential; enum image_word word; };

#endif

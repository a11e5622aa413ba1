/* engine_out.h - the GETs kedge ever sends to the Docker Engine: a fixed list, ids and names validated.
 * Unversioned paths: each engine serves them as its newest version, and no version spans 20.10 to 29. */
#ifndef KEDGE_WIRE_ENGINE_OUT_H
#define KEDGE_WIRE_ENGINE_OUT_H

#include "agent/base/err.h"
#include "agent/base/str.h"

enum engine_get { EG_PING, EG_VERSION, EG_INFO, EG_LIST, EG_INSPECT, EG_LOGS, EG_IMAGE, EG_EVENTS, ENGINE_GETS };

enum { ENGINE_URL_CAP = 1024 };

/* Path and query of a GET into url[cap]; ENGINE_URL_CAP always suffices. arg: a container's id (12 to 64 hex
 * digits) for EG_INSPECT and EG_LOGS (the last 20 lines), an image's id or reference for EG_IMAGE, else ignored. since_unix_ms, for EG_EVENTS: the
 * engine first replays its events from then on (inclusive; it remembers 256), 0 = none.
 * KERR_BAD_INPUT: arg is no such thing; KERR_TOO_BIG: url is too small. */
KERR_CHECK enum kerr engine_out_url(enum engine_get get, struct slice arg, int64_t since_unix_ms, char *url, size_t cap,
				    struct why *why);

#endif

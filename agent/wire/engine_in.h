/* engine_in.h - the Docker Engine API, read only: answers and event lines into events, and the fixed GETs.
 * Facts: Docker Engine API 1.41 - 1.52, unversioned paths (each engine serves them as its newest version). */
#ifndef KEDGE_WIRE_ENGINE_IN_H
#define KEDGE_WIRE_ENGINE_IN_H

#include "agent/base/arena.h"
#include "agent/base/err.h"
#include "agent/wire/ev_out.h"

struct engine_in_counts { uint32_t told, foreign, refused; }; /* foreign: without the five ECS labels */

/* All parsers take a whole body (pruned or not), use the arena and leave it as they found it. Errors:
 * KERR_BAD_INPUT, KERR_TOO_BIG; `why` names the member. */

/* GET /containers/json?all=1: EV_CONTAINER C_LISTED for each ECS container. One bad entry is refused and
 * counted (why holds the last reason), the others are told. */
KERR_CHECK enum kerr engine_in_list(struct arena *a, struct slice body, const struct ev_out *out,
				    struct engine_in_counts *n, struct why *why);
/* GET /containers/ID/json: one C_LISTED with inspected set; State.Error is classified with the start stage.
 * *told false: not an ECS container. */
KERR_CHECK enum kerr engine_in_inspect(struct arena *a, struct slice body, struct event *ev, bool *told, struct why *why);
/* GET /images/NAME/json: EV_IMAGE. image: the container's reference; of several RepoDigests the one the reference
 * names, else that of its repository, else the containerd store's, else the one that all say. The digest is empty when
 * two of these differ, and for an image that was never pulled or pushed. */
KERR_CHECK enum kerr engine_in_image(struct arena *a, struct slice body, const char *image, struct event *ev, struct why *why);
/* One line of GET /events. *told false: of no interest (another type or action, no ECS labels). */
KERR_CHECK enum kerr engine_in_event(struct arena *a, struct slice line, struct event *ev, bool *told, struct why *why);
/* GET /version and GET /info: members of EV_EPOCH; empty ones are not known from this answer. */
KERR_CHECK enum kerr engine_in_version(struct arena *a, struct slice body, struct event *ev, struct why *why);
struct engine_in_host { char data_root[256]; int64_t memory_bytes; bool live_restore; };
KERR_CHECK enum kerr engine_in_info(struct arena *a, struct slice body, struct event *ev, struct engine_in_host *host,
				    struct why *why);

/* "sha256:..." of an image reference with digest, else empty. */
struct slice engine_in_ref_digest(struct slice image);

#endif

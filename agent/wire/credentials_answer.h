/* credentials_answer.h - what the three providers that are asked over HTTP say: keys that expire, or why there are none.
 * ECS container credentials (user guide, "task IAM roles"), the IoT Core credential provider (developer guide,
 * "authorizing direct calls"), IAM Roles Anywhere (CreateSession). */
#ifndef KEDGE_WIRE_CREDENTIALS_ANSWER_H
#define KEDGE_WIRE_CREDENTIALS_ANSWER_H

#include "agent/base/arena.h"
#include "agent/wire/credentials.h"

#define CREDENTIALS_ANSWER_MAX 16384     /* bytes of one answer; they have 1 to 3 KB. longer: refused */

/* The keys of a 200 (Roles Anywhere: 201). `from` is the provider's; token and expiry are always there. The arena holds
 * the parsed answer for the time of the call and is zeroed where it did. KERR_BAD_INPUT names what is missing,
 * KERR_TOO_BIG a bound; out is wiped then. */
enum kerr credentials_answer(enum credentials_source from, struct slice body, struct arena *a, struct credentials *out,
			     struct why *why) KERR_CHECK;

/* The sentence about any other status: who refuses, with which words, and what mends it. KERR_AGAIN: the provider is
 * overloaded or broken and may answer later; KERR_DENIED: a person has to change something. */
enum kerr credentials_refused(enum credentials_source from, unsigned status, struct slice body, struct arena *a,
			      struct why *why);

/* "env" "file" "container" "iot" "rolesanywhere", as in kedge.conf; "none" for CREDENTIALS_NONE. */
const char *credentials_source_name(enum credentials_source s);

#endif

/* gate_fetch.h - the requests to the three providers that answer over HTTP, in a process forked for one answer: it alone
 * parses what comes from outside, and hands on a struct. */
#ifndef KEDGE_GATE_FETCH_H
#define KEDGE_GATE_FETCH_H

#include <stdint.h>
#include <sys/types.h>

#include "agent/wire/conf.h"
#include "agent/wire/credentials.h"

enum { FETCH_LIMIT_S = 40 };             /* a provider has 30 s, the container's endpoint three times 2 */

/* Bytes of another process, to be taken for hostile: nothing in it is as its type says, and 1 stands for true. */
struct fetched {
	uint32_t err;                    /* enum kerr */
	uint8_t unsent, clock;           /* as in struct talk_keys */
	struct why why;
	struct credentials keys;
	int64_t date_unix_s;             /* 0: none that can be believed */
	uint64_t up_bytes, down_bytes, segments;
};

struct fetch_order {
	const struct conf *conf;
	enum credentials_source from;
	int64_t now_unix_s;              /* the time judgements use */
	uid_t uid;                       /* whom to become once the private key is read; 0: stays who it is */
	gid_t gid;
};

/* Asks, and waits for the answer. For a process that ends afterwards: it forgets nothing. */
void gate_fetch(const struct fetch_order *o, struct fetched *out);

#endif

/* talk_keys.h - what gate and worker tell each other of keys: everything but the keys. */
#ifndef KEDGE_GATE_TALK_KEYS_H
#define KEDGE_GATE_TALK_KEYS_H

#include "agent/base/err.h"
#include "agent/wire/credentials.h"

struct talk_keys {
	enum credentials_source from;
	bool same_as_refused;                    /* in: those that AWS refused last are left; out: they were */
	bool here;                               /* out: the provider needs no route */
	bool unsent;                             /* out: nothing was asked, as a setting, variable or file has to be mended */
	bool overdue;                            /* out: the file has not been renewed in time; why says it */
	bool clock;                              /* out: the provider's certificate is not valid at this node's time */
	int64_t now_unix_s;                      /* in: the time judgements use */
	int64_t expiry_unix_s;                   /* out: 0: not known */
	int64_t date_unix_s;                     /* out: the provider's Date, 0: none */
	uint64_t up_bytes, down_bytes, segments; /* out: what the line carried for it */
};

#endif

/* credentials.h - AWS credentials out of text that others write: the shared credentials file that the SSM agent
 * keeps on every ECS Anywhere host, and the environment. Also the KEY=VALUE file of the ECS agent. */
#ifndef KEDGE_WIRE_CREDENTIALS_H
#define KEDGE_WIRE_CREDENTIALS_H

#include "agent/base/err.h"
#include "agent/base/str.h"

#define CREDENTIALS_ID_CAP     132       /* bytes: access key id (IAM allows 128). longer: refused */
#define CREDENTIALS_SECRET_CAP 132       /* bytes. longer: refused */
#define CREDENTIALS_TOKEN_CAP  4100      /* bytes: session token, 4 KiB. longer: refused */
#define CREDENTIALS_FILE_MAX   65536     /* bytes of one credentials file. longer: refused */

enum credentials_source { CREDENTIALS_NONE, CREDENTIALS_ENV, CREDENTIALS_FILE, CREDENTIALS_CONTAINER,
			  CREDENTIALS_IOT, CREDENTIALS_ROLESANYWHERE };

/* Secret: wipe it (sigv4_wipe) before it goes out of scope; never log secret or token. */
struct credentials {
	char akid[CREDENTIALS_ID_CAP], secret[CREDENTIALS_SECRET_CAP];
	char token[CREDENTIALS_TOKEN_CAP];   /* empty: long-lived keys */
	int64_t expiry_unix_s;               /* 0: not known (the shared file has no such field) */
	enum credentials_source source;
};

struct credentials_env { const char *akid, *secret, *token; }; /* as getenv() gave them, NULL = not set */

/* One profile of a shared credentials file. `file` is only for messages. Both "[default]" and "[profile NAME]"
 * are read; the last of two equal keys wins, as in AWS's own tools. need_token: the file is the SSM agent's, whose
 * credentials always have a token and whose lines always end. KERR_AGAIN: the file is empty, the profile lacks a
 * key, or a line is unfinished: the SSM agent truncates and rewrites it in place, so read it again in 200 ms.
 * KERR_GONE: no such profile in an otherwise whole file. KERR_BAD_INPUT names file and line; KERR_TOO_BIG: a bound
 * above. out is wiped on every error. */
enum kerr credentials_from_file(struct slice text, const char *file, const char *profile, bool need_token,
				struct credentials *out, struct why *why) KERR_CHECK;
/* KERR_GONE when neither key is set, KERR_BAD_INPUT when only one is or a value holds blanks or control bytes. */
enum kerr credentials_from_env(const struct credentials_env *env, struct credentials *out, struct why *why) KERR_CHECK;

/* The three values in their places, each checked for length and for bytes that would break a header; where is for
 * messages. KERR_BAD_INPUT, KERR_TOO_BIG: out is wiped. */
enum kerr credentials_put(struct slice akid, struct slice secret, struct slice token, const char *where,
			  struct credentials *out, struct why *why) KERR_CHECK;

/* The value of KEY in the text of an ecs.config (docker --env-file form: the last one wins, "#" comments, no
 * quoting; one pair of quotes around it is dropped, as systemd's EnvironmentFile does). KERR_GONE: not there. */
enum kerr credentials_ecs_config(struct slice text, const char *key, char *out, size_t cap, struct why *why) KERR_CHECK;

#endif

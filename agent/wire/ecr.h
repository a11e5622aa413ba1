/* ecr.h - Amazon ECR: which registries are private ones of it, where their tokens come from, and the token. */
#ifndef KEDGE_WIRE_ECR_H
#define KEDGE_WIRE_ECR_H

#include "agent/base/limits.h"
#include "agent/wire/endpoint.h"
#include "agent/wire/json.h"
#include "agent/wire/prune.h"

#define ECR_SIGNING_NAME "ecr"
#define ECR_TARGET       "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"
#define ECR_BODY         "{}"
#define ECR_KEPT         8192            /* bytes kept of the answer */

struct ecr_of {
	char region[32];                 /* the registry's own: it may be another one than the node's */
	enum endpoint_type type;         /* of the API that gives its tokens */
};

extern const struct prune_list ecr_list;

/* ACCOUNT.dkr.ecr[-fips].REGION.amazonaws.com[.cn] or ACCOUNT.dkr-ecr[-fips].REGION.on.aws (dual-stack; China has its
 * own), a port after it allowed. False: it is none of ECR's private registries, so that no token of this node may go there. */
bool ecr_is(struct slice host, struct ecr_of *out);

/* Of GetAuthorizationToken's answer, pruned by ecr_list: the token is ready for "Basic". KERR_TOO_BIG: longer than cap.
 * Characters no base64 has are KERR_BAD_INPUT. Secret: zero dst, and the arena and room it came through. */
enum kerr ecr_token(const cJSON *root, char *dst, size_t cap, int64_t *expires_unix_ms, struct why *why) KERR_CHECK;

#endif

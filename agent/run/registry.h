/* registry.h - asks one registry about one image, over kedge's own TLS: is it there, can this node run it, how large is it.
 * ECR's private registries with this node's AWS credentials, all others without any: a Bearer challenge is followed once,
 * redirects never. One question at a time. */
#ifndef KEDGE_RUN_REGISTRY_H
#define KEDGE_RUN_REGISTRY_H

#include "agent/core/event_engine.h"
#include "agent/wire/ecr.h"
#include "agent/wire/pruned.h"
#include "agent/wire/registry_in.h"
#include "agent/wire/registry_out.h"

struct node;

#define REGISTRY_TOKEN_CAP 6144          /* bytes: ECR's and Docker Hub's are 2 to 4 KB. longer: "no clear answer" */

/* THERE costs a HEAD; FITS also reads an index; WHOLE reads the manifest and the image's configuration. A 404 is asked
 * once more by GET: only the error it names tells a registry's no from another server's. */
enum registry_depth { REGISTRY_THERE, REGISTRY_FITS, REGISTRY_WHOLE };

struct registry_answer {
	enum image_word word;
	char digest[DIGEST_CAP], arch[16];       /* empty: not told */
	uint64_t bytes;                          /* of the layers, compressed; 0: not told */
	char detail[DETAIL_CAP];                 /* who said what, for people */
};

enum registry_step { REGISTRY_IDLE, REGISTRY_LOGIN, REGISTRY_HEAD, REGISTRY_TOKEN, REGISTRY_GET, REGISTRY_CONFIG };

typedef void registry_done(struct node *n, const struct registry_answer *a);

struct registry {
	enum registry_depth depth;
	enum registry_step step;
	bool ecr, challenged, bad;               /* challenged: a token was asked for; bad: the body was none to be read */
	unsigned status;
	struct registry_url to;
	struct registry_answer answer;
	registry_done *done;
	struct pruned in;
	struct why why;
	char image[IMAGE_CAP];
	struct ecr_of ecr_of;
	char token[REGISTRY_TOKEN_CAP];          /* secret: of this question */
	char ecr_token[REGISTRY_TOKEN_CAP], ecr_region[32];   /* secret: kept until it expires, for that region */
	int64_t ecr_until_unix_ms;
	char line[REGISTRY_TOKEN_CAP + 32], url[REGISTRY_URL_MAX], room[REGISTRY_KEPT];
};

/* digest empty: what the reference itself names. done is called once, perhaps before this returns; it may ask again. */
void registry_ask(struct node *n, const char *image, const char *digest, enum registry_depth depth, registry_done *done);
/* Without a route nothing is tried but what is on this very machine. */
bool registry_reachable(const struct node *n, const struct registry_url *to);
void registry_wipe(struct node *n);

#endif

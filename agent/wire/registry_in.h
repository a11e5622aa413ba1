/* registry_in.h - what registries answer (OCI distribution 1.1, Docker Registry HTTP API V2): the challenge in a header,
 * an anonymous token, an error's code, an index or a manifest. Everything here was written by strangers. */
#ifndef KEDGE_WIRE_REGISTRY_IN_H
#define KEDGE_WIRE_REGISTRY_IN_H

#include "agent/base/limits.h"
#include "agent/wire/json.h"
#include "agent/wire/prune.h"

#define REGISTRY_ENTRIES  48             /* entries of an index that are read. more: an absent one may be among the rest */
#define REGISTRY_KEPT     16384          /* bytes kept of one answer. more: KERR_TOO_BIG */
#define REGISTRY_URL_MAX  1000           /* bytes of a token's URL. more: refused */

/* Everything that is kept of any answer of a registry; what it is shows in which members are there. */
extern const struct prune_list registry_list;

/* *url is where a WWW-Authenticate header says an anonymous token is to be had, query and all; of several challenges in it
 * the first Bearer. plain: the registry itself is asked over http, so its realm may be http too. False: no Bearer among
 * them, no realm, a realm of another scheme, or more than REGISTRY_URL_MAX. */
bool registry_in_challenge(struct slice header, bool plain, char url[REGISTRY_URL_MAX]);

/* Of the tree: the token ("token", else "access_token"), of characters a header can hold. Secret. */
enum kerr registry_in_token(const cJSON *root, char *dst, size_t cap, struct why *why) KERR_CHECK;

/* The body of a 404 names an error that says: no such repository, tag or digest. */
bool registry_in_missing(const cJSON *root);

struct registry_manifest {
	bool index, fits, cut;           /* index: of several platforms; fits: one is this node's; cut: some were not read */
	char digest[DIGEST_CAP];         /* index: of the entry that fits; else of the image's configuration */
	char arch[16];                   /* index: of that entry; empty: not said */
	uint64_t bytes;                  /* of all layers, compressed; 0: an index */
};

/* arch: this node's ("amd64"). An entry fits if the engine would take it: arm64 runs arm, amd64 runs 386 as a last resort.
 * KERR_BAD_INPUT: neither index nor manifest. */
enum kerr registry_in_manifest(const cJSON *root, const char *arch, struct registry_manifest *out, struct why *why) KERR_CHECK;
/* The architecture out of an image's configuration; empty: not said. */
void registry_in_arch(const cJSON *root, char arch[16]);
/* Would this node's engine run it, by the same rule? */
bool registry_in_runs(const char *arch, const char *node_arch);

#endif

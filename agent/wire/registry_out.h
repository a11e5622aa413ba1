/* registry_out.h - the URLs kedge asks registries for, made from image references that others wrote. */
#ifndef KEDGE_WIRE_REGISTRY_OUT_H
#define KEDGE_WIRE_REGISTRY_OUT_H

#include "agent/base/limits.h"
#include "agent/base/str.h"

enum { REGISTRY_URL_CAP = NAME_CAP + IMAGE_CAP + DIGEST_CAP + 40 };

struct registry_url {
	char host[NAME_CAP];             /* with its port, for people */
	char url[REGISTRY_URL_CAP];
	bool plain;                      /* http, only ever to this very machine */
};

enum registry_what {
	REGISTRY_ROOT,
	REGISTRY_MANIFEST,               /* by `digest`, else by the digest or tag of the reference, else "latest" */
	REGISTRY_BLOB                    /* by `digest` */
};

/* What the engine asks when it pulls `image`. digest: sha256:..., or empty. A reference without registry means Docker
 * Hub. False: it is none, or has characters no reference has, or it is too long. */
bool registry_out(struct slice image, enum registry_what what, struct slice digest, struct registry_url *out);

#endif

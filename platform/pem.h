/* pem.h - the certificates of a PEM bundle, one at a time: the file is never in memory. */
#ifndef KEDGE_PLATFORM_PEM_H
#define KEDGE_PLATFORM_PEM_H

#include <stdint.h>

#include "agent/base/err.h"
#include "agent/base/str.h"

enum { PEM_DER_MAX = 8 * 1024 }; /* the largest root of Mozilla's list has 2.2 KiB */

/* der is borrowed until the return. */
typedef void pem_fn(void *arg, struct slice der);

/* Calls fn with each CERTIFICATE block of path (RFC 7468), decoded; text between blocks, other blocks
 * and blocks that are not base64 are passed over, larger ones are counted in *oversize. On failure
 * KERR_GONE, KERR_DENIED, KERR_IO with the path; KERR_BAD_INPUT when there was no certificate. */
KERR_CHECK enum kerr pem_each(const char *path, pem_fn *fn, void *arg, uint64_t *oversize, struct why *why);

#endif

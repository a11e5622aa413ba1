/* image_ref.h - the host an image reference names, by the engine's rule. */
#ifndef KEDGE_BASE_IMAGE_REF_H
#define KEDGE_BASE_IMAGE_REF_H

#include "agent/base/str.h"

/* The part before the first slash when it can be no namespace (it has a dot or a port, or is "localhost"); borrowed of
 * image. Empty: Docker Hub. */
struct slice image_ref_host(struct slice image);

#endif

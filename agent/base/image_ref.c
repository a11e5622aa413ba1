#include "agent/base/image_ref.h"

struct slice image_ref_host(struct slice image)
{
	size_t slash = slice_find(image, "/");
	struct slice part = slice_to(image, slash == SIZE_MAX ? 0 : slash);
	bool host = slice_find(part, ".") != SIZE_MAX || slice_find(part, ":") != SIZE_MAX || slice_is(part, "localhost");

	return host ? part : slice_to(image, 0);
}

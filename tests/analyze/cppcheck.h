/* What cppcheck needs of headers it does not read: it knows the C library by heart, and of cJSON only this changes how a line reads. */
#define cJSON_ArrayForEach(element, array) \
	for ((element) = (array) != NULL ? (array)->child : NULL; (element) != NULL; (element) = (element)->next)

/* table.h - rows of the core's tables. The *_find functions return an index or NONE; the *_add ones NONE when full. */
#ifndef KEDGE_CORE_TABLE_H
#define KEDGE_CORE_TABLE_H

#include "agent/core/core.h"

int32_t task_find(const struct core *c, const char *arn_or_id);
int32_t task_add(struct core *c, const char *arn, int64_t made_unix_ms); /* of rows that are still awaited only an older one gives way */
int32_t container_find(const struct core *c, const char *id);
int32_t container_add(struct core *c, const char *id, int64_t made_unix_ms);
int32_t container_of(const struct core *c, int32_t task, const char *name);
uint32_t task_containers(const struct core *c, int32_t task);
int32_t service_find(const struct core *c, const char *name);
struct service *service_at(struct core *c, uint32_t index); /* an answer's index; NULL: no such row is used */
int32_t service_add(struct core *c, const char *name);
int32_t release_add(struct core *c);
int32_t failure_find(const struct core *c, const char *task, const char *container, enum class class);
int32_t failure_add(struct core *c, int64_t unix_ms);    /* when it happened, 0: now. NONE, too, when all rows are newer */
bool failure_is_past(const struct core *c, int64_t unix_ms, int64_t mark_unix_ms); /* a mark that is ahead of the clock, which went back, is none */
void failures_told(struct core *c);                    /* some gave way: what is older than all that stayed was told, and is not again */
void put_str(char *dst, size_t cap, const char *src);  /* src is known to fit; else dst is left empty */
#define PUT(dst, src) put_str((dst), sizeof(dst), (src))
uint64_t dice(struct core *c, uint64_t below);

#endif

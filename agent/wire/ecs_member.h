/* ecs_member.h - members of ECS answers as the two readers want them: one that must be there, one that may be. */
#ifndef KEDGE_WIRE_ECS_MEMBER_H
#define KEDGE_WIRE_ECS_MEMBER_H

#include "agent/base/arena.h"
#include "agent/wire/json.h"

/* The whole answer as an object. A page of HTML or XML, an empty or another body is told apart in words. */
KERR_CHECK enum kerr ecs_member_root(struct arena *a, struct slice body, const cJSON **root, struct why *why);
/* must: absent or null is KERR_BAD_INPUT and named. may: absent or null leaves the target empty (0, false). */
KERR_CHECK enum kerr ecs_member_must_str(const cJSON *o, const char *name, char *dst, size_t cap, struct why *why);
KERR_CHECK enum kerr ecs_member_may_str(const cJSON *o, const char *name, char *dst, size_t cap, struct why *why);
KERR_CHECK enum kerr ecs_member_may_text(const cJSON *o, const char *name, char *dst, size_t cap, struct why *why);
KERR_CHECK enum kerr ecs_member_may_u32(const cJSON *o, const char *name, uint32_t *out, struct why *why);
KERR_CHECK enum kerr ecs_member_may_bool(const cJSON *o, const char *name, bool *out, struct why *why);
KERR_CHECK enum kerr ecs_member_must_time(const cJSON *o, const char *name, int64_t *unix_ms, struct why *why);
KERR_CHECK enum kerr ecs_member_may_time(const cJSON *o, const char *name, int64_t *unix_ms, struct why *why);
/* Members of one object in a row, each into its place in a struct; the first that is wrong ends it. */
enum ecs_member_kind { ECS_MUST_STR, ECS_STR, ECS_TEXT, ECS_U32, ECS_TIME };
struct ecs_member { const char *name; uint16_t at, cap; enum ecs_member_kind kind; };
#define ECS_MEMBER(type, member, kind, name) { PACKED_TEXT(name), offsetof(type, member), sizeof(((type *)0)->member), kind }
KERR_CHECK enum kerr ecs_member_all(const cJSON *o, const struct ecs_member *m, size_t n, void *dst, struct why *why);

/* *out is NULL when it is absent or null; another type is KERR_BAD_INPUT. */
KERR_CHECK enum kerr ecs_member_may_array(const cJSON *o, const char *name, const cJSON **out, struct why *why);
KERR_CHECK enum kerr ecs_member_may_object(const cJSON *o, const char *name, const cJSON **out, struct why *why);

/* What a body is that is not the JSON expected, in words for people: "an HTML page (502 Bad Gateway)". */
void ecs_member_describe(struct slice body, struct text *out);

#endif

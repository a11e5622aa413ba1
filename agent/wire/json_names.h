/* json_names.h - the names of members are texts of ours, and packed like the others (agent/base/packed.h): all that json.h and
 * ecs_member.h get as `name` is unpacked where it is compared or written. Names that come from outside are not given to them. */
#ifndef KEDGE_WIRE_JSON_NAMES_H
#define KEDGE_WIRE_JSON_NAMES_H

#include "agent/base/packed.h"

#define json_get(obj, name)            json_get(obj, PACKED_FORMAT name)
#define json_array(obj, name)          json_array(obj, PACKED_FORMAT name)
#define json_object(obj, name)         json_object(obj, PACKED_FORMAT name)
#define json_str(obj, name, ...)       json_str(obj, PACKED_FORMAT name, __VA_ARGS__)
#define json_text(obj, name, ...)      json_text(obj, PACKED_FORMAT name, __VA_ARGS__)
#define json_i64(obj, name, ...)       json_i64(obj, PACKED_FORMAT name, __VA_ARGS__)
#define json_bool(obj, name, ...)      json_bool(obj, PACKED_FORMAT name, __VA_ARGS__)
#define json_time(obj, name, ...)      json_time(obj, PACKED_FORMAT name, __VA_ARGS__)
#define json_unix_s(obj, name, ...)    json_unix_s(obj, PACKED_FORMAT name, __VA_ARGS__)

#define jw_object(w, name)             jw_object(w, PACKED_FORMAT name)
#define jw_array(w, name)              jw_array(w, PACKED_FORMAT name)
#define jw_slice(w, name, ...)         jw_slice(w, PACKED_FORMAT name, __VA_ARGS__)
#define jw_str(w, name, ...)           jw_str(w, PACKED_FORMAT name, __VA_ARGS__)
#define jw_packed(w, name, ...)        jw_packed(w, PACKED_FORMAT name, __VA_ARGS__)
#define jw_str_or_null(w, name, ...)   jw_str_or_null(w, PACKED_FORMAT name, __VA_ARGS__)
#define jw_u64(w, name, v)             jw_u64(w, PACKED_FORMAT name, v)
#define jw_i64(w, name, v)             jw_i64(w, PACKED_FORMAT name, v)
#define jw_bool(w, name, v)            jw_bool(w, PACKED_FORMAT name, v)
#define jw_null(w, name)               jw_null(w, PACKED_FORMAT name)
#define jw_unix_s(w, name, v)          jw_unix_s(w, PACKED_FORMAT name, v)

#define ecs_member_must_str(o, name, ...)   ecs_member_must_str(o, PACKED_FORMAT name, __VA_ARGS__)
#define ecs_member_may_str(o, name, ...)    ecs_member_may_str(o, PACKED_FORMAT name, __VA_ARGS__)
#define ecs_member_may_text(o, name, ...)   ecs_member_may_text(o, PACKED_FORMAT name, __VA_ARGS__)
#define ecs_member_may_u32(o, name, ...)    ecs_member_may_u32(o, PACKED_FORMAT name, __VA_ARGS__)
#define ecs_member_may_bool(o, name, ...)   ecs_member_may_bool(o, PACKED_FORMAT name, __VA_ARGS__)
#define ecs_member_must_time(o, name, ...)  ecs_member_must_time(o, PACKED_FORMAT name, __VA_ARGS__)
#define ecs_member_may_time(o, name, ...)   ecs_member_may_time(o, PACKED_FORMAT name, __VA_ARGS__)
#define ecs_member_may_array(o, name, ...)  ecs_member_may_array(o, PACKED_FORMAT name, __VA_ARGS__)
#define ecs_member_may_object(o, name, ...) ecs_member_may_object(o, PACKED_FORMAT name, __VA_ARGS__)

#endif

#include "agent/wire/arn.h"

#include <string.h>

static bool arn_char(char c)
{
	return c > ' ' && c < 0x7f && strchr("\"'\\<>`", c) == NULL;
}

static void split(struct arn *a)
{
	struct slice rest = a->resource;

	for (a->parts = 0; rest.n > 0 || a->parts == 0; a->parts++) {
		size_t at = slice_find(rest, "/");
		struct slice part = at == SIZE_MAX ? rest : slice_to(rest, at);

		if (a->parts < ARN_PARTS)
			a->part[a->parts] = part;
		if (at == SIZE_MAX) {
			a->parts++;
			return;
		}
		rest = slice_from(rest, at + 1);
	}
	/* it ended in "/": the empty part after it counts, so that no caller takes it for a whole name */
	if (a->parts < ARN_PARTS)
		a->part[a->parts] = (struct slice){ NULL, 0 };
	a->parts++;
}

static bool account_ok(struct slice s)
{
	if (s.n != 0 && s.n != 12)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!ch_digit(s.p[i]))
			return false;
	return true;
}

enum kerr arn_parse(struct slice text, struct arn *out, struct why *why)
{
	struct slice *field[] = { NULL, &out->partition, &out->service, &out->region, &out->account };
	struct slice rest = text;

	memset(out, 0, sizeof(*out));
	if (text.n >= ARN_CAP)
		return why_set(why, KERR_BAD_INPUT, "ARN of %u bytes: at most %d are allowed", (unsigned)text.n,
			       ARN_CAP - 1);
	for (size_t i = 0; i < text.n; i++)
		if (!arn_char(text.p[i]))
			return why_set(why, KERR_BAD_INPUT, "ARN with the byte 0x%02x at %u",
				       (unsigned)(unsigned char)text.p[i], (unsigned)i);
	if (!slice_starts(text, "arn:"))
		return why_set(why, KERR_BAD_INPUT, "\"%.*s\" is no ARN: it does not begin with arn:",
			       (int)(text.n > 60 ? 60 : text.n), text.n == 0 ? "" : text.p);
	for (size_t i = 0; i < 5; i++) {
		size_t at = slice_find(rest, ":");

		if (at == SIZE_MAX)
			return why_set(why, KERR_BAD_INPUT, "ARN \"%.*s\" has fewer than six fields",
				       (int)(text.n > 120 ? 120 : text.n), text.p);
		if (field[i] != NULL)
			*field[i] = slice_to(rest, at);
		rest = slice_from(rest, at + 1);
	}
	out->resource = rest;
	if (!slice_starts(out->partition, "aws") || out->service.n == 0 || rest.n == 0 || !account_ok(out->account))
		return why_set(why, KERR_BAD_INPUT, "ARN \"%.*s\" has a bad partition, service, account or resource",
			       (int)(text.n > 120 ? 120 : text.n), text.p);
	split(out);
	return KERR_OK;
}

enum kerr arn_parse_ecs(struct slice text, const char *kind, size_t parts, struct arn *out, struct why *why)
{
	enum kerr e = arn_parse(text, out, why);

	if (e != KERR_OK)
		return e;
	if (!slice_is(out->service, "ecs") || out->region.n == 0 || out->account.n == 0 ||
	    !slice_is(out->part[0], kind) || out->parts != parts)
		return why_set(why, KERR_BAD_INPUT, "\"%.*s\" is not the ARN of an ECS %s",
			       (int)(text.n > 120 ? 120 : text.n), text.p, kind);
	for (size_t i = 1; i < parts; i++)
		if (out->part[i].n == 0 || out->part[i].n >= NAME_CAP)
			return why_set(why, KERR_BAD_INPUT, "ARN of an ECS %s with an empty or too long part", kind);
	return KERR_OK;
}

bool arn_name_ok(struct slice name)
{
	if (name.n == 0 || name.n >= NAME_CAP)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!ch_alnum(name.p[i]) && name.p[i] != '-' && name.p[i] != '_')
			return false;
	return true;
}

struct slice arn_task_id(struct slice arn_or_id)
{
	const struct slice none = { NULL, 0 };
	struct slice id = arn_or_id;
	struct arn a;

	if (slice_starts(arn_or_id, "arn:")) {
		/* task/ID is the form of before 2018, which old accounts keep */
		if (arn_parse(arn_or_id, &a, NULL) != KERR_OK || !slice_is(a.part[0], "task") || a.parts < 2 ||
		    a.parts > 3)
			return none;
		id = a.part[a.parts - 1];
	}
	return arn_name_ok(id) ? id : none;
}

bool arn_service_of(struct slice arn, struct slice *cluster, struct slice *service)
{
	struct arn a;

	if (arn_parse_ecs(arn, "service-deployment", 4, &a, NULL) != KERR_OK &&
	    arn_parse_ecs(arn, "service-revision", 4, &a, NULL) != KERR_OK &&
	    arn_parse_ecs(arn, "service", 3, &a, NULL) != KERR_OK)
		return false;
	for (size_t i = 1; i < a.parts; i++)
		if (!arn_name_ok(a.part[i]))
			return false;
	*cluster = a.part[1];
	*service = a.part[2];
	return true;
}

bool arn_family_revision(struct slice text, struct slice *family, uint32_t *revision)
{
	struct slice name = text;
	struct arn a;
	uint64_t n;
	size_t at;

	if (slice_starts(text, "arn:")) {
		if (arn_parse_ecs(text, "task-definition", 2, &a, NULL) != KERR_OK)
			return false;
		name = a.part[1];
	}
	at = slice_rfind(name, ":");
	/* AWS writes no leading zero: one that has it names nothing, and is not the same as another one */
	if (at == SIZE_MAX || !arn_name_ok(slice_to(name, at)) || !slice_u64(slice_from(name, at + 1), &n) || n > UINT32_MAX ||
	    name.p[at + 1] == '0')
		return false;
	*family = slice_to(name, at);
	*revision = (uint32_t)n;
	return true;
}

struct slice arn_cluster_name(struct slice name_or_arn)
{
	const struct slice none = { NULL, 0 };
	struct arn a;

	if (!slice_starts(name_or_arn, "arn:"))
		return arn_name_ok(name_or_arn) ? name_or_arn : none;
	if (arn_parse_ecs(name_or_arn, "cluster", 2, &a, NULL) != KERR_OK || !arn_name_ok(a.part[1]))
		return none;
	return a.part[1];
}

enum kerr arn_of_service(const struct arn *like, struct slice cluster, struct slice service, char *out, size_t cap,
			 struct why *why)
{
	struct text t = text_on(out, cap);

	if (!arn_name_ok(service) || (cluster.n > 0 && !arn_name_ok(cluster)))
		return why_set(why, KERR_BAD_INPUT, "\"%.*s\" is no ECS name",
			       (int)(service.n > 60 ? 60 : service.n), service.n == 0 ? "" : service.p);
	text_say(&t, "arn:");
	text_slice(&t, like->partition);
	text_say(&t, ":ecs:");
	text_slice(&t, like->region);
	text_c(&t, ':');
	text_slice(&t, like->account);
	text_say(&t, ":service/");
	if (cluster.n > 0) {
		text_slice(&t, cluster);
		text_c(&t, '/');
	}
	text_slice(&t, service);
	if (t.full)
		return why_set(why, KERR_TOO_BIG, "the ARN of service \"%.*s\" does not fit %u bytes",
			       (int)(service.n > 60 ? 60 : service.n), service.p, (unsigned)cap);
	return KERR_OK;
}

/* letters-words-digits, e.g. eu-west-1, us-gov-east-1, us-isob-east-1 */
static bool region_shape(struct slice region)
{
	size_t dash = slice_rfind(region, "-");
	uint64_t n;

	if (region.n >= 32 || dash == SIZE_MAX || dash < 4 || !slice_u64(slice_from(region, dash + 1), &n))
		return false;
	for (size_t i = 0; i < dash; i++)
		if (region.p[i] != '-' && (region.p[i] < 'a' || region.p[i] > 'z'))
			return false;
	return region.p[0] != '-' && region.p[dash - 1] != '-' && slice_find(slice_to(region, dash), "-") != SIZE_MAX;
}

const char *arn_partition_of(struct slice region)
{
	static const struct { const char *prefix, *partition; } row[] = {
		{ "cn-", "aws-cn" }, { "us-gov-", "aws-us-gov" }, { "eusc-", "aws-eusc" }, { "us-iso-", "aws-iso" },
		{ "us-isob-", "aws-iso-b" }, { "eu-isoe-", "aws-iso-e" }, { "us-isof-", "aws-iso-f" },
	};

	if (!region_shape(region))
		return NULL;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (slice_starts(region, row[i].prefix))
			return row[i].partition;
	return "aws";
}

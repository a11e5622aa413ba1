#include "agent/run/traffic.h"

#include "agent/run/node_feed.h"
#include "platform/file.h"

#define DAY_MS        86400000
#define SEGMENT_BYTES 52         /* IPv4 20, TCP 20, its timestamps 12 */
#define LINE_CAP      96

static const char *name_of(unsigned purpose)
{
	static const char *const words[] = { "registry", "credentials", "DescribeTaskDefinition", "GetAuthorizationToken", "webhook", "mqtt" };

	_Static_assert(sizeof(words) / sizeof(words[0]) == PURPOSE_WAN - AWS_OPS, "a name for each purpose");
	_Static_assert((int)PURPOSE_NEAR < (int)HTTP_PURPOSES, "a counter for each purpose");
	return purpose < AWS_OPS ? aws_op_name((enum aws_op)purpose) : words[purpose - AWS_OPS];
}

static struct http_traffic today(struct node *n, unsigned purpose)
{
	struct http_traffic now = http_traffic(&n->http, purpose);
	const struct http_traffic *from = &n->traffic.from[purpose];

	/* modulo 2^64: `from` is below zero where a former life counted more */
	return (struct http_traffic){ now.up_bytes - from->up_bytes, now.down_bytes - from->down_bytes, now.segments - from->segments };
}

static uint64_t payload(struct node *n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < PURPOSE_WAN; i++) {
		struct http_traffic t = today(n, i);

		sum += t.up_bytes + t.down_bytes;
	}
	return sum;
}

static void path_of(const struct node *n, struct text *t)
{
	text_s(t, n->conf->run_dir);
	text_say(t, "/traffic");
}

static bool number(struct slice *rest, char sep, uint64_t *v)
{
	struct slice part;

	return slice_next(rest, sep, &part) && slice_u64(part, v);
}

static bool take_line(struct node *n, struct slice line)
{
	struct slice name;
	uint64_t up, down, segments;

	if (!slice_next(&line, ' ', &name) || !number(&line, ' ', &up) || !number(&line, ' ', &down) || !number(&line, ' ', &segments))
		return false;
	for (unsigned i = 0; i < PURPOSE_WAN; i++)
		if (slice_is(name, name_of(i)))
			n->traffic.from[i] = (struct http_traffic){ 0 - up, 0 - down, 0 - segments };
	return true;
}

void traffic_start(struct node *n)
{
	char path[CONF_PATH_CAP + 16];
	struct text t = text_on(path, sizeof(path));
	struct slice rest, line;
	uint64_t day;
	size_t len = 0;
	struct why why;

	path_of(n, &t);
	if (file_read(path, FILE_REGULAR, n->work, sizeof(n->work), &len, &why) != KERR_OK)
		return;
	rest = (struct slice){ n->work, len };
	if (!number(&rest, '\n', &day) || day == 0 || day > INT32_MAX)
		return;
	n->traffic.day = (int64_t)day;
	while (slice_next(&rest, '\n', &line))
		if (!take_line(n, line))
			log_line(&n->log, LOG_LEVEL_WARN, "%s: a line that is none was passed over", path);
	n->traffic.kept_bytes = payload(n);
}

void traffic_keep(struct node *n)
{
	char path[CONF_PATH_CAP + 16], lines[PURPOSE_WAN * LINE_CAP];
	struct text p = text_on(path, sizeof(path)), out = text_on(lines, sizeof(lines));
	struct why why;

	if (n->traffic.day == 0)
		return;
	path_of(n, &p);
	text_i64(&out, n->traffic.day);
	text_c(&out, '\n');
	for (unsigned i = 0; i < PURPOSE_WAN; i++) {
		struct http_traffic t = today(n, i);
		const uint64_t v[] = { t.up_bytes, t.down_bytes, t.segments };

		if (t.segments == 0 && t.up_bytes + t.down_bytes == 0)
			continue;
		text_s(&out, name_of(i));
		for (size_t k = 0; k < sizeof(v) / sizeof(v[0]); k++) {
			text_c(&out, ' ');
			text_u64(&out, v[k]);
		}
		text_c(&out, '\n');
	}
	n->traffic.kept_bytes = payload(n);
	if (file_replace_volatile(path, text_get(&out), 0644, &why) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_WARN, "traffic: %s", why.text);
}

static void new_day(struct node *n)
{
	struct traffic *t = &n->traffic;
	int64_t day = node_unix_ms(n) / DAY_MS;

	if (n->core.fact[FACT_CLOCK].yes != TRI_YES || day == t->day)
		return;
	/* a clock set back is no new day, and what was sent before any clock was right is today's */
	for (unsigned i = 0; t->day != 0 && day > t->day && i < PURPOSE_WAN; i++)
		t->from[i] = http_traffic(&n->http, i);
	t->day = day;
	n->publish = true;
}

void traffic_look(struct node *n)
{
	uint64_t budget = n->conf->data_budget_bytes, used;
	char words[PACKED_MAX];
	enum shed shed;

	new_day(n);
	used = payload(n);
	shed = core_shed_of(used, budget);
	if (budget > 0 && used >= n->traffic.kept_bytes + budget / 100)
		n->publish = true;   /* a kill -9 then forgets little of it */
	if (shed == core_shed(&n->core) && n->core.fact[FACT_DATA].yes != TRI_UNKNOWN)
		return;
	if (shed != core_shed(&n->core))
		log_line(&n->log, LOG_LEVEL_WARN, "data budget: %llu of %llu bytes used today%s%s", (unsigned long long)used,
			 (unsigned long long)budget, shed != SHED_NOTHING ? ": " : "",
			 packed_copy(words, sizeof(words), core_shed_says(shed)));
	node_fact(n, FACT_DATA, shed == SHED_NOTHING ? TRI_YES : TRI_NO, shed, "", false);
	n->publish = true;
}

void traffic_view(struct node *n, struct view *v)
{
	_Static_assert(PURPOSE_WAN <= VIEW_PURPOSES, "a row for each purpose");
	for (unsigned i = 0; i < PURPOSE_WAN; i++) {
		struct http_traffic t = today(n, i);

		v->purpose[i] = (struct view_purpose){ name_of(i), t.up_bytes, t.down_bytes };
		v->overhead_bytes += t.segments * SEGMENT_BYTES;
	}
	v->purposes = PURPOSE_WAN;
}

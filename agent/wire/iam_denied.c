/* What AWS says when a policy refuses a call, taken apart. The forms: IAM user guide, "Troubleshoot access denied error
 * messages"; since 2026 the ARN of the policy that denies may follow. */
#include "agent/wire/arn.h"
#include "agent/wire/iam.h"
#include "agent/wire/json.h"

#define IS_DENIED " is denied"
#define RESOURCE  " Resource: "
#define ADDING    "; adding "
#define NO_HELP   ADDING "a statement to the role will not help, that policy has to change"

/* What stands behind a mark; empty when it does not stand there. */
static struct slice after(struct slice s, const char *mark)
{
	size_t at = slice_find(s, mark);

	return at == SIZE_MAX ? SLICE("") : slice_from(s, at + slice_of(mark).n);
}

static struct slice until(struct slice s, const char *mark)
{
	size_t at = slice_find(s, mark);

	return slice_to(s, at == SIZE_MAX ? s.n : at);
}

/* An action or an ARN as IAM writes them: visible ASCII, and nothing that JSON would have to quote. */
static bool put_plain(char *dst, size_t cap, struct slice word)
{
	for (size_t i = 0; i < word.n; i++)
		if (word.p[i] <= ' ' || word.p[i] > '~' || word.p[i] == '"' || word.p[i] == '\\')
			return false;
	return word.n > 0 && str_put(dst, cap, word);
}

/* "because no TYPE allows the ACTION action" or "with an explicit deny in a TYPE[: ARN]". */
static void put_why(struct slice message, struct iam_denied *out)
{
	static const char allows[] = " allows it";
	struct slice s = after(message, " because ");
	struct text t = text_on(out->why, sizeof(out->why));

	if (s.n > 0 && slice_find(s, " allows the ") != SIZE_MAX) {
		(void)json_clean(out->why, sizeof(out->why) - sizeof(allows), until(s, " allows the "));
		t.len = slice_of(out->why).n;
		text_s(&t, allows);
	} else {
		if (s.n == 0)
			s = after(message, " with an ");
		(void)json_clean(out->why, sizeof(out->why), slice_trim(s));
	}
}

/* "AmazonEC2ContainerServiceV20141113.ListTasks" -> "ecs:ListTasks"; one of another service comes with its prefix. */
static void put_operation(const char *operation, struct iam_denied *out)
{
	struct text t = text_on(out->action, sizeof(out->action));
	struct slice name = slice_of(operation);
	size_t dot = slice_rfind(name, ".");

	if (slice_find(name, ":") == SIZE_MAX)
		text_say(&t, "ecs:");
	text_slice(&t, dot == SIZE_MAX ? name : slice_from(name, dot + 1));
}

/* The first resource in the statement that would allow it. */
static void put_resource(const struct iam_names *n, struct iam_denied *out)
{
	char made[IAM_STATEMENT_CAP];
	struct text t = text_on(made, sizeof(made));
	struct slice s;

	iam_statement(&t, n, slice_of(out->action), SLICE("*"));
	s = after(text_get(&t), "\"Resource\":");
	s = after(s, "\"");
	(void)str_put(out->resource, sizeof(out->resource), until(s, "\""));
}

void iam_denied_from(struct slice message, const char *operation, const struct iam_names *n, struct iam_denied *out)
{
	struct slice action = until(after(message, " to perform: "), " ");
	struct slice on = until(after(message, " on resource: "), " ");

	*out = (struct iam_denied){ "", "", "" };
	if (slice_find(action, ":") == SIZE_MAX || !put_plain(out->action, sizeof(out->action), action))
		put_operation(operation, out);
	if (!put_plain(out->resource, sizeof(out->resource), on))
		put_resource(n, out);
	put_why(message, out);
}

bool iam_denied_helps(const struct iam_denied *d)
{
	return d->why[0] == '\0' || slice_starts(slice_of(d->why), "no identity-based policy");
}

void iam_denied_say(const struct iam_denied *d, struct text *out)
{
	text_s(out, d->action);
	text_s(out, d->why[0] == '\0' ? IS_DENIED : IS_DENIED ": ");
	text_s(out, d->why);
	text_packed(out, iam_denied_helps(d) ? PACKED(".") : PACKED(NO_HELP "."));
	text_s(out, RESOURCE);
	text_s(out, d->resource);
}

bool iam_denied_read(struct slice sentence, struct iam_denied *out)
{
	size_t at = slice_find(sentence, IS_DENIED), from = slice_rfind(slice_to(sentence, at == SIZE_MAX ? 0 : at), " ");
	struct slice rest = slice_from(sentence, at == SIZE_MAX ? at : at + sizeof(IS_DENIED) - 1);
	struct slice why = until(until(rest, "." RESOURCE), ADDING);

	*out = (struct iam_denied){ "", "", "" };
	if (at == SIZE_MAX || !put_plain(out->action, sizeof(out->action), slice_from(slice_to(sentence, at), from == SIZE_MAX ? 0 : from + 1)))
		return false;
	if (slice_starts(why, ": "))
		(void)json_clean(out->why, sizeof(out->why), slice_from(why, 2));
	(void)put_plain(out->resource, sizeof(out->resource), after(rest, RESOURCE));
	return slice_find(slice_of(out->action), ":") != SIZE_MAX;
}

void iam_denied_statement(const struct iam_denied *d, const struct iam_names *n, struct text *out)
{
	struct iam_names names = { .n = 0 };

	if (!iam_denied_helps(d))
		return;
	/* what AWS looked at is what the statement has to fit */
	iam_names_from(&names, slice_of(d->resource));
	iam_names_region(&names, n->region);
	if (names.account.n == 0)
		names.account = n->account;
	if (names.cluster.n == 0)
		names.cluster = n->cluster;
	if (n->n > 0 && (names.n == 0 || slice_eq(names.service[0].name, n->service[0].name)))
		names.service[0] = n->service[0], names.n = 1;
	iam_statement(out, &names, slice_of(d->action), slice_of(d->resource));
}

#include "agent/wire/agent_change.h"

#include "agent/wire/agent_reason.h"
#include "agent/wire/json.h"

#define bad(why, what) why_set(why, KERR_BAD_INPUT, "ECS agent's state change: " what)

/* Identifiers hold no blanks or control characters; the grammar around them is made of blanks. */
static enum kerr put_name(char *dst, size_t cap, struct slice s, const char *what, struct why *why)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= 0x20 || s.p[i] == 0x7f)
			return why_set(why, KERR_BAD_INPUT, "ECS agent's state change: the %s is not printable", what);
	if (!str_put(dst, cap, s))
		return why_set(why, KERR_TOO_BIG, "ECS agent's state change: the %s has %lu bytes, at most %lu are allowed", what,
			       (unsigned long)s.n, (unsigned long)(cap - 1));
	return KERR_OK;
}

enum task_status agent_change_status(struct slice word)
{
	static const char *const pending[] = { "NONE", "PENDING", "MANIFEST_PULLED", "PULLED", "CREATED" };

	if (slice_is(word, "RUNNING") || slice_is(word, "RESOURCES_PROVISIONED"))
		return TS_RUNNING;
	if (slice_is(word, "STOPPED"))
		return TS_STOPPED;
	for (size_t i = 0; i < sizeof(pending) / sizeof(pending[0]); i++)
		if (slice_is(word, pending[i]))
			return TS_PENDING;
	return TS_UNKNOWN;
}

void agent_change_reason(struct ev_change *c, struct slice reason)
{
	struct agent_reason r = agent_reason_of(reason);

	c->stage = r.stage;
	c->class = r.class;
	c->cut = json_clean(c->reason, sizeof(c->reason), reason);
}

void agent_change_resource(struct ev_change *c, struct slice error)
{
	agent_change_reason(c, error);
	c->stage = STAGE_CREATE;
	c->class = agent_reason_class(STAGE_CREATE, error);
}

static bool put_exit(struct ev_change *c, struct slice digits)
{
	int64_t code;

	c->has_exit = slice_i64(digits, &code) && code >= INT32_MIN && code <= INT32_MAX;
	if (c->has_exit)
		c->exit_code = (int32_t)code;
	return c->has_exit;
}

static size_t length(const char *s)
{
	return slice_of(s).n;
}

/* Takes "name" and the word behind it, up to a blank, off the front. */
static bool word_after(struct slice *rest, const char *name, struct slice *word)
{
	size_t n;

	if (!slice_starts(*rest, name))
		return false;
	*rest = slice_from(*rest, length(name));
	n = slice_find(*rest, " ");
	*word = slice_to(*rest, n);
	*rest = slice_from(*rest, word->n);
	return true;
}

/* The reason is free text without quotes: it ends where the last of the fields that follow it begins. */
static struct slice free_text(struct slice text, const char *next)
{
	size_t end = slice_rfind(text, next);

	return end == SIZE_MAX ? text : slice_to(text, end);
}

static enum kerr flat_tail(struct slice tail, struct ev_change *c, struct why *why)
{
	struct slice sent, id = { NULL, 0 }, essential = { NULL, 0 };

	if (!word_after(&tail, " containerKnownSentStatus=", &sent) || !word_after(&tail, " containerRuntimeID=", &id))
		return bad(why, "it ends too early");
	c->essential = TRI_UNKNOWN;
	if (word_after(&tail, " containerIsEssential=", &essential))
		c->essential = slice_is(essential, "true") ? TRI_YES : slice_is(essential, "false") ? TRI_NO : TRI_UNKNOWN;
	return put_name(c->runtime_id, sizeof(c->runtime_id), id, "container's id", why);
}

enum kerr agent_change_lone(struct slice name, struct slice status, struct slice code, struct slice reason, struct ev_change *c,
			    struct why *why)
{
	enum kerr err = put_name(c->container, sizeof(c->container), name, "container's name", why);

	if (err != KERR_OK)
		return err;
	if (name.n == 0)
		return bad(why, "it names no container");
	if (code.n > 0 && !put_exit(c, code))
		return bad(why, "the exit code is no number");
	c->status = agent_change_status(status);
	agent_change_reason(c, reason);
	return KERR_OK;
}

enum kerr agent_change_flat(struct slice text, struct slice task_reason, struct ev_change *c, struct why *why)
{
	struct slice name, status, code, body;
	size_t tail = slice_rfind(text, " containerKnownSentStatus=");
	enum kerr err;

	if (tail == SIZE_MAX)
		return bad(why, "it has no containerKnownSentStatus");
	body = slice_to(text, tail);
	if (!word_after(&body, "containerName=", &name) || name.n == 0 || !word_after(&body, " containerStatus=", &status))
		return bad(why, "it does not begin with name and status");
	err = put_name(c->container, sizeof(c->container), name, "container's name", why);
	if (err != KERR_OK)
		return err;
	c->status = agent_change_status(status);
	c->has_exit = false;
	if (word_after(&body, " containerExitCode=", &code) && !put_exit(c, code))
		return bad(why, "the exit code is no number");
	if (slice_starts(body, " containerReason="))
		body = slice_from(free_text(body, " containerPortBindings=["), length(" containerReason="));
	else
		body = slice_to(body, 0);
	agent_change_reason(c, body.n > 0 ? body : task_reason);
	return flat_tail(slice_from(text, tail), c, why);
}

/* "ARN NAME" of a container or "ARN" of a task, then " -> STATUS"; *rest is left behind the status. */
static enum kerr old_head(struct slice *rest, struct ev_change *c, struct slice *name, struct slice *status, struct why *why)
{
	size_t arrow = slice_find(*rest, " -> ");
	struct slice head = slice_to(*rest, arrow), task;

	if (arrow == SIZE_MAX || !slice_next(&head, ' ', &task) || task.n == 0)
		return bad(why, "a task and an arrow were expected");
	*name = head;
	*rest = slice_from(*rest, arrow + 4);
	*status = slice_to(*rest, slice_find(*rest, ","));
	*rest = slice_from(*rest, status->n);
	return put_name(c->task, sizeof(c->task), task, "task", why);
}

/* Where the next container's text begins, as the ", " before it; *rest begins with its ARN, and is empty when there is
 * none. Agents of 2020 wrote ", ARN NAME -> ", later ones put "container change: " before the ARN. A reason could quote
 * these words, but not with a task's ARN, a name and an arrow behind them. */
static size_t old_next(struct slice text, struct slice *rest)
{
	size_t from = 0, at;

	while ((at = slice_find(slice_from(text, from), ", ")) != SIZE_MAX) {
		struct slice words, arn, name;

		from += at + 2;
		words = slice_from(text, from);
		if (slice_starts(words, "container change: "))
			words = slice_from(words, length("container change: "));
		*rest = words;
		if (slice_starts(words, "arn:") && slice_next(&words, ' ', &arn) && slice_find(arn, ":task/") != SIZE_MAX &&
		    slice_next(&words, ' ', &name) && slice_starts(words, "-> "))
			return from - 2;
	}
	*rest = slice_to(text, 0);
	return SIZE_MAX;
}

enum kerr agent_change_old(struct slice text, struct ev_change *c, struct slice *rest, struct why *why)
{
	size_t end = slice_rfind(text, "] sent: "), next;
	struct slice name, status;
	enum kerr err;

	if (end == SIZE_MAX)
		return bad(why, "it is cut off");
	text = slice_to(text, end);
	if (slice_starts(text, "ContainerChange: [")) {
		*rest = slice_from(text, length("ContainerChange: ["));
		c->task_status = TS_UNKNOWN;
		return KERR_OK;
	}
	if (!slice_starts(text, "TaskChange: ["))
		return bad(why, "it is of neither task nor container");
	text = slice_from(text, length("TaskChange: ["));
	next = old_next(text, rest);
	text = slice_to(text, next);
	err = old_head(&text, c, &name, &status, why);
	if (err == KERR_OK)
		c->task_status = agent_change_status(status);
	return err;
}

enum kerr agent_change_old_next(struct slice *rest, struct ev_change *c, struct why *why)
{
	struct slice text, name, status, code, reason = { NULL, 0 };
	size_t next, at;
	enum kerr err;

	text = *rest;
	next = old_next(text, rest);
	text = slice_to(text, next);
	if (next == SIZE_MAX)
		text = free_text(text, ", managed agent: ");
	err = old_head(&text, c, &name, &status, why);
	if (err == KERR_OK)
		err = put_name(c->container, sizeof(c->container), name, "container's name", why);
	if (err != KERR_OK)
		return err;
	c->status = agent_change_status(status);
	c->essential = TRI_UNKNOWN;
	c->has_exit = false;
	text = free_text(text, ", Known Sent: ");
	if (slice_starts(text, ", Exit ")) {
		code = slice_from(text, length(", Exit "));
		at = slice_find(code, ", ");
		text = slice_from(code, at == SIZE_MAX ? at : at + 2);
		if (!put_exit(c, slice_to(code, at)))
			return bad(why, "the exit code is no number");
	}
	if (slice_starts(text, ", Reason "))
		reason = slice_from(free_text(text, ", Ports ["), length(", Reason "));
	agent_change_reason(c, reason);
	return KERR_OK;
}

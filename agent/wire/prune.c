#include "agent/wire/prune.h"

#include <inttypes.h>
#include <string.h>

enum { IN_SKIP, IN_PICK, IN_ALL };
enum { S_VALUE, S_FIRST_ELEMENT, S_FIRST_NAME, S_NAME, S_IN_NAME, S_COLON, S_STRING, S_ESCAPE, S_HEX, S_NUMBER, S_WORD,
       S_AFTER, S_DONE };
enum { N_MINUS, N_ZERO, N_INT, N_DOT, N_FRACTION, N_E, N_SIGN, N_EXPONENT };

#define ECS "com.amazonaws.ecs."
#define ECS_LABELS ECS "cluster|" ECS "task-arn|" ECS "container-name|" ECS "task-definition-family|" ECS "task-definition-version"

PRUNE_LIST(prune_containers, "[]/Id|Image|ImageID|Created|State|Status []/Labels/" ECS_LABELS);

/* Of the health check's command only the first word: CMD, CMD-SHELL or NONE. */
PRUNE_LIST(prune_container,
	"Id|Created|Image|RestartCount Config/Image Config/Labels/" ECS_LABELS
	" State/Status|Running|Restarting|OOMKilled|ExitCode|Error|StartedAt|FinishedAt State/Health/Status"
	" Config/Healthcheck/Test/[1] HostConfig/PortBindings/*/[]/HostPort");

PRUNE_LIST(prune_image, "Id|Architecture|Variant|Os RepoDigests/[64]");

PRUNE_LIST(prune_version, "Version|ApiVersion|MinAPIVersion|Arch|Os");

PRUNE_LIST(prune_info,
	"ID|ServerVersion|DockerRootDir|Architecture|MemTotal|NCPU|OSType|Driver|LiveRestoreEnabled");

PRUNE_LIST(prune_event,
	"Type|Action|time|timeNano Actor/ID Actor/Attributes/" ECS_LABELS "|image|exitCode|signal|container");

void prune_init(struct prune *p, const struct prune_list *list, prune_put *put, void *arg)
{
	*p = (struct prune){ .put = put, .arg = arg, .state = S_VALUE };
	packed_copy(p->paths, sizeof(p->paths), list->paths);
}

static enum kerr bad(struct prune *p, const struct packed *what, struct why *why)
{
	char words[PACKED_MAX];

	p->failed = why_set(why, KERR_BAD_INPUT, "JSON at byte %" PRIu64 ": %s", p->offset, packed_copy(words, sizeof(words), what));
	return p->failed;
}

static void flush(struct prune *p)
{
	if (p->out_len > 0 && p->failed == KERR_OK)
		p->failed = p->put(p->arg, (struct slice){ p->out, p->out_len });
	p->out_len = 0;
}

static void emit(struct prune *p, char c)
{
	p->out[p->out_len++] = c;
	if (p->out_len == sizeof(p->out))
		flush(p);
}

static struct prune_level *top(struct prune *p)
{
	return p->depth == 0 ? NULL : &p->level[p->depth - 1];
}

/* The k-th name of a path, empty past its end; what follows it is left in *path. */
static struct slice segment(struct slice *path, size_t k)
{
	struct slice part = { NULL, 0 };

	for (size_t i = 0; i <= k; i++)
		if (!slice_next(path, '/', &part))
			return (struct slice){ NULL, 0 };
	return part;
}

/* seg is "[]" or "[N]": is the index-th element (from 0) of an array meant? */
static bool element_fits(struct slice seg, uint32_t index)
{
	uint64_t most;

	if (slice_is(seg, "[]"))
		return true;
	if (!slice_starts(seg, "[") || !slice_ends(seg, "]") || !slice_u64(slice_to(slice_from(seg, 1), seg.n - 2), &most))
		return false;
	return index < most;
}

static bool member_fits(struct slice seg, struct slice name)
{
	struct slice one;

	if (slice_is(seg, "*"))
		return name.n > 0;
	while (slice_next(&seg, '|', &one))
		if (slice_eq(one, name))
			return true;
	return false;
}

/* What the list says of the value that comes next in `in`: name for an object, its count for an array. */
static void choose(struct prune *p, const struct prune_level *in, struct slice name)
{
	struct slice rest = slice_of(in->mode == IN_PICK ? p->paths : ""), path;

	p->live = 0;
	p->leaf = false;
	p->all = in->mode == IN_ALL;
	for (unsigned i = 0; slice_next(&rest, ' ', &path); i++) {
		struct slice seg, next;

		if ((in->live >> i & 1) == 0)
			continue;
		seg = segment(&path, p->depth - 1);
		if (!(in->array ? element_fits(seg, in->elements) : member_fits(seg, name)))
			continue;
		next = segment(&path, 0);
		if (next.n == 0)
			p->leaf = true;
		else if (slice_is(next, "**"))
			p->all = true;
		else
			p->live |= UINT32_C(1) << i;
	}
}

/* The comma and name before a value that is kept. Below an IN_ALL object the name went out as it came. */
static void lead(struct prune *p)
{
	struct prune_level *in = top(p);

	if (in == NULL || (in->mode == IN_ALL && !in->array))
		return;
	if (in->comma)
		emit(p, ',');
	in->comma = true;
	if (in->array)
		return;
	emit(p, '"');
	for (size_t i = 0; i < p->name_len; i++)
		emit(p, p->name[i]);
	emit(p, '"');
	emit(p, ':');
}

static void after_value(struct prune *p)
{
	p->state = p->depth == 0 ? S_DONE : S_AFTER;
}

static enum kerr open_level(struct prune *p, bool array, struct why *why)
{
	uint8_t mode = p->all ? IN_ALL : p->live != 0 ? IN_PICK : IN_SKIP;

	if (p->depth == PRUNE_DEPTH_MAX) {
		p->failed = why_set(why, KERR_TOO_BIG, "JSON at byte %" PRIu64 ": nested deeper than %d", p->offset, PRUNE_DEPTH_MAX);
		return p->failed;
	}
	if (mode != IN_SKIP) {
		lead(p);
		emit(p, array ? '[' : '{');
	} else if (p->depth > 0 && top(p)->mode == IN_PICK) {
		p->dropped++;
	}
	p->level[p->depth++] = (struct prune_level){ .live = p->live, .mode = mode, .array = array };
	p->state = array ? S_FIRST_ELEMENT : S_FIRST_NAME;
	return KERR_OK;
}

static enum kerr close_level(struct prune *p, char c, struct why *why)
{
	struct prune_level *in = top(p);

	if (in->array != (c == ']'))
		return bad(p, PACKED("a bracket closes what it did not open"), why);
	if (in->mode != IN_SKIP)
		emit(p, c);
	p->depth--;
	after_value(p);
	return KERR_OK;
}

static void scalar(struct prune *p, char c)
{
	p->keep = p->all || p->leaf;
	if (p->keep) {
		lead(p);
		emit(p, c);
	} else if (p->depth > 0 && top(p)->mode == IN_PICK) {
		p->dropped++;
	}
}

static enum kerr begin_value(struct prune *p, char c, struct why *why)
{
	struct prune_level *in = top(p);

	if (in == NULL) {
		p->live = UINT32_MAX;
	} else if (in->array) {
		choose(p, in, (struct slice){ NULL, 0 });
		in->elements += in->elements < UINT32_MAX;
	}
	if (c == '{' || c == '[')
		return open_level(p, c == '[', why);
	if (c == '"') {
		p->state = S_STRING;
		p->back = S_STRING;
	} else if (c == '-' || ch_digit(c)) {
		p->state = S_NUMBER;
		p->number = c == '-' ? N_MINUS : c == '0' ? N_ZERO : N_INT;
	} else if (c == 't' || c == 'f' || c == 'n') {
		p->state = S_WORD;
		p->word = c == 't' ? "rue" : c == 'f' ? "alse" : "ull";
	} else {
		return bad(p, PACKED("a value was expected"), why);
	}
	scalar(p, c);
	return KERR_OK;
}

static enum kerr begin_name(struct prune *p, char c, struct why *why)
{
	struct prune_level *in = top(p);

	if (c != '"')
		return bad(p, PACKED("a member's name was expected"), why);
	p->name_len = 0;
	p->name_odd = false;
	p->keep = in->mode == IN_ALL;
	p->state = S_IN_NAME;
	p->back = S_IN_NAME;
	if (!p->keep)
		return KERR_OK;
	if (in->comma)
		emit(p, ',');
	in->comma = true;
	emit(p, c);
	return KERR_OK;
}

static enum kerr in_string(struct prune *p, char c, struct why *why)
{
	bool name = p->state == S_IN_NAME;

	if ((unsigned char)c < 0x20)
		return bad(p, PACKED("a control character in a string"), why);
	if (p->keep)
		emit(p, c);
	if (c == '\\') {
		p->state = S_ESCAPE;
		p->name_odd = true;
	} else if (c == '"' && name) {
		p->state = S_COLON;
		/* no list has the empty name, so it stands for "on no list" */
		choose(p, top(p), (struct slice){ p->name, p->name_odd ? 0 : p->name_len });
	} else if (c == '"') {
		after_value(p);
	} else if (name && p->name_len < sizeof(p->name)) {
		p->name[p->name_len++] = c;
	} else if (name) {
		p->name_odd = true;
	}
	return KERR_OK;
}

static bool hex(char c)
{
	c = ch_lower(c);
	return ch_digit(c) || (c >= 'a' && c <= 'f');
}

static enum kerr in_escape(struct prune *p, char c, struct why *why)
{
	if (p->state == S_ESCAPE ? c == '\0' || strchr("\"\\/bfnrtu", c) == NULL : !hex(c))
		return bad(p, PACKED("an unknown escape in a string"), why);
	if (p->keep)
		emit(p, c);
	if (p->state == S_ESCAPE)
		p->hex = c == 'u' ? 4 : 0;
	else
		p->hex--;
	p->state = p->hex > 0 ? S_HEX : p->back;
	return KERR_OK;
}

/* The state after c, or -1 when c does not belong to the number. */
static int number_next(int state, char c)
{
	switch (state) {
	case N_MINUS:
		return c == '0' ? N_ZERO : ch_digit(c) ? N_INT : -1;
	case N_INT:
		if (ch_digit(c))
			return N_INT;
		return c == '.' ? N_DOT : ch_lower(c) == 'e' ? N_E : -1;
	case N_ZERO:
		return c == '.' ? N_DOT : ch_lower(c) == 'e' ? N_E : -1;
	case N_DOT:
		return ch_digit(c) ? N_FRACTION : -1;
	case N_FRACTION:
		return ch_digit(c) ? N_FRACTION : ch_lower(c) == 'e' ? N_E : -1;
	case N_E:
		return c == '+' || c == '-' ? N_SIGN : ch_digit(c) ? N_EXPONENT : -1;
	default:
		return ch_digit(c) ? N_EXPONENT : -1;
	}
}

static bool number_whole(uint8_t state)
{
	return state == N_ZERO || state == N_INT || state == N_FRACTION || state == N_EXPONENT;
}

/* *again: c ended the number and is still to be taken. */
static enum kerr in_number(struct prune *p, char c, bool *again, struct why *why)
{
	int next = number_next(p->number, c);

	if (next < 0 && !number_whole(p->number))
		return bad(p, PACKED("a number that is none"), why);
	*again = next < 0;
	if (next < 0) {
		after_value(p);
		return KERR_OK;
	}
	p->number = (uint8_t)next;
	if (p->keep)
		emit(p, c);
	return KERR_OK;
}

static enum kerr in_word(struct prune *p, char c, struct why *why)
{
	if (c != p->word[0])
		return bad(p, PACKED("neither true, false nor null"), why);
	if (p->keep)
		emit(p, c);
	if (*++p->word == '\0')
		after_value(p);
	return KERR_OK;
}

static enum kerr between(struct prune *p, char c, struct why *why)
{
	if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
		return KERR_OK;
	switch (p->state) {
	case S_FIRST_ELEMENT:
		return c == ']' ? close_level(p, c, why) : begin_value(p, c, why);
	case S_FIRST_NAME:
		return c == '}' ? close_level(p, c, why) : begin_name(p, c, why);
	case S_NAME:
		return begin_name(p, c, why);
	case S_COLON:
		if (c != ':')
			return bad(p, PACKED("a colon was expected"), why);
		if (top(p)->mode == IN_ALL)
			emit(p, c);
		p->state = S_VALUE;
		return KERR_OK;
	case S_AFTER:
		if (c == '}' || c == ']')
			return close_level(p, c, why);
		if (c != ',')
			return bad(p, PACKED("a comma or closing bracket was expected"), why);
		p->state = top(p)->array ? S_VALUE : S_NAME;
		return KERR_OK;
	case S_DONE:
		return bad(p, PACKED("something follows the document"), why);
	default:
		return begin_value(p, c, why);
	}
}

static enum kerr step(struct prune *p, char c, struct why *why)
{
	bool again = false;
	enum kerr err;

	switch (p->state) {
	case S_STRING:
	case S_IN_NAME:
		return in_string(p, c, why);
	case S_ESCAPE:
	case S_HEX:
		return in_escape(p, c, why);
	case S_WORD:
		return in_word(p, c, why);
	case S_NUMBER:
		err = in_number(p, c, &again, why);
		if (err != KERR_OK || !again)
			return err;
		break;
	default:
		break;
	}
	return between(p, c, why);
}

enum kerr prune_feed(struct prune *p, struct slice in, struct why *why)
{
	if (p->failed != KERR_OK)
		return why_set(why, p->failed, "the pruner stopped at byte %" PRIu64, p->offset);
	for (size_t i = 0; i < in.n; i++) {
		if (step(p, in.p[i], why) != KERR_OK)
			return p->failed;
		if (p->failed != KERR_OK)
			return why_set(why, p->failed, "the pruned JSON was not taken at byte %" PRIu64, p->offset);
		p->offset++;
	}
	return KERR_OK;
}

enum kerr prune_end(struct prune *p, struct why *why)
{
	if (p->failed != KERR_OK)
		return why_set(why, p->failed, "the pruner stopped at byte %" PRIu64, p->offset);
	if (p->state != S_DONE && (p->state != S_NUMBER || p->depth != 0 || !number_whole(p->number)))
		return bad(p, PACKED("it ends too early"), why);
	flush(p);
	if (p->failed != KERR_OK)
		return why_set(why, p->failed, "the pruned JSON was not taken at byte %" PRIu64, p->offset);
	return KERR_OK;
}

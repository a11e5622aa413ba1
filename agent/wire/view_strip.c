/* What became of a service's rollback as a drawn strip, for eyes; its label says the same, for ears. */
#include "agent/wire/view_parts.h"

enum { MOMENTS = 4, STEP = 80 /* of a drawing 320 wide */ };

/* unix_ms 0: not yet. class: the colour, as the page's cards have it. */
struct moment { const char *words, *class; int64_t unix_ms; };

static const char *end_class(enum rb_state state)
{
	if (state == RB_ROLLED_BACK)
		return "ok";
	return state == RB_SUPERSEDED || state == RB_CANCELLED ? "so" : "no";
}

static uint32_t moments(const struct core *c, uint32_t service, struct moment at[MOMENTS])
{
	const struct rollback *rb = &c->service[service].rb;
	int64_t since = view_rollback_since(c, service);
	bool open = rb_open(rb->state);
	uint32_t n = 0;

	if (since > 0)
		at[n++] = (struct moment){ "first failure", "no", since };
	at[n++] = (struct moment){ since > 0 ? "decided" : "asked for", "so", rb->decided_unix_ms };
	/* what the circuit breaker of ECS does needs no leave of AWS */
	if (rb->accepted_unix_ms > 0 || (open && rb->state != RB_ADOPTED))
		at[n++] = (struct moment){ "accepted", "so", rb->accepted_unix_ms };
	at[n++] = (struct moment){ rb_state_name(open ? RB_ROLLED_BACK : rb->state), end_class(rb->state), open ? 0 : rb->done_unix_ms };
	return n;
}

static void span(struct text *t, int64_t ms)
{
	uint64_t s = ms > 0 ? (uint64_t)ms / 1000 : 0;

	text_u64(t, s < 600 ? s : s / 60);
	text_s(t, s < 600 ? " s" : " min");
}

/* 14:05:10 */
static void hour(struct text *t, int64_t unix_ms)
{
	uint64_t s = (uint64_t)unix_ms / 1000 % 86400;

	if (unix_ms <= 0) {
		text_say(t, "not yet");
		return;
	}
	for (uint64_t unit = 3600; unit > 0; unit /= 60) {
		text_u64_pad(t, s / unit % 60, 2);
		text_s(t, unit > 1 ? ":" : "");
	}
}

static void label(const struct moment *at, uint32_t n, struct text *t)
{
	text_say(t, "<svg role=img viewBox='0 0 320 52' aria-label='");
	for (uint32_t i = 0; i < n; i++) {
		view_html(t, i == 0 ? "% " : ", % ", at[i].words);
		hour(t, at[i].unix_ms);
	}
	text_say(t, "'>");
}

static void draw(const struct moment *at, uint32_t i, struct text *t)
{
	uint32_t x = STEP / 2 + STEP * i;
	bool done = at[i].unix_ms > 0;

	if (i > 0)
		view_html(t, "<path class=% d='M# 30h66'/>", done ? "s" : "n", VIEW_N(x - STEP + 7));
	if (i > 0 && done) {
		view_html(t, "<text y=25 x=#>", VIEW_N(x - STEP / 2));
		span(t, at[i].unix_ms - at[i - 1].unix_ms);
		text_say(t, "</text>");
	}
	view_html(t, "<circle cy=30 r=6 cx=# class=% /><text y=12 x=#>%</text><text y=49 x=#>", VIEW_N(x), done ? at[i].class : "n",
		  VIEW_N(x), at[i].words, VIEW_N(x));
	hour(t, at[i].unix_ms);
	text_say(t, "</text>");
}

void view_strip(const struct core *c, uint32_t service, struct text *t)
{
	const struct rollback *rb = &c->service[service].rb;
	struct moment at[MOMENTS];
	uint32_t n = moments(c, service, at);

	label(at, n, t);
	for (uint32_t i = 0; i < n; i++)
		draw(at, i, t);
	text_say(t, "</svg>");
	if (n < 2 || at[0].unix_ms == rb->decided_unix_ms)
		return;
	text_say(t, "<p class=s>Detected after ");
	span(t, rb->decided_unix_ms - at[0].unix_ms);
	if (rb->state == RB_ROLLED_BACK) {
		text_say(t, ", recovered after ");
		span(t, rb->done_unix_ms - at[0].unix_ms);
	}
	text_c(t, '.');
}

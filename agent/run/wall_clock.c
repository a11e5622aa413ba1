#include "agent/run/wall_clock.h"

#include "agent/run/node_feed.h"
#include "agent/wire/sigv4.h"
#include "platform/clock.h"

#define SKEW_MS 60000                    /* the machine's clock is believed within this of the server's */

const char *wall_state_name(enum wall_state s)
{
	static const char *const words[WALL_STATES] = { "ok", "corrected", "behind", "doubted", "unset" };

	return (unsigned)s < WALL_STATES ? words[s] : "unknown";
}

static int64_t distance(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

static int64_t server_ms(const struct node *n)
{
	return n->wall.server_minus_boot_ms + (int64_t)clock_boot_ms();
}

static bool corrected(const struct node *n)
{
	return n->wall.server_minus_boot_ms != 0 && distance(clock_wall_ms(), server_ms(n)) > SKEW_MS;
}

int64_t node_unix_ms(const struct node *n)
{
	return corrected(n) ? server_ms(n) : clock_wall_ms();
}

bool wall_clock_offset(const struct node *n, int64_t *offset_s)
{
	*offset_s = n->wall.server_minus_boot_ms != 0 ? (server_ms(n) - clock_wall_ms()) / 1000 : 0;
	return n->wall.server_minus_boot_ms != 0;
}

static void text_when(struct text *t, int64_t unix_s)
{
	if (!sigv4_date_words(unix_s, false, t))
		text_say(t, "no time at all");
}

static bool still_doubted(const struct node *n)
{
	return n->wall.doubted && distance(clock_wall_ms() - (int64_t)clock_boot_ms(), n->wall.doubted_minus_boot_ms) <= SKEW_MS;
}

static enum wall_state judge(const struct node *n)
{
	const struct wall_clock *w = &n->wall;

	if (w->server_minus_boot_ms == 0 && !clock_wall_sane(KEDGE_BUILD_UNIX_S))
		return WALL_UNSET;
	if (w->doubted)
		return WALL_DOUBTED;
	if (w->server_minus_boot_ms != 0)
		return corrected(n) ? WALL_CORRECTED : WALL_OK;
	return clock_wall_ms() / 1000 < w->floor_unix_s ? WALL_BEHIND : WALL_OK;
}

static void says(struct node *n)
{
	struct wall_clock *w = &n->wall;
	struct text room = text_on(w->why.text, sizeof(w->why.text)), *t = &room;
	int64_t offset_s = 0;

	text_say(t, "this node's clock says ");
	text_when(t, clock_wall_ms() / 1000);
	switch (w->state) {
	case WALL_CORRECTED:
		(void)wall_clock_offset(n, &offset_s);
		text_say(t, ", ");
		text_i64(t, distance(offset_s, 0));
		text_packed(t, offset_s > 0 ? PACKED(" s behind AWS's") : PACKED(" s ahead of AWS's"));
		text_say(t, ": kedge goes by AWS's; is NTP running?");
		return;
	case WALL_BEHIND:
		text_say(t, ", but AWS answered at ");
		text_when(t, w->floor_unix_s);
		text_say(t, " already: it is behind until NTP has set it");
		return;
	case WALL_UNSET:
		text_say(t, ", kedge was built at ");
		text_when(t, KEDGE_BUILD_UNIX_S);
		text_say(t, ": AWS is not asked before NTP has set it");
		return;
	case WALL_DOUBTED:     /* the certificate's words are there already */
	case WALL_OK:
	case WALL_STATES:
		return;
	}
}

void wall_clock_look(struct node *n)
{
	static const enum tri yes[WALL_STATES] = {
		[WALL_OK] = TRI_YES, [WALL_CORRECTED] = TRI_YES, [WALL_UNSET] = TRI_NO,
		[WALL_BEHIND] = TRI_UNKNOWN, [WALL_DOUBTED] = TRI_UNKNOWN,
	};
	struct wall_clock *w = &n->wall;
	enum wall_state before = w->state;

	w->doubted = still_doubted(n);
	w->state = judge(n);
	if (w->state != before) {
		n->publish = true;
		if (w->state == WALL_OK)
			w->why.text[0] = '\0';
		else if (w->state != WALL_DOUBTED)
			says(n);
		log_line(&n->log, w->state == WALL_OK ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "clock: %s%s%s", wall_state_name(w->state),
			 w->state == WALL_OK ? "" : ": ", w->why.text);
	}
	node_fact(n, FACT_CLOCK, yes[w->state], 0, "", false);
}

void wall_clock_start(struct node *n)
{
	n->wall.floor_unix_s = KEDGE_BUILD_UNIX_S;
	for (uint32_t i = 0; i < (uint32_t)n->core.rows.services; i++)
		if (n->core.service[i].used && n->core.service[i].m.asked_unix_ms / 1000 > n->wall.floor_unix_s)
			n->wall.floor_unix_s = n->core.service[i].m.asked_unix_ms / 1000;
	wall_clock_look(n);
}

void wall_clock_learn(struct node *n, int64_t server_unix_s)
{
	/* whole seconds, cut: it is half a second more, as a mean */
	n->wall.server_minus_boot_ms = server_unix_s * 1000 + 500 - (int64_t)clock_boot_ms();
	n->wall.doubted = false;
	if (server_unix_s > n->wall.floor_unix_s)
		n->wall.floor_unix_s = server_unix_s;
	wall_clock_look(n);
}

void wall_clock_doubt(struct node *n, const char *words)
{
	struct wall_clock *w = &n->wall;

	w->doubted = true;
	w->doubted_minus_boot_ms = clock_wall_ms() - (int64_t)clock_boot_ms();
	(void)why_set(&w->why, KERR_OK, "%.180s: the certificate, or this node's clock, is wrong", words);
	wall_clock_look(n);
}

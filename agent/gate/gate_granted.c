/* STATE_DIR/granted: "kedge.granted/1 BOOT_ID DAY", a line a yes, "stop|update UID UNIX_S BOOT_S SERVICE STOP TO", and a line a
 * deployment that policy stopped that day, "auto ARN"; "-" where there is nothing. */
#include "agent/gate/gate_state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/wire/arn.h"
#include "platform/file.h"

#define FIRST "kedge.granted/1"

enum { LINE_CAP = NAME_CAP + ARN_CAP + GRANT_TO_CAP + 96, FILE_CAP = (GRANTS_MAX + AUTOMATICS_MAX + 1) * LINE_CAP };

static void path_of(const struct gate *g, struct text *t)
{
	text_s(t, g->conf->state_dir);
	text_s(t, "/" GRANTED_NAME);
}

static void word(struct text *t, const char *w)
{
	text_c(t, ' ');
	text_s(t, w[0] != '\0' ? w : "-");
}

static void number(struct text *t, int64_t n)
{
	text_c(t, ' ');
	text_i64(t, n);
}

void granted_say(const struct gate_permit *p, struct text *t)
{
	text_s(t, FIRST);
	word(t, p->boot_id);
	number(t, p->auto_day);
	text_c(t, '\n');
	for (uint32_t i = 0; i < p->grants; i++) {
		const struct grant *r = &p->grant[i];

		text_s(t, r->verb == GRANT_STOP ? "stop" : "update");
		number(t, r->uid);
		number(t, r->unix_s);
		number(t, (int64_t)r->boot_s);
		word(t, r->service);
		word(t, r->stop);
		word(t, r->to);
		text_c(t, '\n');
	}
	for (uint32_t i = 0; i < p->automatics; i++) {
		text_say(t, "auto");
		word(t, p->automatic[i].arn);
		text_c(t, '\n');
	}
}

enum kerr granted_write(struct gate *g, struct why *why)
{
	static char file[FILE_CAP];
	char path[CONF_PATH_CAP + 16];
	struct text at = text_on(path, sizeof(path)), t = text_on(file, sizeof(file));

	path_of(g, &at);
	granted_say(&g->permit, &t);
	return t.full ? why_set(why, KERR_TOO_BIG, "%s would be too long", path) : file_replace(path, text_get(&t), 0600, why);
}

/* Whoever can write into the directory can put another file in its place, but none of this user's. */
static enum kerr load(const char *path, char *to, size_t cap, size_t *len, struct why *why)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	ssize_t got = 1;

	*len = 0;
	if (fd < 0)
		return file_errno(errno, "open", path, why);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0 ||
	    (uint64_t)st.st_size > cap) {
		close(fd);
		return why_set(why, KERR_DENIED, "%s is not the file kedge wrote", path);
	}
	while (*len < cap && (got = read(fd, to + *len, cap - *len)) > 0)
		*len += (size_t)got;
	close(fd);
	return got < 0 ? why_set(why, KERR_IO, "%s cannot be read", path) : KERR_OK;
}

static bool take_word(struct slice *line, char *out, size_t cap)
{
	struct slice part;

	return slice_next(line, ' ', &part) && part.n > 0 && str_put(out, cap, slice_is(part, "-") ? SLICE("") : part) &&
	       strlen(out) == (slice_is(part, "-") ? 0 : part.n);
}

static bool take_number(struct slice *line, int64_t min, int64_t max, int64_t *out)
{
	struct slice part;

	return slice_next(line, ' ', &part) && slice_i64(part, out) && *out >= min && *out <= max;
}

static bool take_grant(struct gate_permit *p, enum grant_verb verb, struct slice line, bool same_boot)
{
	struct grant *r = &p->grant[p->grants];
	struct slice cluster, service, family;
	int64_t uid, boot_s;
	uint32_t revision;

	if (p->grants == GRANTS_MAX)
		return false;
	*r = (struct grant){ .verb = verb };
	if (!take_number(&line, 0, UINT32_MAX, &uid) || !take_number(&line, 0, INT64_MAX / 2, &r->unix_s) ||
	    !take_number(&line, 0, INT64_MAX / 2, &boot_s) || !take_word(&line, r->service, sizeof(r->service)) ||
	    !take_word(&line, r->stop, sizeof(r->stop)) || !take_word(&line, r->to, sizeof(r->to)) || line.n > 0)
		return false;
	if (!arn_name_ok(slice_of(r->service)) ||
	    (r->stop[0] != '\0' && !arn_service_of(slice_of(r->stop), &cluster, &service)) ||
	    (r->to[0] != '\0' && !arn_family_revision(slice_of(r->to), &family, &revision)))
		return false;
	r->uid = (uint32_t)uid;
	r->boot_s = same_boot ? (uint64_t)boot_s : 0;
	p->grants++;
	return true;
}

static bool take_line(struct gate_permit *p, struct slice line, bool same_boot)
{
	struct slice kind;

	if (!slice_next(&line, ' ', &kind))
		return false;
	if (slice_is(kind, "stop") || slice_is(kind, "update"))
		return take_grant(p, slice_is(kind, "stop") ? GRANT_STOP : GRANT_UPDATE, line, same_boot);
	return slice_is(kind, "auto") && p->automatics < AUTOMATICS_MAX &&
	       take_word(&line, p->automatic[p->automatics++].arn, ARN_CAP) && line.n == 0;
}

bool granted_take(struct gate_permit *p, struct slice file)
{
	struct slice line = SLICE(""), kind, boot = SLICE("");
	bool same_boot;

	if (file.n == 0 || file.p[file.n - 1] != '\n' || !slice_next(&file, '\n', &line) || !slice_next(&line, ' ', &kind) ||
	    !slice_is(kind, FIRST) || !slice_next(&line, ' ', &boot) || !take_number(&line, 0, INT64_MAX / 2, &p->auto_day) ||
	    line.n > 0)
		return false;
	same_boot = p->boot_id[0] != '\0' && slice_is(boot, p->boot_id);
	while (slice_next(&file, '\n', &line))
		if (!take_line(p, line, same_boot))
			return false;
	return true;
}

void granted_read(struct gate *g)
{
	static char file[FILE_CAP];
	struct gate_permit *p = &g->permit;
	int64_t today = p->auto_day;
	char path[CONF_PATH_CAP + 16];
	struct text at = text_on(path, sizeof(path));
	struct why why;
	size_t len;
	enum kerr e;

	path_of(g, &at);
	e = load(path, file, sizeof(file), &len, &why);
	if (e == KERR_GONE)
		return;
	if (e == KERR_OK && !granted_take(p, (struct slice){ file, len }))
		e = why_set(&why, KERR_BAD_INPUT, "%s is damaged", path);
	if (e == KERR_OK)
		return;
	/* how many it names is not known, so that today there may have been as many as there can be */
	p->grants = 0;
	p->auto_day = today;
	p->automatics = AUTOMATICS_MAX;
	for (uint32_t i = 0; i < AUTOMATICS_MAX; i++)
		p->automatic[i].arn[0] = '\0';
	log_line(&g->log, LOG_LEVEL_ERROR, "permits: %s; until tomorrow (UTC) a rollback needs a person's word again", why.text);
}

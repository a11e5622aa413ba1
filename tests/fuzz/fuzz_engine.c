/* What a container engine answers. The first byte says which: the list, an inspect, an image (its first line: the reference asked
 * for), /version, /info, the GETs themselves, or the event stream in pieces, where any chunking gives the same lines. */
#include "agent/wire/engine_in.h"
#include "agent/wire/engine_lines.h"
#include "agent/wire/engine_out.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_event.h"

#include <string.h>

#define LINE_MAX 900                     /* of the stream here: longer ones shall occur */

static char memory[192 * 1024], line_room[LINE_MAX];
static struct arena a;
static struct event ev;
static uint32_t told;

static void put(void *arg, const struct event *e)
{
	(void)arg;
	told++;
	fuzz_event(e);
}

static const struct ev_out out = { &ev, put, NULL };

static void over(enum kerr e, const struct why *why)
{
	if (arena_mark(&a) != 0)
		fuzz_broken("the arena is not as it was");
	if (e != KERR_OK && why->text[0] == '\0')
		fuzz_broken("refused without words");
}

static void list(struct slice body)
{
	struct engine_in_counts n = { 0, 0, 0 };
	struct why why = { "" };

	over(engine_in_list(&a, body, &out, &n, &why), &why);
	if (n.told != told || (n.refused > 0 && why.text[0] == '\0'))
		fuzz_broken("containers were miscounted");
}

static void one(uint8_t which, struct slice body)
{
	struct engine_in_host host = { .memory_bytes = 0 };
	struct slice reference = SLICE("");
	char image[IMAGE_CAP];
	struct why why = { "" };
	bool is = true;
	enum kerr e;

	if (which == 1) {
		e = engine_in_inspect(&a, body, &ev, &is, &why);
	} else if (which == 2) {
		(void)slice_next(&body, '\n', &reference);
		if (!str_put(image, sizeof(image), reference))
			return;
		e = engine_in_image(&a, body, image, &ev, &why);
	} else if (which == 3) {
		e = engine_in_version(&a, body, &ev, &why);
	} else {
		e = engine_in_info(&a, body, &ev, &host, &why);
		fuzz_text(host.data_root, sizeof(host.data_root), "a data root");
	}
	over(e, &why);
	if (e == KERR_OK && is)
		fuzz_event(&ev);
}

struct stream { struct engine_lines lines; uint64_t n, hash; };

static enum kerr feed(void *arg, struct slice part)
{
	struct stream *s = arg;
	struct slice line;

	while (engine_lines_next(&s->lines, &part, &line)) {
		if (line.n == 0 || line.n > LINE_MAX || memchr(line.p, '\n', line.n) != NULL)
			fuzz_broken("a line that is none");
		s->n++;
		s->hash = s->hash * 31 + slice_hash(line);
	}
	return KERR_OK;
}

static struct stream stream_of(const struct fuzz_pieces *pieces, struct slice text)
{
	struct stream s = { .n = 0 };

	engine_lines_init(&s.lines, line_room, sizeof(line_room));
	(void)fuzz_feed(pieces, text, feed, &s);
	return s;
}

static void stream(struct slice text)
{
	struct fuzz_pieces pieces = fuzz_pieces(&text);
	struct stream whole = stream_of(NULL, text), cut = stream_of(&pieces, text);
	struct slice line;

	if (cut.n != whole.n || cut.hash != whole.hash)
		fuzz_broken("in pieces there are other lines");
	while (slice_next(&text, '\n', &line)) {
		struct why why = { "" };
		bool is = false;
		enum kerr e = engine_in_event(&a, line, &ev, &is, &why);

		over(e, &why);
		if (e == KERR_OK && is)
			fuzz_event(&ev);
	}
}

static void asked(struct slice arg)
{
	char url[ENGINE_URL_CAP];
	int64_t since = fuzz_byte(&arg) * INT64_C(7777777777);

	(void)engine_in_ref_digest(arg);
	for (enum engine_get get = EG_PING; get < ENGINE_GETS; get++) {
		struct why why = { "" };

		if (engine_out_url(get, arg, since, url, sizeof(url), &why) != KERR_OK) {
			if (why.text[0] == '\0')
				fuzz_broken("refused without words");
			continue;
		}
		fuzz_text(url, sizeof(url), "a URL");
		if (url[0] != '/' || strpbrk(url, " \"<>\\^`|#") != NULL || strstr(url, "/../") != NULL)
			fuzz_broken("a GET that is none of the list");
		if (engine_out_url(get, arg, since, url, strlen(url), &why) != KERR_TOO_BIG)
			fuzz_broken("a URL in too small a room");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size };
	uint8_t which = fuzz_byte(&in) % 7;

	arena_init(&a, memory, sizeof(memory));
	memset(&ev, 0xA5, sizeof(ev));
	told = 0;
	if (which == 0)
		list(in);
	else if (which <= 4)
		one(which, in);
	else if (which == 5)
		asked(in);
	else
		stream(in);
	return 0;
}

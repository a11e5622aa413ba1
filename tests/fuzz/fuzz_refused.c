/* Answers that are no success: JSON, XML, HTML or nothing. Byte 0: the status, byte 1: how far the Date header is from the
 * request's own time; then the error-type header to the end of its line; then the body. A type that begins with "http" is the
 * Location header instead. */
#include "agent/wire/ecs_refused.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define SIGNED_UNIX_S INT64_C(1800000000)

static struct event ev[2];
static char memory[192 * 1024], location[400];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int status[] = { 400, 403, 407, 429, 500, 502, 503, 200, 301, 404, 401, 511 };
	static const int64_t skew[] = { 0, 30, -30, 239, 241, -241, 86400, -86400 };
	struct slice in = { (const char *)data, size }, type = SLICE("");
	struct ecs_refusal r = { .status = status[fuzz_byte(&in) % 12] };
	uint8_t when = fuzz_byte(&in);
	const struct ev_aws_failed *f = &ev[0].u.aws_failed;
	int64_t server[2];
	struct arena a;

	r.signed_unix_s = SIGNED_UNIX_S;
	r.date_unix_s = (when & 128) != 0 ? 0 : SIGNED_UNIX_S + skew[when % 8];
	(void)slice_next(&in, '\n', &type);
	r.host = "ecs.eu-west-1.amazonaws.com";
	r.location = slice_starts(type, "http") && str_put(location, sizeof(location), type) ? location : "";
	r.error_type = r.location[0] == '\0' ? type : SLICE("");
	r.body = in;
	for (int i = 0; i < 2; i++) {
		memset(&ev[i], i == 0 ? 0 : 0xA5, sizeof(ev[i]));
		arena_init(&a, memory, sizeof(memory));
		ecs_refused(&r, &a, (struct ecs_asked){ 3, 7 }, &ev[i], &server[i]);
		if (arena_mark(&a) != 0)
			fuzz_broken("the arena is not as it was");
	}
	if (server[0] != server[1] || memcmp(&ev[0].u.aws_failed, &ev[1].u.aws_failed, sizeof(*f)) != 0)
		fuzz_broken("the event keeps something of what stood there before");
	if (ev[0].type != EV_AWS_FAILED || f->service != 3 || f->ask != 7 || f->error >= AWS_ERRORS)
		fuzz_broken("no refusal");
	fuzz_text(f->detail, sizeof(f->detail), "what AWS says");
	if (f->detail[0] == '\0')
		fuzz_broken("a refusal without words");
	if (f->error != AE_CLOCK && server[0] != 0)
		fuzz_broken("the server's clock out of an answer that is about none");
	if (f->error == AE_CLOCK && server[0] == 0 && r.date_unix_s != 0)
		fuzz_broken("a clock that is wrong, and by how much is not said");
	return 0;
}

/* Retries: how long, how many, and how much a server's own word counts. Figures of botocore's standard mode, by hand. */
#include "agent/base/backoff.h"
#include "tests/tap.h"

static void jitter(void)
{
	ok(backoff_ms(0, 1000, 20000, 0) == 0, "full jitter begins at nothing");
	is_int(backoff_ms(0, 1000, 20000, UINT64_MAX), 999, "the first retry waits less than the base");
	is_int(backoff_ms(0, 1000, 20000, UINT64_C(1) << 63), 500, "half the dice, half the wait");
	is_int(backoff_ms(3, 1000, 20000, UINT64_C(1) << 63), 4000, "the fourth: eight times the base");
	is_int(backoff_ms(5, 1000, 20000, UINT64_C(1) << 63), 10000, "no more than the cap");
	is_int(backoff_ms(4000000000u, 1000, 20000, UINT64_C(1) << 63), 10000, "however often it failed");
	is_int(backoff_ms(2, 50, 20000, UINT64_C(3) << 62), 150, "transient errors begin with 50 ms");
	is_int(backoff_ms(9, UINT64_C(30000), UINT64_C(21600000), UINT64_MAX), 15359999, "hours do not overflow");
}

static void asked(void)
{
	is_int(backoff_obey(800, 0), 800, "a server that says nothing");
	is_int(backoff_obey(800, 300), 800, "one that asks for less than was drawn");
	is_int(backoff_obey(800, 3000), 3000, "one that asks for more");
	is_int(backoff_obey(800, 5800), 5800, "five seconds more are obeyed");
	is_int(backoff_obey(800, 600000), 5800, "ten minutes are not");
}

static void quota(void)
{
	struct backoff b = { 0, 0 };
	int n = 0;

	while (backoff_take(&b, BACKOFF_TRANSIENT))
		n++;
	is_int(n, 35, "500 tokens are 35 retries of lost answers");
	ok(backoff_take(&b, BACKOFF_THROTTLED) && backoff_take(&b, BACKOFF_THROTTLED) && !backoff_take(&b, 1), "and two of throttles: then none");
	backoff_refund(&b);
	ok(backoff_take(&b, BACKOFF_THROTTLED), "a call that gets through gives back what its retry took");
	backoff_refund(&b);
	backoff_refund(&b);
	ok(!backoff_take(&b, BACKOFF_THROTTLED + 2) && backoff_take(&b, BACKOFF_THROTTLED + 1), "one that needed no retry gives back one");
	b = (struct backoff){ 0, 0 };
	backoff_refund(&b);
	is_int(b.spent, 0, "the quota never holds more than 500");
	n = 0;
	while (backoff_take(&b, BACKOFF_THROTTLED))
		n++;
	is_int(n, 100, "500 tokens are 100 retries of throttles");
}

int main(void)
{
	jitter();
	asked();
	quota();
	return done();
}

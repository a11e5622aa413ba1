#include "platform/clock.h"

#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include "platform/file.h"

static int64_t raw_ms(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) != 0)
		return 0;
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

#ifdef KEDGE_TEST_CLOCK

static int64_t env_number(const char *name, int64_t fallback)
{
	int64_t v;

	return slice_i64(slice_of(getenv(name)), &v) ? v : fallback;
}

static int64_t scale(void)
{
	int64_t v = env_number("KEDGE_CLOCK_SCALE", 1);

	return v < 1 ? 1 : v > 100000 ? 100000 : v;
}

/* What the scale has added on top of real time so far, the same for both clocks. */
static int64_t gained_ms(void)
{
	static int64_t first_look; /* the seam's only state: where simulated time began */
	int64_t now = raw_ms(CLOCK_BOOTTIME);

	if (first_look == 0)
		first_look = env_number("KEDGE_CLOCK_ANCHOR_MS", now);
	return now > first_look ? (now - first_look) * (scale() - 1) : 0;
}

static int64_t offset_ms(void)
{
	return raw_ms(CLOCK_BOOTTIME) < env_number("KEDGE_CLOCK_SET_AT_MS", INT64_MAX) ? env_number("KEDGE_CLOCK_OFFSET_MS", 0) : 0;
}

uint64_t clock_real_ms(uint64_t ms)
{
	uint64_t by = (uint64_t)scale();

	return ms / by + (ms % by != 0);
}

#else

static int64_t gained_ms(void)
{
	return 0;
}

static int64_t offset_ms(void)
{
	return 0;
}

uint64_t clock_real_ms(uint64_t ms)
{
	return ms;
}

#endif

uint64_t clock_boot_ms(void)
{
	return (uint64_t)(raw_ms(CLOCK_BOOTTIME) + gained_ms());
}

int64_t clock_wall_ms(void)
{
	return raw_ms(CLOCK_REALTIME) + gained_ms() + offset_ms();
}

bool clock_wall_sane(int64_t floor_unix_s)
{
	const int64_t thirty_years_s = (int64_t)30 * 366 * 86400;
	int64_t now = clock_wall_ms() / 1000;

	return now >= floor_unix_s && now - floor_unix_s <= thirty_years_s;
}

static bool is_boot_id(struct slice id)
{
	if (id.n != CLOCK_BOOT_ID_LEN)
		return false;
	for (size_t i = 0; i < id.n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		bool hex = ch_digit(id.p[i]) || (id.p[i] >= 'a' && id.p[i] <= 'f');

		if (dash ? id.p[i] != '-' : !hex)
			return false;
	}
	return true;
}

enum kerr clock_boot_id(char id[CLOCK_BOOT_ID_LEN + 1], struct why *why)
{
	const char *path = "/proc/sys/kernel/random/boot_id";
	char buf[64];
	size_t n;
	enum kerr err = file_read(path, FILE_ANY_KIND, buf, sizeof(buf), &n, why);
	struct slice text = slice_trim((struct slice){ buf, n });

	id[0] = '\0';
	if (err != KERR_OK)
		return err;
	if (!is_boot_id(text))
		return why_set(why, KERR_BAD_INPUT, "%s does not hold a UUID", path);
	(void)str_put(id, CLOCK_BOOT_ID_LEN + 1, text);
	return KERR_OK;
}

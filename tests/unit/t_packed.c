/* The reader of packed texts, as it is shipped, also where texts are plain: what is no packed text must not lead it astray. */
#define KEDGE_PACKED 1
#include "agent/base/packed.c"

#include <stdbool.h>
#include <string.h>

#include "tests/tap.h"

static const char *all_of(const char *packed)
{
	static char out[4096];

	return packed_copy(out, sizeof(out), (const struct packed *)packed);
}

static void plain(void)
{
	char ascii[128] = "\n\t";

	for (int i = ' '; i < 127; i++)
		ascii[i - ' ' + 2] = (char)i;
	is_str(all_of(""), "", "nothing is nothing");
	is_str(all_of(ascii), ascii, "plain ASCII is its own packed form");
	is_str(all_of("caf\1\303\1\251 \1\1"), "caf\303\251 \1", "what is marked stands for itself");
	is_str(all_of("a\1"), "a", "a mark that the end follows stands for nothing");
}

static void table(void)
{
	const char *p = parts;
	bool right = true, ascii = true;
	int n = 0;

	for (int i = 0; i < PARTS; i++) {
		char want[64] = "", packed[] = { (char)(uint8_t)(i + 0x80), '\0' };
		size_t len = 0;

		do {
			want[len] = (char)(*p & ~LAST);
			ascii = ascii && (strchr("\n\t\r", want[len]) != NULL || (want[len] >= ' ' && want[len] < 127));
			len++;
		} while ((*p++ & LAST) == 0 && len + 1 < sizeof(want));
		if (packed[0] == '\0' || packed[0] == RAW)
			continue;
		right = right && strcmp(all_of(packed), want) == 0;
		n += len > 1;
	}
	ok(right, "each byte stands for its part");
	ok(ascii && n > 100, "which are plain ASCII, of all %d parts", n);
	ok(p == parts + sizeof(parts) - 1, "and there is nothing behind the last");
	is_str(all_of("a\ta\nb\rc"), "a\ta\nb\rc", "what ends a line or a column is no part");
}

static void bounds(void)
{
	struct packed_at at = packed_on((const struct packed *)"a\1b");
	char cut[6] = "zzzzz", none[1] = "z", buf[PACKED_MAX];

	is_str(packed_copy(cut, 4, (const struct packed *)"abcdef"), "abc", "a copy is cut where its room ends");
	is_str(packed_copy(none, sizeof(none), (const struct packed *)"abc"), "", "and room for a NUL is enough");
	ok(packed_next(&at) == 'a' && packed_next(&at) == 'b' && packed_next(&at) == '\0' && packed_next(&at) == '\0',
	   "at its end a text stays at its end");
	is_str(packed_format(buf, "%s: %d\n"), "%s: %d\n", "a format is found again");
}

static void hostile(void)
{
	uint32_t seed = 1;
	bool sound = true;

	for (int i = 0; i < 20000; i++) {
		char bytes[33], out[64], again[64];
		size_t n = (size_t)i % 32;

		for (size_t k = 0; k < n; k++) {
			seed = seed * 1664525 + 1013904223;
			bytes[k] = (char)(seed >> 24);
		}
		bytes[n] = '\0';
		packed_copy(out, sizeof(out), (const struct packed *)bytes);
		packed_copy(again, sizeof(again) / 2, (const struct packed *)bytes);
		sound = sound && strlen(out) < sizeof(out) && strncmp(out, again, strlen(again)) == 0;
	}
	ok(sound, "bytes that nobody packed come to an end");
}

int main(void)
{
	plain();
	table();
	bounds();
	hostile();
	return done();
}

/* tap.h - the Test Anything Protocol in a page: ok(), is_int(), is_str(), done(). TAP_FAILED_MAX in the environment: how many
 * failed ones end the program. */
#ifndef KEDGE_TAP_H
#define KEDGE_TAP_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count, tap_failed;

static inline void tap_enough(void)
{
	const char *max = getenv("TAP_FAILED_MAX");

	if (max != NULL && tap_failed >= atoi(max))
		exit(1);
}

#define ok(cond, ...) do { \
	int ok_ = !!(cond); \
	tap_count++; \
	tap_failed += !ok_; \
	printf("%sok %d - ", ok_ ? "" : "not ", tap_count); \
	printf(__VA_ARGS__); \
	putchar('\n'); \
	if (!ok_) { \
		printf("#   at %s:%d: %s\n", __FILE__, __LINE__, #cond); \
		tap_enough(); \
	} \
	fflush(stdout); \
} while (0)

#define is_int(got, want, ...) do { \
	int64_t got_ = (int64_t)(got), want_ = (int64_t)(want); \
	ok(got_ == want_, __VA_ARGS__); \
	if (got_ != want_) \
		printf("#   got %" PRId64 ", want %" PRId64 "\n", got_, want_); \
} while (0)

#define is_str(got, want, ...) do { \
	const char *got_ = (got), *want_ = (want); \
	ok(strcmp(got_, want_) == 0, __VA_ARGS__); \
	if (strcmp(got_, want_) != 0) \
		printf("#   got:  %s\n#   want: %s\n", got_, want_); \
} while (0)

#define done() (printf("1..%d\n", tap_count), tap_failed != 0)

#endif

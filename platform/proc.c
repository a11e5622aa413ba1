#define _DEFAULT_SOURCE /* madvise: posix_madvise may not drop pages */
#include "platform/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "platform/file.h"

enum { PROC_FILE_MAX = 4096, BLOCK_BYTES = 512 /* of getrusage(2), whatever the disk has */ };

/* The number after "NAME:" at a line's beginning. */
static bool field(struct slice text, const char *name, uint64_t *v)
{
	struct slice line;

	while (slice_next(&text, '\n', &line)) {
		struct slice rest, number;

		if (!slice_starts(line, name))
			continue;
		rest = slice_trim(slice_from(line, strlen(name)));
		return slice_next(&rest, ' ', &number) && slice_u64(number, v);
	}
	return false;
}

static enum kerr read_field(const char *path, const char *name, uint64_t *v, struct why *why)
{
	char buf[PROC_FILE_MAX];
	size_t n;
	enum kerr err = file_read(path, FILE_ANY_KIND, buf, sizeof(buf), &n, why);

	*v = 0;
	if (err != KERR_OK)
		return err;
	if (!field((struct slice){ buf, n }, name, v))
		return why_set(why, KERR_BAD_INPUT, "%s has no number at %s", path, name);
	return KERR_OK;
}

enum kerr proc_pss_bytes(const pid_t *others, size_t n, uint64_t *bytes, struct why *why)
{
	uint64_t kib;
	enum kerr err = read_field("/proc/self/smaps_rollup", "Pss:", &kib, why);

	*bytes = kib * 1024;
	for (size_t i = 0; i < n && err == KERR_OK; i++) {
		char path[64];
		struct text t = text_on(path, sizeof(path));

		text_say(&t, "/proc/");
		text_i64(&t, others[i]);
		text_say(&t, "/smaps_rollup");
		/* one that has ended costs nothing any more */
		if (read_field(path, "Pss:", &kib, NULL) == KERR_OK)
			*bytes += kib * 1024;
	}
	return err;
}

enum kerr proc_own_pss_bytes(int *fd, uint64_t *bytes, struct why *why)
{
	char buf[PROC_FILE_MAX];
	uint64_t kib;
	ssize_t got;

	if (*fd < 0)
		*fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
	*bytes = 0;
	got = *fd < 0 ? -1 : pread(*fd, buf, sizeof(buf), 0);
	if (got < 0)
		return file_errno(errno, "read", "/proc/self/smaps_rollup", why);
	if (!field((struct slice){ buf, (size_t)got }, "Pss:", &kib))
		return why_set(why, KERR_BAD_INPUT, "/proc/self/smaps_rollup has no Pss");
	*bytes = kib * 1024;
	return KERR_OK;
}

uint64_t proc_disk_written_bytes(void)
{
	struct rusage use;

	return getrusage(RUSAGE_SELF, &use) == 0 ? (uint64_t)use.ru_oublock * BLOCK_BYTES : 0;
}

void proc_give_back(void *buf, size_t n_bytes)
{
	uintptr_t page = (uintptr_t)getauxval(AT_PAGESZ), from = (uintptr_t)buf, to = from + n_bytes;

	from = (from + page - 1) / page * page;
	to = to / page * page;
	if (to > from)
		(void)madvise((char *)from, to - from, MADV_DONTNEED);   /* advice: without it more stays resident */
}

void proc_rest(void)
{
	extern char __executable_start[], etext[];      /* ld's, end(3) */

	proc_give_back(__executable_start, (uintptr_t)etext - (uintptr_t)__executable_start);
}

void proc_no_dump(void)
{
	int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (fd < 0)
		return;
	(void)!write(fd, "0", 1);
	close(fd);
}

uint64_t proc_cpu_ms(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) != 0)
		return 0;
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

struct proc_cpu proc_cpu_of(struct slice machine)
{
	static const struct {
		const char *machine, *arch, *variant;
	} known[] = {
		{ "x86_64", "amd64", "" },      { "aarch64", "arm64", "v8" },   { "armv8", "arm", "v8" },
		{ "armv7", "arm", "v7" },       { "armv6", "arm", "v6" },       { "armv5", "arm", "v5" },
		{ "i386", "386", "" },          { "i486", "386", "" },          { "i586", "386", "" },
		{ "i686", "386", "" },          { "riscv64", "riscv64", "" },   { "ppc64le", "ppc64le", "" },
		{ "s390x", "s390x", "" },       { "mips64", "mips64", "" },     { "loongarch64", "loong64", "" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		/* armv7l, armv6hf ...: the ending says endianness or ABI */
		if (slice_starts(machine, known[i].machine))
			return (struct proc_cpu){ known[i].arch, known[i].variant };
	return (struct proc_cpu){ "", "" };
}

struct proc_cpu proc_cpu(void)
{
	struct utsname u;

	if (uname(&u) != 0)
		return (struct proc_cpu){ "", "" };
	return proc_cpu_of(slice_of(u.machine));
}

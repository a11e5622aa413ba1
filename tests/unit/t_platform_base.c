/* The small parts of platform/: clock, log, crypto, file, proc, net, pem. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "platform/clock.h"
#include "platform/crypto.h"
#include "platform/file.h"
#include "platform/log.h"
#include "platform/net.h"
#include "platform/pem.h"
#include "platform/proc.h"
#include "tests/tap.h"

/* exit status of a child in a namespace of its own: CHILD = all good, CHILD + n = step n failed, other
 * values = there is no such namespace here */
enum { CHILD = 100 };

static char dir[64];

static const char *at(const char *name)
{
	static char path[4][256];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

static void hex_of(const uint8_t *p, size_t n, char *out)
{
	struct text t = text_on(out, n * 2 + 1);

	text_hex(&t, p, n);
}

static void test_clock(void)
{
	char id[CLOCK_BOOT_ID_LEN + 1];
	struct why why;
	uint64_t a = clock_boot_ms(), b;

	(void)nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	b = clock_boot_ms();
	ok(b >= a + 19 && b < a + 5000, "boot time moves with real time");
	ok(clock_wall_ms() > 1600000000000, "wall clock is in milliseconds");
	is_int(clock_boot_id(id, &why), KERR_OK, "boot id is read");
	is_int(strlen(id), 36, "and is an UUID");
	ok(clock_wall_sane(clock_wall_ms() / 1000 - 5), "a floor just before now is sane");
	ok(!clock_wall_sane(clock_wall_ms() / 1000 + 60), "a floor after now is not");
	ok(!clock_wall_sane(0), "more than 30 years after the floor is not");
}

static void test_crypto(void)
{
	uint8_t sum[32], long_key[131];
	char hex[65];
	uint64_t a = 0, b = 0;
	struct why why;
	char secret[8] = "geheim!";

	crypto_sha256(SLICE("abc"), sum);
	hex_of(sum, 32, hex);
	is_str(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "SHA-256 of abc (FIPS 180-4)");
	crypto_sha256((struct slice){ NULL, 0 }, sum);
	hex_of(sum, 32, hex);
	is_str(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "SHA-256 of nothing");
	crypto_hmac_sha256(SLICE("Jefe"), SLICE("what do ya want for nothing?"), sum);
	hex_of(sum, 32, hex);
	is_str(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", "HMAC (RFC 4231 case 2)");
	memset(long_key, 0xaa, sizeof(long_key));
	crypto_hmac_sha256((struct slice){ (const char *)long_key, sizeof(long_key) },
			   SLICE("Test Using Larger Than Block-Size Key - Hash Key First"), sum);
	hex_of(sum, 32, hex);
	is_str(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", "HMAC (RFC 4231 case 6)");
	is_int(crypto_crc32(0, SLICE("123456789")), 0xcbf43926, "CRC-32 check value");
	is_int(crypto_crc32(crypto_crc32(0, SLICE("1234")), SLICE("56789")), 0xcbf43926, "CRC-32 in two parts");
	ok(crypto_random_u64(&a, &why) == KERR_OK && crypto_random_u64(&b, &why) == KERR_OK && a != b, "random numbers differ");
	crypto_zero(secret, sizeof(secret));
	ok(memcmp(secret, "\0\0\0\0\0\0\0", 8) == 0, "a secret is gone");
	ok(crypto_equal(SLICE("abc"), SLICE("abc")), "equal");
	ok(!crypto_equal(SLICE("abc"), SLICE("abd")) && !crypto_equal(SLICE("abc"), SLICE("ab")), "not equal");
}

static void test_file(void)
{
	char buf[64];
	size_t n;
	struct why why;
	struct file_ident id;
	struct file_space sp;

	is_int(file_make_dirs(at("a/b/c"), 0755, &why), KERR_OK, "directories are made");
	is_int(file_make_dirs(at("a/b/c"), 0755, &why), KERR_OK, "and may be there already");
	is_int(file_replace(at("a/f"), SLICE("one\n"), 0640, &why), KERR_OK, "a file is written");
	is_int(file_replace(at("a/f"), SLICE("two!\n"), 0640, &why), KERR_OK, "and replaced");
	is_int(file_read(at("a/f"), FILE_REGULAR, buf, sizeof(buf), &n, &why), KERR_OK, "and read");
	ok(n == 5 && memcmp(buf, "two!\n", 5) == 0, "with the new bytes");
	ok(access(at("a/f.tmp"), F_OK) != 0, "no temporary file is left");
	is_int(file_read(at("a/f"), FILE_REGULAR, buf, 5, &n, &why), KERR_OK, "a buffer that just fits");
	is_int(file_read(at("a/f"), FILE_REGULAR, buf, 4, &n, &why), KERR_TOO_BIG, "one byte less is too small");
	ok(strstr(why.text, "/a/f is longer than 4") != NULL, "and the sentence says which file: %s", why.text);
	is_int(file_read(at("a/none"), FILE_REGULAR, buf, sizeof(buf), &n, &why), KERR_GONE, "a missing file");
	is_int(file_read(at("a/b"), FILE_REGULAR, buf, sizeof(buf), &n, &why), KERR_BAD_INPUT, "a directory is no file");
	is_int(mkfifo(at("fifo"), 0600), 0, "a fifo");
	is_int(file_read(at("fifo"), FILE_REGULAR, buf, sizeof(buf), &n, &why), KERR_BAD_INPUT, "a fifo does not hold us");
	is_int(file_make_dirs(at("a/f/x"), 0755, &why), KERR_BAD_INPUT, "a file on the way: %s", why.text);
	is_int(file_append(at("a/log"), SLICE("12345"), 0600, &why), KERR_OK, "append makes the file");
	is_int(file_append(at("a/log"), SLICE("678"), 0600, &why), KERR_OK, "and adds to it");
	is_int(file_identify(at("a/log"), &id, &why), KERR_OK, "its identity");
	ok(id.size_bytes == 8 && id.mode == 0600 && id.inode != 0 && id.mtime_unix_s > 1600000000, "is right");
	is_int(file_truncate(at("a/log"), 3, &why), KERR_OK, "truncate");
	ok(file_identify(at("a/log"), &id, &why) == KERR_OK && id.size_bytes == 3, "cuts");
	is_int(file_remove(at("a/log"), &why), KERR_OK, "remove");
	is_int(file_remove(at("a/log"), &why), KERR_OK, "remove again");
	is_int(file_space(dir, &sp, &why), KERR_OK, "space");
	ok(sp.total_bytes > 0 && sp.free_bytes <= sp.total_bytes, "is plausible");
	is_int(file_append("/dev/full", SLICE("x"), 0600, &why), KERR_BAD_INPUT, "a device is no journal");
}

/* A disk of 64 KiB in a mount namespace of its own: the only honest way to see ENOSPC and EROFS. */
static void test_full_disk(void)
{
	const char *script = "mount -t tmpfs -o size=64k none \"$1\" && exec \"$0\" --full \"$1\"";
	char self[256];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	pid_t pid;
	int status = -1;

	self[n > 0 ? n : 0] = '\0';
	is_int(mkdir(at("disk"), 0755), 0, "a place for a small disk");
	pid = fork();
	if (pid == 0) {
		execlp("unshare", "unshare", "-rm", "sh", "-c", script, self, at("disk"), (char *)NULL);
		_exit(77);
	}
	(void)waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) >= CHILD && WEXITSTATUS(status) < CHILD + 10)
		is_int(WEXITSTATUS(status), CHILD, "a full and a read-only disk are told apart from other failures");
	else
		ok(true, "full disk # SKIP no private mounts here");
}

/* In the child: exit 0, or which step was wrong. */
static int full_disk_child(const char *disk)
{
	static char big[100 * 1024];
	char path[128], buf[16], command[200];
	struct why why;
	size_t len;
	struct file_ident id;

	snprintf(path, sizeof(path), "%s/f", disk);
	snprintf(command, sizeof(command), "mount -o remount,ro %s", disk);
	if (file_replace(path, SLICE("old"), 0600, &why) != KERR_OK)
		return CHILD + 1;
	if (file_replace(path, (struct slice){ big, sizeof(big) }, 0600, &why) != KERR_NOSPACE || strstr(why.text, disk) == NULL)
		return CHILD + 2;
	if (file_read(path, FILE_REGULAR, buf, sizeof(buf), &len, &why) != KERR_OK || len != 3 || memcmp(buf, "old", 3) != 0)
		return CHILD + 3;
	if (file_append(path, (struct slice){ big, sizeof(big) }, 0600, &why) != KERR_NOSPACE)
		return CHILD + 4;
	if (file_identify(path, &id, &why) != KERR_OK || id.size_bytes != 3)
		return CHILD + 5;
	if (system(command) != 0)
		return 77;
	if (file_replace(path, SLICE("new"), 0600, &why) != KERR_NOSPACE)
		return CHILD + 6;
	if (file_append(path, SLICE("new"), 0600, &why) != KERR_NOSPACE)
		return CHILD + 7;
	return CHILD;
}

static void read_log(const char *path, char *buf, size_t cap)
{
	size_t n = 0;
	struct why why;

	if (file_read(path, FILE_REGULAR, buf, cap - 1, &n, &why) != KERR_OK)
		n = 0;
	buf[n] = '\0';
}

static void test_log(void)
{
	static char buf[8192], big[3000];
	struct log log;
	enum log_level level;
	struct stat st;
	char stream[64];
	int p[2];

	log_init(&log, LOG_LEVEL_INFO);
	log.fd = open(at("log"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	log.journal = false;
	log_line(&log, LOG_LEVEL_WARN, "image %s", "a\nb\x1b[31m\xc2\x9b" "c\xc3\xa9");
	log_line(&log, LOG_LEVEL_DEBUG, "not wanted");
	log.journal = true;
	log_line(&log, LOG_LEVEL_ERROR, "bad");
	memset(big, 'x', sizeof(big) - 1);
	log_line(&log, LOG_LEVEL_INFO, "%s", big);
	read_log(at("log"), buf, sizeof(buf));
	ok(strncmp(buf, "warn: image a\\nb\\x1b[31m\\x9bc\xc3\xa9\n<3>bad\n<6>xxx", 45) == 0, "lines are escaped and prefixed");
	ok(strlen(buf) > 4 && strlen(buf) < 1200 && strcmp(buf + strlen(buf) - 4, "...\n") == 0, "a long line is cut and says so");
	is_int(log.cut, 1, "and is counted");
	close(log.fd);
	is_int(pipe(p), 0, "a pipe nobody reads");
	log.fd = p[1];
	for (int i = 0; i < 500; i++)
		log_line(&log, LOG_LEVEL_INFO, "%d %.900s", i, big);
	ok(log.lost > 300 && log.lost < 500, "costs lines (%" PRIu64 "), not time", log.lost);
	close(p[0]);
	close(p[1]);
	ok(log_level_parse(SLICE("debug"), &level) && level == LOG_LEVEL_DEBUG, "level by name");
	ok(!log_level_parse(SLICE("loud"), &level), "unknown level");
	ok(fstat(STDERR_FILENO, &st) == 0, "stderr");
	snprintf(stream, sizeof(stream), "%" PRIu64 ":%" PRIu64, (uint64_t)st.st_dev, (uint64_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_init(&log, LOG_LEVEL_INFO);
	ok(log.journal, "stderr is the journal when dev:inode agree");
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_init(&log, LOG_LEVEL_INFO);
	ok(!log.journal, "and only then");
}

static void test_proc(void)
{
	uint64_t v = 0;
	struct why why;
	pid_t gone = 999999999;
	int fd = -1;

	is_int(proc_pss_bytes(&gone, 1, &v, &why), KERR_OK, "PSS; a process that has ended does not matter");
	ok(v > 100 * 1024 && v % 1024 == 0, "is plausible: %" PRIu64, v);
	v = proc_disk_written_bytes();
	ok(v % 512 == 0, "disk bytes, in blocks: %" PRIu64, v);
	is_int(proc_own_pss_bytes(&fd, &v, &why), KERR_OK, "its own PSS alone");
	ok(fd >= 0 && v > 100 * 1024, "is plausible: %" PRIu64, v);
	is_int(proc_own_pss_bytes(&fd, &v, &why), KERR_OK, "and again through the same descriptor");
	(void)close(fd);
	ok(proc_cpu().arch[0] != '\0', "this CPU has a name: %s", proc_cpu().arch);
	is_str(proc_cpu_of(SLICE("armv7l")).variant, "v7", "armv7l is v7");
	is_str(proc_cpu_of(SLICE("armv6l")).arch, "arm", "armv6l is arm");
	is_str(proc_cpu_of(SLICE("aarch64")).arch, "arm64", "aarch64 is arm64");
	is_str(proc_cpu_of(SLICE("vax")).arch, "", "unknown stays unknown");
}

static void test_given_back(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), n = 4 * page;
	char *room = malloc(n);
	size_t kept = 0;

	if (room == NULL)
		abort();
	memset(room, 'x', n);
	proc_give_back(room + 1, n - 2);
	ok(room[0] == 'x' && room[n - 1] == 'x', "what stands beside a buffer stays");
	for (size_t i = 0; i < n; i++)
		kept += room[i] == 'x';
	ok(kept < 3 * page && (n - kept) % page == 0, "its whole pages read as zeros: %zu of %zu bytes stay", kept, n);
	memset(room, 'x', n);
	proc_give_back(room, 1);
	ok(memchr(room, 0, n) == NULL, "a part of a page is none");
	free(room);
}

static void test_no_dump(void)
{
	char said[16];
	size_t len;
	int status = 0;
	struct why why;
	pid_t child = fork();   /* a leak checker has to look into its process */

	if (child == 0) {
		proc_no_dump();
		_exit(file_read("/proc/self/coredump_filter", FILE_ANY_KIND, said, sizeof(said), &len, &why) == KERR_OK &&
		      len == 9 && memcmp(said, "00000000\n", len) == 0 ? 0 : 1);
	}
	ok(waitpid(child, &status, 0) == child && status == 0, "nothing of a process is dumped, whoever dumps it");
}

/* The kernel tells of carriers once a second at most, and so after the command that brought them up. */
static void settled(struct net *net)
{
	struct pollfd p = { net->fd, POLLIN, 0 };

	while (poll(&p, 1, 1200) > 0)
		(void)net_changed(net);
}

/* In a network namespace of its own: no route, then one, and news of it. */
static int net_child(void)
{
	struct net net;
	struct why why;
	bool have = true;

	if (net_open(&net, &why) != KERR_OK || net_changed(&net))
		return CHILD + 1;
	if (net_default_route(&net, &have, &why) != KERR_OK || have)
		return CHILD + 2;
	if (system("ip link set lo up && ip link add ve0 type veth peer name ve1 && ip addr add 10.9.8.7/24 dev ve0 && "
		   "ip link set ve0 up && ip link set ve1 up && ip route add default via 10.9.8.1") != 0)
		return 77;
	if (!net_changed(&net))
		return CHILD + 3;
	settled(&net);
	if (net_changed(&net))
		return CHILD + 3;
	if (net_default_route(&net, &have, &why) != KERR_OK || !have)
		return CHILD + 4;
	if (system("ip route del default && ip route add unreachable default") != 0)
		return 77;
	if (!net_changed(&net) || net_default_route(&net, &have, &why) != KERR_OK || have)
		return CHILD + 5;
	if (system("ip route del unreachable default && ip route add default nexthop via 10.9.8.1 nexthop via 10.9.8.2") != 0)
		return 77;
	if (!net_changed(&net) || net_default_route(&net, &have, &why) != KERR_OK || !have || net.ways != 2 || net.way[0] != net.way[1])
		return CHILD + 6;
	/* what a container brings along, and takes with it */
	if (system("ip link add c0 type veth peer name c1 && ip addr add 172.17.0.1/16 dev c0 && ip link set c0 up && ip link set c1 up && "
		   "ip link del c0") != 0)
		return 77;
	if (net_changed(&net))
		return CHILD + 7;
	if (system("ip route add 10.0.0.0/8 via 10.9.8.3") != 0)
		return 77;
	if (!net_changed(&net))
		return CHILD + 8;
	if (system("ip link set ve1 down") != 0)
		return 77;
	if (!net_changed(&net))
		return CHILD + 9;
	net_close(&net);
	return CHILD;
}

static void test_net(void)
{
	char self[256];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	pid_t pid;
	int status = -1;
	bool have;
	struct net net = { .fd = -1 };
	struct why why;

	self[n > 0 ? n : 0] = '\0';
	is_int(net_default_route(&net, &have, &why), KERR_OK, "routes of this machine are listed");
	pid = fork();
	if (pid == 0) {
		execlp("unshare", "unshare", "-rn", self, "--net", (char *)NULL);
		_exit(77);
	}
	(void)waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) >= CHILD && WEXITSTATUS(status) < CHILD + 10)
		is_int(WEXITSTATUS(status), CHILD, "a default route that comes and goes is heard of and seen");
	else
		ok(true, "routes # SKIP no private network here");
}

struct seen {
	int count;
	size_t bytes[8];
	char first[8];
};

static void note_der(void *arg, struct slice der)
{
	struct seen *s = arg;

	s->bytes[s->count] = der.n;
	s->first[s->count++] = der.p[0];
}

static void test_pem(void)
{
	static char big[12 * 1024];
	struct seen s = { 0 };
	uint64_t oversize = 0;
	struct why why;
	struct text t = text_on(big, sizeof(big));

	text_s(&t, "# a comment\n-----BEGIN CERTIFICATE-----\nQUJD\nREVG\n-----END CERTIFICATE-----\nbetween\n"
	       "-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n"
	       "-----BEGIN CERTIFICATE-----\r\nQkI=\r\n-----END CERTIFICATE-----\r\n"
	       "-----BEGIN CERTIFICATE-----\nQ!JD\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n");
	for (int i = 0; i < 200; i++)
		text_s(&t, "QUJD");
	text_s(&t, "\n-----END CERTIFICATE-----");
	is_int(file_replace(at("pem"), text_get(&t), 0600, &why), KERR_OK, "a bundle");
	is_int(pem_each(at("pem"), note_der, &s, &oversize, &why), KERR_OK, "is read");
	is_int(s.count, 3, "with three good certificates");
	ok(s.bytes[0] == 6 && s.bytes[1] == 2 && s.bytes[2] == 600, "of the right lengths, one on a single long line");
	t = text_on(big, sizeof(big));
	text_s(&t, "-----BEGIN CERTIFICATE-----\n");
	while (t.len < sizeof(big) - 100)
		text_s(&t, "QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD\n");
	text_s(&t, "-----END CERTIFICATE-----\n");
	is_int(file_replace(at("pem"), text_get(&t), 0600, &why), KERR_OK, "a certificate of 9 KiB");
	is_int(pem_each(at("pem"), note_der, &s, &oversize, &why), KERR_BAD_INPUT, "is none: %s", why.text);
	is_int(oversize, 1, "and is counted");
	is_int(pem_each(at("nowhere"), note_der, &s, &oversize, &why), KERR_GONE, "no bundle: %s", why.text);
}

#ifndef __GLIBC__
extern uintptr_t __stack_chk_guard; /* musl's random number, which every thread has a copy of */

/* Whether that number lies above an array in its function's own frame, as it does when the compiler and
 * musl agree on where a thread keeps it: anywhere else may be a number that an attacker knows. */
__attribute__((noinline)) static void *find_canary(void *found)
{
	volatile char array[16 * sizeof(uintptr_t)];
	volatile uintptr_t *word = (volatile uintptr_t *)(void *)(uintptr_t)array;
	uintptr_t hidden = ~__stack_chk_guard; /* so that no copy of it is in the frame because of this test */

	array[0] = 0;
	__asm__("" : "+r"(word), "+r"(hidden) : : "memory");
	for (int i = 16; i < 32 && !*(bool *)found; i++)
		*(bool *)found = ~word[i] == hidden;
	return NULL;
}

static void test_canary(void)
{
	bool here = false, there = false;
	pthread_t thread;

	find_canary(&here);
	ok(here && __stack_chk_guard != 0, "the stack's canary is musl's");
	ok(pthread_create(&thread, NULL, find_canary, &there) == 0 && pthread_join(thread, NULL) == 0, "a thread");
	ok(there, "... has the same canary");
}
#endif

int main(int argc, char **argv)
{
	char command[100];

	if (argc == 3 && strcmp(argv[1], "--full") == 0)
		return full_disk_child(argv[2]);
	if (argc == 2 && strcmp(argv[1], "--net") == 0)
		return net_child();
	strcpy(dir, "/tmp/t_platform.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 1;
	test_clock();
	test_crypto();
	test_file();
	test_full_disk();
	test_log();
	test_proc();
	test_given_back();
	test_no_dump();
	test_net();
	test_pem();
#ifndef __GLIBC__
	test_canary();
#endif
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	is_int(system(command), 0, "cleaned up");
	return done();
}

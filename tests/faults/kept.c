/* Each call that platform/ makes fails once, in turn, on its way through one job: what was kept before is still there, nothing is
 * left behind, no descriptor and no child, and the next try does the job. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/run/kept.h"
#include "agent/run/node.h"
#include "platform/file.h"
#include "platform/packet.h"
#include "platform/proc.h"
#include "platform/sandbox.h"
#include "platform/spawn.h"
#include "platform/tail.h"
#include "platform/unixsock.h"
#include "tests/faults/fault.h"
#include "tests/tap.h"

enum { TRIES_MAX = 2000, FDS = 64 };

static char dir[64];
static enum fault_kind kind;    /* that fails now */
static char said[128];          /* the first thing that was wrong; empty: nothing */

/* begin and end are never disturbed, and do is until it is through. */
struct job { const char *name; void (*begin)(void); void (*go)(void); void (*end)(void); };

static void wrong(const char *what)
{
	if (said[0] == '\0')
		snprintf(said, sizeof(said), "%s", what);
}

static const char *at(const char *name)
{
	static char path[2][128];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

static bool is(const char *name, const char *want)
{
	char buf[64];
	size_t n = 0;
	struct why why;

	return file_read(at(name), FILE_REGULAR, buf, sizeof(buf), &n, &why) == KERR_OK && slice_is((struct slice){ buf, n }, want);
}

static int descriptors(void)
{
	struct stat st;
	int n = 0;

	for (int fd = 0; fd < FDS; fd++)
		n += fstat(fd, &st) == 0;
	return n;
}

static void clean(void)
{
	static const char *const names[] = { "f", "f.tmp", "g", "g.tmp", "log", "log.1", "sock", "d/e", "d" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)remove(at(names[i]));
}

static void made(const char *name, const char *text)
{
	FILE *f = fopen(at(name), "w");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0)
		wrong("the test cannot write");
}

/* ---- files ---- */

static struct why why;
static enum kerr err;

static void file_there(void)
{
	made("f", "one");
}

static void go_replace(void)
{
	err = file_replace(at("f"), SLICE("two"), 0600, &why);
}

static void end_replace(void)
{
	if (!is("f", "two") && (err == KERR_OK || !is("f", "one")))
		wrong("neither the old bytes nor the new ones");
	if (access(at("f.tmp"), F_OK) == 0)
		wrong("its temporary file is left");
	if (file_replace(at("f"), SLICE("two"), 0600, &why) != KERR_OK || !is("f", "two"))
		wrong("the second try fails");
}

static void go_volatile(void)
{
	err = file_replace_volatile(at("f"), SLICE("two"), 0600, &why);
}

static void go_create(void)
{
	err = file_create(at("g"), SLICE("new"), 0600, &why);
}

static void end_create(void)
{
	if (access(at("g"), F_OK) == 0 ? !is("g", "new") : err == KERR_OK)
		wrong("a file half made");
	if (file_create(at("f"), SLICE("new"), 0600, &why) == KERR_OK || !is("f", "one"))
		wrong("another file's place is taken");
}

static void go_append(void)
{
	err = file_append(at("f"), SLICE("two"), 0600, &why);
}

/* A disk that refuses to write and then to cut back is two faults. */
static void end_append(void)
{
	if (!is("f", err == KERR_OK ? "onetwo" : "one"))
		wrong("an append that failed is not as if it had never been");
}

static void go_append_new(void)
{
	err = file_append(at("g"), SLICE("two"), 0600, &why);
}

static void end_append_new(void)
{
	if (err == KERR_OK ? !is("g", "two") : access(at("g"), F_OK) == 0)
		wrong("an append that failed is not as if it had never been");
}

static void go_truncate(void)
{
	err = file_truncate(at("f"), 2, &why);
}

static void end_truncate(void)
{
	if (!is("f", "on") && (err == KERR_OK || !is("f", "one")))
		wrong("cut elsewhere");
}

static void go_move(void)
{
	err = file_move(at("f"), at("g"), &why);
}

static void end_move(void)
{
	if (!is("g", "one") && (err == KERR_OK || !is("f", "one")))
		wrong("it has neither name");
}

static void go_dirs(void)
{
	err = file_make_dirs(at("d/e"), 0700, &why);
}

static void end_dirs(void)
{
	if (file_make_dirs(at("d/e"), 0700, &why) != KERR_OK)
		wrong("the second try fails");
}

static void go_read(void)
{
	char buf[8];
	size_t n;

	err = file_read(at("f"), FILE_REGULAR, buf, sizeof(buf), &n, &why);
	if (err == KERR_OK && n != 3)
		wrong("a part is taken for the whole");
}

/* ---- a log that is followed through a rotation ---- */

static struct tail tail;
static unsigned line_no, lines;

static void on_line(void *arg, struct slice line)
{
	char want[16];

	(void)arg;
	snprintf(want, sizeof(want), "line %u", line_no++);
	if (!slice_is(line, want))
		wrong("a line is missing, twice or torn");
}

static void write_lines(const char *name, unsigned n)
{
	FILE *f = fopen(at(name), "a");

	for (unsigned i = 0; f != NULL && i < n; i++)
		fprintf(f, "line %u\n", lines++);
	if (f == NULL || fclose(f) != 0)
		wrong("the test cannot write");
}

static void follow(void)
{
	bool more = true;

	for (int i = 0; i < 20 && more; i++)
		err = tail_read(&tail, on_line, NULL, 256, &more, &why);
}

static void begin_tail(void)
{
	line_no = lines = 0;
	write_lines("log", 50);
}

static void go_tail(void)
{
	err = tail_open(&tail, at("log"), 1 << 20, NULL, &why);
	if (err != KERR_OK)
		return;
	follow();
	write_lines("log", 50);
	follow();
	if (rename(at("log"), at("log.1")) != 0)
		wrong("the test cannot rename");
	write_lines("log", 50);
	follow();
}

static void end_tail(void)
{
	bool open = tail.wait_fd >= 0;

	if (!open && tail_open(&tail, at("log"), 1 << 20, NULL, &why) != KERR_OK)
		wrong("the second try fails");
	for (int i = 0; i < 3; i++)
		follow();
	if (line_no != lines)
		wrong("not all lines came");
	tail_close(&tail);
}

/* ---- programs, sockets, the loop ---- */

static void go_spawn(void)
{
	char *argv[] = { (char *)(uintptr_t)"true", NULL }, *envp[] = { NULL }, out[64];
	struct spawn s = { .path = "/bin/true", .argv = argv, .envp = envp, .input = SLICE("in"), .limit_ms = 5000, .quit_fd = -1,
			   .output = out, .output_cap = sizeof(out) };
	struct spawn_end end;

	err = spawn_run(&s, &end, &why);
}

static void end_spawn(void)
{
	if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
		wrong("a child is left");
}

/* ---- packets, shared memory, the sandbox ---- */

enum { BOARD = 4096 };

static void go_packets(void)
{
	int fd[2], board = -1;
	void *here = NULL, *there = NULL;
	char in[8];
	size_t n = 0;

	err = packet_pair(fd, &why);
	if (err == KERR_OK)
		err = packet_send(fd[0], "o", 1, "ne", 2, &why);
	if (err == KERR_OK)
		err = packet_receive(fd[1], in, sizeof(in), &n, &why);
	if (err == KERR_OK && n != 3)
		wrong("a part of a packet");
	if (err == KERR_OK)
		err = packet_board(BOARD, &board, &here, &why);
	if (err == KERR_OK)
		err = packet_board_open(board, BOARD, &there, &why);
	if (there != NULL)
		munmap(there, BOARD);
	if (here != NULL)
		munmap(here, BOARD);
	for (int i = 0; i < 2; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	if (board >= 0)
		close(board);
}

/* In a child, as there is no way back. A step that fails is never passed over. */
static void go_sandbox(void)
{
	const char *read[] = { "/etc", NULL }, *written[] = { dir, NULL };
	struct sandbox box = { 65534, 65534, read, written };
	struct sandbox_missing missing;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		faults_in_child();
		err = sandbox_enter(&box, &missing, &why);
		_exit((faults_disarm() ? 1 : 0) + (err == KERR_OK ? 2 : 0));
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		wrong("it dies on its way in");
	if (WEXITSTATUS(status) == 3)
		wrong("it says that it is shut in, and a step has failed");
	if (WEXITSTATUS(status) == 0)
		wrong("it cannot be entered at all");
	faults_told((WEXITSTATUS(status) & 1) != 0);
}

static void asked(void *arg, uint32_t id, const struct unixsock_peer *peer, struct slice request)
{
	(void)arg;
	(void)id;
	(void)peer;
	(void)request;
}

static void page(void *arg, struct slice path, struct httpd_answer *out)
{
	(void)arg;
	(void)path;
	(void)out;
}

static struct node n;
static struct unixsock sock;

static void go_loop(void)
{
	enum kerr all[] = { KERR_IO, KERR_IO, KERR_IO, KERR_IO };
	static struct conf conf;

	n.conf = &conf;
	n.net.fd = -1;
	if (loop_init(&n.loop, &why) != KERR_OK)
		return;
	all[0] = unixsock_listen(&sock, &n.loop, at("sock"), 0600, asked, NULL, &why);
	all[1] = httpd_listen(&n.web, &n.loop, "127.0.0.1:17999", page, NULL, &why);
	all[2] = http_init(&n.http, &n.loop, &n.tls, &why);
	all[3] = net_open(&n.net, &why);
	for (int i = 0; i < 3; i++)
		(void)!loop_turn(&n.loop, 0, &why);
	if (all[0] == KERR_OK)
		unixsock_close(&sock);
	if (all[1] == KERR_OK)
		httpd_close(&n.web);
	if (all[2] == KERR_OK)
		http_close(&n.http);
	if (all[3] == KERR_OK)
		net_close(&n.net);
	loop_close(&n.loop);
}

static void end_loop(void)
{
	if (access(at("sock"), F_OK) == 0 && kind != FAULT_NAME && kind != FAULT_CONNECT)
		wrong("its socket is left");
}

static void go_looks(void)
{
	uint64_t v;
	int own = -1;
	struct file_space space;
	struct file_ident ident;

	(void)!proc_pss_bytes(NULL, 0, &v, &why);
	(void)proc_disk_written_bytes();
	(void)!proc_own_pss_bytes(&own, &v, &why);
	if (own >= 0)
		(void)close(own);
	(void)!file_space(dir, &space, &why);
	(void)!file_identify(at("f"), &ident, &why);
	(void)!file_remove(at("f"), &why);
}

static void nothing(void)
{
}

/* ---- the journal ---- */

static unsigned old;    /* after a failure one of these records is there */

static bool each_kept(void *arg, const struct record *r, size_t offset, size_t len)
{
	unsigned *seqs = arg;

	(void)offset;
	(void)len;
	*seqs |= r->seq < 32 ? 1u << r->seq : 0;
	return true;
}

/* The numbers of its records, as a set of bits; all of it has to be whole. */
static unsigned journal_has(void)
{
	static char bytes[JOURNAL_FILE_MAX], room[RECORD_ARENA];
	static struct record record;
	struct arena arena;
	struct record_scan scan = { 0 };
	size_t len;
	unsigned seqs = 0;

	arena_init(&arena, room, sizeof(room));
	if (kept_bytes(n.conf, bytes, sizeof(bytes), &len, &why) != KERR_OK)
		len = 0;
	record_scan((struct slice){ bytes, len }, &arena, &record, each_kept, &seqs, &scan);
	if (scan.damaged != 0 || scan.tail_bytes != 0)
		wrong("a record is torn");
	if (n.journal.bytes != len && n.journal.bytes != JOURNAL_MAX)
		wrong("the journal thinks it has another length");
	return seqs;
}

static void add(uint64_t seq)
{
	journal_add(&n, &(struct action){ .type = ACT_JOURNAL, .kind = REC_EPOCH, .seq = seq });
	(void)journal_flush(&n);
}

static void begin_journal(void)
{
	static struct conf conf;

	memset(&n, 0, sizeof(n));
	n.conf = &conf;
	(void)str_put(conf.state_dir, sizeof(conf.state_dir), slice_of(dir));
	log_init(&n.log, LOG_LEVEL_ERROR);
	n.log.level = (enum log_level)-1;
	core_init(&n.core, &conf.core);
	(void)remove(at("journal"));
	journal_open(&n);
	add(1);
	if (journal_has() != 1u << 1)
		wrong("the test cannot write");
	old = 1u << 1;
}

static void go_journal(void)
{
	add(2);
}

static void go_rewrite(void)
{
	n.journal.bytes = JOURNAL_MAX;
	old |= 1u << 2; /* it may have come into place before the folder could not be synced */
	add(2);
}

/* What was refused is written at the next try; a rewrite has the newest number only. */
static void end_journal(void)
{
	if ((journal_has() & (n.journal.failing ? old : 1u << 2)) == 0 && old != 0)
		wrong("a record is lost");
	n.now_ms = n.journal.retry_ms;
	(void)journal_flush(&n);
	if (n.journal.failing || n.journal.batched != 0)
		wrong("the second try fails");
	if ((journal_has() & 1u << 2) == 0)
		wrong("the second try writes something else");
	(void)remove(at("journal"));
}

static void begin_first(void)
{
	begin_journal();
	old = 0;
	(void)remove(at("journal"));
	n.journal.bytes = 0;
}

static const struct job jobs[] = {
	{ "a file is replaced", file_there, go_replace, end_replace },
	{ "a file in /run is replaced", file_there, go_volatile, end_replace },
	{ "a file is made", file_there, go_create, end_create },
	{ "bytes are added", file_there, go_append, end_append },
	{ "the first bytes are added", file_there, go_append_new, end_append_new },
	{ "a file is cut", file_there, go_truncate, end_truncate },
	{ "a file gets another name", file_there, go_move, end_move },
	{ "folders are made", file_there, go_dirs, end_dirs },
	{ "a file is read", file_there, go_read, nothing },
	{ "a log is followed", begin_tail, go_tail, end_tail },
	{ "a program is run", file_there, go_spawn, end_spawn },
	{ "a loop with its servers comes and goes", file_there, go_loop, end_loop },
	{ "packets and shared memory", file_there, go_packets, nothing },
	{ "a process shuts itself in", file_there, go_sandbox, nothing },
	{ "numbers are looked up", file_there, go_looks, nothing },
	{ "a record is added", begin_journal, go_journal, end_journal },
	{ "the first record is added", begin_first, go_journal, end_journal },
	{ "the journal is written anew", begin_journal, go_rewrite, end_journal },
};

/* True as long as there was a call to fail. */
static bool once(const struct job *job, unsigned nth)
{
	int fds;
	bool failed;

	clean();
	job->begin();
	fds = descriptors();
	faults_arm(kind, nth);
	job->go();
	failed = faults_disarm();
	job->end();
	if (descriptors() != fds)
		wrong("a descriptor is left open");
	clean();
	return failed;
}

static void all(const struct job *job)
{
	for (kind = 0; kind < FAULT_KINDS; kind++) {
		unsigned nth = 1;

		said[0] = '\0';
		while (said[0] == '\0' && nth < TRIES_MAX && once(job, nth))
			nth++;
		if (nth > 1 || said[0] != '\0')
			ok(said[0] == '\0' && nth < TRIES_MAX, "%s, %s: %u calls%s%s", job->name, faults_name(kind), said[0] == '\0' ? nth - 1 : nth,
			   said[0] == '\0' ? "" : "; at the last one: ", said);
	}
}

int main(void)
{
	struct rlimit limit = { FDS, FDS };
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &child, NULL);     /* as whoever runs programs has it */
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	strcpy(dir, "/tmp/kedge_kept.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 1;
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
		all(&jobs[i]);
	(void)remove(at("status.json"));
	is_int(rmdir(dir), 0, "nothing is left");
	return done();
}

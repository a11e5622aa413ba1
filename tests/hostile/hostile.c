/* The gate with a worker that was taken over: this program is the gate as it is, and what the gate starts as its worker is this
 * program again, with the worker's three descriptors and its user, and with none of the sandbox that a real one has shut itself
 * in. What it is to try stands in the file "act" beside the conf; it says on stderr what it got, and keeps all it was told. */
#define _GNU_SOURCE /* setgroups, process_vm_readv, sealing, SCM_RIGHTS */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/cmd/cmd.h"
#include "agent/gate/talk_news.h"
#include "agent/wire/ecr.h"
#include "agent/wire/ecs_out.h"
#include "agent/wire/taskdef_in.h"

#define OF(service, id) "arn:aws:ecs:eu-west-1:123456789012:service-deployment/edge/" service "/" id
#define STOP(arn) "{\"serviceDeploymentArn\":\"" arn "\",\"stopType\":\"ROLLBACK\"}"
#define UPDATE(cluster, service, to) "{\"cluster\":\"" cluster "\",\"service\":\"" service "\",\"taskDefinition\":\"" to "\"}"
#define READ "{\"cluster\":\"edge\",\"services\":[\"web\"]}"

enum { WORD = 256, GONE = -1, PACKET = 256 * 1024 };

static struct { char act[WORD], living[WORD], dead[WORD], host[WORD], keys[WORD], engine[WORD], state[WORD], run[WORD]; } task;
static struct board *board;
static struct answer answer;
static char packet[PACKET], tail[PACKET];
static size_t tail_n;
static int kept = -1;

static void say(bool good, const char *format, ...)
{
	char line[600];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	dprintf(2, "hostile: %s %s\n", good ? "ok" : "no", line);
}

/* ---- talking ---- */

static void keep(const void *p, size_t n)
{
	if (kept >= 0 && n > 0 && write(kept, p, n) != (ssize_t)n)
		_exit(9);
}

static int send_bytes(int fd, const void *p, size_t n)
{
	return send(fd, p, n, MSG_NOSIGNAL) == (ssize_t)n ? 0 : errno;
}

/* The answer's error, or GONE. */
static int take(void)
{
	ssize_t n = recv(TALK_ASK_FD, packet, sizeof(packet), 0);

	if (n < (ssize_t)sizeof(answer))
		return GONE;
	keep(packet, (size_t)n);
	memcpy(&answer, packet, sizeof(answer));
	tail_n = (size_t)n - sizeof(answer);
	memcpy(tail, packet + sizeof(answer), tail_n);
	return (int)answer.err;
}

static int put(struct ask *q, const void *body, size_t n)
{
	memset(&answer, 0, sizeof(answer));
	q->tail_bytes = (uint32_t)n;
	memcpy(packet, q, sizeof(*q));
	memcpy(packet + sizeof(*q), body, n);
	return send_bytes(TALK_ASK_FD, packet, sizeof(*q) + n) == 0 ? take() : GONE;
}

static bool news(struct news *out, int limit_ms)
{
	struct pollfd p = { TALK_NEWS_FD, POLLIN, 0 };
	ssize_t n = poll(&p, 1, limit_ms) == 1 ? recv(TALK_NEWS_FD, packet, sizeof(packet), MSG_DONTWAIT) : -1;

	if (n < (ssize_t)sizeof(*out))
		return false;
	keep(packet, (size_t)n);
	memcpy(out, packet, sizeof(*out));
	tail_n = (size_t)n - sizeof(*out);
	memcpy(tail, packet + sizeof(*out), tail_n);
	tail[tail_n] = '\0';
	return true;
}

static bool await(enum news_what what, struct news *out)
{
	for (int i = 0; i < 100; i++)
		if (news(out, 100) && out->what == what)
			return true;
	return false;
}

static void copy(char *to, size_t cap, const char *text)
{
	(void)str_cut(to, cap, slice_of(text));
}

static int sign_at(const char *host, const char *region, const char *service, const char *target, const char *body)
{
	struct ask q = { .what = ASK_SIGN };
	struct timeval now;

	(void)gettimeofday(&now, NULL);
	q.u.sign.unix_s = now.tv_sec;
	copy(q.u.sign.host, sizeof(q.u.sign.host), host);
	copy(q.u.sign.region, sizeof(q.u.sign.region), region);
	copy(q.u.sign.service, sizeof(q.u.sign.service), service);
	copy(q.u.sign.target, sizeof(q.u.sign.target), target);
	return put(&q, body, strlen(body));
}

static int sign(enum ecs_call call, const char *body)
{
	return sign_at(task.host, "eu-west-1", "ecs", ecs_out_target(call), body);
}

static bool nothing_signed(void)
{
	return answer.u.sign.authorization[0] == '\0' && answer.u.sign.token[0] == '\0';
}

static void refused(int err, const char *what)
{
	say((err == KERR_DENIED || err == KERR_BAD_INPUT) && nothing_signed(), "%s is not signed (%d: %s)", what, err, answer.why.text);
}

static void read_keys(void)
{
	struct ask q = { .what = ASK_KEYS_FROM };
	struct timeval now;

	(void)gettimeofday(&now, NULL);
	(void)put(&q, "", 0);
	q = (struct ask){ .what = ASK_KEYS_LOOK };
	q.u.keys.from = answer.u.keys.from;
	q.u.keys.now_unix_s = now.tv_sec;
	say(put(&q, "", 0) == KERR_OK, "the gate reads the keys (%s)", answer.why.text);
	say(sign(ECS_DESCRIBE_SERVICES, READ) == KERR_OK && !nothing_signed(), "what only reads is signed (%s)", answer.why.text);
}

/* ---- signing ---- */

static void act_sign(void)
{
	static const char *const others[] = { "RunTask", "StartTask", "RegisterTaskDefinition", "DeleteService", "CreateService", "StopTask",
					      "ExecuteCommand", "PutAccountSetting", "UpdateCluster", "DeregisterContainerInstance" };
	char target[128];

	read_keys();
	refused(sign(ECS_STOP_DEPLOYMENT, STOP(OF("web", "abc"))), "a stop nobody permitted");
	refused(sign(ECS_UPDATE_SERVICE, UPDATE("edge", "web", "web:7")), "an UpdateService nobody permitted");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		snprintf(target, sizeof(target), "AmazonEC2ContainerServiceV20141113.%s", others[i]);
		refused(sign_at(task.host, "eu-west-1", "ecs", target, "{}"), others[i]);
	}
	refused(sign_at("sts.amazonaws.com", "us-east-1", "sts", "AWSSecurityTokenServiceV20110615.GetCallerIdentity", "{}"), "sts");
	refused(sign_at("s3.amazonaws.com", "us-east-1", "s3", ecs_out_target(ECS_DESCRIBE_SERVICES), READ), "s3");
	refused(sign_at("evil.example.com", "eu-west-1", "ecs", ecs_out_target(ECS_DESCRIBE_SERVICES), READ), "for another host");
	refused(sign_at("ecs.us-east-1.amazonaws.com", "us-east-1", "ecs", ecs_out_target(ECS_DESCRIBE_SERVICES), READ), "for another region");
	refused(sign_at(task.host, "us-east-1", "ecs", ecs_out_target(ECS_DESCRIBE_SERVICES), READ), "for another region at this host");
	refused(sign_at("evil.example.com", "eu-west-1", "ecr", ECR_TARGET, ECR_BODY), "a registry's token, for another host");
	refused(sign_at(task.host, "eu-west-1", "ecr", ECR_TARGET, "{\"registryIds\":[\"1\"]}"), "another account's registry");
	refused(sign_at(task.host, "eu-west-1", "ecs", "", READ), "nothing");
	refused(sign_at(task.host, "eu-west-1", "ecs", "a\r\nX: y", READ), "a second header");
}

/* Answers whoever asks until somebody has said `rollback web`. */
static bool person_says_yes(void)
{
	static const char words[] = "{\"schema\":\"kedge.error/1\",\"error\":\"no\",\"exit\":3}";
	struct news n;

	dprintf(2, "hostile: waits\n");
	for (int i = 0; i < 20 && await(NEWS_REQUEST, &n); i++) {
		struct ask q = { .what = ASK_REPLY };
		bool yes = strncmp(tail, "rollback web", 12) == 0;

		memcpy(board->reply, words, sizeof(words));
		q.u.reply.id = n.u.request.id;
		q.u.reply.bytes = sizeof(words) - 1;
		say(put(&q, "", 0) == KERR_OK, "who asks is answered (%s)", answer.why.text);
		if (yes)
			return true;
	}
	return false;
}

static void act_granted(void)
{
	static const char body[] = STOP(OF("web", "abc"));
	char changed[sizeof(body)];
	unsigned through = 0;

	read_keys();
	refused(sign(ECS_STOP_DEPLOYMENT, body), "a stop nobody permitted");
	say(person_says_yes(), "a person says `rollback web`");
	refused(sign(ECS_STOP_DEPLOYMENT, STOP(OF("db", "abc"))), "... a stop of another service");
	refused(sign(ECS_UPDATE_SERVICE, UPDATE("edge", "web", "web:7")), "... an UpdateService in its place, which policy forbids");
	say(sign(ECS_STOP_DEPLOYMENT, body) == KERR_OK && !nothing_signed(), "the stop is signed");
	for (size_t i = 0; i < sizeof(body) - 1; i++) {
		memcpy(changed, body, sizeof(body));
		changed[i] ^= 1;
		through += sign(ECS_STOP_DEPLOYMENT, changed) == KERR_OK || !nothing_signed();
	}
	say(through == 0, "with one byte changed, at each of %zu places, it is not (%u)", sizeof(body) - 1, through);
	refused(sign(ECS_STOP_DEPLOYMENT, STOP(OF("web", "abd"))), "a second deployment by the same yes");
	refused(sign(ECS_STOP_DEPLOYMENT, STOP(OF("web", "abc")) " "), "the same with more behind it");
	refused(sign_at("ecs.us-east-1.amazonaws.com", "us-east-1", "ecs", ecs_out_target(ECS_STOP_DEPLOYMENT), body), "the same for another region");
	say(sign(ECS_STOP_DEPLOYMENT, body) == KERR_OK, "the very same may be sent again");
	read_keys();
}

/* ---- the engine ---- */

static int engine(enum engine_get get, const char *arg, struct news *n)
{
	struct ask q = { .what = ASK_ENGINE, .u.engine.get = get };
	int err;

	copy(q.u.engine.arg, sizeof(q.u.engine.arg), arg);
	err = put(&q, "", 0);
	if (err != KERR_OK)
		return err;
	if (!await(NEWS_ENGINE, n))
		return GONE;
	keep(board->body, sizeof(board->body));
	return (int)n->err;
}

static void act_engine(void)
{
	static const char *const paths[] = { "../info", "..", "a/../../containers/json", "x%2f..", "x\r\nHost: y", "x?all=1", "" };
	struct ask all = { .what = ASK_ENGINE };
	struct news n;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		say(engine(EG_INSPECT, paths[i], &n) == KERR_BAD_INPUT, "no container's id, %zu", i);
		say(engine(EG_IMAGE, paths[i], &n) == KERR_BAD_INPUT, "no image, %zu", i);
		say(engine(EG_LOGS, paths[i], &n) == KERR_BAD_INPUT, "no log, %zu", i);
	}
	say(engine(EG_EVENTS, "", &n) == KERR_BAD_INPUT && engine(ENGINE_GETS, "", &n) == KERR_BAD_INPUT &&
	    engine((enum engine_get)-1, "", &n) == KERR_BAD_INPUT, "no other GET");
	memset(all.u.engine.arg, 'a', sizeof(all.u.engine.arg));
	all.u.engine.get = EG_IMAGE;
	say(put(&all, "", 0) == KERR_BAD_INPUT, "a name that does not end");
	say(engine(EG_INSPECT, task.living, &n) == KERR_OK && strstr(board->body, task.living) != NULL, "a container is told of");
	say(strstr(board->body, "\"Env\"") == NULL && strstr(board->body, "\"Cmd\"") == NULL && strstr(board->body, "\"Args\"") == NULL &&
	    strstr(board->body, "\"Mounts\"") == NULL, "... and nothing of its environment and command");
	say(engine(EG_LIST, "", &n) == KERR_OK && strstr(board->body, "\"Command\"") == NULL, "nor in the listing");
	say(engine(EG_LOGS, task.living, &n) == KERR_DENIED, "the log of one that lives is not read");
	say(tail_n == 0, "... and nothing told of it");
	say(engine(EG_LOGS, task.dead, &n) == KERR_DENIED, "nor of one that lived for a minute");
}

/* ---- files and the like ---- */

static void act_files(void)
{
	static const char hook[] = "PATH=/tmp\nLD_PRELOAD=/tmp/x.so\n";
	struct ask q = { .what = ASK_FILE, .u.file.file = TALK_AGENT_CONFIG };

	say(put(&q, "", 0) == KERR_OK && strstr(tail, "ECS_CLUSTER") != NULL && strstr(tail, "AUTH_DATA") == NULL,
	    "of ecs.config the settings that are known, and no password");
	q.u.file.file = TALK_FILES;
	say(put(&q, "", 0) == KERR_BAD_INPUT, "no other file");
	q.u.file.file = (enum talk_file)-1;
	say(put(&q, "", 0) == KERR_BAD_INPUT, "nor that");
	q = (struct ask){ .what = ASK_TEXTFILE };
	q.u.reply.bytes = 10;
	say(put(&q, "", 0) == KERR_BAD_INPUT, "no textfile where none is set");
	q = (struct ask){ .what = ASK_LED };
	say(put(&q, "", 0) == KERR_BAD_INPUT, "nor an LED");
	q = (struct ask){ .what = ASK_REPLY };
	q.u.reply.bytes = UINT32_MAX;
	say(put(&q, "", 0) == KERR_TOO_BIG, "no answer longer than the board");
	q.u.reply.bytes = 10;
	q.u.reply.id = 4711;
	say(put(&q, "", 0) != KERR_OK, "no answer to nobody");
	q = (struct ask){ .what = ASK_HOOK };
	say(put(&q, hook, sizeof(hook)) != KERR_OK, "no hook with variables of its own");
	q = (struct ask){ .what = ASKS };
	say(put(&q, "", 0) == KERR_BAD_INPUT, "no such question");
	q = (struct ask){ .what = (enum ask_what)-7 };
	say(put(&q, "", 0) == KERR_BAD_INPUT, "nor such");
	memset(&q, 0xff, sizeof(q));
	say(put(&q, "", 0) == KERR_BAD_INPUT, "nor all ones");
	memset((void *)board, 0xff, sizeof(*board));
	say(ftruncate(TALK_BOARD_FD, 10) != 0, "the board cannot be cut under the gate");
	say(fcntl(TALK_BOARD_FD, F_ADD_SEALS, F_SEAL_WRITE) != 0, "nor sealed");
	for (enum ask_what w = 0; w < ASKS; w++)
		for (int byte = 1; byte < 256; byte *= 3) {
			memset(&q, byte, sizeof(q));
			q.what = w;
			if (put(&q, hook, (size_t)byte % sizeof(hook)) == GONE) {
				say(false, "question %d of bytes %d is not answered", (int)w, byte);
				return;
			}
		}
	say(true, "garbage in every question is answered");
	q = (struct ask){ .what = ASK_COST };
	say(put(&q, "", 0) == KERR_OK, "and the next good one, too");
}

/* ---- the user ---- */

static bool cannot_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd < 0;
}

static bool connects(const char *path, const char *words)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool can;

	copy(at.sun_path, sizeof(at.sun_path), path);
	can = fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
	if (can)
		(void)send_bytes(fd, words, strlen(words));
	close(fd);
	return can;
}

static void of_process(const char *pid)
{
	static const char *const names[] = { "mem", "environ", "maps", "auxv", "stack", "fd", "cwd/.", "root/etc/passwd", "task" };
	char path[80];

	/* who reads "task" learns of threads, and nothing more */
	for (size_t i = 0; i + 1 < sizeof(names) / sizeof(names[0]); i++) {
		char byte[16];
		int fd;

		snprintf(path, sizeof(path), "/proc/%s/%s", pid, names[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		say(fd < 0 || read(fd, byte, sizeof(byte)) <= 0, "%s of the gate is not read", names[i]);
		if (fd >= 0)
			close(fd);
	}
}

static void act_look(void)
{
	static char bytes[64];
	char pid[16], path[WORD + 80];
	struct iovec to = { bytes, sizeof(bytes) }, from = { (void *)(uintptr_t)0x400000, sizeof(bytes) };
	pid_t gate = getppid();
	unsigned n = 0;
	struct dirent *e;
	DIR *d;

	say(getuid() != 0 && geteuid() != 0 && getgid() != 0, "the worker is not root");
	snprintf(pid, sizeof(pid), "%d", (int)gate);
	of_process(pid);
	say(ptrace(PTRACE_ATTACH, gate, NULL, NULL) != 0, "the gate is not traced");
	say(ptrace(PTRACE_SEIZE, gate, NULL, NULL) != 0, "nor seized");
	say(process_vm_readv(gate, &to, 1, &from, 1, 0) < 0, "nor read");
	say(kill(gate, 0) != 0 && kill(gate, SIGKILL) != 0 && kill(gate, SIGSTOP) != 0 && kill(gate, SIGHUP) != 0, "nor sent a signal");
	say(!connects(task.engine, "GET /info HTTP/1.0\r\n\r\n"), "the engine's socket is not opened");
	snprintf(path, sizeof(path), "%s/kedge.sock", task.run);
	say(!connects(path, "rollback web\n"), "nor the one on which people say yes");
	say(unlink(path) != 0, "... nor taken away");
	say(cannot_open(task.keys, O_RDONLY), "the keys' file is not read");
	snprintf(path, sizeof(path), "%s/granted", task.state);
	say(cannot_open(path, O_RDONLY) && cannot_open(path, O_WRONLY | O_TRUNC), "granted is neither read nor written");
	say(unlink(path) != 0 && rename(path, "x") != 0 && chmod(path, 0666) != 0 && chown(path, getuid(), getgid()) != 0, "... nor changed");
	snprintf(packet, sizeof(packet), "%s/mine", task.state);
	(void)close(open(packet, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	say(rename(packet, path) != 0, "... nor replaced by another");
	d = opendir("/proc/self/fd");
	while (d != NULL && (e = readdir(d)) != NULL)
		n += e->d_name[0] != '.' && atoi(e->d_name) > TALK_BOARD_FD && atoi(e->d_name) != dirfd(d) && atoi(e->d_name) != kept;
	say(d != NULL && n == 0, "no descriptor but the three (%u)", n);
	if (d != NULL)
		closedir(d);
	for (char **v = environ; *v != NULL; v++)
		keep(*v, strlen(*v) + 1);
	say(getenv("AWS_SECRET_ACCESS_KEY") == NULL && getenv("PASSWORD") == NULL, "no variable with a secret");
}

/* ---- packets: each of these is the worker's end ---- */

static void unanswered(const struct msghdr *m)
{
	dprintf(2, "hostile: end\n");
	(void)sendmsg(TALK_ASK_FD, m, MSG_NOSIGNAL);
	if (take() != GONE)
		say(false, "it is answered");
}

static void one(const void *p, size_t n)
{
	struct iovec v = { (void *)(uintptr_t)p, n };
	const struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	unanswered(&m);
}

static void act_cut(void)
{
	one("x", 1);
}

static void act_lies(void)
{
	const struct ask q = { .what = ASK_COST, .tail_bytes = 4 };

	one(&q, sizeof(q));
}

static void act_long(void)
{
	static char much[sizeof(struct ask) + TALK_TAIL_MAX + 1];

	one(much, sizeof(much));
}

static void act_rights(void)
{
	struct ask q = { .what = ASK_COST };
	struct iovec v = { &q, sizeof(q) };
	union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } c = { .room = "" };
	const struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };
	const int fd = 2;

	c.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&c.head), &fd, sizeof(fd));
	unanswered(&m);
}

/* ---- and after these it does not ---- */

static void act_flood(void)
{
	struct ask q = { .what = ASK_COST };
	unsigned n = 0, m = 0;

	memset(tail, 0xa5, sizeof(tail));
	/* each waits only as long as the gate is slow */
	for (int i = 0; i < 20000; i++)
		n += send(TALK_ASK_FD, &q, sizeof(q), MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(q);
	for (int i = 0; i < 20000; i++)
		m += send(TALK_NEWS_FD, tail, 1 + (size_t)i, MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
	say(n > 0 && m > 0, "a flood of questions whose answers nobody takes, and of garbage where nobody reads (%u, %u)", n, m);
}

static void act_close(void)
{
	say(close(TALK_ASK_FD) == 0 && close(TALK_NEWS_FD) == 0, "it closes its sockets and lives on");
}

static void act_deaf(void)
{
	say(true, "it gives no sign of life");
}

static void act_dies(void)
{
	dprintf(2, "hostile: end\n");
	raise(SIGKILL);
}

static const struct { const char *name; void (*play)(void); bool deaf; } acts[] = {
	{ "sign", act_sign, false }, { "granted", act_granted, false }, { "engine", act_engine, false }, { "files", act_files, false },
	{ "look", act_look, false }, { "cut", act_cut, false }, { "lies", act_lies, false }, { "long", act_long, false },
	{ "rights", act_rights, false }, { "flood", act_flood, true }, { "close", act_close, true }, { "deaf", act_deaf, true },
	{ "dies", act_dies, false },
};

static bool learn(const char *conf)
{
	char path[WORD];
	FILE *f;
	bool all;

	snprintf(path, sizeof(path), "%.*s/heard", (int)(strrchr(conf, '/') - conf), conf);
	kept = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	snprintf(path, sizeof(path), "%.*s/act", (int)(strrchr(conf, '/') - conf), conf);
	f = fopen(path, "re");
	all = f != NULL && fscanf(f, "%255s %255s %255s %255s %255s %255s %255s %255s", task.act, task.living, task.dead, task.host, task.keys,
				  task.engine, task.state, task.run) == 8;
	if (f != NULL)
		fclose(f);
	return all && kept >= 0;
}

/* UID:GID, as the gate says it. */
static bool become(const char *who)
{
	char *end;
	unsigned long uid = strtoul(who, &end, 10), gid = *end == ':' ? strtoul(end + 1, NULL, 10) : 0;

	return uid != 0 && gid != 0 && setgroups(0, NULL) == 0 && setresgid((gid_t)gid, (gid_t)gid, (gid_t)gid) == 0 &&
	       setresuid((uid_t)uid, (uid_t)uid, (uid_t)uid) == 0;
}

static int worker(const char *conf, const char *who)
{
	const struct timeval limit = { .tv_sec = 5 };
	struct news n;

	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED, TALK_BOARD_FD, 0);
	(void)setsockopt(TALK_ASK_FD, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (!learn(conf) || board == MAP_FAILED || !become(who))
		return 9;
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (str_eq(acts[i].name, task.act)) {
			acts[i].play();
			dprintf(2, "hostile: end\n");
			while (acts[i].deaf)
				pause();
			break;
		}
	for (;;)
		if (news(&n, 1000) && n.what == NEWS_STOP)
			return 0;
}

int main(int argc, char **argv)
{
	struct cmd c = { .verb = "agent" };

	if (argc > 3 && strcmp(argv[1], "--worker") == 0)
		return worker(argv[2], argv[3]);
	if (argc != 4 || strcmp(argv[1], "--conf") != 0 || strcmp(argv[3], "agent") != 0)
		return 2;
	c.conf_path = argv[2];
	return cmd_agent(&c);
}

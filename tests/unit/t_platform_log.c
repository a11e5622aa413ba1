/* platform/log's ways beside stderr: journald's own protocol and syslog, over sockets that are there, full, gone and back. */
#include "platform/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/tap.h"

static char folder[] = "/tmp/kedge-log-XXXXXX", journald[64], syslog_path[64], got[8192];

static int listen_at(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	ok(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0, "somebody listens at %s", path);
	return fd;
}

static const char *take(int fd)
{
	ssize_t n = recv(fd, got, sizeof(got) - 1, 0);

	got[n > 0 ? n : 0] = '\0';
	return got;
}

static const char *stderr_of(struct log *log)
{
	ssize_t n;

	lseek(log->fd, 0, SEEK_SET);
	n = read(log->fd, got, sizeof(got) - 1);
	got[n > 0 ? n : 0] = '\0';
	ok(ftruncate(log->fd, 0) == 0 && lseek(log->fd, 0, SEEK_SET) == 0, "stderr is read");
	return got;
}

static void begin(struct log *log)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/err", folder);
	log_init(log, LOG_LEVEL_INFO);
	log->journal = false;
	log->fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
}

static void test_journald(void)
{
	struct log log;
	struct why why;
	int fd;
	char want[256];

	begin(&log);
	is_int(log_to(&log, journald, NULL, &why), KERR_OK, "lines go to journald from now on");
	log_line(&log, LOG_LEVEL_INFO, "nobody is there yet");
	is_str(stderr_of(&log), "info: nobody is there yet\n", "before journald is there they stand on stderr");
	is_int(log.lost, 1, "... and count as lost on that way");
	fd = listen_at(journald);
	log_event(&log, LOG_LEVEL_WARN, "KEDGE_CLASS=oom\nKEDGE_SERVICE=web\n", "failure f1\nMESSAGE=no");
	is_str(take(fd), "SYSLOG_IDENTIFIER=kedge\nPRIORITY=4\nMESSAGE=failure f1\\nMESSAGE=no\nKEDGE_CLASS=oom\nKEDGE_SERVICE=web\n",
	       "one datagram of fields; a line end in the text is none of the protocol's");
	is_str(stderr_of(&log), "warn: failure f1\\nMESSAGE=no\n", "stderr, which is not the journal, has the line too");
	log.journal = true;
	log_line(&log, LOG_LEVEL_ERROR, "%s", "once");
	is_str(take(fd), "SYSLOG_IDENTIFIER=kedge\nPRIORITY=3\nMESSAGE=once\n", "where stderr is the journal");
	is_str(stderr_of(&log), "", "... the line is not there twice");
	close(fd);
	log_line(&log, LOG_LEVEL_INFO, "journald is dead");
	is_str(stderr_of(&log), "<6>journald is dead\n", "... unless journald does not take it");
	unlink(journald);
	fd = listen_at(journald);
	log_line(&log, LOG_LEVEL_INFO, "journald is back");
	snprintf(want, sizeof(want), "SYSLOG_IDENTIFIER=kedge\nPRIORITY=6\nMESSAGE=journald is back\n");
	is_str(take(fd), want, "one that comes back is found again");
	for (int i = 0; i < 2000; i++)
		log_line(&log, LOG_LEVEL_INFO, "line %d to a reader that stands still", i);
	ok(log.lost > 1000, "a journald that does not read costs lines (%" PRIu64 "), not time", log.lost);
	close(fd);
	close(log.fd);
	log_close(&log);
}

static void test_syslog(void)
{
	struct log log;
	struct why why;
	int fd = listen_at(syslog_path);
	char want[128];

	begin(&log);
	is_int(log_to(&log, NULL, NULL, &why), KERR_OK, "nothing is asked for yet");
	ok(log.sock >= 0, "... but the socket is there, as later none may be made");
	is_int(log_to(&log, "", syslog_path, &why), KERR_OK, "lines go to syslog");
	log_event(&log, LOG_LEVEL_WARN, "KEDGE_CLASS=oom\n", "failure f1");
	snprintf(want, sizeof(want), "<28>kedge[%d]: failure f1", (int)getpid());
	is_str(take(fd), want, "as RFC 3164 has them: facility daemon, severity warning");
	log_line(&log, LOG_LEVEL_DEBUG, "not wanted");
	is_str(take(fd), "", "what the level leaves out is left out here too");
	is_int(log_to(&log, NULL, NULL, &why), KERR_OK, "and no more");
	log_line(&log, LOG_LEVEL_INFO, "to stderr alone");
	is_str(take(fd), "", "after it is turned off");
	ok(log_to(&log, NULL, "/a/path/that/is/longer/than/any/socket/of/a/unix/system/can/be/because/the/kernel/keeps/only/a/hundred/and/eight/bytes", &why) == KERR_TOO_BIG,
	   "a path too long for a socket: %s", why.text);
	close(fd);
	close(log.fd);
	log_close(&log);
}

static void test_folding(void)
{
	struct log log;
	static char want[512];

	begin(&log);
	for (int i = 0; i < 120; i++)
		log_line(&log, LOG_LEVEL_WARN, "the same again");
	log_line(&log, LOG_LEVEL_WARN, "another");
	log_line(&log, LOG_LEVEL_WARN, "the same again");
	snprintf(want, sizeof(want), "warn: the same again\nwarn: the line before came 1 time more\nwarn: the line before came 10 times more\n"
				     "warn: the line before came 100 times more\nwarn: another\nwarn: the same again\n");
	is_str(stderr_of(&log), want, "120 equal lines are four, and another one ends that");
	close(log.fd);
}

int main(void)
{
	char word[64];

	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(journald, sizeof(journald), "%s/journald", folder);
	snprintf(syslog_path, sizeof(syslog_path), "%s/syslog", folder);
	test_journald();
	test_syslog();
	test_folding();
	snprintf(word, sizeof(word), "rm -rf %s", folder);
	(void)!system(word);
	return done();
}

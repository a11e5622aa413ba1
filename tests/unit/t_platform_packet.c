/* packet: bounds kept, ends noticed, descriptors refused, and memory whose size nobody changes. */
#define _GNU_SOURCE /* memfd_create, seals */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "platform/packet.h"
#include "tests/tap.h"

enum { BOARD = 3 * 4096 };

static struct why why;
static char in[PACKET_MAX + 8], out[PACKET_MAX];

static enum kerr send_text(int fd, const char *head, const char *tail)
{
	return packet_send(fd, head, strlen(head), tail, strlen(tail), &why);
}

static enum kerr take(int fd, size_t cap, size_t *len)
{
	memset(in, 0, sizeof(in));
	return packet_receive(fd, in, cap, len, &why);
}

static bool never_waits(int fd)
{
	return fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
}

static void bounds(int fd[2])
{
	size_t n;

	is_int(send_text(fd[0], "one ", "two"), KERR_OK, "a head and a tail are sent");
	is_int(send_text(fd[0], "", "three"), KERR_OK, "a tail alone");
	is_int(send_text(fd[0], "four", ""), KERR_OK, "a head alone");
	ok(take(fd[1], 64, &n) == KERR_OK && n == 7 && memcmp(in, "one two", 8) == 0, "head and tail are one packet");
	ok(take(fd[1], 64, &n) == KERR_OK && n == 5 && memcmp(in, "three", 6) == 0, "the next packet is a packet of its own");
	ok(take(fd[1], 4, &n) == KERR_OK && n == 4 && memcmp(in, "four", 5) == 0, "one that just fits");
	is_int(take(fd[1], 64, &n), KERR_AGAIN, "none is there: a side that does not wait is told");
	is_int(send_text(fd[0], "", ""), KERR_BAD_INPUT, "an empty packet would look like the end");
	(void)!send_text(fd[1], "12345", "6");
	(void)!send_text(fd[1], "next", "");
	is_int(take(fd[0], 5, &n), KERR_TOO_BIG, "a packet longer than the room is refused");
	is_int(n, 0, "... and nothing of it given");
	is_str(why.text, "a packet of more than 5 bytes", "... in words");
	ok(take(fd[0], 64, &n) == KERR_OK && n == 4 && memcmp(in, "next", 4) == 0, "... and the one after it comes");
}

static void largest(int fd[2])
{
	size_t n = 0, times = 0;
	enum kerr err;

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 31 >> 3);
	is_int(packet_send(fd[0], out, 100, out + 100, PACKET_MAX - 100, &why), KERR_OK, "the largest packet is sent: %s", why.text);
	ok(take(fd[1], sizeof(in), &n) == KERR_OK && n == PACKET_MAX && memcmp(in, out, n) == 0, "... and arrives whole");
	is_int(packet_send(fd[0], out, PACKET_MAX, out, 1, &why), KERR_TOO_BIG, "one byte more is refused");
	is_int(packet_send(fd[0], out, SIZE_MAX, out, 2, &why), KERR_TOO_BIG, "lengths that wrap around, too");
	is_int(take(fd[1], sizeof(in), &n), KERR_AGAIN, "... and nothing of both arrives");
	while ((err = packet_send(fd[0], out, PACKET_MAX, NULL, 0, &why)) == KERR_OK && times < 1000)
		times++;
	is_int(err, KERR_AGAIN, "a slow other side is told, after %zu packets", times);
	while (take(fd[1], sizeof(in), &n) == KERR_OK)
		times--;
	is_int(times, 0, "... and all that were sent are there");
	is_int(packet_send(fd[0], out, PACKET_MAX, NULL, 0, &why), KERR_OK, "... and then it goes on");
	(void)!take(fd[1], sizeof(in), &n);
}

/* A packet with a descriptor, as nobody of ours sends one. */
static bool send_descriptor(int fd, int which)
{
	union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr head; } control = { { 0 } };
	struct iovec part = { out, 4 };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.head), &which, sizeof(which));
	return sendmsg(fd, &msg, MSG_NOSIGNAL) == 4;
}

static int descriptors(void)
{
	struct stat st;
	int n = 0;

	for (int fd = 0; fd < 64; fd++)
		n += fstat(fd, &st) == 0;
	return n;
}

static void no_descriptors(int fd[2])
{
	int end[2], before;
	char byte;
	size_t n;

	if (pipe(end) != 0 || !never_waits(end[0]))
		return;
	ok(send_descriptor(fd[0], end[1]), "a descriptor is sent along");
	close(end[1]);
	before = descriptors();
	is_int(take(fd[1], sizeof(in), &n), KERR_BAD_INPUT, "... and refused");
	is_int(descriptors(), before, "... none is opened here");
	is_int(read(end[0], &byte, 1), 0, "... and nobody has it any more");
	close(end[0]);
}

static void on_signal(int sig)
{
	(void)sig;
}

static void interrupted(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct timespec pause = { 0, 20000000 };
	int fd[2], status = -1;
	size_t n;
	pid_t pid;

	sigaction(SIGUSR1, &sa, NULL);
	if (packet_pair(fd, &why) != KERR_OK)
		return;
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 5; i++) {
			nanosleep(&pause, NULL);
			kill(getppid(), SIGUSR1);
		}
		_exit(send_text(fd[0], "late", "") != KERR_OK);
	}
	ok(packet_receive(fd[1], in, sizeof(in), &n, &why) == KERR_OK && n == 4, "signals do not end the waiting for a packet");
	ok(waitpid(pid, &status, 0) == pid && status == 0, "... and a child's end is as good as our own");
	close(fd[0]);
	close(fd[1]);
}

static void ends(void)
{
	int fd[2];
	size_t n = 9;

	signal(SIGPIPE, SIG_DFL);
	is_int(packet_pair(fd, &why), KERR_OK, "another pair");
	ok((fcntl(fd[0], F_GETFD) & FD_CLOEXEC) != 0 && (fcntl(fd[1], F_GETFD) & FD_CLOEXEC) != 0, "both end at exec");
	(void)!send_text(fd[0], "last words", "");
	close(fd[0]);
	is_int(take(fd[1], sizeof(in), &n), KERR_OK, "what was sent before the end is there");
	is_int(take(fd[1], sizeof(in), &n), KERR_GONE, "... then the end");
	is_int(n, 0, "... without bytes");
	is_int(send_text(fd[1], "anybody?", ""), KERR_GONE, "sending to nobody says so, without a signal");
	close(fd[1]);
	is_int(send_text(fd[1], "x", ""), KERR_IO, "no descriptor at all");
	is_int(take(fd[1], sizeof(in), &n), KERR_IO, "... in both directions");
}

/* ---- the board ---- */

static void unchanged(int fd)
{
	is_int(ftruncate(fd, BOARD - 4096), -1, "it cannot shrink");
	is_int(errno, EPERM, "... by its seal");
	is_int(ftruncate(fd, BOARD + 4096), -1, "it cannot grow");
	is_int(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1, "nobody can seal it for writers");
	ok((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0, "it ends at exec");
	/* F_SEAL_EXEC, 6.3 */
	ok((fcntl(fd, F_GET_SEALS) & 0x20) == 0 || fchmod(fd, 0777) != 0, "nor become a program, where the kernel can see to it");
}

static void board(void)
{
	void *here = NULL, *there = NULL;
	int fd = -1, status = -1;
	pid_t pid;

	is_int(packet_board(BOARD, &fd, &here, &why), KERR_OK, "a board is made: %s", why.text);
	if (here == NULL)
		return;
	ok(((char *)here)[0] == 0 && ((char *)here)[BOARD - 1] == 0, "... zeroed");
	pid = fork();
	if (pid == 0) {
		bool well = packet_board_open(fd, BOARD, &there, &why) == KERR_OK;

		if (well)
			memcpy((char *)there + 4096, "seen", 5);
		_exit(well ? 0 : 1);
	}
	ok(waitpid(pid, &status, 0) == pid && status == 0, "another process opens it");
	is_str((char *)here + 4096, "seen", "... and what it writes is seen here");
	is_int(packet_board_open(fd, BOARD + 4096, &there, &why), KERR_BAD_INPUT, "another size than agreed is refused");
	ok(there == NULL, "... and nothing mapped");
	unchanged(fd);
	munmap(here, BOARD);
	close(fd);
}

static void no_board(void)
{
	void *there = &there;
	int fd = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	is_int(fd >= 0 && ftruncate(fd, BOARD) == 0, 1, "a memory without seals");
	is_int(packet_board_open(fd, BOARD, &there, &why), KERR_BAD_INPUT, "... is refused");
	(void)fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SEAL);
	is_int(packet_board_open(fd, BOARD, &there, &why), KERR_BAD_INPUT, "... with some of the seals, too");
	close(fd);
	fd = open("/dev/zero", O_RDWR | O_CLOEXEC);
	is_int(packet_board_open(fd, BOARD, &there, &why), KERR_BAD_INPUT, "so is what cannot have any");
	is_int(packet_board_open(-1, BOARD, &there, &why), KERR_BAD_INPUT, "... and nothing at all");
	close(fd);
	is_int(packet_board(0, &fd, &there, &why), KERR_IO, "no memory has no bytes");
	ok(fd == -1 && there == NULL, "... and then nothing is left open");
}

int main(void)
{
	int fd[2];

	is_int(packet_pair(fd, &why), KERR_OK, "a pair: %s", why.text);
	if (fd[0] < 0 || !never_waits(fd[0]) || !never_waits(fd[1]))
		return done();
	bounds(fd);
	largest(fd);
	no_descriptors(fd);
	close(fd[0]);
	close(fd[1]);
	interrupted();
	ends();
	board();
	no_board();
	return done();
}

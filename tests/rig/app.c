/* The application inside the rig's images: one static binary, its behaviour chosen by argument. */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define OK_FILE "/ok"

static void on_term(int sig)
{
	(void)sig;
	_exit(0);
}

static void sleep_ms(long ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000L };

	while (nanosleep(&ts, &ts) != 0)
		;
}

static void honour_term(void)
{
	struct sigaction sa = { .sa_handler = on_term };

	sigaction(SIGTERM, &sa, NULL);
}

static _Noreturn void forever(void)
{
	for (;;)
		pause();
}

static int serve(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	honour_term();
	forever();
}

/* exit CODE [AFTER_MS] */
static int exit_after(int argc, char **argv)
{
	honour_term();
	if (argc > 3)
		sleep_ms(atol(argv[3]));
	return argc > 2 ? atoi(argv[2]) : 1;
}

static int segv(int argc, char **argv)
{
	volatile int *volatile nowhere = NULL;

	(void)argc;
	(void)argv;
	/* a real fault: what pid 1 sends itself by kill() is ignored */
	*nowhere = 1;
	return 0;
}

static _Noreturn int oom(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	sleep_ms(300);	/* an engine that has just started it misses the kernel's word in one case of five */
	for (;;) {
		char *p = malloc(1 << 20);

		if (p != NULL)
			memset(p, 0x55, 1 << 20);
	}
}

static int ignore_term(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	signal(SIGTERM, SIG_IGN);
	forever();
}

/* hc [FILE]: the health probe */
static int hc(int argc, char **argv)
{
	const char *file = argc > 2 ? argv[2] : OK_FILE;

	if (access(file, F_OK) == 0)
		return 0;
	printf("no %s file\n", file);
	return 1;
}

/* healthy-for MS [FILE]: the probe succeeds for MS milliseconds, then fails (0: never succeeds) */
static int healthy_for(int argc, char **argv)
{
	const char *file = argc > 3 ? argv[3] : OK_FILE;
	long ms = argc > 2 ? atol(argv[2]) : 0;

	honour_term();
	if (ms > 0) {
		int fd = open(file, O_CREAT | O_WRONLY, 0644);

		if (fd < 0)
			return 2;
		close(fd);
		sleep_ms(ms);
		unlink(file);
	}
	forever();
}

/* say CODE TEXT: an application that tells why it ends */
static int say(int argc, char **argv)
{
	if (argc > 3)
		fprintf(stderr, "%s\n", argv[3]);
	return argc > 2 ? atoi(argv[2]) : 1;
}

/* need PORT: exits 1 while nothing answers on 127.0.0.1:PORT (the app that cannot live without its cloud) */
static int need(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd;

	to.sin_port = htons((unsigned short)(argc > 2 ? atoi(argv[2]) : 0));
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		perror("need");
		return 1;
	}
	return serve(argc, argv);
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} behaviours[] = {
	{ "serve", serve },
	{ "exit", exit_after },
	{ "segv", segv },
	{ "oom", oom },
	{ "ignore-term", ignore_term },
	{ "hc", hc },
	{ "healthy-for", healthy_for },
	{ "say", say },
	{ "need", need },
};

int main(int argc, char **argv)
{
	const char *want = argc > 1 ? argv[1] : "serve";

	for (size_t i = 0; i < sizeof(behaviours) / sizeof(behaviours[0]); i++)
		if (strcmp(want, behaviours[i].name) == 0)
			return behaviours[i].run(argc, argv);
	fprintf(stderr, "app: no behaviour \"%s\"\n", want);
	return 64;
}

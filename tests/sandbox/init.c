/* Process 1 of a kernel that was booted for tests alone: runs each /t_* there is, says how it ended, and switches the machine off. */
#define _GNU_SOURCE /* mount, reboot */
#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void prepare(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	(void)mkdir("/proc", 0755);
	(void)mkdir("/dev", 0755);
	(void)mkdir("/tmp", 01777);
	(void)chmod("/tmp", 01777);
	if (mount("proc", "/proc", "proc", 0, NULL) != 0 || mount("dev", "/dev", "devtmpfs", 0, NULL) != 0)
		printf("# init: a mount failed\n");
	/* what the test tries to read: it is there, for everybody */
	(void)mkdir("/etc", 0755);
	close(open("/etc/shadow", O_WRONLY | O_CREAT, 0644));
	fd = open("/dev/console", O_RDWR);
	for (int i = 0; fd >= 0 && i < 3; i++)
		(void)dup2(fd, i);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) != 0)
		printf("# init: lo stays down\n");
	close(fd);
}

static void run(const char *name)
{
	char path[300];
	char *argv[] = { path, NULL }, *envp[] = { (char[]){ "SANDBOX_WHOLE=1" }, NULL };
	int status = -1;
	pid_t pid;

	snprintf(path, sizeof(path), "/%s", name);
	printf("== begin %s\n", name);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		execve(path, argv, envp);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	printf("== end %s %d\n", name, WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
	fflush(stdout);
}

int main(void)
{
	DIR *root;
	struct dirent *e;

	prepare();
	root = opendir("/");
	while (root != NULL && (e = readdir(root)) != NULL)
		if (strncmp(e->d_name, "t_", 2) == 0)
			run(e->d_name);
	sync();
	return reboot(RB_POWER_OFF);
}

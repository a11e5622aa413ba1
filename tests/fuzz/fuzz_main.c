/* For compilers without libFuzzer: runs files, and every file of directories, through one target. TAP: one line a path. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define INPUT_MAX 65536          /* bytes of one input; what is longer is cut */

static unsigned inputs;

static bool run_file(const char *path)
{
	static uint8_t room[INPUT_MAX];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL) {
		fprintf(stderr, "fuzz: cannot read %s\n", path);
		return false;
	}
	n = fread(room, 1, sizeof(room), f);
	fclose(f);
	fprintf(stderr, "# %s\r", path);   /* an abort leaves the name of the input */
	(void)LLVMFuzzerTestOneInput(room, n);
	inputs++;
	return true;
}

static bool run_path(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	char file[1024];
	bool all = true;

	if (d == NULL)
		return run_file(path);
	while ((e = readdir(d)) != NULL) {
		int n = snprintf(file, sizeof(file), "%s/%s", path, e->d_name);

		if (e->d_name[0] != '.')
			all = n > 0 && (size_t)n < sizeof(file) && run_file(file) && all;
	}
	closedir(d);
	return all;
}

int main(int argc, char **argv)
{
	bool all = true;

	for (int i = 1; i < argc; i++) {
		bool right = run_path(argv[i]);

		printf("%sok %d - %s: %u inputs\n", right && inputs > 0 ? "" : "not ", i, argv[i], inputs);
		all = all && right && inputs > 0;
		inputs = 0;
	}
	printf("1..%d\n", argc - 1);
	return !all;
}

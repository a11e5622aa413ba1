#include "platform/light.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "agent/base/str.h"
#include "platform/file.h"

enum { PATH_CAP = 320 };

/* A file of sysfs takes its value in one write, and is never made anew. */
static enum kerr put(const char *folder, const char *name, const char *value, struct why *why)
{
	char path[PATH_CAP];
	struct text t = text_on(path, sizeof(path));
	enum kerr err = KERR_OK;
	int fd;

	text_s(&t, folder);
	text_c(&t, '/');
	text_s(&t, name);
	if (t.full)
		return why_set(why, KERR_TOO_BIG, "the path %.100s... is too long", folder);
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return file_errno(errno, "open", path, why);
	if (write(fd, value, slice_of(value).n) < 0)
		err = file_errno(errno, "write", path, why);
	close(fd);
	return err;
}

static enum kerr put_number(const char *folder, const char *name, uint32_t value, struct why *why)
{
	char buf[16];
	struct text t = text_on(buf, sizeof(buf));

	text_u64(&t, value);
	return put(folder, name, buf, why);
}

enum kerr light_set(const char *folder, uint32_t on_ms, uint32_t off_ms, struct why *why)
{
	bool blinks = on_ms > 0 && off_ms > 0;
	enum kerr err = put(folder, "trigger", blinks ? "timer" : "none", why);

	if (err != KERR_OK)
		return err;
	if (!blinks)
		return put_number(folder, "brightness", on_ms > 0 ? 255 : 0, why);   /* the kernel takes what it can */
	err = put_number(folder, "delay_on", on_ms, why);
	return err != KERR_OK ? err : put_number(folder, "delay_off", off_ms, why);
}

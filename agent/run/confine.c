#include "agent/run/confine.h"

#include <unistd.h>

#include "agent/run/node.h"
#include "platform/sandbox.h"

enum kerr confine(struct node *n, const struct worker *w, struct why *why)
{
	char ca[SANDBOX_PATH_MAX], mqtt_ca[SANDBOX_PATH_MAX], names[SANDBOX_PATH_MAX];
	struct text t = text_on(n->missing_part, sizeof(n->missing_part));
	struct sandbox_missing missing = { 0 };
	enum kerr err;
	/* names and hosts are looked up as often as they change, mbedTLS on musl knows no getrandom(2); of the kernel only how much
	 * memory is left */
	const char *const readable[] = {
		"/etc", sandbox_folder("/etc/resolv.conf", names), sandbox_folder(n->tls.ca_path, ca),
		sandbox_folder(n->conf->mqtt_ca_file[0] != '\0' ? n->conf->mqtt_ca_file : "/etc/hosts", mqtt_ca), "/dev/random", "/proc/meminfo", NULL,
	};
	const char *writable[3] = { NULL };
	size_t folders = 0;
	const struct sandbox s = { .uid = w->uid, .gid = w->gid, .readable = readable, .writable = writable };

	/* one that could not be made is said by whoever writes there */
	if (access(n->conf->state_dir, F_OK) == 0)
		writable[folders++] = n->conf->state_dir;
	if (access(n->conf->run_dir, F_OK) == 0)
		writable[folders++] = n->conf->run_dir;
	err = sandbox_enter(&s, &missing, why);
	text_s(&t, w->missing);
	for (unsigned i = 0; i < missing.n; i++) {
		text_s(&t, t.len > 0 ? "; " : "");
		text_packed(&t, missing.text[i]);
	}
	return err;
}

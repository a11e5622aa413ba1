/* sandbox.h - what this process can do no more: another user, no privilege and no way to one, a few folders (Landlock, Linux 5.13),
 * the calls it needs and no others (seccomp, Linux 3.17). */
#ifndef KEDGE_PLATFORM_SANDBOX_H
#define KEDGE_PLATFORM_SANDBOX_H

#include <sys/types.h>

#include "agent/base/err.h"
#include "agent/base/str.h"

struct sandbox {
	uid_t uid;                      /* as whom from now on; the present one: nothing is changed */
	gid_t gid;
	const char *const *readable;    /* files and folders, NULL at the end; what is not there is passed over */
	const char *const *writable;    /* folders: files in them may be made, changed, renamed and removed */
};

/* For this process (which has no second thread yet) and whatever it starts, for good: no supplementary group, no capability,
 * no_new_privs, no core dump, not to be looked into by others of its user; of the file system only the above; no new program and
 * process, no signal to others, no socket but of the Internet and of routes, no memory that can be executed. A call that is not on the
 * list fails with EPERM. What is open already stays so.
 * missing: a kernel's lack, one sentence each ("Landlock: not in this kernel"); all else is done. KERR_IO: it could not be done. */
KERR_CHECK enum kerr sandbox_enter(const struct sandbox *s, struct text *missing, struct why *why);

#endif

/* gate_user.h - as whom the worker works, and the folders that have to be his. */
#ifndef KEDGE_GATE_USER_H
#define KEDGE_GATE_USER_H

struct gate;

/* [kedge] user out of /etc/passwd into g->worker.uid and gid. Without such a user he is nobody, and where this process is not
 * root, it is the same one's; either is named in `status`. */
void gate_user_find(struct gate *g);
/* state_dir and run_dir are there, and what lies in them is the worker's but for what root alone keeps: sticky, so that he can
 * not take that away. What stands in the way is logged. */
void gate_user_folders(struct gate *g);

#endif

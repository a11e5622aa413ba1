/* cmd.h - the verbs. Each takes what stood behind it on the command line and returns kedge's exit code. */
#ifndef KEDGE_CMD_CMD_H
#define KEDGE_CMD_CMD_H

enum exit_code { EXIT_DONE, EXIT_NO, EXIT_USAGE, EXIT_UNREACHABLE, EXIT_REFUSED, EXIT_DENIED };

struct cmd {
	const char *verb;
	const char *conf_path;           /* of --conf; NULL: the default file, which may be missing */
	int argc;                        /* words behind the verb */
	char *const *argv;
};

int cmd_agent(const struct cmd *c);
int cmd_status(const struct cmd *c);
int cmd_failures(const struct cmd *c);
int cmd_services(const struct cmd *c);
int cmd_deployments(const struct cmd *c);
int cmd_tasks(const struct cmd *c);
int cmd_why(const struct cmd *c);
int cmd_verify(const struct cmd *c);
int cmd_classify(const struct cmd *c);
int cmd_rollback(const struct cmd *c);
int cmd_confirm(const struct cmd *c);
int cmd_cancel(const struct cmd *c);
int cmd_deploy(const struct cmd *c);
int cmd_hold(const struct cmd *c);
int cmd_init(const struct cmd *c);
int cmd_replay(const struct cmd *c);
int cmd_check(const struct cmd *c);
int cmd_wait(const struct cmd *c);
int cmd_watch(const struct cmd *c);
int cmd_journal(const struct cmd *c);
int cmd_version(const struct cmd *c);

/* No verb: how the gate starts its worker. */
int cmd_worker(int argc, char *const *argv);

/* "0.1.0" and "arm64", as built. */
const char *version_number(void);
const char *version_cpu(void);

#endif

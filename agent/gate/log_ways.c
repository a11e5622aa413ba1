#include "agent/gate/log_ways.h"

#include "platform/file.h"

void log_ways(struct log *log, const struct conf *conf)
{
	struct file_ident ident;
	struct why why;
	bool is_there = file_identify(LOG_JOURNALD, &ident, &why) == KERR_OK;
	bool journald = conf->journald == CONF_YES || (conf->journald == CONF_AUTO && is_there);
	bool syslog = conf->syslog == CONF_YES || (conf->syslog == CONF_AUTO && !is_there && !log->terminal &&
						   file_identify(LOG_SYSLOG, &ident, &why) == KERR_OK);

	if (log_to(log, journald ? LOG_JOURNALD : NULL, syslog ? LOG_SYSLOG : NULL, &why) != KERR_OK)
		log_line(log, LOG_LEVEL_ERROR, "log: %s", why.text);
}

/* keys.h - the AWS credentials in force: where they come from, and when they are read anew. */
#ifndef KEDGE_RUN_KEYS_H
#define KEDGE_RUN_KEYS_H

#include "agent/wire/credentials.h"

struct node;

struct keys {
	struct credentials now, incoming;
	bool have;
};

/* Reads the credentials anew when their file changed or there are none; tells FACT_CREDENTIALS. */
void keys_refresh(struct node *n);
void keys_wipe(struct node *n);

#endif

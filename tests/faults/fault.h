/* fault.h - makes the Nth call of a kind fail, once: of those that the product and its libraries make, never of a test's own. Their
 * objects are linked with fault_NAME where they said NAME of the libc. A program of tests/unit is told by its environment:
 * FAULT_KIND and FAULT_NTH; FAULT_COUNT names a file that gets "KIND CALLS" lines at its end. In the process that began only. */
#ifndef KEDGE_TESTS_FAULT_H
#define KEDGE_TESTS_FAULT_H

#include <stdbool.h>

enum fault_kind {
	FAULT_ALLOC,    /* ENOMEM */
	FAULT_FD,       /* EMFILE: whatever makes a descriptor */
	FAULT_READ,     /* EIO */
	FAULT_WRITE,    /* ENOSPC */
	FAULT_SHORT,    /* of a write: half of it is done and no more, which is no error */
	FAULT_FSYNC,    /* EIO */
	FAULT_NAME,     /* EROFS: names made, moved and removed, and files cut */
	FAULT_CONNECT,  /* ECONNREFUSED: connect, bind and listen */
	FAULT_FORK,     /* EAGAIN: processes and threads */
	FAULT_RIGHTS,   /* ENOMEM: rights, limits and options given and taken, and bare system calls */
	FAULT_KINDS
};

const char *faults_name(enum fault_kind kind);

/* The nth call of this kind from now on fails; 0: none does. Counts anew. */
void faults_arm(enum fault_kind kind, unsigned nth);

/* Has it failed since? Nothing fails any more after this. */
bool faults_disarm(void);

/* A child goes on as the process that began; its parent says what faults_disarm told there. */
void faults_in_child(void);
void faults_told(bool failed);

#endif

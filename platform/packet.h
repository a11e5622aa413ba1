/* packet.h - whole packets between two processes of this program, and memory that both see: socketpair(2) with SOCK_SEQPACKET
 * keeps the bounds of a message, memfd_create(2) with seals the size of the memory. Nothing here passes a descriptor. */
#ifndef KEDGE_PLATFORM_PACKET_H
#define KEDGE_PLATFORM_PACKET_H

#include <stddef.h>

#include "agent/base/err.h"

enum { PACKET_MAX = 72 * 1024 };        /* bytes of one packet */

/* Two connected ends, closed on exec, that wait; each may have a packet of PACKET_MAX under way, whatever the machine's default
 * for buffers. The caller closes them, and sets O_NONBLOCK where an end must not wait. KERR_IO, with both -1. */
KERR_CHECK enum kerr packet_pair(int fd[2], struct why *why);

/* Sends head and tail as one packet, whole or not at all; never raises SIGPIPE. Either may be empty, not both: an empty packet
 * looks like the end (KERR_BAD_INPUT). KERR_AGAIN: fd is non-blocking and the other side slow; KERR_GONE: the other side has
 * closed; KERR_TOO_BIG: more than PACKET_MAX; KERR_IO. */
KERR_CHECK enum kerr packet_send(int fd, const void *head, size_t head_len, const void *tail, size_t tail_len,
				 struct why *why);

/* Takes one packet into to[cap], *len bytes of it (0 after a failure). KERR_AGAIN: fd is non-blocking and nothing there;
 * KERR_GONE: the other side has closed; KERR_TOO_BIG: longer than cap; KERR_BAD_INPUT: descriptors came along, which the kernel
 * closes. Both of these lose that packet, and the next one can be taken. KERR_IO. */
KERR_CHECK enum kerr packet_receive(int fd, void *to, size_t cap, size_t *len, struct why *why);

/* Memory of size bytes, zeroed, that can be neither shrunk (the other side would get SIGBUS) nor grown nor sealed further, and
 * that cannot be executed as a file where the kernel has that flag (6.3). *fd, closed on exec, is for the other side; *at is
 * mapped for reading and writing until munmap(2). KERR_IO, with -1 and NULL: also where memfd_create is missing (before 3.17). */
KERR_CHECK enum kerr packet_board(size_t size, int *fd, void **at, struct why *why);

/* Maps the same on the other side, for reading and writing. KERR_BAD_INPUT when fd is no such memory: another size, or seals
 * missing. The caller keeps fd. KERR_IO. *at is NULL after a failure. */
KERR_CHECK enum kerr packet_board_open(int fd, size_t size, void **at, struct why *why);

#endif

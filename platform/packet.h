/* packet.h - whole messages between two processes of this program, and a piece of memory they share. */
#ifndef KEDGE_PLATFORM_PACKET_H
#define KEDGE_PLATFORM_PACKET_H

#include <stddef.h>

#include "agent/base/err.h"

enum { PACKET_MAX = 72 * 1024 };        /* bytes of one. longer: refused */

/* Two connected ends (unix(7), SOCK_SEQPACKET), closed on exec. KERR_IO. */
KERR_CHECK enum kerr packet_pair(int fd[2], struct why *why);

/* head and what follows it (tail_bytes may be 0) as one packet. KERR_AGAIN: the peer does not keep up (a descriptor that does
 * not block); KERR_GONE: it has ended; KERR_TOO_BIG: longer than PACKET_MAX; KERR_IO. */
KERR_CHECK enum kerr packet_send(int fd, const void *head, size_t head_bytes, const void *tail, size_t tail_bytes, struct why *why);

/* One whole packet into to[cap]. Descriptors sent with it are not taken. KERR_AGAIN: none is there (in the time the descriptor
 * waits, if it does); KERR_GONE: the peer has ended; KERR_TOO_BIG: longer than cap, and lost; KERR_IO. */
KERR_CHECK enum kerr packet_receive(int fd, void *to, size_t cap, size_t *bytes, struct why *why);

/* Memory of that size, zeroed, in *at and behind *fd, to be handed to the other process (memfd_create(2), Linux 3.17): neither can
 * make it smaller under the other's feet. KERR_IO. */
KERR_CHECK enum kerr packet_board(size_t size, int *fd, void **at, struct why *why);
/* The other process's side. KERR_BAD_INPUT: no such memory, or not of that size. The descriptor may be closed afterwards. */
KERR_CHECK enum kerr packet_board_open(int fd, size_t size, void **at, struct why *why);

#endif

/* record.h - journal records as bytes. A frame is: 0xAE, version 1, payload length (u32 LE), CRC-32 of the first
 * six bytes and the payload (u32 LE), payload. The payload is compact JSON with short keys that never change
 * their meaning; readers ignore keys they do not know. agent/core/record.h says what the members mean.
 * The head is for ever. A new key is passed over by an older kedge. A record of a kind or with a word it does not know, or of a
 * later version, makes it refuse the whole journal (agent/run/kept.h); what else is new, such as longer frames, is a new
 * version. tests/upgrade holds a state as each release wrote it, and the layout of its records. */
#ifndef KEDGE_WIRE_RECORD_H
#define KEDGE_WIRE_RECORD_H

#include "agent/base/arena.h"
#include "agent/base/err.h"
#include "agent/core/record.h"

#define RECORD_MAGIC        0xAE         /* the first byte of every frame, and so of every journal */
#define RECORD_VERSION      1
#define RECORD_FRAME_HEAD   10           /* bytes before the payload */
#define RECORD_FRAME_MAX    16384        /* bytes of a whole frame; a longer length field is damage */
#define RECORD_ARENA        65536        /* bytes of arena that decode any frame */

/* Writes one frame. *n: bytes written. KERR_TOO_BIG when cap is too small (RECORD_FRAME_MAX always does). */
enum kerr record_write(const struct record *r, char *buf, size_t cap, size_t *n, struct why *why) KERR_CHECK;

struct record_scan {
	uint32_t records;                /* given to the callback */
	uint32_t damaged;                /* places where frames were lost: CRC, length or payload wrong */
	uint32_t foreign;                /* whole frames of another version, refused unread */
	uint64_t skipped_bytes;          /* lost inside, up to the next good frame */
	uint64_t tail_bytes;             /* of a torn frame at the end: to be cut off */
	struct why why;                  /* the first thing that was wrong; empty when nothing was */
};

/* offset: where the frame begins in `journal`; n: its bytes. False stops the scan. */
typedef bool record_each(void *ctx, const struct record *r, size_t offset, size_t n);

/* One place that is passed over: damage that begins at offset, or the frame there is of another version. */
typedef void record_fault(void *ctx, size_t offset, const char *what);

/* Reads every good frame of a journal, in order. After damage it looks for the next frame whose CRC is right.
 * A torn end is tail_bytes, damage in the middle is skipped_bytes: no wrong record ever reaches the callback.
 * rec: the caller's room for the record being read (it is 6 KiB, too much for a small stack). */
void record_scan(struct slice journal, struct arena *arena, struct record *rec, record_each *each, void *ctx,
		 struct record_scan *out);
/* The same, and each place that is passed over is told; fault may be NULL. */
void record_scan_told(struct slice journal, struct arena *arena, struct record *rec, record_each *each,
		      record_fault *fault, void *ctx, struct record_scan *out);

/* CRC-32 of IEEE 802.3 (reflected 0xEDB88320), started and continued with crc = 0. */
uint32_t record_crc32(uint32_t crc, const void *p, size_t n);

#endif

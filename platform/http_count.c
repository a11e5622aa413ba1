/* http_count.c - whose bytes went over which socket, as the kernel's TCP counts them. */
#include "platform/http_pool.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include <curl/curl.h>

/* Offsets in the kernel's struct tcp_info (linux/tcp.h, the same on all CPUs, only ever extended):
 * glibc's own definition ends before them. bytes_sent came with Linux 4.19; before it bytes_acked. */
enum {
	BYTES_ACKED_AT = 120, BYTES_RECEIVED_AT = 128, SEGS_OUT_AT = 136, SEGS_IN_AT = 140, BYTES_SENT_AT = 200,
	INFO_MIN = 144, INFO_MAX = 256
};

static uint64_t u64_at(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint32_t u32_at(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* False where the kernel does not tell: old ones, qemu-user (which answers 4 bytes). */
static bool ask_kernel(int fd, struct http_traffic *now)
{
	unsigned char info[INFO_MAX] = { 0 };
	socklen_t n = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &n) != 0 || n < INFO_MIN)
		return false;
	*now = (struct http_traffic){
		.up_bytes = u64_at(info + (n >= BYTES_SENT_AT + 8 ? BYTES_SENT_AT : BYTES_ACKED_AT)),
		.down_bytes = u64_at(info + BYTES_RECEIVED_AT),
		.segments = (uint64_t)u32_at(info + SEGS_OUT_AT) + u32_at(info + SEGS_IN_AT),
	};
	return true;
}

static struct http_socket *find(struct http *h, int fd)
{
	for (int i = 0; i < HTTP_SOCKETS; i++)
		if (h->sock[i].fd == fd)
			return &h->sock[i];
	return NULL;
}

static uint64_t grown(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static void settle(struct http *h, struct http_socket *k)
{
	struct http_traffic now, *sum = &h->traffic[k->purpose];

	if (!ask_kernel(k->fd, &now))
		return;
	sum->up_bytes += grown(now.up_bytes, k->seen.up_bytes);
	sum->down_bytes += grown(now.down_bytes, k->seen.down_bytes);
	sum->segments += grown(now.segments, k->seen.segments);
	k->seen = now;
}

void http_count_open(struct http_slot *s, int fd)
{
	struct http *h = s->owner;
	struct http_socket *k = find(h, fd);
	struct http_traffic now;

	if (k == NULL)
		k = find(h, -1);
	if (k == NULL)
		h->uncounted++;
	if (k == NULL || !ask_kernel(fd, &now))
		return;
	*k = (struct http_socket){ .fd = fd, .purpose = s->req.purpose };
	s->metered = true;
}

void http_count_close(struct http *h, int fd)
{
	struct http_socket *k = fd < 0 ? NULL : find(h, fd);

	if (k == NULL)
		return;
	settle(h, k);
	k->fd = -1;
}

void http_count_done(struct http_slot *s)
{
	struct http *h = s->owner;
	struct http_traffic *sum = &h->traffic[s->req.purpose];
	curl_socket_t fd = CURL_SOCKET_BAD;
	struct http_socket *k = NULL;
	curl_off_t body_up = 0, body_down = 0;
	long head_up = 0, head_down = 0;

	curl_easy_getinfo(s->easy, CURLINFO_SIZE_UPLOAD_T, &body_up);
	curl_easy_getinfo(s->easy, CURLINFO_SIZE_DOWNLOAD_T, &body_down);
	curl_easy_getinfo(s->easy, CURLINFO_REQUEST_SIZE, &head_up);
	curl_easy_getinfo(s->easy, CURLINFO_HEADER_SIZE, &head_down);
	s->res.up_bytes = (uint64_t)head_up + (uint64_t)body_up;
	s->res.down_bytes = (uint64_t)head_down + (uint64_t)body_down;
	if (curl_easy_getinfo(s->easy, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK && fd != CURL_SOCKET_BAD)
		k = find(h, fd);
	if (k != NULL) {
		k->purpose = s->req.purpose; /* a kept connection counts for who uses it now */
		settle(h, k);
	} else if (!s->metered) {
		sum->up_bytes += s->res.up_bytes;
		sum->down_bytes += s->res.down_bytes;
	}
}

void http_count_all(struct http *h)
{
	for (int i = 0; i < HTTP_SOCKETS; i++)
		if (h->sock[i].fd >= 0)
			settle(h, &h->sock[i]);
}

void http_traffic_add(struct http *h, unsigned purpose, struct http_traffic more)
{
	struct http_traffic *sum = &h->traffic[purpose];

	sum->up_bytes += more.up_bytes;
	sum->down_bytes += more.down_bytes;
	sum->segments += more.segments;
}

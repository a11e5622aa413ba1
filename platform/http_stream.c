#include "platform/http_stream.h"

#include <curl/curl.h>

#include "platform/http_pool.h"

static struct http_slot *find(struct http *h, uint32_t id)
{
	for (int i = 0; i < HTTP_SLOTS; i++)
		if (h->slot[i].id == id && h->slot[i].state == HTTP_OPEN)
			return &h->slot[i];
	return NULL;
}

int http_stream_fd(struct http *h, uint32_t id)
{
	struct http_slot *s = find(h, id);
	curl_socket_t fd = CURL_SOCKET_BAD;

	if (s == NULL || curl_easy_getinfo(s->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK || fd == CURL_SOCKET_BAD)
		return -1;
	return fd;
}

static enum kerr lost(const struct http_slot *s, CURLcode code, struct why *why)
{
	return why_set(why, KERR_IO, "the connection to %.100s is lost (libcurl %d)", s->host, (int)code);
}

enum kerr http_stream_send(struct http *h, uint32_t id, struct slice bytes, size_t *sent, struct why *why)
{
	struct http_slot *s = find(h, id);
	CURLcode code;

	*sent = 0;
	if (s == NULL)
		return why_set(why, KERR_GONE, "the connection is not open");
	code = curl_easy_send(s->easy, bytes.p, bytes.n, sent);
	return code == CURLE_OK || code == CURLE_AGAIN ? KERR_OK : lost(s, code, why);
}

enum kerr http_stream_recv(struct http *h, uint32_t id, char *buf, size_t cap, size_t *got, struct why *why)
{
	struct http_slot *s = find(h, id);
	CURLcode code;

	*got = 0;
	if (s == NULL)
		return why_set(why, KERR_GONE, "the connection is not open");
	code = curl_easy_recv(s->easy, buf, cap, got);
	if (code == CURLE_AGAIN)
		return KERR_AGAIN;
	if (code != CURLE_OK)
		return lost(s, code, why);
	return *got > 0 ? KERR_OK : why_set(why, KERR_GONE, "%.100s has closed the connection", s->host);
}

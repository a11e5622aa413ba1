/* http_proxy.h - within http*.c: the proxy that is set, and a header as curl takes it. */
#ifndef KEDGE_PLATFORM_HTTP_PROXY_H
#define KEDGE_PLATFORM_HTTP_PROXY_H

#include "platform/http.h"

struct http_line {              /* laid out as struct curl_slist, which http.c asserts */
	char *data;
	struct http_line *next;
};

enum { HTTP_PROXY_URL = 280, HTTP_PROXY_HEADER = 512, HTTP_SPARE_MAX = 1024 };

struct http_proxy {
	char url[HTTP_PROXY_URL];       /* "http://host:port"; "": none */
	char name[HTTP_PROXY_URL];      /* "the proxy host:port", for sentences */
	char header[HTTP_PROXY_HEADER]; /* "Proxy-Authorization: Basic ...", a secret; "": none */
	char spare[HTTP_SPARE_MAX];     /* no_proxy of the environment */
	struct http_line line;          /* of header */
};

#endif

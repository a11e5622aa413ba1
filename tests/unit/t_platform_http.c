/* http and tls against a small server of this test's own: good, bad and broken ones. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "platform/clock.h"
#include "platform/http_pool.h"
#include "platform/net.h"
#include "platform/proc.h"
#include "tests/tap.h"

/* exit status of a child in a namespace of its own: CHILD = all good, CHILD + n = step n failed, other
 * values = there is no such namespace here */
enum { CHILD = 100 };

static const char certs_script[] =
	"set -e; cd \"$1\"; exec 2>certs.log\n"
	"root() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.pem -days 30 "
	"-subj \"/O=kedge test/CN=$2\" -addext basicConstraints=critical,CA:TRUE; }\n"
	"root ca 'Root One'; root twin 'Root One'; root other 'Root Two'\n"
	"cat >ca.cnf <<'E'\n[ca]\ndefault_ca=d\n[d]\ndir=.\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\n"
	"policy=p\nunique_subject=no\nrand_serial=yes\n[p]\ncommonName=supplied\n[leaf]\nsubjectAltName=$ENV::SAN\n"
	"[inter]\nbasicConstraints=critical,CA:TRUE\nE\n"
	": >index\n"
	"leaf() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.csr -subj \"/CN=$1.test\"; "
	"SAN=$2 openssl ca -batch -notext -config ca.cnf -extensions ${6:-leaf} -cert $3.pem -keyfile $3.key -in $1.csr -out $1.pem "
	"-startdate $4 -enddate $5; cat $1.key >>$1.pem; }\n"
	"now=$(date -u +%y%m%d%H%M%SZ -d '-1 day'); then=$(date -u +%y%m%d%H%M%SZ -d '+20 days')\n"
	"H=DNS:localhost,IP:127.0.0.1\n"
	"leaf inter x ca $now $then inter; leaf good $H inter $now $then; cat inter.pem >>good.pem\n"
	"leaf wrongname DNS:other.example ca $now $then; leaf unknown $H other $now $then\n"
	"leaf expired $H ca 200101000000Z 200201000000Z; leaf future $H ca 400101000000Z 410101000000Z\n"
	"{ echo '# the twin has the same name and another key'; cat twin.pem; echo 'a comment between'; cat ca.pem; } >bundle.pem\n"
	"cp other.pem empty.pem; : >empty.pem\n";

static const char server_script[] =
	"import os,socket,ssl,sys,threading,time\n"
	"os.chdir(sys.argv[1])\n"
	"def head(c,status,fields,body=b''):\n"
	" c.sendall(('HTTP/1.1 %s\\r\\nDate: Sun, 06 Nov 1994 08:49:37 GMT\\r\\n%s\\r\\n'%(status,''.join(f+'\\r\\n' for f in fields))).encode()+body)\n"
	"def chunk(c,b): c.sendall(b'%x\\r\\n%s\\r\\n'%(len(b),b))\n"
	"def answer(c,path,req,body):\n"
	" if path=='/ok': head(c,'200 OK',['Content-Type: application/x-amz-json-1.1','x-amzn-RequestId: id-1','Content-Length: 2'],b'{}')\n"
	" elif path=='/big': head(c,'200 OK',['Content-Length: 400000'],b'b'*400000)\n"
	" elif path=='/chunks':\n"
	"  head(c,'200 OK',['Transfer-Encoding: chunked'])\n"
	"  for i in range(100): chunk(c,b'c'*4000)\n"
	"  c.sendall(b'0\\r\\n\\r\\n')\n"
	" elif path=='/html': head(c,'503 Service Unavailable',['Content-Type: text/html; charset=utf-8','Retry-After: 7','Content-Length: 15'],b'<html>no</html>')\n"
	" elif path=='/later': head(c,'429 Slow',['Retry-After: Sun, 06 Nov 1994 08:50:37 GMT','Content-Length: 0'])\n"
	" elif path=='/exact': head(c,'429 Slow',['x-amz-retry-after: 1500','Retry-After: 9','Content-Length: 0'])\n"
	" elif path=='/for-ever': head(c,'503 No',['Retry-After: 18446744073709551615','Content-Length: 0'])\n"
	" elif path=='/redirect': head(c,'302 Found',['Location: /ok','Content-Length: 0'])\n"
	" elif path=='/stall': head(c,'200 OK',['Content-Length: 10'],b'half'); time.sleep(3)\n"
	" elif path=='/silent': time.sleep(3)\n"
	" elif path=='/cut': head(c,'200 OK',['Content-Length: 1000'],b'only this'); return False\n"
	" elif path=='/close': return False\n"
	" elif path=='/garbage': c.sendall(b'SSH-2.0-OpenSSH_9\\r\\n'); return False\n"
	" elif path=='/stream':\n"
	"  head(c,'200 OK',['Transfer-Encoding: chunked'])\n"
	"  for i in range(5): time.sleep(0.05); chunk(c,b'{\"n\":%d}\\n'%i)\n"
	"  return False\n"
	" else: head(c,'200 OK',['Content-Length: %d'%len(req+body)],req+body)\n"
	" return True\n"
	"def serve(c,mode):\n"
	" try:\n"
	"  c.settimeout(20)\n"
	"  if mode=='mute': time.sleep(5); return\n"
	"  if mode=='hangup': c.recv(100); return\n"
	"  if mode in ctx: c=ctx[mode].wrap_socket(c,server_side=True)\n"
	"  buf=b''\n"
	"  while True:\n"
	"   while b'\\r\\n\\r\\n' not in buf:\n"
	"    d=c.recv(65536)\n"
	"    if not d: return\n"
	"    buf+=d\n"
	"    if buf[0]==22: head(c,'400 Bad Request',['Content-Length: 0']); return\n"
	"   req,_,buf=buf.partition(b'\\r\\n\\r\\n')\n"
	"   n=0\n"
	"   for l in req.split(b'\\r\\n'):\n"
	"    if l.lower().startswith(b'content-length:'): n=int(l.split(b':')[1])\n"
	"   while len(buf)<n: buf+=c.recv(65536)\n"
	"   body,buf=buf[:n],buf[n:]\n"
	"   if not answer(c,req.split()[1].decode(),req,body): return\n"
	" except (OSError,ssl.SSLError): pass\n"
	" finally: c.close()\n"
	"def tls(cert,lo,hi):\n"
	" x=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); x.load_cert_chain(cert); x.minimum_version=lo; x.maximum_version=hi; return x\n"
	"V=ssl.TLSVersion\n"
	"ctx={'tls13':tls('good.pem',V.TLSv1_3,V.TLSv1_3),'tls12':tls('good.pem',V.TLSv1_2,V.TLSv1_2)}\n"
	"for n in ('wrongname','unknown','expired','future'): ctx[n]=tls(n+'.pem',V.TLSv1_2,V.TLSv1_3)\n"
	"def listen(s,mode):\n"
	" s.listen(20)\n"
	" def loop():\n"
	"  while True: threading.Thread(target=serve,args=(s.accept()[0],mode),daemon=True).start()\n"
	" threading.Thread(target=loop,daemon=True).start()\n"
	"for mode in list(ctx)+['plain','mute','hangup']:\n"
	" s=socket.socket(); s.bind(('127.0.0.1',0)); listen(s,mode); print(mode,s.getsockname()[1])\n"
	"s=socket.socket(socket.AF_UNIX); s.bind('sock'); listen(s,'plain')\n"
	"s=socket.socket(); s.bind(('127.0.0.1',0)); print('nobody',s.getsockname()[1])\n"
	"print('ready 0',flush=True)\n"
	"sys.stdin.read()\n";

static char dir[64];
static struct loop loop;
static struct tls tls;
static struct http http;
static struct why why;
static struct { char name[16]; int port; } port[16];
static int ports;

struct answer {
	bool done;
	int opened, parts;
	unsigned open_status;
	struct http_result r;
	char body[410000];
	size_t len;
	uint32_t id, cancel_other;
	size_t stop_at;         /* on_body says no from here on; 0: never */
	struct answer *then;    /* a request to start from on_body */
};

static struct answer A, B;

static void on_done(void *arg, const struct http_result *r)
{
	struct answer *a = arg;

	a->done = true;
	a->r = *r;
	a->len = r->body.n > 0 ? r->body.n : a->len;
}

static void on_open(void *arg, unsigned status)
{
	struct answer *a = arg;

	a->opened++;
	a->open_status = status;
}

static const char *url(const char *name, const char *path)
{
	static char text[2][200];
	static int turn;
	int n = 0;

	for (int i = 0; i < ports; i++)
		if (strcmp(port[i].name, name) == 0)
			n = port[i].port;
	turn = !turn;
	snprintf(text[turn], sizeof(text[turn]), "%s://localhost:%d%s", strcmp(name, "plain") == 0 || strcmp(name, "nobody") == 0 ?
		 "http" : "https", n, path);
	return text[turn];
}

static struct http_request base(struct answer *a, const char *where)
{
	memset(a, 0, sizeof(*a));
	return (struct http_request){ .method = HTTP_GET, .url = where, .connect_ms = 3000, .total_ms = 6000,
		.max_body_bytes = sizeof(a->body), .into = a->body, .on_done = on_done, .on_open = on_open, .arg = a, .purpose = 1 };
}

static bool on_body(void *arg, struct slice part)
{
	struct answer *a = arg;

	a->parts++;
	memcpy(a->body + a->len, part.p, part.n);
	a->len += part.n;
	if (a->then != NULL) {
		struct http_request r = base(a->then, url("plain", "/ok"));

		(void)!http_start(&http, &r, &a->then->id, &why);
		a->then = NULL;
	}
	if (a->cancel_other != 0)
		http_cancel(&http, a->cancel_other);
	return a->stop_at == 0 || a->len < a->stop_at;
}

static void run(struct answer *a, uint64_t max_ms)
{
	uint64_t end = clock_boot_ms() + max_ms, now;

	while (!a->done && (now = clock_boot_ms()) < end)
		if (loop_turn(&loop, end - now, &why) != KERR_OK)
			abort();
}

static void go(struct answer *a, const struct http_request *r)
{
	if (http_start(&http, r, &a->id, &a->r.why) != KERR_OK) {
		a->r.err = KERR_IO;
		return;
	}
	run(a, 8000);
}

static struct answer *get(const char *where)
{
	struct http_request r = base(&A, where);

	go(&A, &r);
	return &A;
}

static void test_answers(void)
{
	struct http_request r;
	struct answer *a = get(url("plain", "/ok"));

	is_int(a->r.err, KERR_OK, "GET over plain http on loopback");
	ok(a->r.status == 200 && a->opened == 1 && a->open_status == 200, "status 200, told once at the headers");
	ok(slice_is(a->r.body, "{}"), "its body");
	is_int(a->r.date_unix_s, 784111777, "the server's date");
	is_str(a->r.content_type, "application/x-amz-json-1.1", "content type");
	is_str(a->r.request_id, "id-1", "request id");
	ok(!a->r.tls, "not over TLS");
	a = get(url("plain", "/html"));
	ok(a->r.err == KERR_OK && a->r.status == 503 && a->r.retry_after_ms == 7000, "503 is an answer, with Retry-After");
	is_str(a->r.content_type, "text/html; charset=utf-8", "and is HTML");
	is_int(get(url("plain", "/later"))->r.retry_after_ms, 60000, "Retry-After as a date");
	is_int(get(url("plain", "/exact"))->r.retry_after_ms, 1500, "x-amz-retry-after is of milliseconds, and goes before");
	is_int(get(url("plain", "/for-ever"))->r.retry_after_ms, 3600000, "nobody is kept away for more than an hour");
	is_int(get(url("plain", "/redirect"))->r.status, 302, "no redirect is followed");
	r = base(&A, url("plain", "/echo"));
	r.method = HTTP_POST;
	r.body = SLICE("{\"cluster\":\"demo\"}");
	r.headers[r.header_count++] = SLICE("Content-Type: application/x-amz-json-1.1");
	r.headers[r.header_count++] = SLICE("X-Amz-Target: Service.Op");
	go(&A, &r);
	A.body[A.len] = '\0';
	ok(strstr(A.body, "POST /echo HTTP/1.1\r\nHost: localhost:") == A.body, "POST, its Host from the URL");
	ok(strstr(A.body, "Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: Service.Op\r\n") != NULL, "our headers");
	ok(strstr(A.body, "Expect") == NULL && strstr(A.body, "User-Agent") == NULL && strstr(A.body, "Accept") == NULL, "no others");
	ok(A.len > 18 && strcmp(A.body + A.len - 18, "{\"cluster\":\"demo\"}") == 0, "and the body");
	r = base(&A, url("plain", "/ok"));
	r.method = HTTP_HEAD;
	r.last = true;
	go(&A, &r);
	ok(A.r.err == KERR_OK && A.r.status == 200 && A.r.body.n == 0 && A.r.date_unix_s == 784111777, "HEAD: the headers alone");
}

static void test_unix(void)
{
	char path[100];
	struct http_request r = base(&A, "http://localhost/ok");

	snprintf(path, sizeof(path), "%s/sock", dir);
	r.unix_path = path;
	go(&A, &r);
	ok(A.r.err == KERR_OK && A.r.status == 200, "over a unix socket");
	snprintf(path, sizeof(path), "%s/none", dir);
	r = base(&A, "http://localhost/ok");
	r.unix_path = path;
	go(&A, &r);
	ok(A.r.err == KERR_GONE && A.r.cause == HTTP_CONNECT, "no such socket: %s", A.r.why.text);
}

static void test_bad_requests(void)
{
	struct http_request r = base(&A, "http://192.0.2.1/");
	uint32_t id;

	is_int(http_start(&http, &r, &id, &why), KERR_DENIED, "plain http to the world: %s", why.text);
	r.url = "http://127.0.0.1.example.com/";
	is_int(http_start(&http, &r, &id, &why), KERR_DENIED, "nor to a name that looks like loopback");
	r.url = "http://127.0.0.1@example.com/";
	is_int(http_start(&http, &r, &id, &why), KERR_BAD_INPUT, "a user in an URL: %s", why.text);
	r.url = "ftp://localhost/";
	is_int(http_start(&http, &r, &id, &why), KERR_BAD_INPUT, "another scheme: %s", why.text);
	r.url = "http://localhost/a b";
	is_int(http_start(&http, &r, &id, &why), KERR_BAD_INPUT, "a blank in an URL: %s", why.text);
	r.url = "http://localhost:1/";
	r.headers[r.header_count++] = SLICE("X: a\r\nY: b");
	is_int(http_start(&http, &r, &id, &why), KERR_BAD_INPUT, "a header with a line end: %s", why.text);
	r.header_count = HTTP_HEADERS_MAX + 1;
	is_int(http_start(&http, &r, &id, &why), KERR_TOO_BIG, "too many headers: %s", why.text);
	r.header_count = 0;
	r.into = NULL;
	is_int(http_start(&http, &r, &id, &why), KERR_BAD_INPUT, "nowhere to put the body");
}

static void fails(const char *where, enum kerr err, enum http_cause cause, const char *word, const char *what)
{
	struct answer *a = get(where);

	ok(a->done && a->r.err == err && a->r.cause == cause && strstr(a->r.why.text, word) != NULL, "%s: %s", what, a->r.why.text);
	if (a->r.err != err || a->r.cause != cause)
		printf("#   got %s, cause %d\n", kerr_name(a->r.err), (int)a->r.cause);
}

static void test_broken_servers(void)
{
	struct http_request r;

	fails(url("nobody", "/"), KERR_REFUSED, HTTP_CONNECT, "refused", "nobody listens");
	fails("https://kedge-test.invalid/", KERR_UNREACHABLE, HTTP_DNS, "kedge-test.invalid", "a name that is none");
	fails(url("plain", "/close"), KERR_IO, HTTP_CUT, "without an answer", "closed without an answer");
	fails(url("plain", "/cut"), KERR_IO, HTTP_CUT, "in the middle", "closed in the middle");
	fails(url("plain", "/garbage"), KERR_BAD_INPUT, HTTP_PROTOCOL, "HTTP/1.1", "not HTTP");
	r = base(&A, url("plain", "/silent"));
	r.total_ms = 300;
	go(&A, &r);
	ok(A.r.err == KERR_TIMEOUT && strstr(A.r.why.text, "did not answer within 300 ms") != NULL, "no answer: %s", A.r.why.text);
	ok(A.r.elapsed_ms >= 290 && A.r.elapsed_ms < 1500, "after %d ms", (int)A.r.elapsed_ms);
	r = base(&A, url("plain", "/stall"));
	r.total_ms = 300;
	go(&A, &r);
	ok(A.r.err == KERR_TIMEOUT && strstr(A.r.why.text, "did not finish its answer") != NULL, "stalls: %s", A.r.why.text);
	r = base(&A, url("plain", "/big"));
	r.max_body_bytes = 399999;
	go(&A, &r);
	ok(A.r.err == KERR_TOO_BIG && A.r.cause == HTTP_TOO_BIG, "too long by its header: %s", A.r.why.text);
	r = base(&A, url("plain", "/chunks"));
	r.max_body_bytes = 399999;
	go(&A, &r);
	ok(A.r.err == KERR_TOO_BIG && A.r.cause == HTTP_TOO_BIG, "too long as it comes: %s", A.r.why.text);
	r = base(&A, url("plain", "/chunks"));
	r.max_body_bytes = 400000;
	go(&A, &r);
	ok(A.r.err == KERR_OK && A.len == 400000, "and just fits");
}

static void test_streams(void)
{
	uint64_t before;
	struct http_request r = base(&A, url("plain", "/stream"));

	r.into = NULL;
	r.on_body = on_body;
	r.max_body_bytes = 0;
	r.total_ms = 0;
	A.then = &B;
	before = loop.wakeups;
	go(&A, &r);
	printf("# %d parts, %d wake-ups\n", A.parts, (int)(loop.wakeups - before));
	ok(A.parts == 5 && A.len == 40, "a stream comes in parts");
	ok(A.r.err == KERR_IO && A.r.cause == HTTP_CUT && A.r.status == 200, "and its end without end mark is told: %s", A.r.why.text);
	ok(B.done && B.r.status == 200, "a request started from inside a callback ran meanwhile");
	r = base(&A, url("plain", "/chunks"));
	r.into = NULL;
	r.on_body = on_body;
	A.stop_at = 8000;
	go(&A, &r);
	ok(A.r.err == KERR_BAD_INPUT && A.r.cause == HTTP_ABORTED, "on_body says no: %s", A.r.why.text);
	r = base(&A, url("plain", "/silent"));
	is_int(http_start(&http, &r, &A.id, &why), KERR_OK, "a request");
	(void)!loop_turn(&loop, 50, &why);
	http_cancel(&http, A.id);
	run(&A, 200);
	ok(!A.done, "cancelled is never told of");
	r = base(&B, url("plain", "/stall"));
	is_int(http_start(&http, &r, &B.id, &why), KERR_OK, "another");
	r = base(&A, url("plain", "/stream"));
	r.into = NULL;
	r.on_body = on_body;
	A.cancel_other = B.id;
	go(&A, &r);
	run(&B, 200);
	ok(A.done && !B.done, "cancelled from inside another's callback");
	r = base(&A, url("plain", "/stream"));
	r.into = NULL;
	r.on_body = on_body;
	is_int(http_start(&http, &r, &A.id, &why), KERR_OK, "one that cancels itself");
	A.cancel_other = A.id;
	run(&A, 400);
	ok(!A.done && A.parts == 1, "from inside its own");
}

/* A stream with nothing to say and kept connections must cost nothing. */
static void test_idle(void)
{
	struct http_request r = base(&A, url("plain", "/stall"));
	uint64_t before, began = clock_boot_ms();

	(void)get(url("tls13", "/ok"));
	r.total_ms = 0;
	is_int(http_start(&http, &r, &A.id, &why), KERR_OK, "a silent stream");
	while (clock_boot_ms() - began < 500)
		(void)!loop_turn(&loop, 100, &why);
	before = loop.wakeups;
	is_int(loop_turn(&loop, 1800, &why), KERR_OK, "a long turn");
	ok(clock_boot_ms() - began > 2200 && loop.wakeups - before == 1, "is not cut short: %d ms", (int)(clock_boot_ms() - began));
	http_cancel(&http, A.id);
}

static void test_slots(void)
{
	static struct answer many[HTTP_SLOTS];
	struct http_request r;
	uint32_t id;

	for (int i = 0; i < HTTP_SLOTS; i++) {
		r = base(&many[i], url("plain", "/stream"));
		is_int(http_start(&http, &r, &many[i].id, &why), KERR_OK, "slot %d", i);
	}
	is_int(http_start(&http, &r, &id, &why), KERR_AGAIN, "and no more: %s", why.text);
	for (int i = 0; i < HTTP_SLOTS; i++)
		run(&many[i], 3000);
	ok(many[0].done && many[HTTP_SLOTS - 1].done, "all come to their end");
	is_int(get(url("plain", "/ok"))->r.status, 200, "and there is room again");
}

static void test_tls(void)
{
	static const char *const versions[] = { "tls13", "tls12" };

	for (int i = 0; i < 2; i++) {
		struct answer *a = get(url(versions[i], "/ok"));

		ok(a->r.err == KERR_OK && a->r.tls && a->r.status == 200, "%s through an intermediate, two roots of one name: %s",
		   versions[i], a->r.why.text);
		a = get(url(versions[i], "/big"));
		ok(a->r.err == KERR_OK && a->len == 400000 && a->body[399999] == 'b', "400 KB over %s", versions[i]);
	}
	http_forget(&http);
	fails(url("unknown", "/ok"), KERR_UNREACHABLE, HTTP_TLS_UNTRUSTED, "Root Two", "an unknown issuer");
	fails(url("wrongname", "/ok"), KERR_UNREACHABLE, HTTP_TLS_NAME, "wrongname.test", "a wrong name");
	fails(url("expired", "/ok"), KERR_UNREACHABLE, HTTP_TLS_CLOCK, "expired on 2020-02-01", "expired");
	fails(url("future", "/ok"), KERR_UNREACHABLE, HTTP_TLS_CLOCK, "not valid before 2040-01-01", "not yet valid");
	fails(url("hangup", "/ok"), KERR_UNREACHABLE, HTTP_TLS, "during the handshake", "hangs up");
}

static void test_tls_oddities(void)
{
	char plain[100], path[100];
	struct http_request r;
	const char *p = strstr(url("plain", "/ok"), "://");

	snprintf(plain, sizeof(plain), "https%s", p);
	fails(plain, KERR_UNREACHABLE, HTTP_TLS, "not TLS", "a server that speaks plain http");
	r = base(&A, url("mute", "/ok"));
	r.connect_ms = 400;
	go(&A, &r);
	ok(A.r.err == KERR_TIMEOUT && strstr(A.r.why.text, "did not finish the TLS handshake") != NULL, "mute: %s", A.r.why.text);
	snprintf(path, sizeof(path), "%s/nothing.pem", dir);
	is_int(tls_init(&tls, path, &why), KERR_GONE, "a CA file that is not there: %s", why.text);
	http_forget(&http);
	fails(url("unknown", "/ok"), KERR_UNREACHABLE, HTTP_TLS_BUNDLE, "nothing.pem", "and every handshake says so");
	snprintf(path, sizeof(path), "%s/empty.pem", dir);
	is_int(tls_init(&tls, path, &why), KERR_OK, "an empty CA file");
	fails(url("unknown", "/ok"), KERR_UNREACHABLE, HTTP_TLS_BUNDLE, "no certificate", "holds nothing to check with");
	snprintf(path, sizeof(path), "%s/bundle.pem", dir);
	is_int(tls_init(&tls, path, &why), KERR_OK, "back to the good one");
}

static uint64_t spent(unsigned purpose)
{
	struct http_traffic t = http_traffic(&http, purpose);

	return t.up_bytes + t.down_bytes;
}

static void test_bytes(void)
{
	struct http_request r;
	uint64_t full = 0, resumed, kept, before;

	http_forget(&http);
	before = spent(7);
	for (int i = 0; i < 2; i++) {
		r = base(&A, url("tls12", "/ok"));
		r.purpose = 7;
		go(&A, &r);
		if (i == 0)
			full = spent(7) - before;
	}
	kept = spent(7) - before - full;
	http_forget(&http);
	before = spent(7);
	r = base(&A, url("tls12", "/ok"));
	r.purpose = 7;
	r.last = true;
	go(&A, &r);
	resumed = spent(7) - before;
	printf("# TLS 1.2: full %" PRIu64 ", kept %" PRIu64 ", resumed %" PRIu64 " bytes\n", full, kept, resumed);
	ok(A.r.down_bytes > 100 && A.r.down_bytes < 300, "HTTP bytes are counted: %d", (int)A.r.down_bytes);
	if (http_traffic(&http, 7).segments == 0) {
		ok(kept == A.r.up_bytes + A.r.down_bytes, "without TCP_INFO (an emulator) HTTP's bytes are counted # SKIP the rest");
		return;
	}
	ok(full > kept + 500, "a handshake costs, and is counted on the socket");
	ok(kept > A.r.down_bytes && kept < 600, "a kept connection is used again");
	ok(resumed > kept && resumed < full, "TLS 1.2 is resumed by its ticket");
	ok(http_traffic(&http, 7).segments > 5, "segments are counted");
	is_int(spent(9), 0, "nobody else pays");
	before = spent(1);
	(void)get(url("plain", "/big"));
	ok(spent(1) - before > 400000 && spent(1) - before < 402000, "400 KB are 400 KB");
}

static void test_dates(void)
{
	is_int(http_head_date(SLICE("Thu, 01 Jan 1970 00:00:01 GMT")), 1, "the second second");
	is_int(http_head_date(SLICE("Thu, 29 Feb 2024 23:59:59 GMT")), 1709251199, "a leap day");
	is_int(http_head_date(SLICE("Mon, 01 Mar 2100 00:00:00 GMT")), 4107542400, "no leap year");
	is_int(http_head_date(SLICE("Fri, 31 Dec 9999 23:59:59 GMT")), 253402300799, "the last of all");
	is_int(http_head_date(SLICE("Thu, 01 Jan 1970 00:00:01 CET")), 0, "not GMT");
	is_int(http_head_date(SLICE("Sunday, 06-Nov-94 08:49:37 GMT")), 0, "an obsolete form");
	is_int(http_head_date(SLICE("Thu, 32 Jan 1970 00:00:01 GMT")), 0, "day 32");
	is_int(http_head_date(SLICE("")), 0, "nothing");
}

/* In a network of its own whose name server never answers: the loop must go on meanwhile. */
static int dns_child(void)
{
	struct http_request r = base(&A, "https://registry.example/");
	uint64_t began = clock_boot_ms(), turns = 0;

	if (tls_init(&tls, NULL, &why) == KERR_BAD_INPUT || loop_init(&loop, &why) != KERR_OK ||
	    http_init(&http, &loop, &tls, &why) != KERR_OK)
		return 77;
	r.connect_ms = 600;
	if (http_start(&http, &r, &A.id, &why) != KERR_OK)
		return CHILD + 1;
	while (!A.done && clock_boot_ms() - began < 3000) {
		(void)!loop_turn(&loop, 50, &why);
		turns++;
	}
	printf("# %s (%d ms, %d turns)\n", A.r.why.text, (int)A.r.elapsed_ms, (int)turns);
	if (A.r.err != KERR_TIMEOUT || A.r.cause != HTTP_DNS || A.r.elapsed_ms > 1500)
		return CHILD + 2;
	if (turns < 8)
		return CHILD + 3;
	began = clock_boot_ms();
	http_close(&http);
	loop_close(&loop);
	printf("# closed after %d ms\n", (int)(clock_boot_ms() - began));
	fflush(stdout);
	if (clock_boot_ms() - began > 300)
		return CHILD + 4;
	_exit(CHILD); /* the resolver's thread still waits */
}

static void test_dns(void)
{
	const char *script = "ip link set lo up && ip link add ve0 type veth peer name ve1 && ip addr add 10.9.8.7/24 dev ve0 && "
		"ip link set ve0 up && ip link set ve1 up && ip route add default via 10.9.8.1 && "
		"echo nameserver 10.9.8.1 >\"$1/resolv.conf\" && mount --bind \"$1/resolv.conf\" /etc/resolv.conf && exec \"$0\" --dns";
	char self[256];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	pid_t pid = fork();
	int status = -1;

	self[n > 0 ? n : 0] = '\0';
	if (pid == 0) {
		execlp("unshare", "unshare", "-rnm", "sh", "-c", script, self, dir, (char *)NULL);
		_exit(77);
	}
	(void)waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) >= CHILD && WEXITSTATUS(status) < CHILD + 10)
		is_int(WEXITSTATUS(status), CHILD, "a dead name server costs the request its time, not the loop's");
	else
		ok(true, "dead DNS # SKIP no private network here");
}

static int start_server(pid_t *pid)
{
	int to[2], from[2], n = 0;
	char line[64];
	FILE *f;

	if (pipe(to) != 0 || pipe(from) != 0)
		return -1;
	*pid = fork();
	if (*pid == 0) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		close(to[1]);
		close(from[0]);
		execlp("python3", "python3", "-c", server_script, dir, (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	f = fdopen(from[0], "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL && ports < 16 && strncmp(line, "ready", 5) != 0) {
		n = sscanf(line, "%15s %d", port[ports].name, &port[ports].port);
		ports += n == 2;
	}
	return ports >= 10 ? to[1] : -1;
}

static bool make_certs(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		execlp("sh", "sh", "-c", certs_script, "certs", dir, (char *)NULL);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	return status == 0;
}

int main(int argc, char **argv)
{
	char command[100], bundle[100];
	int server;
	pid_t pid = -1;

	if (argc == 2 && strcmp(argv[1], "--dns") == 0)
		return dns_child();
	strcpy(dir, "/tmp/t_platform_http.XXXXXX");
	if (system("python3 -c 'import ssl' && openssl version >/dev/null") != 0) {
		printf("1..0 # SKIP needs python3 and openssl\n");
		return 0;
	}
	if (mkdtemp(dir) == NULL)
		return 1;
	ok(make_certs(), "certificates are made");
	server = start_server(&pid);
	ok(server >= 0, "the server is up");
	snprintf(bundle, sizeof(bundle), "%s/bundle.pem", dir);
	is_int(tls_init(&tls, bundle, &why), KERR_OK, "roots");
	is_int(loop_init(&loop, &why), KERR_OK, "loop");
	is_int(http_init(&http, &loop, &tls, &why), KERR_OK, "http");
	test_dates();
	test_dns();
	test_answers();
	test_unix();
	test_bad_requests();
	test_broken_servers();
	test_streams();
	test_slots();
	test_idle();
	test_bytes();
	test_tls();
	test_tls_oddities();
	http_close(&http);
	loop_close(&loop);
	close(server);
	(void)waitpid(pid, NULL, 0);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	is_int(system(command), 0, "cleaned up");
	return done();
}

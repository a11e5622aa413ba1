/* A device's certificate and key: every form a key has, what is refused and how, signatures that openssl agrees with, and
 * servers that ask for the certificate over TLS 1.2 and 1.3. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "platform/clock.h"
#include "platform/device.h"
#include "platform/http_pool.h"
#include "tests/tap.h"

static const char make_keys[] =
	"set -e; cd $D; exec 2>keys.log\n"
	"key() { openssl genpkey -algorithm $2 $3 $4 -out $1.key; }\n"
	"key ca EC -pkeyopt ec_paramgen_curve:P-256; openssl req -x509 -new -key ca.key -out ca.pem -days 30 -subj '/CN=device test CA'\n"
	"key rsa2048 RSA -pkeyopt rsa_keygen_bits:2048; key rsa4096 RSA -pkeyopt rsa_keygen_bits:4096\n"
	"key p256 EC -pkeyopt ec_paramgen_curve:P-256; key p384 EC -pkeyopt ec_paramgen_curve:P-384; key ed25519 ED25519\n"
	"key p521 EC -pkeyopt ec_paramgen_curve:P-521\n"
	"cert() { openssl req -new -key $1.key -subj /O=kedge/CN=$1 -out $1.csr; openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key "
	"-set_serial 0x00f1e2d3c4b5a69788796a5b4c3d2e1f00112233 -days 20 -out $1.pem; }\n"
	"for k in rsa2048 rsa4096 p256 p384 ed25519 p521; do cert $k; done\n"
	"openssl rsa -in rsa2048.key -traditional -out pkcs1.key; cp rsa2048.pem pkcs1.pem\n"
	"openssl ec -in p256.key -out sec1.key; cp p256.pem sec1.pem\n"
	"{ openssl ecparam -name prime256v1; cat sec1.key; } >params.key; cp p256.pem params.pem\n"
	"{ cat p256.pem ca.pem; } >chain.pem; cp p256.key chain.key\n"
	"openssl pkcs8 -topk8 -in p256.key -passout pass:x -out enc8.key; cp p256.pem enc8.pem\n"
	"openssl rsa -in rsa2048.key -traditional -aes128 -passout pass:x -out enc1.key; cp rsa2048.pem enc1.pem\n"
	"cp p256.pem other.pem; cp p384.key other.key; cp p256.pem swapped.pem; cp rsa2048.key swapped.key\n"
	"cp p256.pem empty.pem; : >empty.key; cp p256.key nocert.key; echo nothing >nocert.pem\n"
	"{ cat p256.pem; echo '-----BEGIN CERTIFICATE-----'; echo AAAA; echo '-----END CERTIFICATE-----'; } >badchain.pem; cp p256.key badchain.key\n"
	"cp p256.pem long.pem; { cat p256.key; head -c 9000 /dev/zero | tr '\\0' '\\n'; } >long.key\n"
	"openssl req -new -key p256.key -subj /CN=localhost -addext subjectAltName=DNS:localhost -out srv.csr\n"
	"openssl x509 -req -in srv.csr -CA ca.pem -CAkey ca.key -days 20 -copy_extensions copy -out srv.pem; cat p256.key >>srv.pem\n";

static const char server_script[] =
	"import os,socket,ssl,sys,threading\n"
	"os.chdir(sys.argv[1])\n"
	"def serve(c,x):\n"
	" try:\n"
	"  c.settimeout(10); c=x.wrap_socket(c,server_side=True,do_handshake_on_connect=False); buf=b''\n"
	"  try: c.do_handshake()\n"
	"  except ssl.SSLError:\n" /* its alert must not be lost to a reset */
	"   c=socket.socket(fileno=c.detach()); c.settimeout(5); c.shutdown(1)\n"
	"   while c.recv(999): pass\n"
	"   return\n"
	"  while b'\\r\\n\\r\\n' not in buf: buf+=c.recv(9000) or sys.exit()\n"
	"  p=c.getpeercert(); who=dict(r[0] for r in p['subject'])['commonName'] if p else 'nobody'\n"
	"  b=('%s %s %s'%(who,c.version(),c.session_reused)).encode()\n"
	"  c.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n'%len(b)+b)\n"
	"  c.unwrap()\n"
	" except (OSError,SystemExit): pass\n"
	" finally: c.close()\n"
	"def loop(s,x):\n"
	" while True: threading.Thread(target=serve,args=(s.accept()[0],x),daemon=True).start()\n"
	"for v in (ssl.TLSVersion.TLSv1_2,ssl.TLSVersion.TLSv1_3):\n"
	" x=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); x.load_cert_chain('srv.pem'); x.load_verify_locations('ca.pem')\n"
	" x.verify_mode=ssl.CERT_REQUIRED; x.minimum_version=x.maximum_version=v\n"
	" s=socket.socket(); s.bind(('127.0.0.1',0)); s.listen(9); print(s.getsockname()[1],flush=True)\n"
	" threading.Thread(target=loop,args=(s,x),daemon=True).start()\n"
	"sys.stdin.read()\n";

static char dir[64], cert[128], key[128];
static struct why why;
static struct device device;
static int64_t now_unix_s;

static enum kerr load(const char *name)
{
	snprintf(cert, sizeof(cert), "%s/%s.pem", dir, name);
	snprintf(key, sizeof(key), "%s/%s.key", dir, name);
	why.text[0] = '\0';
	return device_load(&device, cert, key, now_unix_s, &why);
}

/* $D is the directory, $N the name. */
static int shell(const char *command, const char *name)
{
	return setenv("D", dir, 1) == 0 && setenv("N", name, 1) == 0 ? system(command) : -1;
}

static void signs(const char *name, bool rsa)
{
	static const char said[] = "AWS4-X509\n20261126T104500Z\n";
	uint8_t signature[DEVICE_SIGNATURE_MAX];
	char path[128];
	size_t len = 0;
	FILE *f;

	ok(load(name) == KERR_OK, "%s is read: %s", name, why.text);
	ok(device_is_rsa(&device) == rsa, "it is %s", rsa ? "RSA" : "EC");
	ok(device_sign(&device, SLICE(said), signature, &len, &why) == KERR_OK && len > 0, "signs, %u bytes", (unsigned)len);
	snprintf(path, sizeof(path), "%s/sig", dir);
	f = fopen(path, "wb");
	ok(f != NULL && fwrite(signature, 1, len, f) == len && fclose(f) == 0, "kept");
	ok(shell("cd $D && printf 'AWS4-X509\\n20261126T104500Z\\n' >said && openssl x509 -in $N.pem -pubkey -noout >pub && "
		 "openssl dgst -sha256 -verify pub -signature sig said >verified", name) == 0, "openssl finds the signature good");
	device_free(&device);
}

static void refused(const char *name, enum kerr want, const char *words)
{
	enum kerr e = load(name);

	ok(e == want && !device.loaded && strstr(why.text, words) != NULL, "%s: %s", name, why.text);
	if (e != want)
		printf("#   got %s\n", kerr_name(e));
}

static void keys(void)
{
	static const uint8_t serial[] = { 0xf1, 0xe2, 0xd3, 0xc4, 0xb5, 0xa6, 0x97, 0x88, 0x79, 0x6a, 0x5b, 0x4c, 0x3d, 0x2e, 0x1f, 0, 0x11, 0x22, 0x33 };
	struct slice got;
	int64_t real = now_unix_s;

	signs("rsa2048", true);
	signs("rsa4096", true);
	signs("pkcs1", true);
	signs("p256", false);
	signs("p384", false);
	signs("sec1", false);
	signs("params", false);
	refused("enc8", KERR_BAD_INPUT, "is encrypted");
	refused("enc1", KERR_BAD_INPUT, "is encrypted");
	refused("ed25519", KERR_BAD_INPUT, "ed25519");
	refused("p521", KERR_BAD_INPUT, "p521");
	refused("other", KERR_REFUSED, "is not the one of the certificate");
	refused("swapped", KERR_REFUSED, "is not the one of the certificate");
	refused("empty", KERR_BAD_INPUT, "no private key");
	refused("nocert", KERR_BAD_INPUT, "no certificate");
	refused("badchain", KERR_BAD_INPUT, "certificate 2 of it");
	refused("long", KERR_TOO_BIG, "long.key");
	refused("nothere", KERR_GONE, "nothere.pem");
	now_unix_s = real + 40 * 86400;
	refused("p256", KERR_REFUSED, "expired on 20");
	now_unix_s = real - 40 * 86400;
	refused("p256", KERR_REFUSED, "is this node's clock right?");
	now_unix_s = real;
	ok(load("chain") == KERR_OK && device_certificate(&device, 0).n > 100 && device_certificate(&device, 1).n > 100 &&
	   device_certificate(&device, 2).n == 0, "a chain of two");
	got = device_serial(&device);
	ok(got.n >= sizeof(serial) && memcmp(got.p + got.n - sizeof(serial), serial, sizeof(serial)) == 0, "the leaf's serial number");
	device_free(&device);
	device_free(&device);
	ok(!device.loaded, "freeing twice does nothing");
	if (getuid() != 0)
		return;
	ok(shell("chmod 0 $D/$N.key", "p384") == 0 && seteuid(65534) == 0, "as somebody without rights");
	refused("p384", KERR_DENIED, "p384");
	ok(seteuid(0) == 0, "and back");
}

static struct { bool done; struct http_result r; char body[200]; } got;
static struct loop loop;
static struct tls tls;
static struct http http;

static void on_done(void *arg, const struct http_result *r)
{
	(void)arg;
	got.r = *r;
	got.body[r->body.n < sizeof(got.body) ? r->body.n : 0] = '\0';
	got.done = true;
}

static void get(int port, const struct device *client)
{
	char url[64];
	struct http_request r = { .method = HTTP_GET, .url = url, .connect_ms = 8000, .total_ms = 9000, .into = got.body,
		.max_body_bytes = sizeof(got.body) - 1, .on_done = on_done, .client = client };
	uint32_t id;

	memset(&got, 0, sizeof(got));
	snprintf(url, sizeof(url), "https://localhost:%d/", port);
	if (http_start(&http, &r, &id, &got.r.why) != KERR_OK)
		return;
	for (int i = 0; i < 2000 && !got.done; i++)
		if (loop_turn(&loop, 10, &why) != KERR_OK)
			abort();
}

static void shows(int port, const char *name, const char *want)
{
	ok(load(name) == KERR_OK, "%s", name);
	for (int i = 0; i < 2; i++) {
		get(port, &device);
		ok(got.r.err == KERR_OK, "the server answers %s", got.r.why.text);
		is_str(got.body, want, "it saw the certificate, in a handshake of its own");
	}
	device_free(&device);
}

static void handshakes(const int port[2])
{
	char bundle[100];

	snprintf(bundle, sizeof(bundle), "%s/ca.pem", dir);
	ok(tls_init(&tls, bundle, &why) == KERR_OK && loop_init(&loop, &why) == KERR_OK && http_init(&http, &loop, &tls, &why) == KERR_OK,
	   "a client");
	shows(port[0], "rsa2048", "rsa2048 TLSv1.2 False");
	shows(port[0], "p256", "p256 TLSv1.2 False");
	shows(port[1], "rsa2048", "rsa2048 TLSv1.3 False");
	shows(port[1], "p256", "p256 TLSv1.3 False");
	shows(port[1], "p384", "p384 TLSv1.3 False");
	for (int i = 0; i < 2; i++) {
		get(port[i], NULL);
		ok(got.r.err != KERR_OK && strstr(got.r.why.text, "certificate") != NULL, "without one: %s", got.r.why.text);
	}
	http_close(&http);
	loop_close(&loop);
}

static int start_server(int port[2], pid_t *pid)
{
	int in[2], out[2];
	char line[32];
	FILE *f;

	if (pipe(in) != 0 || pipe(out) != 0 || (*pid = fork()) < 0)
		return -1;
	if (*pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		execlp("python3", "python3", "-c", server_script, dir, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	f = fdopen(out[0], "r");
	for (int i = 0; i < 2; i++)
		port[i] = f != NULL && fgets(line, sizeof(line), f) != NULL ? atoi(line) : 0;
	return port[1] > 0 ? in[1] : -1;
}

int main(void)
{
	int port[2], server;
	pid_t pid = -1;

	strcpy(dir, "/tmp/t_platform_device.XXXXXX");
	if (system("python3 -c 'import ssl' && openssl version >/dev/null") != 0) {
		printf("1..0 # SKIP needs python3 and openssl\n");
		return 0;
	}
	if (mkdtemp(dir) == NULL || shell("chmod 755 $D", "") != 0)
		return 1;
	ok(shell(make_keys, "") == 0, "keys and certificates are made");
	(void)signal(SIGPIPE, SIG_IGN);
	now_unix_s = time(NULL) + 60;
	server = start_server(port, &pid);
	ok(server >= 0, "the server is up");
	handshakes(port);
	keys();
	close(server);
	(void)waitpid(pid, NULL, 0);
	ok(shell("rm -rf $D", "") == 0, "cleaned up");
	return done();
}

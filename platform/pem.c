#include "platform/pem.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "platform/file.h"

enum { LINE_CAP = 96, CHUNK = 2048 };

enum where { OUTSIDE, INSIDE, SPOILT /* inside a block that is no good */ };

struct pem {
	pem_fn *fn;
	void *arg;
	enum where where;
	uint32_t bits;          /* base64 digits waiting for a whole byte */
	unsigned bit_count;
	size_t der_len, line_len;
	uint64_t certificates, oversize;
	char line[LINE_CAP];    /* the beginning of a line; only BEGIN and END lines matter as lines */
	char der[PEM_DER_MAX];
};

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static void add_digit(struct pem *p, char c)
{
	int v = base64_value(c);

	if (c == '=' || c == '\r' || c == ' ' || c == '\t')
		return;
	if (v < 0) {
		p->where = SPOILT;
		return;
	}
	p->bits = (p->bits << 6 | (uint32_t)v) & 0xffffff;
	p->bit_count += 6;
	if (p->bit_count < 8)
		return;
	p->bit_count -= 8;
	if (p->der_len == sizeof(p->der)) {
		p->where = SPOILT;
		p->oversize++;
		return;
	}
	p->der[p->der_len++] = (char)(p->bits >> p->bit_count & 0xff);
}

static void add_body_line(struct pem *p, struct slice line)
{
	for (size_t i = 0; i < line.n && p->where == INSIDE; i++)
		add_digit(p, line.p[i]);
}

static void end_line(struct pem *p)
{
	struct slice line = { p->line, p->line_len };

	p->line_len = 0;
	if (slice_starts(line, "-----BEGIN CERTIFICATE-----")) {
		p->where = INSIDE;
		p->bit_count = 0;
		p->der_len = 0;
	} else if (slice_starts(line, "-----END ")) {
		if (p->where == INSIDE && p->der_len > 0) {
			p->certificates++;
			p->fn(p->arg, (struct slice){ p->der, p->der_len });
		}
		p->where = OUTSIDE;
	} else if (p->where == INSIDE) {
		add_body_line(p, line);
	}
}

static void add_byte(struct pem *p, char c)
{
	if (c == '\n') {
		end_line(p);
		return;
	}
	/* base64 may come in lines of any length; a dash begins a BEGIN or END line and is no digit */
	if (p->line_len == LINE_CAP && p->where == INSIDE && p->line[0] != '-') {
		add_body_line(p, (struct slice){ p->line, p->line_len });
		p->line_len = 0;
	}
	if (p->line_len < LINE_CAP)
		p->line[p->line_len++] = c;
}

enum kerr pem_each(const char *path, pem_fn *fn, void *arg, uint64_t *oversize, struct why *why)
{
	struct pem p;
	char chunk[CHUNK];
	ssize_t n;
	int fd;

	/* only the small members: zeroing der would touch pages for nothing */
	p.fn = fn;
	p.arg = arg;
	p.where = OUTSIDE;
	p.bits = 0;
	p.bit_count = 0;
	p.der_len = 0;
	p.line_len = 0;
	p.certificates = 0;
	p.oversize = 0;
	if (path[0] == '\0')
		return why_set(why, KERR_GONE, "install ca-certificates, and restart kedge");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return file_errno(errno, "open", path, why);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		for (ssize_t i = 0; i < n; i++)
			add_byte(&p, chunk[i]);
	if (n < 0) {
		enum kerr err = file_errno(errno, "read", path, why);

		close(fd);
		return err;
	}
	close(fd);
	end_line(&p); /* a last line without its newline */
	*oversize = p.oversize;
	if (p.certificates == 0)
		return why_set(why, KERR_BAD_INPUT, "%s holds no certificate", path);
	return KERR_OK;
}

/* plain.h - an error text without the names it quotes, so that words are looked for in the sentence only: an image
 * called `x/secret:unauthorized` or a host called x509.example.com must not decide what an error means. */
#ifndef KEDGE_WIRE_PLAIN_H
#define KEDGE_WIRE_PLAIN_H

#include "agent/base/str.h"

/* Writes text to out in lower case, each name in it as one '*': what stands in quotes; words that only a URL, a path,
 * a reference, a host or an address can be ('/', '@', or '.' or ':' within); the word behind phrases that are always
 * followed by a name. Quoting keeps its marks: exec: "*". A quote that holds a sentence (runc until 1.0: caused
 * "..."; desc = "..."; a page of HTML) counts as sentence, behind a ':'. Never longer than text: out needs text.n
 * bytes; returns how many were written. */
size_t plain_text(struct slice text, char *out);

/* Does the plain text say this? pattern is lower case; '*' stands for one word or name; '^' at its front: only where a
 * clause begins (at the start, or behind : = ; , ( or a line's end); '$' at its end: only at the text's end. It begins
 * with none of the two others; one that begins with a letter is not found in the middle of a word. */
bool plain_says(struct slice plain, const char *pattern);

#endif

/* endpoint.h - where a service of AWS is reached: by region, as botocore's endpoint rules have it (partitions.json and
 * each service's endpoint-rule-set-1.json), or at an address of the user's own. */
#ifndef KEDGE_WIRE_ENDPOINT_H
#define KEDGE_WIRE_ENDPOINT_H

#include "agent/base/err.h"
#include "agent/base/str.h"

#define ENDPOINT_URL_CAP 288

enum endpoint_type { ENDPOINT_STANDARD, ENDPOINT_FIPS, ENDPOINT_DUALSTACK, ENDPOINT_FIPS_DUALSTACK, ENDPOINT_TYPES };
enum endpoint_service { ENDPOINT_ECS, ENDPOINT_ECR, ENDPOINT_ROLESANYWHERE, ENDPOINT_SERVICES };

struct endpoint {
	bool tls;
	char url[ENDPOINT_URL_CAP];      /* "https://ecs.eu-west-1.amazonaws.com/" */
	char host[ENDPOINT_URL_CAP];     /* value of the Host header: with the port when it is not the scheme's own */
};

/* By region and type, or `given` (NULL or "": none): scheme://host[:port] with no path, query or user; http only to this
 * machine itself. A given one with a type other than ENDPOINT_STANDARD is refused, as AWS's own rules do, and so is an
 * address of AWS (a VPC endpoint's too) that names another region than `region` ("": not known yet, any), since what is
 * signed for one region no other accepts. KERR_BAD_INPUT says what is wrong and what is allowed; out is empty then. */
enum kerr endpoint_find(enum endpoint_service service, const char *given, const char *region, enum endpoint_type type,
			struct endpoint *out, struct why *why) KERR_CHECK;

#endif

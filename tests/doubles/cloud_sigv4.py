"""Verifies AWS Signature Version 4 requests from first principles.

Written from the public description of the algorithm, for the test double only; it shares
nothing with kedge's signer.
"""
from __future__ import annotations

import calendar
import hashlib
import hmac
import re
import secrets
import time
import urllib.parse
from dataclasses import dataclass, field
from typing import Any

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW_S = 300
MUST_SIGN = ("content-type", "host", "x-amz-date", "x-amz-security-token", "x-amz-target")
DATE = re.compile(r"^\d{8}T\d{6}Z$")
MISMATCH = ("The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method. Consult the service "
            "documentation for details.")
INVALID_TOKEN = "The security token included in the request is invalid."
EXPIRED_TOKEN = "The security token included in the request is expired"

Headers = list[tuple[str, str]]


class AuthError(Exception):
    """A request AWS would refuse before looking at its body."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass
class Key:
    """One set of temporary credentials and who it stands for."""
    access_key_id: str
    secret: str
    token: str
    session: str
    expires_at: float | None = None
    denied: list[dict[str, str]] = field(default_factory=list)
    policies: dict[str, Any] = field(default_factory=dict)   # kind -> document; empty: all is allowed

    def expired(self, now: float) -> bool:
        return self.expires_at is not None and now >= self.expires_at


def new_key(session: str, token_chars: int = 1000) -> Key:
    """Draw credentials of the look STS gives them."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    akid = "ASIA" + "".join(secrets.choice(alphabet) for _ in range(16))
    chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    secret = "".join(secrets.choice(chars + "+/") for _ in range(38)) + "/+"
    token = "IQoJb3JpZ2luX2Vj" + "".join(secrets.choice(chars + "+/") for _ in range(token_chars - 18))
    return Key(akid, secret, token + "==", session)


@dataclass(frozen=True)
class Claim:
    """The parts of an Authorization header."""
    akid: str
    day: str
    region: str
    service: str
    signed: list[str]
    signature: str


def stamp(unix_s: float) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(unix_s))


def parse_authorization(value: str) -> Claim:
    """Split the header; IncompleteSignatureException for anything malformed."""
    if not value.startswith(ALGORITHM + " "):
        raise AuthError("IncompleteSignatureException",
                        f"Unsupported AWS 'algorithm': '{value.split(' ')[0][:40]}'.")
    parts: dict[str, str] = {}
    for item in value[len(ALGORITHM) + 1:].split(","):
        name, _, text = item.strip().partition("=")
        if not text or name in parts:
            raise AuthError("IncompleteSignatureException",
                            f"'{item.strip()[:80]}' not a valid key=value pair in Authorization header.")
        parts[name] = text
    for name in ("Credential", "SignedHeaders", "Signature"):
        if name not in parts:
            raise AuthError("IncompleteSignatureException",
                            f"Authorization header requires '{name}' parameter.")
    return _claim(parts)


def _claim(parts: dict[str, str]) -> Claim:
    scope = parts["Credential"].split("/")
    if len(scope) != 5 or scope[4] != "aws4_request":
        raise AuthError("IncompleteSignatureException",
                        "Credential must have exactly 5 slash-delimited elements, e.g. "
                        f"keyid/date/region/service/term, got '{parts['Credential'][:120]}'")
    if not re.fullmatch(r"[0-9a-f]{64}", parts["Signature"]):
        raise AuthError("InvalidSignatureException", MISMATCH)
    signed = parts["SignedHeaders"].split(";")
    if signed != sorted(set(signed)) or any(h != h.lower() for h in signed):
        raise AuthError("InvalidSignatureException",
                        "SignedHeaders must be lower case, sorted and without repetition.")
    return Claim(scope[0], scope[1], scope[2], scope[3], signed, parts["Signature"])


def canonical_query(query: str) -> str:
    pairs = urllib.parse.parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    quoted = sorted((urllib.parse.quote(k, safe="-_.~"), urllib.parse.quote(v, safe="-_.~"))
                    for k, v in pairs)
    return "&".join(f"{k}={v}" for k, v in quoted)


def canonical_request(method: str, target: str, headers: Headers, signed: list[str],
                      body: bytes) -> str:
    """The canonical request for the given list of signed header names."""
    path, _, query = target.partition("?")
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(" ".join(value.split()))
    block = "".join(f"{name}:{','.join(values.get(name, []))}\n" for name in signed)
    uri = urllib.parse.quote(urllib.parse.unquote(path) or "/", safe="/-_.~")
    digest = hashlib.sha256(body).hexdigest()
    return "\n".join([method, uri, canonical_query(query), block, ";".join(signed), digest])


def string_to_sign(when: str, scope: str, creq: str) -> str:
    return "\n".join([ALGORITHM, when, scope, hashlib.sha256(creq.encode()).hexdigest()])


def signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    key = ("AWS4" + secret).encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


class Verifier:
    """Checks requests for one region of ECS against a table of keys."""

    def __init__(self, region: str, keys: dict[str, Key], service: str = "ecs") -> None:
        self.region = region
        self.service = service
        self.keys = keys

    def verify(self, method: str, target: str, headers: Headers, body: bytes, now: float) -> Key:
        """Return the key that signed the request, or raise AuthError. now: server time, unix s."""
        found = {name.lower(): value for name, value in headers}
        for name in ("authorization", "x-amz-date", "host", "x-amz-security-token"):
            if sum(1 for n, _ in headers if n.lower() == name) > 1:
                raise AuthError("IncompleteSignatureException", f"More than one '{name}' header.")
        if "authorization" not in found:
            raise AuthError("MissingAuthenticationTokenException", "Missing Authentication Token")
        claim = parse_authorization(found["authorization"])
        when = found.get("x-amz-date", "")
        if not DATE.match(when):
            raise AuthError("IncompleteSignatureException",
                            "Authorization header requires existence of an ISO-8601 'X-Amz-Date' "
                            "header.")
        key = self._key(claim, found)
        self._check_scope(claim, when)
        self._check_signed(claim, found)
        self._check_clock(when, now)
        self._check_signature(claim, key, when, (method, target, headers, body))
        if key.expired(now):
            raise AuthError("ExpiredTokenException", EXPIRED_TOKEN)
        return key

    def _key(self, claim: Claim, found: dict[str, str]) -> Key:
        key = self.keys.get(claim.akid)
        token = found.get("x-amz-security-token", "")
        if key is None or not hmac.compare_digest(key.token.encode(), token.encode()):
            raise AuthError("UnrecognizedClientException", INVALID_TOKEN)
        return key

    def _check_scope(self, claim: Claim, when: str) -> None:
        if claim.region != self.region:
            raise AuthError("InvalidSignatureException",
                            f"Credential should be scoped to a valid region, not '{claim.region}'. ")
        if claim.service != self.service:
            raise AuthError("InvalidSignatureException",
                            f"Credential should be scoped to correct service: '{self.service}'. ")
        if claim.day != when[:8]:
            raise AuthError("InvalidSignatureException",
                            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version "
                            f"of date from HTTP: '{claim.day}' != '{when[:8]}', from '{when}'.")

    @staticmethod
    def _check_signed(claim: Claim, found: dict[str, str]) -> None:
        needed = [name for name in MUST_SIGN if name in found]
        needed += [name for name in found if name.startswith("x-amz-") and name not in needed]
        for name in needed:
            if name not in claim.signed:
                raise AuthError("InvalidSignatureException",
                                f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")
        for name in claim.signed:
            if name not in found:
                raise AuthError("InvalidSignatureException",
                                f"Signed header '{name}' is not in the request.")

    @staticmethod
    def _check_clock(when: str, now: float) -> None:
        try:
            sent = calendar.timegm(time.strptime(when, "%Y%m%dT%H%M%SZ"))
        except ValueError as bad:
            raise AuthError("IncompleteSignatureException",
                            f"Date must be in ISO-8601 'basic format'. Got '{when}'.") from bad
        server = stamp(now)
        if sent < now - SKEW_S:
            raise AuthError("InvalidSignatureException",
                            f"Signature expired: {when} is now earlier than {stamp(now - SKEW_S)} "
                            f"({server} - 5 min.)")
        if sent > now + SKEW_S:
            raise AuthError("InvalidSignatureException",
                            f"Signature not yet current: {when} is still later than "
                            f"{stamp(now + SKEW_S)} ({server} + 5 min.)")

    @staticmethod
    def _check_signature(claim: Claim, key: Key, when: str,
                         request: tuple[str, str, Headers, bytes]) -> None:
        method, target, headers, body = request
        creq = canonical_request(method, target, headers, claim.signed, body)
        scope = "/".join([claim.day, claim.region, claim.service, "aws4_request"])
        text = string_to_sign(when, scope, creq)
        signer = signing_key(key.secret, claim.day, claim.region, claim.service)
        wanted = hmac.new(signer, text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted, claim.signature):
            raise AuthError("InvalidSignatureException",
                            f"{MISMATCH}\n\nThe Canonical String for this request should have been\n"
                            f"'{creq.replace(key.token, '<token>')}'\n\nThe String-to-Sign should "
                            f"have been\n'{text}'\n")

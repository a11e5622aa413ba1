"""The ECR face of the double: GetAuthorizationToken, beside ECS on the same port.

Tokens given out go into DIR/ecr_tokens.json ({token: unix time of its end}), where a registry's double looks them up.
"""
from __future__ import annotations

import base64
import fnmatch
import json
import secrets
from pathlib import Path
from typing import Any

from cloud_clock import Clock
from cloud_model import Epoch
from cloud_scheduler import ApiError
from cloud_sigv4 import Key, Verifier

TARGET_PREFIX = "AmazonEC2ContainerRegistry_V20150921."
LIFE_S = 12 * 3600


class Ecr:
    """One region's ECR API for one account."""

    def __init__(self, region: str, account: str, keys: dict[str, Key], clock: Clock, folder: Path) -> None:
        self.verifier = Verifier(region, keys, "ecr")
        self._region, self._account, self._clock = region, account, clock
        self._path = folder / "ecr_tokens.json"
        self._tokens: dict[str, float] = {}

    def call(self, op: str, body: Any, key: Key) -> dict[str, Any]:
        if op != "GetAuthorizationToken":
            raise ApiError("UnknownOperationException", "")
        if not isinstance(body, dict) or set(body) - {"registryIds"}:
            raise ApiError("InvalidParameterException", f"Unexpected members: {body!r}")
        for rule in key.denied:
            if fnmatch.fnmatchcase("ecr:" + op, rule["action"]):
                raise ApiError("AccessDeniedException",
                               f"User: arn:aws:sts::{self._account}:assumed-role/ecsAnywhereRole/{key.session} is not "
                               f"authorized to perform: ecr:{op} on resource: * because no identity-based policy "
                               f"allows the ecr:{op} action")
        token = base64.b64encode(f"AWS:{secrets.token_urlsafe(1500)}".encode()).decode()
        end = self._clock.server() + LIFE_S
        self._tokens[token] = end
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(self._tokens))
        fresh.rename(self._path)
        return {"authorizationData": [{
            "authorizationToken": token, "expiresAt": Epoch(end),
            "proxyEndpoint": f"https://{self._account}.dkr.ecr.{self._region}.amazonaws.com"}]}

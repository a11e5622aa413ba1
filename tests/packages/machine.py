"""A booted Debian in which the package is installed, beside a site of doubles that lie at their usual places in it."""
from __future__ import annotations

import json
import os
import re
import shutil
import socket
import urllib.error
import urllib.request
from typing import Any

from booted import Booted, can


def cannot() -> str:
    """Empty, or why the package cannot be tried in a booted root here."""
    if os.uname().machine != "x86_64" or not shutil.which("dpkg-deb"):
        return "the package of an amd64 is tried on an amd64 with dpkg-deb"
    return can()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Machine(Booted):
    def __init__(self, site):
        super().__init__(site, binds=(f"--bind={site.folder}:/srv/site", f"--bind={site.state}:/srv/ecs"))
        self.port = free_port()

    def sh(self, script):
        return self.run("sh", "-c", script)

    def put(self, path, text, mode="644"):
        kept = os.path.join(self.site.folder, "put")
        with open(kept, "w", encoding="utf-8") as f:
            f.write(text)
        self.run("install", "-D", "-m", mode, "/srv/site/put", path)

    def dpkg(self, *arguments):
        p = self.run("env", "DEBIAN_FRONTEND=noninteractive", "dpkg", *arguments)
        return p.returncode, p.stdout + p.stderr

    def node(self, report=""):
        """Registered, the SSM agent brings credentials and the ECS agent an engine; kedge.conf knows where the doubles of AWS and of
        the introspection listen, and nothing else."""
        with open(self.site.write_conf(), encoding="utf-8") as f:
            wanted = dict(re.findall(r"^(introspection|endpoint) = (.*)$", f.read(), re.M))
        self.sh("mkdir -p /etc/ecs /etc/ssl/certs; ln -s /srv/ecs /var/log/ecs; ln -s /srv/site/docker.sock /run/docker.sock;"
                "cat /srv/site/cloud/ca.pem >/etc/ssl/certs/ca-certificates.crt; echo ECS_CLUSTER=edge >/etc/ecs/ecs.config;"
                "install -m 600 /srv/site/cloud/credentials /root/.aws/credentials")
        self.put("/etc/kedge/kedge.conf", f"""# this node's
[kedge]
region = eu-west-1
[ecs_agent]
introspection = {wanted["introspection"]}
[aws]
endpoint = {wanted["endpoint"]}
[report]
listen = 127.0.0.1:{self.port}
{report}""")

    def files(self):
        """What lies where, but for what dpkg and the manager note down in their own places."""
        listed = self.run("find", "/", "-xdev", "-path", "/proc", "-prune", "-o", "-path", "/sys", "-prune", "-o", "-path", "/dev",
                          "-prune", "-o", "-path", "/srv/site",
                          "-prune", "-o", "-path", "/srv/ecs", "-prune", "-o", "-printf", "%y %m %p\\n").stdout
        run = self.run("find", "/run", "-name", "*kedge*").stdout
        aside = re.compile(r" /(var/lib/dpkg|var/log|var/cache|tmp|var/tmp)/| /etc/(passwd|group|shadow|gshadow|subuid|subgid)-$")
        return {line for line in (listed + run).splitlines() if not aside.search(line)}

    def kedge(self, *arguments):
        return self.run("kedge", *arguments)

    def object(self, *arguments):
        try:
            return json.loads(self.kedge(*arguments, "--json").stdout)
        except ValueError:
            return {}

    def sources(self):
        return {name: source["state"] for name, source in self.object("status").get("sources", {}).items()}

    def runs(self):
        return (self.show("ActiveState"), self.show("SubState")) == ("active", "running")

    def told(self):
        return "\n".join(x["MESSAGE"] for x in self.journal("-u", "kedge.service")[-30:])

    def page(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status
        except (urllib.error.URLError, OSError) as error:
            return getattr(error, "code", str(error))

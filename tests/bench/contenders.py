"""What waits for a failure, or for something comparable, beside kedge. Each runs from a fresh copy of its binary: pages of a file
that another process maps, too, would count by halves. Libraries are shared with whatever else runs, to its favour."""
from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request

from bench import Used, used_by, used_up
from e2e import LABEL, Site, _become, wait
from pss import pss_kib, running

EVERY_S = 15            # between two looks, and between two scrapes: what Debian's prometheus.yml has
LOOK = "services[].deployments[?failedTasks>`0`].taskDefinition"
AWS = """while :; do
	{python} /usr/bin/aws ecs describe-services --cluster edge --services {service} --endpoint-url {endpoint} \\
		--region eu-west-1 --query '{look}' --output text
	sleep {every}
done"""
CURL = """while :; do
	{curl} --config {conf} | {jq} -r '.services[].deployments[] | select(.failedTasks > 0) | .taskDefinition'
	sleep {every}
done"""
CURL_CONF = """url = "{endpoint}/"
cacert = "{ca}"
aws-sigv4 = "aws:amz:eu-west-1:ecs"
user = "{aws_access_key_id}:{aws_secret_access_key}"
header = "X-Amz-Security-Token: {aws_session_token}"
header = "Content-Type: application/x-amz-json-1.1"
header = "X-Amz-Target: AmazonEC2ContainerServiceV20141113.DescribeServices"
data = "{body}"
silent
fail
"""


class Contender:
    """A process in its own session that ends with the test; its lines with the time each was read."""

    def __init__(self, name: str, site: Site) -> None:
        self.name, self.site = name, site
        self.folder = os.path.join(site.folder, "bench-" + "".join(c for c in name if c.isalnum()))
        os.makedirs(self.folder, exist_ok=True)
        self.lines: list[tuple[float, str]] = []
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}

    def fresh(self, path: str) -> str:
        copy = os.path.join(self.folder, os.path.basename(path))
        if not os.path.exists(copy):
            shutil.copy(os.path.realpath(path), copy)
        return copy

    def command(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> None:
        with open(os.path.join(self.folder, "stderr"), "ab") as err:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err,
                                            env=self.environment, start_new_session=True, preexec_fn=lambda: _become(0))
        self.reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self.reader.start()

    def _read(self, pipe: object) -> None:
        for raw in pipe:  # type: ignore[attr-defined]
            self.lines.append((time.time(), raw.decode("utf-8", "replace")))

    def said(self) -> str:
        with open(os.path.join(self.folder, "stderr"), encoding="utf-8", errors="replace") as f:
            return f.read()[-2000:]

    def told(self, *words: str) -> float:
        """When the first line that holds these words was read; 0: not yet."""
        return next((at for at, line in list(self.lines) if all(w in line for w in words)), 0.0)

    def pids(self) -> list[int]:
        table, found, size = running(), {self.process.pid}, 0
        while size != len(found):
            size = len(found)
            found |= {pid for pid, (parent, _) in table.items() if parent in found}
        return sorted(found)

    def alive(self) -> bool:
        return self.process.returncode is None and os.path.exists(f"/proc/{self.process.pid}/exe")

    def pss(self) -> int:
        return pss_kib(self.pids())

    def stop(self) -> Used:
        """Everything of its session ends; what it used in all."""
        os.killpg(self.process.pid, signal.SIGTERM)
        used = used_up(self.process.pid)
        self.process.returncode = 0
        self.reader.join(5)
        return used


class Stays(Contender):
    """A daemon: what it used in a window is the difference of two looks at its processes."""

    def window(self) -> None:
        self.before = used_by(self.pids())

    def used(self) -> Used:
        return used_by(self.pids()) - self.before


class Loop(Contender):
    """A shell loop, begun anew for each window: its children come and go, and what they used is known when it ends."""

    service = "web"

    def window(self) -> None:
        self.start()

    def used(self) -> Used:
        return self.stop()

    def where(self) -> dict[str, str]:
        with open(os.path.join(self.site.cloud, "endpoint"), encoding="ascii") as f:
            endpoint = f.read().strip()
        return {"endpoint": endpoint, "ca": os.path.join(self.site.cloud, "ca.pem")}


class AwsLoop(Loop):
    def once(self) -> str:
        where = self.where()
        self.environment |= {"AWS_SHARED_CREDENTIALS_FILE": os.path.join(self.site.cloud, "credentials"),
                             "AWS_CA_BUNDLE": where["ca"], "AWS_EC2_METADATA_DISABLED": "true"}
        return AWS.format(python=self.fresh("/usr/bin/python3"), service=self.service, endpoint=where["endpoint"], look=LOOK, every=EVERY_S)

    def command(self) -> list[str]:
        return [self.fresh("/bin/sh"), "-c", self.once()]


class CurlLoop(Loop):
    def once(self) -> str:
        with open(os.path.join(self.site.cloud, "credentials"), encoding="ascii") as f:
            keys = dict((w.strip() for w in line.split("=", 1)) for line in f if "=" in line)
        body = f'{{"cluster":"edge","services":["{self.service}"]}}'.replace('"', '\\"')
        conf = os.path.join(self.folder, "curl.conf")
        with open(conf, "w", encoding="ascii") as f:
            f.write(CURL_CONF.format(**self.where(), **keys, body=body))
        return CURL.format(curl=self.fresh("/usr/bin/curl"), jq=self.fresh("/usr/bin/jq"), conf=conf, every=EVERY_S)

    def command(self) -> list[str]:
        return [self.fresh("/bin/sh"), "-c", self.once()]


class DockerEvents(Stays):
    """The engine's own client; it tells what the engine tells, of all containers alike."""

    def command(self) -> list[str]:
        self.environment |= {"DOCKER_CONFIG": self.folder, "DOCKER_HOST": f"unix://{self.site.socket}"}
        return [self.fresh("/usr/bin/docker"), "events", "--filter", "type=container", "--format",
                f'{{{{.Action}}}} {{{{index .Actor.Attributes "{LABEL}task-definition-family"}}}}:'
                f'{{{{index .Actor.Attributes "{LABEL}task-definition-version"}}}}: {{{{.Actor.Attributes.exitCode}}}}']


class NodeExporter(Stays):
    """As Debian sets it up, scraped every 15 s by somebody whose cost is not counted."""

    port = 19100

    def command(self) -> list[str]:
        self.over = threading.Event()
        self.scraper = threading.Thread(target=self._scrape, daemon=True)
        self.scraper.start()
        return [self.fresh("/usr/bin/prometheus-node-exporter"), f"--web.listen-address=127.0.0.1:{self.port}"]

    def scrape(self) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            return len(answer.read())

    def _scrape(self) -> None:
        wait(self._answers, 10, 0.2)
        while not self.over.wait(EVERY_S):
            self.scrape()

    def _answers(self) -> bool:
        try:
            return self.scrape() > 0
        except OSError:
            return False

    def stop(self) -> Used:
        self.over.set()
        self.scraper.join(EVERY_S)
        return super().stop()


class Collectd(Stays):
    """Debian's own collectd.conf, but for where it keeps its files."""

    def command(self) -> list[str]:
        with open("/etc/collectd/collectd.conf", encoding="utf-8") as f:
            text = f.read()
        text = text.replace("/var/lib/collectd", self.folder).replace("FQDNLookup true", "FQDNLookup false")
        conf = os.path.join(self.folder, "collectd.conf")
        with open(conf, "w", encoding="utf-8") as f:
            f.write(text)
        return [self.fresh("/usr/sbin/collectd"), "-f", "-C", conf, "-P", os.path.join(self.folder, "pid")]


class Daemon(Stays):
    """kedge itself: gate and worker, which the site has started."""

    def start(self) -> None:
        self.site.binary = self.fresh(self.site.binary)
        self.process = self.site.start_kedge().process

    def told(self, *words: str) -> float:
        kedge = self.site.kedge
        with kedge.changed:
            return next((at for at, line in kedge.lines if all(w in line for w in words)), 0.0)

    def stop(self) -> Used:
        self.site.stop_kedge()
        return Used()


def everybody(site: Site) -> list[Contender]:
    return [Daemon("kedge", site), AwsLoop("awscli loop", site), CurlLoop("curl loop", site), DockerEvents("docker events", site),
            NodeExporter("node_exporter", site), Collectd("collectd", site)]


if __name__ == "__main__":
    sys.exit("contenders.py is read by the benches")

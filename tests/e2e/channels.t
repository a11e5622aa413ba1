#!/usr/bin/env python3
"""What leaves the node by itself: a webhook whose receiver checks the signature, fails and comes back; a real MQTT broker with
retained topics, the will, a restart, passwords and TLS; an LED. One deployment that goes well and one that fails feed them all."""
import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import REGISTRY, Site, done, ok, same, wait  # noqa: E402

SECRET = b"the site's secret"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Receiver:
    """Takes what is signed, answers what it is told to: a list of statuses, then 204."""

    def __init__(self):
        self.taken, self.wrong, self.answers, self.tries = [], [], [], 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.tries += 1
                status = outer.answers.pop(0) if outer.answers else 204
                want = "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()
                event = json.loads(body)
                if self.headers.get("X-Kedge-Signature") != want or self.headers.get("Content-Type") != "application/json" or \
                        self.headers.get("X-Kedge-Event") != event["event"]:
                    outer.wrong.append((dict(self.headers), body))
                if status == 204:
                    outer.taken.append(event)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.handler, self.port = Handler, free_port()
        self.start()

    def start(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), self.handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def of(self, event, **members):
        return [e for e in self.taken if e["event"] == event and all(e[event].get(k) == v for k, v in members.items())]


class Broker:
    """mosquitto, and one who listens to everything."""

    def __init__(self, folder):
        self.folder, self.port, self.process = os.path.join(folder, "broker"), free_port(), None
        os.makedirs(self.folder)

    def start(self, *lines):
        conf = os.path.join(self.folder, "conf")
        with open(conf, "w", encoding="utf-8") as f:
            f.write("\n".join([f"listener {self.port} 127.0.0.1", "persistence false", "user root", *(lines or ["allow_anonymous true"])]) + "\n")
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(["/usr/sbin/mosquitto", "-c", conf], stdout=log, stderr=log)
        return wait(self.open, 10)

    def open(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        self.process.terminate()
        self.process.wait(10)

    def retained(self, topic, *options):
        """What a newcomer gets at once: {topic: payload}."""
        p = subprocess.run(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(self.port), "-t", topic, "-W", "1", "-v", "--retained-only", *options], capture_output=True,
                           text=True, check=False)
        return {k: json.loads(v) if v != "(null)" else None for k, _, v in (line.partition(" ") for line in p.stdout.splitlines())}

    def listen(self, path, topic):
        with open(path, "wb") as out:
            return subprocess.Popen(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(self.port), "-t", topic, "-q", "1", "-F", "%q %r %t %p"], stdout=out)


def led(folder):
    found = {}
    for name in ("trigger", "brightness", "delay_on", "delay_off"):
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            found[name] = f.read()
    return found


def make_led(s):
    """The files of an LED with the timer trigger; a write replaces what stood there from the start on, as sysfs has it."""
    folder = os.path.join(s.folder, "led")
    os.makedirs(folder)
    for name in ("trigger", "brightness", "delay_on", "delay_off"):
        open(os.path.join(folder, name), "w", encoding="utf-8").close()
    return folder


def well(s, hook, broker, light):
    ok(wait(lambda: hook.of("service", service="web", verdict="ok"), 90, 0.2), "webhook: a service that is well", s.kedge.tail())
    same(hook.wrong, [], "... signed, and of its kind")
    node = wait(lambda: broker.retained("kedge/+/status"), 20) or {"": None}
    topic = next(iter(node)).rpartition("/")[0]
    ok(len(topic) == len("kedge/") + 32, "mqtt: the node has the name of its container instance", topic)
    same(node.get(topic + "/status", {}).get("online"), True, "... and is online", node)
    service = wait(lambda: (r := broker.retained(f"{topic}/service/web")) and r.get(f"{topic}/service/web", {}).get("verdict") == "ok" and r, 20) or {}
    ok(service and service[f"{topic}/service/web"]["serving"] == "new", "... its service is retained", service)
    found = broker.retained("homeassistant/#")
    config = next(iter(found.values()), {})
    same((len(found), config.get("state_topic"), config.get("availability_topic")), (1, f"{topic}/service/web", f"{topic}/status"),
         "... Home Assistant is told where", found)
    same(wait(lambda: led(light)["brightness"] == "255" and led(light)["trigger"].startswith("none"), 10), True, "led: steady", led(light))
    return topic


def failing(s, hook, broker, light, topic):
    path = os.path.join(s.folder, "heard")
    ear = broker.listen(path, f"{topic}/failure")
    hook.answers = [503, 503]
    tries = hook.tries
    s.define("web", {"image": f"{REGISTRY}/web:none"})
    s.ctl("update-service", service="web", taskDefinition="web:2")
    ok(wait(lambda: hook.of("failure", **{"class": "image-not-found"}), 60, 0.2), "webhook: a failure, though the receiver refused twice", s.kedge.tail())
    ok(hook.tries - tries > 2 and s.kedge.said("webhook: the receiver answers 503") and s.kedge.wait_said("webhook: taken again"), "... which is told", s.kedge.tail(30))
    ids = [e["failure"]["id"] for e in hook.of("failure")]
    same(len(ids), len(set(ids)), "... each once")
    rows = wait(lambda: [line.split(" ", 3) for line in open(path, encoding="utf-8") if '"event":"failure"' in line], 30, 0.2) or [["", "", "", "{}"]]
    same((rows[0][0], rows[0][1], rows[0][2]), ("1", "0", f"{topic}/failure"), "mqtt: the failure, with QoS 1 and not retained", rows)
    same(json.loads(rows[0][3]).get("failure", {}).get("class"), "image-not-found", "... as the hooks have it")
    ok(wait(lambda: broker.retained(f"{topic}/service/web").get(f"{topic}/service/web", {}).get("verdict") == "failing", 60, 0.2), "... its service fails")
    ok("web:2 fails here" in broker.retained(f"{topic}/status")[f"{topic}/status"]["text"], "... and the node's line says so")
    same(wait(lambda: led(light)["delay_on"][:3] == "100" and led(light)["delay_off"][:3] == "100" and led(light)["trigger"].startswith("timer"), 10), True,
         "led: fast", led(light))
    ear.terminate()
    ear.wait(5)


def refused(s, hook):
    hook.answers = [404]
    known = len(hook.taken)
    s.define("web", {"image": f"{REGISTRY}/web:nosuch"})
    s.ctl("update-service", service="web", taskDefinition="web:3")
    ok(s.kedge.wait_said("webhook: the receiver answers 404", "dropped", seconds=40), "webhook: what is refused for good is dropped, and that is said", s.kedge.tail())
    ok(wait(lambda: len(hook.taken) > known, 40, 0.2), "... the next one goes on")
    hook.stop()
    s.define("web", {"image": f"{REGISTRY}/web:gone"})
    s.ctl("update-service", service="web", taskDefinition="web:4")
    ok(s.kedge.wait_said("webhook:", "tried again", seconds=60) and wait(lambda: s.failures(revision=4), 60, 0.2), "a receiver that is gone")
    row = next((c for c in s.read("check").get("checks", []) if c["name"] == "channels"), {})
    same((row.get("level"), "webhook does not get through" in row.get("text", "")), ("warning", True), "... which kedge check names", row)
    known = len(hook.taken)
    hook.start()
    ok(wait(lambda: len(hook.of("failure", revision=4)) > 0, 60, 0.2), "... and back: it hears what it missed", s.kedge.tail())
    same(hook.wrong, [], "all of it signed")


def broker_again(s, broker, topic):
    broker.stop()
    ok(s.kedge.wait_said("mqtt:", "tried again", seconds=20), "mqtt: a broker that dies is told", s.kedge.tail())
    broker.start()
    ok(wait(lambda: (r := broker.retained("kedge/#")) and {f"{topic}/status", f"{topic}/service/web"} <= set(r), 40, 0.2), "... one that starts anew without a memory has all again",
       s.kedge.tail())
    ok(s.kedge.wait_said("mqtt: the broker is back"), "... which is told")
    s.kedge.process.send_signal(signal.SIGKILL)
    ok(wait(lambda: broker.retained(f"{topic}/status").get(f"{topic}/status", {}).get("online") is False, 20, 0.2), "kill -9: the broker says that the node is gone")
    s.start_kedge()
    ok(wait(lambda: broker.retained(f"{topic}/status").get(f"{topic}/status", {}).get("online") is True, 40, 0.2), "... and that it is back", s.kedge.tail())
    s.stop_kedge()
    ok(wait(lambda: broker.retained(f"{topic}/status").get(f"{topic}/status", {}).get("online") is False, 20, 0.2), "a stop: it is gone too")
    broker.stop()


def guarded(s, broker):
    """Passwords and TLS, right and wrong."""
    folder = broker.folder
    subprocess.run(["mosquitto_passwd", "-b", "-c", f"{folder}/users", "gate way", "p@ss:w"], check=True, capture_output=True)
    guard = ["allow_anonymous false", f"password_file {folder}/users"]
    broker.start(*guard)
    s.conf["report"] = {"listen": "", "mqtt": f"mqtt://gate%20way:wrong@127.0.0.1:{broker.port}"}
    s.start_kedge()
    ok(s.kedge.wait_said("mqtt: the broker refuses: ", "authorized", seconds=40) or s.kedge.said("mqtt: the broker refuses: user or password"), "a wrong password",
       s.kedge.tail())
    ok(not s.kedge.said("wrong@") and not s.kedge.said("gate%20way"), "... which stands in no line")
    s.stop_kedge()
    s.conf["report"]["mqtt"] = f"mqtt://gate%20way:p%40ss%3Aw@127.0.0.1:{broker.port}"
    s.start_kedge()
    login = ("-u", "gate way", "-P", "p@ss:w")
    ok(wait(lambda: broker.retained("kedge/+/status", *login), 40), "the right one, with signs that an URL has to write otherwise", s.kedge.tail())
    s.stop_kedge()
    broker.stop()
    for name, subject in (("ca", "/CN=site"), ("other", "/CN=other")):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{folder}/{name}.key",
                        "-out", f"{folder}/{name}.pem", "-days", "30", "-subj", subject], check=True, capture_output=True)
    subprocess.run(f"cd {folder} && openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout b.key -out b.csr -subj /CN=broker && "
                   "printf 'subjectAltName=IP:127.0.0.1' >b.ext && openssl x509 -req -in b.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile b.ext "
                   "-out b.pem", shell=True, check=True, capture_output=True)
    broker.start("allow_anonymous true", f"cafile {folder}/ca.pem", f"certfile {folder}/b.pem", f"keyfile {folder}/b.key")
    s.conf["report"] |= {"mqtt": f"mqtts://127.0.0.1:{broker.port}", "mqtt_ca_file": f"{folder}/other.pem"}
    s.start_kedge()
    ok(s.kedge.wait_said("mqtt:", "unknown issuer", seconds=40), "TLS: a broker nobody vouches for", s.kedge.tail())
    s.stop_kedge()
    s.conf["report"]["mqtt_ca_file"] = f"{folder}/ca.pem"
    s.start_kedge()
    ok(wait(lambda: broker.retained("kedge/+/status", "--cafile", f"{folder}/ca.pem"), 40), "... and one that the site's own CA knows", s.kedge.tail())
    s.stop_kedge()
    broker.stop()


def main():
    hook = Receiver()
    with Site(engine="20", kedge=False, cloud_options=("--time-scale", "20")) as s:
        broker, light = Broker(s.folder), make_led(s)
        with open(os.path.join(s.folder, "secret"), "wb") as f:
            f.write(SECRET + b"\n")
        broker.start()
        s.conf = {"report": {"webhook": f"http://127.0.0.1:{hook.port}/kedge", "webhook_secret": os.path.join(s.folder, "secret"), "led": light,
                             "mqtt": f"mqtt://127.0.0.1:{broker.port}", "mqtt_discovery": "yes"}}
        s.image("web:11")
        s.start_kedge()
        s.service("web", {})
        topic = well(s, hook, broker, light)
        failing(s, hook, broker, light, topic)
        refused(s, hook)
        broker_again(s, broker, topic)
        guarded(s, broker)
    done()


main()

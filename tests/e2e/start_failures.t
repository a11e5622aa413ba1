#!/usr/bin/env python3
"""Every failure of create and start that a real engine can be brought to: what kedge calls it, whom it blames, and
that it keeps the engine's own words. Each goes the whole way: cloud, ECS agent, dockerd, kedge.

Left out, because this rig cannot bring it about:
  cgroup              needs a kernel without the memory cgroup
  start-oom           only engine 26 says it at the start; 20.10 starts, then the kernel kills: run_failures.t
  start-timeout       the agent's own limit of minutes on an engine that hangs
  secret-unavailable  the agent's double fetches no secrets
  links, volumes-from the ECS agent creates none; the engine's words for them are in tests/captures
  network of another container that is not there: the ECS agent names only its own pause container
  disk full           needs a site of its own: pull_failures.t
"""
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import REGISTRY, Site, done, engine_can, image_files, note, ok, same, skip_all, wait  # noqa: E402

HOST, NET = "HostConfig", "e2e-bridge"
PORT = 18099


def host(**members):
    return {HOST: members}


def bound(port):
    return {"ExposedPorts": {"80/tcp": {}}, HOST: {"NetworkMode": NET, "PortBindings": {
        "80/tcp": [{"HostPort": str(port)}]}}}


# name: definition's members, create body, stage, class, blame, words of the engine
CASES = {
    "exec-abs": ({"entryPoint": ["/nosuch"]}, {}, "start", "exec-not-found", "release", "no such file or directory"),
    "exec-path": ({"entryPoint": ["nosuch"]}, {}, "start", "exec-not-found", "release", "executable file not found"),
    "exec-denied": ({"entryPoint": ["/plain"]}, {}, "start", "exec-denied", "release", "permission denied"),
    "exec-dir": ({"entryPoint": ["/etc"]}, {}, "start", "exec-denied", "release", "permission denied"),
    "workdir-file": ({"workingDirectory": "/plain"}, {}, "create", "create-failed", "unknown", "not a directory"),
    "user": ({"user": "nosuch"}, {}, "start", "user-missing", "release", "unable to find user nosuch"),
    "group": ({"user": "0:nosuch"}, {}, "start", "user-missing", "release", "unable to find group nosuch"),
    "port-process": ({}, bound(PORT), "start", "port-in-use", "node", "address already in use"),
    "port-container": ({}, bound(PORT + 1), "start", "port-in-use", "node", "port is already allocated"),
    "device": ({}, host(Devices=[{"PathOnHost": "/dev/nosuch", "PathInContainer": "/dev/x",
                                  "CgroupPermissions": "rwm"}]),
               "start", "device-missing", "node", "error gathering device information"),
    "gpu": ({}, host(DeviceRequests=[{"Driver": "nvidia", "Count": 1, "Capabilities": [["gpu"]]}]),
            "start", "device-missing", "node", "could not select device driver"),
    "mount-missing": ({}, host(Mounts=[{"Type": "bind", "Source": "/no/such/source", "Target": "/x"}]),
                      "create", "mount-failed", "unknown", "bind source path does not exist"),
    "mount-uncreatable": ({}, host(Binds=["/proc/nosuch/dir:/x"]),
                          "start", "mount-failed", "unknown", "error while creating mount source path"),
    "mount-kind": ({}, host(Binds=["/etc/passwd:/etc"]), "start", "mount-failed", "unknown", "not a directory"),
    "volume-plugin": ({}, host(Mounts=[{"Type": "volume", "Source": "v", "Target": "/x", "VolumeOptions": {
        "DriverConfig": {"Name": "nosuchplugin"}}}]), "create", "mount-failed", "unknown", "nosuchplugin"),
    "volume-nfs": ({}, host(Mounts=[{"Type": "volume", "Source": "nfs", "Target": "/x", "VolumeOptions": {
        "DriverConfig": {"Name": "local", "Options": {"type": "nfs", "o": "addr=127.0.0.1", "device": ":/x"}}}}]),
        "start", "mount-failed", "unknown", "failed to mount local volume"),
    "tmpfs": ({}, host(Tmpfs={"/x": "size=nonsense"}), "start", "mount-failed", "unknown", "tmpfs"),
    "runtime": ({}, host(Runtime="nosuch"), "create", "runtime-missing", "node", "Unknown runtime specified"),
    "log-plugin": ({}, host(LogConfig={"Type": "nosuchlog"}), "create", "log-driver", "node", "nosuchlog"),
    "log-option": ({}, host(LogConfig={"Type": "json-file", "Config": {"nosuch": "1"}}),
                   "create", "log-driver", "node", "unknown log opt"),
    "log-fluentd": ({}, host(LogConfig={"Type": "fluentd", "Config": {"fluentd-address": "127.0.0.1:24224"}}),
                    "start", "log-driver", "node", "failed to initialize logging driver"),
    "log-syslog": ({}, host(LogConfig={"Type": "syslog", "Config": {"syslog-address": "tcp://127.0.0.1:5514"}}),
                   "start", "log-driver", "node", "failed to initialize logging driver"),
    "memory": ({}, host(Memory=4 << 20), "create", "resource-limits", "capacity", "Minimum memory limit"),
    "cpuset": ({}, host(CpusetCpus="99"), "create", "resource-limits", "capacity", "Requested CPUs"),
    "cpus": ({}, host(NanoCpus=9999 * 10**9), "create", "resource-limits", "capacity", "Range of CPUs"),
    "rlimit": ({}, host(Ulimits=[{"Name": "nofile", "Soft": 1 << 40, "Hard": 1 << 40}]),
               "start", "resource-limits", "capacity", "rlimit"),
    "sysctl": ({}, host(Sysctls={"net.nosuch.e2e": "1"}), "start", "resource-limits", "capacity", "/proc/sys/net/nosuch"),
    "hostname": ({"hostname": "x" * 70}, {}, "start", "start-unknown", "unknown", "hostname"),
    "capability": ({}, host(CapAdd=["NOSUCH"]), "create", "create-failed", "unknown", "NOSUCH"),
    "health-option": ({}, {"Healthcheck": {"Test": ["CMD", "/app"], "Interval": 1}},
                      "create", "create-failed", "unknown", "Healthcheck"),
    "network": ({}, host(NetworkMode="nosuchnet"), "start", "network-missing", "node", "nosuchnet"),
    "name": ({}, {"e2e.name": "taken"}, "create", "name-conflict", "node", "already in use"),
    # started, then ended by itself: the kernel refuses the file, and only the container's own log says so
    "wrong-arch": ({"image": f"{REGISTRY}/arm:1"}, {}, "run", "exec-format", "release", "exited with code 1"),
    "no-shebang": ({"entryPoint": ["/script"]}, {}, "run", "exec-format", "release", "exited with code 1"),
    "no-interpreter": ({"entryPoint": ["/dynamic"]}, {}, "run", "exec-format", "release", "exited with code 1"),
}


def elf_for_arm(app):
    """The same program said to be for AArch64: e_machine of the ELF header."""
    return app[:18] + b"\xb7\x00" + app[20:]


def dynamic(app_dir):
    source, out = os.path.join(app_dir, "d.c"), os.path.join(app_dir, "dynamic")
    with open(source, "w", encoding="utf-8") as f:
        f.write("int main(void) { return 0; }\n")
    subprocess.run(["gcc", "-o", out, source], check=True)
    with open(out, "rb") as f:
        return f.read()


def prepare(s):
    s.image("web:11")
    with open(os.path.join(s.rig, "app"), "rb") as f:
        app = f.read()
    image_files(s, "files:1", {"/app": (app, 0o755), "/plain": (b"text\n", 0o644), "/script": (b"echo\n", 0o755),
                               "/dynamic": (dynamic(s.folder), 0o755)}, ["/app"])
    image_files(s, "arm:1", {"/app": (elf_for_arm(app), 0o755)}, ["/app"], "arm64")
    s.docker.call("POST", "/networks/create", {"Name": NET, "Driver": "bridge"})
    listener = ("import socket,sys; s=socket.socket(); s.setsockopt(1,2,1); s.bind(('0.0.0.0',%d)); s.listen();"
                "print(flush=True); sys.stdin.read()" % PORT)
    s.in_rig(sys.executable, "-c", listener)
    s.docker.call("POST", f"/images/create?fromImage={REGISTRY}/web&tag=11")
    s.docker.create("taken", {"Image": f"{REGISTRY}/web:11", HOST: {"NetworkMode": "none"}})
    holder = s.docker.create("holder", {"Image": f"{REGISTRY}/web:11"} | bound(PORT + 1))
    s.docker.start(holder)
    return app


def place(s, name, members, body):
    container = {"image": f"{REGISTRY}/files:1"} | members
    if body:
        container["dockerLabels"] = {"e2e.config": json.dumps(body)}
    return s.run_task(name, container)


def check(s, name, arn, stage, klass, blame, words):
    found = [f for f in s.failures(task=arn) if f["class"] != "none"]
    if not ok(len(found) == 1, f"{name}: told once", json.dumps(found, indent=1)):
        if not found:
            return
    f = found[0]
    same((f["stage"], f["class"], f["blame"], f["essential"]), (stage, klass, blame, True),
         f"{name}: {klass}, blame {blame}", f["reason"])
    ok(words in (f["reason"] or ""), f"{name}: the engine's own words are kept", f["reason"])
    lines = s.kedge.said(f"failure {f['id']} ", f"class={klass} ")
    ok(len(lines) == 1, f"{name}: one line in the log", "\n".join(lines))
    if stage != "run":
        said = json.loads(s.run("classify", "--stage", stage, "--json", f["reason"]).stdout)
        same((said["class"], said["blame"]), (klass, blame), f"{name}: classify says the same of these words")


def main():
    why = engine_can()
    if why:
        skip_all(why)
    with Site() as s:
        prepare(s)
        arns = {name: place(s, name, *case[:2]) for name, case in CASES.items()}
        arns_of_service = s.service("svc", {"image": f"{REGISTRY}/files:1", "entryPoint": ["/nosuch"]})
        for name, arn in arns.items():
            wait(lambda: s.failures(task=arn), 25)
            wait(lambda: s.failures(task=arn, essential=True, **{"class": CASES[name][3]}), 5)
        for name, arn in arns.items():
            check(s, name, arn, *CASES[name][2:])
        f = s.wait_failure(service="svc")
        same((f.get("kind"), f.get("class"), f.get("counted"), f.get("family")),
             ("service", "exec-not-found", True, "svc"), f"a service's ({arns_of_service}) is counted for it", f)
        ok(s.kedge.alive(), "kedge lives")
        same(s.stop_kedge(), 0, "and ends well")
    done()


main()

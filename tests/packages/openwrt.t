#!/usr/bin/env python3
"""The package for OpenWrt in a root of busybox: its .ipk unpacked and its scripts run as opkg would run them, the init script under
ash with procd's verbs and functions.sh as stubs (tests/packages/openwrt), settings of UCI turned into a conf that the real kedge reads.
No opkg, no procd and no uci of OpenWrt took part: Debian has none of them."""
from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
from tap import done, ok, same  # noqa: E402

STUBS = os.path.join(TOP, "tests/packages/openwrt")
LONG = "x" * 600                # no key takes that
# for keys that are empty where nothing is set
SAMPLE = {
    ("kedge", "cluster"): "edge", ("kedge", "region"): "eu-west-1",
    ("kedge", "container_instance"): "arn:aws:ecs:eu-west-1:123456789012:container-instance/edge/0123456789abcdef0123456789abcdef",
    ("aws", "endpoint"): "https://vpce.example", ("aws", "ecr_endpoint"): "https://ecr.example", ("aws", "ca_file"): "/etc/ssl/ca.pem",
    ("aws", "proxy"): "http://user:secret@proxy.example:3128",
    ("iot", "endpoint"): "c1.credentials.iot.eu-west-1.amazonaws.com", ("iot", "role_alias"): "edge", ("iot", "thing"): "gw-1",
    ("iot", "cert"): "/etc/kedge/cert.pem", ("iot", "key"): "/etc/kedge/key.pem",
    ("rolesanywhere", "trust_anchor"): "arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/a",
    ("rolesanywhere", "profile"): "arn:aws:rolesanywhere:eu-west-1:123456789012:profile/p",
    ("rolesanywhere", "role"): "arn:aws:iam::123456789012:role/r", ("rolesanywhere", "endpoint"): "https://ra.example",
    ("rolesanywhere", "cert"): "/etc/kedge/cert.pem", ("rolesanywhere", "key"): "/etc/kedge/key.pem",
    ("policy", "site_registries"): "mirror.example:5000 other.example", ("service", "family"): "web",
    ("report", "textfile"): "/var/kedge.prom", ("report", "webhook"): "https://hook.example/x",
    ("report", "webhook_secret"): "/etc/kedge/secret",
    ("report", "mqtt"): "mqtt://user:secret@broker.example", ("report", "mqtt_ca_file"): "/etc/ssl/broker.pem",
    ("report", "led"): "/sys/class/leds/green",
}


class Root:
    """A folder that is the root of what runs in it, as namespaces of its own."""

    def __init__(self, path: str) -> None:
        self.path = path
        for folder in ("bin", "sbin", "usr/bin", "usr/sbin", "etc/config", "lib/functions", "dev", "proc", "tmp", "overlay", "root"):
            os.makedirs(os.path.join(path, folder))
        os.symlink("tmp", self.at("var"))
        os.makedirs(self.at("tmp/run"))
        busybox = shutil.which("busybox") or ""
        shutil.copy(busybox, self.at("bin/busybox"))
        libraries = subprocess.run(["ldd", busybox], check=False, text=True, capture_output=True).stdout
        for library in re.findall(r"(/\S+) \(0x", libraries):
            os.makedirs(self.at(os.path.dirname(library)), exist_ok=True)
            shutil.copy(library, self.at(library))
        for applet in subprocess.run([busybox, "--list"], check=True, text=True, capture_output=True).stdout.split():
            if applet != "busybox":
                os.symlink("/bin/busybox", self.at("bin", applet))
        for stub, place in (("rc.common", "etc/rc.common"), ("functions.sh", "lib/functions.sh"), ("procd.sh", "lib/functions/procd.sh"),
                            ("ubus", "usr/bin/ubus"), ("opkg", "bin/opkg")):
            shutil.copy(os.path.join(STUBS, stub), self.at(place))

    def at(self, *path: str) -> str:
        return os.path.join(self.path, *(part.lstrip("/") for part in path))

    def inside(self, script: str) -> list[str]:
        """The command that runs a line of ash in the root."""
        return ["unshare", "-m" if os.getuid() == 0 else "-rm", "sh", "-c",
                f'mount --rbind /dev "{self.path}/dev" && mount --rbind /proc "{self.path}/proc" && exec chroot "{self.path}" /bin/sh -c "$0"', script]

    def run(self, script: str, **environment: str) -> tuple[int, str]:
        """A line of ash in the root: its exit code and all it says."""
        told = subprocess.run(self.inside(script), check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"} | environment)
        return told.returncode, told.stdout

    def login(self) -> tuple[str, float]:
        """What a login shell on a terminal would show of the snippet, and the seconds it takes."""
        ours, theirs = pty.openpty()
        begun = time.monotonic()
        shell = subprocess.Popen(self.inside(". /etc/profile.d/kedge.sh; echo after"), stdin=theirs, stdout=theirs, stderr=theirs,
                                 env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 4096):
                shown += part
        except OSError:                         # the last one closed the terminal
            pass
        os.close(ours)
        shell.wait()
        return shown.decode().replace("\r\n", "\n"), time.monotonic() - begun

    def read(self, path: str) -> str:
        """What is read inside: links lead where they lead there."""
        return self.run(f"cat {path}")[1]

    def write(self, path: str, text: str) -> None:
        with open(self.at(path), "w", encoding="utf-8") as f:
            f.write(text)

    def there(self, path: str) -> bool:
        return self.run(f"[ -e {path} ] || [ -L {path} ]")[0] == 0

    def init(self, action: str) -> str:
        return self.run(f"/etc/init.d/kedge {action}")[1]

    def procd(self) -> list[str]:
        """What procd was told last."""
        return self.read("/tmp/procd").split("\n")[:-1]


def keys() -> dict[tuple[str, str], str]:
    """Every key of conf/kedge.conf with a value it takes: its default, or a sample."""
    section, found = "", {}
    with open(os.path.join(TOP, "conf/kedge.conf"), encoding="utf-8") as f:
        for line in f.read().splitlines():
            if head := re.fullmatch(r"#?\[(\w+)( \w+)?\]", line):
                section = head[1]
            elif (pair := re.fullmatch(r"#(\w+) =(?: (.*))?", line)) and (section, pair[1]) != ("service", "rollback"):
                found[section, pair[1]] = SAMPLE.get((section, pair[1])) or pair[2]
    return found


def uci(settings: dict[tuple[str, str], str]) -> str:
    """A UCI file: named sections, values quoted."""
    text = ""
    for section in dict.fromkeys(section for section, _ in settings):
        text += f"\nconfig {section} '{'web' if section == 'service' else section}'\n"
        text += "".join(f"\toption {key} '{value}'\n" for (s, key), value in settings.items() if s == section)
    return text


def pairs(conf: str) -> dict[tuple[str, str], str]:
    section, found = "", {}
    for line in conf.splitlines():
        if line.startswith("["):
            section = line[1:-1]
        elif line and not line.startswith("#"):
            key, _, value = line.partition(" = ")
            found[section, key] = value
    return found


def of_uci(root: Root) -> None:
    every = keys()
    ok(len(every) > 50 and all(every.values()), f"conf/kedge.conf has {len(every)} keys", every)
    root.write("etc/config/kedge", uci(every))
    same(root.init("start"), "", "every key set by UCI: kedge is content")
    want = {("service web" if s == "service" else s, key): value for (s, key), value in every.items()}
    same(pairs(root.read("/etc/kedge/kedge.conf")), want, "... and each is in the conf that the verbs read")
    same(root.run("stat -c %a /var/etc/kedge.conf")[1], "600\n", "... which nobody else reads: a password may stand in it")
    wrong = {}
    for section, key in every:
        name = "web" if section == "service" else section
        root.write("etc/config/kedge", uci({(section, key): LONG}))
        if not (said := root.init("reload")).startswith(f"kedge: kedge.{name}.{key}: /var/etc/kedge.conf.new line "):
            wrong[section, key] = said
    same(wrong, {}, "a wrong value of each key is refused by kedge, and told with the option's name")


def lists_and_words(root: Root) -> None:
    root.write("etc/config/kedge", """
config kedge 'kedge'
	option state_dir '/mnt/data/kedge'

config policy 'policy'
	list classes 'image-not-found'
	list classes 'crash-loop'
	list site_registries 'mirror.example:5000'
	list site_registries 'other.example'
	option probe '1'
	option allow_update_service '1'

config report 'report'
	option metrics '0'
	option listen '-'

config service 'web'
	option rollback 'auto'

config service
	option rollback 'off'
	option name 'web-shop'
""")
    same(root.init("start"), "", "lists, blanks, UCI's words: kedge is content")
    conf = root.read("/etc/kedge/kedge.conf")
    same(pairs(conf), {
        ("kedge", "state_dir"): "/mnt/data/kedge", ("policy", "classes"): "image-not-found crash-loop",
        ("policy", "site_registries"): "mirror.example:5000 other.example", ("policy", "probe"): "on",
        ("policy", "allow_update_service"): "yes", ("report", "metrics"): "no", ("report", "listen"): "",
        ("service web", "rollback"): "auto", ("service web-shop", "rollback"): "off", ("kedge", "run_dir"): "/var/run/kedge",
    }, "a list is blanks, 1 is yes or on, - is empty, a service has the name of its option", conf)
    ok("# kedge.policy.probe\nprobe = on\n" in conf, "above each line stands its option", conf)

    root.write("etc/config/kedge", "config service\n\toption rollback 'auto'\n")
    ok("unknown section [service]" in (said := root.init("start")) and "kedge.cfg01abcd: " in said,
       "a service without a name is refused", said)
    root.write("etc/config/kedge", "config aws 'aws'\n\toption heartbeta '1h'\n")
    ok('kedge.aws.heartbeta: ' in (said := root.init("start")) and 'unknown key "heartbeta"' in said, "so is an option there is not", said)
    root.write("etc/config/kedge", "config awz 'aws'\n\toption heartbeat '1h'\n")
    ok('kedge.aws: ' in (said := root.init("start")) and "unknown section [awz]" in said, "and a section there is not", said)
    root.write("etc/config/kedge", "config aws 'aws'\n\toption credentials 'iot'\n")
    ok("kedge.aws.credentials: " in (said := root.init("start")), "and what is wrong only together with another", said)


def life(root: Root) -> None:
    """What procd is told."""
    settings = "config aws 'aws'\n\toption heartbeat '30m'\n"
    root.run("rm -rf /tmp/history /tmp/running /var/etc /etc/kedge/state")
    root.write("etc/config/kedge", settings)
    root.init("start")
    same(root.procd(), ["instance", "command /usr/bin/kedge agent", "respawn 3600 5 0", "file /etc/kedge/kedge.conf", "reload_signal HUP",
                        "no_new_privs 1", "term_timeout 10", "end", "trigger kedge"], "what procd is told: no std, lines are not told twice")
    same(root.run("stat -c '%a %n' /etc/kedge/state /var/run/kedge")[1], "750 /etc/kedge/state\n755 /var/run/kedge\n",
         "both folders are there")
    same(root.run("readlink /etc/kedge/kedge.conf")[1], "/var/etc/kedge.conf\n", "the path that verbs read is a link to it")
    root.run("touch /tmp/now; sleep 1; /etc/init.d/kedge stop; /etc/init.d/kedge start")
    same(root.run("find / -xdev ! -path '/tmp*' ! -path '/dev/*' -newer /tmp/now")[1], "", "a start writes nothing to flash")
    was = root.read("/etc/kedge/kedge.conf")
    root.write("etc/config/kedge", settings.replace("30m", "soon"))
    root.init("reload")
    same((root.procd()[:1], root.read("/etc/kedge/kedge.conf")), (["instance"], was), "wrong settings: what runs goes on with the old ones")
    root.init("stop")
    said = root.init("start")
    same(root.procd(), ["trigger kedge"], "and nothing is started on them, but a change is waited for", said)
    ok('kedge.aws.heartbeat: /var/etc/kedge.conf.new line' in said and '"soon": allowed is a duration' in said, "... and says why", said)
    root.write("etc/config/kedge", "config aws 'aws'\n\toption heartbeat 'unclosed\n")
    ok("/etc/config/kedge cannot be read" in (said := root.init("start")) and root.procd() == ["trigger kedge"],
       "nor on a file that is none", said)
    root.run("rm /etc/config/kedge")
    same((root.init("start"), pairs(root.read("/etc/kedge/kedge.conf"))),
         ("", {("kedge", "state_dir"): "/etc/kedge/state", ("kedge", "run_dir"): "/var/run/kedge"}), "no UCI at all is a valid state")
    root.write("etc/config/kedge", settings)

    # a file of one's own
    root.run("rm /etc/kedge/kedge.conf; cp /usr/share/kedge/kedge.conf /etc/kedge/kedge.conf")
    said = root.init("start")
    ok("/etc/kedge/kedge.conf is a file and holds" in said and root.procd()[0] == "instance",
       "a file wins over UCI, and that is said", said)
    same(root.run("cmp /etc/kedge/kedge.conf /usr/share/kedge/kedge.conf")[0], 0, "... and is left as it is")
    root.write("etc/config/kedge", "config aws 'aws'\n")
    same(root.init("start"), "", "... without a word where UCI sets nothing")
    root.write("etc/config/kedge", "config aws 'unclosed\n")
    same((root.init("start"), root.procd()[0]), ("", "instance"), "... whatever UCI's is like")
    same(root.run("readlink /var/lib/kedge; readlink /run")[1], "/etc/kedge/state\n/var/run\n", "kedge's own folders lead to flash and RAM")
    root.run("rm -f /tmp/running; printf '[kedge]\nlog = loud\n' >/etc/kedge/kedge.conf")
    ok("/etc/kedge/kedge.conf line 2: log" in (said := root.init("start")) and root.procd() == ["trigger kedge"],
       "a wrong file: nothing starts", said)
    root.run("mkdir -p /mnt; printf '[kedge]\nlog = debug\n' >/mnt/kedge.conf; ln -sf /mnt/kedge.conf /etc/kedge/kedge.conf")
    same((root.init("start"), root.procd()[0], root.run("readlink /etc/kedge/kedge.conf")[1]), ("", "instance", "/mnt/kedge.conf\n"),
         "a link of one's own is a file of one's own")
    root.run("rm /etc/kedge/kedge.conf")


def daemon(root: Root) -> None:
    """The real daemon on the conf that was made, without an engine, an ECS agent or AWS: a boot without docker."""
    root.write("etc/config/kedge",
               "config aws 'aws'\n\toption endpoint 'http://127.0.0.1:9'\n\nconfig report 'report'\n\toption listen '-'\n")
    same(root.init("start"), "", "settings for a node without docker")
    root.run("rm -f /etc/kedge/state/*")
    said = root.run("""
        kedge agent >/tmp/said 2>&1 & agent=$!
        for i in 1 2 3 4 5 6 7 8 9 10; do
            kedge status --json >/tmp/status 2>/dev/null && grep -q '"engine"' /tmp/status && break
            sleep 1
        done
        kedge check; kill $agent; wait $agent; echo "ended $?"; find /var/run/kedge /etc/kedge/state ! -type d""")[1]
    told = f"{said}\n{root.read('/tmp/said')}"
    ok("It is absent: /var/run/docker.sock" in said and "ended 0\n" in said, "it runs without docker, and the verbs find it by the same conf", told)
    ok("/etc/kedge/state/journal\n" in said and "/var/run/kedge/status.json\n" in said, "... its journal on flash, the rest in RAM", told)


def package(root: Root, ipk: str) -> None:
    shutil.copy(ipk, root.at("root/kedge.ipk"))
    code, said = root.run("opkg install /root/kedge.ipk")
    same((code, said), (0, ""), "installed")
    same(root.run("ls /etc/rc.d")[1].split(), ["K10kedge", "S99kedge"], "enabled")
    same(root.procd()[:2], ["instance", "command /usr/bin/kedge agent"], "started")
    ok("kedge 0." in (said := root.run("kedge version")[1]), f"it runs: {said.strip()}", said)
    same(root.run("ls /etc/kedge")[1].split(), ["hooks.d", "kedge.conf", "state"], "its folders")
    same(root.run("for k in /lib/upgrade/keep.d/*; do find $(cat $k) -type f -o -type l; done")[1], "/etc/kedge/kedge.conf\n",
         "what sysupgrade keeps")
    ok("Apache License" in root.run("gzip -dc /usr/share/licenses/kedge.gz")[1], "the licence texts are there")
    same(root.login()[0], "after\n", "nothing is said at login before it ever ran")

    root.run("echo record >/etc/kedge/state/journal; printf \"\\nconfig service 'web'\\n\\toption rollback 'auto'\\n\" >>/etc/config/kedge")
    edited = root.read("/etc/config/kedge")
    code, said = root.run("rm /tmp/history; opkg upgrade /root/kedge.ipk")
    same((code, root.read("/tmp/history").split()), (0, ["stop", "start"]), "an upgrade stops and starts it", said)
    same(root.read("/etc/config/kedge"), edited, "... keeps the settings")
    ok(root.there("/etc/config/kedge-opkg") and root.read("/etc/kedge/state/journal") == "record\n",
       "... lays the new ones beside, keeps the journal")
    same(root.run("ls /etc/rc.d")[1].split(), ["K10kedge", "S99kedge"], "... leaves it enabled")
    ok("service web" in root.read("/etc/kedge/kedge.conf"), "... and runs on the settings")

    root.run("rm /etc/rc.d/*; opkg upgrade /root/kedge.ipk")
    same(root.run("ls /etc/rc.d")[1], "", "an upgrade of one that was disabled does not enable it")


def login(root: Root) -> None:
    """The snippet for the login shell, with a kedge that is a script."""
    os.rename(root.at("usr/bin/kedge"), root.at("usr/bin/kept"))
    for script, want, what in (("echo 0 of 2 run", "0 of 2 run\nafter\n", "what kedge says is said at login"),
                               ("seq 100", "1\n2\n3\n4\n5\n6\n7\n8\nafter\n", "... in eight lines"),
                               ("echo lost >&2; exit 3", "after\n", "... or nothing"), ("exec sleep 60", "after\n", "one that hangs")):
        root.write("usr/bin/kedge", f"#!/bin/sh\n{script}\n")
        os.chmod(root.at("usr/bin/kedge"), 0o755)
        shown, took = root.login()
        same(shown, want, what)
    ok(1.5 < took < 4, f"... holds the login up for 2 s ({took:.1f})")
    root.write("usr/bin/kedge", "#!/bin/sh\necho told\n")
    same(root.run(". /etc/profile.d/kedge.sh; echo after")[1], "after\n", "a login without a terminal, as scp's, is told nothing")
    os.rename(root.at("usr/bin/kept"), root.at("usr/bin/kedge"))


def removed(root: Root) -> None:
    root.run("printf 'config aws\\n' >/etc/config/kedge; /etc/init.d/kedge enable; /etc/init.d/kedge start; rm /tmp/history")
    code, said = root.run("opkg remove")
    same((code, said, root.read("/tmp/history").split()), (0, "", ["stop"]), "removed: stopped")
    same(root.run("ls /etc/rc.d; ls /usr/bin/kedge /etc/init.d/kedge /etc/profile.d /usr/share/kedge 2>/dev/null")[1],
         "/etc/profile.d:\n\n/usr/share/kedge:\n", "... and gone")
    same(root.run("ls /etc/config; find /etc/kedge ! -type d")[1].split(), ["kedge", "kedge-opkg", "/etc/kedge/state/journal"],
         "... but for edited settings and the journal")


def offline(root: Root) -> None:
    """An image being made: only enabled."""
    script = """
        mkdir -p /image/lib/functions /image/etc
        cp /lib/functions.sh /image/lib/; cp /lib/functions/procd.sh /image/lib/functions/; cp /etc/rc.common /image/etc/
        rm -f /tmp/history /tmp/procd
        OFFLINE=/image opkg install /root/kedge.ipk; ls /image/etc/rc.d; ls /image/etc/kedge; ls /tmp/history /tmp/procd 2>/dev/null
        OFFLINE=/image opkg remove; ls /image/etc/rc.d"""
    same(root.run(script)[1].split(), ["K10kedge", "S99kedge", "hooks.d"], "into another root: enabled, nothing started; removed: disabled")
    same(root.run("rm -r /image/lib; OFFLINE=/image opkg install /root/kedge.ipk; echo $?")[1], "0\n",
         "a root that is no OpenWrt: nothing is run")


def yocto(root: Root, ipk: str) -> None:
    """Yocto's package: an ar archive, and scripts for systemd, which is a stub that says what it was told."""
    shutil.copy(ipk, root.at("root/yocto.ipk"))
    root.run("mkdir -p /yocto/control /yocto/data; cd /yocto; ar x /root/yocto.ipk; "
             "for p in control data; do gzip -dc $p.tar.gz | tar x -C $p; done")
    same(root.run("cd /yocto; cat debian-binary; ls control; ls data/etc/kedge data/usr/bin")[1].split(),
         ["2.0", "conffiles", "control", "postinst", "prerm", "data/etc/kedge:", "hooks.d", "kedge.conf", "data/usr/bin:", "kedge"],
         "Yocto's: what is in it")
    same(root.run("/yocto/control/postinst configure; /yocto/control/prerm remove; echo $?")[1], "0\n", "no systemd there: nothing is run")
    root.write("bin/systemctl", '#!/bin/sh\necho "$*"\n')
    os.chmod(root.at("bin/systemctl"), 0o755)
    same(root.run("/yocto/control/postinst configure; /yocto/control/prerm upgrade 2; /yocto/control/prerm remove")[1].splitlines(),
         ["enable kedge.service", "daemon-reload", "restart kedge.service", "stop kedge.service", "disable kedge.service"],
         "enabled and started; an upgrade leaves it to the next one's postinst; stopped and disabled")
    same(root.run("/yocto/control/postinst configure; /yocto/control/prerm remove", D="/image")[1].splitlines(),
         ["--root=/image enable kedge.service", "--root=/image disable kedge.service"], "in an image: only enabled")


def main() -> int:
    if not shutil.which("busybox") or subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode:
        print("1..0 # SKIP no busybox, or no namespaces for its root")
        return 0
    cpu = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "armhf", "armv6l": "armv6"}[os.uname().machine]
    with open(os.path.join(TOP, "build", cpu, "version"), encoding="ascii") as f:
        version, epoch = f.read().split()
    made = subprocess.run(["packaging/ipk/build", cpu], cwd=TOP, check=False, text=True, capture_output=True,
                          env=os.environ | {"VERSION": version, "SOURCE_DATE_EPOCH": epoch})
    ok(made.returncode == 0, "the package is made", made.stderr)
    with tempfile.TemporaryDirectory() as folder:
        root = Root(os.path.join(folder, "root"))
        packages = [os.path.join(TOP, path) for path in made.stdout.split()]
        package(root, packages[0])
        of_uci(root)
        lists_and_words(root)
        life(root)
        daemon(root)
        login(root)
        removed(root)
        offline(root)
        yocto(root, packages[-1])
    return done()


if __name__ == "__main__":
    sys.exit(main())

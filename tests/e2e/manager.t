#!/usr/bin/env python3
"""What the service manager hears from kedge: ready once it is, a line of status, signs of life, a reload, its end."""
import os
import signal
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import Site, done, ok, same, wait  # noqa: E402


def main():
    with Site(engine="20", kedge=False, cloud_options=("--time-scale", "20")) as s:
        path = os.path.join(s.folder, "notify")
        heard = []
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.setblocking(False)

            def listen():
                while True:
                    try:
                        heard.append(manager.recv(4096).decode())
                    except BlockingIOError:
                        return heard

            s.environment = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "1000000"}
            s.image("web:11")
            s.start_kedge()
            same(listen()[0], "READY=1", "the first word is that it is ready")
            ok(wait(lambda: "STATUS=no service of this node is known yet; AWS is " in "\n".join(listen()), 10), "a status", heard)
            s.service("web", {})
            ok(wait(lambda: any(h.startswith("STATUS=1 of 1 service runs as deployed; AWS is up") for h in listen()), 90, 0.2), "all is well", heard)
            s.define("web", {"image": "127.0.0.1:5001/web:none"})
            s.ctl("update-service", service="web", taskDefinition="web:2")
            ok(wait(lambda: any(h.startswith("STATUS=0 of 1 service runs as deployed") and "web: web:2 fails here: image-not-found" in h
                                for h in listen()), 60, 0.2), "a release that fails, in its words", heard)
            ok(heard.count("WATCHDOG=1") >= 4, "signs of life", heard.count("WATCHDOG=1"))
            del heard[:]
            s.kedge.process.send_signal(signal.SIGHUP)
            ok(wait(lambda: "READY=1" in listen(), 10) and any(h.startswith("RELOADING=1\nMONOTONIC_USEC=") for h in heard[:heard.index("READY=1")]),
               "a reload, and ready again", heard)
            s.stop_kedge()
            ok("STOPPING=1" in listen(), "its end", heard)
    done()


main()

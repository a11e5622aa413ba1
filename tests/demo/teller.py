"""What the demo says, and the steps it checks: every step is checked in both ways of playing."""
from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from typing import Any, Callable

POLL_S = 0.15


class Failed(Exception):
    """A step of the story did not come true."""


class Teller:
    """mode "auto": plain text without pauses; else a told story, with pauses and colour on a terminal."""

    def __init__(self, mode: str) -> None:
        terminal = sys.stdout.isatty()
        self.auto = mode == "auto"
        self.told = terminal and not self.auto
        self.colour = self.told and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self.steps = 0
        self.doing = "setting up"

    def _paint(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self.colour else text

    def _out(self, text: str) -> None:
        print(text, flush=True)

    def pause(self, seconds: float) -> None:
        if self.told:
            time.sleep(seconds)

    def act(self, title: str) -> None:
        self._out("\n" + self._paint("1;34", f"== {title} " + "=" * max(0, 75 - len(title))))

    def say(self, text: str) -> None:
        for line in textwrap.wrap(" ".join(text.split()), 78):
            self._out(self._paint("36", line))
        self.pause(1.2)

    def event(self, text: str) -> None:
        """Something happens to the node, or somebody does something elsewhere."""
        self._out(self._paint("35", f"-- {text}"))
        self.pause(0.4)

    def command(self, line: str) -> None:
        self._out(self._paint("1", f"$ {line}"))
        self.pause(0.4)

    def show(self, shown: str, argv: list[str], environment: dict[str, str]) -> None:
        """A real command and its real output; on a terminal the command sees the terminal itself."""
        self.command(shown)
        if self.told:
            subprocess.run(argv, env=environment, stdin=subprocess.DEVNULL, check=False)
        else:
            done = subprocess.run(argv, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False)
            self._out(textwrap.indent(done.stdout.decode(errors="replace").rstrip("\n"), "    "))
        self._out("")
        self.pause(1.5)

    def step(self, what: str, test: Callable[[], Any], seconds: float = 0.0) -> Any:
        """Waits until test() gives something true, at most so long; returns it, or the story ends here."""
        self.doing = what
        begun = time.monotonic()
        value = test()
        while not value and time.monotonic() - begun < seconds:
            time.sleep(POLL_S)
            value = test()
        if not value:
            waited = f" (waited {seconds:.0f} s)" if seconds else ""
            raise Failed(f"{what}{waited}")
        self.steps += 1
        took = time.monotonic() - begun
        self._out(self._paint("32", f"  ok {self.steps} - {what}") + (f" ({took:.1f} s)" if took >= 1 else ""))
        return value

    def failed(self, what: str, seen: str) -> None:
        print(f"\ndemo: FAILED: {what}\n  while: {self.doing}\n{seen}", file=sys.stderr, flush=True)

    def end(self, line: str) -> None:
        self._out("\n" + self._paint("1;32", line))

"""What processes keep in memory: PSS, added up over a file's processes and their children."""
from __future__ import annotations

import mmap
import os
import struct
from typing import Iterable, Iterator

PAGE = mmap.PAGESIZE
NOTHING = bytes(PAGE)


def running() -> dict[int, tuple[int, str]]:
    """{process: (its parent, the file it runs)}, of those that run one"""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            path = os.readlink(f"/proc/{pid}/exe")
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
                found[int(pid)] = int(f.read().rpartition(")")[2].split()[1]), path
        except (OSError, IndexError):
            pass	# a thread of the kernel, or it ended meanwhile
    return found


def processes(path: str, table: dict[int, tuple[int, str]] | None = None) -> list[int]:
    """Every process that runs this very file, and every child of one, whatever that runs."""
    table = table or running()
    found, size = {pid for pid, (_, file) in table.items() if file == path}, -1
    while size != len(found):
        size = len(found)
        found |= {pid for pid, (parent, _) in table.items() if parent in found}
    return sorted(found)


def anonymous_pages(pid: int) -> Iterator[int]:
    """The addresses of those that are there."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/pagemap", "rb") as pagemap:
        for line in maps:
            where, mode, _, _, inode = line.split()[:5]
            if mode[:2] != "rw" or inode != "0":
                continue
            begin, end = (int(a, 16) for a in where.split("-"))
            pagemap.seek(begin // PAGE * 8)
            entries = pagemap.read((end - begin) // PAGE * 8)
            yield from (begin + i * PAGE for i, (e,) in enumerate(struct.iter_unpack("<Q", entries)) if e >> 63)


def zero_pages(pid: int) -> int:
    """How many there are with nothing in them: one that was only ever read is the kernel's one zero page, and no memory."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        return sum(os.pread(mem.fileno(), PAGE, at) == NOTHING for at in anonymous_pages(pid))


def zero_page_counts() -> bool:
    """Some virtual machines have no such page: there each page that is read is one more. Tried on this very process."""
    with mmap.mmap(-1, 1024 * PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as m:
        before = pss_of(os.getpid())
        sum(m[at] for at in range(0, 1024 * PAGE, PAGE))
        return pss_of(os.getpid()) - before > 512 * PAGE // 1024


def pss_of(pid: int) -> int:
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Pss:"))


def pss_each(pids: Iterable[int]) -> dict[int, int]:
    """{process: KiB}, of those that are still there"""
    found = {}
    for pid in pids:
        try:
            found[pid] = pss_of(pid)
            if NO_ZERO_PAGE:
                found[pid] -= zero_pages(pid) * PAGE // 1024
        except (OSError, StopIteration):
            pass	# it ended meanwhile
    return found


def pss_kib(pids: Iterable[int]) -> int:
    return sum(pss_each(pids).values())


NO_ZERO_PAGE = zero_page_counts()

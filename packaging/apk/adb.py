"""apk's binary database (apk-v3(5)): one block of values that refer to each other by offset, then a block for each file's bytes.

A value is a word of 32 bits, little-endian: 4 bits of type, 28 bits that are the number itself or where in the block it is.
Whoever refers is written after what it refers to, so the root comes last; the same bytes are kept once.
"""
from __future__ import annotations

import struct
import zlib

INT, INT_32, INT_64 = 0x1, 0x2, 0x3
BLOB_8, BLOB_16, BLOB_32 = 0x8, 0x9, 0xA
ARRAY, OBJECT = 0xD, 0xE
NULL = 0
BLOCK_ADB, BLOCK_DATA = 0, 2
BLOCK_ALIGN = 8
BLOCK_MAX = 0x3FFFFFFF          # above it a block needs a longer head, which nothing of ours does
ROOT_AT = 4                     # the block's own head: version 0 (what a reader must know, what wrote it), 2 unused bytes, the root


class Adb:
    def __init__(self) -> None:
        self.bytes = bytearray(8)
        self._at: dict[bytes, int] = {}

    def _put(self, kind: int, data: bytes, align: int, shared: bool = True) -> int:
        at = self._at.get(data) if shared else None
        if at is None or at % align:
            self.bytes += bytes(-len(self.bytes) % align)
            at = len(self.bytes)
            self.bytes += data
            if shared:
                self._at[data] = at
        if at >= 1 << 28:
            raise ValueError("more values than 28 bits can point at")
        return kind << 28 | at

    def int(self, number: int) -> int:
        if number < 1 << 28:
            return INT << 28 | number
        if number < 1 << 32:
            return self._put(INT_32, struct.pack("<I", number), 4)
        return self._put(INT_64, struct.pack("<Q", number), 4)

    def blob(self, data: bytes, shared: bool = True) -> int:
        """Bytes after their length; none at all is no value."""
        if not data:
            return NULL
        kind, head = (BLOB_8, "<B") if len(data) < 1 << 8 else (BLOB_16, "<H") if len(data) < 1 << 16 else (BLOB_32, "<I")
        return self._put(kind, struct.pack(head, len(data)) + data, struct.calcsize(head), shared)

    def text(self, text: str) -> int:
        return self.blob(text.encode())

    def _slots(self, kind: int, values: list[int]) -> int:
        """Slot 0 is the number of slots; those without a value at the end are left out, and with none there is no value."""
        while values and values[-1] == NULL:
            values = values[:-1]
        if not values:
            return NULL
        return self._put(kind, struct.pack(f"<{len(values) + 1}I", len(values) + 1, *values), 4)

    def object(self, fields: dict[int, int]) -> int:
        return self._slots(OBJECT, [fields.get(i, NULL) for i in range(1, max(fields, default=0) + 1)])

    def array(self, values: list[int]) -> int:
        return self._slots(ARRAY, values)

    def root(self, value: int) -> None:
        struct.pack_into("<I", self.bytes, ROOT_AT, value)

    def offset_of(self, blob: int) -> int:
        """Where the bytes of a blob of less than 256 begin."""
        assert blob >> 28 == BLOB_8
        return (blob & 0xFFFFFFF) + 1


def block(kind: int, data: bytes) -> bytes:
    """The size in its head counts the head, and not what pads it."""
    size = 4 + len(data)
    if size > BLOCK_MAX:
        raise ValueError("a block of 1 GiB")
    return struct.pack("<I", kind << 30 | size) + data + bytes(-size % BLOCK_ALIGN)


def stream(schema: bytes, blocks: list[bytes]) -> bytes:
    return b"ADB." + schema + b"".join(blocks)


def deflated(plain: bytes) -> bytes:
    """The whole stream, from "ADB." on, without zlib's own head and checksum."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15, 9)
    return b"ADBd" + squeeze.compress(plain) + squeeze.flush()

"""Every byte of a Parquet file: the pages of its columns by what each says of itself, and what
belongs to none of them.

A reader trusts a page's own length, so that a few bytes can ask for gigabytes, and passes over what
no page reaches, where anything may stand. Pages are told in Thrift's compact protocol; see
https://github.com/apache/parquet-format.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from mmap import mmap

import pyarrow.parquet as pq

MAGIC = b"PAR1"
TYPE, UNPACKED, PACKED = 1, 2, 3  # fields of a page's head
LAST_FIELD = 8  # of a page's head
DEEPEST = 8  # levels of structures in a page's head, which has three
LONGEST = (
    40_000  # bytes of a page's head: the least and the largest value of a column of text, twice
)
FIXED = {3: 1, 7: 8}  # bytes of a value by its type; of 1 and 2, true and false, there are none
WHOLE, BINARY, LISTS, MAP, STRUCT = (4, 5, 6), 8, (9, 10), 11, 12


@dataclass(frozen=True)
class Account:
    """unpacked: bytes of all pages, as they say. footer: bytes of the footer. stray: bytes that
    belong to no page, and to nothing else.
    """

    unpacked: int
    footer: int
    stray: int


def account(content: bytes | mmap, meta: pq.FileMetaData) -> Account:
    """Account for every byte of a file. meta: its footer, as it was read. Raises ValueError where
    pages are not what the footer says.
    """
    (footer,) = struct.unpack_from("<I", content, len(content) - 8)
    end = len(content) - 8 - footer
    spans, unpacked = [], 0
    for i in range(meta.num_row_groups):
        group = meta.row_group(i)
        for j in range(group.num_columns):
            chunk = group.column(j)
            if chunk.num_values != group.num_rows:
                raise ValueError(f"{chunk.num_values} values in {group.num_rows} rows")
            starts = [at for at in (chunk.dictionary_page_offset, chunk.data_page_offset) if at]
            start, stop = min(starts), min(starts) + chunk.total_compressed_size
            if not len(MAGIC) <= start <= stop <= end:
                raise ValueError("a column that reaches out of its file")
            spans.append((start, stop))
            unpacked += _pages(content, start, stop)
    at, foot = len(MAGIC), content[end : len(content) - 8]
    stray = footer - meta.serialized_size + len(content[:at].replace(MAGIC, b""))
    for start, stop in [*sorted(spans), (end, end)]:
        if start < at:
            raise ValueError("columns that overlap")
        # older versions of Arrow write what the footer says of a column behind that column, too
        stray += start - at if content[at:start] not in foot else 0
        at = stop
    return Account(unpacked, footer, stray)


def _pages(content: bytes | mmap, at: int, stop: int) -> int:
    """Bytes that the pages of a column have unpacked. Raises ValueError where they do not end where
    the column does.
    """
    total = 0
    while at < stop:
        head = _Head(content, at, stop)
        packed, unpacked = head.numbers.get(PACKED, -1), head.numbers.get(UNPACKED, -1)
        if min(packed, unpacked) < 0 or head.at + packed > stop:
            raise ValueError("a page that is longer than its column")
        total += unpacked
        at = head.at + packed
    return total


class _Head:
    """A page's head. numbers: its whole numbers by field. at: where it ends."""

    def __init__(self, content: bytes | mmap, at: int, stop: int):
        self.content, self.at, self.stop = content, at, min(stop, at + LONGEST)
        self.numbers: dict[int, int] = {}
        self._struct(0)

    def _byte(self) -> int:
        if self.at >= self.stop:
            raise ValueError("a page's head that does not end")
        self.at += 1
        return self.content[self.at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _struct(self, depth: int) -> None:
        if depth > DEEPEST:
            raise ValueError("a page's head without end")
        field = 0
        while kind := self._byte():
            field = field + (kind >> 4) if kind >> 4 else self._zigzag()
            if not depth and field > LAST_FIELD:
                raise ValueError(f"field {field} in a page's head")
            value = self._value(kind & 0x0F, depth)
            if not depth and value is not None:
                self.numbers[field] = value

    def _value(self, kind: int, depth: int) -> int | None:
        """Pass over a value; a whole number's is returned."""
        if kind in WHOLE:
            return self._zigzag()
        if kind == STRUCT:
            self._struct(depth + 1)
        elif kind in LISTS:
            size = self._byte()
            count = self._varint() if size >> 4 == 15 else size >> 4
            for _ in range(min(count, LONGEST)):
                self._byte() if size & 0x0F in (1, 2) else self._value(size & 0x0F, depth + 1)
        elif kind == BINARY:
            length = self._varint()
            self.at += length
        elif kind not in (1, 2):
            if kind not in FIXED:
                raise ValueError(f"a value of type {kind} in a page's head")
            self.at += FIXED[kind]
        return None

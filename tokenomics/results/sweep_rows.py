"""The rows of a sweep read a tile at a time, so that memory does not grow with their number: means
and intervals by point, a hash, and the runs of all cases side by side.

A tile is what one task gave: some points of one case, on some runs. Tiles are counted as they
pass: nothing is computed over a part of a sweep.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import TokenomicsError
from .digests import KEYS
from .intervals import BLOCK, Moments

AT_ONCE = 65_536  # rows in a tile of what is in memory
TOLD = ("failed_day", "error")  # columns of every row beside its metrics


@dataclass(frozen=True, eq=False)
class Tile:
    """Some rows of one case. points: their numbers. runs: first and one past the last. columns:
    (points, runs) by name.
    """

    case: int
    points: np.ndarray
    runs: tuple[int, int]
    columns: Mapping[str, np.ndarray]

    def part(self, first: int, last: int) -> Tile:
        """Its rows of some of its runs."""
        mine = slice(first - self.runs[0], last - self.runs[0])
        columns = {name: column[:, mine] for name, column in self.columns.items()}
        return Tile(self.case, self.points, (first, last), columns)


@dataclass(frozen=True)
class Extent:
    """Of all rows: cases × points × runs. where: they are kept, for errors."""

    cases: int
    points: int
    runs: int
    where: str = ""

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Numbers of cases, points and runs."""
        return self.cases, self.points, self.runs

    def tile(self, columns: Mapping[str, np.ndarray], names: Sequence[str]) -> Tile:
        """A table's rows as a tile with some of its columns. Raises TokenomicsError where they are
        no rows of a sweep of this extent.
        """
        case, point, run = (columns[key] for key in KEYS)
        width = int(np.argmax(point != point[0])) or len(point)
        points, first = point[::width], int(run[0])
        runs = (first, first + width)
        own = (
            len(np.unique(points)) == len(points)
            and np.array_equal(case, np.full(len(point), case[0]))
            and np.array_equal(point, np.repeat(points, width)[: len(point)])
            and np.array_equal(run, np.tile(np.arange(*runs), len(points))[: len(point)])
            and len(point) == width * len(points)
            and 0 <= case[0] < self.cases
            and 0 <= points.min() <= points.max() < self.points
            and 0 <= first < runs[1] <= self.runs
        )
        if not own:
            raise TokenomicsError(
                f"{self.where}a sweep has rows that are not its own; a new directory does it anew"
            )
        values = {name: columns[name].reshape(len(points), width) for name in names}
        return Tile(int(case[0]), points, runs, values)

    def counted(self, tiles: Iterable[Tile]) -> Iterator[Tile]:
        """The same tiles. Raises TokenomicsError where a row is missing or there twice; runs of a
        point come in order.
        """
        seen = np.zeros((self.cases, self.points), dtype=np.int64)
        for tile in tiles:
            before = seen[tile.case, tile.points]
            if np.any(before != tile.runs[0]):
                at = int(np.argmax(before != tile.runs[0]))
                where = self._at(tile.case, int(tile.points[at]), min(before[at], tile.runs[0]))
                if before[at] < tile.runs[0]:
                    raise self._missing(where)
                raise TokenomicsError(
                    f"{self.where}rows of a sweep are there twice, the first is {where}; a new "
                    f"directory does it anew"
                )
            seen[tile.case, tile.points] = tile.runs[1]
            yield tile
        if np.any(seen < self.runs):
            case, point = np.argwhere(seen < self.runs)[0]
            where = self._at(case, point, seen[case, point])
            raise self._missing(f"{where}, {np.sum(self.runs - seen)} of {np.prod(self.sizes)}")

    def _at(self, *keys: Any) -> str:
        return ", ".join(f"{name} {key}" for name, key in zip(KEYS, keys, strict=True))

    def _missing(self, where: str) -> TokenomicsError:
        return TokenomicsError(
            f"{self.where}rows of a sweep are missing, the first is {where}; the same sweep does "
            f"them anew"
        )

    def in_blocks(self, tiles: Iterable[Tile]) -> Iterator[Tile]:
        """The same rows in tiles of whole blocks of runs, in which numbers are summed up: what was
        cut finer is put together, what has more is cut.
        """
        waiting: dict[tuple[int, int, bytes], list[Tile]] = {}
        for tile in tiles:
            first = tile.runs[0]
            while first < tile.runs[1]:
                start = first - first % BLOCK
                end = min(start + BLOCK, self.runs)
                part = tile.part(first, min(end, tile.runs[1]))
                first = part.runs[1]
                if part.runs == (start, end):
                    yield part
                    continue
                key = tile.case, start, tile.points.tobytes()
                parts = waiting.setdefault(key, [])
                parts.append(part)
                if part.runs[1] == end and parts[0].runs[0] == start:
                    yield _joined(waiting.pop(key))


def cut(extent: Extent, columns: Mapping[str, np.ndarray]) -> Iterator[Tile]:
    """Columns in the order of case, point and run as tiles of some points each."""
    whole = {name: column.reshape(extent.sizes) for name, column in columns.items()}
    size = max(1, AT_ONCE // extent.runs)
    for case in range(extent.cases):
        for first in range(0, extent.points, size):
            points = np.arange(first, min(first + size, extent.points))
            mine = {n: column[case, first : first + size] for n, column in whole.items()}
            yield Tile(case, points, (0, extent.runs), mine)


def _joined(parts: Sequence[Tile]) -> Tile:
    """Tiles of the same points with runs that follow one another, as one."""
    columns = {
        name: np.concatenate([part.columns[name] for part in parts], axis=1)
        for name in parts[0].columns
    }
    return Tile(parts[0].case, parts[0].points, (parts[0].runs[0], parts[-1].runs[1]), columns)


@dataclass(frozen=True, eq=False)
class Summaries:
    """What the runs of each case and point come to, in arrays of shape (cases × points,), in order.

    Attributes
    ----------
    failed : numpy.ndarray
        Runs that failed inside.
    lost : numpy.ndarray
        Runs without a number.
    errors : numpy.ndarray of str
        Of the first run, empty where there is none.
    days : numpy.ndarray
        On which the first run failed inside [days], inf where none did.
    moments : dict of Moments
        By metric.
    """

    failed: np.ndarray
    lost: np.ndarray
    errors: np.ndarray
    days: np.ndarray
    moments: dict[str, Moments]


def summaries(extent: Extent, tiles: Iterable[Tile], metrics: Sequence[str]) -> Summaries:
    """Sum up tiles with the columns `TOLD` and some metrics."""
    cells = extent.cases * extent.points
    found = Summaries(
        np.zeros(cells, dtype=np.int64),
        np.zeros(cells, dtype=np.int64),
        np.full(cells, "", dtype=object),
        np.full(cells, np.inf),
        {name: Moments(cells) for name in metrics},
    )
    for tile in extent.in_blocks(tiles):
        mine = tile.case * extent.points + tile.points
        days, errors = tile.columns["failed_day"], tile.columns["error"]
        failed = np.isfinite(days)
        earliest = np.where(failed, days, np.inf).min(axis=1)
        found.days[mine] = np.minimum(found.days[mine], earliest)
        found.failed[mine] += failed.sum(axis=1)
        found.lost[mine] += (failed | (errors != "")).sum(axis=1)
        if tile.runs[0] == 0:
            found.errors[mine] = errors[:, 0]
        for name in metrics:
            found.moments[name].add(mine, tile.columns[name])
    return found


def digest(extent: Extent, tiles: Iterable[Tile], metrics: Sequence[str]) -> bytes:
    """SHA-256 of the digests of all cases and points in order; each is of its runs' failed_day and
    metrics, run by run, and of their errors, in blocks of runs.
    """
    size = hashlib.sha256().digest_size
    found = np.zeros((extent.cases, extent.points, size), dtype=np.uint8)
    open_ones: dict[tuple[int, int], Any] = {}
    for tile in extent.in_blocks(tiles):
        names = ("failed_day", *metrics)
        numbers = np.stack([tile.columns[name] for name in names], axis=-1).astype("<f8")
        numbers[np.isnan(numbers)] = np.nan  # one bit pattern for all that failed
        for point, values, errors in zip(
            tile.points.tolist(), numbers, tile.columns["error"], strict=True
        ):
            one = open_ones.pop((tile.case, point), None) or hashlib.sha256()
            one.update(values.tobytes() + "\n".join(errors).encode())
            if tile.runs[1] == extent.runs:
                found[tile.case, point] = np.frombuffer(one.digest(), dtype=np.uint8)
            else:
                open_ones[tile.case, point] = one
    return hashlib.sha256(found.tobytes()).digest()


def side_by_side(
    extent: Extent, tiles: Iterable[Tile], names: Sequence[str]
) -> Iterator[np.ndarray]:
    """The values of all cases on the same runs, (cases, names, runs), a block of runs at a time, of
    a sweep of one point. tiles: by their runs, so that few wait for others.
    """
    waiting: dict[int, dict[int, Tile]] = {}
    for tile in extent.in_blocks(tiles):
        cases = waiting.setdefault(tile.runs[0], {})
        cases[tile.case] = tile
        if len(cases) == extent.cases:
            del waiting[tile.runs[0]]
            yield np.array(
                [[cases[case].columns[name][0] for name in names] for case in range(extent.cases)]
            )

"""Points of result files joined to sweeps over concurrency: what the files do not say is filled in,
what is not asked for left out, and every point checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from ..errors import InputError, counted, nearest, printable, remark
from .card_bound import hold_against_card
from .measured_sweep import MeasuredSweep, ResultSource, SweepPoint
from .result_files import read_results
from .served import NAMES, Served, check

# relative; random lengths differ a little between runs of one workload
ALIKE = 0.1
TEXTS = ("gpu", "model", "framework", "precision", "run")
LENGTHS = ("prompt", "output")
NEEDED = ("gpu", "gpus", "model", "precision", "prompt", "output")
KEY = ("gpu", "gpus", "model", "framework", "precision", "parallelism", "variant", "run")
TIMES = ("ttft_mean", "ttft_p99", "tpot_mean", "tpot_p99")
UNITS = "output_rate in token/s of one GPU, output tokens; times in s"
MOST_SHOWN = 12  # names in a message


@dataclass
class Joined:
    """Points of the same settings and lengths alike, one a concurrency."""

    key: tuple[Any, ...]
    points: list[Served]
    repeat: int = 1

    def takes(self, point: Served) -> bool:
        """Whether the point's lengths are those of this sweep."""
        return all(_alike(getattr(self.points[0], n), getattr(point, n)) for n in LENGTHS)

    def has(self, point: Served) -> bool:
        """Whether a point at its concurrency is there already."""
        return any(p.concurrency == point.concurrency for p in self.points)


def import_results(paths: Iterable[str], asked: Mapping[str, Any]) -> list[MeasuredSweep]:
    """The sweeps of result files.

    asked: by name (TEXTS, LENGTHS and gpus), what is filled in where a file does not say it, and
    picked out where it does; None asks for nothing. Raises InputError that names file and key for
    what is missing, impossible or not there.
    """
    points = read_results(paths)
    for name, wanted in asked.items():
        if wanted is not None:
            points = _chosen(points, name, wanted)
    for point in points:
        _refuse_missing(point)
    joined: list[Joined] = []
    by_key: dict[tuple[Any, ...], list[Joined]] = {}
    for point in points:
        check(point)
        _join(point, joined, by_key)
    for name, words in NAMES.items():
        _remark_tails(points, name, words)
    return [_sweep(one) for one in joined]


def _remark_tails(points: Iterable[Served], name: str, words: str) -> None:
    """Say of how many points a mean time lies above its 99th percentile."""
    odd = [one for one in points if one.times and one.above_tail(name) > 1.0]
    if odd:
        most, first = max(one.above_tail(name) for one in odd), odd[0].origin
        where = f"{first.file}, line {first.line}" if first.line else first.file
        remark(
            f"{counted(len(odd), 'point')} with a mean {words} above its 99th percentile, up to "
            f"{most:.3g} times it, first in {where}: a few very slow requests do that, and so do "
            f"two numbers that are exchanged"
        )


def _alike(one: float, other: float) -> bool:
    return abs(one - other) <= ALIKE * one


def _same(found: Any, wanted: Any, name: str) -> bool:
    if name in LENGTHS:
        return _alike(wanted, found)
    if isinstance(found, str):
        # of a model its last part will do, of a run its number
        parts = {found.lower(), found.lower().rpartition("/")[2]}
        parts |= {found.split()[0]} if name == "run" and found else set()
        return wanted.lower() in parts
    return found == wanted


def _chosen(points: list[Served], name: str, wanted: Any) -> list[Served]:
    kept = []
    for point in points:
        found = getattr(point, name)
        if found is None:
            kept.append(replace(point, **{name: wanted}))
        elif _same(found, wanted, name):
            kept.append(point)
    if kept:
        return kept
    there = list(dict.fromkeys(str(getattr(point, name)) for point in points))
    more = f" and {len(there) - MOST_SHOWN} more" if len(there) > MOST_SHOWN else ""
    raise InputError(
        f"'{wanted}', which none of {len(points)} points has",
        argument=name,
        expected="one of " + ", ".join(there[:MOST_SHOWN]) + more,
        nearest=nearest(str(wanted), there) if name in TEXTS else None,
    )


def _refuse_missing(point: Served) -> None:
    for name in NEEDED:
        if getattr(point, name) is None:
            raise InputError(
                f"not in this file of {point.origin.tool}",
                file=point.origin.file,
                line=point.origin.line,
                key=name,
                expected=f"`{name}`, which says it",
            )


def _join(point: Served, joined: list[Joined], by_key: dict[tuple[Any, ...], list[Joined]]) -> None:
    key = (*(getattr(point, name) for name in KEY), point.origin.tool)
    same = [one for one in by_key.setdefault(key, []) if one.takes(point)]
    for one in same:
        if not one.has(point):
            one.points.append(point)
            return
    one = Joined(key, [point], len(same) + 1)
    by_key[key].append(one)
    joined.append(one)


def _sweep(one: Joined) -> MeasuredSweep:
    first = one.points[0]
    bounds = {hold_against_card(point) for point in one.points}
    points = sorted(one.points, key=lambda p: p.concurrency or 0.0)
    sources = list(dict.fromkeys(_source(point) for point in points))
    said = [ResultSource(**dict(zip(ResultSource.model_fields, s, strict=True))) for s in sources]
    gpus = f"{first.gpus} x {first.gpu}"
    mean = {n: sum(getattr(p, n) for p in points) / len(points) for n in LENGTHS}
    return MeasuredSweep(
        description=f"{first.model} in {first.precision} on {gpus}, measured by "
        f"{first.origin.tool}, imported",
        origin="imported",
        units=UNITS,
        device=first.gpu,
        gpus=first.gpus,
        model=first.model,
        framework=first.framework or "",
        precision=first.precision,
        parallelism=first.parallelism,
        variant=first.variant,
        run=first.run or "",
        repeat=one.repeat,
        prompt_tokens=mean["prompt"],
        output_tokens=mean["output"],
        bound="; ".join(sorted(bounds)),
        sources=said,
        points=[
            SweepPoint(
                concurrency=point.concurrency,
                counted=point.counted,
                output_rate=point.rate_of_one,
                **{name: point.times.get(name) for name in TIMES},
                failed=point.failed,
                source=sources.index(_source(point)),
                line=point.origin.line,
                place=point.origin.place,
            )
            for point in points
        ],
    )


def _source(point: Served) -> tuple[str, str, str, str, str]:
    origin = point.origin
    return (
        printable(PurePath(origin.file).name),
        origin.sha256,
        origin.tool,
        origin.version,
        origin.date,
    )

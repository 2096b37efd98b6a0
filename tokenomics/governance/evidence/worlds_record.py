"""Worlds as data: what a proposal asks for, what was chosen for it, and what the points of a plan
must then be.

A world is a set of values of parameters that no vote sets. Its limits are judged in many of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, model_validator

from ...parameters.documents import Strict
from .statement import Line, Words

MOST_WORLDS, MOST_CHOSEN, MOST_SCREENED = 1_000, 12, 1_000
WORLD, TODAY_IN_WORLD = "world", "world_today"
WORLDS = (WORLD, TODAY_IN_WORLD)  # roles of the points; they are simulated in the first case alone
Ends = Annotated[list[float], Field(min_length=2, max_length=2)]


class WorldsAsked(Strict):
    """What a proposal asks for. count: worlds in the box, none leaves them out. runs: of each.
    paths: parameters of the world that are looked at, all by default.
    """

    count: int = Field(64, ge=0, le=MOST_WORLDS)
    runs: int = Field(100, ge=2, le=1_000_000)
    paths: list[Line] = Field(default=[], max_length=MOST_SCREENED)


class WorldsRecord(Strict):
    """What was chosen. asked: of the proposal. step: relative, of a range that nothing states.

    ranges: of every parameter that was screened. strengths: of the chosen ones, the strongest
    first; see `proposal.worlds`. held: why others were not screened, with how many. trajectories,
    runs: of the screening. lost: share of its steps in which a network had no start or a run
    failed.
    """

    asked: WorldsAsked
    step: float = Field(gt=0.0, lt=1.0)
    ranges: dict[Line, Ends] = Field(max_length=MOST_SCREENED)
    strengths: dict[Line, Annotated[float, Field(ge=0.0, le=1.0)]] = Field(max_length=MOST_CHOSEN)
    held: dict[Words, Annotated[int, Field(ge=1)]] = Field(max_length=20)
    trajectories: int = Field(ge=1, le=1_000)
    runs: int = Field(ge=2, le=1_000_000)
    lost: float = Field(ge=0.0, le=1.0)

    @model_validator(mode="after")
    def _within(self) -> WorldsRecord:
        for path, (low, high) in self.ranges.items():
            if not low < high:
                raise ValueError(f"ranges: {path}: {low:g} is not below {high:g}")
        for path in self.strengths:
            if path not in self.ranges:
                raise ValueError(f"strengths: {path} was not screened")
        if not self.asked.count:
            raise ValueError("asked: no worlds; expected at least one, or no record of them")
        return self

    @property
    def chosen(self) -> list[str]:
        """Paths of the chosen parameters, the strongest first."""
        return list(self.strengths)


def ends_of(record: WorldsRecord, own: Mapping[str, float]) -> list[tuple[str, dict[str, float]]]:
    """The worlds with one parameter at an end of its range, by label. own: values of the
    network.
    """
    base = {path: float(own[path]) for path in record.chosen}
    return [
        (f"world with {path} = {end:.6g}", base | {path: end})
        for path in record.chosen
        for end in record.ranges[path]
    ]


def label_of(number: int) -> str:
    """What a world of the box is called. number: from 0."""
    return f"world {number + 1}"


def today_in(label: str) -> str:
    """What today's values in a world are called."""
    return f"current, {label}"


def wrong(
    record: WorldsRecord | None, points: Sequence[Any], own: Mapping[str, Any]
) -> tuple[str, str] | None:
    """What is found and what is expected where the worlds among a plan's points are not those of
    its record; None where they are. points: records, today's and the proposed one first. own:
    values of the first case.
    """
    found = [point for point in points if point.role in WORLDS]
    if record is None or not record.strengths:
        return (f"{len(found)} worlds", "none, for none were chosen") if found else None
    unknown = next((path for path in record.ranges if not _number(own.get(path))), None)
    if unknown is not None:
        return f"a range of '{unknown[:80]}'", "ranges of numbers of the network"
    if points[-len(found) :] != found:
        return "a point after the worlds", "the worlds last"
    given = [one for one in found if one.role == WORLD]
    ends = ends_of(record, own)
    labels = [*map(label_of, range(record.asked.count)), *(label for label, _ in ends)]
    if [(one.label, one.role) for one in found] != list(_named(labels)):
        return f"{len(found)} points of worlds", f"{2 * len(labels)}, a pair for each by its name"
    runs = min(record.asked.runs, points[0].runs)
    for world, today in zip(given, (o for o in found if o.role == TODAY_IN_WORLD), strict=True):
        mine = {path: world.values.get(path) for path in record.chosen}
        for path, value in mine.items():
            low, high = record.ranges[path]
            if not (_number(value) and low <= value <= high):
                return f"{path} of '{world.label}'", f"a number from {low:g} to {high:g}"
        for point, base in ((world, points[1]), (today, points[0])):
            if point.values != base.values | mine:
                return f"the values of '{point.label}'", f"those of '{base.label}' in its world"
            if point.runs != runs:
                return f"{point.runs} runs of '{point.label}'", f"{runs}"
    for world, (label, values) in zip(given[record.asked.count :], ends, strict=True):
        if {path: world.values[path] for path in values} != values:
            return f"the values of '{label}'", "one parameter at an end of its range"
    return None


def _named(labels: Sequence[str]) -> Iterator[tuple[str, str]]:
    for label in labels:
        yield label, WORLD
        yield today_in(label), TODAY_IN_WORLD


def _number(value: Any) -> bool:
    return isinstance(value, float) and not isinstance(value, bool)

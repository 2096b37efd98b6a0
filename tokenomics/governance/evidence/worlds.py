"""A proposal's limits over worlds: how many they hold in, and where they flip, in words.

A world is a set of values of uncertain parameters; today's and the proposed values are both
simulated in it, on the same shocks. Stocks that are given stay as given. Where the start is solved,
another world begins with another treasury or price, so that a limit in USD is scaled by what its
metric is in that world at rest on day 0, beside the network's own: it asks for the same share of
what there was. A metric that is 0 at rest, as purchases and profits are, has no share of its own:
its limit is scaled by what customers spend on day 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pandas as pd

from ...errors import ModelError, counted
from ...model.model import MODEL
from ...model.steady_state import starts
from ...parameters import Resolved
from ...results.evaluation import evaluate_metrics
from ...results.metrics import METRICS
from .plan import EvidencePlan
from .separation import separate, too_few
from .statement import FullStatement, Limit
from .sums import add_up
from .verdict import FAILS, HOLDS, UNDECIDED, stated
from .worlds_record import TODAY_IN_WORLD, WORLD

NO_START = "no start"
OUTCOMES = (HOLDS, FAILS, UNDECIDED, NO_START)
SAID = {HOLDS: "holds", FAILS: "fails", UNDECIDED: "is undecided", NO_START: "has no start"}
# of a check, in a world
FOUND = ("estimate", "low", "high", "low_at_once", "high_at_once", "n", "failed", "verdict")
CLOSES = 3  # of a network at rest, of which a metric is computed for its value on day 0
NO_PROBABILITY = (
    "Counts of worlds are over an assumed box, in which every value counts alike: they are no "
    "probability."
)


class HasWorlds(Protocol):
    """What has worlds: `Evidence`."""

    plan: EvidencePlan
    runs: pd.DataFrame

    @property
    def claim(self) -> FullStatement | None: ...
    def points(self, *roles: str) -> list[int]: ...
    def check(self, limit: Limit, case: int, point: int, today: int = 0) -> dict[str, Any]: ...


@dataclass(frozen=True)
class InWorlds:
    """The limits of a proposal in its worlds, from plan and runs alone."""

    evidence: HasWorlds

    @cached_property
    def limits(self) -> list[tuple[int, Limit]]:
        """The limits that are stated for the scenario of the worlds, with their numbers."""
        return limits_of(self.evidence.plan)

    @property
    def scenario(self) -> str:
        """The scenario in which the worlds are."""
        return self.evidence.plan.labels[0]

    @property
    def shown(self) -> str:
        """What a reader knows that scenario by."""
        return self.evidence.plan.shown[self.scenario]

    @cached_property
    def _pairs(self) -> list[tuple[int, int]]:
        """Numbers of the points of every world, the proposed and today's values."""
        return list(
            zip(self.evidence.points(WORLD), self.evidence.points(TODAY_IN_WORLD), strict=True)
        )

    @cached_property
    def values(self) -> np.ndarray:
        """Values of the chosen parameters (worlds, parameters), the box before the ends."""
        points, record = self.evidence.plan.points, self.evidence.plan.worlds
        chosen = record.chosen if record else []
        return np.array(
            [[float(points[one].values[path]) for path in chosen] for one, _ in self._pairs]
        ).reshape(len(self._pairs), len(chosen))

    def scales(self, metric: str) -> np.ndarray:
        """By what a limit on a metric is scaled in each world (worlds,)."""
        record, plan = self.evidence.plan.worlds, self.evidence.plan
        chosen = record.chosen if record else []
        return scales(metric, plan.resolved(0, 1), chosen, self.values)

    @cached_property
    def table(self) -> pd.DataFrame:
        """Every limit in every world: number, limit, of, world, in_box, the parameters, allowed
        (the limit's number, scaled), and `FOUND`.
        """
        evidence, record = self.evidence, self.evidence.plan.worlds
        rows: list[dict[str, Any]] = []
        for number, limit in self.limits if record else []:
            rule = limit.constraint
            scales = self.scales(rule.metric)
            for world, (point, today) in enumerate(self._pairs):
                allowed = rule.limit * float(scales[world])
                sign = "<=" if rule.sign > 0 else ">="
                own = limit.model_copy(update={"limit": f"{rule.metric} {sign} {allowed!r}"})
                found = evidence.check(own, 0, point, today)
                if any(self._without_start(one) for one in (point, today)):
                    found["verdict"] = NO_START
                rows.append(
                    {
                        "number": number,
                        "limit": limit.limit,
                        "of": limit.of,
                        "world": evidence.plan.points[point].label,
                        "in_box": world < record.asked.count,
                        **dict(zip(record.chosen, self.values[world], strict=True)),
                        "allowed": allowed,
                    }
                    | {k: found[k] for k in FOUND}
                )
        return pd.DataFrame(rows)

    @cached_property
    def _errors(self) -> frozenset[int]:
        runs = self.evidence.runs
        return frozenset(runs.loc[(runs["case"] == 0) & (runs["error"] != ""), "point"])

    def _without_start(self, point: int) -> bool:
        return point in self._errors

    @cached_property
    def counts(self) -> pd.DataFrame:
        """In how many worlds of the box each limit holds, fails, is undecided, or there is no
        start, and how many there are: a row a limit.
        """
        rows = []
        box = self.table[self.table["in_box"]] if len(self.table) else self.table
        for number, limit in self.limits if len(box) else []:
            own = box[box["number"] == number]["verdict"]
            count = {word: int((own == word).sum()) for word in OUTCOMES}
            add_up(list(count.values()), len(own), f"worlds of {limit.limit}")
            rows.append(
                {"number": number, "limit": limit.limit, "of": limit.of, "scenario": self.scenario}
                | count
                | {"worlds": len(own), "here": self._here(limit)}
            )
        return pd.DataFrame(rows)

    def _here(self, limit: Limit) -> str:
        """The limit's verdict in the network itself, over all of its runs."""
        evidence = self.evidence
        return str(evidence.check(limit, 0, evidence.points("proposed")[0])["verdict"])

    def flips(self) -> list[str]:
        """Where each limit has another outcome than in the network itself, a line each."""
        told = []
        for row in self.counts.to_dict(orient="records"):
            own = self.table[self.table["number"] == row["number"]]
            # what is undecided here is described by where it fails
            word = HOLDS if row["here"] == FAILS else FAILS
            name = stated(row["limit"], row["of"])
            if row[word]:
                told.append(f"{name} {self._where(own[own['in_box']], word)}.")
            at = own[~own["in_box"] & (own["verdict"] == word)]["world"]
            if len(at):
                ends = ", ".join(label.removeprefix("world with ") for label in at)
                told.append(f"{name} {word} with one parameter at an end of its range: {ends}.")
        if len(self.table) and (self.table["verdict"] == NO_START).any():
            box = self.table[self.table["in_box"] & (self.table["number"] == self.limits[0][0])]
            if (box["verdict"] == NO_START).any():
                told.append(f"The network {self._where(box, NO_START)}.")
        return told

    def _where(self, box: pd.DataFrame, word: str) -> str:
        """Of one limit, in which worlds of the box it has an outcome."""
        record = self.evidence.plan.worlds
        assert record is not None
        started = box[box["verdict"] != NO_START] if word != NO_START else box
        happens = (started["verdict"] == word).to_numpy()
        count, rest = int(happens.sum()), int((~happens).sum())
        front = f"{'has no start' if word == NO_START else word} in {count} of {len(box)} worlds"
        if not rest:
            return f"{front}, all that start"
        values = started[record.chosen].to_numpy(dtype=float)
        found = separate(values, happens)
        if found is None and too_few(values, happens):
            few = f"{count}" if count <= rest else f"the {counted(rest, 'other')}"
            verb = "is" if min(count, rest) == 1 else "are"
            return f"{front}, and {few} {verb} too few to tell by which parameters"
        if found is None:
            return f"{front}, which no one or two parameters tell from the others"
        yes, no = found.inside
        where = found.words(record.chosen)
        if yes == count and not no:
            return f"{front}: exactly where {where}"
        others = f"{count + rest - yes - no}{' that start' if len(started) < len(box) else ''}"
        return (
            f"{front}: mostly where {where}. There it {SAID[word]} in {yes} of "
            f"{counted(yes + no, 'world')}, elsewhere in {count - yes} of {others}"
        )

    def sentences(self) -> list[str]:
        """What a verdict says of worlds: how they were chosen, and where a limit flips; nothing
        where none were tried. `glance` has the counts.
        """
        record = self.evidence.plan.worlds
        if self.evidence.claim is None or record is None:
            return []
        if not record.chosen:
            return [
                f"No worlds were tried: of {counted(len(record.ranges), 'parameter')} of the world "
                f"that were varied, none matters to a limit of scenario {self.shown}."
            ]
        if not len(self.counts):
            return [f"No limit is stated for {self.shown}, in which the worlds are."]
        runs = self.evidence.plan.points[self._pairs[0][0]].runs
        first = (
            f"{record.asked.count} worlds were tried: other values of the {len(record.chosen)} "
            f"parameters of {len(record.ranges)} that move the limits most, scenario "
            f"{self.shown}, {runs} runs each, each world judged by itself. {NO_PROBABILITY}"
        )
        return [first, *self.flips()]


def limits_of(plan: EvidencePlan) -> list[tuple[int, Limit]]:
    """The limits that are stated for the first scenario, in which the worlds are, with their
    numbers; none of a run or a sweep.
    """
    if plan.kind != "proposal":
        return []
    claim, first = FullStatement.model_validate(dict(plan.statement)), plan.labels[0]
    return [
        (number, limit)
        for number, limit in enumerate(claim.limits, 1)
        if first in (limit.scenarios or [first])
    ]


def scales(metric: str, resolved: Resolved, paths: Sequence[str], points: np.ndarray) -> np.ndarray:
    """By what a limit on a metric in USD is scaled at each point (points,): its value at rest on
    day 0 beside that of the network, or customers' spending beside the network's where the metric
    is 0 at rest; 1 of what is no number of USD, and where there is no start.

    points: values of the `paths` (points, paths).
    """
    one, count = METRICS[metric], len(points)
    if not count or not one.unit.startswith("USD"):
        return np.ones(count)
    own = [float(resolved.entries[path].value) for path in paths]
    swept = dict(zip(paths, np.concatenate([[own], points]).T, strict=True))
    start = starts(dict(resolved.today), MODEL, swept, count + 1)
    paths_of = {
        name: np.repeat(np.broadcast_to(start[name], count + 1)[:, None], CLOSES, axis=1)
        for name in one.needs
        if name in start
    }
    spent = _beside_the_first(np.broadcast_to(start["fees"], count + 1), np.ones(count))
    try:
        with np.errstate(all="ignore"):
            found = evaluate_metrics([metric], paths_of, resolved.values, swept)[metric]
    except (ModelError, KeyError):
        return spent
    return _beside_the_first(found, spent)


def _beside_the_first(values: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """Each value but the first over the first; `otherwise` where that is no positive number."""
    with np.errstate(all="ignore"):
        ratio = values[1:] / values[0]
    return np.where(np.isfinite(ratio) & (ratio > 0.0), ratio, otherwise)


def in_words(row: Mapping[str, Any]) -> str:
    """The counts of one limit, those that are not 0."""
    return ", ".join(f"{SAID[word]} in {row[word]}" for word in OUTCOMES if row[word])

"""Names of a plan that are shipped ones, beside what is shipped under them: a stress test of a
known name must be that test.

A proposal may set anything, and a scenario of one's own may have any name; what stands under a
shipped name and is not what is shipped is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import counted
from ...experiments.plan import Case
from ...experiments.spans import VOTED
from ...parameters import NONE, resolve
from ...parameters.locate import find, names
from ...parameters.reading import read
from ...parameters.tables import text
from .plan import EvidencePlan, plain_case
from .structure import SPAN

SHOWN = 5  # values in a sentence
Told = dict[str, tuple[Any, Any]]  # what a plan has and what is shipped, by path


def deviations(plan: EvidencePlan) -> list[str]:
    """What stands under a shipped name otherwise than shipped with this version, a sentence each;
    empty where nothing does.
    """
    # a proposal has a span of its own, which the report says
    usual = {SPAN: VOTED} if plan.kind == "proposal" else {}
    cases = [_Beside(case, usual) for case in plan.cases]
    everywhere = {
        path: pair
        for path, pair in cases[0].values.items()
        if all(one.values.get(path) == pair for one in cases)
    }
    told = [
        f"{', '.join(parts)}: code of its maker's own, {file} of SHA-256 {sha256}"
        for (file, sha256), parts in _by_file(plan).items()
    ]
    for one in cases:
        own = {
            path: pair
            for path, pair in one.values.items()
            if path not in everywhere or path in one.scenario
        }
        if own:
            name = f"scenario '{one.case.scenario}'"
            told.append(
                f"{name} is not the one that is shipped under this name: {_listed(own)}"
                if one.named
                else f"{name} is no shipped one, and sets {_set(own)}"
            )
        if one.description is not None:
            told.append(
                f"scenario '{one.case.scenario}' is described otherwise than shipped: "
                f"'{one.description}'"
            )
        varied = (
            [path for path in plan.paths if path in one.scenario] if plan.kind == "proposal" else []
        )
        if varied:
            told.append(
                f"scenario '{one.case.scenario}' sets what the proposal changes: "
                f"{', '.join(varied)}"
            )
    first = cases[0]
    scenarios = {path for one in cases for path in one.scenario}
    rest = {path: pair for path, pair in everywhere.items() if path not in scenarios}
    law = {path: pair for path, pair in rest.items() if path in first.policy}
    if law:
        told.append(
            f"policy '{first.case.policy}' is not the one that is shipped under this name: "
            f"{_listed(law)}"
        )
    base = {path: pair for path, pair in rest.items() if path not in law}
    if base:
        told.append(f"other values than shipped as '{first.case.resolved.base}': {_listed(base)}")
    sources = {path: pair for one in cases for path, pair in one.sources.items()}
    if sources:
        told.append(
            f"other sources than shipped of {counted(len(sources), 'parameter')}: "
            f"{_listed(sources)}"
        )
    return [" ".join(sentence.split()) for sentence in told]


def _by_file(plan: EvidencePlan) -> dict[tuple[str, str], list[str]]:
    """The parts in each file of its maker's own code."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in plan.code:
        found.setdefault((one.file, one.sha256), []).append(one.part)
    return found


class _Beside:
    """A case beside what is shipped under its names.

    named: whether all of its scenarios are called as shipped ones, or there is none.
    values, sources: what differs; sources where the value does not. policy, scenario: paths that
    the shipped files set, empty for one's own.
    usual: what every such plan sets, whatever its names.
    description: of a shipped scenario, where it is another; a run's folder of an earlier version
    has none.
    """

    def __init__(self, case: Case, usual: Mapping[str, Any]):
        self.case = case
        scenarios = [name for name in case.scenario.split("+") if name in names("scenario")]
        self.named = case.scenario == NONE or "+".join(scenarios) == case.scenario
        self.policy = _leaves("policy", case.policy) if case.policy in names("policy") else {}
        self.scenario = {
            path: value for name in scenarios for path, value in _leaves("scenario", name).items()
        }
        entries = plain_case(case)["parameters"]
        self.values: Told = {}
        self.sources: Told = {}
        if case.resolved.base in names("base"):
            # a base has the law of a policy already where none was asked for
            policies = [case.policy, None] if case.policy in names("policy") else [None]
            found = [_compared(entries, case, policy, scenarios, usual) for policy in policies]
            self.values, self.sources = min(found, key=lambda pair: len(pair[0]) + len(pair[1]))
        else:
            wanted = self.policy | self.scenario
            mine = {path: entries[path]["value"] if path in entries else None for path in wanted}
            self.values = {
                path: (mine[path], value) for path, value in wanted.items() if mine[path] != value
            }
        told = case.resolved.descriptions.get(case.scenario, "")
        shipped = read(find("scenario", case.scenario))[0] if scenarios == [case.scenario] else told
        self.description = None if told in ("", shipped) else told


def _leaves(kind: str, name: str) -> dict[str, Any]:
    return {path: leaf.value for path, leaf in read(find(kind, name))[1].items()}


def _compared(
    entries: Mapping[str, Any],
    case: Case,
    policy: str | None,
    scenarios: list[str],
    usual: Mapping[str, Any],
) -> tuple[Told, Told]:
    """Values and sources of a case that differ from those of shipped files."""
    whole = resolve(case.resolved.base, policy=policy, scenarios=scenarios)
    shipped = plain_case(Case(case.policy, case.scenario, whole))["parameters"]
    told: dict[str, Told] = {"value": {}, "source": {}}
    for path in dict.fromkeys([*entries, *shipped]):
        one, two = entries.get(path), shipped.get(path)
        if one is not None and path in usual and one["value"] == usual[path]:
            continue
        kind = "value" if one is None or two is None or one["value"] != two["value"] else "source"
        mine, other = (None if entry is None else entry[kind] for entry in (one, two))
        if mine != other:
            told[kind][path] = (mine, other)
    return told["value"], told["source"]


def _listed(told: Told) -> str:
    pairs = [f"{path} {_shown(mine)} (shipped {_shown(o)})" for path, (mine, o) in told.items()]
    return _some(pairs)


def _set(told: Told) -> str:
    return _some([f"{path} {_shown(mine)}" for path, (mine, _) in told.items()])


def _some(parts: list[str]) -> str:
    more = len(parts) - SHOWN
    return "; ".join(parts[:SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _shown(value: Any) -> str:
    return (
        "nothing"
        if value is None or value == {}
        else f"'{value}'"
        if isinstance(value, str)
        else text(value)
    )


def not_shipped(kind: str, name: str) -> bool:
    """Whether a name stands for a file of somebody's own."""
    return name != NONE and name not in names(kind)

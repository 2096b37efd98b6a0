"""What a proposal's fields alone cannot tell: names of scenarios and parameters, limits that test
something, differences that can be told, values that a contract can store.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import counted, nearest
from ...parameters import ROLES, Resolved, fits, place
from ...results.matters import too_few
from ...results.metrics import METRICS
from ..evidence.plan import Value
from ..evidence.statement import LARGEST_ROUNDING
from ..evidence.structure import COLUMNS, CURRENT, PROPOSED
from .stated import Proposal, Reader


def check(proposal: Proposal, labels: Mapping[str, str], today: Resolved, at: Reader) -> None:
    """Raise InputError, with the line in `at`, for names and values that a field alone cannot tell.

    labels: what its scenarios are called. today: parameters of the network.
    """
    for group in ("limits", "watch"):
        for number, one in enumerate(getattr(proposal, group)):
            for name in one.scenarios if group == "limits" else filter(None, [one.scenario]):
                if name not in labels:
                    key = "scenarios" if group == "limits" else "scenario"
                    expected = "one of " + ", ".join(labels)
                    raise at.error(
                        f"unknown scenario '{name}'",
                        group,
                        number,
                        key,
                        expected=expected,
                        nearest=nearest(name, labels),
                    )
    given = [("proposed", proposal.proposed), ("current", proposal.current)]
    for keys, values in [
        *(((group,), v) for group, v in given),
        *((("alternatives", name), v) for name, v in proposal.alternatives.items()),
    ]:
        for path, value in values.items():
            _check_value(path, value, today, at, (*keys, path))
            role = today.entries[path].role
            if role != "lever":
                raise at.error(
                    f"{path} is {ROLES[role]}",
                    *keys,
                    path,
                    expected=(
                        "a lever, which a vote can set; `set` describes the network, "
                        "`sensitivity.paths` varies what is uncertain"
                    ),
                )
    for group in ("current", "on_chain"):
        for path in getattr(proposal, group):
            if path not in proposal.proposed:
                raise at.error(
                    "not a parameter that the proposal changes",
                    group,
                    path,
                    expected="one of " + ", ".join(proposal.proposed),
                    nearest=nearest(path, proposal.proposed),
                )
    for path in proposal.on_chain:
        if place(path).kind is not float:
            raise at.error(
                "not a number", "on_chain", path, expected="a parameter that is a number"
            )
    _check_limits(proposal, at)
    _check_matters(proposal, at)
    _check_stored(proposal, today, at)
    for name in proposal.alternatives:
        if name in (CURRENT, PROPOSED, *COLUMNS):
            raise at.error(
                f"'{name}' as an alternative", "alternatives", name, expected="a name of its own"
            )


def _check_limits(proposal: Proposal, at: Reader) -> None:
    """A limit tests something: the metric, within its bounds, can hold it and can fail it."""
    for number, one in enumerate(proposal.limits):
        rule = one.constraint
        chosen = METRICS[rule.metric]
        low, high = chosen.gap if one.of == "change" else chosen.bounds
        best, worst = (low, high) if rule.sign > 0 else (high, low)
        never = "hold" if rule.excess(best) > 0.0 else "fail" if rule.excess(worst) <= 0.0 else ""
        if never:
            found = (
                f"'{one.limit}' can never {never}: "
                f"{'a change of ' * (one.of == 'change')}{rule.metric} is from {low:g} to {high:g}"
            )
            raise at.error(
                found,
                "limits",
                number,
                "limit",
                expected="a limit that the metric can hold and can fail",
            )


def _check_matters(proposal: Proposal, at: Reader) -> None:
    """The smallest differences that matter are of metrics that are shown, and can be told with so
    many runs.
    """
    shown = proposal.measured(METRICS)
    for name in proposal.matters:
        if name not in shown:
            raise at.error(
                "not a metric of this proposal",
                "matters",
                name,
                expected="one of " + ", ".join(shown),
                nearest=nearest(name, shown),
            )
    if few := too_few(
        proposal.matters, proposal.runs, len(shown) * (1 + len(proposal.alternatives))
    ):
        name, size, runs = few
        raise at.error(
            f"{size:g}, with {counted(proposal.runs, 'run')}",
            "matters",
            name,
            expected=f"at least {counted(runs, 'run')} for so small a difference of a probability",
        )


def _check_stored(proposal: Proposal, today: Resolved, at: Reader) -> None:
    """What a contract would store is what is simulated: it tells today from the proposal, and moves
    none of the values by much.
    """
    for path, rule in proposal.on_chain.items():
        new, others = (
            float(proposal.proposed[path]),
            [values[path] for values in proposal.alternatives.values() if path in values],
        )
        old = float(proposal.current.get(path, today.entries[path].value))
        if old != new and rule.raw(old)[0] == rule.raw(new)[0]:
            found = (
                f"{old:g} and {new:g} are both stored as {rule.raw(new)[0]}: the contract would "
                f"not change"
            )
            raise at.error(
                found,
                "on_chain",
                path,
                "decimals",
                expected="as many decimals as tell the two apart",
            )
        for value in (old, new, *map(float, others)):
            if rule.rounding(value) > LARGEST_ROUNDING:
                stored, meant = rule.raw(value)
                found = (
                    f"{value:g} is stored as {stored}, which stands for {float(meant):g}: the "
                    f"contract would have another value than is simulated"
                )
                expected = (
                    f"as many decimals as keep it to {LARGEST_ROUNDING:.0%}, or a value that they "
                    f"can tell"
                )
                raise at.error(found, "on_chain", path, "decimals", expected=expected)
        meant, wanted = float(rule.raw(new)[1] - rule.raw(old)[1]), new - old
        if abs(meant - wanted) > LARGEST_ROUNDING * abs(wanted):
            found = (
                f"{old:g} to {new:g} is a change of {wanted:g}, of which the contract would make "
                f"{meant:g}"
            )
            expected = f"as many decimals as keep the change to {LARGEST_ROUNDING:.0%}"
            raise at.error(found, "on_chain", path, "decimals", expected=expected)


def _check_value(
    path: str, value: Value, today: Resolved, at: Reader, keys: tuple[Any, ...]
) -> None:
    if path not in today.entries:
        near = nearest(path, today.entries)
        raise at.error(
            "unknown parameter",
            *keys,
            expected="the path of one, as 'tokenomics params show' prints them",
            nearest=near,
        )
    wanted = fits(path, value)
    if wanted:
        raise at.error(f"{value!r}", *keys, expected=wanted)

"""Which venue a workload should take: the cheapest offer that holds its limits, a split where that
is better, and what would change it.

Cheap is what has the least generalised cost. A split sends a share of the requests to the network
and the rest to the cloud. The break-even of a number is the multiple of it at which the recommended
path changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from ..errors import InputError
from ..model.formulas.distribution import Cumulants, exceedance
from ..parameters import Parameters, put
from ..results.intervals import SIZE, summarise
from .measure import budget_at_risk, days_ahead, percentiles
from .offers import CLOUD, NETWORK, Offer, offers
from .physics import beyond_physics
from .workload import PRIVACY, VERIFICATION, Limits, WorkloadFile

SHARES = np.linspace(0.0, 1.0, 101)
MULTIPLES = np.geomspace(0.01, 100.0, 25)  # within which a break-even is looked for
LARGEST = 0.1  # of the network's capacity: a larger workload moves prices and queues
ROUNDING = 1e-9  # of a mean over runs and days
NOWHERE, HYBRID = "neither", "hybrid"


@dataclass(frozen=True, eq=False)
class Verdict:
    """An offer against the limits. tail: p99 of its latency, (runs,) [s]. cost: mean generalised
    cost [USD/Mtok]. broken: the limits that it breaks, in words.
    """

    offer: Offer
    limits: Limits
    tail: np.ndarray
    cost: float
    latency_p99: float
    uptime: float
    budget: float
    broken: tuple[str, ...]

    @property
    def close(self) -> tuple[str, ...]:
        """Limits that the runs do not tell apart from what the offer does, in words."""
        found = []
        for name, values, limit in (
            ("latency p99", self.tail, self.limits.latency_p99.value),
            ("uptime", self.offer.up[:, 1:].mean(axis=1), self.limits.uptime.value),
        ):
            s = summarise(values, bounds=SIZE)
            if s.low is not None and s.low < limit < s.high:
                found.append(
                    f"{name} {s.mean:.5g} [{s.low:.5g}, {s.high:.5g}] of '{self.offer.name}' "
                    f"against the limit {limit:g}"
                )
        return tuple(found)


@dataclass(frozen=True)
class Choice:
    """path: cloud, network, hybrid or neither. share: of requests on the network. cost: USD/Mtok.
    verdicts: every offer, cheapest first.
    """

    path: str
    share: float
    cost: float
    network: Verdict
    cloud: Verdict
    reason: str
    verdicts: tuple[Verdict, ...]


def judged(offer: Offer, work: WorkloadFile, tail: np.ndarray) -> Verdict:
    """An offer against the workload's limits. tail: p99 of its latency, (runs,) [s]."""
    p99 = float(tail.mean())
    up, budget = float(offer.up[:, 1:].mean()), budget_at_risk(offer.bill[:, 1:].mean(axis=1))
    limits, broken = work.limits, []
    if p99 > limits.latency_p99.value:
        broken.append(f"latency p99 {p99:.3g} s, limit {limits.latency_p99.value:g} s")
    if up < limits.uptime.value - ROUNDING:
        broken.append(f"uptime {up:.5f}, limit {limits.uptime.value:g}")
    if budget > limits.budget.value:
        broken.append(f"budget at risk {budget:.4g} USD/day, limit {limits.budget.value:g}")
    if PRIVACY.index(offer.privacy) < PRIVACY.index(limits.privacy):
        broken.append(f"privacy '{offer.privacy}', needs '{limits.privacy}'")
    if VERIFICATION.index(offer.verification) < VERIFICATION.index(limits.verification):
        broken.append(f"verification '{offer.verification}', needs '{limits.verification}'")
    cost = float(offer.cost[:, 1:].mean())
    return Verdict(offer, limits, tail, cost, p99, up, budget, tuple(broken))


def choose(parameters: Parameters, work: WorkloadFile, paths: Mapping[str, np.ndarray]) -> Choice:
    """The recommended path of a workload. paths: (runs, days). Raises InputError for a workload
    that is not small.
    """
    return _chosen(work, _offered(parameters, work, paths, {}))


def _offered(
    parameters: Parameters,
    work: WorkloadFile,
    paths: Mapping[str, np.ndarray],
    known: dict[tuple[bytes, ...], np.ndarray],
) -> list[tuple[Offer, np.ndarray]]:
    """Every offer with the p99 of its latency, (runs,) [s], whatever the workload's limits are.

    known: what was found for a latency, to which more is added: one serves all ways of paying for
    it, and at other prices it is the same.
    """
    room = LARGEST * float(np.mean(paths["demand"] / np.maximum(paths["utilisation"], 1e-12)))
    if work.work.value > room:
        few = (
            f"at most {room:.4g} Mtok/day, a tenth of the network's capacity: prices and queues "
            f"are taken as they are"
        )
        raise InputError(f"{work.work.value:g}", key="work", expected=few)
    found = offers(parameters, work, paths)
    return [(offer, _tail(offer.latency, known)) for offer in found]


def _tail(times: Cumulants, known: dict[tuple[bytes, ...], np.ndarray]) -> np.ndarray:
    """The p99 of a latency, worked out once for all that are the same to the last bit."""
    ahead = days_ahead(times)
    bits = tuple(part.tobytes() for part in (ahead.mean, ahead.variance, ahead.third))
    if bits not in known:
        known[bits] = percentiles(ahead, (0.99,))[0]
    return known[bits]


def _chosen(work: WorkloadFile, offered: list[tuple[Offer, np.ndarray]]) -> Choice:
    """The recommended path among what is offered."""
    verdicts = sorted((judged(offer, work, tail) for offer, tail in offered), key=lambda v: v.cost)
    network, cloud = (
        _best(v for v in verdicts if v.offer.venue == venue) for venue in (NETWORK, CLOUD)
    )
    impossible = beyond_physics(work)
    share, cost = _split(network, cloud, work)
    fits = {NETWORK: not network.broken, CLOUD: not cloud.broken}
    if impossible:
        path, reason = (
            NOWHERE,
            (
                f"{impossible}; it has to run on site, on several cards that share the model, or "
                f"with a smaller model"
            ),
        )
    elif share is None:
        path, reason = (
            NOWHERE,
            "no venue holds the limits: network: "
            + ", ".join(network.broken)
            + "; cloud: "
            + ", ".join(cloud.broken),
        )
    elif share == 1.0:
        path, reason = NETWORK, _why(network, cloud)
    elif share == 0.0:
        path, reason = CLOUD, _why(cloud, network)
    else:
        path = HYBRID
        held = "; ".join(
            f"{name} alone breaks {', '.join(v.broken)}"
            for name, v in ((NETWORK, network), (CLOUD, cloud))
            if not fits[name]
        )
        reason = (
            f"{share:.0%} on the network at {network.cost:.3g} and the rest on the cloud at "
            f"{cloud.cost:.3g} USD/Mtok; {held}"
        )
    return Choice(
        path, 0.0 if share is None else share, cost, network, cloud, reason, tuple(verdicts)
    )


def break_evens(
    parameters: Parameters, work: WorkloadFile, paths: Mapping[str, np.ndarray]
) -> dict[str, tuple[float, str] | None]:
    """The multiple of each number at which the recommended path changes, nearest to 1, and the path
    then; None where none within `MULTIPLES` does.

    The economy is not simulated anew: the workload is small, and the venue's numbers are scaled.
    Empty where physics forbids the workload.
    """
    if beyond_physics(work):
        return {}
    known: dict[tuple[bytes, ...], np.ndarray] = {}
    offered = _offered(parameters, work, paths, known)
    now = _chosen(work, offered).path

    def limited(name: str, multiple: float) -> WorkloadFile:
        value = getattr(work.limits, name).value
        value = 1.0 - (1.0 - value) * multiple if name == "uptime" else value * multiple
        return work.model_copy(update={"limits": _with(work.limits, **{name: value})})

    def scaled(names: tuple[str, ...], multiple: float) -> dict[str, np.ndarray]:
        return {**paths, **{name: paths[name] * multiple for name in names}}

    def priced(path: str, multiple: float) -> Parameters:
        group, name = path.split(".")
        return put(parameters, {path: getattr(getattr(parameters, group), name) * multiple})

    def path_of(own: Parameters, work: WorkloadFile, paths: Mapping[str, np.ndarray]) -> str:
        return _chosen(work, _offered(own, work, paths, known)).path

    tries: dict[str, Callable[[float], str]] = {
        "price of the cloud": lambda m: path_of(priced("cloud.price", m), work, paths),
        "price of the network": lambda m: path_of(
            parameters, work, scaled(("inference_price", "credit_price"), m)
        ),
        "value of recourse": lambda m: path_of(
            parameters, _with(work, recourse_value=work.recourse_value.value * m), paths
        ),
        # offers are the same under other limits
        "limit on latency": lambda m: _chosen(limited("latency_p99", m), offered).path,
        "limit on the budget": lambda m: _chosen(limited("budget", m), offered).path,
        "downtime allowed": lambda m: _chosen(limited("uptime", m), offered).path,
    }
    return {name: _flip(path_at, now) for name, path_at in tries.items()}


def _with(record, **values: float):
    """A record with the values of some figures changed."""
    return record.model_copy(
        update={
            name: getattr(record, name).model_copy(update={"value": value})
            for name, value in values.items()
        }
    )


def _flip(path_at: Callable[[float], str], now: str) -> tuple[float, str] | None:
    """The multiple nearest to 1, in logs, at which the path is another one, and that one."""
    for multiple in sorted(MULTIPLES, key=lambda m: abs(np.log(m))):
        then = path_at(multiple)
        if then != now:
            at = float(
                np.exp(
                    brentq(
                        lambda x: 0.5 - (path_at(np.exp(x)) != now),
                        *sorted((0.0, np.log(multiple))),
                        xtol=0.01,
                    )
                )
            )
            return at, then
    return None


def _best(verdicts) -> Verdict:
    """The cheapest that holds its limits, else the one that breaks fewest, those first that a split
    could mend.
    """
    return min(verdicts, key=lambda v: (exposed(v), len(v.broken), v.cost))


def exposed(verdict: Verdict) -> bool:
    """Whether an offer breaks a limit that a split cannot mend: what a request is exposed to cannot
    be averaged away.
    """
    return any(limit.startswith(("privacy", "verification")) for limit in verdict.broken)


def _why(chosen: Verdict, other: Verdict) -> str:
    gap = other.cost - chosen.cost
    text = (
        f"{chosen.offer.name}: {chosen.cost:.3g} USD/Mtok in all, against {other.cost:.3g} "
        f"({other.offer.name})"
    )
    if other.broken:
        return f"{text}; the other breaks {', '.join(other.broken)}"
    return text if gap > 0.0 else f"{text}; alone it holds the limits"


def _split(network: Verdict, cloud: Verdict, work: WorkloadFile) -> tuple[float | None, float]:
    """Share on the network of least cost that holds the limits, and its cost; None where no split
    holds them.
    """
    limits = work.limits
    strict = [v for v in (network, cloud) if exposed(v)]
    shares = [
        x
        for x in SHARES
        if not (network in strict and x > 0.0) and not (cloud in strict and x < 1.0)
    ]
    costs = {x: x * network.cost + (1.0 - x) * cloud.cost for x in shares}
    bills = [v.offer.bill[:, 1:].mean(axis=1) for v in (network, cloud)]
    late = [_late(v, limits.latency_p99.value) for v in (network, cloud)]
    for x in sorted(costs, key=costs.get):
        up = x * network.uptime + (1.0 - x) * cloud.uptime
        # the budget last: its quantile takes longest
        if (
            up >= limits.uptime.value - ROUNDING
            and sum(part * own for part, own in zip((x, 1.0 - x), late, strict=True)) <= 0.01
            and budget_at_risk(x * bills[0] + (1.0 - x) * bills[1]) <= limits.budget.value
        ):
            return float(x), float(costs[x])
    return None, float("nan")


def _late(verdict: Verdict, limit: float) -> float:
    """Share of an offer's tasks over the limit."""
    return float(exceedance(days_ahead(verdict.offer.latency), limit).mean())

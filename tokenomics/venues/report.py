"""Everything about one workload: the side-by-side table with intervals, the recommended path and
what would change it.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from ..errors import InputError, Remark
from ..experiments.run import run
from ..inputs.arguments import SOURCE, checked, many, of, several
from ..model.formulas.billing import PAYMENTS
from ..parameters import Resolved
from ..parameters.documents import Strict, read_record
from ..results.bills import decompose_total, token_factors
from ..results.intervals import SIZE, UNBOUNDED, Bounds, mean_interval, summarise
from ..shown import Shown, readable
from . import scale
from .choose import HYBRID, Choice, Verdict, break_evens, choose
from .measure import MEASURES, measures, thinned
from .offers import MODES, offers, recorded, used
from .workload import WorkloadFile, read_workload

THIN = 15  # days between those that the choice and its break-evens rest on: it is made many times
FACTORS = ("cost structure", "latency", "data control", "service guarantees", "scalability")


class Published(Strict):
    """A published figure."""

    text: str = Field(min_length=1)
    source: str = Field(min_length=1)


class PublishedFile(Strict):
    """Published figures by measure."""

    figures: dict[str, Published]


@dataclass(frozen=True, eq=False, repr=False)
class VenueReport(Shown):
    """Cloud or network for a workload, as `compare_venues` returns it.

    Attributes
    ----------
    workload : WorkloadFile
        That was compared.
    choice : Choice
        The recommended path and why.
    table : pandas.DataFrame
        factor, measure, unit, cloud, network, published; cells are text.
    numbers : dict
        Mean, low and high by measure and venue, for machines.
    rise : dict of numpy.ndarray
        What usage, token price and network price added to the token bill of the span [USD], of
        shape (runs,) each.
    origin : str
        Runs, span and parameters in one line.
    break_evens : dict
        Factor on a number at which the path changes, and to which; None where none does.
    """

    workload: WorkloadFile
    choice: Choice
    table: pd.DataFrame
    numbers: dict[str, dict[str, tuple[float, float | None, float | None]]]
    rise: dict[str, np.ndarray]
    origin: str
    break_evens: dict[str, tuple[float, str] | None]

    def _essentials(self) -> dict[str, Any]:
        network = f"{self.choice.share:.0%} on the network"
        path = f"{self.choice.path} ({network})"
        return {"recommended": path, "reason": self.choice.reason, "simulated": self.origin}

    @property
    def lines(self) -> list[str]:
        """The recommendation in words: the path, the reason, the break-evens, what made the bill
        rise.
        """
        choice = self.choice
        path = (
            f"{choice.path} ({choice.share:.0%} on the network)"
            if choice.path == HYBRID
            else choice.path
        )
        told = [f"recommended: {path}", f"reason: {choice.reason}"]
        flips = [
            f"{name} x {at[0]:.3g} ({at[1]})"
            for name, at in self.break_evens.items()
            if at is not None
        ]
        if flips:
            told.append(
                "break-even, the path changes at: "
                + ", ".join(flips)
                + "; no other of these numbers within a factor of 100 does it"
            )
        elif self.break_evens:
            told.append(
                "break-even: none of "
                + ", ".join(self.break_evens)
                + " changes the path within a factor of 100"
            )
        parts = ", ".join(
            f"{name.replace('_', ' ')} {_cell(_interval(part, UNBOUNDED))}"
            for name, part in self.rise.items()
        )
        close = [line for v in (choice.network, choice.cloud) for line in v.close]
        if close:
            told.append("too few runs to tell: " + "; ".join(close))
        rise = (
            f"paid in tokens, the bill of the span would differ from one at the start's prices and "
            f"usage by [USD]: {parts}"
        )
        return [*told, rise, self.origin]


def simulate(
    params="baseline", *, scenario=None, runs: int = 100, **settings
) -> tuple[Resolved, dict, dict]:
    """The economy without and with a doubling of demand, on common shocks: parameters, paths (runs,
    days), and what the doubling did.

    The arguments are those of `tokenomics.run`. Runs that break off in either are left out. Raises
    InputError where fewer than two are left.
    """
    results = []
    for more in ((), (scale.SCENARIO,)):
        events = results[0].resolved.values.events if more else {}
        for name, event in events.items():
            if event.kind == "demand" and event.size != 0.0:
                raise InputError(
                    "a demand event",
                    key=f"events.{name}.size",
                    expected="0: the doubling of demand is measured against a calm demand",
                )
        record = list(scale.RECORDED) if more else None
        with warnings.catch_warnings():
            if more:  # what is to be remarked of the network the first run has said
                warnings.simplefilter("ignore", Remark)
            results.append(
                run(
                    params,
                    scenario=(*many(scenario), *more),
                    runs=runs,
                    engine="ensemble",
                    record=record,
                    **settings,
                )
            )
    calm, doubled = (result.trajectories.values for result in results)
    whole = np.all([np.isfinite(paths["token_price"][:, -1]) for paths in (calm, doubled)], axis=0)
    if whole.sum() < 2:
        raise InputError(
            f"{whole.sum()} of {runs} runs came to their end",
            argument="runs",
            expected="at least 2",
        )
    resolved = results[0].resolved
    names = dict.fromkeys([*recorded(resolved.values), *scale.RECORDED])
    calm, doubled = (
        {n: calm[n][whole] for n in names},
        {n: doubled[n][whole] for n in scale.RECORDED},
    )
    return resolved, calm, scale.scale_measures(calm, doubled, results[1].resolved.values)


def report(
    resolved: Resolved, work: WorkloadFile, paths: dict, scaling: dict, *, flips: bool = True
) -> VenueReport:
    """The report of a workload on simulated paths. flips: look for the break-even values, which
    takes seconds.
    """
    parameters = resolved.values
    few = thinned(paths, THIN)
    choice = choose(parameters, work, few)
    own = work.served(parameters)
    size = used(own, paths)
    columns = {"cloud": choice.cloud, "network": choice.network}
    daily = {offer.name: offer for offer in offers(parameters, work, paths)}
    found = {venue: measures(daily[v.offer.name], size, parameters) for venue, v in columns.items()}
    published = read_record(PublishedFile, "published", "venues")[0].figures
    rows, numbers, texts = (
        [],
        {},
        {name: one[2] for name, one in MEASURES.items()}
        | {name: one[1] for name, one in scale.MEASURES.items()},
    )

    def add(factor: str, measure: str, unit: str, cells: dict[str, str]) -> None:
        beside = published[measure].text if measure in published else ""
        rows.append(
            {
                "factor": factor,
                "measure": texts.get(measure, measure),
                "unit": unit,
                **cells,
                "published": beside,
            }
        )

    for factor in FACTORS:
        for measure, (its, unit, _, bounds) in MEASURES.items():
            if its == factor:
                numbers[measure] = {
                    venue: _interval(values[measure], bounds) for venue, values in found.items()
                }
                add(
                    factor,
                    measure,
                    unit,
                    {venue: _cell(value) for venue, value in numbers[measure].items()},
                )
        for measure, cells in _words(factor, columns, own).items():
            add(factor, measure, "-", cells)
    for measure, (unit, _) in scale.MEASURES.items():
        numbers[measure] = {"network": _interval(scaling[measure], SIZE)}
        add(
            "scalability",
            measure,
            unit,
            {"cloud": CLOUD_SCALES[measure], "network": _cell(numbers[measure]["network"])},
        )
    rise = decompose_total(token_factors(size, paths), parameters.simulation.time_step)
    flipped = break_evens(parameters, work, few) if flips else {}
    origin = (
        f"{size.shape[0]} runs, {parameters.simulation.days:g} days, parameters SHA-256 "
        f"{resolved.hash[:16]}; [95 % intervals over runs]"
    )
    return VenueReport(work, choice, pd.DataFrame(rows), numbers, rise, origin, flipped)


@checked(params=SOURCE)
def compare_venues(
    workload: str | WorkloadFile | Sequence[str],
    params="baseline",
    *,
    flips: bool = True,
    **settings,
) -> VenueReport | dict[str, VenueReport]:
    """Cloud or network for a workload.

    Parameters
    ----------
    workload : str, WorkloadFile or sequence of str
        A shipped name or a YAML file, a sequence of them, or a `WorkloadFile` as `read_workload`
        gives it.
    params : str or Path
        The network: a shipped name or a YAML file.
    flips : bool
        Look for the break-even values, which takes seconds.
    **settings
        Those of `run`, runs = 100 unless given; the engine is always "ensemble".

    Returns
    -------
    VenueReport or dict of VenueReport
        One by name for several workloads on the same paths.

    Raises
    ------
    InputError
        For bad input, before anything is simulated.

    Examples
    --------
    >>> found = tk.compare_venues("batch", runs=2, days=90, flips=False)
    >>> found.choice.path in ("cloud", "hybrid", "network")
    True
    """
    one = isinstance(workload, (str, Path, WorkloadFile))
    given = several(
        of(str, Path, WorkloadFile, expected="a shipped workload or a YAML file, or several")
    )("workload", workload)
    described = {
        str(name): name if isinstance(name, WorkloadFile) else read_workload(str(name))[0]
        for name in given
    }
    resolved, paths, scaling = simulate(params, **settings)
    found = {
        name: report(resolved, work, paths, scaling, flips=flips)
        for name, work in described.items()
    }
    return next(iter(found.values())) if one else found


CLOUD_SCALES = {
    "served_after": "1",
    "price_after": "1",
    "price_highest": "1",
    "latency_after": "as before",
    "token_after": "-",
}


def _words(factor: str, columns: dict[str, Verdict], own) -> dict[str, dict[str, str]]:
    """Rows of a factor that have no number."""
    offers = {venue: v.offer for venue, v in columns.items()}
    if factor == "cost structure":
        return {"way of paying": {venue: PAYMENTS[o.payment] for venue, o in offers.items()}}
    if factor == "data control":
        cost = {venue: getattr(own.privacy, o.mode) for venue, o in offers.items()}
        return {
            "protection": {venue: MODES[o.mode] for venue, o in offers.items()},
            "who is trusted": {
                "cloud": "the provider, by contract",
                "network": TRUST[offers["network"].mode],
            },
            "faked answers are found": {venue: o.verification for venue, o in offers.items()},
            "throughput lost": {venue: f"{1.0 - p.throughput:.3g}" for venue, p in cost.items()},
            "latency added [s]": {venue: f"{p.latency:.3g}" for venue, p in cost.items()},
        }
    if factor == "service guarantees":
        return {
            "recourse": {
                "cloud": "service agreement",
                "network": "slashed stake; the request is sent again",
            }
        }
    return {}


TRUST = {
    "none": "each node, and the audits that find it out",
    "tee": "the maker of the chip",
    "optimistic": "that one honest watcher looks",
    "zk": "the mathematics, but the node reads the request",
}


def _interval(values: np.ndarray, bounds: Bounds) -> tuple[float, float | None, float | None]:
    s = summarise(values, bounds=bounds)
    return s.mean, s.low, s.high


def _cell(value: tuple[float, float | None, float | None]) -> str:
    mean, low, high = value
    if low is None or low == high:
        return readable(mean)
    return mean_interval(mean, low, high)

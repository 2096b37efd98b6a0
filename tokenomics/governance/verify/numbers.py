"""Check: the recorded numbers are those of the plan, all simulated again or a random sample."""

from __future__ import annotations

import os

import pandas as pd

from ...experiments.sweep import Progress
from ..bundle.bundle import RUNS
from ..evidence.evidence import Evidence
from ..evidence.over_time import over_time, part, simulations
from ..evidence.plan import KEYS
from ..evidence.simulation import simulate
from . import recompute
from .findings import Finding
from .known import Known, Recomputed
from .untrusted import Untrusted

MOSTLY = 0.5  # share of the runs; where more differ, the plan is wrong rather than a number
BIT_FOR_BIT = "numbers compared bit for bit"
ROUNDING = 1e-9  # relative; differences up to it are what rounding otherwise makes in a run


def check(bundle: Untrusted, known: Known) -> Known:
    """What differs, by however little: the numbers have the same bits on every platform; and the
    evidence that text and figures follow from.
    """
    recorded, found, told, notes = (
        _everything(bundle)
        if bundle.options.sample is None
        else _sampled(bundle, bundle.options.sample)
    )
    done, ahead = len(recorded), simulations(bundle.plan)
    forecast = over_time(
        bundle.plan,
        workers=bundle.options.workers,
        progress=part(bundle.options.progress, done, done + ahead),
    )
    if ahead:
        notes.append(f"all {ahead} runs of the forecast simulated again")
    wrong, largest, mended = recompute.compare(bundle.plan, recorded, found, RUNS)
    runs, changed = bundle.runs, frozenset[str]()
    if wrong and bundle.touched:
        # the text was made before these numbers were changed, and is held against those found here:
        # it is not blamed for them
        runs = (
            pd.concat([mended, runs])
            .drop_duplicates(list(KEYS))
            .sort_values(list(KEYS), kind="stable", ignore_index=True)
        )
        changed = frozenset([RUNS])
    return Known(
        tuple(wrong),
        notes=(*notes, *_reading(bundle, wrong, len(recorded), largest), BIT_FOR_BIT),
        changed=changed,
        evidence=Evidence(bundle.plan, runs, over_time=forecast),
        recomputed=Recomputed(**told, largest=largest),
    )


def _progress(bundle: Untrusted, rows: int) -> Progress | None:
    """Of the first `rows` of what is simulated; the forecast follows."""
    return part(bundle.options.progress, 0, rows + simulations(bundle.plan))


def _everything(
    bundle: Untrusted,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, float], list[str]]:
    """The recorded rows and the same simulated again, all of them; how many; and what to say of
    it.
    """
    total = len(bundle.runs)
    found = simulate(bundle.plan, workers=bundle.options.workers, progress=_progress(bundle, total))
    return (
        bundle.runs,
        found,
        {"runs": total, "recomputed": total, "probability": 1.0},
        [f"all {total} runs simulated again"],
    )


def _sampled(
    bundle: Untrusted, share: float
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, float], list[str]]:
    """The same of a share of the rows, at random."""
    given, total = bundle.options.sample_seed, len(bundle.runs)
    seed = int.from_bytes(os.urandom(8)) if given is None else given
    recorded = bundle.runs.iloc[recompute.choose(total, share, seed)].reset_index(drop=True)
    found = recompute.simulate_rows(
        bundle.plan, recorded[list(KEYS)], _progress(bundle, len(recorded))
    )
    count = len(recorded)
    probability, enough = recompute.detection(total, count, 1), recompute.found_with(total, count)
    notes = [
        f"{count} of {total} runs simulated again (--sample-seed {seed}): one run changed "
        f"would have been found with probability {probability:.4g}, {enough} or more with "
        f"{recompute.LEVEL:.0%}"
    ]
    if given is not None:
        notes.append(
            "whoever knew the seed before the bundle was made could have forged all other runs; "
            "without --sample-seed nobody can"
        )
    return (
        recorded,
        found,
        {"runs": total, "recomputed": count, "sample_seed": seed, "probability": probability},
        notes,
    )


def _reading(bundle: Untrusted, wrong: list[Finding], count: int, largest: float) -> list[str]:
    """What it means where most of `count` runs differ, or none by more than rounding."""
    differing = len({one.what.partition(",")[0] for one in wrong})
    told = []
    if 0.0 < largest <= ROUNDING:
        why = "; ".join(bundle.elsewhere) or "the same platform and versions"
        told.append(
            f"none differs by more than {largest:.2g} relative, as by rounding, which is the same "
            f"on every processor but in a metric of one's own: {why}"
        )
    elif differing > MOSTLY * count:
        told.append(
            f"{differing} of {count} runs differ: these numbers are of another seed, other "
            f"parameters or another model"
        )
    return told

"""Check: the recorded numbers are those of the plan, all simulated again or a random sample."""

from __future__ import annotations

import os

import pandas as pd

from ..bundle.bundle import RUNS
from ..evidence.evidence import Evidence
from ..evidence.plan import KEYS, simulate
from ..report.computed import TOLERANCE
from . import recompute
from .findings import Finding
from .known import Known, Recomputed
from .untrusted import Untrusted

MOSTLY = 0.5  # share of the runs; where more differ, the plan is wrong rather than a number


def check(bundle: Untrusted, known: Known) -> Known:
    """What differs by more than the platforms explain; and the evidence that text and figures
    follow from.
    """
    recorded, found, told, notes = (
        _everything(bundle)
        if bundle.options.sample is None
        else _sampled(bundle, bundle.options.sample)
    )
    wrong, largest, mended = recompute.compare(bundle.plan, recorded, found, bundle.tolerance, RUNS)
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
        notes=(*notes, *_reading(wrong, len(recorded)), _exactness(bundle, largest)),
        rounded=largest > 0.0,
        changed=changed,
        evidence=Evidence(bundle.plan, runs),
        recomputed=Recomputed(**told, largest=largest),
    )


def _everything(
    bundle: Untrusted,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, float], list[str]]:
    """The recorded rows and the same simulated again, all of them; how many; and what to say of
    it.
    """
    total = len(bundle.runs)
    found = simulate(bundle.plan, workers=bundle.options.workers, progress=bundle.options.progress)
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
    found = recompute.simulate_rows(bundle.plan, recorded[list(KEYS)], bundle.options.progress)
    count = len(recorded)
    probability, enough = recompute.detection(total, count, 1), recompute.found_with(total, count)
    changed = f" by more than {bundle.tolerance:g} relative" if bundle.tolerance else ""
    notes = [
        f"{count} of {total} runs simulated again (--sample-seed {seed}): one run changed{changed} "
        f"would "
        f"have been found with probability {probability:.4g}, {enough} or more with "
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


def _reading(wrong: list[Finding], count: int) -> list[str]:
    """What it means where most of `count` runs differ."""
    differing = len({one.what.partition(",")[0] for one in wrong})
    told = (
        f"{differing} of {count} runs differ: these numbers are of another seed, other parameters "
        f"or another model"
    )
    return [told] if differing > MOSTLY * count else []


def _exactness(bundle: Untrusted, largest: float) -> str:
    if not bundle.elsewhere:
        return "numbers compared bit for bit"
    why = "; ".join(bundle.elsewhere)
    return (
        f"numbers compared to {TOLERANCE:g} relative, for a last bit may differ: {why}; largest "
        f"difference {largest:.2g}"
    )

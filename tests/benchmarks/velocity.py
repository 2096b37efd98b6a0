"""The velocity detector: its estimate, its confusion matrices, and its error rates where it was not
estimated, beside those of one variable.

    python tests/benchmarks/velocity.py                                            # prints the
    tables and puts them into VELOCITY.md python tests/benchmarks/velocity.py --fit
    params/detectors/velocity.yaml       # estimates the shipped weights again

Everything is simulated with fixed seeds; a minute on two cores.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML

from tokenomics.velocity.detector import FEATURES, Series, detector
from tokenomics.velocity.episodes import (
    BEFORE,
    HELD_OUT,
    OTHER_CAUSES,
    TRAINING,
    EpisodeGroup,
    Episodes,
    simulate_episodes,
)
from tokenomics.velocity.training import Judged, judge, train

FIT_SEED, TEST_SEED = 1, 2
FIT_COUNT, TEST_COUNT = 4000, 500  # episodes of each kind
RISEN = 0.1  # log points by which velocity must have risen in the third table
FAKED = (0.1, 0.25, 0.5, 1.0)  # fees that speculators pay to themselves, as a share of the window's
HEAD = "\n## Tables (`python tests/benchmarks/velocity.py`)\n"
METHODS = {
    "claim": "the claim: usage if velocity rose",
    "velocity": "velocity alone",
    "fees": "fees alone",
    "detector": "detector",
}


def percent(found, bracket: bool = True) -> str:
    """A share with its interval."""
    limits = (
        f" [{100 * found.low:.1f}, {100 * found.high:.1f}]"
        if bracket and found.low is not None
        else ""
    )
    return f"{100 * found.mean:.1f}{limits}"


def weights(fitted) -> list[str]:
    """The weights, log odds of usage per unit."""
    rows = [("intercept", fitted.detector.intercept, "")] + [
        (name, fitted.detector.features[name], FEATURES[name]) for name in FEATURES
    ]
    lines = ["| feature | weight | standard error | meaning |", "|---|---:|---:|---|"]
    lines += [f"| {name} | {w.weight:g} | {w.error:g} | {meaning} |" for name, w, meaning in rows]
    rules = [
        f"usage where {rule.intercept:.3g} {rule.weight:+.3g} x log change of {name} > 0"
        for name, rule in fitted.alone.items()
    ]
    return [*lines, "", "One variable, estimated on the same episodes: " + "; ".join(rules) + "."]


def confusion(judged: Judged) -> list[str]:
    """Verdicts on each kind of episode; then what each method calls usage when it must choose. %
    with Wilson's intervals.
    """
    lines = [
        "| truth | n | usage | speculation | undecided | " + " | ".join(METHODS.values()) + " |"
    ]
    lines.append("|---|---:|" + "---:|" * (3 + len(METHODS)))
    for kind in ("usage", "speculation", "mixed", "null"):
        shares = judged.shares(kind)
        said = " | ".join(percent(shares[name]) for name in ("usage", "speculation", "undecided"))
        chosen = " | ".join(percent(judged.chosen(method, kind)) for method in METHODS)
        lines.append(f"| {kind} | {shares['usage'].n} | {said} | {chosen} |")
    return lines


def errors(rows: list[tuple[EpisodeGroup, Judged]], risen: float = -np.inf) -> list[str]:
    """Errors of each method by group, %; and by how much the detector is better than fees alone,
    paired.
    """
    lines = [
        "| group | n | failed | "
        + " | ".join(METHODS.values())
        + " | fees less detector | undecided | wrong, of the decided |"
    ]
    lines.append("|---|---:|---:|" + "---:|" * (3 + len(METHODS)))
    for group, judged in rows:
        found = {method: judged.error(method, risen) for method in METHODS}
        cells = " | ".join(percent(one) for one in found.values())
        open_, wrong = judged.decided(risen)
        head = f"| {group.name} | {found['fees'].n} | {judged.episodes.failed} | {cells}"
        lines.append(
            f"{head} | {percent(judged.gain('fees', risen))} | {percent(open_, False)} | "
            f"{percent(wrong)} |"
        )
    return lines


def others(fitted) -> list[str]:
    """What is said where neither cause is there."""
    lines = [
        "| what happens | n | usage | speculation | undecided | log rise of velocity, mean |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for group in OTHER_CAUSES:
        kind = "usage" if group.events else "null"
        judged = judge(fitted, simulate_episodes(group, TEST_COUNT, TEST_SEED, (kind,)))
        shares = judged.shares(kind)
        said = " | ".join(percent(shares[name]) for name in ("usage", "speculation", "undecided"))
        lines.append(
            f"| {group.name} | {shares['usage'].n} | {said} | "
            f"{np.mean(judged.episodes.velocity):+.2f} |"
        )
    return lines


def faked(fitted, episodes: Episodes) -> list[str]:
    """Speculation whose traders also pay fees to themselves, in tokens that are bought and sold
    once more.
    """
    lines = [
        "| fees added in the window | detector says usage | fees alone say usage |",
        "|---:|---:|---:|",
    ]
    for share in FAKED:
        s = episodes.series
        extra = np.where(np.arange(s.fees.shape[1]) >= BEFORE, share, 0.0) * s.fees
        bought = Series(s.price, s.volume + 2.0 * extra / s.price, s.fees + extra, s.burned)
        judged = judge(fitted, dataclasses.replace(episodes, series=bought))
        says = percent(judged.shares("speculation")["usage"])
        lines.append(f"| {share:.0%} | {says} | {percent(judged.chosen('fees', 'speculation'))} |")
    return lines


def main() -> None:
    """The tables, or the weights."""
    fitted = train(FIT_COUNT, FIT_SEED)
    if "--fit" in sys.argv:
        yaml = YAML()
        yaml.width = 4096
        with Path(sys.argv[sys.argv.index("--fit") + 1]).open("w", encoding="utf-8") as stream:
            yaml.dump(fitted.detector.model_dump(), stream)
        return
    if fitted.detector != detector():
        print("the shipped weights differ from those estimated here", file=sys.stderr)
    here = judge(fitted, simulate_episodes(TRAINING, TEST_COUNT, TEST_SEED))
    # a seed of its own for every group: their episodes are counted together as independent
    rows = [
        (group, judge(fitted, simulate_episodes(group, TEST_COUNT, seed)))
        for seed, group in enumerate(HELD_OUT, start=TEST_SEED + 1)
    ]
    joined = Judged.joined([judged for _, judged in rows])
    everything = [(TRAINING, here), *rows, (EpisodeGroup("all held-out groups"), joined)]
    usual = [
        "",
        (
            f"In all held-out groups together ({len(rows)} groups, {joined.episodes.kind.size} "
            f"episodes):"
        ),
        "",
        *confusion(joined),
    ]
    parts = [
        "",
        f"Weights, estimated on {fitted.detector.episodes} episodes, seed {FIT_SEED}:",
        "",
        *weights(fitted),
    ]
    parts += [
        "",
        f"Verdicts in the training's ranges, new episodes (seed {TEST_SEED}), % [95 %]:",
        "",
        *confusion(here),
        *usual,
    ]
    parts += [
        "",
        "Errors by group, usage and speculation in equal numbers, % [95 %]:",
        "",
        *errors(everything),
    ]
    parts += [
        "",
        f"The same where velocity rose by more than {RISEN:g} log points:",
        "",
        *errors(everything, RISEN),
    ]
    parts += ["", "Neither cause, in the training's ranges (detector, %):", "", *others(fitted)]
    speculation = simulate_episodes(TRAINING, TEST_COUNT, TEST_SEED, ("speculation",))
    parts += ["", "Speculation with faked use, %:", "", *faked(fitted, speculation)]
    text = "\n".join(parts) + "\n"
    print(text)
    file = Path(__file__).with_name("VELOCITY.md")
    kept = (
        file.read_text(encoding="utf-8").split(HEAD)[0]
        if file.exists()
        else "# Velocity: usage or speculation\n"
    )
    file.write_text(kept + HEAD + text, encoding="utf-8")


if __name__ == "__main__":
    main()

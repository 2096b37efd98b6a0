"""How the economy behaves where an economist knows the sign, how far results depend on the step,
and what noise traders earn.

    python tests/benchmarks/behaviour.py        # prints the tables and puts them into BEHAVIOUR.md

Everything is simulated with fixed seeds; a few minutes on two cores.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

import tokenomics as tk
from tokenomics.parameters import resolve
from tokenomics.results.intervals import summarise

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from coupled import metrics_at

RUNS, SEED, MONTH, YEARS = 200, 1, 30, 3 * 365
OUTCOMES = {
    "token_price": "token price",
    "operator_income": "operators' income",
    "served": "work served",
}
SPANS = {MONTH: "a month", YEARS: "three years"}
HEAD = "\n## Tables (`python tests/benchmarks/behaviour.py`)\n"
BASE = resolve("baseline").values
LEVER = {"role": "lever", "reason": "changed on day 0, to see what the network of today does then"}


class Change(NamedTuple):
    """signs: that an economist expects of each of `OUTCOMES`, after a month and after three years;
    0 where arguments pull both ways. sets, overlay, scenario: as `tk.run` takes them.
    """

    name: str
    signs: tuple[str, str]
    sets: dict = {}
    overlay: dict | None = None
    scenario: dict | None = None


def cheaper(group: str) -> dict:
    """How `tk.run` is told that a seller's price falls by a fifth on day 0, which a file makes a
    lever.
    """
    price = getattr(BASE, group).price
    own = {"value": price, "unit": "USD/Mtok", "source": "assumption", **LEVER}
    overlay = {"description": "a rival's price", group: {"price": own}}
    return {"overlay": overlay, "sets": {f"{group}.price": 0.8 * price}}


def dearer(size: float) -> dict:
    """All reservation costs change for good."""
    event = {"kind": "hardware", "start": 0.0, "days": 36_500.0, "size": float(np.log(size))}
    return {"description": "dearer hardware", "events": {"dearer": event}}


CHANGES = (
    Change("replication 1 to 2", ("---", "---"), {"reliability.replication": 2.0}),
    Change("treasury's fee share .1 to .3", ("---", "---"), {"treasury.fee_share": 0.3}),
    Change("hardware 20 % dearer", ("---", "---"), scenario=dearer(1.2)),
    Change("burn share .5 to .3", ("-++", "-++"), {"supply.burn_share": 0.3}),
    Change("emission a quarter less", ("0--", "+--"), {"emission.factor": 0.75}),
    Change("bond 30 to 60 days", ("+0-", "+0-"), {"bonding.days": 60.0}),
    Change("other sellers 20 % cheaper", ("---", "---"), **cheaper("api")),
    Change("the cloud 20 % cheaper", ("---", "---"), **cheaper("cloud")),
)


def paths(change: Change | None) -> dict[str, np.ndarray]:
    """Outcomes (runs, spans) of a change, or of the network as it is, by name."""
    how: dict = {"runs": RUNS, "seed": SEED, "days": YEARS, "engine": "ensemble", "every": MONTH}
    if change is not None:
        how |= {"sets": change.sets, "scenario": change.scenario, "overlay": change.overlay}
    found = tk.run("baseline", record=list(OUTCOMES), **how).trajectories
    days = [int(np.argmin(np.abs(found.time - day))) for day in SPANS]
    return {name: found.values[name][:, days] for name in OUTCOMES}


def sign_table() -> list[str]:
    """Changes of the logs, paired, in per cent, beside the expected signs."""
    heads = [f"{what}, {span}" for span in SPANS.values() for what in OUTCOMES.values()]
    lines = [f"| change | {' | '.join(heads)} |", "|---|" + "---:|" * len(heads)]
    now = paths(None)
    for change in CHANGES:
        then, cells = paths(change), []
        for column in range(len(SPANS)):
            for expected, name in zip(change.signs[column], OUTCOMES, strict=True):
                moved = np.log(then[name][:, column] / now[name][:, column])
                s = summarise(moved)
                told = "+" if s.low > 0.0 else "-" if s.high < 0.0 else "0"
                mark = "" if expected in ("0", told) else f" (expected {expected})"
                cells.append(f"{100 * s.mean:+.1f} [{100 * s.low:+.1f}, {100 * s.high:+.1f}]{mark}")
        lines.append(f"| {change.name} | {' | '.join(cells)} |")
    return lines


STEPS = (1.0, 0.5, 0.25, 0.125, 0.0625)
METRICS = (
    "tracking_rms",
    "price_volatility",
    "bill_volatility",
    "churn",
    "velocity_speculative",
    "utilisation",
    "served_share",
)
STEP_RUNS = 4096


def step_table() -> list[str]:
    """Means at each step on coupled paths, the limit, and by how much paired differences shrink."""
    found = {step: metrics_at(resolve("baseline"), step, STEP_RUNS, METRICS) for step in STEPS}
    heads = " | ".join(f"Δt {step:g}" for step in STEPS)
    lines = [
        f"| metric | {heads} | limit | difference 1/4 to 1/8 | 1/8 to 1/16 | it shrinks by |",
        "|---|" + "---:|" * (len(STEPS) + 4),
    ]
    for name in METRICS:
        means = " | ".join(f"{found[step][name].mean():.4g}" for step in STEPS)
        one = found[0.25][name] - found[0.125][name]
        two = found[0.125][name] - found[0.0625][name]
        # of a scheme of first order: as much again as the last halving changed
        limit = summarise(found[0.0625][name] - two)
        told = [
            f"{s.mean:+.2g} [{s.low:+.2g}, {s.high:+.2g}]" for s in (summarise(one), summarise(two))
        ]
        lines.append(
            f"| {name} | {means} | {limit.mean:.4g} [{limit.low:.4g}, {limit.high:.4g}] | "
            f"{told[0]} | {told[1]} | {shrinking(one, two)} |"
        )
    return lines


def shrinking(one: np.ndarray, two: np.ndarray) -> str:
    """Ratio of two mean differences with its 95 % interval by resampling the runs."""
    draws = np.random.default_rng(SEED).integers(0, len(one), (2000, len(one)))
    low, high = np.percentile(one[draws].mean(axis=1) / two[draws].mean(axis=1), (2.5, 97.5))
    return f"{one.mean() / two.mean():.2f} [{low:.2f}, {high:.2f}]"


NOISE = ("chartist_share", "speculation_noise", "token_price", "settlement_price")
NOISE += ("traded_fundamentalist", "traded_chartist")
NOISE += ("order_speculators_usd", "order_speculators_tok")
USE = {
    "payment.mode": "stablecoin",
    "supply.burn_share": 0.0,
    "emission.factor": 0.0,
    "bonding.mode": "per_node_at_start",
}  # with which those who use the network trade no tokens
NOISE_NOW = resolve("baseline").values.speculation.noise
STILL = USE | {
    "speculation.noise": 0.1 * NOISE_NOW,
    "news.enabled": False,
    "speculation.fundamentalist": 0.0,
    "speculation.chartist": 0.0,
    "speculation.intensity_of_choice": 0.0,
    "market.anchoring": 0.0,
    "market.arbitrage_speed": 1e9,
}
STAGES = (
    ("limit case: nothing but noise, a tenth of it, arbitrage at once", ()),
    ("and all of the noise, for which traders run out of money", ("speculation.noise",)),
    ("and those who use the network buy and sell", tuple(USE)),
    ("and arbitrage takes its time", ("market.arbitrage_speed",)),
    ("and the valuation returns to the utility value", ("market.anchoring",)),
    ("and fundamentalists trade", ("speculation.fundamentalist",)),
    ("and chartists follow the trend", ("speculation.chartist",)),
    ("and speculators switch", ("speculation.intensity_of_choice",)),
    ("and news comes: the baseline", ("news.enabled",)),
)


def noise_profit(sets: dict) -> np.ndarray:
    """What noise traders earn a year, (runs,) [USD]: a position follows their orders, as far as
    they can be paid for, and is given up over the holding time, as those of the strategies are; it
    earns the price's log return, and an order that from its fill to the close.
    """
    result = tk.run(
        "baseline",
        today=sets | {"simulation.warm_up": 0.0},
        runs=1000,
        seed=SEED,
        days=365,
        engine="ensemble",
        record=list(NOISE),
    )
    value, p = result.trajectories.values, result.resolved.values
    spec, before = p.speculation, {name: value[name][:, :-1] for name in NOISE}
    after = {name: value[name][:, 1:] for name in NOISE}
    share = after["chartist_share"]
    noise = share * spec.noise * after["speculation_noise"]
    every = noise + share * after["traded_chartist"]
    every = every + (1.0 - share) * after["traded_fundamentalist"]
    done = after["order_speculators_usd"]
    done = done - after["order_speculators_tok"] * before["token_price"]
    order = noise * done / np.where(every == 0.0, 1.0, every)
    price, filled = np.log(value["token_price"]), np.log(value["settlement_price"][:, 1:])
    kept, position, earned = np.exp(-1.0 / spec.holding_time), 0.0, 0.0
    for day in range(order.shape[1]):
        new = order[:, day]
        earned = earned + position * (price[:, day + 1] - price[:, day])
        earned = earned + new * (price[:, day + 1] - filled[:, day])
        # as blocks.speculation books a position: what comes evenly through the step is kept
        position = position * kept + new * spec.holding_time * (1.0 - kept)
    return np.asarray(earned)


def noise_table() -> list[str]:
    """Profit by permanent impact and mechanism, each added to those before."""
    impacts = (0.33, 0.5, 0.67)
    heads = " | ".join(f"permanent impact {impact:g}" for impact in impacts)
    lines = [f"| noise traders and | {heads} |", "|---|---:|---:|---:|"]
    left = dict(STILL)
    for name, restored in STAGES:
        left = {path: value for path, value in left.items() if path not in restored}
        cells = []
        for impact in impacts:
            s = summarise(noise_profit(left | {"market.permanent_impact": impact}) / 1e3)
            cells.append(f"{s.mean:+,.2f} [{s.low:+,.2f}, {s.high:+,.2f}]")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Print the tables and put them into the page."""
    parts = [
        f"\n### Signs\n\nChanges in per cent on day 30 and after three years, {RUNS} runs, paired, "
        f"95 % intervals; policy none, emission as it is.\n",
        *sign_table(),
        f"\n### The step\n\nShocks drawn at 1/16 of a day and put together, {STEP_RUNS:,} runs of "
        f"a year without a warm-up. The limit assumes first order.\n",
        *step_table(),
        "\n### What noise traders earn\n\nThousand USD a year, 1,000 runs, 95 % intervals. Each "
        "mechanism is added to those above.\n",
        *noise_table(),
    ]
    text = "\n".join(parts)
    print(text)
    page = Path(__file__).with_name("BEHAVIOUR.md")
    head = page.read_text(encoding="utf-8").partition(HEAD)[0]
    page.write_text(f"{head}{HEAD}{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()

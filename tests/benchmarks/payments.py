"""Ways of paying against one another: how often the sale of credits halts, and what a buy-back out
of fees in stablecoin does in place of burn-and-mint.

    python tests/benchmarks/payments.py        # writes the tables of PAYMENTS.md, in about ten
    minutes on two cores

Everything is simulated with fixed seeds.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import tokenomics as tk
from tokenomics.results.intervals import SHARE, SIZE, intervals

RUNS, SEED = 200, 1
PAGE = Path(__file__).parent / "PAYMENTS.md"
HEAD = "\n## Tables (`python tests/benchmarks/payments.py`)\n"
YEAR, WINDOW = 365, 30  # days; of the means before a date
BASE = tk.resolve("baseline").values

# what is a network's own from the start on: paid with credits, with no days before day 0, so that
# the ratio on day 0 is the one that is named
CREDITS = {"payment.mode": "credits", "simulation.warm_up": 0.0}
RATIOS = (1.0, 1.05, 1.25, 1.5, 2.0)
SCALES = (0.5, 1.0, 1.5)  # of the standard deviations of news, its jumps and chartists' noise
AGES = {"30 s": 0.00035, "6 h": 0.25, "1 day": 1.0, "3 days": 3.0}
RESERVES = (  # halt ratio, credits idle, customers who pay in tokens
    (0.9, 0.0, 0.5),
    (0.5, 0.0, 0.5),
    (0.0, 0.0, 0.5),
    (0.9, 0.1, 0.0),
    (0.9, 0.1, 0.5),
    (0.9, 0.1, 1.0),
    (0.9, 0.3, 0.5),
)

STABLE = {"payment.mode": "stablecoin"}
NO_EMISSION = {"emission.factor": 0.0}
WAYS = {
    "stablecoin, burned": STABLE,
    "stablecoin, kept": STABLE | {"payment.buyback_to": "kept"},
    "stablecoin, stakers": STABLE | {"payment.buyback_to": "stakers"},
    "kept, without emission": STABLE | {"payment.buyback_to": "kept"} | NO_EMISSION,
    "stakers, without emission": STABLE | {"payment.buyback_to": "stakers"} | NO_EMISSION,
    "credits": {"payment.mode": "credits"},
}
WEIGHTS = (1.0, BASE.supply.burn_share)
DATES = {"a month": 30, "a year": YEAR, "three years": 3 * YEAR}
RECORDED = (
    "token_price",
    "operator_income",
    "nodes",
    "inference_price",
    "treasury_usd",
    "treasury_tok",
    "total_supply",
    "circulating_supply",
    "served",
    "demand",
    "user_bill",
    "bill_stablecoin",
)


def scaled(scale: float) -> dict[str, float]:
    """News and noise with standard deviations times `scale`."""
    return {
        "news.volatility": scale * BASE.news.volatility,
        "news.jump_volatility": scale * BASE.news.jump_volatility,
        "speculation.noise": scale * BASE.speculation.noise,
    }


def told(values, digits: int, factor: float = 1.0, **how) -> str:
    """Mean with its 95 % interval over runs."""
    found = intervals(factor * np.asarray(values, dtype=float)[None, :], **how)
    mean, low, high = (float(one[0]) for one in (found.mean, found.low, found.high))
    return f"{mean:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def chance(hit) -> str:
    """Probability in %, with Wilson's interval."""
    found = intervals(np.asarray(hit, dtype=float)[None, :], probability=True, bounds=SHARE)
    mean, low, high = (100.0 * float(one[0]) for one in (found.mean, found.low, found.high))
    return f"{mean:.0f} [{low:.0f}, {high:.0f}]"


def halts(today: dict, days: int = YEAR):
    """Halts of a network paid with credits: metrics by run, and the number of halts by run."""
    found = tk.run(
        "baseline",
        today=CREDITS | today,
        days=days,
        runs=RUNS,
        seed=SEED,
        engine="ensemble",
        record=["metrics"],
    )
    halted = found.trajectories.values["halted"]
    begun = np.sum((halted[:, 1:] > 0.0) & (halted[:, :-1] == 0.0), axis=1)
    return found.metrics_per_run(), begun


def halt_table() -> list[str]:
    """By ratio on day 0, scale of the volatility and age of the price."""
    lines = [
        "| volatility | age of the price | "
        + " | ".join(f"ratio {ratio:g}" for ratio in RATIOS)
        + " |",
        "|---:|---:|" + "---:|" * len(RATIOS),
    ]
    lengths = list(lines)
    for scale in SCALES:
        for name, age in AGES.items():
            cells, days = [], []
            for ratio in RATIOS:
                sets = {"payment.vault_ratio": ratio, "payment.price_age": age} | scaled(scale)
                got, begun = halts(sets)
                cells.append(chance(got["credits_halted"]))
                number = begun.sum()
                mean = got["credits_halted_days"].sum() / number if number else np.nan
                days.append(
                    f"{told(got['credits_halted_days'], 1, bounds=SIZE)}; {mean:.1f}"
                    if number
                    else "none"
                )
            head = f"| x {scale:g} | {name} | "
            lines.append(head + " | ".join(cells) + " |")
            lengths.append(head + " | ".join(days) + " |")
            print(lines[-1], flush=True)
    return [
        f"Probability in % that the sale of credits halts within a year, {RUNS} runs, 95 %:",
        "",
        *lines,
        "",
        "Days halted in that year, mean with 95 %; then the mean length of one halt in days:",
        "",
        *lengths,
    ]


def reserve_table() -> list[str]:
    """What a halt does, by its ratio, how many credits lie idle and who pays in tokens."""
    lines = [
        "| halt below | credits idle | customers who pay in tokens | halted, % | days halted | "
        "work served, % | tokens minted, % of supply |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for halt, idle, direct in RESERVES:
        sets = {"halt_ratio": halt, "idle_share": idle, "direct_share": direct}
        got, _ = halts({f"payment.{name}": value for name, value in sets.items()})
        minted = got["credits_minted"] / BASE.supply.total_supply
        lines.append(
            f"| {halt:g} | {idle:g} | {direct:g} | {chance(got['credits_halted'])} | "
            f"{told(got['credits_halted_days'], 0, bounds=SIZE)} | "
            f"{told(got['served_share'], 1, 100.0)} | {told(minted, 2, 100.0)} |"
        )
        print(lines[-1], flush=True)
    return [
        f"A year at the first ratio of the baseline, {BASE.payment.vault_ratio:g}, {RUNS} runs:",
        "",
        *lines,
    ]


def late_table() -> list[str]:
    """What operators are paid for a dollar of credits, by the age of the price, without a halt."""
    lines = [
        "| age of the price | over a year | on a day, standard deviation |",
        "|---:|---:|---:|",
    ]
    for name, age in AGES.items():
        found = tk.run(
            "baseline",
            today=CREDITS | {"payment.price_age": age, "payment.halt_ratio": 0.0},
            days=YEAR,
            runs=RUNS,
            seed=SEED,
            engine="ensemble",
            record=["redeemed_tok", "settlement_price", "credits_spent"],
        )
        paths = {name: path[:, 1:] for name, path in found.trajectories.values.items()}
        worth = paths["redeemed_tok"] * paths["settlement_price"]
        year = worth.sum(axis=1) / paths["credits_spent"].sum(axis=1)
        day = (worth / paths["credits_spent"]).std()
        lines.append(f"| {name} | {told(year, 4)} | {day:.3f} |")
    return ["Worth of the tokens that operators get for a dollar of credits:", "", *lines]


def impact_table() -> list[str]:
    """Whether it is flows that bring the price back where holders value the burn share alone."""
    lines = [
        "| half of an order's impact lasts | " + " | ".join(DATES) + " |",
        "|---|" + "---:|" * len(DATES),
    ]
    for told_as, impact in (("yes", BASE.market.permanent_impact), ("no, none", 0.0)):
        world = {"market.permanent_impact": impact}
        base = simulated({}, world)
        other = simulated(STABLE, world | {"payment.stablecoin_weight": WEIGHTS[1]})
        cells = [
            told(other[date]["token price"] / base[date]["token price"] - 1.0, 1, 100.0) + " %"
            for date in DATES
        ]
        lines.append(f"| {told_as} | " + " | ".join(cells) + " |")
    head = f"Token price with a burned buy-back, weight {WEIGHTS[1]:g}, against tokens:"
    return [head, "", *lines]


def levels(paths, mode: str) -> dict[str, dict[str, np.ndarray]]:
    """By date and quantity, (runs,): means over the month before the date."""
    spread = BASE.payment.mint_spread
    bill = {
        "tokens": paths["user_bill"],
        "stablecoin": paths["bill_stablecoin"],
        "credits": paths["bill_stablecoin"] / (1.0 - spread),
    }[mode]
    worth = paths["treasury_usd"] + paths["treasury_tok"] * paths["token_price"]
    series = {
        "token price": paths["token_price"],
        "operators' income": paths["operator_income"],
        "nodes": paths["nodes"],
        "price of work": paths["inference_price"],
        "bill": bill,
        "treasury, USD": paths["treasury_usd"],
        "treasury, all": worth,
        "total supply": paths["total_supply"],
        "circulating": paths["circulating_supply"],
        "work served": paths["served"],
    }
    moves = np.diff(np.log(np.maximum(bill, 1e-300)), axis=1)
    income = np.diff(np.log(np.maximum(paths["operator_income"], 1e-300)), axis=1)
    found = {}
    for date, day in DATES.items():
        span = slice(max(day - WINDOW, 0) + 1, day + 1)
        own = {name: path[:, span].mean(axis=1) for name, path in series.items()}
        own["bill's volatility"] = moves[:, 1:day].std(axis=1) * np.sqrt(YEAR)
        own["income's volatility"] = income[:, 1:day].std(axis=1) * np.sqrt(YEAR)
        share = paths["served"][:, 1 : day + 1].sum(axis=1)
        own["served share"] = share / paths["demand"][:, 1 : day + 1].sum(axis=1)
        found[date] = own
    return found


def simulated(sets: dict, today: dict | None = None) -> dict[str, dict[str, np.ndarray]]:
    """Levels of the network of today that pays in another way from day 0 on."""
    found = tk.run(
        "baseline",
        today=today or {},
        sets=sets,
        days=3 * YEAR,
        runs=RUNS,
        seed=SEED,
        engine="ensemble",
        record=list(RECORDED),
    )
    return levels(found.trajectories.values, sets.get("payment.mode", "tokens"))


def way_tables() -> list[str]:
    """Every way against burn-and-mint in tokens, paired."""
    base = simulated({})
    found = {}
    for name, sets in WAYS.items():
        for weight in WEIGHTS if name.startswith("stablecoin") else WEIGHTS[:1]:
            label = name if weight == 1.0 else f"{name}, weight {weight:g}"
            # the weight is a fact of the world, of which payment in tokens does not depend
            found[label] = simulated(sets, {"payment.stablecoin_weight": weight})
            print(label, flush=True)
    lines = []
    for date in DATES:
        names = list(base[date])
        lines += [
            "",
            f"**After {date}** (means over its last {WINDOW} days; volatilities and the share "
            "served since day 0):",
            "",
            "| quantity | in tokens | " + " | ".join(found) + " |",
            "|---|---:|" + "---:|" * len(found),
        ]
        for name in names:
            mine = base[date][name]
            plain = name in ("bill's volatility", "income's volatility", "served share")
            cells = []
            for other in found.values():
                if plain:
                    cells.append(told(other[date][name] - mine, 3))
                else:
                    cells.append(told(other[date][name] / mine - 1.0, 1, 100.0) + " %")
            lines.append(f"| {name} | {mine.mean():.4g} | " + " | ".join(cells) + " |")
    return [
        f"The baseline changes its way of paying on day 0, policy none, {RUNS} runs; paired "
        "differences to payment in tokens with 95 % intervals, of volatilities and shares as they "
        "are, of all else in %:",
        *lines,
    ]


def main() -> None:
    text = PAGE.read_text(encoding="utf-8").partition(HEAD)[0]
    parts = [
        "### Halts of the sale of credits",
        "",
        *halt_table(),
        "",
        *reserve_table(),
        "",
        *late_table(),
        "",
        "### Buy-back, credits and burn-and-mint",
        "",
        *way_tables(),
        "",
        *impact_table(),
    ]
    PAGE.write_text(text + HEAD + "\n" + "\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""What attacks on a controller cost the attacker and the treasury, and what each defence is worth
and costs.

Every figure is the difference between runs with and without the attack on common shocks. The
attacker's profit is what the ledgers say after he has traded himself out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from ..engines.ensemble import Ensemble
from ..errors import InputError
from ..experiments.evaluate import evaluate
from ..experiments.plan import structural
from ..inputs import bounds
from ..inputs.arguments import many
from ..model.model import MODEL, bind
from ..model.shocks import sample
from ..model.steady_state import start_state, starts
from ..model.transition import carried
from ..parameters import Parameters, Resolved, put, substitute
from ..parameters.schema import Event
from ..results.intervals import intervals

ATTACKS = ("oracle_push", "oracle_siege", "treasury_drain", "bank_run")
TRADES_AND_RUN = {"attack.size": 0.0, "attack.position": 0.0, "bank_run.rate": 0.0}
METRICS = ("attacker_profit", "treasury_final", "tracking_rms")
SHIPPED = "as set"
FULL = 0.999  # of a bound: the actuator is saturated
SIZES = np.linspace(0.02, 2.5, 125)  # log distances tried for the cheapest saturation
PUSHES = {"one decision": None, "sustained, 14 days": 14.0}
DEEP = {
    "attack.inventory": 5.0,
    "attack.capital": 20.0,
}  # a quarter of circulating supply, and its whole worth in USD
UNWIND = 30.0  # days


def defences(resolved: Resolved) -> dict[str, dict[str, float]]:
    """The defender's options for a policy, by name: settings over it."""
    values = resolved.values
    found = {
        SHIPPED: {},
        "TWAP 6 times longer": {"oracle.lag": 6.0 * values.oracle.lag},
        "derivative bound 3 % a day": {"oracle.slope_limit": min(0.03, values.oracle.slope_limit)},
        "spend limit a fifth": {"controller.spend_limit": 0.2 * values.controller.spend_limit},
    }
    if values.controller.type in ("pid", "scheduled"):
        found["rate limit a tenth"] = {
            "controller.pid.rate_limit": 0.1 * values.controller.pid.rate_limit
        }
        found["dead band 10 %"] = {
            "controller.pid.dead_band": max(0.1, values.controller.pid.dead_band)
        }
    return found


def _interval(values: np.ndarray) -> tuple[float, float, float]:
    """Mean over runs and its 95 % interval."""
    found = intervals(values[None, :])
    return tuple(float(x[0]) for x in (found.mean, found.low, found.high))


def attack_table(
    resolve: Callable[[str], Resolved],
    *,
    attacks: str | Sequence[str] = ATTACKS,
    runs: int = 200,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """One row an attack and defence: the attacker's profit, the treasury's loss, and the tracking
    RMS without the attack.

    resolve: gives the parameters under a scenario. profit, loss: mean, low and high, in shares of
    the treasury's first reserve; what the defence costs when nobody attacks is in `tracking`, 1.
    failed: runs that broke off under the attack and are not counted.
    """
    bounds.check(runs=(runs, bounds.REPEATED), seed=(seed, bounds.SEED))
    rows = []
    attacks = many(attacks)
    for number, attack in enumerate(attacks):
        attacked = resolve(attack)
        _refuse_peace(attack, attacked.values)
        options = defences(attacked)
        outcomes = _outcomes(attacked, list(options.values()), runs, seed)
        reserve = start_state(attacked.today)["treasury_usd"]
        for name, (hit, calm) in zip(options, outcomes, strict=True):
            profit = _interval((hit["attacker_profit"] - calm["attacker_profit"]) / reserve)
            loss = _interval((calm["treasury_final"] - hit["treasury_final"]) / reserve)
            failed = int(np.sum(~np.isfinite(hit["treasury_final"])))
            rows.append((attack, name, profit, loss, _interval(calm["tracking_rms"]), failed))
        if progress:
            progress(number + 1, len(attacks))
    return pd.DataFrame(rows, columns=["attack", "defence", "profit", "loss", "tracking", "failed"])


def _corruptions(values: Parameters) -> dict[str, Event]:
    """Events that corrupt the measured price, by the path of their size."""
    return {f"events.{n}.size": e for n, e in values.events.items() if e.kind == "oracle"}


def _refuse_peace(attack: str, values: Parameters) -> None:
    """Raises InputError where a scenario holds no attack, the attack lies beyond the span, or there
    is no treasury to attack.
    """
    trades = values.attack.enabled and (values.attack.size != 0.0 or values.attack.position != 0.0)
    starts = [
        s
        for s, happens in (
            (values.attack.start, trades),
            *((e.start, e.size != 0.0) for e in _corruptions(values).values()),
        )
        if happens
    ]
    if not (starts or values.bank_run.enabled):
        wanted = (
            "a scenario that sets attack.size or attack.position, or bank_run.enabled, or has an "
            "event of kind oracle"
        )
        raise InputError(
            f"'{attack}', in which nobody attacks", argument="attacks", expected=wanted
        )
    if starts and values.simulation.days <= min(starts):
        raise InputError(
            f"{values.simulation.days:g} days",
            key="simulation.days",
            expected=f"more than {min(starts):g}, when '{attack}' begins",
        )
    if values.treasury.reserve <= 0.0:
        raise InputError(
            "0", key="treasury.reserve", expected="more than 0: gains and losses are shares of it"
        )


def _outcomes(
    attacked: Resolved, options: Sequence[Mapping[str, float]], runs: int, seed: int
) -> list[list[dict[str, np.ndarray]]]:
    """Metrics (runs,) with and without the attack under each defence."""
    untouched = TRADES_AND_RUN | dict.fromkeys(_corruptions(attacked.values), 0.0)
    paths = sorted({path for sets in (*options, untouched) for path in sets})
    # a law that computes its gains from one of them takes plain numbers
    fixed = any(structural(path, {attacked.values.controller.type}) for path in paths)
    found = []
    for group in [[sets] for sets in options] if fixed else [options]:
        case = attacked.replace(group[0], source="defence") if fixed and group[0] else attacked
        free = sorted(untouched) if fixed else paths
        points = [
            [_at({**sets, **calm}, case, path) for path in free]
            for sets in group
            for calm in ({}, untouched)
        ]
        values = evaluate(
            case, free, points, runs=np.arange(runs), seed=seed, metrics=METRICS
        ).values
        each = [{metric: rows[i] for metric, rows in values.items()} for i in range(len(points))]
        found += [each[i : i + 2] for i in range(0, len(each), 2)]
    return found


def _at(sets: Mapping[str, float], resolved: Resolved, path: str) -> float:
    """A setting, or what the parameters have."""
    return float(sets[path] if path in sets else resolved.entries[path].value)


def saturation(resolved: Resolved) -> pd.DataFrame:
    """The smallest push of the price by trades that saturates the actuator, and what it costs,
    without shocks.

    Rows: direction and length. size: log distance, NaN where nobody can: the law never asks for
    that much, or it takes more than a quarter of the circulating supply or more USD than all of it
    is worth. cost: what the attacker has lost once he has traded himself out. usd, tok: the most
    that he has at stake on the way. All money in shares of the pool's first USD.
    """
    values, rows = resolved.values, []
    for sign, side in ((-1.0, "buy-back"), (1.0, "sale")):
        for name, length in PUSHES.items():
            days = length or values.controller.interval
            found = _pushes(resolved, sign * SIZES, days)
            full = np.flatnonzero(found["saturated"])
            if not len(full):
                rows.append((side, name, np.nan, np.nan, np.nan, np.nan))
                continue
            at = int(full[0])
            rows.append(
                (
                    side,
                    name,
                    sign * SIZES[at],
                    *(float(found[k][at]) for k in ("cost", "usd", "tok")),
                )
            )
    return pd.DataFrame(rows, columns=["actuator", "push", "size", "cost", "usd", "tok"])


def _pushes(resolved: Resolved, sizes: np.ndarray, days: float) -> dict[str, np.ndarray]:
    """Outcome of pushes of some sizes on the undisturbed economy, (sizes,)."""
    step = resolved.values.simulation.time_step
    # the last day of a push of one interval is the one on which the protocol decides: decisions
    # fall a step before its multiples
    interval = resolved.values.controller.interval
    start = max(6.0 * interval - days, np.ceil(6.0 / interval) * interval) - step
    span = start + days + UNWIND + 10.0
    sets = DEEP | {
        "attack.enabled": True,
        "attack.start": start,
        "attack.days": days,
        "attack.unwind_days": UNWIND,
        "shocks.enabled": False,
        "simulation.days": span,
    }
    today, values = put(resolved.today, sets), put(resolved.values, sets)
    table = sample(values, np.zeros(1, dtype=int), 0)
    params = bind(values, table)
    swept = {"attack.size": sizes}
    begin = carried(starts(dict(today), MODEL, swept, len(sizes)), MODEL, substitute(params, swept))
    record = [
        "control_output",
        "treasury_usd",
        "treasury_tok",
        "total_supply",
        "token_price",
        "reference_depth",
    ]
    record += ["attacker_profit", "attacker_usd", "attacker_tok"]
    engine = Ensemble(
        MODEL.bound(params), params, swept=list(swept), record=record, steps=values.simulation.steps
    )
    paths = engine(begin, swept, engine.shocks(table), lanes=len(sizes)).values
    depth, window = paths["reference_depth"][:, :1], slice(1, 2 + round((start + days) / step))
    output = paths["control_output"][:, window]
    before = {
        name: paths[name][:, : output.shape[1]]
        for name in ("treasury_usd", "treasury_tok", "total_supply", "token_price")
    }
    spend = values.controller.spend_limit * before["treasury_usd"]
    sellable = before["treasury_tok"] / step + values.controller.mint_limit * before["total_supply"]
    sale = np.minimum(values.controller.sale_limit * depth, sellable * before["token_price"])
    bound = np.where(sizes[:, None] < 0.0, spend, sale)
    used = np.where(sizes[:, None] < 0.0, output, -output)
    staked = {
        name: np.max(paths[name][:, :1] - paths[name], axis=1)
        for name in ("attacker_usd", "attacker_tok")
    }
    able = np.all([staked[name] < FULL * paths[name][:, 0] for name in staked], axis=0)
    return {
        "saturated": np.any(used >= FULL * bound, axis=1) & able,
        "cost": -paths["attacker_profit"][:, -1] / depth[:, 0],
        "usd": staked["attacker_usd"] / depth[:, 0],
        "tok": staked["attacker_tok"] * paths["token_price"][:, 0] / depth[:, 0],
    }

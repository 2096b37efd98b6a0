"""The price loop computed again from docs/equations.md alone: no block, law or formula is imported.

What the loop does not compute (others' orders, news, utility value, the treasury's stocks) is read
from the run; prices, pool, measurement, signal and the controller's trades are our own from the
first day on.
"""

import numpy as np
import pytest

import tokenomics as tk

STEPS = 200


def clip(value, low, high):
    return min(max(value, low), high)


def again(result, buys, sells):
    """Paths of our own, by name. buys, sells: names of others' orders."""
    p = result.resolved.values
    path = {name: values[0] for name, values in result.trajectories.values.items()}
    dt = p.simulation.time_step
    oracle, control, pid, market = p.oracle, p.controller, p.controller.pid, p.market
    keep = ("token_price", "oracle_log_price", "pool_tok", "pool_usd", "outside_value")
    keep += ("control_signal", "control_integral", "control_filtered", "control_age")
    state = {name: path[name][0] for name in keep}
    state["control_integral"] = (
        0.0 if np.isnan(state["control_integral"]) else state["control_integral"]
    )
    line = [path[f"oracle_delayed_{k}"][0] for k in range(1, 1 + round(oracle.delay / dt))]
    found = {name: [] for name in (*keep, "measured_price", "control_output")}
    for t in range(STEPS):
        was, now = t, t + 1
        price, pool, usd = state["token_price"], state["pool_tok"], state["pool_usd"]
        # the oracle
        seen = np.log(price) + path["oracle_bias"][now] - state["oracle_log_price"]
        reach = oracle.slope_limit * dt
        lagged = state["oracle_log_price"] + clip(seen * -np.expm1(-dt / oracle.lag), -reach, reach)
        line = [lagged + oracle.noise * path["oracle_noise"][now], *line]
        measured = line.pop()
        # the controller
        reserve, tokens = path["treasury_usd"][was], path["treasury_tok"][was]
        depth, supply = path["reference_depth"][0], path["total_supply"][was]
        cost = p.treasury.cost_ratio * path["balancing_cost"][0]
        high = min(control.spend_limit * reserve, max(reserve / dt - cost, 0.0)) / depth
        both = control.sides == "both"
        can_sell, can_mint = tokens / dt, control.mint_limit * supply
        low = -min(control.sale_limit, (can_sell + can_mint) * price / depth) if both else 0.0
        error, since = np.log(path["utility_value"][was]) - measured, state["control_age"] + dt
        signal, integral, filtered, age = (
            state[f"control_{name}"] for name in ("signal", "integral", "filtered", "age")
        )
        age = since
        if since >= control.interval - 1e-9:
            outside = np.sign(error) * max(abs(error) - pid.dead_band, 0.0)
            weight = -np.expm1(-since / pid.derivative_time)
            slope = (measured - filtered) * weight / since
            raw = pid.kp * outside + integral - pid.kd * slope
            limited = clip(raw, signal - pid.rate_limit * since, signal + pid.rate_limit * since)
            signal = clip(limited, low, high)
            unwind = (signal - raw) * -np.expm1(-since / pid.antiwindup_time)
            integral = integral * np.exp(-pid.leak * since) + since * pid.ki * outside
            integral += unwind if both else min(unwind, max(-integral, 0.0))
            filtered, age = filtered + (measured - filtered) * weight, 0.0
        wanted = clip(signal, low, high) * depth
        sale = max(-wanted, 0.0) / price
        from_treasury = min(sale, can_sell)
        minted = min(sale - from_treasury, can_mint)
        output = max(wanted, 0.0) - (from_treasury + minted) * price
        # the market
        bought = (sum(path[name][now] for name in buys) + max(wanted, 0.0)) * dt
        sold = (sum(path[name][now] for name in sells) + from_treasury + minted) * dt
        leaving = max(path["delegated"][now], 0.0) + path["order_run_tok"][now]
        able = (path["holders_tok"][was] - leaving * dt) * (1.0 - 1e-3)
        book = market.book_depth
        fill = max(
            (usd + book + bought) / (pool + book / price + sold),
            (usd + bought) / (pool + able + sold),
        )
        quoted = min(book / price - book / fill, able)
        impact = 2.0 * np.log(fill / price)
        before = np.log(state["outside_value"])
        pull = (np.log(path["utility_value"][was]) - before) * -np.expm1(-market.anchoring * dt)
        extra = (
            (market.announced_impact - market.permanent_impact) * 2.0 * output * dt / (usd + book)
        )
        change = pull + market.permanent_impact * impact + extra + path["news"][now]
        speed = market.arbitrage_speed * dt
        left, arriving = np.exp(-speed), -np.expm1(-speed) / speed
        gap = np.log(price) - before
        goal = np.exp(before + change + gap * left + (impact - change) * arriving)
        cleared, product = pool - (bought / fill - sold - quoted), pool * usd
        able -= quoted
        moved = min(np.sqrt(product / goal), cleared + able)
        price = product / moved**2
        lacking = market.pool_share * path["circulating_supply"][was] - moved
        lacking *= -np.expm1(-dt / market.pool_time)
        pool = moved + min(lacking, 0.5 * max(able - (moved - cleared), 0.0))
        state = {
            "token_price": price,
            "oracle_log_price": lagged,
            "pool_tok": pool,
            "pool_usd": price * pool,
            "outside_value": np.exp(before + change),
            "control_signal": signal,
            "control_integral": integral,
            "control_filtered": filtered,
            "control_age": age,
        }
        for name, value in (
            state | {"measured_price": np.exp(measured), "control_output": output}
        ).items():
            found[name].append(value)
    return found, path


@pytest.mark.parametrize("policy", ["pid", "pid_two_sided"])
@pytest.mark.parametrize("step", [1.0, 0.5])
@pytest.mark.parametrize("book", [0.0, 4e5])
def test_the_documented_equations_are_the_models(policy, step, book):
    sets = {
        "simulation.time_step": step,
        "controller.interval": 2.0 * step,
        "controller.pid.kd": 0.1,
        "controller.pid.dead_band": 0.01,
        "market.announced_impact": 0.3,
        "market.book_depth": book,
        "market_factor.beta": 1.5,
        "oracle.delay": 2.0 * step,
        "oracle.slope_limit": 0.05,
    }
    result = tk.run(
        today=sets | {"controller.type": "pid"},
        policy=policy,
        runs=1,
        seed=3,
        days=STEPS * step,
        engine="ensemble",
    )
    names = result.trajectories.values
    own = ("order_treasury_tok", "order_mint_tok")
    buys = [n for n in names if n.startswith("order_") and n.endswith("_usd")]
    sells = [n for n in names if n.startswith("order_") and n.endswith("_tok") and n not in own]
    found, path = again(result, buys, sells)
    assert np.max(np.abs(path["control_output"])) > 0.0
    for name, values in found.items():
        mine, scale = np.array(values), np.max(np.abs(path[name]))
        assert np.max(np.abs(mine - path[name][1:])) <= 1e-9 * max(scale, 1e-6), name

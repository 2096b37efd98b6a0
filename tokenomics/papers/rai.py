"""RAI's PI controller: what its gains mean a year, what its leak forgets, and where BlockScience's
time constants come from.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..model.controllers import rai
from .reproduction import Claim, Reproduction, settings, verdict

HOUR, DAY = 3600.0, 86_400.0


def rise_time(kp, step, reach, price=1.0):
    """Time [s] in which a redemption price p with p' = kp p (m − p) covers a share `reach` of a
    step of the market price m.

    A logistic curve from `price` to price + step. For small steps it is first order, ln(1/(1 −
    reach)) / (kp price).
    """
    return np.log((1.0 + reach * step / price) / (1.0 - reach)) / (kp * (price + step))


def twin(kp, step, s):
    """BlockScience's step responses: (hours to `reach` of the step or NaN, overshoot [USD], last
    redemption price [USD]).

    kp: [1/(USD s)], negative where the redemption price follows the market. step: of the debt price
    [USD]. s: settings by path. Elementwise. The market's equation, the order of the updates, the
    length of each step and its seed are the source's.
    """
    kp, step = np.broadcast_arrays(np.asarray(kp, float), np.asarray(step, float))
    start, count = s["twin.price"], s["twin.steps"]
    target, market, debt = (np.full(kp.shape, start) for _ in range(3))
    star, hat, star_sum, hat_sum, slope = (np.zeros(kp.shape) for _ in range(5))
    clock, path, highest = [0.0], [target], market
    for k in range(1, count + 1):
        seeded = np.random.RandomState(int(f"{s['twin.run']}{k - 1}"))
        dt = int(s["twin.period"] + s["twin.lag"] * seeded.standard_exponential())
        debt = debt + step * ((k == s["twin.shock_step"]) - (k == count // 2))
        market = (
            s["twin.intercept"]
            + s["twin.autoregression"] * market
            + s["twin.target_kp"] * star
            + s["twin.target_ki"] / dt * star_sum
            + s["twin.target_kd"] * dt * slope
            + s["twin.debt_kp"] * hat
            + s["twin.debt_ki"] / dt * hat_sum
            + s["twin.debt_kd"] * dt * slope
        )
        market = np.maximum(market, 0.0)
        now, owed = rai.deviation(target, market), debt - market
        # the source cuts the old integral down to a whole number and has its leak switched off
        star_sum = rai.leaky_integral(np.trunc(star_sum), now, star, dt, 1.0)
        hat_sum = rai.leaky_integral(hat_sum, owed, hat, dt, 1.0)
        slope, star, hat = (now - star) / dt, now, owed
        target = rai.next_redemption_price(
            target, rai.redemption_rate(rai.feedback(now, 0.0, kp, 0.0), target), dt
        )
        highest = np.maximum(highest, market)
        clock.append(clock[-1] + dt)
        path.append(target)
    path, clock = np.array(path), np.array(clock)
    begun, there = path > start, path - start >= s["twin.reach"] * step
    hours = (clock[there.argmax(axis=0)] - clock[begun.argmax(axis=0)]) / HOUR
    return np.where(there.any(axis=0), hours, np.nan), highest - (start + step), target


def rates(s):
    """Annual redemption rates of a constant error."""
    kp, price = np.array(s["rates.kp"], float), s["rates.redemption_price"]
    rate = rai.redemption_rate(
        rai.feedback(s["rates.error"], 0.0, kp, 0.0), price, s["rates.noise_barrier"]
    )
    return pd.DataFrame(
        {"Kp [1/(USD s)]": kp, "error [USD]": s["rates.error"], "rate − 1 [1/s]": rate - 1.0}
        | {"ours [%/year]": 100 * rai.per_year(rate), "published": s["rates.published"]}
    )


def leaks(s):
    """What the leak leaves, and what it does to the integral of a constant error."""
    leak, delay = s["leak.per_second"], s["leak.update_delay"]
    left = 100 * leak ** (s["leak.window"] * DAY)
    rows = [
        ("left after 30 days [%]", left, s["leak.left"]),
        ("half-life [days]", rai.half_life(leak) / DAY, s["leak.half_life"]),
        ("time constant [days]", -1.0 / np.log(leak) / DAY, None),
        (
            "leak of a 30-day half-life [1/s], less 1",
            0.5 ** (1 / (s["leak.window"] * DAY)) - 1.0,
            None,
        ),
        (
            "integral of a lasting error of 1 USD, updated every 8 h [USD days]",
            delay / (1.0 - leak**delay) / DAY,
            None,
        ),
        ("the same, updated all the time [USD days]", -1.0 / np.log(leak) / DAY, None),
    ]
    return pd.DataFrame(rows, columns=["quantity", "ours", "published"])


def time_constants(s):
    """The twin's time constants and overshoots beside the closed forms, mean over the shocks."""
    kp, shocks = np.array(s["twin.kp"], float), np.array(s["twin.shocks"], float)
    hours, overshoot, _ = twin(-kp[:, None], shocks[None, :], s)
    closed = (
        rise_time(kp[:, None], shocks[None, :], s["twin.reach"], s["twin.price"]).mean(axis=1)
        / HOUR
    )
    return pd.DataFrame(
        {
            "Kp [1/(USD s)]": kp,
            "first order [h]": rise_time(kp, 0.0, s["twin.reach"], s["twin.price"]) / HOUR,
            "logistic [h]": closed,
            "twin again [h]": hours.mean(axis=1),
            "published": s["twin.time_constant"],
            "Kp × published [1]": kp * np.array(s["twin.time_constant"], float) * HOUR,
            "overshoot again [USD]": overshoot.mean(axis=1),
            "overshoot published": s["twin.overshoot"],
        }
    )


def reproduce(runs=None, seed=0, progress=None) -> Reproduction:
    """The three tables and the claims; nothing is drawn at random but the twin's own seeded steps,
    so `runs` and `seed` are idle.
    """
    s = {path: leaf.value for path, leaf in settings("rai").items()}
    annual, leak, times = rates(s), leaks(s), time_constants(s)
    ours, said = annual["ours [%/year]"], annual["published"]
    off = np.abs(times["twin again [h]"] / times["published"] - 1.0).max()
    over = np.abs(times["overshoot again [USD]"] - times["overshoot published"]).max()
    product = times["Kp × published [1]"]
    logistic, linear = (
        (times[name] / times["published"] - 1.0).abs().max()
        for name in ("logistic [h]", "first order [h]")
    )
    _, _, last = twin(s["twin.kp"][3], s["twin.shocks"][0], s)
    _, _, follows = twin(-s["twin.kp"][3], s["twin.shocks"][0], s)
    claims = (
        *(
            Claim(
                f"Kp = {kp:g} with the market 0.15 USD too high means about {p} % a year (forum)",
                verdict(abs(o - p) <= 0.5),
                f"{o:.2f} % a year, compounded every second",
            )
            for kp, o, p in zip(annual["Kp [1/(USD s)]"], ours, said, strict=True)
        ),
        Claim(
            "A leak of 0.99999884423976 per second is a 30-day leak (forum)",
            verdict(abs(leak["ours"][0] - s["leak.left"]) <= 0.05),
            f"as a window: {leak['ours'][0]:.2f} % is left after 30 days. As a half-life it would "
            f"not be: half is gone after "
            f"{leak['ours'][1]:.2f} days",
        ),
        Claim(
            "Time constants of 80, 121 and 243 h for Kp = 3e-6, 2e-6 and 1e-6 (BlockScience)",
            verdict(off < 1e-9),
            (
                f"their model run again gives all {len(times)} published time constants within "
                f"{off:.0e} and overshoots within {over:.0e} USD"
            ),
        ),
        Claim(
            "The time constant is inversely proportional to Kp (implied by the table)",
            verdict(product.max() - product.min() < 0.02 * product.mean()),
            f"Kp × time constant is {product.min():.3f} to {product.max():.3f} over a range of "
            f"{max(s['twin.kp']) / min(s['twin.kp']):.1f} in Kp. "
            f"The loop p' = Kp p (m − p) with a market that jumps at once gives 1/Kp, within "
            f"{100 * logistic:.1f} % of the published "
            f"values; its first-order limit is up to {100 * linear:.0f} % too long because steps "
            f"of up to 100 % are not small",
        ),
        Claim(
            (
                "These are time constants of the controller that was deployed (implied by the "
                "recommendation)"
            ),
            "not testable",
            "they hold for a redemption price that follows the market (Kp < 0 in the twin); the "
            "contract has the same error, redemption "
            f"price − market, and Kp from +1e-8 to +4e-7. In the twin that sign takes the "
            f"redemption price to {float(last):.3f} USD in "
            f"40 days with a step up and down again ({float(follows):.3f} with theirs): there is "
            f"then no time constant, and how fast "
            "the real market follows is not in the table",
        ),
    )
    choices = (
        (
            "the published mean is over the three shocks of the first of four runs: the notebook "
            "reads the pooled frame's first rows"
        ),
        (
            "the twin's leak was off and its Ki zero in this table; the leak, the noise barrier "
            "and the 8-hour delay play no part in it"
        ),
        (
            "the twin's derivative of the debt error repeats that of the target error, as in the "
            "source"
        ),
        (
            "its market coefficients are per step of 3,600 s and more, whatever the step's length, "
            "as in the source"
        ),
    )
    tables = {
        "Annual rates of a lasting error": annual,
        "The leak": leak,
        "Time constants of a step of the debt price": times,
    }
    return Reproduction(
        "RAI's PI controller (Reflexer Labs, GEB; BlockScience's digital twin, 2021)",
        tables,
        claims,
        choices,
    )

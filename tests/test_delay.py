"""The oracle's pure delay: whole days, a line of state variables, seen by every engine and by the
linear analysis.
"""

import numpy as np
import pytest

import tokenomics as tk
from paths import assert_same_bits, simulate
from tokenomics.experiments.plan import structural
from tokenomics.loop.economy import linear_law, linearise
from tokenomics.loop.margins import margins
from tokenomics.parameters import resolve


@pytest.mark.parametrize(("delay", "time_step"), [(3, 1.0), (3, 0.5), (2, 0.4)])
def test_the_protocol_sees_the_price_of_that_many_days_ago(delay, time_step):
    sets = {
        "oracle.lag": 0,
        "oracle.noise": 0,
        "oracle.delay": delay,
        "simulation.time_step": time_step,
    }
    paths = simulate(sets, policy="pid", scenarios=("token_crash",), days=90, runs=2)
    steps = round(delay / time_step)
    # without a delay a step sees the price with which it begins
    np.testing.assert_allclose(
        paths["measured_price"][:, 1 + steps :], paths["token_price"][:, : -1 - steps], rtol=1e-12
    )
    np.testing.assert_allclose(
        paths["measured_price"][:, 1 : 1 + steps],
        paths["token_price"][:, :1] * np.ones(steps),
        rtol=1e-12,
    )


def test_without_a_delay_there_is_no_line():
    assert not [n for n in simulate(days=1, runs=1) if n.startswith("oracle_delayed")]
    off = simulate({"oracle.enabled": False, "oracle.delay": 5}, days=2, runs=1)
    assert not [n for n in off if n.startswith("oracle_delayed")]


def test_both_engines_delay_alike():
    sets = {"oracle.delay": 4, "simulation.days": 40}
    runs = [
        tk.run(
            "baseline", policy="pid", scenario="token_crash", sets=sets, runs=3, engine=e
        ).dataset
        for e in ("cadcad", "ensemble")
    ]
    for name in runs[0]:
        assert_same_bits(name, runs[0][name].values, runs[1][name].values)
    assert "oracle_delayed_4" in runs[0] and "oracle_delayed_5" not in runs[0]


def test_a_swept_delay_groups_its_runs():
    assert structural("oracle.delay", {"pid"})
    design = {
        "policies": ["pid"],
        "parameters": {"oracle.delay": [0, 3]},
        "runs": 2,
        "set": {"simulation.days": 30},
        "metrics": ["tracking_rms"],
    }
    rows = tk.sweep(design).table().groupby("oracle.delay")
    assert len(rows) == 2
    for delay, row in rows:
        alone = tk.run(
            "baseline",
            policy="pid",
            sets={"oracle.delay": int(delay), "simulation.days": 30},
            runs=2,
            seed=0,
        )
        assert row["tracking_rms"].mean() == pytest.approx(
            alone.metrics().loc["tracking_rms", "mean"], rel=1e-12
        )


@pytest.mark.parametrize(("reference", "gain"), [("peg", 0.05), ("peg", 0.4), ("utility", 0.4)])
def test_a_delay_of_so_many_days_takes_as_many_days_from_the_delay_margin(gain, reference):
    """Exactly so against a peg. The utility value is not delayed and moves with the signal too:
    there, with a large gain, a delay takes at least as much.
    """

    def margin(days):
        sets = (
            f"controller.pid.kp={gain}",
            f"oracle.delay={days}",
            f"controller.reference={reference}",
        )
        economy = linearise(resolve("baseline", policy="pid", sets=sets).values)
        found = margins(economy.plant, linear_law(economy.params, economy.state))
        assert found.stable
        return found

    none, some = margin(0), margin(2)
    if reference == "peg":
        assert some.delay == pytest.approx(none.delay - 2.0, abs=1e-6)
    else:
        assert some.delay < none.delay - 2.0


def test_a_delay_that_no_step_can_keep_is_refused():
    with pytest.raises(
        tk.InputError,
        match=r"oracle.delay: 3 days; expected a multiple of simulation.time_step, 0.4 days",
    ):
        resolve(
            "baseline", sets=("oracle.delay=3", "simulation.time_step=0.4", "simulation.days=364")
        )

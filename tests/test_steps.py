"""Results do not hang on the step: on paths whose shocks are the same, drawn at a sixteenth of a
day and put together, figures stay where they are. More runs: tests/benchmarks/BEHAVIOUR.md.
"""

import numpy as np
import pytest
from coupled import FINE, metrics_at, together

from tokenomics.model.formulas.numerics import poisson
from tokenomics.model.shocks import sample
from tokenomics.parameters import put, resolve

BASE = resolve("baseline")
METRICS = ("tracking_rms", "price_volatility", "bill_volatility", "churn", "velocity_speculative")


def test_shocks_that_are_put_together_are_those_of_a_longer_step():
    runs, days = 400, 8.0
    own = put(BASE.values, {"simulation.days": days, "simulation.time_step": 0.5})
    fine = sample(put(own, {"simulation.time_step": FINE}), np.arange(runs), 3)
    long = together(fine, own)
    parts = fine.values["news_normal"].reshape(16, 8, runs)
    np.testing.assert_allclose(
        long.values["news_normal"] * np.sqrt(8.0), parts.sum(axis=1), atol=1e-12
    )
    rate = own.news.jump_rate
    few = poisson(rate * FINE, fine.values["news_jump_uniform"]).reshape(16, 8, runs).sum(axis=1)
    np.testing.assert_array_equal(poisson(rate * 0.5, long.values["news_jump_uniform"]), few)
    for name, series in long.values.items():
        if not name.endswith("uniform"):
            assert abs(series.mean()) < 0.05 and series.std() == pytest.approx(1.0, abs=0.05), name


def test_figures_stay_where_they_are_when_the_step_is_cut():
    found = {step: metrics_at(BASE, step, 192, METRICS) for step in (0.25, 0.125, 0.0625)}
    for name in METRICS:
        at = {step: values[name].mean() for step, values in found.items()}
        assert at[0.25] == pytest.approx(at[0.0625], rel=0.06), name
        assert at[0.125] == pytest.approx(at[0.0625], rel=0.03), name
    for name in ("tracking_rms", "price_volatility", "churn"):
        one, two = (
            abs(np.mean(found[a][name] - found[b][name]))
            for a, b in ((0.25, 0.125), (0.125, 0.0625))
        )
        assert two < one, name

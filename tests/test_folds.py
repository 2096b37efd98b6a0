"""A metric is one fold: the compiled step and the path give one number; what is equal is carried
once, and no path is kept.
"""

import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tokenomics as tk
from tokenomics.engines import cadcad
from tokenomics.engines.ensemble import Ensemble
from tokenomics.engines.folds import Fold, Folds
from tokenomics.experiments.evaluate import evaluate
from tokenomics.model.model import MODEL, bind
from tokenomics.model.shocks import sample
from tokenomics.model.steady_state import steady_state
from tokenomics.parameters import put
from tokenomics.results.evaluation import evaluate_metrics
from tokenomics.results.folds import mean_of, total, volatility_of
from tokenomics.results.metrics import METRICS, cost_at_risk
from tokenomics.results.returns import drawdown, volatility

FOLDS = {name: metric.fold for name, metric in METRICS.items() if metric.fold}
NEEDS = sorted({variable for fold in FOLDS.values() for variable in fold.needs})
RUNS = 11


def prepared(sets=None, **choice):
    choice = {"policy": "pid", "scenarios": ("combined_stress",)} | choice
    resolved = tk.resolve("baseline", sets={"simulation.days": 40} | (sets or {}), **choice)
    params = bind(resolved.values, sample(resolved.values, np.arange(RUNS), 3))
    return resolved, params, steady_state(resolved.values).state


def compiled(folds, parameters, params, start, *, record=(), every=1):
    """What an ensemble gives for some folds."""
    engine = Ensemble(
        MODEL.bound(params),
        params,
        record=record,
        steps=parameters.simulation.steps,
        every=every,
        folds=Folds(folds, parameters, ()),
    )
    return engine(start, {}, engine.shocks(params["shock_table"]), lanes=RUNS)


def assert_one_number(folded, of_paths):
    assert set(folded) == set(of_paths) == set(FOLDS)
    for name, values in of_paths.items():
        np.testing.assert_array_equal(folded[name], values, err_msg=name)


@pytest.mark.parametrize(
    ("policy", "step", "every"),
    [("pid", 1.0, 1), ("pid", 0.25, 1), ("rai", 0.25, 4), ("none", 1.0, 3)],
)
def test_the_step_folds_to_the_number_of_the_path(policy, step, every):
    resolved, params, start = prepared({"simulation.time_step": step}, policy=policy)
    outcome = compiled(FOLDS, resolved.values, params, start, record=NEEDS, every=every)
    assert_one_number(
        outcome.folded, evaluate_metrics(list(FOLDS), outcome.values, resolved.values)
    )


def test_the_reference_engine_gives_the_same_numbers():
    resolved, params, start = prepared()
    steps = resolved.values.simulation.steps
    slow = cadcad.simulate(
        MODEL.bound(params), params, start, runs=np.arange(RUNS), steps=steps, record=NEEDS
    )
    assert_one_number(
        compiled(FOLDS, resolved.values, params, start).folded,
        evaluate_metrics(list(FOLDS), slow.values, resolved.values),
    )


def test_a_failed_run_has_no_number_in_either_form():
    @tk.writes(tk.Variable("broken", "1", "what breaks some runs", 1.0, start=0.0))
    def policy_break(params, substep, state_history, state):
        worst = (state["step"] > 6.0) & (state["log_return"] < -0.15)
        return {"broken": np.where(worst, np.nan, 0.0)}

    model = MODEL.insert(
        tk.block("some runs break", policy_break), after="the network's price moves"
    )
    resolved = tk.resolve("baseline", policy="pid", sets={"simulation.days": 25})
    found = evaluate(
        resolved, (), [[]], runs=np.arange(RUNS), seed=3, metrics=list(METRICS), model=model
    )
    broken = np.isfinite(found.failed_day[0])
    assert 0 < broken.sum() < RUNS
    for engine in ("cadcad", "ensemble"):
        result = tk.run(
            "baseline", policy="pid", days=25, runs=RUNS, seed=3, engine=engine, model=model
        )
        table = result.metrics_per_run()
        for name in METRICS:
            np.testing.assert_array_equal(np.isnan(found.values[name][0]), broken, err_msg=name)
            np.testing.assert_array_equal(table[name], found.values[name][0], err_msg=name)


@pytest.mark.slow
def test_a_swept_parameter_is_that_of_its_run():
    resolved, _, _ = prepared()
    swept = {
        "cloud.latency_p99": [18.82, 18.87, 18.9, 30.0],
        "access.central.uptime": [0.9, 0.95, 1.0, 0.99],
    }
    points = list(zip(*swept.values(), strict=True))
    names = ["sla_attainment", "uptime", "latency_p99"]

    def of(paths, points, at):
        return evaluate(at, paths, points, runs=np.arange(RUNS), seed=3, metrics=names).values

    together = of(list(swept), points, resolved)
    assert len(np.unique(together["sla_attainment"].mean(axis=1))) > 2
    for row, point in enumerate(points):
        alone = of((), [[]], resolved.replace(dict(zip(swept, point, strict=True)), source="test"))
        for name in names:
            np.testing.assert_array_equal(together[name][row], alone[name][0], err_msg=name)


def product(variable):
    """What is no sum, though it starts like one that starts at 0 and is multiplied."""
    return Fold(
        (variable,),
        lambda first, p: {"product": 0.0},
        lambda before, now, p: {"product": before["product"] * now[variable]},
        lambda after, p, count: after["product"],
    )


def chained(variable, factor):
    """Two accumulators, of which one follows the other a day later."""
    return Fold(
        (variable,),
        lambda first, p: {"lead": 0.0, "follow": 0.0},
        lambda before, now, p: {
            "lead": before["lead"] + factor * now[variable],
            "follow": before["lead"],
        },
        lambda after, p, count: after["follow"],
    )


def test_equal_accumulators_are_one():
    parameters = tk.resolve().values
    names = Folds(
        {
            "mean": mean_of("nodes"),
            "sum": total(("nodes",), lambda now, p: now["nodes"], lambda total, p, count: total),
            "square": total(
                ("nodes",), lambda now, p: now["nodes"] ** 2, lambda total, p, count: total
            ),
            "other": mean_of("served"),
            "product": product("nodes"),
        },
        parameters,
        (),
    ).names
    assert names == ("mean.total", "square.total", "other.total", "product.product")
    # what is equal is so in circles too, and what differs a day later is not
    chains = {"one": chained("nodes", 2.0), "two": chained("nodes", 2.0)}
    assert Folds(chains, parameters, ()).names == ("one.lead", "one.follow")
    chains["two"] = chained("nodes", 3.0)
    assert len(Folds(chains, parameters, ()).names) == 4
    volatilities = {name: FOLDS[name] for name in ("price_volatility", "bill_volatility")}
    assert len(Folds(volatilities, parameters, ()).names) == 7  # the days are counted once


def test_a_swept_parameter_keeps_accumulators_apart_and_a_fixed_one_does_not():
    def of(path):
        def value(now, p):
            return now["nodes"] * (p.oracle.lag if path == "lag" else p.cloud.latency_p99)

        return total(("nodes",), value, lambda total, p, count: total)

    parameters = put(tk.resolve().values, {"oracle.lag": 2.0, "cloud.latency_p99": 2.0})
    folds = {"a": of("lag"), "b": of("cloud")}
    assert len(Folds(folds, parameters, ()).names) == 1
    assert len(Folds(folds, parameters, ["oracle.lag"]).names) == 2


def test_shared_accumulators_give_the_numbers_of_their_own():
    resolved, params, start = prepared()
    together = compiled(FOLDS, resolved.values, params, start).folded
    for name in ("price_volatility", "bill_volatility", "tracking_iae"):
        alone = compiled({name: FOLDS[name]}, resolved.values, params, start).folded
        np.testing.assert_array_equal(together[name], alone[name], err_msg=name)


def test_memory_does_not_grow_with_days_where_no_path_is_kept():
    def peak(days, record):
        resolved, params, start = prepared({"simulation.days": days})
        engine = Ensemble(
            MODEL.bound(params),
            params,
            record=record,
            steps=days,
            folds=Folds(FOLDS, resolved.values, ()),
        )
        shocks = engine.shocks(params["shock_table"])
        tracemalloc.start()
        try:
            engine(start, {}, shocks, lanes=RUNS)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    short, long = (peak(days, []) for days in (20, 400))
    assert long < 1.1 * short
    assert peak(400, ["token_price"]) > long + 400 * RUNS * 8


def exact_deviation(changes):
    """Standard deviation in exact arithmetic, rounded once."""
    exact = [Fraction(c) for c in changes]
    mean = sum(exact) / len(exact)
    return float(sum((c - mean) ** 2 for c in exact) / (len(exact) - 1)) ** 0.5


@pytest.mark.parametrize("drift", [0.0, 1e-3, 0.1, 1.0])
def test_volatility_in_one_pass_has_the_digits_of_two(drift):
    changes = drift + 1e-6 * np.random.default_rng(1).normal(size=365)
    path = np.exp(np.concatenate([[0.0], np.cumsum(changes)]))[None]
    logs = np.diff(np.log(path[0]))
    exact = exact_deviation(logs)
    p = tk.resolve().values
    found = volatility(path, p)[0] / np.sqrt(365.0)
    two_passes = np.std(logs, ddof=1)
    # one pass loses what the mean is larger than the deviation by, the sum of squares its square
    # (Chan, Golub and LeVeque, American Statistician 37 (1983) 242)
    condition = np.hypot(1.0, np.mean(logs) / exact)
    assert abs(two_passes / exact - 1.0) < 1e-14
    assert abs(found / exact - 1.0) < 1e-15 * condition + 1e-14
    if condition > 1e5:
        naive = np.sqrt((np.sum(logs**2) - np.sum(logs) ** 2 / 365) / 364)
        assert abs(naive / exact - 1.0) > 1e4 * abs(found / exact - 1.0)


def test_the_volatility_of_fewer_than_two_changes_is_not_told():
    p = tk.resolve().values
    assert np.isnan(volatility(np.ones((3, 2)), p)).all()
    np.testing.assert_array_equal(volatility(np.ones((3, 3)), p), 0.0)


def test_the_start_is_a_high_too():
    assert drawdown(np.array([4.0, 2.0, 3.0, 1.0])) == 0.75


@settings(deadline=None)
@given(st.lists(st.floats(0.01, 100.0), min_size=2, max_size=30), st.integers(1, 5))
def test_a_run_has_the_same_number_beside_others(prices, beside):
    path = np.array(prices)
    many = np.stack([path, *([path[::-1]] * beside)])
    for fold in (volatility_of("x"), FOLDS["treasury_low"]):
        needed = fold.needs[0]
        one, p = fold.over({needed: path[None]}, tk.resolve().values), tk.resolve().values
        np.testing.assert_array_equal(fold.over({needed: many}, p)[:1], one)


@given(st.lists(st.floats(0.0, 1e6), min_size=2, max_size=60))
def test_the_cost_at_risk_is_a_percentile_over_a_mean(bills):
    bill = np.array([bills, bills[::-1]])
    found = cost_at_risk(bill, bill + 1.0)
    expected = np.percentile(bill[:, 1:], 95, axis=1) / np.mean(bill[:, 1:] + 1.0, axis=1) - 1.0
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)

"""Blocks and laws of a user's own: each run branches on its own value, and what cannot be compiled
is named with its line.
"""

import math
from dataclasses import replace

import numpy as np
import pytest

import tokenomics as tk
from tokenomics.errors import ModelError, TokenomicsError
from tokenomics.model.controllers import LAWS
from tokenomics.model.model import MODEL, bind
from tokenomics.model.same_bits import with_our_functions
from tokenomics.model.shocks import sample
from tokenomics.model.steady_state import steady_state
from tokenomics.parameters import resolve
from tokenomics.results.metrics import METRICS

AFTER = "the network's price moves"
LEVEL = 0.155  # USD/TOK; the first days' prices of several runs lie on both sides of it
SCHEDULE = [1.0, 1.1, 1.2] * 4


def with_block(function, writes="inference_price", **more):
    return tk.MODEL.insert(tk.block("mine", function, writes=writes), after=AFTER, **more)


def final(function, *, runs, engine="cadcad", step=1.0):
    sets = {"simulation.time_step": step}
    run = tk.run(
        "baseline",
        policy="none",
        days=6,
        runs=runs,
        seed=3,
        model=with_block(function),
        engine=engine,
        sets=sets,
    )
    return run.dataset.inference_price.values


def ceiling(params, substep, history, state):
    if state["token_price"] > LEVEL:
        return {"inference_price": state["inference_price"] * 1.01}
    return {"inference_price": state["inference_price"]}


def ceiling_in_numpy(params, substep, history, state):
    return {
        "inference_price": np.where(
            state["token_price"] > LEVEL, state["inference_price"] * 1.01, state["inference_price"]
        )
    }


def ternary(params, substep, history, state):
    return {
        "inference_price": state["inference_price"]
        * (1.01 if state["token_price"] > LEVEL else 1.0)
    }


def greatest(params, substep, history, state):
    return {"inference_price": max(state["inference_price"], 0.2 * state["token_price"])}


def both(params, substep, history, state):
    return {
        "inference_price": state["inference_price"]
        + 0.01 * float(state["token_price"] > LEVEL and state["decoupling"] > 0.0)
    }


def looped(params, substep, history, state):
    price = state["inference_price"]
    while price > 0.1 * state["token_price"]:
        price *= 0.9
    return {"inference_price": price}


def plain_mathematics(params, substep, history, state):
    return {"inference_price": 0.01 + 0.01 * math.exp(-float(state["token_price"]))}


def scheduled(params, substep, history, state):
    return {"inference_price": 0.02 * SCHEDULE[int(state["time"])] + 0.0 * state["inference_price"]}


def shocked(params, substep, history, state):
    return {
        "inference_price": state["inference_price"]
        * (1.1 if params["shock_table"].at("news_normal", state["step"]) > 0.0 else 1.0)
    }


ALONE = (ceiling, ternary, greatest, both, looped, plain_mathematics, shocked)


@pytest.mark.slow_after(4)
@pytest.mark.parametrize(
    "function", [*ALONE, scheduled, ceiling_in_numpy], ids=lambda f: f.__name__
)
def test_a_run_branches_on_its_own_value_however_many_runs_there_are(function):
    np.testing.assert_array_equal(final(function, runs=1), final(function, runs=3)[:1])


@pytest.mark.parametrize("function", [ceiling, scheduled], ids=lambda f: f.__name__)
def test_a_run_branches_on_its_own_value_in_half_days_too(function):
    three = final(function, runs=3, step=0.5)
    for runs in (1, 2):
        np.testing.assert_array_equal(final(function, runs=runs, step=0.5), three[:runs])


def test_an_if_is_what_np_where_is():
    np.testing.assert_allclose(final(ceiling, runs=4), final(ceiling_in_numpy, runs=4), rtol=1e-12)
    assert len(np.unique(final(ceiling, runs=4)[:, -1])) == 4
    np.testing.assert_array_equal(
        final(ceiling_in_numpy, runs=4), final(ceiling_in_numpy, runs=4, engine="ensemble")
    )


def test_a_look_up_by_the_clock_takes_the_day_of_half_days():
    np.testing.assert_allclose(
        final(scheduled, runs=2, step=0.5)[0, 1:7] / 0.02, [1.0, 1.0, 1.1, 1.1, 1.2, 1.2]
    )


@pytest.mark.parametrize("function", [*ALONE, scheduled], ids=lambda f: f.__name__)
@pytest.mark.parametrize("runs", [1, 2])
def test_the_ensemble_names_the_line_of_a_branch_and_both_ways_out(function, runs):
    first = function.__code__.co_firstlineno
    with pytest.raises(tk.ModelError) as error:
        final(function, runs=runs, engine="ensemble")
    text = str(error.value)
    assert text.startswith(f"block 'mine', '{function.__name__}' (test_own_blocks.py, line ")
    assert first < int(text.split("line ")[1].split(")")[0]) <= first + 4
    assert "np.where" in text and text.endswith("the engine cadcad takes it")


def bang_bang(params, state, error, dt, low, high):
    if error > 0.02:
        return tk.Command(min(0.01, high))
    return tk.Command(0.0)


def test_a_law_that_branches_takes_several_runs_and_one_alike():
    tk.register_controller("bang_bang", bang_bang)
    try:
        settings = {
            "policy": {"controller": {"type": "bang_bang"}},
            "scenario": "token_crash",
            "days": 80,
            "seed": 1,
        }
        signals = [
            tk.run("baseline", runs=runs, **settings).dataset.control_signal.values
            for runs in (1, 3)
        ]
        np.testing.assert_array_equal(signals[0], signals[1][:1])
        assert {0.0, 0.01} <= set(signals[1].ravel()) and np.any(signals[1][0] != signals[1][1])
        with pytest.raises(
            tk.ModelError, match=r"'bang_bang' \(test_own_blocks.py, line .*np.where"
        ):
            tk.run("baseline", runs=2, engine="ensemble", **settings)
    finally:
        del LAWS["bang_bang"]


def test_a_run_that_has_failed_does_not_end_the_others_where_a_block_takes_them_one_by_one():
    def fragile(params, substep, history, state):
        price = (
            np.nan
            if state["step"] == 2 and params["shock_table"].at("news_normal", 2) > 0.0
            else state["inference_price"]
        )
        return {"inference_price": price if int(1e9 * state["inference_price"]) else 0.0}

    run = tk.run("baseline", policy="none", days=5, runs=4, seed=1, model=with_block(fragile))
    news = sample(resolve("baseline", sets=("simulation.days=5",)).values, range(4), 1).values[
        "news_normal"
    ][2]
    assert 0 < np.sum(news > 0.0) < 4
    assert {f.run for f in run.failures} == set(np.flatnonzero(news > 0.0))


def test_the_jacobian_of_a_block_that_branches_is_that_of_each_column():
    assert (
        steady_state(resolve("baseline", policy="none").values, with_block(ternary)).rank()
        == steady_state(resolve("baseline", policy="none").values, with_block(ceiling)).rank()
    )


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            lambda p, s, h, state: None,
            r"block 'mine': policy '<lambda>' returns NoneType; expected a dict of signals",
        ),
        (
            lambda p, s, h, state: {"inference_price": "dear"},
            r"block 'mine': the value of 'inference_price' is a str; expected a number",
        ),
        (
            lambda p, s, h, state: {"inference_price": None},
            r"block 'mine': the value of 'inference_price' is a NoneType",
        ),
        (
            lambda p, s, h, state: {"inference_price": h[-1]["inference_price"]},
            r"block 'mine', '<lambda>' \(test_own_blocks.py, line \d+\): it reads state_history",
        ),
        (
            lambda p, s, h, state: {"inference_price": 1 / 0},
            r"steady state: block 'mine', '<lambda>' \(test_own_blocks.py, line \d+\): ZeroDiv",
        ),
        (
            lambda p, s, h, state: {"inference_price": state["demandd"]},
            r"line \d+\): no state variable 'demandd'; did you mean 'demand'",
        ),
        (
            lambda p, s, h, state: {"inference_prise": 1.0},
            r"no policy gives the signal 'inference_price'; did you mean 'inference_prise'",
        ),
        (
            lambda p, s, h, state: {"token_price": 1.0},
            r"no policy gives the signal 'inference_price'(?!.*mean 'inference_price')",
        ),
        (
            lambda p, s, h, state: {"inference_price": {"a": 1.0}["pool"]},
            r"'<lambda>' \(test_own_blocks.py, line \d+\): KeyError: 'pool'$",
        ),
        (
            lambda p, s, h, state: {"inference_price": p["controler"].interval},
            r"line \d+\): no group of parameters 'controler'; did you mean 'controller'",
        ),
    ],
)
@pytest.mark.parametrize("engine", ["cadcad", "ensemble"])
def test_a_block_that_fails_in_the_steady_state_is_named_with_its_function(
    function, message, engine
):
    with pytest.raises(TokenomicsError, match=message):
        tk.run("baseline", days=2, model=with_block(function), engine=engine)


@pytest.mark.parametrize("engine", ["cadcad", "ensemble"])
def test_a_name_that_a_law_looks_up_in_vain_is_told_at_its_line(engine):
    def greedy(params, state, error, dt, low, high):
        return tk.Command(params["controller"].custom["gain"] * error)

    tk.register_controller("greedy", greedy)
    line = greedy.__code__.co_firstlineno + 1
    try:
        with pytest.raises(
            TokenomicsError,
            match=rf"'greedy' \(test_own_blocks.py, line {line}\).*: KeyError: 'gain'",
        ):
            tk.run(policy={"controller": {"type": "greedy"}}, days=2, engine=engine)
    finally:
        del LAWS["greedy"]


def test_a_start_that_fails_is_told_at_its_line():
    @tk.writes(tk.Variable("mine", "1", "mine", 1.0, start=lambda params, rest: {}["x"]))
    def policy_mine(params, substep, state_history, state):
        return {"mine": state["mine"]}

    model = tk.MODEL.insert(tk.block("mine", policy_mine), after=AFTER)
    said = r"variable 'mine': its start, '<lambda>' \(test_own_blocks.py, line \d+\): KeyError: 'x'"
    with pytest.raises(tk.ModelError, match=said):
        tk.run(days=2, model=model)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda paths, p: paths["token_prise"][:, 0], "among those .*; did you mean 'token_price'"),
        (lambda paths, p: {}["q"] * paths["token_price"][:, 0], r"line \d+\): KeyError: 'q'$"),
    ],
)
def test_a_name_that_a_metric_looks_up_in_vain_is_told_at_its_line(function, said):
    tk.metric("mine", "1", "mine", ("token_price",))(function)
    try:
        with pytest.raises(tk.ModelError, match=rf"'<lambda>' \(test_own_blocks.py, .*{said}"):
            tk.run(days=2).metrics()
    finally:
        del METRICS["mine"]


def test_a_text_is_one_name():
    model = tk.MODEL.insert(tk.block("mine", ternary, writes="inference_price"), after=AFTER)
    assert [u.variable for u in model.blocks[10].updates] == ["inference_price"]


def test_the_shipped_blocks_are_called_as_they_are():
    values = resolve("baseline").values
    params = bind(values, sample(values, [0], 0))
    assert not any(
        hasattr(f, "runwise")
        for block in MODEL.bound(params).blocks
        for f in (*block.policies, *block.updates)
    )


def test_a_trader_of_ones_own_is_filled_and_booked_without_another_word():
    """Passive holders sell a thousandth of what they have each day: the market takes it, and their
    ledger falls by it.
    """

    @tk.writes(
        tk.Variable(
            "order_drip_tok",
            "TOK/day",
            "a steady sale of holders",
            "pool_tok",
            0.0,
            0.0,
            sells="holders",
        )
    )
    def policy_drip(params, substep, state_history, state):
        return {"order_drip_tok": 1e-3 * state["holders_tok"]}

    drip = tk.block("holders drip", policy_drip)
    model = tk.MODEL.insert(drip, after="the controller decides")
    runs = [
        tk.run(days=30, model=m, engine="ensemble", sets={"shocks.enabled": False})
        for m in (tk.MODEL, model)
    ]
    plain, dripping = (run.trajectories.values for run in runs)
    assert dripping["token_price"][0, -1] < 0.98 * plain["token_price"][0, -1]
    np.testing.assert_allclose(dripping["conservation_error"], 0.0, atol=1e-12)
    sold = dripping["order_drip_tok"][0, 1:].sum()
    assert sold > 0.02 * dripping["holders_tok"][0, 0]
    with pytest.raises(
        tk.ModelError, match="variable 'order': no ledger 'holder'; did you mean 'holders'?"
    ):
        tk.Variable("order", "TOK/day", "", sells="holder")


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ("mine", "the value of 'mine' at rest depends on itself"),
        (lambda params, rest: 2.0 * rest["mine"], "the value of 'mine' at rest depends on itself"),
        ("token_pric", "'token_pric' has no value at rest; did you mean 'token_price'"),
        (lambda params, rest: rest["log_return"], "'log_return' has no value at rest"),
    ],
)
def test_a_start_that_leads_nowhere_is_named(start, said):
    @tk.writes(tk.Variable("mine", "1", "mine", 1.0, start=start))
    def policy_mine(params, substep, state_history, state):
        return {"mine": state["mine"]}

    model = tk.MODEL.insert(tk.block("mine", policy_mine), after=AFTER)
    with pytest.raises(tk.ModelError, match=said):
        tk.run(days=2, model=model)


def test_a_start_may_be_worked_out_from_others_at_rest():
    @tk.writes(
        tk.Variable(
            "mine", "USD/TOK", "twice", 1.0, start=lambda p, rest: 2.0 * rest["token_price"]
        )
    )
    def policy_mine(params, substep, state_history, state):
        return {"mine": 2.0 * state["token_price"]}

    model = tk.MODEL.insert(tk.block("mine", policy_mine), after=AFTER)
    found = tk.run(days=2, model=model).dataset
    assert found["mine"].values[0, 0] == 2.0 * found["token_price"].values[0, 0]


@pytest.mark.parametrize(
    ("unit", "side", "said"),
    [
        ("USD/day", {"buys": "holders"}, "no ledger 'holders'.*; expected one of customers, oper"),
        ("USD/day", {"sells": "holders"}, "an order in 'USD/day'; expected 'TOK/day'"),
        ("TOK/day", {"buys": "speculators"}, "an order in 'TOK/day'; expected 'USD/day'"),
    ],
)
def test_an_order_that_the_books_cannot_hold_is_refused(unit, side, said):
    with pytest.raises(tk.ModelError, match=said):
        tk.Variable("order_mine", unit, "mine", **side)


def test_an_order_behind_the_market_is_refused_for_nothing_would_fill_it():
    @tk.writes(tk.Variable("order_late_tok", "TOK/day", "late", start=0.0, sells="holders"))
    def policy_late(params, substep, state_history, state):
        return {"order_late_tok": 1.0 + 0.0 * state["holders_tok"]}

    late = tk.block("late", policy_late)
    with pytest.raises(tk.ModelError, match="'order_late_tok' behind 'the market clears', which"):
        tk.MODEL.insert(late, after="the market clears")
    assert tk.MODEL.insert(late, after="operators earn")


def test_a_signal_that_no_update_takes_is_named():
    @tk.writes("inference_price")
    def policy_two(params, substep, state_history, state):
        price = state["inference_price"]
        return {"inference_price": price, "token_price": 2.0 * state["token_price"]}

    model = tk.MODEL.insert(tk.block("two", policy_two), after=AFTER)
    said = "block 'two' does not say that it writes the signal 'token_price'; .*`writes`"
    for engine in ("cadcad", "ensemble"):
        with pytest.raises(tk.ModelError, match=said):
            tk.run(days=2, model=model, engine=engine)


def test_a_written_name_that_nothing_declares_is_named_with_its_block():
    @tk.writes("inference_prise")
    def policy_typo(params, substep, state_history, state):
        return {"inference_prise": state["inference_price"]}

    model = tk.MODEL.insert(tk.block("typo", policy_typo), after=AFTER)
    said = "block 'typo' writes unknown state variable 'inference_prise'; did you mean 'inference_p"
    with pytest.raises(tk.ModelError, match=said):
        tk.run(days=2, model=model)


def test_a_users_sum_goes_from_left_to_right():
    """Python's own adds up what rounding took from 3.12 on, and does not before."""

    def block():
        return sum, sum([1e100, 1.0, -1e100]), sum(v for v in (2.0, 3.0))

    used, cancelled, plain = with_our_functions(block)()
    assert used is not sum
    assert (cancelled, plain) == (0.0, 5.0)


def test_the_results_of_a_model_that_is_not_strict_say_so():
    def policy_odd(params, substep, state_history, state):
        return {"mine": state["token_price"] ** 1.5}

    policy = tk.writes(tk.Variable("mine", "1", "an odd power", 1.0, start=1.0))(policy_odd)
    name = "the network's price moves"
    strict = tk.MODEL.insert(tk.block("odd", policy), after=name)
    with pytest.raises(ModelError, match=r"power by '\*\*'.*test_own_blocks.py, line"):
        tk.run(days=3, runs=2, model=strict)
    loose = replace(strict, strict=False)
    results = [tk.run(days=3, runs=2, model=loose, engine=e) for e in ("cadcad", "ensemble")]
    for result in results:
        assert "last digits of these results depend on the processor" in result.notes[0]
        assert result.dataset["mine"].shape == (2, 4)
    assert tk.run(days=3, runs=2).notes == ()

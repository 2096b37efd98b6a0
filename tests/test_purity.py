"""A block, a law or a metric of a user's own is a function of what it is given; what is not is
refused by name, and nothing else is.
"""

import datetime as dt
import functools
import itertools
import json
import random
import re
import time
import uuid
from pathlib import Path

import numpy as np
import pytest

import tokenomics as tk
from tokenomics.elementary import exp
from tokenomics.engines import purity
from tokenomics.experiments.evaluate import evaluate
from tokenomics.model.controllers import LAWS, register_controller
from tokenomics.model.lanes import runwise
from tokenomics.model.model import BLOCKS, bind
from tokenomics.model.shocks import sample
from tokenomics.parameters import resolve
from tokenomics.results.metrics import METRICS

AFTER = "the network's price moves"
VALUES = resolve("baseline", policy="pid", sets=("simulation.days=120",)).values
CODE = Path(__file__).resolve().parents[1]
GENERATOR = np.random.default_rng(1)
COUNT, SEEN, BY_DAY, LAST, FLAG, SERIAL = [0], [], {}, {}, [False], itertools.count()


def price(state, factor=1.0):
    return {"inference_price": state["inference_price"] * factor}


def look(function):
    purity.check_model(
        tk.MODEL.insert(tk.block("mine", function, writes="inference_price"), after=AFTER), VALUES
    )


def legacy(params, substep, history, state):
    return price(state, np.random.lognormal(0.0, 0.1))


def legacy_late(params, substep, history, state):
    return price(state, np.random.lognormal(0.0, 0.1) if state["time"] > 1e5 else 1.0)


def legacy_of_a_run(params, substep, history, state):
    return price(state, np.random.lognormal(0.0, 0.1, np.shape(state["inference_price"])))


def draw():
    return random.random()


def by_a_helper(params, substep, history, state):
    return price(state, 1.0 + draw())


def generator_outside(params, substep, history, state):
    return price(state, GENERATOR.lognormal(0.0, 0.1))


def generator_inside(params, substep, history, state):
    return price(state, np.random.default_rng().lognormal(0.0, 0.1))


def seeded_of_a_run(params, substep, history, state):
    return price(
        state, np.random.default_rng(3).lognormal(0.0, 0.1, np.shape(state["inference_price"]))
    )


def identifier(params, substep, history, state):
    return price(state, 1.0 + 1e-9 * (uuid.uuid4().int % 1000))


def calendar(params, substep, history, state):
    return price(state, 1.0 + 1e-12 * dt.datetime.now().microsecond)


def day_of_the_month(params, substep, history, state):
    return price(state, 1.0 + dt.date.today().day)


def seconds(params, substep, history, state):
    return price(state, 1.0 + 1e-12 * time.time())


def stopwatch(params, substep, history, state):
    return price(state, 1.0 + 1e-12 * (1e6 * time.perf_counter() % 1e6))


def counter(params, substep, history, state):
    COUNT[0] += 1
    return price(state, 1.0 + 1e-9 * COUNT[0])


def attribute(params, substep, history, state):
    attribute.calls = getattr(attribute, "calls", 0) + 1
    return price(state, 1.0 + 1e-9 * attribute.calls)


def grows(params, substep, history, state):
    SEEN.append(state["token_price"])
    return price(state, 1.0 + 1e-9 * len(SEEN))


def serial(params, substep, history, state):
    return price(state, 1.0 + 1e-9 * next(SERIAL))


def drawn_once_a_day(params, substep, history, state):
    BY_DAY.setdefault(state["time"], np.random.default_rng().normal())
    return price(state, 1.0 + 0.01 * BY_DAY[state["time"]])


def a_week_ago(params, substep, history, state):
    LAST[state["step"]] = float(np.ravel(state["token_price"])[0])
    return price(state, 1.0 + 0.01 * LAST.get(state["step"] - 7, 0.0))


def from_the_second_call(params, substep, history, state):
    factor = 1.001 if FLAG[0] else 1.0
    FLAG[0] = True
    return price(state, factor)


def text_hash(params, substep, history, state):
    return price(state, 1.0 + hash("a text") % 7)


def address(params, substep, history, state):
    return price(state, 1.0 + id(state) % 7)


def file(params, substep, history, state):
    return price(state, float(len(Path(__file__).read_text(encoding="utf-8"))))


def mean_of_runs(params, substep, history, state):
    return price(state, np.mean(state["token_price"]))


def greatest_of_runs(params, substep, history, state):
    return price(state, 1.0 + 1e-6 * np.max(state["token_price"]))


def any_of_runs(params, substep, history, state):
    return price(state, 1.1 if np.any(state["token_price"] > 0.3) else 1.0)


def in_order(params, substep, history, state):
    return {"inference_price": np.sort(state["inference_price"] * state["token_price"])}


def first_run(params, substep, history, state):
    return price(state, np.where(np.arange(np.size(state["inference_price"])) == 0, 1.1, 1.0))


def remembers_in_parameters(params, substep, history, state):
    params["workloads"].setdefault("days", []).append(state["time"])
    return price(state)


def remembers_in_a_frozen_group(params, substep, history, state):
    object.__setattr__(params["controller"], "mine", 1.0)
    return price(state)


def changes_the_shocks(params, substep, history, state):
    params["shock_table"].values["news_normal"][0] += 1.0
    return price(state)


def of_a_kind(params, substep, history, state):
    return price(state, 1.01 if isinstance(state["inference_price"], np.ndarray) else 1.0)


class Remembering:
    """A block that is an object."""

    __name__ = "Remembering"
    calls = 0

    def __call__(self, params, substep, history, state):
        self.calls += 1
        return price(state, 1.0 + 1e-9 * self.calls)


def closure():
    calls = 0

    def counts(params, substep, history, state):
        nonlocal calls
        calls += 1
        return price(state, 1.0 + 1e-9 * calls)

    return counts


GLOBAL, CLOCK, EQUAL, BESIDE = (
    "draws random numbers from a global generator",
    "reads a clock",
    "for an equal state",
    "when other runs are beside it",
)
IMPURE = [(f, GLOBAL) for f in (legacy, legacy_late, legacy_of_a_run, by_a_helper)]
IMPURE += [
    (f, EQUAL)
    for f in (
        generator_outside,
        generator_inside,
        identifier,
        stopwatch,
        counter,
        attribute,
        grows,
        serial,
        drawn_once_a_day,
    )
]
IMPURE += [(f, EQUAL) for f in (a_week_ago, from_the_second_call, Remembering(), closure())]
IMPURE += [(f, CLOCK) for f in (calendar, day_of_the_month, seconds)]
IMPURE += [
    (f, BESIDE)
    for f in (seeded_of_a_run, mean_of_runs, greatest_of_runs, any_of_runs, in_order, first_run)
]
IMPURE += [
    (text_hash, "uses hash"),
    (address, "uses id"),
    (file, "reads the file"),
    (of_a_kind, "where it is recorded for the ensemble"),
]
IMPURE += [
    (remembers_in_parameters, r"changes params\['workloads'\]"),
    (remembers_in_a_frozen_group, r"changes params\['controller'\]"),
]
IMPURE += [(changes_the_shocks, r"changes params\['shock_table'\]")]


@pytest.mark.parametrize(("function", "message"), IMPURE, ids=[f.__name__ for f, _ in IMPURE])
def test_what_is_no_function_of_its_arguments_is_refused_by_name(function, message):
    with pytest.raises(tk.ModelError, match=f"block 'mine', '{function.__name__}' .*{message}"):
        look(function)


@pytest.mark.parametrize("engine", ["cadcad", "ensemble"])
@pytest.mark.parametrize(
    "function", [legacy, calendar, counter, from_the_second_call], ids=lambda f: f.__name__
)
def test_both_engines_refuse_before_a_step_is_simulated(function, engine):
    FLAG[0] = False
    model = tk.MODEL.insert(tk.block("mine", function, writes="inference_price"), after=AFTER)
    with pytest.raises(
        tk.ModelError,
        match=f"block 'mine', '{function.__name__}'.*(Model.extra_shocks|state\\['time'\\])",
    ):
        tk.run("baseline", policy="none", days=10, runs=3, model=model, engine=engine)


def test_the_check_leaves_generators_and_memories_as_they_were():
    numpy_state, python_state = np.random.get_state()[1].copy(), random.getstate()
    COUNT[0], LAST["mine"] = 7, 1.0
    for function in (legacy, counter, a_week_ago, legacy_of_a_run):
        with pytest.raises(tk.ModelError):
            look(function)
    assert COUNT == [7] and LAST.pop("mine") == 1.0 and not LAST
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)
    assert random.getstate() == python_state


def test_laws_and_metrics_are_looked_at_too():
    def forgetful(params, state, error, dt, low, high):
        COUNT[0] += 1
        return tk.Command(0.0 * error + 1e-6 * COUNT[0])

    register_controller("forgetful", forgetful)
    noise = tk.metric("noise", "1", "noise", ("token_price",))(
        lambda paths, p: paths["token_price"][:, -1] * GENERATOR.normal()
    )
    share = tk.metric("of_all", "1", "share of all runs", ("token_price",))(
        lambda paths, p: paths["token_price"][:, -1] / paths["token_price"].sum()
    )
    try:
        with pytest.raises(
            tk.ModelError,
            match=r"controller 'forgetful' gives another 'control_signal' for an equal state",
        ):
            tk.run("baseline", policy={"controller": {"type": "forgetful"}}, days=3)
        values = resolve(
            "baseline", policy={"controller": {"type": "forgetful"}}, sets=("simulation.days=3",)
        )
        with pytest.raises(
            tk.ModelError,
            match=r"controller 'forgetful' gives another 'control_signal' for an equal state",
        ):
            evaluate(
                values,
                ["news.volatility"],
                [[0.1]],
                runs=np.arange(2),
                seed=0,
                metrics=["price_final"],
            )
    finally:
        del LAWS["forgetful"]
    try:
        run = tk.run("baseline", days=3, runs=2)
        del METRICS["of_all"]
        with pytest.raises(
            tk.ModelError, match="metric 'noise' gives another number for equal paths"
        ):
            run.metrics()
        METRICS["of_all"] = METRICS.pop("noise").__class__(
            "of_all", "1", "share", share, ("token_price",)
        )
        for one in (run, tk.run("baseline", days=3, runs=1)):
            with pytest.raises(
                tk.ModelError,
                match="metric 'of_all' gives a run another number when other runs are beside it",
            ):
                one.metrics()
        assert noise is not share
    finally:
        METRICS.pop("of_all", None)
        METRICS.pop("noise", None)


def imports_late(params, substep, history, state):
    from colorsys import rgb_to_yiq

    return price(state, rgb_to_yiq(state["token_price"], 0.5, 0.5)[0])


@functools.lru_cache
def costly(x):
    return exp(x)


def caches(params, substep, history, state):
    return price(state, costly(0.1))


def keeps_a_table(params, substep, history, state):
    if "table" not in BY_DAY:
        BY_DAY["table"] = float(len(Path(__file__).read_text(encoding="utf-8")))
    return price(state, BY_DAY["table"])


def not_a_number(params, substep, history, state):
    return price(state, np.log(-1.0 - state["utilisation"]))


def seeded(params, substep, history, state):
    return price(state, np.random.default_rng(3).lognormal(0.0, 0.1))


def logs(params, substep, history, state):
    SEEN.append(state["time"])
    return price(state)


def shocked(params, substep, history, state):
    return price(state, np.exp(0.1 * params["shock_table"].at("news_normal", state["step"])))


def yesterdays_shock(params, substep, history, state):
    return price(state, np.exp(0.1 * params["shock_table"].at("news_normal", state["step"] - 1)))


def interpolates(params, substep, history, state):
    return {"inference_price": np.interp(state["token_price"], [0.0, 1.0], [0.01, 0.02])}


def functions(params, substep, history, state):
    x = np.abs(state["token_price"])
    return price(
        state,
        np.power(1.0 + x, 1.7) / (1.0 + np.square(np.sin(x)))
        + np.tanh(x)
        + np.log1p(x)
        + np.floor(3.0 * x) % 2.0
        + np.power(x, 0.5),
    )


def times_itself(params, substep, history, state):
    started = time.perf_counter()
    found = price(state)
    assert time.perf_counter() >= started
    return found


PURE = (
    imports_late,
    caches,
    keeps_a_table,
    not_a_number,
    seeded,
    logs,
    shocked,
    yesterdays_shock,
    interpolates,
    functions,
    times_itself,
)


@pytest.mark.parametrize("function", PURE, ids=lambda f: f.__name__)
def test_a_function_of_its_arguments_is_left_alone(function):
    BY_DAY.clear()
    look(function)


def as_a_users(function):
    """A shipped function as somebody would paste it into a notebook."""

    @functools.wraps(function)
    def pasted(*arguments):
        return function(*arguments)

    pasted.__module__ = "__main__"
    return pasted


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("scenario", [None, "token_crash"])
def test_every_shipped_block_would_pass_as_a_users_own(scenario):
    values = resolve("baseline", policy="lqr", scenarios=(scenario,) if scenario else ()).values
    model = tk.Model(
        tuple(tk.Block(b.name, tuple(map(as_a_users, b.policies)), b.updates) for b in BLOCKS)
    )
    params = bind(values, sample(values, [0], 0))
    assert sum(len(list(purity.units(b, params))) for b in model.bound(params).blocks) >= 25
    purity.check_model(model, values)


@pytest.mark.slow_after(6)
@pytest.mark.parametrize("law", sorted(LAWS))
def test_every_shipped_law_would_pass_as_a_users_own(law, monkeypatch):
    monkeypatch.setitem(
        LAWS,
        law,
        LAWS[law].__class__(
            runwise(as_a_users(LAWS[law].decide)), LAWS[law].memory, LAWS[law].designed_from
        ),
    )
    purity.check_model(
        tk.MODEL,
        resolve("baseline", policy=None if law == "none" else {"controller": {"type": law}}).values,
    )


def test_a_shock_of_another_day_is_refused_where_blocks_are_compiled():
    model = tk.MODEL.insert(
        tk.block("mine", yesterdays_shock, writes="inference_price"), after=AFTER
    )
    with pytest.raises(tk.ModelError, match="the shock 'news_normal' of another step"):
        tk.run("baseline", days=4, model=model, engine="ensemble")
    assert np.isfinite(tk.run("baseline", days=4, model=model).dataset.inference_price.values).all()


def test_the_blocks_of_the_notebooks_are_left_alone():
    source = json.loads((CODE / "notebooks" / "12_own_parts.ipynb").read_text(encoding="utf-8"))
    cells = [
        "".join(c["source"])
        for c in source["cells"]
        if c["cell_type"] == "code" and "MODEL.insert" in "".join(c["source"])
    ]
    assert cells
    for cell in cells:
        text = re.split(r"\n(?=[a-z_]+ = tk\.run)", cell)[0].split("result")[0]
        scope = {"tk": tk, "np": np}
        exec(compile(text, "notebook", "exec"), scope)
        purity.check_model(scope["model"], VALUES)

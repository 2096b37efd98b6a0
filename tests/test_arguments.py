"""Arguments of the public functions and files of another kind: one name is a list of one, and what
is of another kind gets one clear line.
"""

import math
from pathlib import Path

import numpy as np
import pytest

import tokenomics as tk
from paths import command
from tokenomics.governance.proposal.proposal import read_proposal
from tokenomics.parameters.locate import names
from tokenomics.results.metrics import METRICS

AFTER = "the network's price moves"
SHORT = {"simulation.days": 3}
PROPOSAL = {
    "title": "t",
    "proposed": {"controller.pid.kp": 0.1},
    "policy": "pid",
    "runs": 2,
    "seed": 0,
}
LIMIT = {"limit": "treasury_low <= 0.5"}


def unchanged(params, substep, history, state):
    return {"inference_price": state["inference_price"]}


def test_one_name_is_a_list_of_one_wherever_names_are_taken():
    one = tk.compare(
        policies=["none", "pid"],
        scenarios="none",
        metrics="price_final",
        sets="simulation.days=3",
        overlay="growth",
        runs=2,
        years=(),
    )
    several = tk.compare(
        policies=["none", "pid"],
        scenarios=["none"],
        metrics=["price_final"],
        sets=SHORT,
        overlay=["growth"],
        runs=2,
        years=(),
    )
    np.testing.assert_array_equal(
        one.differences().select_dtypes(float), several.differences().select_dtypes(float)
    )
    assert list(
        tk.run("baseline", days=2, record="token_price", sets="shocks.enabled=false").dataset
    ) == ["token_price"]
    varied = {"parameters": {"news.volatility": [0.01, 0.02]}, "set": SHORT, "runs": 2}
    found = tk.sweep(
        varied
        | {"policies": "none", "scenarios": "none", "overlays": "growth", "metrics": "price_final"}
    )
    assert len(found.table()) == 2 and found.metrics == ["price_final"]


def test_one_name_is_a_list_of_one_in_what_extends_the_model():
    level = tk.Variable("level", "1", "a level", 1.0, start=0.0)
    policy = tk.writes(level)(
        lambda p, s, h, state: {"level": p["shock_table"].at("weather", state["step"])}
    )
    model = tk.MODEL.insert(tk.block("mine", policy, writes="level"), after=AFTER, shocks="weather")
    assert model.extra_shocks == ("weather",)
    assert (
        np.ptp(tk.run("baseline", days=4, model=model, record="level").dataset.level.values) > 0.0
    )
    assert tk.Model(extra_shocks="weather").extra_shocks == ("weather",)
    assert len(tk.Block("mine", unchanged, ()).policies) == 1
    try:
        tk.metric("first_price", "USD/TOK", "price at the start", needs="token_price")(
            lambda paths, p: paths["token_price"][:, 0]
        )
        assert METRICS["first_price"].needs == ("token_price",)
    finally:
        del METRICS["first_price"]


@pytest.mark.parametrize(
    "one", [{"limits": LIMIT}, {"limits": [LIMIT], "metrics": "treasury_low", "overlays": "growth"}]
)
def test_one_name_is_a_list_of_one_in_a_proposal(one):
    proposal, _ = read_proposal(PROPOSAL | {"scenarios": "none"} | one)
    assert proposal.scenarios == ["none"] and [limit.limit for limit in proposal.limits] == [
        "treasury_low <= 0.5"
    ]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"proposed": 5}, "proposed: 5; expected a group of keys"),
        ({"limits": 5}, "limits: 5; expected a list"),
        (
            {"limits": ["treasury_low <= 0.5"]},
            r"limits.0: 'treasury_low <= 0.5'; expected a group of keys: limit, of, ",
        ),
        ({"runs": "2"}, "runs: '2'; expected a whole number"),
        ({"runs": 1}, "runs: 1; expected at least 2"),
        ({"title": ["t"]}, r"title: \['t'\]; expected a text"),
        ({"scenarios": []}, r"scenarios: \[\]; expected at least 1"),
    ],
)
def test_a_proposal_is_told_of_in_plain_words(source, message):
    with pytest.raises(tk.InputError, match=message) as error:
        read_proposal(PROPOSAL | {"scenarios": ["none"], "limits": [LIMIT]} | source)
    assert not any(word in str(error.value) for word in ("valid", "instance", "Input"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"runs": "many"}, "runs: 'many'; expected a whole number from 1 to"),
        ({"runs": 0}, "runs: 0; expected a whole number from 1 to"),
        ({"set": "news.volatility=1"}, "set: 'news.volatility=1'; expected values by path"),
        (
            {"policies": [5]},
            "policies.0: 5; expected a name, the path of a YAML file, or a m",
        ),
        ({"method": "gird"}, "method: 'gird'; expected one of grid, "),
        ({"parameters": 5}, "parameters: 5; expected a list of values, or low and high"),
    ],
)
def test_a_design_is_told_of_in_plain_words(source, message):
    with pytest.raises(tk.InputError, match=message) as error:
        tk.sweep({"parameters": {"news.volatility": [0.01]}} | source)
    assert not any(word in str(error.value) for word in ("valid", "instance", "input should"))


WRONG = {
    "params": (None, 5),
    "policy": (5,),
    "scenario": (5, [5]),
    "overlay": (5,),
    "sets": (5, [5]),
    "runs": (1.5, "3", 0, None, True, math.nan, 2**40),
    "seed": (None, -1, 2**70, "1", 1.5, math.nan),
    "days": ("x", math.nan, math.inf, -1, 0, True),
    "engine": ("cadcd", None, 5),
    "record": (5, [5]),
    "every": (0, None, 1.5),
    "prices": (5,),
    "demand": (5,),
    "demand_align": (5,),
    "start": (5,),
    "progress": (5,),
    "model": (None, 5),
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_an_argument_of_another_kind_is_named(name, value):
    with pytest.raises(tk.InputError, match=rf"^`?{name}`?: .*; expected ") as error:
        tk.run(**{"days": 2, name: value})
    assert "--" not in str(error.value)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (tk.compare, {"policies": 5}),
        (tk.compare, {"policies": ["none", "pid"], "runs": "2"}),
        (tk.sweep, {"design": "pid_gains", "workers": 0}),
        (tk.sensitivity, {"design": "what_moves_the_price", "seed": -1}),
        (tk.optimise, {"design": "pid_gains", "objectives": "tracking_rms", "population": "x"}),
        (tk.calibrate_prices, {"file": "p.csv", "seed": None}),
        (tk.calibrate_prices, {"file": "p.csv", "choices": 5}),
        (tk.calibrate_economy, {"file": "p.csv", "fit": 5}),
        (tk.calibrate_demand, {"file": "d.csv", "patterns": 5}),
        (tk.calibrate_burn, {"files": "b.csv", "tolerance": math.inf}),
        (tk.validate, {"history": "p.csv", "policy": "pid", "start": 5}),
        (tk.compare_venues, {"workload": 5}),
        (tk.compare_venues, {"workload": "chat", "runs": "x"}),
        (tk.propose, {"source": "pid_gains", "seed": 2**70}),
        (tk.verify, {"folder": "nowhere", "sample": "x"}),
        (tk.reproduce, {"paper": "rai", "seed": None}),
        (tk.resolve, {"base": 5}),
        (tk.analyse, {"parameters": 5}),
        (tk.steady_state, {"parameters": None}),
        (tk.load, {"folder": 5}),
        (tk.register_controller, {"name": "mine", "decide": 5}),
        (tk.MODEL.insert, {"new": 5, "after": AFTER}),
    ],
)
def test_every_public_function_names_its_argument(function, arguments):
    # the last one that is no name of a file or a policy is wrong
    wrong = [
        name
        for name, value in arguments.items()
        if not isinstance(value, str) or value in ("x", "2")
    ][-1]
    with pytest.raises(tk.InputError, match=rf"^{wrong}: .*; expected "):
        function(**arguments)


def test_the_command_line_says_its_options(tmp_path):
    for option, value in (
        ("--engine", "cadcd"),
        ("--seed", "-1"),
        ("--days", "nan"),
        ("--every", "0"),
    ):
        status, out, errors = command("run", option, value, folder=tmp_path)
        assert status == 2 and errors.startswith(f"error: {option}: ") and errors.count("\n") == 1


@pytest.fixture
def others(tmp_path, monkeypatch):
    """Files of other kinds, in the working directory."""
    shipped = Path(__file__).resolve().parents[1] / "params"
    for name, source in (
        ("work.yaml", "workloads/chat.yaml"),
        ("design.yaml", "sweeps/pid_gains.yaml"),
        ("work", "workloads/chat.yaml"),
    ):
        (tmp_path / name).write_text(
            (shipped / source).read_text(encoding="utf-8"), encoding="utf-8"
        )
    (tmp_path / "prices.csv").write_text("date,value\n2024-01-01,1.0\n")
    (tmp_path / "numbers.json").write_text('{"prices": [1.0]}')
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (tmp_path / "mine.yaml").write_text("supply: {burn_share: 0.1}\n")
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


OTHERS = [
    (
        ("capacity", "frontier", "--hardware", "prices.csv"),
        "prices.csv: is a table that begins with 'date,value', and no shipped hardware",
    ),
    (
        ("capacity", "frontier", "--hardware", "work.yaml"),
        "work.yaml: looks like a workload file; expected a hardware file",
    ),
    (
        ("capacity", "frontier", "--hardware", "h100", "--model", "design.yaml"),
        "design.yaml: looks like a design of a sweep; expected a model file",
    ),
    (
        ("capacity", "supply", "--fleet", "work.yaml"),
        "work.yaml: looks like a workload file; expected a fleet file",
    ),
    (
        ("venues", "--workload", "mine.yaml"),
        "mine.yaml: looks like a file of parameters; expected a workload file",
    ),
    (("venues", "--workload", "picture.png"), "picture.png: is a picture, and no shipped workload"),
    (("run", "folder"), "folder: is a directory, and no shipped parameter set"),
    (("run", "./folder"), "./folder: is a directory; expected a file of parameters in YAML"),
    (
        ("run", "work"),
        (
            "work: is a workload file, and no shipped parameter set; expected a shipped name "
            "(baseline, helium, livepeer, render), or a path that ends in .yaml"
        ),
    ),
    (("run", "--overlay", "mine"), "mine: no shipped overlay; expected the whole name, mine.yaml"),
    (
        ("run", "--overlay", "./mine"),
        "./mine: no such file; expected an overlay file in YAML; did you mean './mine.yaml'?",
    ),
    (
        ("run", "design.yaml"),
        "design.yaml: looks like a design of a sweep; expected a file of parameters",
    ),
    (
        ("run", "--policy", "work.yaml"),
        "work.yaml: looks like a workload file; expected a policy file",
    ),
    (("sweep", "numbers.json"), "numbers.json: is JSON, and no shipped sweep"),
    (
        ("sweep", "mine.yaml"),
        "mine.yaml: looks like a file of parameters; expected a design of a sweep",
    ),
    (
        ("propose", "design.yaml"),
        "design.yaml: looks like a design of a sweep; expected a proposal file",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), OTHERS, ids=[" ".join(a) for a, _ in OTHERS])
def test_a_file_of_another_kind_is_told_by_what_it_looks_like(others, arguments, message):
    status, out, errors = command(*arguments, folder=others)
    assert status == 2 and message in errors and errors.count("\n") == 1


@pytest.mark.parametrize("kind", ["base", "policy", "scenario", "overlay"])
def test_every_shipped_file_of_parameters_is_one(kind):
    for name in names(kind):
        layers = {
            "base": {},
            "policy": {"policy": name},
            "scenario": {"scenarios": name},
            "overlay": {"overlays": name},
        }[kind]
        assert tk.resolve(name if kind == "base" else "baseline", **layers).values

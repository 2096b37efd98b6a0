"""An error in a modeller's own file is told as any error of input: one line with the file, the
line, what was found and what was expected, status 2, and nothing written.
"""

import json

import pytest

import tokenomics as tk
from paths import command
from tokenomics.experiments.own_code import only

LAWS = """import tokenomics as tk


def raises(params, state, error, dt, low, high):
    return tk.Command(params["controller"].custom["gane"] * error)


def text(params, state, error, dt, low, high):
    return tk.Command("much")


def keeps(params, state, error, dt, low, high):
    return tk.Command(0.1 * error, {"mena": error})


def fine(params, state, error, dt, low, high):
    return tk.Command(0.1 * error)


def bare(params, state, error, dt, low, high):
    return 0.1 * error


def late(params, state, error, dt, low, high):
    if state["time"] > 2.0:
        raise ValueError("too late")
    return tk.Command(0.0 * error)


for one in (raises, text, keeps, fine, bare, late):
    own = {"controller": {"type": one.__name__, "custom": {"gain": 0.1}}}
    tk.register_controller(one.__name__, one)
    tk.register_policy(one.__name__, own)
"""
METRIC = """import tokenomics as tk


@tk.metric("short", "1", "of too few numbers", ("token_price",), better="lower")
def short(paths, parameters):
    return paths["token_price"][0, :2]
"""
SPAN = {"simulation.days": 4}
DESIGN = {"policies": ["none", "LAW"], "set": SPAN, "runs": 2, "metrics": ["max_drawdown"]}
RANGE = {"low": 0.01, "high": 0.02}
PROPOSAL = {
    "title": "a test's",
    "policy": "LAW",
    "current": {"controller.type": "none"},
    "proposed": {"controller.type": "LAW"},
    "scenarios": ["none"],
    "set": SPAN,
    "years": [],
    "runs": 2,
    "seed": 1,
    "limits": [{"limit": "treasury_low <= 0.5", "reason": "a test's"}],
}
FILES = {
    "sweep.yaml": DESIGN | {"parameters": {"news.volatility": [0.01, 0.02]}},
    "morris.yaml": DESIGN
    | {"method": "morris", "count": 2, "parameters": {"news.volatility": RANGE}},
    "proposal.yaml": PROPOSAL,
}
SHORT = "--days 4 --runs 2 --no-figures"
COMMANDS = {
    "run": f"run --policy LAW {SHORT} --out made",
    "ensemble": f"run --policy LAW {SHORT} --engine ensemble --out made",
    "sweep": "sweep sweep.yaml --out made",
    "compare": f"compare --policies none,LAW {SHORT} --years none --out made",
    "sensitivity": "sensitivity morris.yaml --out made",
    "propose": "propose proposal.yaml --no-figures --out made",
}
BLOCK = "block 'the controller decides', 'policy_controller'"


def refused(tmp_path, line, law="none", code=LAWS):
    """What a command says of a law, having written nothing."""
    (tmp_path / "laws.py").write_text(code)
    for name, content in FILES.items():
        (tmp_path / name).write_text(json.dumps(content).replace("LAW", law))
    before = sorted(tmp_path.iterdir())
    words = [*line.replace("LAW", law).split(), "--code", "laws.py", "--json"]
    with only({}):
        status, out, errors = command(*words, folder=tmp_path)
    assert status == 2, errors
    assert errors.splitlines()[-1:] == errors.splitlines() and errors.startswith("error: laws.py:")
    assert sorted(tmp_path.iterdir()) == before
    told = json.loads(out)["error"]
    assert told["file"] == "laws.py" and "expected" in told["message"]
    return told["line"], told["message"]


@pytest.mark.slow_after(2)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_law_that_raises_is_refused_by_every_command_with_its_line(tmp_path, name):
    line, said = refused(tmp_path, COMMANDS[name], "raises")
    assert line == 5 and "KeyError: 'gane'; expected code that raises nothing in a run" in said


@pytest.mark.parametrize(
    ("law", "line", "said"),
    [
        ("text", 8, "gave a str as its signal; expected a number or an array of them"),
        ("keeps", 12, "gave a memory 'mena' that it has not; expected none"),
        ("bare", 20, "expected a tokenomics.Command"),
    ],
)
@pytest.mark.parametrize("name", ["run", "sweep"])
def test_a_law_that_gives_back_nonsense_is_refused_with_the_line_of_its_function(
    tmp_path, name, law, line, said
):
    found, message = refused(tmp_path, COMMANDS[name], law)
    assert found == line and said in message


def test_a_law_that_raises_later_in_a_run_is_refused_with_its_day(tmp_path):
    line, said = refused(tmp_path, COMMANDS["run"], "late")
    assert line == 26 and f"{BLOCK}, 'late', day 3, runs 0 to 1: ValueError: too late" in said


def test_a_metric_that_gives_back_nonsense_is_refused_with_its_line(tmp_path):
    compared = f"compare --policies none,static {SHORT} --years none --out made"
    line, said = refused(tmp_path, compared, code=METRIC)
    assert line == 4 and "gives the shape (2,); expected one number a run" in said


def test_from_python_the_error_is_the_same_one_and_knows_its_place(tmp_path):
    (tmp_path / "laws.py").write_text(LAWS)
    with only({}):
        tk.load_code(tmp_path / "laws.py")
        with pytest.raises(tk.BlockError, match=r"'raises' \(laws.py, line 5\)") as error:
            tk.sweep(DESIGN | {"policies": ["raises"], "parameters": {}})
    assert (error.value.file, error.value.line) == (str(tmp_path / "laws.py"), 5)


def test_a_point_that_is_impossible_for_its_numbers_still_stands_in_its_rows(tmp_path):
    """What is tried out is the code, whose fault wrong numbers are not."""
    (tmp_path / "laws.py").write_text(LAWS)
    impossible, good = ({"supply.burn_share": share} for share in (0.95, 0.1))
    design = DESIGN | {"policies": ["fine"], "method": "points", "points": [impossible, good]}
    with only({}):
        tk.load_code(tmp_path / "laws.py")
        table = tk.sweep(design).table()
    assert "add up to more than 1" in table["error"][0] and table["error"][1] == ""

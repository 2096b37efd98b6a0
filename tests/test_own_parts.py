"""Parts of a modeller's own, controllers, blocks, metrics, policies and scenarios, work wherever
the shipped ones do, by name; code runs only where somebody has named its file.
"""

import json
import re
import shutil
import sys
from importlib.metadata import EntryPoint

import numpy as np
import pandas as pd
import pytest

import tokenomics as tk
from paths import command
from tokenomics.experiments import own_code
from tokenomics.experiments.own_code import only
from tokenomics.experiments.reads import network
from tokenomics.governance.bundle.bundle import read_manifest
from tokenomics.governance.bundle.make import CODE
from tokenomics.governance.evidence.canonical import evidence_id
from tokenomics.governance.evidence.plan import with_code
from tokenomics.model.controllers import law
from tokenomics.model.own_blocks import OWN_BLOCKS
from tokenomics.parameters.layers import REGISTERED
from tokenomics.results.sources import code_of, own_parts

DROP = {"events": {"c": {"kind": "news", "start": 5, "days": 0, "size": -0.3}}}
PATIENT = {"controller": {"type": "patient", "custom": {"gain": 0.05}}}
MINE = f'''"""A modeller's own parts."""
import numpy as np
import tokenomics as tk


def patient(params, state, error, dt, low, high):
    mean = state["control_mean"] + 0.1 * dt * (error - state["control_mean"])
    return tk.Command(params["controller"].custom["gain"] * mean, {{"mean": mean}})


NEEDS = ("token_price", "utility_value")


@tk.metric("days_below", "days", "days below the utility value", NEEDS, better="lower")
def days_below(paths, parameters):
    below = paths["token_price"][:, 1:] < paths["utility_value"][:, 1:]
    return below.sum(axis=1) * parameters.simulation.time_step


@tk.writes(tk.Variable("heat", "1", "weather", 1.0, start=0.0), "inference_price")
def policy_weather(params, substep, state_history, state):
    surprise = params["shock_table"].at("weather", state["step"])
    heat = 0.9 * state["heat"] + 0.1 * surprise
    return {{"heat": heat, "inference_price": state["inference_price"] * np.exp(0.1 * heat)}}


memory = tk.Memory("mean", "1", "slow mean of the error")
tk.register_controller("patient", patient, memory=memory)
weather = tk.block("the weather changes", policy_weather)
tk.register_block("weather", weather, after="the network's price moves", shocks="weather")
tk.register_policy("patient", {PATIENT})
tk.register_scenario("drop", {DROP})
'''
DESIGN = {"set": {"simulation.days": 8}, "runs": 2, "metrics": ["max_drawdown"]}
DESIGN |= {"parameters": {"news.volatility": [0.01, 0.02]}}
MORRIS = {"method": "morris", "count": 2}
MORRIS |= {"parameters": {"oracle.lag": {"low": 0.5, "high": 2.0}}}
PROPOSAL = {
    "title": "a test's",
    "set": {"simulation.days": 12, "controller.custom.gain": 0.05},
    "proposed": {"controller.type": "patient", "blocks.weather": True},
    "scenarios": ["drop"],
    "runs": 2,
    "seed": 1,
    "worlds": {"count": 0},
    "sensitivity": {"runs": 2},
    "years": [],
    "metrics": ["max_drawdown", "treasury_low", "days_below"],
    "limits": [{"limit": "treasury_low <= 0.5", "reason": "a test's", "scenarios": ["drop"]}],
}


@pytest.fixture(autouse=True)
def nobody_s():
    """Each test begins without parts of anybody's, and leaves none."""
    with only({}):
        yield


@pytest.fixture
def mine(tmp_path):
    """The file of the modeller's parts."""
    (tmp_path / "mine.py").write_text(MINE)
    return tmp_path / "mine.py"


@pytest.fixture(scope="module")
def evidence(tmp_path_factory):
    """A bundle of a proposal that runs code of its maker's, and the file of that."""
    folder = tmp_path_factory.mktemp("evidence")
    (folder / "mine.py").write_text(MINE)
    with only({}):
        tk.load_code(folder / "mine.py")
        bundle = tk.propose(PROPOSAL, out=folder / "bundle", figures=False, workers=1)
    return folder / "bundle", folder / "mine.py", bundle.id


def test_loading_tells_what_is_registered_and_may_be_repeated(mine):
    every = {"controller patient", "metric days_below", "block weather"}
    every |= {"policy patient", "scenario drop"}
    assert set(tk.load_code(mine)) == every
    assert set(tk.load_code(str(mine))) == every
    assert every <= set(own_parts())


def own(params, state, error, dt, low, high):
    return tk.Command(0.0 * error)


@pytest.mark.parametrize(
    ("other", "unit", "meaning", "theirs"),
    [
        ("cosmos", "ppb/round", "minted a year, of supply", "minted a year, of supply' [1/year]"),
        ("cosmos", "1/year", "log growth of supply", "minted a year, of supply' [1/year]"),
        ("patient", "1", "mean over the days so far", "slow mean of the error' [1]"),
    ],
)
def test_a_law_goes_on_from_no_memory_that_means_something_else(mine, other, unit, meaning, theirs):
    tk.load_code(mine)
    name = {"cosmos": "inflation", "patient": "mean"}[other]
    told = (
        f"controller 'own': memory '{name}' is '{meaning}' [{unit}], and that of controller "
        f"'{other}' is '{theirs}; expected another name, or the same unit and meaning"
    )
    with pytest.raises(tk.TokenomicsError, match=f"^{re.escape(told)}$"):
        tk.register_controller("own", own, memory=tk.Memory(name, unit, meaning))
    assert "controller own" not in own_parts()
    # what means the same is one memory
    for one in (tk.Memory("mean", "1", "slow mean of the error"), law("cosmos").memory[0]):
        tk.register_controller("own", own, memory=one)


def test_a_file_of_two_laws_may_mean_something_else_when_it_is_loaded_again(mine):
    """Both laws of the edited file have the new meaning; the old laws are of no file any more."""
    second = 'tk.register_controller("second", lambda *a: None, memory=memory)\n'
    mine.write_text(MINE + second)
    tk.load_code(mine)
    mine.write_text((MINE + second).replace("slow mean of", "mean of"))
    assert {"controller patient", "controller second"} <= set(tk.load_code(mine))


def test_a_file_may_be_imported_and_loaded_too(mine, monkeypatch):
    monkeypatch.syspath_prepend(mine.parent)
    __import__("mine")
    try:
        assert "controller patient" in tk.load_code(mine)
    finally:
        del sys.modules["mine"]


@pytest.mark.slow
def test_a_part_of_ones_own_gives_the_same_however_it_is_stated(mine, tmp_path, monkeypatch):
    """In a run, a sweep and a comparison; what stands in the manifest is read without it."""
    tk.load_code(mine)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.yaml").write_text(json.dumps(PATIENT))
    (tmp_path / "fall.yaml").write_text(json.dumps(DROP))
    days = {"days": 8, "runs": 2, "engine": "ensemble"}
    run = tk.run(policy=PATIENT, scenario=DROP, **days)
    mean = run.metrics().loc["max_drawdown", "mean"]
    for policy, scenario in (("own.yaml", "fall.yaml"), ("patient", "drop")):
        one = tk.run(policy=policy, scenario=scenario, **days)
        np.testing.assert_array_equal(one.dataset.token_price, run.dataset.token_price)
    policies = [{"name": "mapped", **PATIENT}, "own.yaml", "patient"]
    design = {**DESIGN, "policies": policies, "scenarios": [DROP], "parameters": {}}
    swept = tk.sweep(design, out="sweep").table()
    assert swept["policy"].tolist() == ["mapped", "own.yaml", "patient"]
    assert swept["max_drawdown"].tolist() == [mean] * 3
    more = {"days": 8, "runs": 2, "metrics": ["max_drawdown"], "years": ()}
    scenarios = [{"name": "mapped", **DROP}, "fall.yaml"]
    compared = tk.compare(policies=["none", policies[0]], scenarios=scenarios, **more)
    means = compared.means().set_index(["scenario", "policy"])["mean"]
    assert {means[name, "mapped"] for name in ("mapped", "fall")} == {mean}
    for named in REGISTERED.values():
        named.clear()
    pd.testing.assert_frame_equal(tk.load("sweep").table(), swept)


@pytest.mark.slow
def test_sensitivity_and_optimisation_take_them_too(mine):
    tk.load_code(mine)
    layers = {"policies": ["patient"], "scenarios": ["drop"], "metrics": ["days_below"]}
    gain = {"controller.custom.gain": {"low": 0.01, "high": 0.5}}
    found = tk.sensitivity(
        {**DESIGN, **layers, **MORRIS, "parameters": {**MORRIS["parameters"], **gain}}
    )
    assert "controller.custom.gain" in set(found.indices["parameter"])
    best = tk.optimise(
        {"set": DESIGN["set"], "runs": 2, "policies": ["patient"], "parameters": gain},
        objectives="days_below",
        population=5,
        generations=1,
    ).best
    assert 0.01 <= best["controller.custom.gain"] <= 0.5


def test_a_number_of_ones_own_is_swept_as_it_is_set(mine):
    tk.load_code(mine)
    gains = [0.0, 5.0]
    layers = {"policies": ["patient"], "parameters": {"controller.custom.gain": gains}}
    swept = tk.sweep({**DESIGN, **layers, "metrics": ["control_effort"]}).table()
    for gain, mean in zip(gains, swept["control_effort"], strict=True):
        policy = {"controller": {"type": "patient", "custom": {"gain": gain}}}
        run = tk.run(policy=policy, days=8, runs=2, engine="ensemble")
        assert run.metrics().loc["control_effort", "mean"] == mean
    assert swept["control_effort"].is_monotonic_increasing
    for bad, expected in (
        ("x", "a number"),
        (True, "a number"),
        (1e30, "of at most 1e.18 in size"),
    ):
        with pytest.raises(tk.InputError, match=rf"custom.gain: .*expected.*{expected}"):
            tk.sweep({**DESIGN, **layers, "parameters": {"controller.custom.gain": [bad]}})


@pytest.mark.parametrize("engine", ["cadcad", "ensemble"])
def test_a_block_acts_by_its_name_as_one_that_is_inserted(mine, engine):
    tk.load_code(mine)
    own = OWN_BLOCKS["weather"]
    model = tk.MODEL.insert(own.block, after=own.after, shocks=own.shocks)
    given = {"days": 6, "runs": 2, "engine": engine}
    inserted = tk.run(model=model, **given)
    named = tk.run(today={"blocks.weather": True}, **given)
    np.testing.assert_array_equal(named.dataset.heat, inserted.dataset.heat)
    np.testing.assert_array_equal(named.dataset.token_price, inserted.dataset.token_price)
    assert "the weather changes" in inserted.notes[0] and named.notes == ()


def test_a_block_that_comes_later_changes_nothing_before(mine):
    tk.load_code(mine)
    given = {"days": 8, "runs": 2, "engine": "ensemble"}
    plain = tk.run(**given).dataset
    late = tk.run(sets={"blocks.weather": True, "change.day": 4}, **given).dataset
    np.testing.assert_array_equal(late.token_price[:, :5], plain.token_price[:, :5])
    assert np.all(np.isnan(late.heat[:, :5])) and np.all(late.heat[:, 5:] != 0.0)
    assert np.all(late.inference_price[:, 6] != plain.inference_price[:, 6])
    off = tk.run(sets={"blocks.weather": False}, **given).dataset
    np.testing.assert_array_equal(off.token_price, plain.token_price)


def test_blocks_of_ones_own_may_stand_behind_one_another(mine):
    tk.load_code(mine)

    @tk.writes("inference_price")
    def policy_after(params, substep, history, state):
        return {"inference_price": state["inference_price"] * (1.0 + 0.01 * state["heat"])}

    after = tk.block("prices follow it", policy_after)
    tk.register_block("a_first_by_name", after, after="the weather changes")
    both = tk.resolve(today={"blocks.weather": True, "blocks.a_first_by_name": True}).values
    names = [one.name for one in tk.MODEL.acting(both).blocks]
    assert names.index("prices follow it") == names.index("the weather changes") + 1
    alone = tk.resolve(today={"blocks.a_first_by_name": True}).values
    with pytest.raises(tk.ModelError, match="no block 'the weather changes'"):
        tk.MODEL.acting(alone)


def test_a_law_that_is_written_anew_is_looked_at_anew(mine):
    """What was found of the law before, by its name, does not hold of the new one."""
    path, resolved = "controller.custom.gain", tk.resolve(policy=PATIENT)
    mine.write_text(MINE.replace('params["controller"].custom["gain"]', "0.1"))
    tk.load_code(mine)
    assert "control_signal" not in network(resolved).reach(path, [0.1, 0.2]).variables
    mine.write_text(MINE)
    tk.load_code(mine)
    assert "control_signal" in network(resolved).reach(path, [0.1, 0.2]).variables


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = = 1", r"mine.py:1: not Python: invalid syntax"),
        ("\n\nx = {}['k']", r"mine.py:3: KeyError: 'k'; expected code that can be loaded alone"),
        ("raise SystemExit(0)", r"mine.py:1: SystemExit: 0"),
        ("import beside_it", r"mine.py:1: ModuleNotFoundError: .*loaded alone"),
        ("x = 1", r"mine.py: registers nothing; expected a call of register_controller"),
        (MINE + "1 / 0", r"mine.py:\d+: ZeroDivisionError"),
        (
            "import tokenomics as tk\ntk.register_controller('pid', lambda *a: None)",
            r"mine.py:2: controller 'pid' exists already$",
        ),
        (
            "import tokenomics as tk\ntk.register_policy('own', {'controler': {'type': 'pid'}})",
            r"mine.py:2: .*controler.type: unknown key.*did you mean 'controller'",
        ),
    ],
)
def test_code_that_cannot_be_loaded_is_told_with_its_line_and_leaves_nothing(mine, text, said):
    mine.write_text(text)
    before = own_parts()
    with pytest.raises(tk.InputError, match=said):
        tk.load_code(mine)
    assert own_parts() == before
    status, out, errors = command("run", "--code", str(mine), folder=mine.parent)
    assert (status, out) == (2, "") and errors.count("\n") == 1 and re.search(said, errors.strip())


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: tk.load_code("none.py"), "none.py: no such file; expected a Python file"),
        (lambda: tk.load_code("nobody"), "unknown code 'nobody'; expected the path of a .py file"),
        (lambda: tk.register_policy("pid", PATIENT), "'pid', which is a shipped policy"),
        (lambda: tk.register_scenario("a b", DROP), "'a b'; expected a name of letters"),
        (lambda: tk.register_scenario("x", {"event": {}}), "event: unknown key.*mean 'events'"),
        (lambda: tk.register_policy("x", 5), "source: 5; expected a shipped name, a YAML file"),
        (lambda: tk.run(policy="patent"), "unknown policy 'patent'; expected .*mean 'patient'"),
        (lambda: tk.run(scenario="drip"), "unknown scenario 'drip'; expected .*mean 'drop'"),
        (lambda: tk.run(sets={"blocks.wether": True}), "unknown block 'wether'.*mean 'weather'"),
        (lambda: tk.run(sets={"blocks.weather": 1}), "blocks.weather: 1; expected true or false"),
        (lambda: tk.run(sets={"controller.type": "nobody"}), "unknown controller .*--code FILE"),
        (
            lambda: tk.sweep({**DESIGN, "policies": [PATIENT, PATIENT]}),
            "'policy given in Python' twice; expected each once, by a `name` of its own",
        ),
        (
            lambda: tk.sweep({**DESIGN, "policies": [{"name": "pid", **PATIENT}]}),
            "policies.0: name: 'pid', which is a shipped policy",
        ),
        (
            lambda: tk.register_block("A b", OWN_BLOCKS["weather"].block, after="operators earn"),
            "'A b'; expected a-z, 0-9 and _",
        ),
    ],
)
def test_a_wrong_part_is_refused_by_name(mine, call, said):
    tk.load_code(mine)
    with pytest.raises(tk.InputError, match=said):
        call()


def test_a_block_is_registered_where_the_model_takes_it(mine):
    tk.load_code(mine)
    block = OWN_BLOCKS["weather"].block
    with pytest.raises(tk.ModelError, match="no block 'operators ear'; did you mean 'operators e"):
        tk.register_block("other", block, after="operators ear")
    with pytest.raises(tk.ModelError, match="block 'the weather changes' exists already"):
        tk.register_block("other", block, after="operators earn")


def test_an_entry_point_is_called_where_it_is_named_and_nowhere_else(mine, monkeypatch):
    called = []

    def register():
        called.append(True)
        tk.register_policy("theirs", {"controller": {"type": "pid"}})

    found = [EntryPoint("theirs", "their_parts:register", own_code.GROUP)]
    monkeypatch.setattr(own_code, "entry_points", lambda group: found)
    monkeypatch.setattr(EntryPoint, "load", lambda self: register)
    with pytest.raises(tk.InputError, match="unknown policy 'theirs'"):
        tk.run(policy="theirs", days=2)
    assert not called
    assert tk.load_code("theirs") == ("policy theirs",)
    assert tk.run(policy="theirs", days=2).resolved.policy == "theirs"
    with pytest.raises(tk.InputError, match=r"unknown code 'theis'.*\(theirs\); did you mean 'the"):
        tk.load_code("theis")
    monkeypatch.setattr(EntryPoint, "load", lambda self: 5)
    with pytest.raises(tk.InputError, match="entry point theirs: TypeError: their_parts:register"):
        tk.load_code("theirs")


def test_no_file_of_parameters_can_name_code(mine, tmp_path):
    for key in ("code", "blocks"):
        (tmp_path / "base.yaml").write_text(f"{key}: {mine}\n")
        with pytest.raises(tk.InputError, match=f"base.yaml:1: {key}: .*expected"):
            tk.run(overlay=str(tmp_path / "base.yaml"), days=2)
    with pytest.raises(tk.InputError, match="code: unknown key"):
        tk.sweep({**DESIGN, "code": str(mine)})
    with pytest.raises(tk.InputError, match="code: unknown key"):
        tk.propose({**PROPOSAL, "code": str(mine)}, out=tmp_path / "x")
    assert own_parts() == {}


def test_commands_take_them(mine, tmp_path):
    more = ["--code", "mine.py"]
    short = ["--days", "6", "--runs", "2", "--no-figures"]
    line = ["run", "--policy", "patient", "--scenario", "drop", "--set", "blocks.weather=true"]
    status, out, errors = command(*line, *more, *short, "--json", folder=tmp_path)
    assert status == 0, errors
    assert "days_below" in json.loads(out)["metrics"]
    with only({}):
        status, _, errors = command(*line, *short, folder=tmp_path)
    assert status == 2 and "unknown scenario 'drop'" in errors and "--code FILE" in errors
    line = ["compare", "--policies", "none,patient", "--scenarios", "drop", "--years", "none"]
    status, out, errors = command(*line, *more, *short, "--json", folder=tmp_path)
    assert status == 0 and "days_below" in out, errors
    (tmp_path / "d.yaml").write_text(
        json.dumps({**DESIGN, "policies": ["patient"], "metrics": ["days_below"]})
    )
    made = ["--out", "again"]
    status, out, errors = command("sweep", "d.yaml", *more, *made, "--json", folder=tmp_path)
    assert status == 0, errors
    manifest = json.loads((tmp_path / "again" / "manifest.json").read_text())
    assert {one["file"] for one in manifest["code"]} == {"mine.py"}


@pytest.mark.slow
def test_a_sweep_goes_on_only_with_the_code_that_began_it(mine, tmp_path):
    tk.load_code(mine)
    design = {**DESIGN, "policies": ["patient"]}
    whole = tk.sweep(design, out=tmp_path / "sweep").table()
    mine.write_text(MINE.replace("0.1 * dt", "0.2 * dt"))
    tk.load_code(mine)
    with pytest.raises(tk.InputError, match="simulated by other code of your own"):
        tk.sweep(design, out=tmp_path / "sweep")
    mine.write_text(MINE)
    tk.load_code(mine)
    pd.testing.assert_frame_equal(tk.sweep(design, out=tmp_path / "sweep").table(), whole)


def test_the_output_is_there_after_a_sweep_on_several_threads(mine, capsys):
    tk.load_code(mine)
    tk.sweep(
        {**DESIGN, "policies": ["patient"], "parameters": {"blocks.weather": [False, True]}},
        workers=2,
    )
    print("still here")
    assert capsys.readouterr().out == "still here\n"


@pytest.mark.slow
def test_evidence_names_its_code_and_its_identifier_depends_on_it(evidence, tmp_path):
    folder, file, id = evidence
    manifest = json.loads((folder / "manifest.json").read_text())
    told = {one["part"]: one["file"] for one in manifest["plan"]["code"]}
    parts = ["controller patient", "block weather", "metric days_below"]
    assert told == dict.fromkeys(parts, "mine.py")
    assert (folder / CODE / "mine.py").read_bytes() == file.read_bytes()
    assert "code of its maker's own, mine.py" in (folder / "report.md").read_text()
    plan = read_manifest(folder)[1]  # which is read without it
    ids = []
    for text in (MINE, MINE + "# the same numbers\n"):
        (tmp_path / "mine.py").write_text(text)
        tk.load_code(tmp_path / "mine.py")
        plain = with_code(plan).plain()
        ids.append(evidence_id(plain, manifest["results"], tk.__version__))
    assert ids[0] == id != ids[1]


def test_runs_of_own_code_are_computed_only_where_the_reader_trusts_its_file(evidence, mine):
    folder, file, id = evidence
    tk.load_code(file)  # that he has it is not that he trusts it
    before = own_parts()
    found = tk.verify(folder, workers=1)
    assert (found.status, found.exit_status, found.recomputed) == ("cannot be checked", 2, 0)
    assert "its runs were not recomputed" in found.reasons[0] and "mine.py" in found.reasons[0]
    line = ["verify", str(folder), "--trust", str(mine), "--json"]
    status, out, errors = command(*line, folder=mine.parent)
    found = json.loads(out)
    assert (status, found["status"], found["id"]) == (0, "verified", id), errors
    assert found["recomputed"] == found["runs"] > 0
    assert own_parts() == before


def test_verification_runs_nothing_that_is_not_named(evidence, tmp_path, monkeypatch):
    """Neither the bundle's file nor one beside it, whatever the bundle says."""
    folder, _, _ = evidence
    monkeypatch.chdir(folder / CODE)
    loaded = []
    monkeypatch.setattr(own_code, "load_content", lambda *a: loaded.append(a))
    assert tk.verify(folder, workers=1).status == "cannot be checked"
    assert loaded == []
    other = tmp_path / "mine.py"
    other.write_text(MINE.replace("0.1 * dt", "0.2 * dt"))
    with pytest.raises(tk.InputError, match="trust: .*SHA-256 is .*; expected mine.py of"):
        tk.verify(folder, trust=other)
    with pytest.raises(tk.InputError, match="none.py: no such file"):
        tk.verify(folder, trust="none.py")
    assert loaded == []


@pytest.mark.slow
def test_a_bundle_without_code_takes_no_trust(made, mine):
    with pytest.raises(tk.InputError, match="expected none, for the bundle has no code"):
        tk.verify(made[0], trust=mine)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda code: code[0].update(sha256="0" * 64), "id is not that of its plan"),
        (lambda code: code.clear(), "id is not that of its plan"),
        (lambda code: code[0].update(file="../mine.py"), "plan.code|file: "),
        (lambda code: code[0].update(part="policy x"), "part: "),
    ],
)
def test_a_bundle_that_says_something_else_of_its_code_is_found(
    evidence, mine, tmp_path, change, said
):
    copy = shutil.copytree(evidence[0], tmp_path / "copy")
    manifest = json.loads((copy / "manifest.json").read_text())
    change(manifest["plan"]["code"])
    (copy / "manifest.json").write_text(json.dumps(manifest))
    try:
        lines = "\n".join(map(str, tk.verify(copy, workers=1).findings))
    except tk.InputError as error:
        lines = str(error)
    assert re.search(said, lines)


def test_evidence_of_code_that_is_in_no_file_is_refused(tmp_path):
    space = {"tk": tk, "__name__": "cell"}
    exec(compile(MINE, "<cell>", "exec"), space)
    network = tk.resolve(policy="patient")
    assert [one.file for one in code_of([network])] == [""]
    with pytest.raises(tk.InputError, match="controller patient is written in no file; expected"):
        tk.propose(PROPOSAL, out=tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_a_law_that_gives_no_command_is_told_so():
    with only({}):
        tk.register_controller("bare", lambda params, state, error, dt, low, high: 0.05 * error)
        with pytest.raises(tk.ModelError, match="'bare' gave a .*; expected a tokenomics.Command"):
            tk.run(policy={"controller": {"type": "bare"}}, days=2)

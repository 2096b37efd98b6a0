"""Metrics by their definitions, intervals by theirs; run directories whole or not at all."""

import json
import shutil
import subprocess
import sys
from io import BytesIO
from xml.etree import ElementTree

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import ndtri, stdtrit

import tokenomics as tk
from paths import command
from tokenomics.elementary import log
from tokenomics.engines.trajectories import Failure, Trajectories
from tokenomics.model.variables import Variable
from tokenomics.results import drawing, run_figures
from tokenomics.results.intervals import LEVEL, UNBOUNDED, Z, intervals, summarise
from tokenomics.results.metrics import LABELS, METRICS
from tokenomics.results.returns import volatility
from tokenomics.results.store import load
from tokenomics.results.student import quantile
from tokenomics.results.writing import write_run


def made(failures=(), **paths):
    """A result of hand-made paths."""
    values = {k: np.atleast_2d(np.asarray(v, dtype=float)) for k, v in paths.items()}
    runs, times = next(iter(values.values())).shape
    variables = tk.MODEL.variables(tk.resolve().values)
    return tk.Result(
        tk.resolve(),
        variables,
        Trajectories(np.arange(times) * 1.0, np.arange(runs), values, failures),
        seed=1,
        engine="cadcad",
    )


@pytest.fixture(scope="module")
def small():
    return tk.run("baseline", policy="pid", runs=3, seed=1, days=12)


@pytest.fixture(scope="module")
def written(small, tmp_path_factory):
    """Its run directory."""
    return write_run(small, tmp_path_factory.mktemp("written") / "a" / "run", "tokenomics run")


@pytest.fixture
def copied(written, tmp_path):
    """A copy of that directory, to be spoilt."""
    return shutil.copytree(written, tmp_path / "run")


def test_a_run_is_saved_without_its_figures_and_read_again(small, written, tmp_path):
    out = small.save(tmp_path / "plain", "tokenomics run", figures=False)
    told = [json.loads((folder / "run.json").read_text()) for folder in (written, out)]
    assert [one["figures"] for one in told] == [True, False]
    assert set(told[0]["files"]) - set(told[1]["files"]) == {
        f"figures/{path.name}" for path in (written / "figures").iterdir()
    }
    assert not (out / "figures").exists()
    assert tk.load(out).metrics().equals(tk.load(written).metrics())


@pytest.mark.parametrize(
    "record",
    [
        None,
        ["treasury_usd", "latency_mean", "latency_p99", "velocity_usage", "velocity_speculative"],
        ["velocity_usage", "velocity_speculative"],
        ["decoupling"],
    ],
    ids=["all", "one of the overview", "none of the overview", "no panel"],
)
def test_a_runs_pictures_are_those_that_each_panel_has_alone(record):
    """But for the edges of some letters, which stand a fraction of a dot elsewhere on the sheet."""
    result = tk.run(policy="pid", days=20, runs=3, engine="ensemble", record=record)
    found = run_figures.pictures(result)
    shown = run_figures.available(result)
    assert set(found) == {*shown, *(["overview"] if run_figures.overview(result) else [])}
    for name, content in found.items():
        cut, alone = (
            matplotlib.image.imread(BytesIO(one))
            for one in (content, drawing.png(result.plot(name), run_figures.DOTS))
        )
        assert cut.shape == alone.shape
        assert np.mean(np.any(cut != alone, axis=-1)) < 1e-3, name


def test_a_run_writes_its_figures_as_svg_where_it_is_asked_to(tmp_path):
    line = ["run", "--days", "10", "--runs", "2", "--seed", "1", "--engine", "ensemble"]
    line += ["--record", "token_price,treasury_usd,latency_mean,latency_p99"]
    for name in ("one", "two"):
        status, _, errors = command(*line, "--format", "svg", "--out", name, folder=tmp_path)
        assert status == 0, errors
    status, _, errors = command(*line, "--out", "three", folder=tmp_path)
    drawn = {file.stem: file for file in (tmp_path / "one" / "figures").iterdir()}
    assert {file.suffix for file in drawn.values()} == {".svg"}
    assert set(drawn) == {file.stem for file in (tmp_path / "three" / "figures").glob("*.png")}
    assert len(drawn) > 1
    for name, file in drawn.items():
        assert ElementTree.parse(file).getroot().tag.endswith("}svg")
        # the same on another day
        assert file.read_bytes() == (tmp_path / "two" / "figures" / f"{name}.svg").read_bytes()
    one, three = (tk.load(tmp_path / name).metrics() for name in ("one", "three"))
    pd.testing.assert_frame_equal(one, three)
    status, _, errors = command(*line, "--format", "pdf", "--out", "four", folder=tmp_path)
    assert status == 2 and "--format: unknown form 'pdf'; expected one of png, svg" in errors
    assert not (tmp_path / "four").exists()


def value(result, name):
    return result.metrics_per_run()[name].to_numpy()


def test_volatility_is_that_of_the_walk():
    walk = np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.05, (2, 4000)), axis=1))
    np.testing.assert_allclose(
        value(made(token_price=walk), "price_volatility"), 0.05 * np.sqrt(365), rtol=0.03
    )


def test_metrics_of_a_path_worked_by_hand():
    result = made(
        token_price=[1.0, 2.0, 1.0, 4.0, 1.0],
        reference_price=[1.0, 1.0, 1.0, 1.0, 1.0],
        treasury_usd=[100.0, 50.0, 0.5, 20.0, 20.0],
        served=[0.0, 5.0, 5.0, 5.0, 5.0],
        demand=[0.0, 10.0, 5.0, 5.0, 5.0],
        total_supply=[100.0, 100.0, 100.0, 100.0, 101.0],
        churned=[0.0, 1.0, 1.0, 0.0, 0.0],
        nodes=[10.0, 10.0, 10.0, 10.0, 10.0],
        user_bill=[10.0, 10.0, 20.0, 10.0, 10.0],
        bill_stablecoin=[10.0] * 5,
        decoupling=[0.0, 0.5, -0.5, 1.0, -1.0],
    )
    expected = {
        "max_drawdown": 0.75,
        "tracking_iae": np.log(2) + np.log(4),
        "tracking_rms": np.sqrt((np.log(2) ** 2 + np.log(4) ** 2) / 4),
        "treasury_min": 0.5,
        "treasury_low_day": 2.0,
        "treasury_low": 1.0,
        "served_share": 20 / 25,
        "inflation": np.log(1.01) * 365 / 4,
        "churn": 0.05 * 365,
        "decoupling_index": 0.75,
        "bill_cost_at_risk": np.percentile([10, 20, 10, 10], 95) / 10 - 1,
    }
    for name, number in expected.items():
        assert value(result, name)[0] == pytest.approx(number), name
    assert "latency_p99" not in result.metrics_per_run()


def test_the_interval_is_students_and_covers_as_it_should():
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(400):
        s = summarise(rng.normal(3.0, 2.0, 8))
        hits += s.low <= 3.0 <= s.high
    assert stats.binomtest(hits, 400, 0.95).pvalue > 0.001


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 100, 999, 1000, 1001, 1002, 5000, 10**6])
def test_students_quantile_is_the_one_of_the_books(freedom):
    for level in (0.6, 0.95, 0.975, 0.995):
        assert quantile(level, freedom) == pytest.approx(stdtrit(freedom, level), rel=1e-13)
    assert float(ndtri(0.5 + LEVEL / 2.0)) == Z


def test_a_probability_of_zero_has_an_interval_above_it():
    s = summarise(np.zeros(20), probability=True)
    assert (s.mean, s.low) == (0.0, 0.0)
    assert 0.1 < s.high < 0.2


def test_one_run_has_no_interval_and_a_failed_one_is_counted():
    assert summarise(np.array([2.0])).low is None
    s = summarise(np.array([1.0, np.nan, 3.0]))
    assert (s.mean, s.n, s.failed) == (2.0, 2, 1)


def test_a_failed_run_is_in_no_metric():
    failure = (Failure(1, 2.0, "b", "v", "NaN"),)
    result = made(failure, token_price=np.ones((3, 5)) * [[1.0], [9.0], [2.0]])
    row = result.metrics().loc["price_final"]
    assert (row["mean"], row["n"], row["failed"]) == (1.5, 2, 1)


def test_differences_are_paired(small):
    other = tk.run("baseline", policy="none", runs=3, seed=1, days=12)
    table = small.compare(other)
    expected = np.mean(value(small, "control_effort") - value(other, "control_effort"))
    assert table.loc["control_effort", "difference"] == pytest.approx(expected)
    with pytest.raises(tk.InputError, match="seeds"):
        small.compare(tk.run("baseline", runs=3, seed=2, days=12))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (
            {"days": 5},
            "other: 12 days in steps of 1 and 5 days in steps of 1; expected one span and one step",
        ),
        (
            {"sets": {"simulation.time_step": 0.5}, "every": 2},
            "12 days in steps of 1 and 12 days in steps of 0.5",
        ),
        ({"every": 2}, "13 and 7 recorded times; expected the same recorded times"),
    ],
)
def test_runs_over_other_spans_or_steps_are_not_compared(small, other, said):
    with pytest.raises(tk.InputError, match=said):
        small.compare(tk.run("baseline", **{"seed": small.seed, "days": 12} | other))


@pytest.mark.parametrize("other", [None, 3])
def test_a_result_is_compared_with_a_result(small, other):
    with pytest.raises(tk.InputError, match=f"other: {other}; expected a result"):
        small.compare(other)


def test_runs_that_only_one_side_has_are_said_and_not_counted(small):
    with pytest.warns(
        tk.errors.Remark, match="compared over the 2 runs that both have, of 3 and 2"
    ):
        found = small.compare(tk.run("baseline", policy="none", runs=2, seed=small.seed, days=12))
    assert set(found["n"]) == {2}


def test_a_metric_of_ones_own_has_the_bits_of_every_processor():
    try:

        @tk.metric("mine", "1", "mean log price", needs=("token_price",))
        def mine(paths, p):
            return np.mean(np.log(paths["token_price"]), axis=1)

        price = np.exp(np.linspace(-3.0, 3.0, 3000).reshape(3, 1000))
        found = METRICS["mine"].function({"token_price": price}, None)
        np.testing.assert_array_equal(found, np.mean(log(price), axis=1))
        assert mine.__name__ == METRICS["mine"].function.__name__
    finally:
        METRICS.pop("mine", None)


def test_a_metric_of_ones_own_is_checked():
    try:

        @tk.metric("highest", "USD/TOK", "highest price", ("token_price",))
        def highest(paths, p):
            return np.max(paths["token_price"], axis=1)

        assert value(made(token_price=[1.0, 3.0, 2.0]), "highest")[0] == 3.0
        with pytest.raises(tk.ModelError, match="exists already"):
            tk.metric("max_drawdown", "1", "again", ("token_price",))(highest)
        tk.metric("odd", "1", "needs what is not there", ("token_prise",))(highest)
        with pytest.raises(tk.InputError, match="did you mean 'token_price'"):
            made(token_price=[1.0, 3.0]).metrics()
    finally:
        METRICS.pop("highest", None)
        METRICS.pop("odd", None)


def test_a_metric_is_measured_once_and_anew_where_it_is_another():
    calls = []

    def register(factor):
        @tk.metric("scaled", "USD/TOK", "a multiple of the last price", ("token_price",))
        def scaled(paths, p):
            calls.append(len(paths["token_price"]))
            return factor * paths["token_price"][:, -1]

    try:
        register(2.0)
        result = made(token_price=[1.0, 3.0])
        assert value(result, "scaled")[0] == 6.0
        measured = len(calls)
        assert value(result, "scaled")[0] == 6.0
        assert len(calls) == measured
        register(5.0)
        assert value(result, "scaled")[0] == 15.0
    finally:
        METRICS.pop("scaled", None)


def test_the_table_and_the_dataset_hold_the_same(small):
    table = small.to_pandas()
    assert list(table.columns[:2]) == ["run", "time"]
    last = table[(table["run"] == 2) & (table["time"] == 12.0)]
    assert last["token_price"].item() == small.dataset["token_price"].sel(run=2, time=12.0).item()


def test_every_panel_is_drawn_and_an_unknown_one_refused(small):
    for name in ("overview", "price", "supply", "latency", "velocity", ["treasury", "nodes_h100"]):
        figure = small.plot(name)
        assert all(axis.get_ylabel() for axis in figure.axes)
        assert all(axis.get_title(loc="left") for axis in figure.axes)
    with pytest.raises(tk.InputError, match="did you mean 'token_price'"):
        small.plot("token_prise")


def test_the_notebook_page_escapes_what_it_shows():
    result = tk.run("baseline", scenario={"description": "x", "news": {"jump_mean": 0.1}}, days=3)
    hostile = tk.Result(
        result.resolved,
        result.variables,
        result.trajectories,
        1,
        "cadcad",
        ("<script>alert(1)</script>",),
    )
    page = hostile._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_run_directory_is_whole_and_loads_again(small, written):
    out = written
    assert {f.name for f in out.iterdir()} == {
        "params.yaml",
        "run.json",
        "metrics.json",
        "metrics.md",
        "trajectories.parquet",
        "figures",
    }
    assert not list(out.parent.glob(".*"))
    record = json.loads((out / "run.json").read_text())
    assert record["parameters"]["sha256"] == small.resolved.hash
    assert record["seed"] == 1
    table = pd.read_parquet(out / "trajectories.parquet")
    assert list(table.columns[:2]) == ["run", "time"]
    again = load(out)
    pd.testing.assert_frame_equal(again.metrics(), small.metrics())
    assert again.resolved.hash == small.resolved.hash
    with pytest.raises(tk.InputError, match="exists already"):
        write_run(small, out)


@pytest.mark.parametrize(
    "name",
    ["trajectories.parquet", "params.yaml", "metrics.json", "metrics.md", "figures/price.png"],
)
def test_a_changed_directory_is_refused(copied, name):
    with open(copied / name, "ab") as file:
        file.write(b" ")
    with pytest.raises(tk.InputError, match="missing or changed"):
        load(copied)


def test_a_variable_of_ones_own_comes_back_with_its_unit(tmp_path):
    @tk.writes(tk.Variable("mine", "apples", "what I count", 1.0, start=0.0))
    def policy_count(params, substep, state_history, state):
        return {"mine": state["mine"] + 1.0}

    model = tk.MODEL.insert(tk.block("count", policy_count), after="the market clears")
    out = tk.run("baseline", days=3, model=model, record=["mine", "nodes"]).save(tmp_path / "run")
    again = load(out)
    assert again.variables["mine"].unit == "apples"
    assert again.dataset["mine"].values[0, -1] == 3.0
    assert "<table>" in again._repr_html_()


def test_results_without_a_common_run_cannot_be_compared(small):
    moved = Trajectories(small.trajectories.time, np.arange(7, 10), small.trajectories.values)
    other = tk.Result(small.resolved, small.variables, moved, 1, "cadcad")
    with pytest.raises(tk.InputError, match="no run index in common"):
        small.compare(other)


def test_a_half_directory_is_refused(copied):
    (copied / "run.json").unlink()
    with pytest.raises(tk.InputError, match="not a run directory"):
        load(copied)


def test_the_record_of_a_run_is_in_its_folder_and_changed_nowhere(small, copied):
    record = json.loads((copied / "run.json").read_text())
    assert small.record().items() <= record.items()
    record["seed"] = 2
    (copied / "run.json").write_text(json.dumps(record))
    with pytest.raises(tk.InputError, match="run.json: digest: changed since it was written"):
        load(copied)
    del record["format"]
    (copied / "run.json").write_text(json.dumps(record))
    with pytest.raises(
        tk.InputError, match="run.json: format: .* as an earlier tokenomics wrote it"
    ):
        load(copied)


def test_a_link_in_a_folder_is_not_followed(copied, tmp_path):
    shutil.move(copied / "figures", tmp_path / "elsewhere")
    (copied / "figures").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(tk.InputError, match="figures: is a symbolic link"):
        load(copied)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("manifest.json", '{"format": 1}', "is a bundle of evidence.*tokenomics verify"),
        ("calibration.json", "{}", "is the folder of a calibration.*--overlay"),
        ("validation.json", "{}", "is the folder of a validation"),
        ("figures/x.png", "", "not a run directory"),
    ],
)
def test_a_folder_of_another_kind_is_told_what_it_is(tmp_path, name, content, told):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(content)
    with pytest.raises(tk.InputError, match=told):
        load(tmp_path)


def test_a_folder_of_results_names_them(written):
    with pytest.raises(tk.InputError, match="holds run; expected one of these folders"):
        load(written.parent)
    with pytest.raises(tk.InputError, match="no such folder"):
        load(written.parent / "ran")
    with pytest.raises(tk.InputError, match="is a file"):
        load(written / "run.json")


def test_what_could_not_be_read_again_is_not_written(small, tmp_path, monkeypatch):
    monkeypatch.setattr("tokenomics.results.writing.MOST_CELLS", 100)
    with pytest.raises(
        tk.InputError,
        match="numbers, runs times recorded days times variables; expected at most 100 in a folder",
    ):
        write_run(small, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_nothing(small, tmp_path, monkeypatch):
    from tokenomics.results import writing

    monkeypatch.setattr(writing, "metrics_markdown", lambda result: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_run(small, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_variables_carry_their_declared_units(small):
    for name, variable in small.variables.items():
        assert isinstance(variable, Variable)
        if name != "time":
            assert small.dataset[name].attrs["units"] == variable.unit


def test_importing_the_package_prints_nothing():
    out = subprocess.run(
        [sys.executable, "-c", "import tokenomics"], capture_output=True, text=True, timeout=120
    )
    assert (out.returncode, out.stdout, out.stderr) == (0, "", "")


def test_an_interval_keeps_the_bounds_of_its_metric():
    few = np.array([0.99, 1.0, 0.6])
    plain, cut = summarise(few), summarise(few, **METRICS["served_share"].interval)
    assert plain.high > 1.0 and cut.high == 1.0
    assert (cut.low, cut.mean) == (plain.low, plain.mean)
    assert summarise(np.array([0.0, 0.2]), **METRICS["tracking_rms"].interval).low == 0.0
    assert METRICS["served_share"].gap == (-1.0, 1.0)
    rounded = summarise(np.full(3, 1.0 + 1e-15), **METRICS["uptime"].interval)
    assert rounded.low <= rounded.mean <= rounded.high


def test_an_interval_cut_off_at_its_bounds_holds_the_mean_as_often():
    draws = np.random.default_rng(3).beta(8.0, 0.5, (4000, 6))
    mean = 8.0 / 8.5
    whole, cut = intervals(draws), intervals(draws, bounds=(0.0, 1.0))
    held = [(s.low <= mean) & (mean <= s.high) for s in (whole, cut)]
    assert np.array_equal(*held)
    assert whole.high.max() > 1.0 >= cut.high.max()


@pytest.mark.parametrize("name", [n for n, m in METRICS.items() if m.bounds != UNBOUNDED])
def test_a_run_keeps_the_bounds_that_its_metrics_declare(small, name):
    low, high = METRICS[name].bounds
    values = value(small, name)
    assert np.all((values >= low - 1e-12) & (values <= high + 1e-12))


def test_one_change_has_no_volatility():
    p = tk.resolve().values
    assert np.isnan(volatility(np.ones((3, 2)), p)).all()
    assert volatility(np.exp([[0.0, 0.1, 0.0]]), p) == pytest.approx(
        np.std([0.1, -0.1], ddof=1) * np.sqrt(365)
    )


def test_every_metric_has_a_name_that_is_read_without_underscores_and_is_its_own():
    labels = [one.label for one in METRICS.values()]
    assert len(set(labels)) == len(labels) and not any("_" in label for label in labels)
    assert set(LABELS) <= set(METRICS)

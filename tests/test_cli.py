"""The command line: one clear line and status 2 for bad input, a whole run directory or none."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
import typer

import tokenomics
from paths import command
from tokenomics.cli.main import COMMANDS, app
from tokenomics.results.store import load

COMMAND = [sys.executable, "-c", "from tokenomics.cli.main import main; main()"]
PRICES = "date,value\n2021-01-01,1.0\n2021-01-02,1.5\n2021-01-03,1.2\n2021-01-04,1.3\n"


def call(folder, *arguments):
    status, out, errors = command(*arguments, folder=folder)
    return SimpleNamespace(returncode=status, stdout=out, stderr=errors)


def files(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_a_run_prints_a_summary_and_writes_its_directory(tmp_path):
    done = call(
        tmp_path,
        "run",
        "baseline",
        "--policy",
        "pid",
        "--days",
        "4",
        "--runs",
        "2",
        "--out",
        "first",
    )
    assert done.returncode == 0, done.stderr
    assert "price_volatility" in done.stdout
    assert "first" in done.stdout
    out = tmp_path / "first"
    assert {"params.yaml", "run.json", "metrics.json", "metrics.md", "trajectories.parquet"} <= {
        p.name for p in out.iterdir()
    }
    assert list((out / "figures").glob("*.png"))
    assert json.loads((out / "run.json").read_text())["command"].startswith("tokenomics")
    again = call(tmp_path, "run", "baseline", "--days", "4", "--out", "first")
    assert again.returncode == 2
    assert "exists already" in again.stderr


def test_a_run_and_its_report_are_written_without_figures(tmp_path):
    line = "run baseline --policy pid --days 4 --runs 2 --no-figures --out first"
    done = call(tmp_path, *line.split())
    assert done.returncode == 0 and done.stdout.endswith("written to first, without figures\n")
    done = call(tmp_path, "report", "first", "--out", "bundle", "--no-figures")
    assert done.returncode == 0 and done.stdout.endswith("metadata; without figures\n")
    assert not list(tmp_path.rglob("*.png"))
    done = call(tmp_path, "verify", "bundle")
    assert done.returncode == 0 and "without figures, which its maker left out\n" in done.stdout


def test_json_is_all_that_is_printed(tmp_path):
    done = call(tmp_path, "run", "--days", "3", "--json", "--set", "shocks.enabled=false")
    data = json.loads(done.stdout)
    assert data["metrics"]["price_volatility"]["mean"] == pytest.approx(0.0, abs=1e-6)
    assert (tmp_path / data["out"]).is_dir()
    told = {
        "version": tokenomics.__version__,
        "policy": "none",
        "scenario": "none",
        "seed": 0,
        "runs": 1,
        "days": 3.0,
        "engine": "cadcad",
    }
    assert told.items() <= data.items()
    assert data["sha256"] == load(tmp_path / data["out"]).resolved.hash
    assert (data["notes"], data["failures"], data["base"]) == ([], [], "baseline")


BAD = {
    "misspelt key": (
        ["run", "bad.yaml"],
        "supply: {totl_supply: 5}\n",
        r"bad.yaml:1: supply.totl_supply: unknown key.*total_supply",
    ),
    "negative supply": (
        ["run", "--overlay", "./bad.yaml"],
        "supply: {total_supply: -5}\n",
        r"expected a number > 0 TOK",
    ),
    "wrong unit": (
        ["run", "--overlay", "./bad.yaml"],
        "supply: {total_supply: {value: 5, unit: USD}}\n",
        r"unit 'USD'; expected 'TOK'",
    ),
    "missing file": (["run", "none.yaml"], "", r"none.yaml: no such file"),
    "unknown scenario": (
        ["run", "--scenario", "token_crsh"],
        "",
        r"unknown scenario 'token_crsh'.*token_crash",
    ),
    "unknown policy": (["run", "--policy", "pdi"], "", r"unknown policy 'pdi'"),
    "unknown law": (
        ["run", "--set", "controller.type=pdi"],
        "",
        r"unknown controller 'pdi'.*did you mean 'pid'",
    ),
    "bad set": (["run", "--set", "x"], "", r"expected path=value"),
    "no such option": (["run", "--polcy", "pid"], "", r"--polcy"),
    "gap": (
        ["run", "--prices", "bad.csv"],
        PRICES.replace("2021-01-03,1.2\n", ""),
        r"bad.csv:4: date: a gap: 2021-01-03",
    ),
    "NaN": (["run", "--prices", "bad.csv"], PRICES.replace("1.2", "nan"), r"bad.csv:4: value: NaN"),
    "text": (
        ["run", "--prices", "bad.csv"],
        PRICES.replace("1.2", "high"),
        r"bad.csv:4: value: the text 'high'",
    ),
    "missing prices": (["run", "--prices", "none.csv"], "", r"none.csv: no such file"),
    "short demand": (
        ["run", "--demand", "bad.csv"],
        "t_s,req_per_s\n0,1\n600,2\n",
        r"--demand-align.*repeat.*bootstrap",
    ),
    "zero runs": (["run", "--runs", "0"], "", r"--runs: 0; expected a whole number from 1"),
    "bad record": (["run", "--record", "prise", "--days", "2"], "", r"unknown variable 'prise'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_line_and_status_2(tmp_path, case):
    arguments, text, message = BAD[case]
    if text:
        (tmp_path / ("bad.csv" if "bad.csv" in arguments else "bad.yaml")).write_text(text)
    before = files(tmp_path)
    done = call(tmp_path, *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert re.search(message, done.stderr), done.stderr
    assert files(tmp_path) == before


def test_a_killed_run_leaves_nothing_that_passes_for_a_whole_one(tmp_path):
    # Killed while it writes, if it can be caught there, else while it computes: both must leave no
    # directory of that name.
    arguments = ["run", "baseline", "--runs", "2", "--days", "90", "--out", "killed"]
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while (
        time.monotonic() < deadline
        and process.poll() is None
        and not list(tmp_path.glob(".killed.partial-*"))
    ):
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "killed").exists()
    for partial in tmp_path.glob(".killed.partial-*"):
        with pytest.raises(Exception, match="not a run directory"):
            load(partial)


def test_params_show_check_diff_and_table(tmp_path):
    shown = call(tmp_path, "params", "show", "--policy", "pid")
    (tmp_path / "mine.yaml").write_text(shown.stdout)
    checked = call(tmp_path, "params", "check", "mine.yaml")
    assert (checked.returncode, "OK" in checked.stdout) == (0, True)
    (tmp_path / "part.yaml").write_text("supply: {burn_share: 0.4}\n")
    part = call(tmp_path, "params", "check", "part.yaml", "--json")
    assert json.loads(part.stdout)["unsourced"] == []
    differs = call(tmp_path, "params", "diff", "baseline", "mine.yaml", "--json")
    assert [row["path"] for row in json.loads(differs.stdout)] == ["controller.type"]
    assert (
        "| controller.type | lever | pid |" in call(tmp_path, "params", "table", "mine.yaml").stdout
    )
    assert json.loads(call(tmp_path, "params", "show", "--json").stdout)["sha256"]


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["run"],
        ["params"],
        ["params", "show"],
        ["params", "check"],
        ["params", "diff"],
        ["params", "table"],
    ],
)
def test_every_command_has_help_with_an_example(tmp_path, command):
    done = call(tmp_path, *command, "--help")
    assert done.returncode == 0
    if command != ["params"]:
        assert "tokenomics" in done.stdout.split("Example")[-1] or "Start with" in done.stdout


def test_a_process_ends_with_the_status(tmp_path):
    done = subprocess.run(
        [*COMMAND, "params", "show", "nope"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_the_version_is_told(tmp_path):
    assert re.match(r"tokenomics \d+\.\d+", call(tmp_path, "--version").stdout)


def test_the_overview_of_the_commands_waits_for_no_library_that_only_some_need(tmp_path):
    heavy = [
        "control",
        "cadCAD",
        "llvmlite",
        "matplotlib",
        "numpy",
        "pandas",
        "pyarrow",
        "pydantic",
        "scipy",
        "xarray",
    ]
    code = (
        f"import sys\nfrom tokenomics.cli.main import app\napp(['--help'], "
        f"standalone_mode=False)\nprint([n for n in {heavy} if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert "Look up:" in done.stdout
    assert done.stdout.strip().endswith("[]"), done.stdout + done.stderr


@pytest.mark.parametrize(
    "module", ["tokenomics.experiments.run", "tokenomics.governance.bundle.make"]
)
def test_a_simulation_and_a_proposal_start_without_libraries_that_they_seldom_need(
    module, tmp_path
):
    """Each of these takes a good part of a second to import."""
    slow = ["control", "scipy.signal", "scipy.stats", "xarray"]
    code = f"import sys, {module}\nprint([name for name in {slow} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_the_overview_says_of_every_command_the_first_sentence_of_its_own_help():
    program = typer.main.get_command(app)
    context = program.context_class(program)
    assert {
        name: program.get_command(context, name).get_short_help_str(limit=300) for name in COMMANDS
    } == COMMANDS


def test_help_cuts_no_sentence_and_the_overview_has_a_line_for_each_command(tmp_path):
    shown = call(tmp_path, "--help").stdout
    for words in ([], ["params"], ["control"], ["capacity"], ["calibrate"], ["model"]):
        lines = call(tmp_path, *words, "--help").stdout.splitlines()
        assert max(map(len, lines)) <= 80
        assert not any(line.endswith("...") for line in lines[1:])  # the first is the usage
    assert all(f"  {name:<11}  {line}" in shown.splitlines() for name, line in COMMANDS.items())


def test_a_misspelt_command_names_its_neighbour(tmp_path):
    assert "Did you mean 'sweep'" in call(tmp_path, "sweap").stderr


def test_a_group_that_is_imported_late_tells_what_it_holds(tmp_path):
    assert "analyse" in call(tmp_path, "control", "--help").stdout
    assert "Did you mean 'analyse'" in call(tmp_path, "control", "analyze").stderr


def test_every_public_name_is_found():
    assert all(hasattr(tokenomics, name) for name in tokenomics.__all__)
    assert set(tokenomics.__all__) <= set(dir(tokenomics))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = tokenomics.nothing


@pytest.mark.parametrize(
    "arguments, argument, option",
    [
        (
            ["run", "--demand-align", "often"],
            "demand_align: unknown alignment",
            "--demand-align: unknown alignment",
        ),
        (
            ["run", "--start", "2024-01-01"],
            "expected `prices` or `bonded` with it",
            "expected --prices or --bonded with it",
        ),
        (
            ["run", "--set", "supply.burnshare=1"],
            "`sets`: supply.burnshare",
            "--set: supply.burnshare",
        ),
        (
            ["run", "--engine", "fast"],
            "engine: unknown engine 'fast'",
            "--engine: unknown engine 'fast'",
        ),
    ],
)
def test_python_reads_the_name_of_an_argument_and_the_command_line_that_of_its_option(
    tmp_path, arguments, argument, option
):
    name, value = arguments[1].removeprefix("--").replace("-", "_"), arguments[2]
    with pytest.raises(tokenomics.InputError) as error:
        tokenomics.run("baseline", **{{"set": "sets"}.get(name, name): value})
    assert argument in str(error.value) and "--" not in str(error.value)
    assert option in call(tmp_path, *arguments).stderr


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("compare --metrics prise", "--metrics: unknown metric 'prise'"),
        ("compare --reference rai", "--reference: 'rai'"),
        ("sweep pid_gains --runs 1 --scheduler http://x", "--scheduler: 'http://x'"),
        ("control tune --method guess", "--method: unknown method 'guess'"),
        ("control attack --attack bank_run --attack bank_run", "--attack: 'bank_run' twice"),
        ("capacity benchmark --backend none", "--backend: 'none'"),
        ("venues --workload chat --days 10", "--days: 10 days"),
        ("validate --history x.csv --policy pid --from soon", "--from: 'soon'"),
        ("velocity x.csv --to soon", "--to: 'soon'"),
        ("calibrate prices x.csv --gaps all", "--gaps: 'all'"),
        ("calibrate burn x.csv --discretionary-from 2020", "--discretionary-from: '2020'"),
        ("calibrate recover merton --count 30", "--count: 30"),
        ("run --prices x.csv --demand-column a", "--demand-column: without a demand file"),
    ],
)
def test_every_command_says_the_option_that_is_wrong(tmp_path, line, option):
    (tmp_path / "x.csv").write_text(PRICES)
    done = call(tmp_path, *line.split())
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"error: {option}" in done.stderr

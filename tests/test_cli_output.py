"""What commands print and write: nothing is lost for want of a place, and what strangers wrote is
only text.
"""

import errno
import io
import json
import os
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from ruamel.yaml import YAML

from paths import command, commands
from tokenomics.cli import output as cli_tools
from tokenomics.cli.output import distinct, listed, say, show_table
from tokenomics.errors import InputError
from tokenomics.inputs import files
from tokenomics.parameters import resolve
from tokenomics.parameters.locate import ROOTS
from tokenomics.parameters.writing import _dumped, yaml_text, yaml_texts

NEEDED = {
    "calibrate recover": ["merton"],
    "calibrate prices": ["x.csv"],
    "calibrate factor": ["x.csv", "y.csv"],
    "calibrate economy": ["x.csv"],
    "calibrate demand": ["x.csv"],
    "calibrate burn": ["x.csv"],
    "calibrate bonding": ["x.csv"],
    "capacity frontier": ["--hardware", "h100"],
    "capacity import": ["x.json"],
    "capacity model": ["x.json"],
    "propose": ["pid_gains"],
    "protocols replay": ["livepeer", "--history", "x.csv"],
    "reproduce": ["hip20"],
    "score": ["x.csv", "y.csv"],
    "sensitivity": ["what_moves_the_price"],
    "sweep": ["pid_gains", "--runs", "1"],
    "validate": ["--history", "x.csv", "--policy", "pid", "--from", "2020-01-01"],
    "venues": ["--workload", "chat"],
}
WRITERS = [
    " ".join(path) for path, found in commands() if any(p.name == "out" for p in found.params)
]
HOSTILE = "[bold]b[/] [/red] :warning: \x1b[31m\x1b]0;t\x07 \u202e\u2066 \r\n\x9b2J é\nnext"


@pytest.mark.parametrize("name", [name for name in WRITERS if name != "report"])
def test_where_nothing_can_be_written_no_work_is_begun(tmp_path, monkeypatch, name):
    def never(*_, **__):
        raise AssertionError("the work was begun")

    monkeypatch.setattr("tokenomics.model.shocks.Streams.words", never)
    (tmp_path / "file").write_text("a file, no folder")
    status, out, errors = command(
        *name.split(), *NEEDED.get(name, []), "--out", "file/out", folder=tmp_path
    )
    assert (status, out) == (2, ""), errors
    assert errors.count("\n") == 1
    assert "file/out: --out: cannot be written (Not a directory)" in errors
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    "line",
    [
        "control analyse --policy lqr",
        "capacity supply",
        "run --days 2",
        "reproduce hip20",
        "control tune --method lqr --runs 2",
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_results_are_told_where_the_disk_is_full_when_they_are_there(
    tmp_path, monkeypatch, line, as_json
):
    def full(file):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files, "_flush", full)
    status, out, errors = command(
        *line.split(), "--out", "new", *["--json"] * as_json, folder=tmp_path
    )
    assert status == 2
    assert errors == (
        "error: new: --out: cannot be written (No space left on device); expected a place with "
        "room for files\n"
    )
    assert len(out.splitlines()) > 5
    assert "new" not in out
    if as_json:
        assert "error" not in json.loads(out)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("colours", [True, False])
def test_colours_are_left_out_where_nobody_wants_them(monkeypatch, colours):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    if not colours:
        monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys, "stderr", screen := Terminal())
    monkeypatch.setattr(cli_tools, "PATIENCE", -1.0)
    with cli_tools.progress_bar("simulating", show=True) as update:
        update(1, 3)
        update(2, 3)
    assert "simulating" in screen.getvalue()
    assert bool(re.search(r"\x1b\[[\d;]*3\d(;|m)", screen.getvalue())) == colours


def test_where_every_run_fails_the_figures_say_so_and_nothing_warns(tmp_path):
    rows = "".join(f"{600 * i},{1e20 if i == 9 else 5}\n" for i in range(1_000))
    (tmp_path / "rate.csv").write_text(f"t_s,req_per_s\n{rows}")
    line = ["run", "--demand", "rate.csv", "--days", "5", "--runs", "2", "--out", "new"]
    line += ["--set", "fleet.h100.potential_nodes=1e18"]
    status, out, errors = command(*line, folder=tmp_path)
    assert status == 1
    assert "2 failed" in out
    assert "Warning" not in errors


def test_of_two_runs_without_a_name_each_has_its_own(tmp_path):
    for _ in range(2):
        assert command("run", "--days", "2", folder=tmp_path)[0] == 0
    assert len(os.listdir(tmp_path / "runs")) == 2


def test_a_table_shows_a_strangers_text_and_obeys_none_of_it(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    show_table(HOSTILE, [HOSTILE, "n"], [[HOSTILE, 1], [HOSTILE]])
    shown = capsys.readouterr().out
    assert shown.count("[bold]b[/] [/red] :warning:") == 4
    assert not set(shown) & set("\x1b\x07\u202e\u2066\r\x9b")
    assert "é" in shown


def test_a_line_of_a_stranger_is_one_line(capsys):
    say(f"  {HOSTILE}")
    said = capsys.readouterr().out
    assert said.startswith("  [bold]b[/] [/red] :warning:")
    assert said.count("\n") == 1
    assert not set(said) & set("\x1b\x07\u202e\u2066\r\x9b")


def test_names_between_commas_are_there_once_each():
    assert listed(None, "record") is None
    assert listed(" a, b", "record") == ["a", "b"]
    for text in ("", ",", "a,,b", "a,"):
        with pytest.raises(InputError, match=f"record: an empty name in '{text}'"):
            listed(text, "record")
    with pytest.raises(InputError, match="record: 'a' twice; expected each once"):
        listed("a,b,a", "record")
    with pytest.raises(InputError, match="scenario: an empty text"):
        distinct(["x", " "], "scenario")


PLACES = {  # of shipped files, and of commands that show what is in them
    "baseline.yaml": [
        "params show F",
        "params table F",
        "params diff F baseline",
        "params check F",
        "run F --days 2 --no-figures",
        "model variables F",
    ],
    "policies/pid.yaml": [
        "control analyse --policy F",
        "run --days 2 --policy F",
        "compare --days 2 --runs 2 --policies F,none",
    ],
    "scenarios/token_crash.yaml": [
        "params table --scenario F",
        "compare --days 2 --runs 2 --no-figures --policies none,pid --scenarios F",
    ],
    "fleets/marketplace.yaml": ["capacity supply --fleet F"],
    "hardware/h100.yaml": ["capacity frontier --hardware F"],
    "workloads/chat.yaml": ["venues --runs 2 --days 90 --workload F"],
    "sweeps/pid_gains.yaml": ["sweep F --dry-run", "sweep F.no"],
}


@pytest.mark.slow_after(5)
@pytest.mark.parametrize(
    ("file", "line"), [(file, line) for file, lines in PLACES.items() for line in lines]
)
def test_a_strangers_file_shows_its_text_and_steers_nothing(tmp_path, file, line):
    text = next(root / file for root in ROOTS if (root / file).exists()).read_text()
    for word in ("description", "source", "note"):
        text = re.sub(
            rf'\b{word}: "[^"]*"',
            lambda found: f"{found[0].split(':')[0]}: {json.dumps(HOSTILE)}",
            text,
        )
    name = "[bold]x[red]\x1b[31m \u202e.yaml"
    (tmp_path / name).write_text(text)
    for as_json in ([], ["--json"]):
        status, out, errors = command(
            *(name if word == "F" else word.replace("F", name) for word in line.split(" ")),
            *as_json,
            folder=tmp_path,
        )
        assert status == (2 if ".no" in line else 0), errors
        for shown in (out, errors):
            assert all(c.isprintable() or c == "\n" for c in shown)
            assert not any(part.startswith("next") for part in shown.split("\n"))
        if as_json:
            json.loads(out)
        assert "Traceback" not in errors


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("policies/pid.yaml", "run --days 2 --policy F --out new"),
        ("policies/pid.yaml", "compare --days 2 --runs 2 --policies F,none --out new"),
        ("hardware/h100.yaml", "capacity frontier --hardware F --out new"),
    ],
)
def test_a_name_with_dollars_is_drawn_and_read_as_no_formula(tmp_path, file, line):
    (tmp_path / r"a$\frac{$.yaml").write_text(
        next(root / file for root in ROOTS if (root / file).exists()).read_text()
    )
    status, _, errors = command(
        *(word.replace("F", r"a$\frac{$.yaml") for word in line.split()), folder=tmp_path
    )
    assert (status, errors) == (0, "")
    assert list((tmp_path / "new").rglob("*.png"))


def test_yaml_of_a_strangers_text_is_shown_without_control_characters_and_loads_again():
    for text in (
        HOSTILE,
        "é Δt",
        "a: b #c",
        " x\n y ",
        "\u202e: #",
        "\U000e0001\x85\xa0\ufeff",
        "'q' \"z\" \u202e",
    ):
        shown = yaml_text({"a": text, text: 1.5})
        assert all(c.isprintable() or c == "\n" for c in shown)
        assert YAML(typ="safe", pure=True).load(shown) == {"a": text, text: 1.5}
    assert yaml_text({"a": "é Δt"}) == "a: é Δt\n"


def test_a_tree_is_written_as_ruamel_writes_it_whole():
    """Scalars of every kind that YAML could take for another, as keys and as values, repeated and
    alone; trees with lists, lines and long texts.
    """
    words = [
        "1", "-", "- a", "? a", ": a", "a:", "a: b", "a #b", "#", "true", "no", "null", "~", "",
        "1.5", "1e3", "0x1f", "2020-01-01", "=", "<<", "'", '"', "it's", 'say "x"', "it's: \"x\"",
        " ", "{}", "[a]", "&a", "*a", "!a", "%a", "@a", "`a", "|", ">", "...", "---", "é Δt",
        "a, b", "\\", "x" * 99, "x" * 101, "word " * 100, " begins", "ends ", "a  b",
    ]  # fmt: skip
    numbers = [0, 1, -1, 0.0, -0.0, 1.0, 0.1, 1e16, 1e17, 1.5e-7, 1e300, True, False, None]
    trees = [
        {"words": {f"k{i}": word for i, word in enumerate(words)}},
        {"keys": {word: {"again": word} for word in words if len(word) < 100}},
        {"numbers": {f"k{i}": number for i, number in enumerate(numbers)}},
        {"empty": {}, "inner": {"empty": {}, "one": {"two": {"three": 1}}}},
        *({word: 1.5} for word in words),
        {"lines": "a\nb"},
        {"listed": {"a": [1, "1", {"b": 2}]}},
        {"a": {"one": "a: b"}, "listed": [{"until": 1.5, "of": {"x": "no"}}, {}], "b": {"one": 1}},
        {"empty": [], "b": 1, "lines": "a\nb", "c": {}, "é" * 101: {"x": "é"}, "d": None},
        {"long": "word " * 2_000},
    ]
    for tree in trees:
        whole = _dumped(tree)
        if whole.replace("\n", "").isprintable():
            assert yaml_text(tree) == whole, tree
    assert yaml_texts(trees) == [yaml_text(tree) for tree in trees]
    for policy in ("none", "pid", "lqr"):
        text = resolve("baseline", policy=policy).to_yaml()
        assert text == _dumped(YAML(typ="safe", pure=True).load(text))


def test_tables_are_printed_in_one_place_alone():
    folder = Path(cli_tools.__file__).parents[1]
    assert not [file for file in folder.rglob("*.py") if "rich.table" in file.read_text()]


LISTS = ("protocols list", "params list", "model metrics", "model matters", "model functions")


@pytest.mark.parametrize("words", [*LISTS, "model variables baseline"])
def test_a_list_is_a_table_and_markdown_on_request(words):
    status, out, errors = command(*words.split())
    assert (status, errors) == (0, "")
    assert not [line for line in out.splitlines() if line.startswith("|")]
    marked = command(*words.split(), "--markdown")[1].splitlines()
    assert all(line.startswith("|") for line in marked) and marked[1].startswith("|---")


DRAWING = {  # commands that draw, by their module, with what a small example needs
    "calibrate_output": ("calibrate", "demand", "rate.csv"),
    "capacity": ("capacity", "supply"),
    "capacity_frontier": ("capacity", "frontier", "--hardware", "h100"),
    "compare": ("compare", "--policies", "none,pid", "--days", "5", "--runs", "2"),
    "control": ("control", "boundary", "--runs", "2"),
    "frontier": ("frontier", "--policies", "static", "--days", "5", "--runs", "2"),
    "protocols": ("protocols", "replay", "livepeer", "--history", "rounds.csv"),
    "run": ("run", "--days", "2", "--engine", "ensemble"),
    "venues": ("venues", "--workload", "chat", "--runs", "2", "--days", "90"),
}
SLOW = {"reproduce", "sensitivity", "validate"}  # which only have the option looked at


def test_every_command_that_draws_takes_the_form_of_its_figures():
    files = Path(cli_tools.__file__).parent.glob("*.py")
    draws = re.compile(r"drawing import save$|import fill as draw$|import .*write_run$", re.M)
    drawing = {file.stem for file in files if draws.search(file.read_text())}
    assert drawing == set(DRAWING) | SLOW
    takes = {
        " ".join(path)
        for path, one in commands()
        if any("--format" in option.opts for option in one.params)
    }
    named = {" ".join(w for w in words[:2] if not w.startswith("-")) for words in DRAWING.values()}
    assert named | {"control analyse", *SLOW} <= takes
    assert {f"calibrate {name}" for name in ("prices", "economy", "burn")} <= takes


@pytest.mark.slow_after(2)
@pytest.mark.parametrize("name", DRAWING)
def test_a_command_draws_svg_where_it_is_asked_to(tmp_path, name):
    rows = "".join(f"{600 * i},{5 + i % 7}\n" for i in range(300))
    (tmp_path / "rate.csv").write_text(f"t_s,req_per_s\n{rows}")
    (tmp_path / "rounds.csv").write_text(
        "clock,inflation,bonded,supply\n" + "".join(f"{i},{500 * i},40,100\n" for i in range(1, 9))
    )
    words = [*DRAWING[name], "--out", "new", "--format", "svg"]
    status, _, errors = command(*words, folder=tmp_path)
    assert status in (0, 1), errors
    drawn = [file for file in (tmp_path / "new").rglob("*") if file.suffix in (".png", ".svg")]
    assert drawn and {file.suffix for file in drawn} == {".svg"}
    assert all(ElementTree.parse(file).getroot().tag.endswith("}svg") for file in drawn)

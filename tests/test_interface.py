"""What a program, an editor and a shell expect of a package: help, silence, completion, types,
warnings and a log.
"""

import logging
import os
import re
import subprocess
import sys
import warnings
from unittest import mock

import pytest

import tokenomics as tk
from documentation import STUB, stub
from paths import command, commands

UNREAD = ("run", "--policy", "none", "--days", "3", "--set", "supply.vesting_time=1460")


def completed(line):
    """What a shell is offered at the end of a line."""
    words = line.split(" ")
    asked = {
        "_TOKENOMICS_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    with mock.patch.dict(os.environ, asked):
        status, out, _ = command()
    assert status == 0
    return out.split()


@pytest.mark.parametrize("words", [(), ("run",), ("control",), ("control", "analyse")])
def test_h_is_help(words):
    assert command(*words, "-h") == command(*words, "--help")
    assert command(*words, "-h")[0] == 0


def test_the_help_of_verify_says_what_a_sample_does_not_save():
    (one,) = [found for words, found in commands() if words == ("verify",)]
    (told,) = [param.help for param in one.params if param.name == "sample"]
    assert "all runs of the forecast are simulated again" in told and "made anew" in told


def test_every_command_takes_quiet():
    told = {" ".join(words): [o for p in one.params for o in p.opts] for words, one in commands()}
    assert [name for name, options in told.items() if options.count("--quiet") != 1] == []
    assert [name for name, options in told.items() if options.count("-q") != 1] == []


@pytest.mark.slow
def test_quiet_leaves_notes_out_and_errors_in(tmp_path):
    assert "note: " in command(*UNREAD, folder=tmp_path)[2]
    assert command(*UNREAD, "--quiet", folder=tmp_path)[::2] == (0, "")
    assert command("-q", *UNREAD, folder=tmp_path)[::2] == (0, "")
    assert "note: " in command(*UNREAD, folder=tmp_path)[2]  # not for ever
    assert command("run", "-q", "--runs", "x", folder=tmp_path)[2].startswith("error: ")


def test_a_shell_completes_commands_options_and_shipped_names():
    assert completed("tokenomics se") == ["sensitivity"]
    assert completed("tokenomics control b") == ["boundary"]
    assert "--policy" in completed("tokenomics run --po")
    assert completed("tokenomics run --policy pid") == ["pid", "pid_two_sided"]
    assert completed("tokenomics run --scenario token_c") == ["token_crash"]
    assert completed("tokenomics run live") == ["livepeer"]


def test_every_command_s_help_has_each_example_on_a_line_of_its_own():
    for words, one in commands():
        text = one.get_help(one.context_class(one, info_name=" ".join(words), terminal_width=40))
        heading, *lines = text.split("  Example")[-1].rstrip().split("\n")
        assert heading == ("s:" if len(lines) > 1 else ":"), words
        assert all(re.match(r"    (\w+=\S+ )?tokenomics [^|]+$", line) for line in lines), words


def test_the_module_is_the_command():
    call = [sys.executable, "-m", "tokenomics", "--version"]
    done = subprocess.run(call, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, f"tokenomics {tk.__version__}\n")


def test_editors_read_the_names_that_there_are():
    assert STUB.read_text() == stub(), "run python tests/documentation.py"
    assert (STUB.parent / "py.typed").is_file()


def test_what_a_reader_must_know_is_a_warning_of_a_category_of_its_own():
    with pytest.warns(tk.Remark, match="nothing reads it"):
        tk.run(policy="none", sets={"supply.vesting_time": 1460}, days=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", tk.Remark)
        tk.run(policy="none", sets={"supply.vesting_time": 1460}, days=2)


def test_the_log_tells_of_runs_and_sweeps_who_asks_for_it_and_nobody_else(caplog, capfd):
    design = {"policies": ["none"], "parameters": {"demand.services": [40]}, "runs": 2}
    with caplog.at_level(logging.DEBUG, logger="tokenomics"):
        tk.run(days=2, runs=2)
        tk.sweep({**design, "set": {"simulation.days": 2}})
    told = [record.getMessage() for record in caplog.records]
    assert told[0] == "2 runs of 2 steps, policy none, engine cadcad"
    assert "2 simulations, 0 of them are done already" in told
    assert any(line.startswith("task 0 is done: 2 of 2") for line in told)
    caplog.clear()
    tk.run(days=2)
    assert (capfd.readouterr(), caplog.records) == (("", ""), [])

"""How a command ends: the status says what became of it, and every error is one line, or one object
under --json.
"""

import errno
import json
import os
import subprocess
import sys

import pytest

from paths import command
from tokenomics.cli import params as cli_params
from tokenomics.cli.ending import TRACEBACK

COMMAND = [sys.executable, "-c", "from tokenomics.cli.main import main; main()"]


def failing(monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(cli_params.tables, "shipped", fail)
    return command("params", "list", "--json")


def test_an_error_of_the_program_is_no_answer_and_its_details_are_kept(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    status, out, errors = failing(monkeypatch, ZeroDivisionError("by\n0"))
    assert status == json.loads(out)["error"]["status"] == 70
    (details,) = tmp_path.glob("tokenomics-*.log")
    assert errors == (
        f"error: ZeroDivisionError: by 0; this is a fault of the program, not of its input: "
        f"details in {details}\n"
    )
    assert "Traceback" in details.read_text()


def test_details_are_told_at_once_where_they_are_asked_for(monkeypatch):
    monkeypatch.setenv(TRACEBACK, "1")
    status, _, errors = failing(monkeypatch, ZeroDivisionError("by 0"))
    assert status == 70
    assert errors.startswith("Traceback")


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 2, "out of memory; expected less to keep"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 2, "No space left on device"),
    ],
)
def test_what_is_no_fault_of_the_program_has_a_status_of_its_own(monkeypatch, error, status, said):
    found, out, errors = failing(monkeypatch, error)
    assert found == json.loads(out)["error"]["status"] == status
    assert errors.count("\n") == 1
    assert said in errors


@pytest.mark.parametrize(
    ("arguments", "key", "said"),
    [
        (["run", "nope"], None, "unknown parameter set"),
        (["run", "--runs", "x"], "--runs", "'x'"),
        (["run", "--days", "abc"], "--days", "'abc'"),
        (["run", "--nothing"], "--nothing", "No such option"),
        (["run", "--set", "supply.totl_supply=1"], "supply.totl_supply", "unknown key"),
        (["venues"], "--workload", "Missing option"),
    ],
)
def test_under_json_an_error_is_json_and_its_line_is_on_stderr(tmp_path, arguments, key, said):
    status, out, errors = command(*arguments, "--json", folder=tmp_path)
    told = json.loads(out)["error"]
    assert set(told) == {"message", "found", "expected", "file", "line", "key", "nearest", "status"}
    assert (told["status"], told["key"], status) == (2, key, 2)
    assert said in told["message"]
    assert errors == f"error: {told['message']}\n"


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    "words", [["params", "table"], ["reproduce", "rai"], ["control", "analyse"]]
)
def test_a_closed_pipe_is_told_as_a_shell_tells_it(words):
    """Of text and of tables alike."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as stream:
        done = subprocess.run(
            [*COMMAND, *words], stdout=stream, stderr=subprocess.PIPE, text=True, timeout=120
        )
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(
    not os.path.exists("/dev/full"), reason="this system has no device that is always full"
)
def test_an_output_without_room_is_one_line():
    with open("/dev/full", "w") as stream:
        done = subprocess.run(
            [*COMMAND, "params", "table"],
            stdout=stream,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
        )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "No space left" in done.stderr

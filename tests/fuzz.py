"""Many damaged inputs to every command: none may end in a traceback, hang, or take the machine's
memory.

    python tests/fuzz.py --count 2000 --seed 1 --list accepted.txt

Each case is a command line that works, with one thing of it damaged: an option, or a file that it
reads. It runs in a forked process with a limit of time and of memory, so that what fails leaves the
others alone. A few cases run in the test suite (`test_fuzz.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import fuzz_inputs as inputs

from tokenomics.cli.main import main

PATIENCE = 120  # s; the longest case that works takes a tenth of it
MEMORY = 2_000_000_000  # bytes of resident memory that no case may reach
KNOWN = {0: "done", 1: "no", 2: "refused", 130: "interrupted", 141: "closed"}


@dataclass(frozen=True)
class Case:
    """A damaged command line. what: what was done to it, in words."""

    number: int
    arguments: tuple[str, ...]
    what: str


@dataclass(frozen=True)
class Outcome:
    """How a case ended. status: None where it was stopped. memory: peak of resident memory
    [bytes].
    """

    case: Case
    status: int | None
    seconds: float
    memory: int
    output: str

    @property
    def most_errors(self) -> float:
        """Lines that an error may have: one, but for the command that tells every wrong value."""
        return float("inf") if self.case.arguments[:2] == ("params", "check") else 1

    @property
    def kind(self) -> str:
        """done, no, refused, or what must not be: traceback, hang, memory, noise."""
        if self.status is None:
            return "hang"
        if self.memory > MEMORY:
            return "memory"
        if "Traceback (most recent call last)" in self.output or self.status not in KNOWN:
            return "traceback"
        errors = [line for line in self.output.splitlines() if line.startswith("error: ")]
        if (
            "Warning:" in self.output
            or "errors.pydantic.dev" in self.output
            or (self.status == 2 and not 1 <= len(errors) <= self.most_errors)
        ):
            return "noise"
        return KNOWN[self.status]


def case(number: int, seed: int, folder: Path) -> Case:
    """The case of a number: the same for the same seed. folder: where its damaged files go."""
    rng = random.Random(f"{seed}/{number}")
    template = rng.choice(inputs.TEMPLATES)
    arguments = list(template.arguments)
    files = [
        i for i, word in enumerate(arguments) if i > 0 and word in (*inputs.FILES, *inputs.FOLDERS)
    ]
    if files and rng.random() < 0.7:
        place = rng.choice(files)
        name = arguments[place]
        arguments[place], what = inputs.damaged(name, folder, rng)
        what = f"{name}: {what}"
    else:
        arguments, what = inputs.damaged_options(arguments, rng)
    return Case(number, tuple(arguments), f"{template.name}: {what}")


def attempt(one: Case, folder: Path) -> Outcome:
    """Run a case in a process of its own."""
    output = folder / f"output-{one.number}"
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        _child(one, folder, output)
    deadline, status, usage = started + PATIENCE, None, None
    while usage is None:
        done, status, found = os.wait4(child, os.WNOHANG)
        if done:
            usage = found
        elif time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            _, _, usage = os.wait4(child, 0)
            status = None
        else:
            time.sleep(0.005)
    text = output.read_bytes()[:100_000].decode("utf-8", "replace") if output.exists() else ""
    code = None if status is None else os.waitstatus_to_exitcode(status)
    return Outcome(one, code, time.monotonic() - started, usage.ru_maxrss * 1024, text)


def _child(one: Case, folder: Path, output: Path) -> None:
    """Never returns: the command line, with its output in a file."""
    status = 70
    try:
        resource.setrlimit(resource.RLIMIT_AS, (3 * MEMORY, 3 * MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (MEMORY, MEMORY))
        stream = os.open(output, os.O_CREAT | os.O_WRONLY)
        for target in (1, 2):
            os.dup2(stream, target)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
        os.chdir(folder)
        sys.argv = ["tokenomics", *one.arguments]
        main()
        status = 0
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def fuzz(count: int, seed: int, first: int = 0, watch=None) -> list[Outcome]:
    """Outcomes of `count` cases. watch: called with each outcome."""
    found = []
    # in a folder of its own, so that nothing that a case names by accident is there
    with tempfile.TemporaryDirectory() as work:
        home = Path(work)
        inputs.prepare(home)
        for number in range(first, first + count):
            folder = home / f"case-{number}"
            shutil.copytree(home / "inputs", folder)
            found.append(attempt(case(number, seed, folder), folder))
            shutil.rmtree(folder, ignore_errors=True)
            if watch:
                watch(found[-1])
    return found


def _told(one: Outcome) -> str:
    last = [line for line in one.output.splitlines() if line.strip()][-1:] or [""]
    return (
        f"{one.case.number} {one.kind} status {one.status} {one.seconds:.1f} s "
        f"{one.memory / 1e6:.0f} MB | {one.case.what} | {last[0][:200]}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument(
        "--list", type=Path, help="file for the cases that were taken without a word"
    )
    chosen = parser.parse_args()
    bad = ("traceback", "hang", "memory", "noise")
    outcomes = fuzz(
        chosen.count,
        chosen.seed,
        chosen.first,
        lambda o: print(_told(o), flush=True) if o.kind in bad else None,
    )
    most, longest = max(o.memory for o in outcomes) / 1e6, max(o.seconds for o in outcomes)
    print(
        json.dumps(Counter(o.kind for o in outcomes)),
        f"peak {most:.0f} MB, longest {longest:.1f} s",
    )
    if chosen.list:
        taken = [re.sub(r"\s+", " ", _told(o)) for o in outcomes if o.kind in ("done", "no")]
        chosen.list.write_text("\n".join(taken) + "\n")
    sys.exit(any(o.kind in bad for o in outcomes))

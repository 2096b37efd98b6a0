"""A folder that was damaged is read as what it was, or refused in one line that names the file: never half, never with a traceback."""

import os

import numpy as np
import pytest
from damage import copied, reseal_run, spoil

import tokenomics as tk
from tokenomics.governance.plan import plan_of_run, runs_of_run
from tokenomics.results.store import load, write_run

COUNT = int(os.environ.get("DAMAGES", "120"))  # of each kind; thousands say more than a test has time for


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    result = tk.run("baseline", policy="pid", scenario="token_crash", runs=2, seed=3, days=4, engine="ensemble")
    return write_run(result, tmp_path_factory.mktemp("written") / "run", "tokenomics run")


def told(result):
    """All that a result says."""
    values = {name: value.tobytes() for name, value in result.trajectories.values.items()}
    rest = (result.resolved.hash, result.resolved.policy, result.resolved.scenarios, result.seed, result.engine, result.notes, result.failures)
    return values, result.trajectories.time.tobytes(), result.trajectories.runs.tobytes(), rest


def used(folder):
    """What a folder says where it can be read, and used as the commands use it; the error's text where not."""
    try:
        result = load(folder)
        result.metrics()
        plan_of_run(result, folder), runs_of_run(result)
        return told(result), None
    except tk.TokenomicsError as error:
        return None, str(error)


@pytest.mark.parametrize("forged", [False, True], ids=["damaged", "forged"])
def test_a_damaged_run_is_itself_or_refused_by_the_name_of_the_file(run_folder, tmp_path, forged):
    rng, whole = np.random.default_rng(20 + forged), used(run_folder)[0]
    refused = 0
    for number in range(COUNT):
        folder = copied(run_folder, tmp_path / "run")
        what = spoil(folder, rng, tmp_path / "elsewhere", reseal_run if forged else None)
        try:
            found, error = used(folder)
        except Exception as failure:
            raise AssertionError(f"{number}: {what}") from failure
        if error is not None:
            refused += 1
            assert "\n" not in error and len(error) < 2_000 and str(folder) in error, (what, error)
        elif not forged:
            assert found == whole, what
    assert refused > COUNT // 2

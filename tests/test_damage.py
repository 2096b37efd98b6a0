"""A folder that was damaged is read as what it was, or refused in one line that names the file:
never half, never with a traceback.
"""

import os

import numpy as np
import pytest
from damage import copied, reseal_run, reseal_sweep, spoil

import tokenomics as tk
from tokenomics.experiments.sensitivity import analyse
from tokenomics.governance.evidence.recorded import (
    plan_of_run,
    plan_of_sweep,
    runs_of_run,
    runs_of_sweep,
)
from tokenomics.results.comparison import Comparison
from tokenomics.results.store import load
from tokenomics.results.writing import write_run

COUNT = int(
    os.environ.get("DAMAGES", "40")
)  # of each kind; thousands say more than a test has time for

SAID = ("design", "cases", "paths", "points", "runs", "seed", "metrics", "description", "created")


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    result = tk.run(
        "baseline", policy="pid", scenario="token_crash", runs=2, seed=3, days=4, engine="ensemble"
    )
    return write_run(result, tmp_path_factory.mktemp("written") / "run", "tokenomics run")


SWEEP = {
    "policies": ["none", "pid"],
    "set": {"simulation.days": 4},
    "parameters": {"controller.pid.kp": [0.01, 0.1], "privacy.mode": ["none", "tee"]},
    "metrics": ["tracking_rms", "treasury_low", "price_final"],
    "runs": 2,
    "seed": 3,
}


@pytest.fixture(scope="module")
def sweep_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swept") / "sweep"
    tk.sweep(SWEEP, out=folder, workers=1)
    return folder


@pytest.fixture(scope="module")
def compared_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compared") / "sweep"
    tk.sweep(SWEEP | {"parameters": {}}, out=folder, workers=1)
    return folder


def told(result):
    """All that a result says."""
    values = {name: value.tobytes() for name, value in result.trajectories.values.items()}
    rest = (
        result.resolved.hash,
        result.resolved.policy,
        result.resolved.scenarios,
        result.seed,
        result.engine,
    )
    rest += (result.notes, result.remarks, result.failures)
    return values, result.trajectories.time.tobytes(), result.trajectories.runs.tobytes(), rest


def used(folder):
    """What a folder says where it can be read, and used as the commands use it; the error's text
    where not.
    """
    try:
        result = load(folder)
        result.metrics()
        plan_of_run(result, folder), runs_of_run(result)
        return told(result), None
    except tk.TokenomicsError as error:
        return None, str(error)


def each_is_itself_or_refused(made, use, place, rng, elsewhere, reseal):
    """Spoil a folder `COUNT` times: without `reseal`, which makes its digests right again, what is
    taken is what was made. use: reads it.
    """
    whole = use(made)[0]
    assert whole is not None
    refused = 0
    for number in range(COUNT):
        folder = copied(made, place)
        what = spoil(folder, rng, elsewhere, reseal)
        try:
            found, error = use(folder)
        except Exception as failure:
            raise AssertionError(f"{number}: {what}") from failure
        if error is not None:
            refused += 1
            assert "\n" not in error and len(error) < 2_000 and str(folder) in error, (what, error)
        elif reseal is None:
            assert found == whole, what
    assert refused > COUNT // 2


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("forged", [False, True], ids=["damaged", "forged"])
def test_a_damaged_run_is_itself_or_refused_by_the_name_of_the_file(run_folder, tmp_path, forged):
    rng = np.random.default_rng(20 + forged)
    each_is_itself_or_refused(
        run_folder,
        used,
        tmp_path / "run",
        rng,
        tmp_path / "elsewhere",
        reseal_run if forged else None,
    )


def used_sweep(folder):
    """As `used`, of a sweep."""
    try:
        result = load(folder)
        result.table()
        plan_of_sweep(result, folder), runs_of_sweep(result)
        if len(result.points) == 1:
            Comparison(result, "none").markdown()
        return (result.hash, {key: result.manifest[key] for key in SAID}), None
    except tk.TokenomicsError as error:
        return None, str(error)


@pytest.mark.slow
@pytest.mark.parametrize("forged", [False, True], ids=["damaged", "forged"])
@pytest.mark.parametrize("made", ["sweep_folder", "compared_folder"])
def test_a_damaged_sweep_is_itself_or_refused_by_the_name_of_the_file(
    request, tmp_path, made, forged
):
    rng = np.random.default_rng(30 + forged)
    each_is_itself_or_refused(
        request.getfixturevalue(made),
        used_sweep,
        tmp_path / "sweep",
        rng,
        tmp_path / "elsewhere",
        reseal_sweep if forged else None,
    )


def test_a_damaged_sweep_goes_on_to_its_own_numbers_or_is_refused(sweep_folder, tmp_path):
    rng, whole = np.random.default_rng(40), load(sweep_folder).hash
    ended = 0
    for number in range(COUNT // 4):
        folder = copied(sweep_folder, tmp_path / "sweep")
        what = spoil(folder, rng, tmp_path / "elsewhere")
        try:
            assert tk.sweep(SWEEP, out=folder, workers=1).hash == whole, what
            ended += 1
        except tk.TokenomicsError as error:
            assert "\n" not in str(error) and str(folder) in str(error), (what, error)
        except Exception as failure:
            raise AssertionError(f"{number}: {what}") from failure
    assert COUNT // 4 > ended > COUNT // 20


def test_a_sweep_of_another_method_has_no_indices(sweep_folder):
    pytest.importorskip("SALib")
    with pytest.raises(
        tk.InputError, match="manifest.json: design.method: method grid; expected saltelli"
    ):
        analyse(load(sweep_folder))

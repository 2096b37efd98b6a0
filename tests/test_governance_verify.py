"""Verification of bundles: honest ones are verified, consistent forgeries found, and a sample finds
as many as it says.
"""

import json
import os
import sys
import threading

import matplotlib
import numpy as np
import pandas as pd
import pytest

import tokenomics
from bundles import (
    CREATED,
    FORECASTS,
    FORGED,
    WHOLE,
    edit_cell,
    edit_html,
    elsewhere,
    manifest,
    put,
    repacked,
    reseal,
    write,
)
from paths import command
from tokenomics.errors import InputError
from tokenomics.governance.bundle.crate import METADATA
from tokenomics.governance.bundle.make import report
from tokenomics.governance.evidence.canonical import FORMAT
from tokenomics.governance.evidence.plan import KEYS, from_plain
from tokenomics.governance.verify import recompute
from tokenomics.governance.verify.verify import verify
from tokenomics.parameters.locate import ROOTS

pytestmark = pytest.mark.usefixtures("pages_are_made_once")
ONE = {"sample": 1e-9, "sample_seed": 1, "workers": 1}  # a run, which is none of the forged ones


def test_an_honest_bundle_is_verified_bit_for_bit(made):
    found = verify(made[0], id=manifest(made[0])["id"], workers=1)
    assert (found.status, found.exit_status, found.findings, found.reasons) == (
        "verified",
        0,
        (),
        (),
    )
    assert (found.recomputed, found.runs, found.largest) == (len(made[2]), len(made[2]), 0.0)
    assert "numbers compared bit for bit" in found.notes


def forged(made, out):
    """Another result with all digests, pages and the identifier right: what only computing it again
    or its published identifier can find.
    """
    _, plan, runs = made
    other = runs.copy()
    other.loc[FORGED, "price_volatility"] *= 0.9
    return write(out, plan, other)


def test_a_consistent_forgery_is_found_by_simulation(made, tmp_path):
    found = verify(forged(made, tmp_path / "forged"), workers=1)
    assert [one.file for one in found.findings] == ["data/runs.parquet"]
    assert "run 2 of proposed in none, price_volatility" in found.findings[0].what
    assert abs(found.findings[0].difference / found.findings[0].found) == pytest.approx(0.1)


def test_a_consistent_forgery_is_found_by_the_published_identifier(made, tmp_path):
    folder = forged(made, tmp_path / "forged")
    seed = next(s for s in range(100) if FORGED not in recompute.choose(len(made[2]), 0.01, s))
    assert verify(folder, sample=0.01, sample_seed=seed).status == "verified"
    found = verify(folder, id=manifest(made[0])["id"], sample=0.01, sample_seed=seed)
    assert [one.file for one in found.findings] == ["manifest.json"]
    assert "published" in found.findings[0].what
    with pytest.raises(InputError, match="64 hexadecimal"):
        verify(folder, id="abc")


def test_a_sample_finds_a_forgery_as_often_as_it_says():
    rows, share, tries = 200, 0.05, 4000
    for forged_rows in (1, 7):
        hits = [np.any(recompute.choose(rows, share, seed) < forged_rows) for seed in range(tries)]
        said = recompute.detection(rows, 10, forged_rows)
        assert abs(np.mean(hits) - said) < 4.0 * np.sqrt(said * (1.0 - said) / tries)
    assert recompute.detection(rows, 10, 1) == pytest.approx(0.05)
    enough = recompute.found_with(rows, 10)
    assert recompute.detection(rows, 10, enough) >= 0.95 > recompute.detection(rows, 10, enough - 1)
    assert (recompute.detection(rows, rows, 1), recompute.found_with(rows, rows)) == (1.0, 1)


def test_sampled_runs_have_the_numbers_of_the_whole(made):
    _, plan, runs = made
    chosen = runs.iloc[recompute.choose(len(runs), 0.3, 5)].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        recompute.simulate_rows(plan, chosen[list(KEYS)]),
        chosen,
        check_exact=True,
        check_dtype=False,
    )


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("kind", ["run", "sweep"])
def test_sampled_runs_of_a_run_or_a_sweep_have_the_numbers_of_the_whole(kind, tmp_path):
    if kind == "run":
        folder = tokenomics.run(policy="pid", days=8, runs=4, engine="ensemble", every=2).save(
            tmp_path / "run"
        )
        bundle = report(folder, out=tmp_path / "bundle", created=CREATED)
    else:
        values = {"controller.type": ["none", "pid"], "controller.pid.kp": [0.05, 0.1]}
        design = {
            "parameters": values,
            "method": "grid",
            "runs": 3,
            "set": {"simulation.days": 8},
            "metrics": ["churn", "price_volatility"],
        }
        tokenomics.sweep(design, out=tmp_path / "sweep", workers=1)
        bundle = report(tmp_path / "sweep", out=tmp_path / "bundle", created=CREATED)
    runs = bundle.evidence.runs
    chosen = runs.iloc[recompute.choose(len(runs), 0.5, 2)].reset_index(drop=True)
    found = recompute.simulate_rows(bundle.evidence.plan, chosen[list(KEYS)])
    assert recompute.compare(bundle.evidence.plan, chosen, found, "")[:2] == ([], 0.0)
    assert list(found["run"]) == list(chosen["run"])


def test_a_plan_of_many_scenarios_is_read(made):
    plain = made[1].plain()
    many = [
        case | {"scenario": f"{case['scenario']}-{number}"}
        for number in range(8)
        for case in plain["cases"]
    ]
    limits = [one | {"scenarios": ["none-0"]} for one in plain["statement"]["limits"]]
    assert (
        len(
            from_plain(
                plain | {"cases": many, "statement": plain["statement"] | {"limits": limits}}
            ).cases
        )
        == 16
    )


def test_a_sample_tells_its_reach(made):
    found = verify(made[0], sample=0.1, sample_seed=8)
    assert (found.status, found.recomputed, found.sample_seed) == ("verified", 6, 8)
    assert found.probability == pytest.approx(6 / len(made[2]))
    assert "95%" in " ".join(found.notes)
    assert verify(made[0], sample=1e-9).sample_seed != verify(made[0], sample=1e-9).sample_seed


def test_a_bundle_of_another_version_says_which_can_check_it(copy):
    put(copy, manifest(copy), tokenomics="7.1.0")
    reseal(copy)
    found = verify(copy)
    assert (found.status, found.exit_status) == ("cannot be checked", 2)
    assert "made by tokenomics 7.1.0" in found.reasons[0]
    assert "pip install" not in found.reasons[0]  # an untrusted bundle must not say what to install
    (copy / "data/means.csv").write_bytes(b"")
    assert verify(copy).status == "differs"


@pytest.mark.parametrize(
    ("version", "commit", "maker"),
    [
        ("0.2.0", None, "tokenomics 0.2.0"),
        (tokenomics.__version__, "0" * 40, f"before its release, commit {'0' * 40}"),
        (tokenomics.__version__, "rm -rf", "before its release, a commit that it does not name"),
    ],
)
def test_a_bundle_whose_last_digits_were_its_platforms_says_what_can_check_it(
    copy, version, commit, maker
):
    put(copy, manifest(copy), format=1, tokenomics=version, commit=commit)
    reseal(copy)
    found = verify(copy)
    assert (found.status, found.exit_status, found.findings) == ("cannot be checked", 2, ())
    assert f"{maker}, whose numbers that version can check" in found.reasons[0]
    put(copy, manifest(copy), format=2)
    assert "id is not that of its plan, version and results" in [
        one.what for one in verify(copy, **ONE).findings
    ]


def test_a_bundle_of_a_later_format_cannot_be_checked(copy):
    put(copy, manifest(copy), format=FORMAT + 1, tokenomics="7.1.0", more={})
    found = verify(copy)
    assert found.status == "cannot be checked"
    assert f"format {FORMAT + 1}, made by tokenomics 7.1.0" in found.reasons[0]


def test_numbers_have_the_same_bits_on_another_platform(made, tmp_path):
    _, plan, runs = made
    near = runs.copy()
    near.loc[FORGED, "price_volatility"] = np.nextafter(runs["price_volatility"][FORGED], 1.0)
    folder = write(tmp_path / "near", plan, near)
    elsewhere(folder)
    found = verify(folder, workers=1)
    assert [one.file for one in found.findings] == ["data/runs.parquet"]
    assert 0.0 < found.largest < 1e-15
    assert any("as by rounding" in note and "numpy 1.26.0, here" in note for note in found.notes)
    assert recompute.compare(plan, runs.assign(churn=-0.0), runs.assign(churn=0.0), "")[0]


def test_figures_that_another_platform_drew_are_not_compared(made, tmp_path):
    _, plan, runs = made
    pixels = {"figures/limits.png": repacked((made[0] / "figures/limits.png").read_bytes())}
    folder = write(tmp_path / "other", plan, runs, pixels)
    elsewhere(folder)
    found = verify(folder, workers=1)
    assert found.status == "verified", found.lines()
    assert found.lines()[0].startswith("verified but for 1 file that cannot be compared: ")
    told = " ".join(found.notes)
    assert "1 of the figures cannot be compared: drawn by matplotlib 3.8.0" in told
    assert "numbers compared bit for bit" in told
    assert "margins compared to 1e-06 relative" in told
    assert "numpy 1.26.0, here" in told
    edit_html(folder, True)
    assert {one.file for one in verify(folder, workers=1).findings} == {"report.html", METADATA}


def test_a_report_that_cannot_be_made_is_no_difference(made, monkeypatch):
    def fail(*_):
        raise KeyError("x")

    monkeypatch.setattr("tokenomics.governance.verify.pages.pages", fail)
    found = verify(made[0], sample=1e-9, sample_seed=1, workers=1)
    assert (found.status, found.exit_status) == ("cannot be checked", 2)
    assert found.reasons == ("no report can be made of its plan and numbers (KeyError: 'x')",)


def test_the_command_tells_status_and_findings(made, copy):
    status, out, _ = command("verify", made[0], "--id", manifest(made[0])["id"], "--sample", "0.1")
    assert (status, out.split(":")[0]) == (0, "verified")
    edit_cell(copy, False)
    status, out, _ = command("verify", copy, "--json")
    told = json.loads(out)
    assert (status, told["status"]) == (1, "differs")
    assert {"file", "what", "recorded", "computed", "difference"} == set(told["findings"][0])
    assert verify is tokenomics.verify


OPENED = []


WATCHING = threading.local()


def watch(event, details):
    if event == "open" and getattr(WATCHING, "on", False):
        OPENED.append(details)


def test_verification_reads_nothing_outside_the_bundle_and_writes_nothing(made):
    WHOLE.clear()  # all is simulated while it is watched
    FORECASTS.clear()
    sys.addaudithook(watch)  # for good: there is no way to take one off
    WATCHING.on = True
    try:
        assert verify(made[0], workers=1).status == "verified"
    finally:
        WATCHING.on = False
    assert any(str(path).endswith("runs.parquet") for path, *_ in OPENED)
    package = [
        os.path.dirname(tokenomics.__file__),
        *map(str, ROOTS),
    ]  # with its parameter files, which names of the bundle are held against
    own = (
        str(made[0]),
        sys.prefix,
        sys.base_prefix,
        matplotlib.get_cachedir(),
        *package,
        "/proc/",
        "/etc/",
    )
    assert [path for path, *_ in OPENED if isinstance(path, str) and not path.startswith(own)] == []
    assert [
        path
        for path, mode, flags in OPENED
        if flags & (os.O_WRONLY | os.O_RDWR) and "__pycache__" not in str(path)
    ] == []

"""Citations and comparisons of bundles, and what `doctor` finds."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest
from packaging.requirements import Requirement
from scipy import stats
from scipy.stats import ttest_ind

from bundles import edit_cell, manifest, put, reseal, write
from paths import command
from tokenomics.governance.bundle.diff import diff, independent
from tokenomics.governance.doctor import _extra
from tokenomics.governance.report.document import gap


def test_a_citation_has_the_identifier_and_names_the_command_that_checks_it(made, copy):
    told = manifest(made[0])["id"]
    status, out, _ = command("cite", made[0], "--json")
    found = json.loads(out)
    assert (status, found["id"]) == (0, told)
    assert f"verify BUNDLE --id {told}" in found["footnote"]
    assert found["bibtex"] == (made[0] / "citation.bib").read_text()
    assert found["csl"] == json.loads((made[0] / "citation.json").read_text())
    assert command("cite", made[0], "--style", "footnote")[1].count("\n") == 1
    edit_cell(copy, True)
    status, _, errors = command("cite", copy)
    assert (status, errors.count("\n")) == (2, 1)


def test_a_bundle_of_the_first_format_is_cited_by_its_own_identifier(copy):
    put(copy, manifest(copy), format=1)
    reseal(copy)
    status, out, _ = command("cite", copy, "--style", "footnote")
    assert (status, manifest(copy)["id"] in out) == (0, True)


def test_bundles_differ_in_what_was_changed_and_runs_are_paired_on_one_seed(made, tmp_path):
    _, plan, runs = made
    shift = 0.25
    other = runs.copy()
    other["price_volatility"] += shift
    folder = write(tmp_path / "other", plan, other, figures=False)
    status, out, _ = command("diff", made[0], folder, "--json")
    found = json.loads(out)
    assert (status, found["same"], found["parameters"]) == (0, False, [])
    assert [row["what"] for row in found["settings"]] == ["id"]
    for row in found["metrics"]:
        wanted = shift if row["metric"] == "price_volatility" else 0.0
        assert row["method"] == "paired"
        assert row["difference"] == pytest.approx(wanted, abs=1e-12)
        assert row["high"] - row["low"] == pytest.approx(0.0, abs=1e-12)
    assert "the same plan" in command("diff", made[0], made[0])[1]
    assert "price_volatility" in command("diff", made[0], folder)[1]


def test_bundles_on_other_shocks_have_wider_intervals_than_paired_ones(made, tmp_path):
    _, plan, runs = made
    other = dataclasses.replace(plan, seed=plan.seed + 1)
    independent = diff(made[0], write(tmp_path / "other", other, runs, figures=False)).metrics
    assert set(independent["method"]) == {"independent"}
    rows = independent[independent["metric"] == "price_volatility"]
    assert (rows["difference"] == 0.0).all()
    values = runs[(runs["case"] == 0) & (runs["point"] == 0)]["price_volatility"]
    assert rows["high"].iloc[0] == pytest.approx(
        ttest_ind(values, values, equal_var=False).confidence_interval().high
    )
    assert (rows["low"] < 0.0).all() and (rows["high"] > 0.0).all()


def test_means_over_other_runs_than_the_difference_are_told_with_their_numbers(made, tmp_path):
    _, plan, runs = made
    few = runs[runs["run"] < 3].reset_index(drop=True)
    short = write(tmp_path / "short", plan.at_most(3), few, figures=False)
    rows = diff(made[0], short).metrics
    own = rows[rows["values"] == "current"]
    assert set(zip(own["a_n"], own["b_n"], own["pairs"], strict=True)) == {(5, 3, 3)}
    _, text, _ = command("diff", made[0], short)
    assert "5 and 3, 3 in pairs" in text and "none; current" in text
    later = dataclasses.replace(plan.at_most(3), seed=plan.seed + 1)
    other = write(tmp_path / "other", later, few, figures=False)
    _, text, _ = command("diff", made[0], other)
    assert "5 and 3" in text and "pairs" not in text
    assert json.loads(command("diff", made[0], other, "--json")[1])["metrics"][0]["pairs"] is None


def test_labels_are_told_apart_where_one_has_a_comma(made, tmp_path):
    _, plan, runs = made
    cases = (plan.cases[0], dataclasses.replace(plan.cases[1], scenario="a crash, then calm"))
    limits = [one | {"scenarios": ["none"]} for one in plan.statement["limits"]]
    other = dataclasses.replace(
        plan, cases=cases, statement=dict(plan.statement) | {"limits": limits}
    )
    settings = diff(
        made[0], write(tmp_path / "other", other, runs, figures=False)
    ).settings.set_index("what")
    assert settings.loc["scenarios", "b"].split("; ") == ["none", "a crash, then calm"]


def test_independent_probabilities_that_do_not_vary_are_not_certain():
    never, always = np.zeros(10), np.ones(10)
    most = stats.binomtest(0, 10).proportion_ci(0.95, method="wilson").high
    assert independent(never, never, True) == pytest.approx((0.0, -most, most))
    assert independent(always, always, True) == pytest.approx((0.0, -most, most))
    far = np.sqrt(2.0) * most
    assert independent(never, always, True) == pytest.approx((1.0, 1.0 - far, 1.0))
    assert independent(always, never, True) == pytest.approx((-1.0, -1.0, far - 1.0))
    # Newcombe (1998), Statistics in Medicine 17, 873, method 10: 56 of 70 less 48 of 80
    one, two = np.arange(70) < 56.0, np.arange(80) < 48.0
    found = independent(two.astype(float), one.astype(float), True)
    assert found == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert independent(never, always) == (1.0, 1.0, 1.0)


def test_a_difference_that_is_one_number_in_every_run_is_said_so():
    assert (gap(0.0, 0.0, 0.0), gap(-1.5, -1.5, -1.5)) == (
        "0 in every run",
        "-1.5, the same in every run",
    )
    assert gap(1.0, 0.5, 1.5) == "1 [0.5, 1.5]"


def test_doctor_finds_the_known_numbers_and_both_engines_agree(tmp_path):
    status, out, _ = command("doctor", "--json", folder=tmp_path)
    found = json.loads(out)
    checks = {one["name"]: one for one in found["checks"]}
    assert (status, found["ok"]) == (0, True), checks
    assert {
        "tokenomics",
        "platform",
        "dependencies",
        "GPU",
        "write access",
        "engines",
        "known numbers",
    } <= set(checks)
    assert checks["known numbers"]["text"].startswith("known numbers found bit for bit")
    assert list(tmp_path.iterdir()) == []


def test_doctor_tells_what_does_not_work(tmp_path, monkeypatch):
    module = sys.modules["tokenomics.governance.doctor"]
    monkeypatch.setattr(module, "DIGEST", "0" * 64)
    monkeypatch.setattr(module, "engines", lambda: "not looked at")
    checks = {one.name: one for one in module.doctor(tmp_path / "nowhere")}
    assert (checks["known numbers"].state, checks["write access"].state) == ("failed", "failed")
    assert "to the last bit: mean price_volatility" in checks["known numbers"].text


WITHOUT = """
import importlib.metadata, sys

package, sys.argv[1:] = sys.argv[1], ["doctor", "--json"]

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == package:
            raise ModuleNotFoundError(f"No module named '{package}'", name=name)

def version(name, found=importlib.metadata.version):
    if name == package:
        raise importlib.metadata.PackageNotFoundError(name)
    return found(name)

sys.meta_path.insert(0, Absent())
importlib.metadata.version = version
from tokenomics.cli.main import main
main()
"""


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("package", "simulated"),
    [
        ("xarray", True),
        ("scipy", True),
        ("llvmlite", False),
        ("pyarrow", False),
        ("cadCAD", False),
        ("pandas", False),
    ],
)
def test_doctor_tells_of_a_dependency_that_is_missing(tmp_path, package, simulated):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, package],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (1, "")
    checks = {one["name"]: one for one in json.loads(done.stdout)["checks"]}
    assert (checks[package]["state"], checks[package]["text"]) == (
        "failed",
        f"not installed: pip install {package}",
    )
    assert checks["write access"]["state"] == "ok"
    engines = checks["engines"]
    assert engines["state"] == ("ok" if simulated else "failed")
    assert simulated or engines["text"] == f"cannot be checked: No module named '{package}'"


def test_an_extra_that_is_missing_comes_with_the_command_that_installs_it():
    found = _extra("report", [Requirement("rocrate>=0.1"), Requirement("no-such-package>=1")])
    assert (found.state, "pip install '.[report]'" in found.text) == ("missing", True)
    assert _extra("report", [Requirement("numpy>=1")]).state == "ok"

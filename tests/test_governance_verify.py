"""Verification of bundles: an honest one is verified, every tampering is found or refused, and the probability of a sample is what it says."""

import dataclasses
import json
import os
import shutil
import sys
import threading
from io import BytesIO

import matplotlib
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from packaging.requirements import Requirement
from scipy.stats import ttest_ind

import tokenomics
from paths import command
from tokenomics.errors import InputError
from tokenomics.governance import directory, platforms, recompute, texts
from tokenomics.governance.bundle import make_manifest, write_bundle
from tokenomics.governance.canonical import digest, evidence_id
from tokenomics.governance.crate import METADATA
from tokenomics.governance.diff import diff
from tokenomics.governance.doctor import _extra
from tokenomics.governance.evidence import Evidence
from tokenomics.governance.make import GIVEN, metadata, pages, propose
from tokenomics.governance.plan import KEYS
from tokenomics.governance.render import render
from tokenomics.governance.verify import verify

TITLE = "<script>alert(1)</script> Burn less"
PROPOSAL = {
    "title": TITLE,
    "summary": "For a test.",
    "policy": "none",
    "set": {"simulation.days": 12},
    "proposed": {"supply.burn_share": 0.3},
    "scenarios": ["none", "token_crash"],
    "runs": 5,
    "seed": 3,
    "limits": [{"limit": "churn <= 5", "reason": "an example"}],
    "sensitivity": {"runs": 3, "step": 0.2},
    "metrics": ["churn", "price_volatility"],
}
PAGES = {}
FORGED = 7  # row of the table of runs: run 2 of the proposed values in the scenario none
CREATED = "2026-01-02T03:04:05Z"


def remembered(evidence, rendered=None, created=CREATED):
    """The same evidence gives the same pages, so that tests which change something else need not make them again."""
    if evidence.id not in PAGES:
        PAGES[evidence.id] = pages(evidence, render(evidence)[1], created)
    return dict(PAGES[evidence.id])


def write(out, plan, runs, other=()):
    """A bundle whose digests, pages and metadata are all right but for other files."""
    manifest, evidence = make_manifest(plan, runs, created=CREATED, command="tokenomics propose example.yaml"), Evidence(plan, runs)
    files = remembered(evidence) | {GIVEN: json.dumps(PROPOSAL).encode()} | dict(other)
    return write_bundle(out, files | {METADATA: metadata(evidence, files, manifest)}, manifest)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "example.yaml").write_text(json.dumps(PROPOSAL))  # which is YAML, too
    bundle = propose(folder / "example.yaml", out=folder / "honest", workers=1, created=CREATED, command="tokenomics propose example.yaml")
    return bundle.folder, bundle.evidence.plan, bundle.evidence.runs


@pytest.fixture(autouse=True)
def pages_are_made_once(monkeypatch):
    monkeypatch.setattr(sys.modules["tokenomics.governance.verify"], "pages", remembered)
    monkeypatch.setattr(sys.modules["tokenomics.governance.verify"], "render", lambda evidence: (None, {}))


@pytest.fixture
def copy(made, tmp_path):
    return shutil.copytree(made[0], tmp_path / "copy")


def manifest(folder):
    return json.loads((folder / "manifest.json").read_text())


def put(folder, content, **changes):
    """Write a manifest with other entries."""
    (folder / "manifest.json").write_text(json.dumps(content | changes))


def put_file(folder, name, content, *, listed=True):
    """Write a file, and its digest into the manifest."""
    (folder / name).write_bytes(content)
    if listed:
        told = manifest(folder)
        put(folder, told, files=told["files"] | {name: {"sha256": digest(content), "bytes": len(content)}})


def test_an_honest_bundle_is_verified_bit_for_bit(made):
    found = verify(made[0], id=manifest(made[0])["id"], workers=1)
    assert (found.status, found.exit_status, found.findings, found.reasons) == ("verified", 0, (), ())
    assert (found.recomputed, found.runs, found.largest) == (len(made[2]), len(made[2]), 0.0)
    assert "numbers compared bit for bit" in found.notes


def test_html_in_a_title_is_text_and_a_changed_title_is_found(made, copy):
    assert "<script" not in (copy / "report.html").read_text()
    told = manifest(copy)
    put(copy, told, plan=told["plan"] | {"title": "<b>Burn</b>"})
    found = verify(copy, sample=0.01, sample_seed=1)
    assert {one.file for one in found.findings} >= {"manifest.json", "report.md", "report.html"}


def edit_report(folder, listed):
    text = (folder / "report.md").read_text()
    line = next(line for line in text.split("\n") if "churn" in line and "[" in line and line.startswith("|"))
    number = next(part for part in line.replace("[", " ").split() if part[:1].isdigit() and "." in part)
    put_file(folder, "report.md", text.replace(line, line.replace(number, "9" + number, 1)).encode(), listed=listed)


def edit_cell(folder, listed):
    table = pq.read_table(folder / "data/runs.parquet").to_pandas()
    table.loc[FORGED, "price_volatility"] *= 1.0 + 1e-12
    out = BytesIO()
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), out)
    put_file(folder, "data/runs.parquet", out.getvalue(), listed=listed)


def edit_plan(folder, change):
    told = manifest(folder)
    change(told["plan"])
    put(folder, told)


def edit_parameter(folder, _):
    edit_plan(folder, lambda plan: plan["cases"][0]["parameters"]["supply.total_supply"].update(value=2e9))


def edit_seed(folder, _):
    edit_plan(folder, lambda plan: plan.update(seed=4))


def edit_version(folder, _):
    put(folder, manifest(folder), tokenomics="0.0.9")


def add_file(folder, listed):
    put_file(folder, "data/extra.csv", b"a,b\n1,2\n", listed=listed)


def swap_figure(folder, listed):
    put_file(folder, "figures/limits.png", (folder / "figures/sensitivity.png").read_bytes(), listed=listed)


def swap_proposal(folder, listed):
    other = PROPOSAL | {"proposed": {"supply.burn_share": 0.2}, "summary": "Another."}
    put_file(folder, GIVEN, json.dumps(other).encode(), listed=listed)


def edit_crate(folder, listed):
    put_file(folder, METADATA, (folder / METADATA).read_bytes().replace(b"CC-BY-4.0", b"CC0-1.0"), listed=listed)


def edit_citation(folder, listed):
    put_file(folder, "citation.bib", (folder / "citation.bib").read_bytes().replace(b"The authors", b"Other authors"), listed=listed)


def edit_parameter_file(folder, listed):
    name = "inputs/parameters-1-none.yaml"
    put_file(folder, name, (folder / name).read_bytes().replace(b"assumption", b"measured", 1), listed=listed)


def cut_off(folder, _):
    whole = (folder / "data/means.csv").read_bytes()
    (folder / "data/means.csv").write_bytes(whole[:-20])


def edit_html(folder, listed):
    text = (folder / "report.html").read_bytes()
    put_file(folder, "report.html", text.replace(b"</h1>", b"<b>approved</b></h1>"), listed=listed)


FOUND = {
    "a number in the report": (edit_report, "report.md", "line "),
    "a cell of the table of runs": (edit_cell, "data/runs.parquet", "run 2 of proposed in none, price_volatility"),
    "a parameter": (edit_parameter, "manifest.json", "id is not that of its plan"),
    "a seed": (edit_seed, "data/runs.parquet", "run 0 of current in none"),
    "a version": (edit_version, "manifest.json", "id is not that of its plan"),
    "an added file": (add_file, "data/extra.csv", "not "),
    "a swapped figure": (swap_figure, "figures/limits.png", "figure"),
    "a truncated file": (cut_off, "data/means.csv", "shorter"),
    "another proposal": (swap_proposal, GIVEN, "supply.burn_share is not what was simulated"),
    "a licence in the metadata": (edit_crate, METADATA, "line "),
    "an author": (edit_citation, "citation.bib", "line "),
    "a source in a parameter file": (edit_parameter_file, "inputs/parameters-1-none.yaml", "line "),
    "HTML in the page": (edit_html, "report.html", "line "),
}


@pytest.mark.parametrize("what", FOUND)
def test_a_tampering_is_found_with_the_file_and_what_differs(copy, what):
    change, file, text = FOUND[what]
    change(copy, True)  # with its digest set right where it has one, so that the digests alone do not tell
    found = verify(copy, workers=1)
    assert (found.status, found.exit_status) == ("differs", 1)
    assert [str(one) for one in found.findings if one.file == file and text in one.what], found.lines()


@pytest.mark.parametrize("change", [edit_report, edit_cell, add_file, swap_figure, edit_html])
def test_a_file_that_its_digest_does_not_fit_is_found(copy, change):
    change(copy, False)
    found = verify(copy, sample=1e-6, sample_seed=0)
    assert any("its SHA-256" in one.what or "added since" in one.what or "where the manifest has" in one.what for one in found.findings)


def test_an_altered_number_is_told_with_its_difference(copy, made):
    edit_cell(copy, True)
    found = next(one for one in verify(copy, workers=1).findings if "price_volatility" in one.what)
    assert found.found == made[2].loc[FORGED, "price_volatility"]
    assert found.difference == pytest.approx(1e-12 * found.found, rel=1e-3)
    assert "relative" in str(found)


def unsafe(folder, tmp_path, how):
    if how == "a path out of the bundle":
        told = manifest(folder)
        put(folder, told, files=told["files"] | {"../secret.txt": {"sha256": digest(b"x"), "bytes": 1}})
    elif how == "a symbolic link":
        (tmp_path / "secret.txt").write_text("outside")
        (folder / "report.md").unlink()
        os.symlink(tmp_path / "secret.txt", folder / "report.md")
    elif how == "a linked directory":
        shutil.move(folder / "data", tmp_path / "data")
        os.symlink(tmp_path / "data", folder / "data")
    elif how == "a pipe":
        os.mkfifo(folder / "data/pipe.csv")
    elif how == "an archive":
        return shutil.make_archive(str(tmp_path / "bundle"), "zip", folder)
    elif how == "a bomb in the table":
        table = pq.read_table(folder / "data/runs.parquet").to_pandas()
        table["error"] = ["x" * 20_000_000] + [""] * (len(table) - 1)
        out = BytesIO()
        pq.write_table(pa.Table.from_pandas(table, preserve_index=False), out, compression="zstd")
        put_file(folder, "data/runs.parquet", out.getvalue())
    elif how == "a file of a terabyte":
        with open(folder / "data/means.csv", "wb") as stream:
            stream.truncate(10**12)
    elif how == "an endless span":
        edit_plan(folder, lambda plan: plan["cases"][0]["parameters"]["simulation.days"].update(value=1e9))
        reseal(folder)
    elif how == "no bundle":
        (folder / "manifest.json").unlink()
    elif how == "control characters":
        edit_plan(folder, lambda plan: plan["cases"][0]["parameters"].update({"a.\x1b[2J": {"value": 1.0, "unit": "1", "source": ""}}))
        reseal(folder)
    return folder


def reseal(folder):
    """Set the identifier right."""
    told = manifest(folder)
    put(folder, told, id=evidence_id(told["plan"], told["results"], told["tokenomics"]))


REFUSED = {
    "a path out of the bundle": "plain path",
    "a symbolic link": "symbolic link",
    "a linked directory": "symbolic link",
    "a pipe": "not a plain file",
    "an archive": "no archive is read",
    "a bomb in the table": "bytes unpacked",
    "a file of a terabyte": "1000000000000 bytes",
    "an endless span": "steps a run",
    "no bundle": "manifest.json",
    "control characters": "unknown key",
}


@pytest.mark.parametrize("how", REFUSED)
def test_what_is_unsafe_is_refused_in_one_line(copy, tmp_path, how):
    status, out, errors = command("verify", unsafe(copy, tmp_path, how))
    assert (status, out, errors.count("\n")) == (2, "", 1), (out, errors)
    assert REFUSED[how] in errors
    assert errors.strip().isprintable()


def forged(made, out):
    """Another result with all digests, pages and the identifier right: what only computing it again or its published identifier can find."""
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
    pd.testing.assert_frame_equal(recompute.simulate_rows(plan, chosen[list(KEYS)]), chosen, check_exact=True, check_dtype=False)


def test_a_sample_tells_its_reach(made):
    found = verify(made[0], sample=0.1, sample_seed=8)
    assert (found.status, found.recomputed, found.sample_seed) == ("verified", 4, 8)
    assert found.probability == pytest.approx(4 / len(made[2]))
    assert "95%" in " ".join(found.notes)
    assert verify(made[0], sample=1e-9).sample_seed != verify(made[0], sample=1e-9).sample_seed


def test_a_bundle_of_another_version_says_which_can_check_it(copy):
    put(copy, manifest(copy), tokenomics="7.1.0")
    reseal(copy)
    found = verify(copy)
    assert (found.status, found.exit_status) == ("cannot be checked", 2)
    assert "pip install 'tokenomics==7.1.0'" in found.reasons[0]
    cut_off(copy, True)
    assert verify(copy).status == "differs"


def test_a_bundle_of_a_later_format_cannot_be_checked(copy):
    put(copy, manifest(copy), format=2, tokenomics="7.1.0", more={})
    found = verify(copy)
    assert found.status == "cannot be checked"
    assert "format 2, made by tokenomics 7.1.0" in found.reasons[0]


def elsewhere(folder):
    """As if it had been made with another NumPy and matplotlib, where last digits and figures differ."""
    told = manifest(folder)
    put(folder, told, dependencies=told["dependencies"] | {"numpy": "1.26.0", "matplotlib": "3.8.0"})


def test_on_another_platform_numbers_agree_within_a_tolerance_and_figures_are_not_compared(made, tmp_path):
    _, plan, runs = made
    near, far = runs.copy(), runs.copy()
    near["price_volatility"] *= 1.0 + 1e-13
    far.loc[FORGED, "price_volatility"] *= 1.0 + 1e-7
    folder = write(tmp_path / "near", plan, near, {"figures/limits.png": b"drawn otherwise"})
    elsewhere(folder)
    found = verify(folder, workers=1)
    assert found.status == "verified", found.lines()
    assert 0.0 < found.largest < platforms.TOLERANCE
    assert any("numpy 1.26.0, here" in note for note in found.notes)
    assert any("1 figures cannot be compared: drawn by matplotlib 3.8.0" in note for note in found.notes)
    edit_html(folder, True)
    assert {one.file for one in verify(folder, workers=1).findings} == {"report.html", METADATA}
    folder = write(tmp_path / "far", plan, far)
    elsewhere(folder)
    assert [one.file for one in verify(folder, workers=1).findings] == ["data/runs.parquet"]


def test_the_command_tells_status_and_findings(made, copy):
    status, out, _ = command("verify", made[0], "--id", manifest(made[0])["id"], "--sample", "0.1")
    assert (status, out.split(":")[0]) == (0, "verified")
    edit_cell(copy, False)
    status, out, _ = command("verify", copy, "--json")
    told = json.loads(out)
    assert (status, told["status"]) == (1, "differs")
    assert {"file", "what", "recorded", "computed", "difference"} == set(told["findings"][0])
    assert verify is tokenomics.verify


def test_the_files_of_a_directory_are_counted_before_they_are_read(copy, monkeypatch):
    monkeypatch.setattr(directory, "MOST_FILES", 3)
    with pytest.raises(InputError, match="too many files"):
        verify(copy)


OPENED = []
WATCHING = threading.local()


def watch(event, details):
    if event == "open" and getattr(WATCHING, "on", False):
        OPENED.append(details)


def test_verification_reads_nothing_outside_the_bundle_and_writes_nothing(made):
    sys.addaudithook(watch)  # for good: there is no way to take one off
    WATCHING.on = True
    try:
        assert verify(made[0], workers=1).status == "verified"
    finally:
        WATCHING.on = False
    assert any(str(path).endswith("runs.parquet") for path, *_ in OPENED)
    own = (str(made[0]), sys.prefix, sys.base_prefix, matplotlib.get_cachedir(), os.path.dirname(tokenomics.__file__), "/proc/", "/etc/")
    assert [path for path, *_ in OPENED if isinstance(path, str) and not path.startswith(own)] == []
    assert [path for path, mode, flags in OPENED if flags & (os.O_WRONLY | os.O_RDWR) and "__pycache__" not in str(path)] == []


def test_rounding_alone_explains_numbers_and_nothing_else():
    assert texts.agree("data/a.csv", b"a,1.5,2\n", b"a,1.5000000001,2\n", 1e-9)
    assert not texts.agree("data/a.csv", b"a,1.5,2\n", b"a,1.50001,2\n", 1e-9)
    assert texts.agree("report.md", b"| 1,988,000 USD |", b"| 1,987,000 USD |", 1e-9)
    assert not texts.agree("report.md", b"| 1,988,000 USD |", b"| 1,888,000 USD |", 1e-9)
    assert not texts.agree("report.md", b"| 12 holds |", b"| 12 fails |", 1e-9)
    found = texts.differing("report.md", b"a\n| 1,988,000 USD |", b"a\n| 988,000 USD |")
    assert (found.what, found.recorded, found.found) == ("line 2", 1988000.0, 988000.0)


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


def test_bundles_differ_in_what_was_changed_and_runs_are_paired_on_one_seed(made, tmp_path):
    _, plan, runs = made
    shift = 0.25
    other = runs.copy()
    other["price_volatility"] += shift
    folder = write(tmp_path / "other", plan, other)
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
    independent = diff(made[0], write(tmp_path / "other", other, runs)).metrics
    assert set(independent["method"]) == {"independent"}
    rows = independent[independent["metric"] == "price_volatility"]
    assert (rows["difference"] == 0.0).all()
    values = runs[(runs["case"] == 0) & (runs["point"] == 0)]["price_volatility"]
    assert rows["high"].iloc[0] == pytest.approx(ttest_ind(values, values, equal_var=False).confidence_interval().high)
    assert (rows["low"] < 0.0).all() and (rows["high"] > 0.0).all()


def test_doctor_finds_the_known_numbers_and_both_engines_agree(tmp_path):
    status, out, _ = command("doctor", "--json", folder=tmp_path)
    found = json.loads(out)
    checks = {one["name"]: one for one in found["checks"]}
    assert (status, found["ok"]) == (0, True), checks
    assert {"tokenomics", "platform", "dependencies", "GPU", "write access", "engines", "known numbers"} <= set(checks)
    assert checks["known numbers"]["text"].startswith("known numbers found")
    assert list(tmp_path.iterdir()) == []


def test_doctor_tells_what_does_not_work(tmp_path, monkeypatch):
    module = sys.modules["tokenomics.governance.doctor"]
    monkeypatch.setattr(module, "KNOWN", module.KNOWN | {"served_share": 0.5})
    monkeypatch.setattr(module, "engines", lambda: "not looked at")
    checks = {one.name: one for one in module.doctor(tmp_path / "nowhere")}
    assert (checks["known numbers"].state, checks["write access"].state) == ("failed", "failed")
    assert "known 0.5" in checks["known numbers"].text


def test_an_extra_that_is_missing_comes_with_the_command_that_installs_it():
    found = _extra("report", [Requirement("rocrate>=0.1"), Requirement("no-such-package>=1")])
    assert (found.state, "pip install 'tokenomics[report]'" in found.text) == ("missing", True)
    assert _extra("report", [Requirement("numpy>=1")]).state == "ok"

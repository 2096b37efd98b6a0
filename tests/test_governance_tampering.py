"""Every tampering with a bundle is found or refused, with the file and what differs."""

import json
import os
import re
import shutil
import sys
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bundles import (
    FORGED,
    PROPOSAL,
    edit_cell,
    edit_html,
    edit_plan,
    manifest,
    put,
    put_file,
    reseal,
)
from paths import command
from tokenomics.errors import InputError
from tokenomics.governance.bundle import directory
from tokenomics.governance.bundle.crate import METADATA
from tokenomics.governance.bundle.make import GIVEN, propose
from tokenomics.governance.evidence.canonical import digest
from tokenomics.governance.verify.verify import verify

pytestmark = pytest.mark.usefixtures("pages_are_made_once")


def test_html_in_a_title_is_text_and_a_changed_title_is_found(made, copy):
    assert "<script" not in (copy / "report.html").read_text()
    told = manifest(copy)
    put(copy, told, plan=told["plan"] | {"title": "<b>Burn</b>"})
    found = verify(copy, sample=0.01, sample_seed=1)
    assert {one.file for one in found.findings} >= {"manifest.json", "report.md", "report.html"}


def edit_report(folder, listed):
    text = (folder / "report.md").read_text()
    line = next(
        line
        for line in text.split("\n")
        if "churn" in line and line.startswith("|") and re.search(r"[ \[]\d+\.\d", line)
    )
    number = next(
        part for part in line.replace("[", " ").split() if part[:1].isdigit() and "." in part
    )
    put_file(
        folder,
        "report.md",
        text.replace(line, line.replace(number, "9" + number, 1)).encode(),
        listed=listed,
    )


def edit_parameter(folder, _):
    edit_plan(
        folder, lambda plan: plan["cases"][0]["parameters"]["supply.total_supply"].update(value=2e9)
    )


def edit_seed(folder, _):
    edit_plan(folder, lambda plan: plan.update(seed=4))


def edit_version(folder, _):
    put(folder, manifest(folder), tokenomics="0.0.9")


def add_file(folder, listed):
    put_file(folder, "data/extra.csv", b"a,b\n1,2\n", listed=listed)


def swap_figure(folder, listed):
    put_file(
        folder,
        "figures/limits.png",
        (folder / "figures/sensitivity.png").read_bytes(),
        listed=listed,
    )


def swap_proposal(folder, listed):
    other = PROPOSAL | {"proposed": {"supply.burn_share": 0.2}, "summary": "Another."}
    put_file(folder, GIVEN, json.dumps(other).encode(), listed=listed)


def edit_crate(folder, listed):
    put_file(
        folder,
        METADATA,
        (folder / METADATA).read_bytes().replace(b"CC-BY-4.0", b"CC0-1.0"),
        listed=listed,
    )


def edit_citation(folder, listed):
    put_file(
        folder,
        "citation.bib",
        (folder / "citation.bib").read_bytes().replace(b"The authors", b"Other authors"),
        listed=listed,
    )


def edit_parameter_file(folder, listed):
    name = "inputs/parameters-1-none.yaml"
    put_file(
        folder,
        name,
        (folder / name).read_bytes().replace(b"assumption", b"measured", 1),
        listed=listed,
    )


def cut_off(folder, _):
    whole = (folder / "data/means.csv").read_bytes()
    (folder / "data/means.csv").write_bytes(whole[:-20])


FOUND = {
    "a number in the report": (edit_report, "report.md", "line "),
    "a cell of the table of runs": (
        edit_cell,
        "data/runs.parquet",
        "run 2 of proposed in none, price_volatility",
    ),
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


@pytest.mark.slow_after(7)
@pytest.mark.parametrize("what", FOUND)
def test_a_tampering_is_found_with_the_file_and_what_differs(copy, what):
    change, file, text = FOUND[what]
    change(
        copy, True
    )  # with its digest set right where it has one, so that the digests alone do not tell
    found = verify(copy, workers=1)
    assert (found.status, found.exit_status) == ("differs", 1)
    assert [str(one) for one in found.findings if one.file == file and text in one.what], (
        found.lines()
    )


@pytest.mark.parametrize("change", [edit_report, edit_cell, add_file, swap_figure, edit_html])
def test_a_file_that_its_digest_does_not_fit_is_found(copy, change):
    change(copy, False)
    found = verify(copy, sample=1e-6, sample_seed=0)
    assert any(
        "its SHA-256" in one.what
        or "added since" in one.what
        or "where the manifest has" in one.what
        for one in found.findings
    )


def test_text_and_tables_are_not_blamed_for_a_number_that_was_changed_beside_them(copy):
    edit_cell(copy, True)
    assert {one.file for one in verify(copy, workers=1).findings} == {"data/runs.parquet"}


def test_without_rocrate_a_bundle_is_verified_but_for_its_metadata(copy, monkeypatch):
    monkeypatch.setitem(sys.modules, "rocrate", None)
    monkeypatch.setitem(sys.modules, "rocrate.model", None)
    found = verify(copy, workers=1)
    assert found.status == "verified", found.lines()
    assert any("rocrate is not installed" in note for note in found.notes)
    with pytest.raises(InputError, match=r"pip install '.\[report\]' in a checkout"):
        propose(PROPOSAL, out=copy.parent / "new")


def test_an_altered_number_is_told_with_its_difference(copy, made):
    edit_cell(copy, True)
    found = next(one for one in verify(copy, workers=1).findings if "price_volatility" in one.what)
    assert found.found == made[2].loc[FORGED, "price_volatility"]
    assert found.difference == pytest.approx(1e-12 * found.found, rel=1e-3)
    assert "relative" in str(found)


def unsafe(folder, tmp_path, how):
    if how == "a path out of the bundle":
        told = manifest(folder)
        put(
            folder,
            told,
            files=told["files"] | {"../secret.txt": {"sha256": digest(b"x"), "bytes": 1}},
        )
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
        edit_plan(
            folder, lambda plan: plan["cases"][0]["parameters"]["simulation.days"].update(value=1e9)
        )
        reseal(folder)
    elif how == "no bundle":
        (folder / "manifest.json").unlink()
    elif how == "control characters":
        edit_plan(
            folder,
            lambda plan: plan["cases"][0]["parameters"].update(
                {"a.\x1b[2J": {"value": 1.0, "unit": "1", "source": ""}}
            ),
        )
        reseal(folder)
    return folder


REFUSED = {
    "a path out of the bundle": "plain path",
    "a symbolic link": "symbolic link",
    "a linked directory": "symbolic link",
    "a pipe": "not a plain file",
    "an archive": "no archive is read",
    "a bomb in the table": "bytes unpacked",
    "a file of a terabyte": "1000000000000 bytes",
    "an endless span": "simulation.days: 1000000000.0; expected a number",
    "no bundle": "manifest.json",
    "control characters": "unknown key",
}


@pytest.mark.parametrize("how", REFUSED)
def test_what_is_unsafe_is_refused_in_one_line(copy, tmp_path, how):
    status, out, errors = command("verify", unsafe(copy, tmp_path, how))
    assert (status, out, errors.count("\n")) == (2, "", 1), (out, errors)
    assert REFUSED[how] in errors
    assert errors.strip().isprintable()


def test_the_files_of_a_directory_are_counted_before_they_are_read(copy, monkeypatch):
    monkeypatch.setattr(directory, "MOST_FILES", 3)
    with pytest.raises(InputError, match="too many files"):
        verify(copy)

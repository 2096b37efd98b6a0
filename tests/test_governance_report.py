"""Evidence for governance: the same data give the same report, every number in it is in its tables,
and untrusted text stays text.
"""

import csv
import io
import json
import math
import re
import shutil
import subprocess
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from markdown_it import MarkdownIt

import tokenomics as tk
from paths import command
from proposals import CREATED, EVIL, PROPOSAL
from tokenomics.errors import InputError, ModelError
from tokenomics.experiments.optimise import constraint
from tokenomics.governance.bundle import make
from tokenomics.governance.bundle.bundle import (
    RUNS,
    differing_files,
    read_manifest,
    read_runs,
    write_bundle,
)
from tokenomics.governance.evidence.canonical import canonical_json, evidence_id, results_digest
from tokenomics.governance.evidence.evidence import Evidence, add_up
from tokenomics.governance.evidence.plan import from_plain
from tokenomics.governance.evidence.recorded import (
    plan_of_run,
    plan_of_sweep,
    runs_of_run,
    runs_of_sweep,
)
from tokenomics.governance.evidence.simulation import simulate
from tokenomics.governance.evidence.sums import written
from tokenomics.governance.proposal.proposal import read_proposal
from tokenomics.governance.report.render import render
from tokenomics.governance.report.tables import reached, watch
from tokenomics.results.intervals import FEWEST_EQUAL


@pytest.fixture(scope="module")
def evidence():
    _, plan = read_proposal(PROPOSAL)
    return Evidence(plan, simulate(plan))


@pytest.fixture(scope="module")
def rendered(evidence):
    return render(evidence)


@pytest.fixture(scope="module")
def bundle(evidence, rendered, tmp_path_factory):
    manifest = make.make_manifest(
        evidence.plan, evidence.runs, created=CREATED, command="tokenomics propose x"
    )
    files = make.complete(evidence, rendered[1], manifest, {"inputs/proposal.yaml": b"title: x\n"})
    return make.Bundle(
        write_bundle(tmp_path_factory.mktemp("bundle") / "b", files, manifest),
        evidence,
        rendered[0],
    )


@pytest.mark.slow
def test_the_same_data_give_the_same_bytes_from_the_bundle_alone(evidence, rendered, bundle):
    record, plan = read_manifest(bundle.folder)
    again = Evidence(plan, read_runs(bundle.folder, record, plan), record.tokenomics)
    assert again.id == evidence.id == record.id
    _, files = render(again)
    assert files == rendered[1]
    assert differing_files(bundle.folder, record) == {}


def test_a_plan_read_back_simulates_to_the_same_numbers_and_fewer_runs_are_the_first(evidence):
    plan = from_plain(json.loads(json.dumps(evidence.plan.plain()))).at_most(3)
    assert results_digest(simulate(plan), list(plan.metrics)) == results_digest(
        evidence.runs[evidence.runs["run"] < 3], list(plan.metrics)
    )


def test_the_identifier_changes_with_any_parameter_seed_or_number_and_not_with_time(
    evidence, bundle
):
    plain, results = (
        evidence.plan.plain(),
        results_digest(evidence.runs, list(evidence.plan.metrics)),
    )
    for path in ("market.pool_share", "news.volatility"):
        changed = json.loads(json.dumps(plain))
        changed["cases"][1]["parameters"][path]["value"] *= 1.0 + 1e-12
        assert evidence_id(changed, results, evidence.version) != evidence.id
    assert evidence_id(plain | {"seed": 5}, results, evidence.version) != evidence.id
    assert evidence_id(plain, results, evidence.version + "1") != evidence.id
    runs = evidence.runs.copy()
    runs.loc[3, "treasury_min"] = np.nextafter(runs.loc[3, "treasury_min"], np.inf)
    assert Evidence(evidence.plan, runs).id != evidence.id
    assert Evidence(evidence.plan, evidence.runs.sample(frac=1.0, random_state=1)).id == evidence.id
    later = make.make_manifest(
        evidence.plan, evidence.runs, created="2031-01-01T00:00:00+00:00", command="elsewhere"
    )
    assert later["id"] == read_manifest(bundle.folder)[0].id


def test_no_path_of_this_machine_is_in_what_the_identifier_stands_for(evidence, tmp_path):
    overlay = tmp_path / "mine.yaml"
    overlay.write_text("market:\n  pool_share: 0.06\n")
    _, plan = read_proposal(PROPOSAL | {"overlays": [str(overlay)]})
    text = canonical_json(plan.plain()).decode()
    assert str(tmp_path) not in text and str(Path(tk.__file__).parents[1]) not in text
    assert plan.cases[0].resolved.entries["market.pool_share"].source == "mine.yaml"


def _numbers(cell):
    return [
        float(found.replace(",", ""))
        for found in re.findall(r"(?<![\w.^])-?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?(?![\w^])", cell)
    ]


def test_every_number_in_the_reports_tables_is_in_its_csv_files(rendered):
    whole, files = rendered
    for table in whole.tables:
        rows = list(csv.reader(io.StringIO(files[f"data/{table.name}.csv"].decode())))
        known = {number for row in rows[1:] for cell in row for number in _numbers(cell)}
        known |= {100.0 * number for number in known}  # shares are shown in per cent
        counts = {
            "failures": ["runs", "finished", "failed", "invalid"],
            "varied": ["holds", "fails", "undecided", "checks"],
        }
        if table.name in counts:
            known |= set(table.text()[counts[table.name]].astype(float).to_numpy().ravel())
        for row in table.text().itertuples(index=False):
            for number in (n for cell in row for n in _numbers(cell)):
                assert any(
                    math.isclose(number, other, rel_tol=6e-4, abs_tol=1e-12)
                    or abs(number - 100.0 * other) <= 0.05  # a share, in per cent
                    for other in known
                ), (table.name, row, number)


def test_a_failure_table_adds_up_over_its_rows(rendered):
    table = next(t for t in rendered[0].tables if t.name == "failures").text()
    body = table[table["values"] != "all"]
    assert (
        int(table.iloc[-1]["runs"])
        == body["runs"].astype(int).sum()
        == body["finished"].astype(int).sum()
    )


def test_parts_add_up_to_their_total_as_they_are_printed(rendered):
    for name, last in (("supply", "total"), ("fees", "sum")):
        table = next(t for t in rendered[0].tables if t.name == name)
        parts = table.frame.select_dtypes("number").columns.drop(last)
        for row in table.text()[[*parts, last]].itertuples(index=False):
            *own, total = (Decimal(cell.replace(",", "")) for cell in row)
            assert sum(own) == total, row


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ((0.12344, 0.12344, 0.12344), ["0.12344", "0.12344", "0.12344", "0.37032"]),
        (
            (1_092_614.3, 1e7, 1.5e7, 73_907_385.7),
            ["1,093,000", "10,000,000", "15,000,000", "73,907,000", "100,000,000"],
        ),
        ((0.3, 0.0, 0.7), ["0.3", "0", "0.7", "1"]),
        ((1 / 3, 1 / 3, 1 / 3), ["0.3333"] * 3 + ["1"]),
        ((0.0, 0.0), ["0", "0", "0"]),
        ((2e-4, 1e8), ["0", "100,000,000", "100,000,000"]),
    ],
)
def test_so_many_digits_are_printed_that_parts_add_up(parts, told):
    assert written(parts, sum(parts)) == told


def test_a_trigger_from_too_few_runs_is_said_so(evidence):
    note = watch(evidence).frame["note"]
    assert note.tolist() == [f"too few runs for this quantile; {EVIL}"]
    assert [
        reached(n, q)
        for n, q in ((9, 0.9), (10, 0.9), (10, 0.1), (99, 0.99), (100, 0.99), (0, 0.5))
    ] == [False, True, True, False, True, False]


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]


def test_untrusted_text_is_text_in_html(rendered):
    text = rendered[1]["report.html"].decode()
    found = _Tags()
    found.feed(text)
    assert "script" not in found.tags and not [a for a in found.attributes if a[1].startswith("on")]
    assert all(value.startswith("data:") for _, name, value in found.attributes if name == "src")
    assert all(value.startswith("#") for _, name, value in found.attributes if name == "href")
    assert text.count("&lt;script&gt;") >= 6


def test_the_html_is_one_readable_file(rendered):
    found = _Tags()
    found.feed(rendered[1]["report.html"].decode())
    images = [value for tag, name, value in found.attributes if tag == "img" and name == "alt"]
    assert len(images) == found.tags.count("img") >= 2 and all(len(alt) > 40 for alt in images)
    assert found.tags.count("caption") == found.tags.count("table") == len(rendered[0].tables)
    assert all(
        value in ("col", "row")
        for tag, name, value in found.attributes
        if tag == "th" and name == "scope"
    )
    assert ("meta", "name", "viewport") in found.attributes and (
        "html",
        "lang",
        "en",
    ) in found.attributes
    ids = [value for _, name, value in found.attributes if name == "id"]
    assert len(ids) == len(set(ids)) and {
        v for _, n, v in found.attributes if n == "aria-labelledby"
    } <= set(ids)


def test_the_page_needs_no_width_and_follows_the_reader_s_scheme(rendered):
    text = rendered[1]["report.html"].decode()
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    assert "color-scheme: light dark" in style and "(prefers-color-scheme: dark)" in style
    narrow = style[style.index("(max-width: 40rem)") :]
    assert "content: attr(data-column)" in narrow and "thead { display: none; }" in narrow
    assert not re.search(r"url\(|@import|expression", style)
    found = _Tags()
    found.feed(text)
    columns = [value for tag, name, value in found.attributes if name == "data-column"]
    assert len(columns) == found.tags.count("td") and EVIL[:20] in " ".join(columns)


def test_the_scenario_none_is_shown_as_calm_and_keeps_its_key_in_the_data(rendered):
    whole, files = rendered
    assert files["report.md"].decode().count("calm (no scenario's events)") == 1
    for table in whole.tables:
        text = table.text()
        shown = {value for name in ("scenario", "case") if name in text for value in text[name]}
        assert "none" not in shown and "scenario none" not in table.caption, table.name
        if shown:
            assert ",none," in files[f"data/{table.name}.csv"].decode().replace("\nnone", ",none")
    told = [*whole.lead, *whole.glance, *(text for one in whole.sections for text in one.bullets)]
    assert not re.search(r"in none\b|\(none|scenario none", " ".join(told))


def test_untrusted_text_is_text_in_markdown(rendered):
    text = rendered[1]["report.md"].decode()
    tokens = MarkdownIt("commonmark", {"linkify": False}).enable("table").parse(text)
    inline = [child for token in tokens for child in token.children or []]
    allowed = ("<details><summary>", "</details>")
    assert all(t.content.strip().startswith(allowed) for t in tokens if t.type == "html_block")
    assert not [c.content for c in inline if c.type in ("html_inline", "link_open")]
    assert {c.attrs["src"] for c in inline if c.type == "image"} == {
        f"figures/{n}.png" for n in ("limits", "sensitivity")
    }
    headings = [tokens[i + 1].content for i, t in enumerate(tokens) if t.type == "heading_open"]
    assert len([h for h in headings if "a heading" in h]) == 0 and headings[0].count("script>") == 2
    title = "".join(c.content for c in tokens[1].children if c.type == "text")
    assert title.replace("\u2060", "") == EVIL  # shown as it was written
    assert "@user" not in text and "#12" not in text


def test_an_untrusted_formula_is_text_in_a_spreadsheet(rendered):
    for name, content in rendered[1].items():
        if name.endswith(".csv"):
            for row in csv.reader(io.StringIO(content.decode())):
                assert not [
                    cell
                    for cell in row
                    if cell[:1] in ("=", "+", "@") or re.match(r"-[^\d.]", cell) and cell != "-inf"
                ], (name, row)


def test_a_table_that_does_not_add_up_stops_the_report(evidence):
    with pytest.raises(ModelError, match="0.6 \\+ 0.41 = 1.01, not 1"):
        add_up([0.6, 0.41], 1.0, "fees")
    lost = Evidence(evidence.plan, evidence.runs.drop(index=0))
    with pytest.raises(ModelError, match="runs of current"):
        _ = lost.failures


def test_a_limit_holds_fails_or_is_undecided(evidence):
    own = evidence.own_checks().set_index(["limit", "scenario"])["verdict"]
    assert own["treasury_low <= 0.9", "none"] == "holds"
    assert own["treasury_low <= 0.1", "none"] == "undecided"  # six runs cannot tell
    assert own["max_drawdown <= 0.0001", "none"] == "fails"
    assert own["control_effort >= 0.0", "token_crash"] == "holds"
    assert evidence.outcome == "fails" and "1 of its 4 limits" in evidence.verdict()


def test_a_limit_does_not_hold_where_a_run_failed(evidence):
    runs = evidence.runs.copy()
    point = evidence.points("proposed")[0]
    row = runs.index[(runs["case"] == 0) & (runs["point"] == point)][0]
    runs.loc[row, list(evidence.plan.metrics)] = np.nan
    runs.loc[row, "failed_day"] = 3.0
    broken = Evidence(evidence.plan, runs)
    own = broken.own_checks().set_index(["limit", "scenario"])["verdict"]
    assert (
        own["treasury_low <= 0.9", "none"] == "undecided"
        and own["treasury_low <= 0.9", "token_crash"] == "holds"
    )
    assert int(broken.failures["failed"].sum()) == 1


def test_what_a_verdict_hides_is_said_beside_it(evidence):
    claim = [
        {"limit": "treasury_min <= 1000000", "scenarios": ["none"]},
        {"limit": "treasury_low <= 0.9"},
    ]
    own = Evidence(
        replace(evidence.plan, statement={**evidence.plan.statement, "limits": claim, "watch": []}),
        evidence.runs,
    )
    where, varied = own.warnings()
    assert where == (
        "Not counted, for its limits are stated for some scenarios alone, it would fail: "
        "treasury_min <= 1000000 (token_crash)."
    )
    assert varied.startswith(
        "With one parameter changed at a time, 6 of 18 checks fail: treasury_min <= 1000000 in 6 "
        "of 6."
    )
    table = own.varied_checks
    assert table[table["of"] == "change"]["today"].isna().all()
    assert (table["today"] > 0.0).sum() == 6


def test_no_difference_in_any_run_does_not_prove_that_a_probability_is_unchanged():
    change = PROPOSAL | {
        "limits": [
            {"limit": "treasury_low <= 0.01", "of": "change"},
            {"limit": "treasury_low <= 0.9", "of": "change"},
        ],
        "watch": [],
        "metrics": [],
    }
    _, plan = read_proposal(
        change | {"alternatives": {}, "scenarios": ["none"], "metrics": ["treasury_low"]}
    )
    own = Evidence(plan, simulate(plan)).own_checks()
    assert list(own["verdict"]) == ["undecided", "holds"] and list(own["estimate"]) == [0.0, 0.0]


def test_each_verdict_follows_from_the_table_of_checks(evidence, rendered):
    with io.StringIO(rendered[1]["data/checks.csv"].decode()) as file:
        rows = list(csv.DictReader(file))
    assert {row["verdict"] for row in rows} >= {"holds", "fails"}
    for row in rows:
        rule = constraint(row["limit"], "limits")
        beyond = [
            [rule.excess(float(row[end + which])) > 0.0 for end in ("low", "high")]
            for which in ("", "_at_once")
        ]
        expected = "fails" if all(beyond[1]) else "undecided" if any(beyond[0]) else "holds"
        if int(row["failed"]) == 0 and int(row["n"]) >= FEWEST_EQUAL:
            assert row["verdict"] == expected, row
        assert float(row["low_at_once"]) <= float(row["low"])


def test_how_often_a_check_at_its_limit_is_wrong_is_said_for_so_many_at_once(evidence, rendered):
    cases = 40 * evidence.checked_at_once
    assert evidence.checked_at_once > 1
    assert (
        f"in 1 of 40 cases, and to fail in 1 of {cases:,}, as" in rendered[1]["report.md"].decode()
    )


def test_runs_and_sweeps_become_bundles_whose_numbers_are_computed_again(tmp_path):
    for policy in ("none", "pid"):
        kept = ["token_price", "treasury_usd"]
        tk.run(
            "baseline",
            policy=policy,
            days=15,
            runs=3,
            seed=2,
            engine="ensemble",
            every=3,
            record=kept,
        ).save(tmp_path / policy, figures=False)
    status, out, errors = command(
        "report",
        tmp_path / "none",
        tmp_path / "pid",
        "--out",
        tmp_path / "b",
        "--title",
        "A | B",
        "--json",
    )
    assert status == 0, errors
    told = json.loads(out)
    record, plan = read_manifest(tmp_path / "b")
    assert (
        told["id"] == record.id
        and plan.title == "A | B"
        and plan.labels == ["none, none", "pid, none"]
    )
    assert results_digest(simulate(plan), list(plan.metrics)) == record.results
    design = {
        "method": "grid",
        "parameters": {"supply.burn_share": [0.2, 0.4]},
        "runs": 2,
        "set": {"simulation.days": 10},
        "metrics": ["treasury_low"],
    }
    tk.sweep(design, out=tmp_path / "s")
    swept = tk.load(tmp_path / "s")
    plan, table = plan_of_sweep(swept), runs_of_sweep(swept)
    assert results_digest(simulate(plan), list(plan.metrics)) == results_digest(
        table, list(plan.metrics)
    )
    whole, files = render(Evidence(plan, table))
    assert [t.name for t in whole.tables][:2] == [
        "scenarios",
        "means",
    ] and "figures/map-treasury_low.svg" in files


def test_a_run_that_its_parameters_do_not_repeat_makes_no_bundle():
    from dataclasses import replace

    result = tk.run("baseline", days=5, engine="ensemble")
    with pytest.raises(InputError, match="recorded input"):
        plan_of_run(replace(result, notes=("prices from x.csv",)))
    assert len(runs_of_run(result)) == 1


@pytest.mark.parametrize(
    ("path", "change", "found"),
    [
        (
            "manifest.json",
            lambda text: text.replace('"format": 2', '"format": 3'),
            "a newer tokenomics",
        ),
        (
            "manifest.json",
            lambda text: text.replace('"report.md"', '"../report.md"'),
            "the file name",
        ),
        ("manifest.json", lambda text: text.replace('"seed": 4', '"seed": NaN'), "NaN"),
        ("manifest.json", lambda text: text[: len(text) // 2], "not JSON"),
        (
            "manifest.json",
            lambda text: text.replace('"market.pool_share"', '"market.pool_shore"'),
            "unknown",
        ),
        (RUNS, lambda text: text[:-1], "changed since"),
    ],
)
def test_an_untrusted_bundle_is_read_with_care(bundle, tmp_path, path, change, found):
    copy = tmp_path / "copy"
    shutil.copytree(bundle.folder, copy)
    content = (copy / path).read_bytes().decode("latin-1")
    (copy / path).write_bytes(change(content).encode("latin-1"))
    with pytest.raises(InputError, match=found):
        read_runs(copy, *read_manifest(copy))


def test_nothing_is_written_over_and_nothing_is_half_written(bundle, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="exists already"):
        write_bundle(bundle.folder, {"report.md": b""}, {})
    monkeypatch.setattr(
        "tokenomics.inputs.files.os.rename", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        write_bundle(tmp_path / "b", {"data/x.csv": b"1"}, {"format": 1})
    assert list(tmp_path.iterdir()) == []


def test_a_stated_limit_that_fails_ends_with_status_1_and_a_bundle(tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text(json.dumps(PROPOSAL | {"alternatives": {}, "scenarios": ["none"]}))
    line = ("propose", file, "--runs", "4", "--out", tmp_path / "b", "--json", "--no-figures")
    status, out, errors = command(*line)
    told = json.loads(out)
    assert status == 1 and told["outcome"] == "fails" and told["simulations"] == 4 * 2 + 3 * 10, (
        errors
    )
    assert (tmp_path / "b" / "inputs" / "proposal.yaml").read_text() == file.read_text().replace(
        '"runs": 6', '"runs": 4'
    )
    assert {p.name for p in tmp_path.iterdir()} == {"b", "p.yaml"}


def test_the_metadata_lists_every_file_with_its_digest(bundle):
    graph = {
        e["@id"]: e
        for e in json.loads((bundle.folder / "ro-crate-metadata.json").read_text())["@graph"]
    }
    record, _ = read_manifest(bundle.folder)
    assert graph["ro-crate-metadata.json"]["conformsTo"]["@id"].endswith("ro/crate/1.2")
    for name, told in record.files.items():
        if name != "ro-crate-metadata.json":
            assert graph[name]["sha256"] == told.sha256, name
    assert graph["#content-id"]["value"] == record.id
    assert {e["@id"] for e in graph["#simulation"]["object"]} == {
        n for n in record.files if n.startswith("inputs/")
    }


def test_the_citation_is_valid_where_a_validator_is_installed(bundle):
    if not shutil.which("cffconvert"):
        pytest.skip("cffconvert is not installed; it needs an environment of its own")
    done = subprocess.run(
        ["cffconvert", "--validate", "-i", bundle.folder / "CITATION.cff"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def test_the_metadata_is_valid_where_a_validator_is_installed(bundle):
    found = shutil.which("rocrate-validator")
    if not found:
        pytest.skip("roc-validator is not installed; it needs an environment of its own")
    import rocrate

    context = Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld"
    script = Path(__file__).parent / "crate_checker.py"
    python = Path(found).resolve().parent / "python"
    arguments = [python, script, context, bundle.folder, "ro-crate-1.2", "process-run-crate-0.5"]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    issues = json.loads(done.stdout.splitlines()[-1])["issues"]
    assert [issue for issue in issues if issue[1] == "REQUIRED"] == []

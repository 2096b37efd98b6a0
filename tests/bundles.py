"""A small bundle for tests, and ways to change it."""

import json
import re
import struct
import zlib
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq

from tokenomics.governance.bundle.bundle import make_manifest, manifest_text, write_bundle
from tokenomics.governance.bundle.crate import METADATA
from tokenomics.governance.bundle.make import GIVEN, metadata, pages, propose
from tokenomics.governance.evidence.canonical import digest, evidence_id
from tokenomics.governance.evidence.evidence import Evidence
from tokenomics.governance.evidence.over_time import over_time, simulations
from tokenomics.governance.evidence.simulation import simulate
from tokenomics.governance.report.marks import plain_files
from tokenomics.governance.report.render import render
from tokenomics.governance.verify.recompute import simulate_rows

TITLE = "<script>alert(1)</script> Burn less"
PROPOSAL = {
    "title": TITLE,
    "summary": "For a test.",
    "policy": "none",
    "set": {"simulation.days": 12},
    "proposed": {"supply.burn_share": 0.3},
    "scenarios": ["none", "token_crash"],
    "runs": 5,
    "seed": 6,
    "years": [],
    "worlds": {"count": 0},
    "limits": [{"limit": "churn <= 5", "reason": "an example"}],
    "sensitivity": {"runs": 3, "step": 0.2},
    "metrics": ["churn", "price_volatility"],
}
PAGES, FORECASTS, EVIDENCE, ROWS, WHOLE = {}, {}, {}, {}, {}
FORGED = 7  # row of the table of runs: run 2 of the proposed values in the scenario none
CREATED = "2026-01-02T03:04:05Z"


def example(folder):
    """The bundle's folder, its plan and its runs."""
    (folder / "example.yaml").write_text(json.dumps(PROPOSAL))  # which is YAML, too
    bundle = propose(
        folder / "example.yaml",
        out=folder / "honest",
        workers=1,
        created=CREATED,
        command="tokenomics propose example.yaml",
    )
    return bundle.folder, bundle.evidence.plan, bundle.evidence.runs


def remembered(evidence, figures=True, created=CREATED):
    """The same evidence gives the same pages, so that tests which change something else need not
    make them again.
    """
    key = evidence.id, figures
    if key not in PAGES:
        PAGES[key] = pages(evidence, render(evidence, figures)[1], created)
    return dict(PAGES[key])


def forecast(plan, *, workers=1, progress=None):
    """A plan's, simulated once."""
    key = json.dumps(plan.plain())
    if key not in FORECASTS:
        FORECASTS[key] = over_time(plan, workers=workers)
    if progress:
        progress(simulations(plan), simulations(plan))
    return FORECASTS[key]


def evidence_of(plan, runs, *, over_time=None):
    """Of a plan whose forecast is simulated once, with what it came to before: it follows from plan
    and runs alone.
    """
    own = Evidence(plan, runs, over_time=forecast(plan) if over_time is None else over_time)
    return EVIDENCE.setdefault((json.dumps(plan.plain()), own.id), own)


def whole(plan, *, workers=1, progress=None):
    """All rows of a plan, simulated once."""
    key = json.dumps(plan.plain())
    if key not in WHOLE:
        WHOLE[key] = simulate(plan, workers=workers)
    return _done(WHOLE[key], progress)


def some(plan, keys, progress=None):
    """Some of its rows, simulated once."""
    key = json.dumps(plan.plain()), keys.to_json()
    if key not in ROWS:
        ROWS[key] = simulate_rows(plan, keys)
    return _done(ROWS[key], progress)


def _done(rows, progress):
    if progress:
        progress(len(rows), len(rows))
    return rows.copy()


def write(out, plan, runs, other=(), *, figures=True):
    """A bundle whose digests, pages and metadata are all right but for other files."""
    told, evidence = "tokenomics propose example.yaml", evidence_of(plan, runs)
    manifest = make_manifest(plan, runs, created=CREATED, command=told, figures=figures)
    files = (
        plain_files(remembered(evidence, figures))
        | {GIVEN: json.dumps(PROPOSAL).encode()}
        | dict(other)
    )
    return write_bundle(out, files | {METADATA: metadata(evidence, files, manifest)}, manifest)


def manifest(folder):
    return json.loads((folder / "manifest.json").read_text())


def put(folder, content, **changes):
    """Write a manifest with other entries."""
    (folder / "manifest.json").write_bytes(manifest_text(content | changes))


def put_file(folder, name, content, *, listed=True):
    """Write a file, and its digest into the manifest."""
    (folder / name).write_bytes(content)
    if listed:
        told = manifest(folder)
        put(
            folder,
            told,
            files=told["files"] | {name: {"sha256": digest(content), "bytes": len(content)}},
        )


def reseal(folder):
    """Set the identifier right."""
    told = manifest(folder)
    found = evidence_id(told["plan"], told["results"], told["tokenomics"], told["format"])
    put(folder, told, id=found)


def edit_plan(folder, change):
    told = manifest(folder)
    change(told["plan"])
    put(folder, told)


def edit_cell(folder, listed):
    table = pq.read_table(folder / "data/runs.parquet").to_pandas()
    table.loc[FORGED, "price_volatility"] *= 1.0 + 1e-12
    out = BytesIO()
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), out)
    put_file(folder, "data/runs.parquet", out.getvalue(), listed=listed)


def edit_html(folder, listed):
    text = (folder / "report.html").read_bytes()
    put_file(folder, "report.html", text.replace(b"</h1>", b"<b>approved</b></h1>"), listed=listed)


OTHER = "Windows-11-AMD64, NumPy with X"  # a platform whose last bits may be others


def forged(made, out, files, *, platform=None, **dependencies):
    """A bundle with other files and right digests, told to be of another platform or other
    versions.
    """
    folder = write(out, made[1], made[2], files)
    told = manifest(folder)
    put(
        folder,
        told,
        dependencies=told["dependencies"] | dependencies,
        **({"platform": platform} if platform else {}),
    )
    return folder


def repacked(png):
    """A PNG with the same parts, of which the pixels are packed otherwise: of the same size, and
    not the same bytes.
    """
    head, body = png[: png.index(b"IDAT") - 4], b"".join(_parts(png, b"IDAT"))
    data = zlib.compress(zlib.decompress(body), 1)
    kind = b"IDAT" + data
    return (
        head + struct.pack(">I", len(data)) + kind + struct.pack(">I", zlib.crc32(kind)) + png[-12:]
    )


def _parts(png, wanted):
    at = 8
    while at < len(png):
        size, kind = struct.unpack_from(">I4s", png, at)
        if kind == wanted:
            yield png[at + 8 : at + 8 + size]
        at += 12 + size


def redrawn(svg):
    """An SVG as Matplotlib 3.8 writes it: letters by their characters' numbers, their places in
    another attribute.
    """
    names = sorted(set(re.findall(rb"DejaVuSans-[0-9a-f]+", svg)))
    for number, name in enumerate(names):
        svg = re.sub(name + rb'(?=")', b"DejaVuSans-x%d" % number, svg)
    return re.sub(
        rb'(<use xlink:href="#DejaVuSans[^"]*") transform="translate\(([0-9.]+) 0\)"',
        rb'\1 x="\2"',
        svg,
    )


def elsewhere(folder):
    """As if it had been made with another NumPy and matplotlib, where last digits and figures
    differ.
    """
    told = manifest(folder)
    put(
        folder, told, dependencies=told["dependencies"] | {"numpy": "1.26.0", "matplotlib": "3.8.0"}
    )

"""RO-Crate 1.2 metadata of a bundle, in the Process Run Crate profile: which software made which
files from which.

Source: https://w3id.org/ro/crate/1.2 and https://w3id.org/ro/wfrun/process/0.5.
"""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Mapping
from typing import Any

from ...errors import missing_extra
from ...inputs.strict_json import once
from ..evidence.canonical import digest
from ..evidence.evidence import Evidence
from .citation import authors, license_of, title

METADATA = "ro-crate-metadata.json"
VERSION = "1.2"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
TYPES = {
    ".md": "text/markdown",
    ".html": "text/html",
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".svg": "image/svg+xml",
    ".yaml": "application/yaml",
    ".cff": "application/yaml",
    ".bib": "application/x-bibtex",
    ".json": "application/json",
}
WHAT = {
    "report.md": "The report, in Markdown",
    "report.html": "The report, in one HTML file",
    "CITATION.cff": "How to cite the result, Citation File Format",
    "citation.bib": "How to cite the result, BibTeX",
    "citation.json": "How to cite the result, CSL-JSON",
    "data/runs.parquet": "Every metric of every simulated run",
    "data/forecast.csv": (
        "Quantiles over runs of what a history can show, by day, under today's values and the "
        "proposed ones"
    ),
    "data/parameters.csv": "Every parameter with its unit and its source",
    "inputs/proposal.yaml": "The proposal as it was given",
    "manifest.json": (
        "Plan, seeds, versions and digests: what the result is and how it is computed again"
    ),
}
SPECIFICATION = f"https://w3id.org/ro/crate/{VERSION}"
CONTEXT = f"{SPECIFICATION}/context"
FOLDERS = {
    "data": "A table of the report, with all digits",
    "figures": "A figure of the report",
    "inputs": "Parameters that were simulated, in YAML",
}


def load_rocrate() -> Any:
    """The module rocrate. Raises InputError that names the extra where it is not installed."""
    try:
        import rocrate.model
        import rocrate.rocrate
    except ImportError:
        raise missing_extra("rocrate", "report", "RO-Crate") from None
    return rocrate


def _media(name: str) -> str:
    suffix = "." + name.rpartition(".")[2]
    return TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def _file(crate: Any, name: str, content: bytes | None) -> Any:
    folder = name.partition("/")[0]
    told = {
        "name": name.rpartition("/")[2],
        "description": WHAT.get(name) or FOLDERS[folder],
        "encodingFormat": _media(name),
    }
    if content is not None:
        told |= {"contentSize": str(len(content)), "sha256": digest(content)}
    return crate.add(load_rocrate().model.File(crate, dest_path=name, properties=told))


def crate(
    evidence: Evidence,
    files: Mapping[str, bytes],
    *,
    created: str,
    command: str,
    commit: str | None,
) -> bytes:
    """`ro-crate-metadata.json` for the files of a bundle. created: ISO 8601, of the result. Raises
    InputError where rocrate is not installed.
    """
    rocrate = load_rocrate()
    whole = rocrate.rocrate.ROCrate(version=VERSION)

    def context(identifier: str, kind: str | list[str], **properties: Any) -> Any:
        return whole.add(
            rocrate.model.ContextEntity(whole, identifier, properties={"@type": kind, **properties})
        )

    people: Any = [
        context(f"#author-{i}", "Organization", name=name)
        for i, name in enumerate(authors(evidence), 1)
    ]
    people = people[0] if len(people) == 1 else people
    spdx = license_of(evidence)
    licence = context(
        f"https://spdx.org/licenses/{spdx}",
        "CreativeWork",
        name=spdx,
        url=f"https://spdx.org/licenses/{spdx}.html",
    )
    licence["description"] = f"The licence {spdx}, as SPDX lists it"
    profile = context(PROFILE, ["CreativeWork", "Profile"], name="Process Run Crate", version="0.5")
    software = context(
        "#tokenomics", "SoftwareApplication", name="tokenomics", version=evidence.version
    )
    software["description"] = (
        "Token economies of decentralised AI-inference networks, modelled with control theory"
    )
    software["url"] = {"@id": "manifest.json"}  # where its version, commit and dependencies are
    if commit:
        software["identifier"] = f"git:{commit}"
    listed = {name: _file(whole, name, content) for name, content in files.items()}
    listed["manifest.json"] = _file(whole, "manifest.json", None)
    inputs = [entity for name, entity in listed.items() if name.startswith("inputs/")]
    results = [entity for name, entity in listed.items() if not name.startswith("inputs/")]
    told = {
        "name": f"Simulation and report: {title(evidence)}",
        "description": command,
        "endTime": created,
    }
    done = whole.add_action(
        software,
        "#simulation",
        object=inputs,
        result=results,
        properties={"@type": "CreateAction"} | told,
    )
    done["agent"] = people
    content_id = context(
        "#content-id",
        "PropertyValue",
        propertyID="https://www.iana.org/assignments/named-information",
        name="SHA-256",
    )
    content_id["value"] = evidence.id
    root = whole.root_dataset
    root["name"], root["description"], root["datePublished"] = (
        title(evidence),
        evidence.verdict(),
        created,
    )
    root["license"], root["author"], root["publisher"], root["identifier"] = (
        licence,
        people,
        people,
        content_id,
    )
    root["conformsTo"], root["mentions"] = profile, done
    plain = whole.metadata.generate()
    plain["@context"] = (
        CONTEXT  # these say what all else means, so that no version of rocrate decides them
    )
    descriptor = next(entity for entity in plain["@graph"] if entity["@id"] == METADATA)
    descriptor |= {
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": SPECIFICATION},
    }
    plain["@graph"].sort(
        key=lambda entity: (
            entity["@id"] not in (METADATA, "./"),
            entity["@id"] != METADATA,
            entity["@id"],
        )
    )
    return (json.dumps(plain, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def disagreements(recorded: bytes, made: bytes) -> list[str]:
    """In what two crates say different things of a bundle, a line each; the order alone may be
    another.

    recorded: untrusted. made: of `crate`.
    """
    try:
        plain = json.loads(recorded, object_pairs_hook=once)
        one, two = _entities(plain), _entities(json.loads(made))
    except (ValueError, RecursionError, TypeError, KeyError) as error:
        return [f"no RO-Crate metadata ({error})"[:200]]
    lines = (
        []
        if set(plain) == {"@context", "@graph"} and plain["@context"] == CONTEXT
        else ["another context"]
    )
    for name in sorted(set(one) | set(two)):
        mine, other = one.get(name), two.get(name)
        if mine is None or other is None:
            lines.append(f"{name[:100]} is {'missing' if mine is None else 'not of this bundle'}")
            continue
        keys = sorted(key for key in set(mine) | set(other) if mine.get(key) != other.get(key))
        lines += [f"{key[:100]} of {name[:100]} is another" for key in keys]
    return lines


def _entities(plain: Any) -> dict[str, dict[str, str]]:
    """Entities by identifier, with their values as text in one order. Raises ValueError where two
    have the same one.
    """
    found: dict[str, dict[str, str]] = {}
    for entity in plain["@graph"]:
        name = entity["@id"]
        if not isinstance(name, str) or name in found:
            raise ValueError(f"the entity {name!s:.60} twice")
        found[name] = {key: _in_order(value) for key, value in entity.items()}
    return found


def _in_order(value: Any) -> str:
    # a set of one and its only element are the same in JSON-LD
    return json.dumps(
        sorted(
            json.dumps(part, sort_keys=True)
            for part in (value if isinstance(value, list) else [value])
        )
    )

"""How to cite a result itself: CITATION.cff, BibTeX and CSL-JSON. Its authors are those whom the
proposal names.
"""

from __future__ import annotations

import json
import re

from ...parameters.writing import yaml_text
from ..evidence.evidence import Evidence

UNNAMED = "The authors of this result"
LICENSE = "CC-BY-4.0"  # of a run's or a sweep's result, for which nobody states another
# BibTeX counts \{ and \} as braces, so that theirs have names
NAMED = {
    "\\": "backslash",
    "~": "asciitilde",
    "^": "asciicircum",
    "{": "braceleft",
    "}": "braceright",
}
LATEX = {character: rf"\text{name}{{}}" for character, name in NAMED.items()} | {
    c: f"\\{c}" for c in "$&#_%"
}


def authors(evidence: Evidence) -> list[str]:
    """Names of the authors."""
    return (list(evidence.claim.authors) if evidence.claim else []) or [UNNAMED]


def license_of(evidence: Evidence) -> str:
    """SPDX identifier of the result's licence."""
    return evidence.claim.license if evidence.claim else LICENSE


def title(evidence: Evidence) -> str:
    """The title in one line."""
    return " ".join(evidence.plan.title.split())


def cff(evidence: Evidence, created: str) -> str:
    """CITATION.cff, of a data set. created: ISO 8601."""
    told = (
        f"Content identifier: SHA-256 over parameters, design, seeds, metrics, tokenomics "
        f"{evidence.version} and every result"
    )
    tree = {
        "cff-version": "1.2.0",
        "message": "If you use this result, please cite it as below, with its content identifier.",
        "title": title(evidence),
        "type": "dataset",
        "authors": [{"name": name} for name in authors(evidence)],
        "abstract": evidence.verdict(),
        "date-released": created[:10],
        "license": license_of(evidence),
        "identifiers": [{"type": "other", "value": f"sha256:{evidence.id}", "description": told}],
        "references": [
            {
                "type": "software",
                "title": "tokenomics",
                "version": evidence.version,
                "authors": [{"name": "The tokenomics contributors"}],
            }
        ],
    }
    return yaml_text(tree)


def latex(text: str) -> str:
    """Text for BibTeX, in one line."""
    return re.sub(r"[\\{}$&#_%~^]", lambda found: LATEX[found[0]], " ".join(text.split()))


def bibtex(evidence: Evidence, created: str) -> str:
    """A BibTeX entry."""
    fields = {
        "title": "{" + latex(title(evidence)) + "}",
        "author": " and ".join("{" + latex(name) + "}" for name in authors(evidence)),
        "year": created[:4],
        "month": str(int(created[5:7])),
        "note": latex(f"Result of tokenomics {evidence.version}, SHA-256 {evidence.id}"),
    }
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@misc{{tokenomics-{evidence.id[:12]},\n{body}\n}}\n"


def csl(evidence: Evidence, created: str) -> str:
    """CSL-JSON, which reference managers read."""
    entry = {
        "id": f"tokenomics-{evidence.id[:12]}",
        "type": "dataset",
        "title": title(evidence),
        "author": [{"literal": name} for name in authors(evidence)],
        "issued": {"date-parts": [[int(created[:4]), int(created[5:7]), int(created[8:10])]]},
        "version": evidence.version,
        "number": f"sha256:{evidence.id}",
        "abstract": evidence.verdict(),
    }
    return json.dumps([entry], indent=1, ensure_ascii=False) + "\n"


def citations(evidence: Evidence, created: str) -> dict[str, bytes]:
    """The three files by name."""
    texts = {"CITATION.cff": cff, "citation.bib": bibtex, "citation.json": csl}
    return {name: make(evidence, created).encode() for name, make in texts.items()}

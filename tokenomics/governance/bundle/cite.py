"""How to cite a bundle: a footnote, BibTeX, CSL-JSON, made from its plan and numbers and not from
the files that it has.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .citation import authors, bibtex, csl, title
from .directory import open_bundle


@dataclass(frozen=True)
class Citation:
    """A citation. footnote: one line of plain text. bibtex, csl: an entry of BibTeX, a list of one
    item of CSL-JSON, both as text. id: SHA-256.
    """

    footnote: str
    bibtex: str
    csl: str
    id: str


def cite(folder: str | Path) -> Citation:
    """The citation of a bundle as it stands, which `verify` alone can tell to be true.

    folder: the bundle's directory. Raises InputError for what is no bundle, and where its numbers
    or identifier are not those of its manifest.
    """
    record, evidence = open_bundle(folder)
    names = "; ".join(" ".join(name.split()) for name in authors(evidence))
    told = (
        f'{names}, "{title(evidence)}", {record.created[:10]}. Computed with tokenomics '
        f"{record.tokenomics}; content identifier sha256:{record.id}."
    )
    check = f"To check: tokenomics verify BUNDLE --id {record.id}"
    return Citation(
        f"{told} {check}",
        bibtex(evidence, record.created),
        csl(evidence, record.created),
        record.id,
    )

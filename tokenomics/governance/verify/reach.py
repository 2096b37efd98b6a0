"""What no check reaches, said at the end of a verification."""

from __future__ import annotations

from ... import __version__
from ...results.versions import package_record
from .known import Known
from .untrusted import Untrusted

UNCHECKED = (
    "not checked, for it is in no number: sources and descriptions of parameters, and the names of "
    "base, policy and scenarios, where they are not "
    "shipped ones; calibrations and their errors out of sample, notes, comments in the proposal's "
    "file; command, commit, time, platform and versions "
    "are what the maker says"
)


def check(bundle: Untrusted, known: Known) -> Known:
    """What is in no number; and, where something differs, whether another commit may explain it."""
    told, mine = bundle.record.commit, package_record()["commit"]
    if not known.findings or told == mine:
        return Known(notes=(UNCHECKED,))
    made = (
        f"tokenomics {__version__} at commit {told or 'unknown'} made it, here it is "
        f"{mine or 'unknown'}"
    )
    return Known(notes=(UNCHECKED, f"{made}: between releases both text and numbers change"))

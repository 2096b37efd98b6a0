"""The pages of a bundle, text, tables, figures, citations and metadata: each beside the same one made anew from the bundle's plan and numbers."""

from __future__ import annotations

from ...errors import InputError, TokenomicsError
from ...results.versions import package_record
from ..bundle.bundle import RUNS, ManifestRecord, writers
from ..bundle.crate import METADATA
from ..bundle.crate import disagreements as crate_disagreements
from ..bundle.make import GIVEN, metadata
from ..bundle.runs_table import schema_differences
from ..evidence.evidence import Evidence
from ..report.computed import plain_files
from . import differences as texts
from . import figures as drawings
from .case import LONGEST_REASON, Case
from .findings import Finding
from .proposal_file import disagreements, unread


def check_pages(case: Case, record: ManifestRecord, evidence: Evidence, made: dict[str, bytes], contents: dict[str, bytes], tolerance: float) -> None:
    """Text, tables, figures and citations made anew from the bundle's numbers, which are checked by themselves, beside those that it has."""
    same = {name: version == record.dependencies.get(name) for name, version in (package_record()["dependencies"] | writers()).items()}
    if GIVEN in contents and record.kind == "proposal":
        made[GIVEN] = contents[GIVEN]
        try:
            case.findings += disagreements(case.folder, evidence.plan)
            own = unread(case.folder)
            if own:
                case.remarks.append(f"{GIVEN} names files that are not in the bundle, so that what they say was not compared: {', '.join(own)}")
        except TokenomicsError as error:
            case.findings.append(Finding(GIVEN, f"no proposal: {error}"[:LONGEST_REASON]))
    by_entities = _crate(case, record, evidence, contents, made, same["rocrate"])
    for name in sorted(set(record.files) - set(made)):
        case.findings.append(Finding(name, "not a file of such a bundle"))
    for name, content in made.items():
        if name not in record.files:
            case.findings.append(Finding(name, "not in the bundle, which should have it"))
        if contents.get(name, content) == content or name == by_entities:
            continue
        if name == RUNS and not (same["pyarrow"] and same["pandas"]):
            _table(case, contents[name], content)
        else:
            _page(case, name, contents, made, tolerance, same["matplotlib"])
    drawn = [name for name in case.apart if name.endswith(texts.FIGURES)]
    if drawn:
        told = f"by matplotlib {record.dependencies.get('matplotlib')} on {record.platform}"
        here = f"matplotlib {package_record()['dependencies']['matplotlib']}"
        case.notes.append(f"{len(drawn)} of the figures cannot be compared: drawn {told}, here by {here}")


def _page(case: Case, name: str, contents: dict[str, bytes], made: dict[str, bytes], tolerance: float, same_drawer: bool) -> None:
    """A text, table or figure that is not the same bytes as the one made anew. same_drawer: whether one version of matplotlib drew both."""
    found = texts.differing(name, contents[name], made[name])
    loose = tolerance > 0.0 or not same_drawer
    if found is None:
        return
    if not loose or texts.much_longer(contents[name], made[name]):
        case.findings.append(found)
        return
    if name.endswith(texts.FIGURES):
        _figure(case, name, contents[name], made[name], found, same_drawer)
        return
    mine, other = contents[name], made[name]
    if name.endswith(".html"):
        case.findings += [Finding(name, what) for what in drawings.misplaced(mine, other, contents, made)]
        mine, other = drawings.without_figures(mine), drawings.without_figures(other)
        found = texts.differing(name, mine, other)
    if found and tolerance and texts.agree(name, mine, other):
        case.rounded = True
    elif found:
        case.findings.append(found)


def _figure(case: Case, name: str, mine: bytes, other: bytes, found: Finding, same_drawer: bool) -> None:
    """A figure that another platform or another matplotlib may have drawn: what of it can be checked."""
    wrong = drawings.unsafe(name, mine)
    if wrong:
        case.findings.append(Finding(name, f"not a figure as this package draws one: {wrong}"))
    elif not (name.endswith(".svg") and same_drawer):
        case.apart.append(name)
    elif not texts.agree(name, mine, other):
        case.findings.append(found)


def _table(case: Case, mine: bytes, other: bytes) -> None:
    """The table of runs, whose numbers are compared by themselves, written by another pyarrow or pandas."""
    try:
        case.findings += [Finding(RUNS, what) for what in schema_differences(mine, other)]
    except InputError as error:
        case.findings.append(Finding(RUNS, error.found))
    case.notes.append(f"{RUNS} compared by its numbers, names, types and units, not byte by byte: another pyarrow or pandas wrote it")


def _crate(case: Case, record: ManifestRecord, evidence: Evidence, contents: dict[str, bytes], made: dict[str, bytes], same: bool) -> str | None:
    """Add the RO-Crate metadata that the bundle's files should have; its name where it is not to be compared byte by byte."""
    told = record.model_dump()
    try:
        # of the files as the manifest has them: each is compared by itself
        listed = {name: content if name in case.changed else contents.get(name, content) for name, content in plain_files(made).items()}
        made[METADATA] = metadata(evidence, listed, told)
    except InputError as error:
        case.notes.append(f"{METADATA} cannot be compared: {error}")
        case.apart.append(METADATA)
        made[METADATA] = contents.get(METADATA, b"")
        return METADATA
    if same or METADATA not in contents:
        return None
    case.findings += [Finding(METADATA, what) for what in crate_disagreements(contents[METADATA], made[METADATA])]
    versions = f"rocrate {record.dependencies.get('rocrate')}, here {writers()['rocrate']}"
    case.notes.append(f"{METADATA} compared by its entities, not byte by byte: written with {versions}")
    return METADATA

"""Check: text, tables, figures, citations and metadata are those made anew from the bundle's plan
and numbers.
"""

from __future__ import annotations

from ...errors import TokenomicsError
from ...results.versions import package_record
from ..bundle.bundle import RUNS
from ..bundle.crate import METADATA
from ..bundle.make import CODE, GIVEN, pages
from ..report.marks import TOLERANCE
from ..report.render import render
from . import differences as texts
from .findings import Finding
from .known import LONGEST_REASON, STRANGE, Known
from .metadata import compared as metadata_compared
from .own_code import named_in
from .page import compared, table
from .proposal_file import disagreements, unread
from .untrusted import Untrusted


def check(bundle: Untrusted, known: Known) -> Known:
    """Numbers are checked by themselves: what is made here follows from those that are known."""
    evidence = known.evidence
    assert evidence is not None  # of the check of numbers
    shipped = Known(
        remarks=tuple(f"not as shipped: {told}" for told in evidence.deviations),
        notes=() if bundle.record.figures else ("without figures, which its maker left out",),
    )
    try:
        made = pages(evidence, render(evidence, bundle.record.figures)[1], bundle.record.created)
    except STRANGE as error:
        what = f"{type(error).__name__}: {error}"[:LONGEST_REASON]
        return shipped + Known(reasons=(f"no report can be made of its plan and numbers ({what})",))
    given = Known()
    if GIVEN in bundle.contents and bundle.record.kind == "proposal":
        made = made | {GIVEN: bundle.contents[GIVEN]}
        given = _given(bundle)
    # what they are was looked at: these are the bytes that the reader trusts
    code = [f"{CODE}/{name}" for name in named_in(bundle.record.plan, bundle.folder)]
    made |= {name: bundle.contents[name] for name in code if name in bundle.contents}
    told, metadata = metadata_compared(bundle, known, made)
    files = _files(bundle, made | {METADATA: metadata})
    drawn = _drawn(bundle, told.uncompared + files.uncompared)
    return shipped + given + told + files + drawn + _loosely(bundle)


def _given(bundle: Untrusted) -> Known:
    """The proposal's file, which is kept as it was given: beside the plan."""
    try:
        findings = tuple(disagreements(bundle.folder, bundle.plan))
        own = unread(bundle.folder)
    except TokenomicsError as error:
        return Known((Finding(GIVEN, f"no proposal: {error}"[:LONGEST_REASON]),))
    told = (
        f"{GIVEN} names files that are not in the bundle, so that what they say was not compared: "
        f"{', '.join(own)}"
    )
    return Known(findings, remarks=(told,) if own else ())


def _files(bundle: Untrusted, made: dict[str, bytes]) -> Known:
    """Every file beside the one made anew."""
    listed, contents = bundle.record.files, bundle.contents
    found = Known(
        tuple(
            Finding(name, "not a file of such a bundle") for name in sorted(set(listed) - set(made))
        )
    )
    for name, content in made.items():
        if name not in listed:
            found += Known((Finding(name, "not in the bundle, which should have it"),))
        elif contents.get(name, content) == content:
            continue
        elif name == RUNS and not bundle.same("pyarrow", "pandas"):
            found += table(contents[name], content)
        else:
            found += compared(bundle, name, made)
    return found


def _drawn(bundle: Untrusted, uncompared: tuple[str, ...]) -> Known:
    """Who drew the figures that cannot be compared."""
    drawn = [name for name in uncompared if name.endswith(texts.FIGURES)]
    told = (
        f"by matplotlib {bundle.record.dependencies.get('matplotlib')} on {bundle.record.platform}"
    )
    here = f"matplotlib {package_record()['dependencies']['matplotlib']}"
    return Known(
        notes=(f"{len(drawn)} of the figures cannot be compared: drawn {told}, here by {here}",)
        if drawn
        else ()
    )


def _loosely(bundle: Untrusted) -> Known:
    """What of the pages is not compared to the letter, where another platform made them."""
    why = "; ".join(bundle.elsewhere)
    told = (
        f"margins compared to {TOLERANCE:g} relative and figures by what is seen, for their last "
        f"digits may differ: {why}"
    )
    return Known(notes=(told,) if why else ())

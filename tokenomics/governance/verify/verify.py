"""Verification of a bundle: its files against their digests, its numbers against new simulations,
its text and figures against its numbers.

A bundle is untrusted: nothing in it is executed, nothing outside it is read, nothing is written,
and sizes are bounded before reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ... import __version__
from ...errors import InputError
from ...experiments.own_code import only
from ...inputs import bounds
from ...inputs.arguments import CALL, PATH, TEXT, checked, optional, several
from ..bundle.bundle import MANIFEST, VERSION, manifest_bytes, manifest_json
from ..bundle.directory import listing
from ..evidence.canonical import FORMAT
from . import files, identifier, manifest, numbers, own_code, pages, plan, reach, worlds
from .findings import Verification
from .known import LONGEST_REASON, STRANGE, Known
from .untrusted import Options, Untrusted, read

HEX = frozenset("0123456789abcdef")
# Each takes the bundle as it was read and what is known so far, and returns what it found. What
# needs no plan comes before what reads it; numbers come before the pages, which are made anew from
# them.
CHECKS = (
    files.check,
    identifier.check,
    manifest.check,
    plan.check,
    own_code.check,
    numbers.check,
    worlds.check,
    pages.check,
    reach.check,
)


@checked(folder=PATH, id=optional(TEXT), trust=several(PATH), progress=optional(CALL))
def verify(
    folder: str | Path,
    *,
    id: str | None = None,
    trust: str | Path | Sequence[str | Path] = (),
    sample: float | None = None,
    sample_seed: int | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """Check a bundle, and simulate its runs again.

    What is in no number, `reach.UNCHECKED`, cannot be checked. Numbers of runs are compared bit for
    bit, text and tables to the letter; of another platform margins within `marks.TOLERANCE`, and
    places in figures by what nobody sees. Where these, or line endings, are others, the outcome
    says so.

    Parameters
    ----------
    folder : str or Path
        The bundle's directory.
    id : str, optional
        The identifier that was published, which a forgery that is consistent in itself does not
        have.
    trust : str or Path, or sequence of them
        Files of your own that you have read and that are the code of its maker, to the byte: they
        run, and no other code of anybody's does. Without them the runs of such a bundle are not
        computed.
    sample : float, optional
        Share of the runs to simulate, above 0 and at most 1; all by default.
    sample_seed : int, optional
        Of the choice of those runs; a new one by default, which no forger can know.
    workers : int, optional
        Threads, one a core by default.
    progress : callable, optional
        Called with simulations done and their number.

    Returns
    -------
    Verification
        Its status is "verified", "differs" with a finding for each thing that does, or "cannot be
        checked" with the reason: a bundle of another version, or one with more to simulate than can
        be.

    Raises
    ------
    InputError
        For what is no bundle, has links or paths that lead out of it, or is beyond the limits.

    Examples
    --------
    >>> tk.verify("evidence").status  # doctest: +SKIP
    'verified'
    """
    if id is not None and not (len(id) == 64 and set(id.lower()) <= HEX):
        raise InputError(f"'{id[:80]}'", argument="id", expected="a SHA-256: 64 hexadecimal digits")
    bounds.optional(
        sample=(sample, bounds.PART),
        sample_seed=(sample_seed, bounds.SEED),
        workers=(workers, bounds.WORKERS),
    )
    listed, written = listing(folder), manifest_bytes(folder)
    plain = manifest_json(written, Path(folder) / MANIFEST)
    if isinstance(plain.get("format"), int) and plain["format"] > FORMAT:
        return _later(plain)
    path = Path(folder) / MANIFEST
    code = own_code.trusted(trust, own_code.named_in(plain.get("plan"), path))
    options = Options(id, code, sample, sample_seed, workers, progress)
    bundle = read(Path(folder), listed, written, plain, options)
    known = Known()
    with only(code):
        for check in CHECKS:
            if not known.ends:
                known += _checked(check, bundle, known)
    return known.outcome(bundle.record.id)


def _checked(check: Callable[[Untrusted, Known], Known], bundle: Untrusted, known: Known) -> Known:
    """One check. Where something cannot be looked at further, what was found before stands; raises
    the error where nothing was.
    """
    try:
        return check(bundle, known)
    except InputError as error:
        stop = error
    except STRANGE as error:
        what = f"{type(error).__name__}: {error}"[:LONGEST_REASON]
        stop = InputError(
            f"not a plan that this version can have made ({what})",
            file=bundle.folder / MANIFEST,
            key="plan",
        )
    if not known.findings:
        raise stop
    return Known(notes=(f"not looked at further: {stop}"[: 2 * LONGEST_REASON],), ends=True)


def _later(plain: Mapping[str, Any]) -> Verification:
    """A bundle of a format that this version does not know: nothing in it is taken for what it is
    called.
    """
    told, called = f"{plain.get('tokenomics')}", f"{plain.get('id')}"
    maker = (
        f"tokenomics {told}"
        if re.fullmatch(VERSION, told)
        else "a tokenomics that does not say its version"
    )
    reason = (
        f"format {plain['format']!s:.20}, made by {maker}; this is {__version__}, which reads "
        f"{FORMAT}"
    )
    return Known(reasons=(reason,)).outcome(
        called if len(called) == 64 and set(called) <= HEX else "unknown"
    )

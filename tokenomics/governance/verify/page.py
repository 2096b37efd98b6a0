"""A file of a bundle that is not the same bytes as the one made anew: what of it may be otherwise,
and what is a difference.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import InputError
from ..bundle.bundle import RUNS
from ..bundle.runs_table import schema_differences
from . import differences as texts
from . import drawings, redrawn
from .findings import Finding
from .known import Known
from .untrusted import Untrusted


def compared(bundle: Untrusted, name: str, made: Mapping[str, bytes]) -> Known:
    """A text, table or figure. made: all files anew, margins marked."""
    mine, other = bundle.contents[name], made[name]
    found = texts.differing(name, mine, other)
    if found is None:
        return Known()
    loose = bundle.elsewhere or not bundle.same("matplotlib")
    if not loose or texts.much_longer(mine, other):
        return Known((found,))
    if name.endswith(texts.FIGURES):
        return _figure(name, mine, other, found, bundle.same("matplotlib"))
    figures = Known()
    if name.endswith(".html"):
        figures = _embedded(bundle, name, made)
        mine, other = drawings.without_figures(mine), drawings.without_figures(other)
        found = texts.differing(name, mine, other)
    if found and bundle.elsewhere and texts.agree(name, mine, other):
        return figures + Known(rounded=True)
    return figures + Known((found,) if found else ())


def _figure(name: str, mine: bytes, other: bytes, found: Finding, same_drawer: bool) -> Known:
    """A figure that another platform or another Matplotlib may have drawn: what of it can be
    checked.
    """
    wrong = drawings.unsafe(name, mine)
    if wrong:
        return Known((Finding(name, f"not a figure as this package draws one: {wrong}"),))
    if name.endswith(".png"):
        return _sized(name, mine, other) + Known(uncompared=(name,))
    if same_drawer:
        return Known(() if texts.agree(name, mine, other) else (found,))
    what = redrawn.difference(mine, other)
    return Known(
        (Finding(name, f"{found.what}: {what}"),) if what else (),
        uncompared=() if what else (name,),
    )


def _sized(name: str, mine: bytes, other: bytes) -> Known:
    """A PNG, of which nothing but the size is the same wherever it is drawn."""
    try:
        one, two = (" x ".join(map(str, drawings.pixels(content))) for content in (mine, other))
    except ValueError as error:
        return Known((Finding(name, f"not a figure as this package draws one: {error}"),))
    return Known((Finding(name, "pixels", one, two),) if one != two else ())


def _embedded(bundle: Untrusted, name: str, made: Mapping[str, bytes]) -> Known:
    """The figures within a page, which are the bundle's own: where those cannot be compared, nor
    can the page.
    """
    wrong = drawings.misplaced(bundle.contents[name], made[name], bundle.contents, made)
    other = any(
        content != bundle.contents.get(figure, content)
        for figure, content in made.items()
        if figure.endswith(".svg")
    )
    return Known(
        tuple(Finding(name, what) for what in wrong),
        uncompared=(name,) if other and not bundle.same("matplotlib") else (),
    )


def table(mine: bytes, other: bytes) -> Known:
    """The table of runs, whose numbers are compared by themselves, written by another pyarrow or
    pandas.
    """
    try:
        found = tuple(Finding(RUNS, what) for what in schema_differences(mine, other))
    except InputError as error:
        found = (Finding(RUNS, error.found),)
    return Known(
        found,
        notes=(
            (
                f"{RUNS} compared by its numbers, names, types and units, not byte by byte: "
                f"another pyarrow or pandas wrote it"
            ),
        ),
    )

"""Tables made from the parameters: for documents, for comparison, for finding a number without a
source.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any

from ..errors import InputError, nearest, printable
from .checking import bounds, unit_of
from .entries import Entry
from .loading import resolve
from .locate import KINDS, find, names
from .reading import load
from .resolved import Resolved
from .stocks import GROUP, Stocks

COLUMNS = ("name", "role", "value", "unit", "bounds", "source", "description")
NOT_GIVEN = "not given"  # in place of the value of a stock
UNLISTED = ("base", "published", "detector")  # what no command takes by name
OTHER_WORDS = dict.fromkeys(("design", "designs"), "sweep")  # of a kind, by which texts call it


def text(value: Any) -> str:
    """A value as one reads it."""
    return (
        f"{value:.10g}"
        if isinstance(value, float)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )


def row(entry: Entry) -> tuple[str, ...]:
    """Of a parameter what `COLUMNS` names."""
    role = f"{entry.role}: {entry.reason}" if entry.reason else entry.role
    return entry.path, role, text(entry.value), entry.unit, entry.bounds, entry.source, entry.doc


def by_column(told: Sequence[str]) -> dict[str, Any]:
    """What `row` gives, by the names of `COLUMNS`."""
    return dict(zip(COLUMNS, told, strict=True))


def markdown_rows(
    titles: Sequence[str], rows: Iterable[Sequence[str]], numbers: Container[int] = ()
) -> str:
    """A table of texts in Markdown, each cell on its line, whoever wrote it. numbers: the columns
    that are aligned on the right, from 0.
    """
    lines = [
        "| " + " | ".join(titles) + " |",
        "|" + "".join("---:|" if i in numbers else "---|" for i in range(len(titles))),
    ]
    return "\n".join(
        [
            *lines,
            *(
                "| " + " | ".join(printable(cell).replace("|", "\\|") for cell in row) + " |"
                for row in rows
            ),
        ]
    )


def markdown(resolved: Resolved) -> str:
    """The parameter table in Markdown, with the stocks that are not given."""
    return markdown_rows(
        COLUMNS,
        [*map(row, resolved.entries.values()), *_not_given(resolved)],
    )


def _not_given(resolved: Resolved) -> Iterator[tuple[str, ...]]:
    for name, field in Stocks.model_fields.items():
        if name not in dict(resolved.values)[GROUP].model_fields_set:
            path = f"{GROUP}.{name}" + (".<type>" if name == "nodes" else "")
            told = bounds(field), "", field.description or ""
            yield path, Stocks.ROLE, NOT_GIVEN, unit_of(field), *told


def diff(a: Resolved, b: Resolved) -> list[tuple[str, str, str, str]]:
    """Parameters that differ: path, value in a, value in b ("-" where absent), unit."""
    rows = []
    for path in dict.fromkeys((*a.entries, *b.entries)):
        one, two = a.entries.get(path), b.entries.get(path)
        left, right = (text(e.value) if e else "-" for e in (one, two))
        if left != right:
            rows.append((path, left, right, (one or two).unit))  # type: ignore[union-attr]
    return rows


def one(resolved: Resolved, path: str) -> dict[str, Any]:
    """What there is to say of a parameter, by the names that `row` has, its value None for a stock
    that is not given; default: its value in the baseline as it is shipped. Raises InputError for a
    path that is none.
    """
    others = {told[0]: by_column(told) for told in _not_given(resolved)}
    if path in others:
        return others[path] | {"value": None, "default": None}
    if path not in resolved.entries:
        every = (*resolved.entries, *others)
        inside = [name for name in every if name.startswith(f"{path}.")]
        raise InputError(
            "a group of parameters" if inside else "unknown parameter",
            key=path,
            expected="one of " + ", ".join(inside) if inside else None,
            nearest=None if inside else nearest(path, every),
        )
    entry, shipped_with = resolved.entries[path], resolve("baseline").entries.get(path)
    return by_column(row(entry)) | {
        "value": entry.value,
        "default": shipped_with and shipped_with.value,
    }


def unsourced(resolved: Resolved) -> list[str]:
    """Paths of parameters without a source."""
    return [
        path for path, entry in resolved.entries.items() if not entry.source and entry.value != {}
    ]


def shipped(only: str | None = None) -> list[tuple[str, str, str]]:
    """Every shipped file that a command takes by its name, of one kind or of all: kind, name, what
    it is. Raises InputError for an unknown kind.
    """
    listed, rows = [kind for kind in KINDS if kind not in UNLISTED], []
    if only not in (None, *listed):
        others = [kind for kind in listed if only in names(kind)]
        raise InputError(
            f"'{only}' is a {others[0]}" if others else f"no kind '{only}'",
            argument="kind",
            expected="one of " + ", ".join(listed),
            nearest=others[0] if others else OTHER_WORDS.get(only) or nearest(only, listed),
        )
    for kind in listed:
        if only in (None, kind):
            for name in names(kind):
                tree = load(find(kind, name), f"a {kind}")
                rows.append(
                    (
                        kind,
                        name,
                        " ".join(str(tree.get("description", tree.get("title", ""))).split()),
                    )
                )
    return rows

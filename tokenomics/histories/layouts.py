"""Which column is which: the date and the price in files of exchanges, data services, data frames
and spreadsheets, told by names and content; a service is never guessed from its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow.compute as pc

from ..errors import InputError, nearest, printable
from .date_column import date_column
from .price_column import close_columns, price_column
from .table import LOOKED, Table, bearing, name_parts, simple, words

# names of what a row is of: a file of several tokens is no history of one
ENTITIES = (
    *(
        "symbol",
        "ticker",
        "asset",
        "coin",
        "token",
        "pair",
        "instrument",
        "market",
        "exchange",
        "currency",
        "cryptocurrency",
        "crypto",
    ),
    *(
        "base",
        "quote",
        "network",
        "blockchain",
        "chain",
        "contract",
        "protocol",
        "project",
        "product",
    ),
)
LABELS = ("id", "name", "code", "address", "slug")  # beside one of ENTITIES; `name` also alone


@dataclass(frozen=True)
class Layout:
    """Which column is what. time: number of the column of dates. columns: number of each wanted
    quantity, by its name here. said: in words.
    """

    time: int
    columns: Mapping[str, int]
    said: str


def told(
    column: str | int | Iterable[str] | Mapping[str, str] | None, roles: Sequence[str]
) -> dict[str, str]:
    """What a `column` choice names, by role. "Close" is the first role's; "date=Day" names its
    role. Raises InputError.
    """
    if isinstance(column, Mapping):
        pairs = [(str(role), str(name)) for role, name in column.items()]
    else:
        pairs = []
        for text in map(str, [column] if isinstance(column, str | int) else column or ()):
            role, sign, name = text.partition("=")
            pairs.append(
                (role.strip(), name.strip())
                if sign and role.strip() in ("date", *roles)
                else (roles[0], text)
            )
    found: dict[str, str] = {}
    for role, name in pairs:
        if role not in ("date", *roles):
            raise InputError(
                f"'{role}'",
                argument="column",
                expected="one of date, " + ", ".join(roles),
                nearest=nearest(role, ("date", *roles)),
            )
        if role in found:
            raise InputError(
                f"two columns for the {role}: '{found[role]}' and '{name}'",
                argument="column",
                expected="one",
            )
        found[role] = name
    return found


def layout(
    table: Table, roles: Sequence[str], column: object = None, date_format: str | None = None
) -> Layout:
    """Where the date, the price and what else is wanted are.

    roles: "price" first; the others are columns of exactly that name, for their units cannot be
    told. column: as `told` takes it. Raises InputError where a column is missing, where two could
    be meant, and where the rows are of several tokens.
    """
    given = told(column, roles)
    time = table.column(given["date"]) if "date" in given else date_column(table, date_format)
    _single(table, time)
    # what is named is not taken for something else, and the rest is told as ever
    named = {role: _given(table, given[role], time) for role in roles if role in given}
    taken, places = (time, *named.values()), {}
    for role in roles:
        if role in named:
            places[role] = named[role]
        elif role == "price":
            places[role] = price_column(table, taken, strict=len(roles) > 1)
        else:
            found = [i for i in table.find(role) if i not in taken]
            if len(found) != 1:
                said = f"{len(found)} columns '{role}'" if found else f"no column '{role}'"
                expected = f"`column` {role}=NAME, one of {table.named()}"
                raise InputError(
                    said,
                    file=table.file,
                    key=role,
                    expected=expected,
                    nearest=nearest(role, [h for h in table.header if h]),
                )
            places[role] = found[0]
        if places[role] == time:
            raise InputError(
                f"column '{table.name(time)}' as date and as {role}",
                file=table.file,
                argument="column",
                expected="two columns",
            )
    return Layout(time, places, _said(table, time, places))


def _said(table: Table, time: int, places: Mapping[str, int]) -> str:
    used = {time, *places.values()}
    left = [table.name(i) for i in range(len(table.header)) if i not in used]
    more = f" and {len(left) - 10} more" if len(left) > 10 else ""
    unused = f", not used: {', '.join(left[:10])}{more}" if left else ""
    return (
        ", ".join(f"{role} from '{table.name(i)}'" for role, i in {"date": time, **places}.items())
        + unused
    )


def _single(table: Table, time: int) -> None:
    """Refuse a file whose rows are of several tokens."""
    if not len(table):
        return
    if len(table.heads) > 1:
        return
    for i in range(len(table.header)):
        if i == time or not _entity(table.header[i]):
            continue
        text = table.columns[i]
        numeric = pc.all(
            pc.match_substring_regex(text.slice(0, LOOKED), r"^[-+\d.,eE\s]*$")
        ).as_py()
        kinds = [] if numeric else [kind for kind in pc.unique(text).to_pylist() if kind]
        if len(kinds) > 1:
            shown = ", ".join(printable(kind)[:30] for kind in kinds[:5]) + (
                f" and {len(kinds) - 5} more" if len(kinds) > 5 else ""
            )
            raise InputError(
                f"rows of {len(kinds)} in column '{table.name(i)}': {shown}",
                file=table.file,
                expected="the rows of one token",
            )


def _entity(name: str) -> bool:
    """Whether a column of that name says what a row is of: `coin_name` and `base_currency` do,
    `market_cap` and `weekday_name` do not.
    """
    kinds = [word for word in words(name) if word not in LABELS]
    joined = any(
        simple(name) == entity + label for entity in ENTITIES for label in LABELS
    )  # "coinid"
    return (
        joined
        or words(name) == ["name"]
        or (bool(kinds) and all(word in ENTITIES for word in kinds))
    )


def _given(table: Table, name: str, time: int) -> int:
    """A column that is named; of a header of several lines a part is enough where it tells one
    close from others.
    """
    if len(table.heads) > 1:
        closes = [i for i in close_columns(table, (time,)) if simple(name) in name_parts(table, i)]
        if len(closes) == 1 and len(bearing(table, (name,), (time,))) > 1:
            return closes[0]
        found = bearing(table, (name,), (time,))
        if len(found) == 1:
            return found[0]
    return table.column(name)

"""What a column of a burn table holds, told by its name, whatever the token's: `hnt_burned`,
`geod_burned` and `burned` are tokens burned.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import numpy as np

from ..errors import InputError, printable
from .measures import read_measures
from .table import Table, words
from .time_names import BEGINS, SPANS, TIMES
from .times import is_time

# what each quantity may be called, capitals and spaces apart; where several fit, the first pattern
# is taken
_USD = r"(?:usd|us\$|\$|dollars?)"
PATTERNS = {
    "burn_usd": (rf"(?:.*_)?burn(?:ed|s|t)?_(?:in_)?{_USD}", rf"{_USD}_(?:value_)?burn(?:ed|s|t)?"),
    "burned": (
        rf"(?!.*{_USD})(?:.*_)?burn(?:ed|t)(?:_tok(?:ens?)?)?",
        rf"(?!.*{_USD})burns?(?:_tok(?:ens?)?)?",
    ),
    "issued": (
        rf"(?!.*{_USD})(?:.*_)?(?:issued|emitted|minted)(?:_tok(?:ens?)?)?",
        rf"(?!.*{_USD})(?:issuance|emissions?)",
    ),
    "price": (r"(?:.*_)?price(?:_usd|_avg|_mean)*", rf"(?:avg|mean)_price(?:_{_USD})?"),
}
NAMES = {
    "burn_usd": "burn_usd",
    "burned": "burned, hnt_burned",
    "issued": "issued, hnt_issued",
    "price": "price, hnt_price_avg",
}
# words by which a name says that its column is no flow of its month: a sum since the beginning, or
# issued less burned
NO_FLOW = frozenset(
    (
        "cumulative",
        "cum",
        "cumul",
        "cumsum",
        "accumulated",
        "running",
        "total",
        "totals",
        "lifetime",
        "ytd",
        "net",
        "supply",
    )
)
# words beside a quantity that name no token; what is left of a name is taken as the token's: "hnt"
# of `hnt_price_avg`
PLAIN = frozenset(
    (
        "burn",
        "burned",
        "burnt",
        "burns",
        "issued",
        "emitted",
        "minted",
        "issuance",
        "emission",
        "emissions",
        "price",
        "usd",
        "us",
        "in",
    )
)
PLAIN |= {
    "dollar",
    "dollars",
    "tok",
    "token",
    "tokens",
    "avg",
    "mean",
    "average",
    "median",
    "close",
    "closing",
    "sum",
    "amount",
    "gross",
    "new",
}
PLAIN |= {"monthly", "weekly", "daily", "month", "week", "day", "number", "of", "the"}
OTHERS = (
    "dc",
    "credit",
    "credits",
    "data_credit",
    "data_credits",
    "btc",
    "eth",
    "sol",
)  # a token's own only where all its columns are called so
LENGTH = {
    "n_weeks": 7.0,
    "weeks": 7.0,
    "days": 1.0,
    "n_days": 1.0,
}  # columns that say how long a row is, in days
RATIOS = (
    "bme",
    "bme_check",
)  # Helium's own: burned over issued, and burn in USD over price over issued; compared, not used
MANY_DAYS = 32  # rows of days, of which two are of one month
RATIO_ALIKE = 0.01  # relative difference beyond which a ratio that the file states is named


def columns(table: Table, named: dict[str, str], elsewhere: Collection[str] = ()) -> dict[str, int]:
    """The column of the date, of each quantity and of the length of a row, as far as there are.
    named: those that the user names; the rest is told, each column for one thing. elsewhere: what
    the user names in another file.
    """
    plain = [_plain(name) for name in table.header]
    given = {what: table.column(name) for what, name in named.items()}
    taken = set(given.values())
    places = {"date": given["date"] if "date" in given else _time(table, taken)}
    for what, patterns in PATTERNS.items():
        if what in given:
            places[what] = given[what]
            continue
        for pattern in () if what in elsewhere else patterns:
            found = [
                i
                for i, name in enumerate(plain)
                if i not in taken and re.fullmatch(pattern, name) and not NO_FLOW & set(words(name))
            ]
            if len(found) > 1:
                both = " and ".join(table.name(i) for i in found)
                raise InputError(
                    f"both columns {both}",
                    file=table.file,
                    line=1,
                    key=what,
                    expected=f"one, or `column` {what}=NAME",
                )
            if found:
                places[what] = found[0]
                break
    lengths = (
        [given["length"]]
        if "length" in given
        else [i for i, name in enumerate(plain) if name in LENGTH and i not in taken]
    )
    if len(lengths) > 1:
        raise InputError(
            f"both columns {' and '.join(table.name(i) for i in lengths)}",
            file=table.file,
            line=1,
            expected="one of them",
        )
    if lengths:
        places["length"] = lengths[0]
    return places


def _time(table: Table, taken: Collection[int]) -> int:
    """The column of the time; of several the month's goes first, unless its rows share one: those
    of a table of days do. taken: columns that hold something else.
    """
    found = [i for i in table.find(*SPANS, *TIMES, *BEGINS) if i not in taken] or [
        i for i in range(len(table.header)) if i not in taken and is_time(table.cell(i, 0))
    ]
    if not found:
        expected = "a column 'month', or `column` date=NAME"
        raise InputError(
            f"no column of months among {table.named()}", file=table.file, line=1, expected=expected
        )
    rows = range(min(len(table), MANY_DAYS))
    return next(
        (i for i in found if len({table.cell(i, row) for row in rows}) == len(rows)), found[0]
    )


def no_flows(table: Table, what: str) -> list[str]:
    """Columns that are called like a quantity, and by the same name are no flow of a month."""
    fits = [
        i
        for i, name in enumerate(table.header)
        if any(re.fullmatch(pattern, _plain(name)) for pattern in PATTERNS[what])
    ]
    return [table.name(i) for i in fits if NO_FLOW & set(words(_plain(table.header[i])))]


def one_token(columns: Sequence[tuple[Table, str, int]]) -> None:
    """Refuse quantities of two tokens, as their names tell: `dc_burned` beside `hnt_issued`.
    columns: table, quantity and place of each.

    Those that the user named are not among them, nor is a burn in USD, which is of no token.
    """
    tokens = [_token(table.header[i]) for table, _, i in columns]
    named = [token for token in dict.fromkeys(tokens) if token]
    for (table, what, i), token in zip(columns, tokens, strict=True):
        other = [one for one in named if one != token]
        if token and (other or (token in OTHERS and "" in tokens)):
            beside = f" beside columns of '{other[0]}'" if other else ""
            expected = f"columns of one token, or `column` {what}=NAME"
            raise InputError(
                f"'{table.name(i)}', of '{token}' by its name{beside}",
                file=table.file,
                line=1,
                key=what,
                expected=expected,
            )


def _token(name: str) -> str:
    return "_".join(word for word in words(_plain(name)) if word not in PLAIN)


def unit_of_length(name: str) -> float:
    """Days that one unit of a column of lengths stands for."""
    return LENGTH.get(_plain(name), 1.0)


def _plain(name: str) -> str:
    return re.sub(r"[\s\-]+", "_", name.strip().casefold())


def ratios(
    table: Table, order: np.ndarray, values: dict[str, np.ndarray], decimal: str | None
) -> list[str]:
    """What the file's own ratios say beside the quantities, a line each. order: of the file's rows
    in time; values: by quantity, in time.
    """
    said = []
    for name in RATIOS:
        for i in table.find(name):
            need = {"bme": ("burned", "issued"), "bme_check": ("burn_usd", "price", "issued")}[name]
            if any(one not in values for one in need):
                said.append(f"column '{table.name(i)}' is not used")
                continue
            try:
                stated = read_measures(table, i, decimal=decimal)[order]
            except InputError as error:
                said.append(
                    f"column '{table.name(i)}' is not used, nor compared: line {error.line} has "
                    f"{printable(error.found)[:60]}"
                )
                continue
            mine = (
                values["burned"] / values["issued"]
                if name == "bme"
                else values["burn_usd"] / values["price"] / values["issued"]
            )
            off = np.flatnonzero(np.abs(stated - mine) > RATIO_ALIKE * mine)
            formula = "burned/issued" if name == "bme" else "burn in USD/price/issued"
            lines = table.lines[order]
            verdict = (
                "agrees with it in all rows"
                if not len(off)
                else f"differs from it in {len(off)} rows, first in line {lines[off[0]]}"
            )
            if len(off):
                verdict += f" ({stated[off[0]]:.4g} against {mine[off[0]]:.4g})"
            said.append(
                f"column '{table.name(i)}' is not used: {formula} is worked out, and it {verdict}"
            )
    return said

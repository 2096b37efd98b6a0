"""Which column is which: the date and the price in files of exchanges, data services, data frames
and spreadsheets, told by names and content.

A service is never guessed from its name: a column of dates is one whose cells are dates, a close is
one that is called so, and where a file has no header a bar is told by its highs and lows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from ..errors import InputError, nearest, printable
from .numbers import IN_ANOTHER, OTHER_SIGNS, parse_numbers
from .table import Table, simple, words
from .time_names import BEGINS, SPANS, TIMES
from .times import is_time, parse_times

# names of the price, the first group that a file has: the close of a day is what a daily price
# means
CLOSES = (
    *(
        "close",
        "close price",
        "closing price",
        "price close",
        "close/last",
        "close usd",
        "close (usd)",
        "last",
        "last price",
        "closing",
        "c",
    ),
    *(
        "4. close",
        "4a. close (usd)",
        "4b. close (usd)",
        "quote.close",
        "schlusskurs",
        "schluss",
        "zuletzt",
        "cierre",
        "dernier",
        "ultimo",
    ),
)
PRICES = (
    *(
        "price",
        "price usd",
        "price (usd)",
        "usd price",
        "token price",
        "reference rate usd",
        "median price",
        "avg price",
        "price avg",
        "average price",
    ),
    *("vwap", "kurs"),
)
VAGUE = ("value", "usd", "rate")  # a price where nothing else says that it is one
SAYING = ("price", "close")  # words by which another name says so
# words that make a column, or a list of JSON, one of something else
NOT_PRICES = frozenset(
    (
        "adj",
        "adjusted",
        "open",
        "high",
        "low",
        "volume",
        "volumes",
        "vol",
        "cap",
        "caps",
        "mcap",
        "mcaps",
        "marketcap",
        "marketcaps",
        "fdv",
        "tvl",
    )
)
NOT_PRICES |= {
    "change",
    "changes",
    "return",
    "returns",
    "growth",
    "volatility",
    "log",
    "ln",
    "pct",
    "percent",
    "dominance",
    "trades",
    "count",
}
NOT_PRICES |= {
    "supply",
    "liquidity",
    "fees",
    "holders",
    "tx",
    "txs",
    "txns",
    "transactions",
    "interest",
}
# currencies that are not USD, by the words of a name; those of tokens only behind what says a
# price, for `btc_price` is the price of BTC
CURRENCIES = frozenset(
    (
        "eur",
        "euro",
        "euros",
        "gbp",
        "jpy",
        "chf",
        "cny",
        "rmb",
        "krw",
        "inr",
        "aud",
        "cad",
        "nzd",
        "sek",
        "nok",
        "dkk",
        "pln",
        "brl",
    )
)
CURRENCIES |= {"rub", "try", "zar", "sgd", "hkd", "mxn"}
COINS = ("btc", "xbt", "eth", "bnb", "sats")
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
# bars without a header: cells of a row, and where its open, high, low and close are
BARS = {
    "CoinGecko's bars": ((5,), (1, 2, 3, 4)),
    "bars in the order open, high, low, close (Kraken, Messari)": ((6, 7, 8), (1, 2, 3, 4)),
    "Coinbase's candles": ((6,), (3, 2, 1, 4)),
    "Bitfinex's candles": ((6,), (1, 3, 4, 2)),
    "Binance's klines": ((11, 12), (1, 2, 3, 4)),
}
LOOKED = 500  # rows that are looked at to tell one column from another


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
    time = table.column(given["date"]) if "date" in given else _time(table, date_format)
    _single(table, time)
    # what is named is not taken for something else, and the rest is told as ever
    named = {role: _given(table, given[role], time) for role in roles if role in given}
    taken, places = (time, *named.values()), {}
    for role in roles:
        if role in named:
            places[role] = named[role]
        elif role == "price":
            places[role] = _price(table, taken, strict=len(roles) > 1)
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


def _parts(table: Table, column: int) -> set[str]:
    """The names that a column bears: that of the header, and those of its lines where it has
    several.
    """
    return {simple(table.header[column])} | {simple(head[column]) for head in table.heads}


def _named(table: Table, names: Sequence[str], but: Iterable[int] = ()) -> list[int]:
    """Columns that bear one of the names, in the order of the names."""
    parts = [_parts(table, i) for i in range(len(table.header))]
    return list(
        dict.fromkeys(
            i
            for name in names
            for i in range(len(parts))
            if i not in but and simple(name) in parts[i]
        )
    )


def _dated(table: Table, column: int) -> bool:
    """Whether the first cell with content is a time."""
    return any(
        is_time(cell)
        for cell in [c for c in table.columns[column].slice(0, LOOKED).to_pylist() if c][:1]
    )


def _time(table: Table, date_format: str | None) -> int:
    begins, dates, spans = (_named(table, names) for names in (BEGINS, TIMES, SPANS))
    for found in (begins, dates, spans):
        good = [i for i in found if date_format is not None or _dated(table, i)]
        if good:
            if found is not begins and date_format is None:
                _agree(table, good)
            return good[0]
    if begins or dates or spans:
        return [*begins, *dates, *spans][0]  # its cells will be refused by line
    good = [i for i in range(len(table.header)) if _dated(table, i)]
    if len(good) == 1 or (good and not table.heads):
        return good[0]
    if good:
        names = ", ".join(f"'{table.name(i)}'" for i in good)
        raise InputError(
            f"{len(good)} columns of dates: {names}", file=table.file, expected="`column` date=NAME"
        )
    unnamed = [i for i in range(len(table.header)) if not table.header[i]]
    if not table.heads and unnamed:
        return 0
    first = (
        f", line {table.lines[0]} has '{printable(table.cell(0, 0))[:40]}'" if len(table) else ""
    )
    expected = "a column 'date', or `column` date=NAME"
    raise InputError(
        f"no column of dates among {table.named()}{first}", file=table.file, expected=expected
    )


def _agree(table: Table, good: list[int]) -> None:
    """Refuse two columns of dates of which one says another day than the other."""
    some = np.unique(np.linspace(0, len(table) - 1, LOOKED).astype(int))
    rows, read = table.take(some), {}
    for i in good:
        try:
            read[i] = parse_times(
                rows.columns[i], file=table.file, key=table.name(i), lines=rows.lines
            )
        except InputError:
            continue
    for i, times in read.items():
        first = read[next(iter(read))]
        if times.unit == "M" or first.unit == "M":
            continue
        other = np.flatnonzero(times.days != first.days)
        if len(other):
            row, one = int(other[0]), next(iter(read))
            cells = (
                f"'{printable(rows.cell(one, row))[:40]}' and '{printable(rows.cell(i, row))[:40]}'"
            )
            found = f"columns '{table.name(one)}' and '{table.name(i)}' are of two days: {cells}"
            raise rows.error(found, row=row, expected="`column` date=NAME, the one that is meant")


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
        closes = [i for i in _closes(table, (time,)) if simple(name) in _parts(table, i)]
        if len(closes) == 1 and len(_named(table, (name,), (time,))) > 1:
            return closes[0]
        found = _named(table, (name,), (time,))
        if len(found) == 1:
            return found[0]
    return table.column(name)


def _closes(table: Table, taken: Sequence[int]) -> list[int]:
    """The columns of the first group of names that the file has."""
    for names in (CLOSES, PRICES):
        for name in names:
            if found := _named(table, (name,), taken):
                return found
    return []


def _price(table: Table, taken: Sequence[int], strict: bool) -> int:
    """The column of the price. taken: those of the date, first, and of what is named."""
    found = _closes(table, taken)
    if not found:
        title = table.title.rsplit(".", 1)[-1]
        if NOT_PRICES & set(words(title)):
            found = f"the list '{printable(title)[:60]}', not one of prices by its name"
            raise InputError(
                found,
                file=table.file,
                key="price",
                expected="a list of prices, or `column` NAME or its number from 1",
            )
        found = _vague(table, taken)
    if len(found) > 1:
        names = ", ".join(table.name(i) for i in found[:10])
        raise InputError(
            f"{len(found)} prices: {names}",
            file=table.file,
            key="price",
            expected="`column` NAME, one of them",
        )
    if found:
        place = found[0]
    else:
        place = _only(table, taken, strict) if table.heads else _bare(table, taken[0])
    if currency := _currency(table.header[place]):
        found = f"column '{table.name(place)}', in {currency} by its name"
        raise InputError(
            found,
            file=table.file,
            key="price",
            expected="prices in USD, or `column` NAME where it is in USD",
        )
    return place


def _vague(table: Table, taken: Sequence[int]) -> list[int]:
    """The column whose name could be a price's, and those beside it that are called so; of these
    alone one in USD.
    """
    vague = next((found for name in VAGUE if (found := _named(table, (name,), taken))), [])
    said = [
        i
        for i in range(len(table.header))
        if vague
        and i not in (*taken, *vague)
        and _says_price(table.header[i])
        and _numeric(table, i)
    ]
    dollars = [i for i in said if "usd" in words(table.header[i])]
    return dollars if len(dollars) == 1 else [*vague, *said]


def _says_price(name: str) -> bool:
    return any(word in SAYING for word in words(name)) and not NOT_PRICES & set(words(name))


def _currency(name: str) -> str | None:
    """The currency other than USD that a price's name tells."""
    said = words(name)
    sign = next((sign for sign in OTHER_SIGNS if sign in name), None)
    fiat = next((word.upper() for word in said if word in CURRENCIES), None)
    coin = (
        said[-1].upper()
        if said and said[-1] in COINS and any(word in SAYING for word in said)
        else None
    )
    return sign or fiat or coin


def _only(table: Table, taken: Sequence[int], strict: bool) -> int:
    """The only column of numbers that no word of its name makes one of something else. strict:
    there has to be a name of a price.
    """
    others = [
        i
        for i in range(len(table.header))
        if i not in taken and table.header[i] and _numeric(table, i)
    ]
    fit = [i for i in others if not NOT_PRICES & set(words(table.header[i]))]
    if len(fit) == 1 and not strict:
        return fit[0]
    names = ", ".join(table.name(i) for i in fit[:10])
    said = f"{len(fit)} columns that could be the price: {names}" if fit else "no column of prices"
    line = None if table.unit == "record" else max(1, int(table.lines[0]) - 1)
    raise InputError(
        said,
        file=table.file,
        line=line,
        expected=f"a column 'price' or 'close', or `column` NAME, one of {table.named()}",
    )


def _numeric(table: Table, column: int) -> bool:
    some = table.take(np.arange(min(len(table), LOOKED)))
    try:
        return bool(np.isfinite(parse_numbers(some, column).values).any())
    except InputError as error:
        return "two numbers" in error.found or IN_ANOTHER in error.found


def _bare(table: Table, time: int) -> int:
    """The close of a file without a header: the only other column, or that of the one kind of bar
    whose highs and lows fit.
    """
    width = len(table.header)
    if width == 2:
        return 1 - time
    some, fits = table.take(np.arange(min(len(table), LOOKED))), {}
    for name, (widths, places) in BARS.items():
        if width in widths and time == 0:
            try:
                bar = np.array([parse_numbers(some, place).values for place in places])
            except InputError:
                continue
            bar = bar[:, np.isfinite(bar).all(axis=0)]
            opened, high, low, close = bar
            if (
                bar.size
                and np.all(high >= np.maximum(opened, close))
                and np.all(low <= np.minimum(opened, close))
                and np.all(low > 0.0)
            ):
                fits.setdefault(places[3], name)
    if len(fits) == 1:
        return next(iter(fits))
    found = f"no header, and {width} columns" + (
        f" that could be {' or '.join(fits.values())}" if fits else ""
    )
    raise InputError(
        found,
        file=table.file,
        expected="a header, or `column` with the number of the price's column, from 1",
    )

"""Which column has the price, told by names and content: a close is one that is called so, and
where a file has no header a bar is told by its highs and lows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import InputError, printable
from .numbers import IN_ANOTHER, OTHER_SIGNS, parse_numbers
from .table import LOOKED, Table, bearing, words

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
# bars without a header: cells of a row, and where its open, high, low and close are
BARS = {
    "CoinGecko's bars": ((5,), (1, 2, 3, 4)),
    "bars in the order open, high, low, close (Kraken, Messari)": ((6, 7, 8), (1, 2, 3, 4)),
    "Coinbase's candles": ((6,), (3, 2, 1, 4)),
    "Bitfinex's candles": ((6,), (1, 3, 4, 2)),
    "Binance's klines": ((11, 12), (1, 2, 3, 4)),
}


def close_columns(table: Table, taken: Sequence[int]) -> list[int]:
    """The columns of the first group of names that the file has."""
    for names in (CLOSES, PRICES):
        for name in names:
            if found := bearing(table, (name,), taken):
                return found
    return []


def price_column(table: Table, taken: Sequence[int], strict: bool) -> int:
    """The column of the price. taken: those of the date, first, and of what is named."""
    found = close_columns(table, taken)
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
    vague = next((found for name in VAGUE if (found := bearing(table, (name,), taken))), [])
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

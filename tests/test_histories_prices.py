"""Prices in the layouts in which people have them: the same series comes back from each, what was
taken is said, and what is ambiguous refused.
"""

import datetime as dt
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tokenomics.errors import InputError
from tokenomics.histories import prices as module
from tokenomics.histories.activity import read_activity
from tokenomics.histories.prices import price_path, read_closes, read_prices

FIRST, COUNT = dt.date(2023, 12, 1), 140
DAYS = [FIRST + dt.timedelta(days=i) for i in range(COUNT)]
CLOSE = np.round(
    1500.0 * np.exp(np.cumsum(0.03 * np.random.default_rng(1).standard_normal(COUNT))), 4
)  # below and above a thousand
OPEN = np.append(CLOSE[0], CLOSE[:-1])
HIGH, LOW = 1.01 * np.maximum(OPEN, CLOSE), 0.99 * np.minimum(OPEN, CLOSE)
UTC = [dt.datetime(d.year, d.month, d.day, tzinfo=dt.UTC) for d in DAYS]
SECONDS = [int(t.timestamp()) for t in UTC]


def bars(
    time,
    *more,
    order="ohlc",
    number=lambda x: f"{x:.4f}",
    parted=",",
    header=None,
    upside_down=False,
):
    """Lines of a time and a bar, and more columns that are the same in each row."""
    values = {"o": OPEN, "h": HIGH, "l": LOW, "c": CLOSE}
    lines = [
        parted.join([str(t), *(number(values[k][i]) for k in order), *more])
        for i, t in enumerate(time)
    ]
    return (
        "\n".join([*([header] if header else []), *(lines[::-1] if upside_down else lines)]) + "\n"
    )


def quoted(x):
    return f'"{x:,.4f}"'


def comma(x):
    return f"{x:.4f}".replace(".", ",")


def dotted(x):
    return f"{x:,.4f}".replace(",", " ").replace(".", ",").replace(" ", ".")


NOW = "2024-04-18 13:22:41 UTC"
ZONED = [f"{t:%Y-%m-%d %H:%M:%S}+00:00" for t in UTC]
LAYOUTS = {
    "plain": (
        bars(DAYS, order="c", header="date,value"),
        {},
        ["date from 'date', price from 'value'"],
    ),
    "Yahoo": (
        bars(DAYS, "9.9", "100", header="Date,Open,High,Low,Close,Adj Close,Volume"),
        {},
        ["price from 'Close'", "not used: Open, High, Low, Adj"],
    ),
    "yfinance": (
        bars(
            DAYS,
            "100",
            order="chlo",
            header="Price,Close,High,Low,Open,Volume\nTicker,A-USD,A-USD,A-USD,A-USD,A-USD\nDate,,,,,",
        ),
        {},
        ["price from 'Close / A-USD'"],
    ),
    "yfinance by ticker": (
        bars(
            DAYS,
            order="ohlc",
            header="Ticker,A-USD,A-USD,A-USD,A-USD\nPrice,Open,High,Low,Close\nDate,,,,",
        ),
        {},
        ["price from 'A-USD / Close'"],
    ),
    "CoinGecko": (
        bars(
            [f"{d} 00:00:00 UTC" for d in DAYS],
            "1.5e9",
            "2",
            order="c",
            header="snapped_at,price,market_cap,total_volume",
        )
        + f"{NOW},9999,1,1\n",
        {},
        [
            "price from 'price'",
            "the last row (line 142, 2024-04-18 13:22:41) is of an unfinished day and is left out",
        ],
    ),
    "CoinGecko's market_chart": (
        json.dumps(
            {
                "prices": [
                    *([1000 * t, p] for t, p in zip(SECONDS, CLOSE, strict=True)),
                    [1000 * SECONDS[-1] + 48_161_000, 9999.0],
                ],
                "market_caps": [[1000 * t, 1.0] for t in SECONDS],
                "total_volumes": [[1000 * t, 1.0] for t in SECONDS],
            }
        ),
        {},
        [
            "list 'prices'",
            "unix milliseconds",
            "the last row (record 141, 2024-04-18 13:22:41) is of an unfinished day",
        ],
    ),
    "CryptoDataDownload": (
        "https://www.CryptoDataDownload.com\n"
        + "\n".join(
            ["unix,date,symbol,open,high,low,close,Volume BTC,Volume USD"]
            + [
                f"{SECONDS[i]}{'000' * (i > 70)},{DAYS[i]} 00:00:00,A/USD,1,2,0.5,{CLOSE[i]},3,4"
                for i in range(COUNT)
            ][::-1]
        ),
        {},
        [
            "newest first, turned round",
            "above the table, left out: 'https://www.CryptoDataDownload.com'",
        ],
    ),
    "Binance": (
        "\n".join(
            f"{t * (1000 if t < SECONDS[31] else 10**6)},{o},{h},{low},{c},1.5,"
            f"{(t + 86_400) * 1000 - 1},2.5,10,1,1,0"
            for t, o, h, low, c in zip(SECONDS, OPEN, HIGH, LOW, CLOSE, strict=True)
        ),
        {},
        ["no header", "unix milliseconds and microseconds", "price from 'column 5'"],
    ),
    "Binance's answer": (
        json.dumps(
            [
                [1000 * t, f"{o}", f"{h}", f"{low}", f"{c}", "1", 0, "1", 1, "1", "1", "0"]
                for t, o, h, low, c in zip(SECONDS, OPEN, HIGH, LOW, CLOSE, strict=True)
            ]
        ),
        {},
        ["price from 'column 5'"],
    ),
    "CoinMarketCap": (
        "\ufefftimeOpen;timeClose;timeHigh;timeLow;name;open;high;low;close;volume;marketCap;circulatingSupply;timestamp\n"
        + "\n".join(
            [
                f'"{d}T00:00:00.000Z";"{d}T23:59:59.999Z";"{d}T11:00:00.000Z";"{d}T12:00:00.000Z";"2781";"1,500.5";"1";"1";"{c:,.4f}";1;2;3;"{d}T23:59:59.999Z"'
                for d, c in zip(DAYS, CLOSE, strict=True)
            ][::-1]
        ),
        {},
        ["date from 'timeOpen', price from 'close'", "commas between thousands", "newest first"],
    ),
    "Investing.com": (
        bars(
            [f'"{d:%m/%d/%Y}"' for d in DAYS],
            '"1.5M"',
            '"-0.37%"',
            order="cohl",
            number=quoted,
            upside_down=True,
            header='"Date","Price","Open","High","Low","Vol.","Change %"',
        ),
        {},
        ["price from 'Price'", "MM/DD/YYYY", "newest first", "commas between thousands"],
    ),
    "Investing.com by name of month": (
        bars(
            [f'"{d:%b %d, %Y}"' for d in DAYS],
            '"1.5M"',
            '"-0.37%"',
            order="cohl",
            number=quoted,
            header='"Date","Price","Open","High","Low","Vol.","Change %"',
        ),
        {},
        ["Month D, YYYY"],
    ),
    "Dune": (
        "\n".join(
            [
                ",day,token_price,volume",
                *(
                    f"{i},{d} 00:00:00.000 UTC,{c},5"
                    for i, (d, c) in enumerate(zip(DAYS, CLOSE, strict=True))
                ),
            ]
        ),
        {},
        ["date from 'day', price from 'token_price'"],
    ),
    "pandas": (
        "\n".join([",price", *(f"{t},{c}" for t, c in zip(ZONED, CLOSE, strict=True))]),
        {},
        ["date from 'column 1', price from 'price'", "in UTC"],
    ),
    "a zone ahead": (  # 09:00 in Tokyo is midnight UTC
        "\n".join(
            ["time,close", *(f"{d}T09:00:00+09:00,{c}" for d, c in zip(DAYS, CLOSE, strict=True))]
        ),
        {},
        ["offsets +09:00 taken to UTC"],
    ),
    "a spreadsheet": (
        "\ufeff"
        + bars(
            [f"{d:%d.%m.%Y}" for d in DAYS],
            "",
            order="c",
            number=comma,
            parted=";",
            header="DATUM;Schlusskurs;",
        ).replace("\n", "\r\n"),
        {},
        ["cells parted by semicolons", "decimal commas", "price from 'Schlusskurs'"],
    ),
    "a spreadsheet with thousands": (
        bars(
            [f"{d:%Y/%m/%d}" for d in DAYS],
            order="c",
            number=dotted,
            parted="\t",
            header="Date\tUSD Price",
        ),
        {},
        ["cells parted by tabs", "decimal commas", "price from 'USD Price'"],
    ),
    "Kraken's OHLCVT": (bars(SECONDS, "12.5", "31"), {}, ["price from 'column 5'"]),
    "Coinbase's candles": (
        json.dumps(
            [
                [t, low, h, o, c, 7.5]
                for t, o, h, low, c in zip(SECONDS, OPEN, HIGH, LOW, CLOSE, strict=True)
            ][::-1]
        ),
        {},
        ["price from 'column 5'", "newest first"],
    ),
    "Bitfinex's candles": (
        json.dumps(
            [
                [1000 * t, o, c, h, low, 7.5]
                for t, o, h, low, c in zip(SECONDS, OPEN, HIGH, LOW, CLOSE, strict=True)
            ]
        ),
        {},
        ["price from 'column 3'"],
    ),
    "CoinAPI": (
        "\n".join(
            [
                "time_period_start;time_period_end;time_open;time_close;price_open;price_high;price_low;price_close;volume_traded;trades_count"
            ]
            + [
                f"{d}T00:00:00.0000000Z;{d + dt.timedelta(1)}T00:00:00.0000000Z;"
                f"{d}T00:00:01.5000000Z;{d}T23:59:58.0000000Z;1;2;0.5;{c};3;4"
                for d, c in zip(DAYS, CLOSE, strict=True)
            ]
        ),
        {},
        ["date from 'time_period_start', price from 'price_close'"],
    ),
    "DefiLlama": (
        json.dumps(
            {
                "coins": {
                    "coingecko:a": {
                        "symbol": "A",
                        "prices": [
                            {"timestamp": t, "price": c}
                            for t, c in zip(SECONDS, CLOSE, strict=True)
                        ],
                    }
                }
            }
        ),
        {},
        ["list 'coins.coingecko:a.prices'", "price from 'price'"],
    ),
    "FRED": (
        bars(DAYS, order="c", header="observation_date,CBXYZUSD"),
        {},
        ["price from 'CBXYZUSD'"],
    ),
    "Nasdaq": (
        bars(
            [f"{d:%m/%d/%Y}" for d in DAYS],
            order="c",
            number=lambda x: f"${x:.4f}",
            header="Date,Close/Last",
        ),
        {},
        ["price from 'Close/Last'"],
    ),
    "TradingView": (
        bars([f"{d}T00:00:00Z" for d in DAYS], "1", header="time,open,high,low,close,Volume"),
        {},
        ["price from 'close'"],
    ),
    "Stooq": (
        bars([f"{d:%Y%m%d}" for d in DAYS], "1", header="<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>"),
        {},
        ["price from '<CLOSE>'"],
    ),
    "columns side by side": (
        json.dumps({"s": "ok", "t": SECONDS, "c": CLOSE.tolist(), "v": [1] * COUNT}),
        {},
        ["date from 't', price from 'c'"],
    ),
    "Alpha Vantage": (
        json.dumps(
            {
                "Meta Data": {"1. Information": "Daily"},
                "Time Series": {
                    str(d): {"1. open": "1", "4. close": str(c)}
                    for d, c in zip(DAYS, CLOSE, strict=True)
                },
            }
        ),
        {},
        ["price from '4. close'"],
    ),
    "several prices, one told": (
        bars(DAYS, order="oc", header="day,price_eur,price_nok"),
        {"column": "price_nok"},
        ["price from 'price_nok', not used: price_eur"],
    ),
    "several tickers, one told": (
        bars(
            DAYS,
            order="ocoh",
            header="Price,Close,Close,High,High\nTicker,A-USD,B-USD,A-USD,B-USD\nDate,,,,",
        ),
        {"column": "B-USD"},
        ["price from 'Close / B-USD'"],
    ),
    "days first, told": (
        bars([f"{d:%d/%m/%Y}" for d in DAYS], order="c", header="Date,Price"),
        {"date_format": "DD/MM/YYYY"},
        ["%d/%m/%Y"],
    ),
    "a date column told": (
        bars(
            [f"{d},{d + dt.timedelta(1)}" for d in DAYS], order="c", header="traded,settled,price"
        ),
        {"column": {"date": "traded"}},
        ["date from 'traded'"],
    ),
    "Markdown's bars": (
        bars(DAYS, order="c", parted="|", header="date|close"),
        {},
        ["cells parted by bars"],
    ),
}


def write(tmp_path, content, name="token.csv"):
    file = tmp_path / name
    file.write_text(content, encoding="utf-8", newline="")
    return file


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_gives_the_same_closes_and_says_what_was_taken(tmp_path, name):
    content, choices, said = LAYOUTS[name]
    found = read_closes(write(tmp_path, content), choices)
    assert found.dates == tuple(DAYS)
    np.testing.assert_allclose(found.values, CLOSE, rtol=1e-9)
    assert not [text for text in said if text not in found.choices[0]], found.choices[0]
    assert len(found.choices) == 1 and "\n" not in found.choices[0]
    replayed = read_prices(tmp_path / "token.csv", choices=choices)
    assert replayed.dates == found.dates and replayed.notes[0] == found.choices[0]


def test_a_workbook_reads_like_a_file_and_its_sheet_is_told(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book, file = openpyxl.Workbook(), tmp_path / "token.xlsx"
    book.active.append(["see the other sheet", 1])
    sheet = book.create_sheet("Closes")
    for row in (["Date", "Close"], *zip(DAYS, CLOSE.tolist(), strict=True)):
        sheet.append(row)
    book.save(file)
    found = read_closes(file, {"sheet": "Closes"})
    assert found.dates == tuple(DAYS) and "sheet 'Closes'" in found.choices[0]
    np.testing.assert_array_equal(found.values, CLOSE)
    with pytest.raises(
        InputError, match="2 sheets with content; expected `sheet` NAME, one of Sheet, Closes"
    ):
        read_closes(file)


TWO = "Price,Close,Close\nTicker,A-USD,B-USD\nDate,,\n"
REFUSED = {
    "several tickers": (
        bars(DAYS, order="oc", header=TWO.strip()),
        "2 prices: Close / A-USD, Close / B-USD; expected `column` NAME",
    ),
    "several symbols": (
        "date,symbol,close\n" + "".join(f"{d},{'AB'[i % 2]},1\n" for i, d in enumerate(DAYS)),
        "rows of 2 in column 'symbol': A, B",
    ),
    "no price": (
        bars(DAYS, order="oh", header="date,open,high"),
        "no column of prices; expected a column 'price' or 'close'",
    ),
    "two candidates": (
        bars(DAYS, order="oh", header="date,first,second"),
        "2 columns that could be the price: first, second",
    ),
    "no date": ("id,price\n1,2\n2,3\n3,4\n", "no column of dates among id, price, line 2 has '1'"),
    "two days": (
        "date,timestamp,price\n" + "".join(f"{d},{d + dt.timedelta(1)},1\n" for d in DAYS),
        ":2: columns 'date' and 'timestamp' are of two days",
    ),
    "day or month": (
        "Date,Price\n01/02/2024,1.5\n02/02/2024,1.25\n03/02/2024,1.5\n",
        "'01/02/2024' could have the day first or the month",
    ),
    "a date and nonsense": (
        "date,price\n2024-01-01,1.5\n2024-01-02 or so,1\n",
        ":3: date: '2024-01-02 or so' has 'or so' after the time",
    ),
    "no such day": (
        "date,price\n2024-01-01,1.5\n2024-02-30,1\n",
        ":3: date: '2024-02-30' is not a date",
    ),
    "one or a thousand": (
        'Date,Price\n2024-01-01,"1,234"\n2024-01-02,"1,235"\n',
        ":2: Price: '1,234' could be two numbers; .*`decimal` point: 1234",
    ),
    "both marks": (
        'Date,Price\n2024-01-01,"1,5"\n2024-01-02,"1.25"\n',
        ":3: Price: '1.25'; expected one decimal mark in a column: line 2 has '1,5'",
    ),
    "text": (
        "date,price\n2024-01-01,1.5\n2024-01-02,abc\n",
        ":3: price: the text 'abc'; expected a number",
    ),
    "infinite": ("date,price\n2024-01-01,1.5\n2024-01-02,inf\n", ":3: price: an infinite value"),
    "bars without a header": (
        "1704067200,1,2,3,4,5,6,7,8\n1704153600,1,2,3,4,5,6,7,8\n",
        "no header, and 9 columns; expected a header, or `column`",
    ),
    "months": (
        "month,price\n2024-01,1\n2024-02,2\n",
        "month: months; expected days: a month is not one length of time",
    ),
    "one row": ("date,price\n2024-01-01,1\n", "1 row; expected at least 2"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_told_is_refused_in_one_line(tmp_path, name):
    content, message = REFUSED[name]
    for read in (read_closes, read_prices):
        with pytest.raises(InputError, match=message) as caught:
            read(write(tmp_path, content))
        assert "\n" not in str(caught.value) and "token.csv" in str(caught.value)


NO_PRICES = (
    "market_cap_usd",
    "returns",
    "total_volume_usd",
    "log_price",
    "tvl",
    "Circulating Supply",
    "marketCap",
    "price_change",
    "totalLiquidityUSD",
)


@pytest.mark.parametrize("name", NO_PRICES)
def test_the_only_numbers_of_a_file_are_no_prices_where_their_name_says_so(tmp_path, name):
    file = write(tmp_path, bars(DAYS, order="c", header=f"date,{name}"))
    with pytest.raises(
        InputError,
        match=(
            f"no column of prices; expected a column 'price' or 'close', or `column` NAME, one of "
            f"date, {name}"
        ),
    ):
        read_prices(file)
    np.testing.assert_array_equal(read_prices(file, choices={"column": name}).values, CLOSE)


@pytest.mark.parametrize("name", ["market_caps", "total_volumes", "tvl"])
@pytest.mark.parametrize("kind", [list, dict])
def test_a_list_in_json_is_no_list_of_prices_where_its_name_says_so(tmp_path, name, kind):
    records = [
        [s, c] if kind is list else {"timestamp": s, "value": c}
        for s, c in zip(SECONDS, CLOSE, strict=True)
    ]
    file = write(tmp_path, json.dumps({"id": "a", "data": {name: records}}), "chart.json")
    with pytest.raises(
        InputError, match=f"price: the list '{name}', not one of prices by its name; .*`column`"
    ):
        read_prices(file)
    np.testing.assert_array_equal(read_prices(file, choices={"column": "2"}).values, CLOSE)


def test_a_value_is_no_price_beside_a_column_that_says_it_is_one(tmp_path):
    found = read_closes(
        write(tmp_path, bars(DAYS, order="oc", header="date,value,token_price_usd"))
    )
    assert "price from 'token_price_usd'" in found.choices[0]
    with pytest.raises(
        InputError, match="2 prices: value, Daily Price; expected `column` NAME, one of them"
    ):
        read_closes(write(tmp_path, bars(DAYS, order="oc", header="date,value,Daily Price")))
    beside = read_closes(write(tmp_path, bars(DAYS, order="co", header="date,value,price_change")))
    np.testing.assert_array_equal(beside.values, CLOSE)


@pytest.mark.parametrize(
    ("header", "currency"),
    [
        ("close_eur", "EUR"),
        ("Close (€)", "€"),
        ("Price GBP", "GBP"),
        ("price_btc", "BTC"),
        ("KRW", "KRW"),
    ],
)
def test_a_price_in_another_currency_by_its_name_is_refused_unless_told(tmp_path, header, currency):
    file = write(tmp_path, bars(DAYS, order="c", header=f"date,{header}"))
    with pytest.raises(
        InputError,
        match=(
            rf"price: column '.*', in {currency} by its name; expected prices in USD, or `column` "
            rf"NAME"
        ),
    ):
        read_prices(file)
    np.testing.assert_array_equal(read_prices(file, choices={"column": header}).values, CLOSE)
    tickers = write(tmp_path, bars(DAYS, order="c", header="Price,Close\nTicker,A-EUR\nDate,"))
    with pytest.raises(InputError, match="column 'Close / A-EUR', in EUR by its name"):
        read_prices(tickers)


@pytest.mark.parametrize("header", ["btc_price", "BTC", "close_usdt", "Token price in USD"])
def test_the_name_of_a_token_is_no_currency(tmp_path, header):
    np.testing.assert_array_equal(
        read_prices(write(tmp_path, bars(DAYS, order="c", header=f"date,{header}"))).values, CLOSE
    )


@pytest.mark.parametrize("header", ["date,price", "date,FOO"])
def test_an_amount_in_another_currency_is_refused(tmp_path, header):
    for cell, sign in (("€3.04", "€"), ("₿1.085", "₿"), ("3.04 £", "£"), ("¥7", "¥")):
        with pytest.raises(
            InputError,
            match=(
                rf":2: {header[5:]}: '{cell}' is in another currency \({sign}\); expected a "
                rf"number, or an amount in USD"
            ),
        ):
            read_prices(write(tmp_path, "\n".join([header, *(f"{d},{cell}" for d in DAYS)])))
    for cell in ("$3.04", "US$ 3.04", "3.04 USD", "3.04USDT"):
        assert set(
            read_prices(write(tmp_path, "\n".join([header, *(f"{d},{cell}" for d in DAYS)]))).values
        ) == {3.04}


def test_ambiguous_numbers_are_told_by_other_cells_other_columns_or_the_user(tmp_path):
    def values(cells, choices=None, other=None):
        head = "date;price;volume" if other else "date;price"
        rows = [
            f"{d};{c}" + (f";{other}" if other else "") for d, c in zip(DAYS, cells, strict=False)
        ]
        return read_prices(
            write(tmp_path, "\n".join([head, *rows])), choices=choices
        ).values.tolist()

    assert values(["1,234", "1,235", "1,23"]) == [1.234, 1.235, 1.23]
    assert values(["1,234", "1,235", "999.5"]) == [1234.0, 1235.0, 999.5]
    assert values(["1.234", "1.235", "0.999"]) == [1.234, 1.235, 0.999]
    assert values(["1.234", "1.235"], {"decimal": "point"}) == [1.234, 1.235]
    assert values(["1.234", "1.235"], {"decimal": "comma"}) == [1234.0, 1235.0]
    assert values(["1.234", "1.235"], other="7.5") == [1.234, 1.235]
    for cells in (
        ["1.234", "1.235"],
        ["999", "1.235"],
    ):  # a German thousand, where semicolons part the cells
        with pytest.raises(
            InputError,
            match=(
                r"price: '1.23.' could be two numbers; .*`decimal` point: 1.23., or `decimal` "
                r"comma: 123.\)"
            ),
        ):
            values(cells)
    assert values(["1.234", "1.235"], other="7,5") == [1234.0, 1235.0]
    assert values(["1,234", "1,235"], other="7.5") == [1234.0, 1235.0]
    assert values(["1,234", "1,235"], {"decimal": "comma"}) == [1.234, 1.235]
    assert values(["1,234", "1,235"], {"decimal": "point"}) == [1234.0, 1235.0]
    assert values(["1 234,5", "1 235"]) == [1234.5, 1235.0]
    for cells, decimal in ((["1.5", "2.5"], "comma"), (["1,5", "2,5"], "point")):
        with pytest.raises(
            InputError, match=r":2: price: '1.5'; expected a '.' between thousands alone"
        ):
            values(cells, {"decimal": decimal})


def test_rows_without_a_price_are_gaps_and_at_the_end_no_rows(tmp_path):
    lines = bars(DAYS, "1", "1", header="Date,Open,High,Low,Close,Adj Close,Volume").splitlines()
    lines[50] = f"{DAYS[49]},null,null,null,null,null,null"
    lines[140] = f"{DAYS[139]},null,null,null,null,null,null"
    file = write(tmp_path, "\n".join(lines))
    with pytest.raises(
        InputError,
        match=(
            r":51: Close: 'null' on 2024-01-19; expected a number \(or `gaps` span or interpolate\)"
        ),
    ):
        read_closes(file)
    with pytest.raises(InputError, match=r":51: Close: 'null' on 2024-01-19; expected a number$"):
        read_prices(file)
    found = read_closes(file, {"gaps": "span"})
    assert len(found.values) == 138 and len(found.returns) == 136
    assert found.choices[1:3] == (
        "1 row without a price after the last one, of 2024-04-17, left out: line 141 (2024-04-18)",
        "1 row without a price: line 51 (2024-01-19)",
    )
    assert len(read_prices(file, days=40).values) == 41  # the window is whole


def test_what_is_named_is_not_taken_for_something_else(tmp_path):
    """A volume in a column called value is no price, and the only other column of numbers is."""
    rows = [f"{d},{i},{1.0 + i / 9},{i},0" for i, d in enumerate(DAYS)]
    file = write(tmp_path, "\n".join(["date,value,token price,fees,burned", *rows]))
    with pytest.raises(InputError, match="volume: no column 'volume'"):
        read_activity(file, 60, 30)
    file = write(tmp_path, "\n".join(["date,price,kurs,fees,burned", *rows]))
    found = read_activity(file, 60, 30, choices={"column": "volume=price"})
    np.testing.assert_array_equal(found.values["volume"], np.arange(50, 140))
    assert found.values["price"][0] == pytest.approx(1.0 + 50 / 9)


def test_the_row_of_an_unfinished_day_is_left_out_and_a_whole_one_kept(tmp_path):
    def last(time, stamp="00:00:00"):
        rows = [f"{d} {stamp},1.{i:03d}" for i, d in enumerate(DAYS[:10])]
        return read_prices(write(tmp_path, "\n".join(["time,price", *rows, f"{time},2.5"]))).dates[
            -1
        ]

    assert last("2023-12-10 07:12:03") == dt.date(2023, 12, 10)  # a second row of that day
    assert last("2023-12-11 00:00:00") == dt.date(2023, 12, 11)
    assert last("2023-12-11 07:12:03", "23:59:59") == dt.date(2023, 12, 10)  # the day has begun
    assert last("2023-12-11 22:59:59", "23:59:59") == dt.date(2023, 12, 11)  # clocks were changed


def hourly(days, seed=3):
    """An hourly random walk with a volatility of .05 a day."""
    moves = 0.05 / np.sqrt(24.0) * np.random.default_rng(seed).standard_normal(24 * days)
    times = [dt.datetime(2022, 1, 1) + dt.timedelta(hours=i) for i in range(24 * days)]
    return times, 3.0 * np.exp(np.cumsum(moves))


def test_hours_become_days_on_request_alone(tmp_path):
    times, values = hourly(150)
    lines = [f"{t},{v!r}" for t, v in zip(times, values.tolist(), strict=True)][: 24 * 149 + 14]
    file = write(tmp_path, "\n".join(["timestamp,close", *lines]))
    for read in (read_closes, read_prices):
        with pytest.raises(
            InputError,
            match=(
                r":3: timestamp: .*150 of 150 days have several rows, 3600 s apart; .*\(or `daily` "
                r"close"
            ),
        ):
            read(file)
    with pytest.raises(
        InputError,
        match=(
            "`duplicates` mean is for at most 1% of the days: a day's mean moves less than its "
            "close"
        ),
    ):
        read_closes(file, {"duplicates": "mean"})
    found = read_closes(file, {"daily": "close"})
    np.testing.assert_array_equal(found.values, values[23 : 24 * 149 : 24])
    assert (
        "the last of each UTC day taken; 2022-05-30 ends at 13:00:00, before the others, and "
        "is left out as unfinished"
    ) in found.choices[1]


def write_hours(tmp_path, hours, header="timestamp,close"):
    return write(tmp_path, "\n".join([header, *(",".join(map(str, row)) for row in hours)]))


def test_two_prices_at_one_instant_are_no_close(tmp_path):
    times, values = hourly(150)
    twice = [
        (t, v * factor)
        for t, v in zip(times, values.tolist(), strict=True)
        for factor in (1.0, 5.0)
    ]
    file = write_hours(tmp_path, twice)
    with pytest.raises(
        InputError,
        match=(
            r":49: timestamp: 2022-01-01 23:00:00 again, at 1.* after .* in line 48; "
            r".*`duplicates` first, last or mean"
        ),
    ):
        read_closes(file, {"daily": "close"})
    for choice, factor in (("first", 1.0), ("last", 5.0), ("mean", 3.0)):
        found = read_closes(file, {"daily": "close", "duplicates": choice})
        np.testing.assert_allclose(found.values, factor * values[23::24])
        assert any(
            f"duplicated times, {choice} price taken: 3600 rows" in line for line in found.choices
        )
    again = read_closes(
        write_hours(tmp_path, [row for row in twice[::2] for _ in range(2)]), {"daily": "close"}
    )
    np.testing.assert_array_equal(again.values, values[23::24])  # one price, given twice
    autumn = write_hours(
        tmp_path, [(t - dt.timedelta(hours=(t.day, t.hour) == (5, 2)), v) for t, v in twice[::2]]
    )  # 01:00 twice, no 02:00
    np.testing.assert_array_equal(read_closes(autumn, {"daily": "close"}).values, values[23::24])


@pytest.mark.parametrize(
    "name",
    [
        "base_currency",
        "coin_name",
        "network",
        "Blockchain",
        "tokenSymbol",
        "coinid",
        "Contract Address",
        "name",
    ],
)
def test_rows_of_several_tokens_are_told_by_the_words_of_a_name(tmp_path, name):
    rows = "".join(f"{d},{'AB'[i % 2]}x,1.{i}\n" for i, d in enumerate(DAYS))
    with pytest.raises(
        InputError, match=f"rows of 2 in column '{name}': Ax, Bx; expected the rows of one token"
    ):
        read_closes(write(tmp_path, f"date,{name},close\n{rows}"))


def test_words_that_say_nothing_of_the_token_are_no_tokens(tmp_path):
    rows = "".join(
        f"{d},{'$1.5B' if i % 2 else '$1.6B'},{d:%A},{'Fear' if i % 3 else 'Greed'},{c}\n"
        for i, (d, c) in enumerate(zip(DAYS, CLOSE, strict=True))
    )
    found = read_closes(
        write(tmp_path, f"date,market_cap,weekday_name,market_sentiment,close\n{rows}")
    )
    np.testing.assert_array_equal(found.values, CLOSE)


def test_an_unfinished_last_day_is_told_though_some_days_ended_early(tmp_path):
    times, values = hourly(150)
    kept = [
        (t, v)
        for t, v in zip(times, values.tolist(), strict=True)
        if not (t.timetuple().tm_yday % 10 == 5 and t.hour > 17)
    ]
    kept = [(t, v) for t, v in kept if t < dt.datetime(2022, 5, 30, 20)]
    found = read_closes(write_hours(tmp_path, kept), {"daily": "close"})
    assert found.dates[-1] == dt.date(2022, 5, 29)
    assert (
        "2022-05-30 ends at 19:00:00, before the others, and is left out as unfinished; 15 "
        "days end more than an hour before"
    ) in found.choices[1]


def test_a_last_day_whose_last_trade_came_a_little_early_is_whole(tmp_path):
    times, values = hourly(150)
    late = np.random.default_rng(4).integers(600, 3500, len(times)).tolist()
    late[-1] = 60
    trades = [
        (t + dt.timedelta(seconds=s), v)
        for t, s, v in zip(times, late, values.tolist(), strict=True)
    ]
    found = read_closes(write_hours(tmp_path, trades), {"daily": "close"})
    assert found.dates[-1] == times[-1].date() and "before the others" not in found.choices[1]


def test_the_mean_of_dates_given_twice_is_for_few_of_them(tmp_path):
    rows = [f"{d},{c}" for d, c in zip(DAYS, CLOSE, strict=True)]
    few = read_closes(
        write(tmp_path, "\n".join(["date,price", *rows[:50], rows[49], *rows[50:]])),
        {"duplicates": "mean"},
    )
    assert few.dates == tuple(DAYS)
    many = write(tmp_path, "\n".join(["date,price", *(row for row in rows for _ in range(2))]))
    with pytest.raises(InputError, match="140 of 140 days have several rows; .*`daily` close"):
        read_closes(many, {"duplicates": "mean"})
    assert read_closes(many, {"duplicates": "last"}).dates == tuple(DAYS)


def spaced(tmp_path, keep, days=1400):
    """Closes of some of the days of a walk with a volatility of .05 a day."""
    path = np.cumsum(0.05 * np.random.default_rng(11).standard_normal(days))
    every = [dt.date(2020, 1, 1) + dt.timedelta(days=i) for i in range(days)]
    return write(
        tmp_path,
        "date,value\n"
        + "".join(
            f"{d},{3.0 * np.exp(x):.8f}\n"
            for i, (d, x) in enumerate(zip(every, path, strict=True))
            if keep(i, d)
        ),
    )


SPARSE = {
    "every second day": (lambda i, d: i % 2 == 0, "2 days apart", "50.0%"),
    "weekdays": (lambda i, d: d.weekday() < 5, "weekdays alone", "28.6%"),
    "weeks": (lambda i, d: i % 7 == 0, r"7 days apart \(weekly\)", "85.7%"),
    "months": (lambda i, d: d.day == 1, r"a month apart \(monthly\)", "96.6%"),
}


@pytest.mark.parametrize("name", SPARSE)
def test_sparse_rows_are_named_and_not_filled_in(tmp_path, name):
    keep, often, share = SPARSE[name]
    file = spaced(tmp_path, keep)
    with pytest.raises(
        InputError, match=f"missing after 2020-01-0.; .* gaps in all; the rows are {often}"
    ):
        read_closes(file)
    with pytest.raises(InputError, match=f"a gap: 2020-01-0. is missing; the rows are {often}"):
        read_prices(file)
    with pytest.raises(
        InputError,
        match=(
            rf"days would be filled in \({share}\), which takes .* off the volatility; .*`gaps` "
            rf"span"
        ),
    ):
        read_closes(file, {"gaps": "interpolate"})


def test_volatility_over_weekdays_and_weeks_is_that_of_a_day(tmp_path):
    weekdays = read_closes(spaced(tmp_path, SPARSE["weekdays"][0]), {"gaps": "span"})
    assert np.std(weekdays.returns) == pytest.approx(0.05, rel=0.07)
    with pytest.raises(InputError, match="0 daily returns; the rows are 7 days apart .*`step` 7"):
        read_closes(spaced(tmp_path, SPARSE["weeks"][0]), {"gaps": "span"})
    weeks = read_closes(spaced(tmp_path, SPARSE["weeks"][0]), {"step": 7})
    assert len(weeks.returns) == 199 and np.std(weeks.returns) == pytest.approx(
        0.05 * np.sqrt(7.0), rel=0.15
    )
    with pytest.raises(
        InputError, match="expected rows 7 days apart, or a multiple of it, as `step` says"
    ):
        read_closes(spaced(tmp_path, lambda i, d: True), {"step": 7})


@pytest.mark.parametrize(("share", "refused"), [(0.2, False), (0.3, True)])
def test_prices_that_stand_still_on_a_quarter_of_the_days_are_stale(tmp_path, share, refused):
    closes = np.repeat(CLOSE, 2)[:COUNT]  # every second day moves
    still = np.arange(COUNT) < 2 * share * COUNT
    file = write(
        tmp_path,
        "\n".join(
            [
                "date,price",
                *(f"{d},{c}" for d, c in zip(DAYS, np.where(still, closes, CLOSE), strict=True)),
            ]
        ),
    )
    if refused:
        with pytest.raises(
            InputError,
            match="30 % of the daily returns are the same; expected prices that move in most rows",
        ):
            read_closes(file)
    else:
        assert len(read_closes(file).returns) == COUNT - 1


def test_a_window_has_its_last_day(tmp_path):
    rows = [f"{d},{c}" for d, c in zip(DAYS, CLOSE, strict=True)]
    file = write(tmp_path, "\n".join(["date,price", *rows[:60], *rows[61:]]))
    for window in ({"end": DAYS[60]}, {"days": 60}):
        with pytest.raises(
            InputError, match=f":61: date: a gap: {DAYS[60]} is missing; expected one close a day"
        ):
            read_prices(file, **window)
    assert read_prices(file, days=59).dates == tuple(DAYS[:60])
    file = write(
        tmp_path,
        "\n".join(
            ["date,price,volume,fees,burned", *(f"{r},1,1,1" for r in [*rows[:60], *rows[61:]])]
        ),
    )
    with pytest.raises(InputError, match=f":61: date: a gap: {DAYS[60]} is missing"):
        read_activity(file, 10, 20, end=DAYS[60])


def test_one_column_is_not_date_and_price_at_once(tmp_path):
    file = write(
        tmp_path,
        "\n".join(["time,price", *(f"{s},{c}" for s, c in zip(SECONDS, CLOSE, strict=True))]),
    )
    for column in ({"date": "time", "price": "time"}, "time"):
        with pytest.raises(
            InputError, match="column: column 'time' as date and as price; expected two columns"
        ):
            read_prices(file, choices={"column": column})


def test_a_step_is_offered_only_where_it_would_be_taken(tmp_path):
    months = spaced(tmp_path, lambda i, d: d.day == 1, days=4000)
    for choices in ({}, {"gaps": "span"}, {"gaps": "interpolate"}):
        with pytest.raises(InputError) as caught:
            read_closes(months, choices)
        assert "`step`" not in str(caught.value)
    with pytest.raises(InputError, match="`step` 7"):
        read_closes(spaced(tmp_path, lambda i, d: i % 7 == 0 and i != 70))
    assert (
        len(
            read_closes(
                spaced(tmp_path, lambda i, d: i % 7 == 0 and i != 70), {"step": 7, "gaps": "span"}
            ).returns
        )
        == 197
    )


def test_a_few_days_may_be_filled_in_and_the_bias_is_that_of_their_share(tmp_path):
    whole = read_closes(spaced(tmp_path, lambda i, d: True))
    few = read_closes(spaced(tmp_path, lambda i, d: i % 60 != 30), {"gaps": "interpolate"})
    assert "the volatility is about 0.8% low" in few.choices[1]
    assert np.std(few.returns) / np.std(whole.returns) == pytest.approx(
        1.0 - 0.5 * 23 / 1400, abs=0.004
    )
    assert module.most_invented(1400) == pytest.approx(1.0 / np.sqrt(2800.0))


PRICES = "date,value\n2021-01-01,1.0\n2021-01-02,1.5\n2021-01-03,1.2\n2021-01-04,1.3\n"


def test_a_clean_history_is_read(tmp_path):
    history = read_prices(write(tmp_path, PRICES))
    np.testing.assert_array_equal(history.values, [1.0, 1.5, 1.2, 1.3])
    window = read_prices(history.file, start=dt.date(2021, 1, 2), days=2)
    np.testing.assert_array_equal(window.values, [1.5, 1.2, 1.3])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an empty file"),
        (PRICES.replace("1.5", ""), r":3: value: an empty cell on 2021-01-02; expected a number$"),
        (PRICES.replace("1.5", "nan"), r":3: value: NaN on 2021-01-02"),
        (PRICES.replace("1.5", "0"), r":3: value: 0; expected a price > 0$"),
        (PRICES.replace("1.5", "-2"), r":3: value: -2"),
        (PRICES.replace("2021-01-02,1.5\n", ""), r":3: date: a gap: 2021-01-02 is missing"),
        (
            PRICES.replace("2021-01-02", "2021-01-01"),
            (
                r":3: date: 2021-01-01 again, after line 2; expected each date once \(or "
                r"`duplicates` first"
            ),
        ),
        (
            PRICES.replace("2021-01-02", "2020-01-01"),
            (
                r":3: date: 2020-01-01 after 2021-01-01; expected increasing dates \(or `unsorted` "
                r"sort\)"
            ),
        ),
        (PRICES.replace("1.5", "1.5,2"), r":3: 3 cells; expected 2 cells"),
    ],
)
def test_a_bad_price_file_gets_one_clear_line(tmp_path, text, message):
    with pytest.raises(InputError, match=message) as caught:
        read_prices(write(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_window_outside_are_named(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_prices(tmp_path / "none.csv")
    file = write(tmp_path, PRICES)
    with pytest.raises(InputError, match="2021-01-01 to 2021-01-04"):
        read_prices(file, start=dt.date(2022, 1, 1))
    with pytest.raises(InputError, match="at most 3"):
        read_prices(file, days=9)
    with pytest.raises(InputError, match="choices: 'colunm'; .*did you mean 'column'"):
        read_prices(file, choices={"colunm": "value"})
    for choices, message in (
        ({"gaps": "span"}, "gaps: 'span'; expected refuse"),
        ({"step": 7}, "step: 7; expected 1: every day is needed here"),
        ({"step": 0.5}, "step: 0.5; expected whole days"),
        ({"sheet": 1}, "sheet: 1; expected a text"),
        ({"column": 3}, "column: no column '3'"),
    ):
        with pytest.raises(InputError, match=message):
            read_prices(file, choices=choices)
    assert len(read_prices(file, choices={"column": 2}).values) == 4


def test_a_gap_outside_the_window_does_not_matter(tmp_path):
    file = write(tmp_path, PRICES + "2021-02-01,2.0\n")
    assert len(read_prices(file, days=3).values) == 4


def test_prices_between_closes_lie_on_a_log_line(tmp_path):
    path = price_path(read_prices(write(tmp_path, PRICES)), 0.5)
    np.testing.assert_array_equal(path[::2], [1.0, 1.5, 1.2, 1.3])
    assert path[1] == pytest.approx(np.sqrt(1.5))


def test_activity_is_read_from_any_layout_and_columns_are_told(tmp_path):
    rows = [
        f"{d:%d.%m.%Y};{c:.2f};{i};{i};0".replace(".5", ",5")
        for i, (d, c) in enumerate(zip(DAYS, np.full(COUNT, 1.5), strict=True))
    ]
    file = write(tmp_path, "\n".join(["Datum;Close;Umsatz;Fees;Burned", *rows[::-1]]))
    with pytest.raises(
        InputError,
        match=(
            "volume: no column 'volume'; expected `column` volume=NAME, one of Datum, Close, Umsatz"
        ),
    ):
        read_activity(file, 60, 30)
    found = read_activity(file, 60, 30, choices={"column": ["volume=Umsatz"]})
    assert found.dates == tuple(DAYS[-90:]) and set(found.values["price"]) == {1.5}
    np.testing.assert_array_equal(found.values["volume"], np.arange(50, 140))
    assert "newest first" in found.notes[0] and "volume from 'Umsatz'" in found.notes[0]
    with pytest.raises(InputError, match=r"a gap: 2024-03-09 is missing"):
        read_activity(
            write(tmp_path, "\n".join(["Datum;Close;volume;Fees;Burned", *rows[:99], *rows[100:]])),
            60,
            30,
        )


FORMATS = {
    "iso": "%Y-%m-%d",
    "day first": "%d/%m/%Y",
    "month first": "%m/%d/%Y",
    "name": "%b %d, %Y",
    "dots": "%d.%m.%Y",
    "unix": "",
}
WORD = st.fixed_dictionaries(
    {
        "parted": st.sampled_from([",", ";", "\t", "|"]),
        "end": st.sampled_from(["\n", "\r\n", "\r"]),
        "dates": st.sampled_from([*FORMATS]),
        "decimal": st.sampled_from([".", ","]),
        "apart": st.sampled_from(["", "thousands"]),
        "quotes": st.booleans(),
        "encoding": st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
        "header": st.sampled_from(
            [
                ("Date", "Close"),
                ("TIMESTAMP", "price"),
                ("snapped_at", "Value"),
                ("day", "Token Price"),
                ("", "last"),
            ]
        ),
        "index": st.booleans(),
        "trailing": st.booleans(),
        "above": st.sampled_from(["", "https://example.org/export", "# written by hand"]),
        "upside_down": st.booleans(),
        "blank": st.booleans(),
    }
)


def written_as(days, values, form):
    """The series as a file of that form."""

    def cell(text):
        return f'"{text}"' if form["quotes"] or form["parted"] in text else text

    def date(day):
        if form["dates"] == "unix":
            return str(int(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC).timestamp()))
        return day.strftime(FORMATS[form["dates"]])

    def number(value):
        text = f"{value:,.4f}" if form["apart"] else f"{value:.4f}"
        return (
            text
            if form["decimal"] == "."
            else text.replace(",", " ").replace(".", ",").replace(" ", ".")
        )

    rows = [[date(day), number(value)] for day, value in zip(days, values, strict=True)]
    rows = [list(form["header"]), *(rows[::-1] if form["upside_down"] else rows)]
    if form["index"]:
        rows = [["", *rows[0]], *([str(i), *row] for i, row in enumerate(rows[1:]))]
    lines = [
        form["parted"].join([cell(text) for text in row] + [""] * form["trailing"]) for row in rows
    ]
    lines = [line for line in (form["above"], *lines) if line]
    return (form["end"] * (1 + form["blank"])).join([*lines, ""]).encode(form["encoding"])


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    form=WORD,
    first=st.dates(dt.date(2011, 1, 1), dt.date(2026, 1, 1)),
    seed=st.integers(0, 10**6),
    count=st.integers(32, 60),
)
def test_any_form_of_writing_gives_the_same_series(tmp_path, form, first, seed, count):
    generator = np.random.default_rng(seed)
    values = np.round(
        10.0 ** generator.uniform(-2, 4)
        * np.exp(np.cumsum(0.03 * generator.standard_normal(count))),
        4,
    )
    days = [first + dt.timedelta(days=i) for i in range(count)]
    file = tmp_path / "token.csv"
    file.write_bytes(written_as(days, values, form))
    found = read_prices(file)
    assert found.dates == tuple(days)
    np.testing.assert_array_equal(found.values, values)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=st.permutations(range(40)))
def test_shuffled_rows_are_refused_or_sorted_as_chosen(tmp_path, order):
    rows = [f"{DAYS[i]},{CLOSE[i]}" for i in order]
    file = write(tmp_path, "\n".join(["date,price", *rows]))
    if list(order) not in (sorted(order), sorted(order, reverse=True)):
        with pytest.raises(InputError, match=r"expected increasing dates \(or `unsorted` sort\)"):
            read_prices(file)
    found = read_prices(file, choices={"unsorted": "sort"})
    assert found.dates == tuple(DAYS[:40])
    np.testing.assert_array_equal(found.values, CLOSE[:40])

"""Tables and maps on a terminal: they fit its width, and no number or interval is broken."""

import io
import re
import string

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from tokenomics.results.metrics import METRICS
from tokenomics.results.terminal import Fitted
from tokenomics.results.terminal_map import LETTERS, LOST, TerminalMap
from tokenomics.shown import readable


def shown(what, width=80, encoding="utf-8", **how):
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")
    Console(file=out, width=width, **how).print(what)
    out.flush()
    return out.buffer.getvalue().decode(encoding)


def table(random, columns, rows):
    """Cells of numbers, intervals, words and texts."""

    def number():
        return readable(float(random.normal() * 10.0 ** random.integers(-3, 9)))

    def words():
        letters = random.choice(list(string.ascii_lowercase + "_."), random.integers(1, 40))
        return "".join(letters) + " of a kind" * int(random.integers(0, 4))

    kinds = [
        number,
        lambda: f"[{number()}, {number()}]",
        lambda: f"{number()} [{number()}, {number()}]",
        words,
    ]
    chosen = random.integers(0, len(kinds), columns)
    return [[kinds[k]() for k in chosen] for _ in range(rows)]


@pytest.mark.parametrize("seed", range(20))
def test_a_table_fits_the_width_and_breaks_no_number_and_no_interval(seed):
    random = np.random.Generator(np.random.Philox(seed))
    rows = table(random, int(random.integers(2, 9)), 5)
    for width in (60, 80, 100, 140):
        names = ["first", *(f"column {i}" for i in range(1, len(rows[0])))]
        text = shown(Fitted("", names, rows), width)
        assert max(map(len, text.splitlines())) <= width
        assert "\x1b" not in text
        for row in rows:
            for cell in row:
                for atom in re.findall(r"\[[^\]]*\]|(?<!\S)-?\d[\d.,e+-]*(?!\S)", cell):
                    assert atom in text, (width, atom)
    # every letter is there, the first column once for each part
    letters = sum(len(cell.replace(" ", "")) for row in rows for cell in row)
    wide = shown(Fitted("", [""] * len(rows[0]), rows), 10_000)
    assert len(re.sub(r"\s", "", wide)) == letters


def test_a_spare_column_is_there_where_the_others_stay_whole():
    columns, rows = ("key", "words", "value"), [("a_key", "a few words of it", "[1, 2]")]
    for width in range(14, 40):
        text = shown(Fitted("", columns, rows, spare=["words"]), width)
        assert ("few" in text) == (width >= 20)  # of "a_key", "words", "[1, 2]" and two gaps
        assert "[1, 2]" in text and "a_key" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1_982_345.0, "1,982,000"),
        (-10_224.0, "-10,220"),
        (9_999.0, "9999"),
        (0.00053239, "0.0005324"),
        (2.5e13, "2.5e+13"),
        (float("nan"), "nan"),
    ],
)
def test_a_number_is_written_without_an_exponent_where_one_reads_it(value, text):
    assert readable(value) == text


def grid(values):
    """A grid's points as a sweep has them. values: rows of y by columns of x."""
    return pd.DataFrame(
        [
            {"x": float(i), "y": float(j), "max_drawdown": value}
            for j, row in enumerate(values)
            for i, value in enumerate(row)
        ]
    )


def drawn(values, **how):
    text = shown(TerminalMap(grid(values), "max_drawdown", "x", "y", "all"), **how)
    return text, text.splitlines()[2:-2]


def test_a_map_has_low_below_and_to_the_left_and_its_darkest_letter_where_the_mean_is_highest():
    values = np.add.outer(np.arange(4.0), np.arange(5.0))
    for encoding in ("utf-8", "ascii"):
        text, rows = drawn(values, encoding=encoding)
        cells = [row.split(" ", 1)[1].lstrip() for row in rows]
        shades = text.splitlines()[-1].split(" ")[1][::2]
        assert (cells[-1][0], cells[0][-1]) == (shades[0], shades[-1])
        order = [[shades.index(letter) for letter in row] for row in cells[::-1]]
        assert (np.diff(order, axis=0) >= 0).all() and (np.diff(order, axis=1) >= 0).all()
    assert shades == LETTERS
    assert METRICS["max_drawdown"].label in text


def test_a_map_has_colours_only_on_a_terminal_that_wants_them(monkeypatch):
    values = [[0.0, 1.0], [0.5, np.nan]]
    terminal = {"force_terminal": True, "color_system": "truecolor"}
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[48;2;68;1;84m" in drawn(values, **terminal)[0]
    plain, rows = drawn(values, no_color=True, **terminal)
    assert "\x1b[48" not in plain and LOST in rows[0]
    assert "no run was finished" in plain


def test_a_large_map_leaves_values_out_and_says_so():
    text, rows = drawn(np.add.outer(np.arange(50.0), np.arange(200.0)), width=80)
    assert len(rows) == 20 and max(map(len, text.splitlines())) <= 80
    assert "drawn: 20 of 50 rows, 77 of 200 columns" in " ".join(text.split())


def test_what_names_a_row_is_whole_up_to_half_the_width():
    name = "/folder/of/two_crashes.yaml"
    rows = [(name, "0.1308 [0.03151, 0.2301]", "a text that is long enough to be folded")]
    assert name in shown(Fitted("", ("point", "mean", "text"), rows), width=60)

"""Every command that reads prices reads them through the same checks: what one refuses no other
takes, but for what is stated here.
"""

import datetime as dt
import math

import numpy as np
import pytest

from paths import command, commands

FIRST, COUNT, PLACE = dt.date(2021, 1, 1), 330, 80
REST = ("--days", "110", "--engine", "ensemble", "--out", "o", "--no-figures", "--json")
READERS = {
    "run": ("run", "--prices", "p.csv", *REST),
    "run, index": (
        *("run", "--prices", "other.csv", "--index", "p.csv"),
        *("--set", "market_factor.beta=1", *REST),
    ),
    "validate": (
        *("validate", "--history", "p.csv", "--policy", "pid", "--from", "2021-09-10"),
        *("--horizon", "2", "--runs", "20", "--arms", "2", "--json"),
    ),
    "velocity": ("velocity", "p.csv", "--from", "2021-03-02", "--to", "2021-04-30", "--json"),
    "calibrate prices": ("calibrate", "prices", "p.csv", "--bootstrap", "0", "--json"),
    "calibrate factor, token": ("calibrate", "factor", "p.csv", "other.csv", "--json"),
    "calibrate factor, index": ("calibrate", "factor", "other.csv", "p.csv", "--json"),
    "calibrate economy": ("calibrate", "economy", "p.csv", "--runs", "20", "--json"),
    "score": ("score", "f.csv", "p.csv", "--day-zero", "2021-01-01", "--json"),
    "score, token_price": ("score", "f.csv", "t.csv", "--day-zero", "2021-01-01", "--json"),
}


def at(place, change):
    """One price changed."""
    return lambda rows: [
        (day, change(price) if i == place else price) for i, (day, price) in enumerate(rows)
    ]


# what is wrong, and the line of it
DEFECTS = {
    "a first row 6.6 log points above": (at(0, lambda p: p * math.exp(6.6)), 2),
    "a first row 6.6 log points below": (at(0, lambda p: p * math.exp(-6.6)), 2),
    "an isolated price": (at(PLACE, lambda p: 30.0 * p), PLACE + 2),
    "another unit from a day on": (
        lambda rows: [(d, p * (100.0 if i >= PLACE else 1.0)) for i, (d, p) in enumerate(rows)],
        PLACE + 2,
    ),
    "a day missing": (lambda rows: rows[:PLACE] + rows[PLACE + 1 :], PLACE + 2),
    "an empty cell": (at(PLACE, lambda p: ""), PLACE + 2),
    "a date twice": (lambda rows: rows[: PLACE + 1] + rows[PLACE:], PLACE + 3),
    "dates out of order": (
        lambda rows: [*rows[:PLACE], rows[PLACE + 1], rows[PLACE], *rows[PLACE + 2 :]],
        PLACE + 3,
    ),
    "a zero": (at(PLACE, lambda p: 0.0), PLACE + 2),
    "a negative price": (at(PLACE, lambda p: -p), PLACE + 2),
    "text": (at(PLACE, lambda p: "about 1"), PLACE + 2),
    "an infinite price": (at(PLACE, lambda p: "inf"), PLACE + 2),
    "several rows a day": (
        lambda rows: [(f"{d} {hour:02}:00", p) for d, p in rows for hour in (0, 12)],
        3,
    ),
    "weeks": (
        lambda rows: [(FIRST + dt.timedelta(7 * i), p) for i, (_, p) in enumerate(rows)],
        3,
    ),
    "prices that stand still": (
        lambda rows: [(d, rows[50][1] if 50 <= i < 230 else p) for i, (d, p) in enumerate(rows)],
        None,
    ),
}
# a forecast is scored on the days that are there
TAKEN = {
    (defect, reader)
    for defect in ("a day missing", "an empty cell", "weeks")
    for reader in ("score", "score, token_price")
}
# no distribution of returns is estimated or scored by these
TAKEN |= {
    ("prices that stand still", reader)
    for reader in ("run", "run, index", "velocity", "score", "score, token_price")
}


def write(folder, rows):
    """The files that the commands read, with a column a role where one is wanted."""

    def table(name, head, lines):
        (folder / name).write_text("\n".join([head, *lines]) + "\n")

    table("p.csv", "date,price,volume,fees,burned", (f"{day},{price},9,3,2" for day, price in rows))
    table("t.csv", "date,token_price", (f"{day},{price}" for day, price in rows))
    table("other.csv", "date,value", (f"{day},{price**0.5}" for day, price in sound()))
    days = (FIRST + dt.timedelta(i) for i in range(1, 320))
    cells = (f"token_price,{day},{q},{1 + q}" for day in days for q in (0.1, 0.5, 0.9))
    table("f.csv", "variable,date,quantile,value", cells)


def sound(count=COUNT):
    prices = np.exp(np.cumsum(np.random.default_rng(1).normal(0.0, 0.04, count)))
    return [(FIRST + dt.timedelta(i), float(price)) for i, price in enumerate(prices)]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("defect", DEFECTS)
def test_what_one_command_refuses_no_other_takes(tmp_path, defect, reader):
    change, line = DEFECTS[defect]
    write(tmp_path, change(sound()))
    status, _, error = command(*READERS[reader], folder=tmp_path)
    if (defect, reader) in TAKEN:
        assert status == 0, error
        return
    assert status == 2 and error.count("\n") == 1, error
    file = "t.csv" if reader == "score, token_price" else "p.csv"
    assert error.startswith(f"error: {file}:{line}: " if line else f"error: {file}: "), error


@pytest.mark.parametrize(
    "reader", [r for r in READERS if r not in ("validate", "calibrate economy")]
)
def test_a_sound_file_is_taken(tmp_path, reader):
    write(tmp_path, sound())
    status, _, error = command(*READERS[reader], folder=tmp_path)
    assert status == 0, error


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("reader", [r for r in READERS if r != "run, index"])
def test_rows_before_the_first_close_and_after_the_last_are_no_days_of_it(tmp_path, reader):
    """A listing that began later than its file: every command begins with its first close."""
    days = [f"{FIRST - dt.timedelta(5 - i)}" for i in range(5)]
    after = f"{FIRST + dt.timedelta(COUNT)}"
    write(tmp_path, [*((day, "") for day in days), *sound(), (after, "")])
    # the volatility need not be fitted to see what was read
    words = [*READERS[reader], *("--volatility", "constant") * (reader == "calibrate economy")]
    status, out, error = command(*words, folder=tmp_path)
    if reader == "calibrate economy":
        # its days are read, and are too few to fit
        assert (status, out[:9]) == (2, '{\n  "erro') and f"{COUNT - 1} daily returns;" in error
        return
    assert status == 0, error
    if reader.startswith("score"):
        assert "left out, without a number or a day" in out
        return
    assert "5 rows without a price before the first one, of 2021-01-01, left out: line 2" in out
    assert (
        f"1 row without a price after the last one, of 2021-11-26, left out: line {7 + COUNT}"
        in out
    )


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (READERS["run"] + ("--start", "2020-12-30"), "--start"),
        (READERS["validate"] + ("--history-from", "2020-12-30"), "--history-from"),
        (READERS["calibrate prices"] + ("--from", "2020-12-30"), "--from"),
    ],
)
def test_a_window_begins_with_the_first_close_at_the_earliest(tmp_path, words, option):
    write(tmp_path, [("2020-12-30", ""), ("2020-12-31", ""), *sound()])
    status, _, error = command(*words, folder=tmp_path)
    assert status == 2
    expected = "2020-12-30 is outside of the history; expected 2021-01-01 to 2021-11-26"
    assert error == f"error: p.csv: {option}: {expected}\n"


@pytest.mark.slow
def test_a_back_test_may_begin_after_a_gap(tmp_path):
    rows = sound(400)
    later, _ = rows[PLACE + 1]
    write(tmp_path, rows[:PLACE] + rows[PLACE + 1 :])
    words = ["2021-12-01" if word == "2021-09-10" else word for word in READERS["validate"]]
    status, _, error = command(*words, folder=tmp_path)
    assert status == 2
    assert "choose a window without the gap by --history-from and --to" in error
    status, out, error = command(*words, "--history-from", later, folder=tmp_path)
    assert status == 0, error
    assert f'"first": "{later}"' in out


MENDS = {
    "a first row 6.6 log points above": ("--absurd", "keep"),
    "a date twice": ("--duplicates", "first"),
    "dates out of order": ("--unsorted", "sort"),
    "several rows a day": ("--daily", "close"),
}


@pytest.mark.slow_after(5)
@pytest.mark.parametrize("defect", MENDS)
@pytest.mark.parametrize("reader", ["run", "score", "score, token_price"])
def test_a_choice_makes_a_file_taken_everywhere(tmp_path, defect, reader):
    write(tmp_path, DEFECTS[defect][0](sound()))
    status, _, error = command(*READERS[reader], *MENDS[defect], folder=tmp_path)
    # a market that cannot follow such a price is no matter of the file
    assert status == 0 or (reader == "run" and "the market cannot reach" in error), error


@pytest.mark.parametrize("option", [mend[0] for mend in MENDS.values()])
def test_every_command_that_reads_prices_offers_the_choices(option):
    offered = {" ".join(path): [p.opts[0] for p in one.params] for path, one in commands()}
    for reader in {name.split(",")[0] for name in READERS}:
        # volume and fees are sums of a day, so that no last row is one
        assert (option in offered[reader]) == ((option, reader) != ("--daily", "velocity"))


def test_what_a_command_does_not_offer_is_not_advised(tmp_path):
    write(tmp_path, DEFECTS["several rows a day"][0](sound()))
    _, _, error = command(*READERS["velocity"], folder=tmp_path)
    assert error.endswith("expected one close a day\n")


def test_what_is_left_out_of_a_scored_history_is_said(tmp_path):
    write(tmp_path, DEFECTS["a zero"][0](sound()))
    status, out, error = command(*READERS["score"], "--nonpositive", "drop", folder=tmp_path)
    assert status == 0, error
    assert "price not above zero, dropped: 1 row: line 82" in out

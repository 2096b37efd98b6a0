"""Numbers that commands take: every one has a bound, with its reason, and what is out of it is
refused before anything is done.
"""

import inspect
import re
from typing import get_args, get_type_hints

import pytest

from paths import command, commands
from tokenomics.errors import InputError
from tokenomics.inputs import bounds

HUGE = ("1" + "0" * 30, "-" + "1" * 25, "18446744073709551616")
BEYOND = ("nan", "inf", "-inf", "1e308", "-1e308")
# a way to call each command that has what it must have
WHOLE = {"venues": ["--workload", "chat"], "capacity frontier": ["--hardware", "h100"]}
WHOLE |= {"protocols replay": ["--history", "x"]}
WHOLE |= {"validate": ["--history", "x", "--policy", "pid", "--from", "2020-01-01"]}


def plain(kind):
    """The type of one value of an option, without its None and its list."""
    inner = [one for one in get_args(kind) if one is not type(None)]
    return plain(inner[0]) if inner else kind


def numeric():
    for path, found in commands():
        kinds = get_type_hints(inspect.unwrap(found.callback))
        for option in found.params:
            if plain(kinds.get(option.name)) in (int, float):
                yield path, found, option, plain(kinds[option.name]) is int


CASES = {
    f"{' '.join(path)} {option.opts[0]}": (path, found, option, whole)
    for path, found, option, whole in numeric()
}


def test_there_are_the_numbers_that_there_are():
    assert len(CASES) > 50
    assert {
        "run --every",
        "capacity benchmark --seconds",
        "calibrate economy --holdout",
        "verify --sample",
    } <= set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_number_beyond_its_bounds_is_refused_before_anything_is_done(name):
    path, found, option, whole = CASES[name]
    needed = [
        f"x{i}"
        for i, p in enumerate(found.params)
        if p.param_type_name == "argument" and p.required
    ]
    for value in (*HUGE, *BEYOND, *(("1.5", "true") if whole else ())):
        words = [*needed, *WHOLE.get(" ".join(path), []), f"{option.opts[0]}={value}"]
        # parsing alone: no command has begun
        try:
            found.make_context(path[-1], words)
        except InputError as error:
            assert error.argument == option.name
        except Exception as error:
            # typer's own, which is no number to it
            assert re.search(rf"'{option.opts[0]}'.*valid", error.format_message())
        else:
            pytest.fail(f"{value} is taken")


@pytest.mark.parametrize(
    ("value", "bound", "said"),
    [
        (
            10**9,
            bounds.RUNS,
            (
                r"1,000,000,000; expected a whole number from 1 to 1,000,000 runs \(the mean of a "
                r"million"
            ),
        ),
        (
            2**64,
            bounds.SEED,
            r"18,446,744,073,709,551,616; expected a whole number from 0 to 2\*\*64 - 1 \(",
        ),
        (True, bounds.RUNS, "True; expected"),
        (2.5, bounds.REPEATED, "2.5; expected a whole number from 2 to [0-9,]+ runs$"),
        (1.0, bounds.RUNS, "1; expected a whole number"),
        (float("nan"), bounds.DAYS, "nan; expected a number above 0 and at most 36,525 days"),
        (0.0, bounds.DAYS, "0; expected"),
        (19, bounds.HISTORIES, r"19; expected .* 100,000 histories \(fewer add"),
        (10**6, bounds.HISTORIES, r"1,000,000; expected .* 100,000 histories \(the mean"),
        (-1, bounds.SEED, r"-1; expected a whole number from 0 to 2\*\*64 - 1$"),
        (10**300, bounds.SEED, "a whole number of about 300 digits"),
        ("x", bounds.SEED, "'x'; expected"),
    ],
)
def test_what_is_out_of_bounds_says_the_bounds_and_their_reason(value, bound, said):
    with pytest.raises(InputError, match=f"argument: {said}"):
        bound.check(value, "argument")


@pytest.mark.parametrize(
    "bound", [one for one in vars(bounds).values() if isinstance(one, bounds.Bound)], ids=str
)
def test_bounds_hold_their_ends(bound):
    assert bound.most in bound
    assert (bound.least in bound) is not bound.above


def test_a_command_says_the_option_and_ends_with_2(tmp_path):
    status, out, errors = command("run", "--runs", "10000000000", folder=tmp_path)
    assert (status, out) == (2, "")
    assert errors.startswith(
        "error: --runs: 10,000,000,000; expected a whole number from 1 to 1,000,000 runs ("
    )

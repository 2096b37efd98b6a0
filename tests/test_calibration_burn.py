"""Burn-and-mint from a table by month: what is found again, what cannot be told, what is refused,
and Helium's figures.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from paths import DATA, command, simulate
from tokenomics.calibration.burn.calibrate import (
    ELASTICITY,
    GROWTH,
    RATIO,
    RECOVERY,
    calibrate_burn,
    estimates,
    simulate_table,
    use_regression,
)
from tokenomics.calibration.burn.emission import EXPONENTIAL, HALF_LIFE, half_lives
from tokenomics.calibration.burn.identification import Discretionary, identification
from tokenomics.calibration.recovery import recovery_table
from tokenomics.errors import InputError
from tokenomics.histories.burns import read_burn
from tokenomics.parameters import resolve

HELIUM = DATA / "tokens" / "helium_bme_monthly.csv"
GIVEN = {
    "discretionary": 31800.0,
    "start": "2025-10",
    "end": "2025-12",
    "cap": 1643.52,
    "halvings": ("2023-08", "2025-08"),
}
OPTIONS = [
    "--discretionary",
    "31800",
    "--discretionary-from",
    "2025-10",
    "--discretionary-to",
    "2025-12",
    "--net-emission-cap",
    "1643.52",
]
HEADER = "month,burn_usd,burned,issued,price"
needs_data = pytest.mark.skipif(not HELIUM.exists(), reason="the real data are not there")


def rows(count=24):
    return [
        f"{2024 + i // 12}-{i % 12 + 1:02d},{900 + 40 * i + i * 37 % 11 * 9},"
        f"{450 - i},{3000 - 50 * i},{2 + i % 5 * 0.1}"
        for i in range(count)
    ]


def table(folder, lines, header=HEADER):
    file = folder / "months.csv"
    file.write_text("\n".join([header, *lines]) + "\n")
    return str(file)


def test_what_was_put_in_is_found_again():
    found = recovery_table(RECOVERY.truth, [RECOVERY.replicate(seed, 34) for seed in range(25)])
    assert (found["coverage"] >= 0.85).all() and (
        found["bias / standard deviation"].abs() < 0.6
    ).all()


def test_without_noise_the_estimates_are_exact():
    time = np.arange(36) / 12.0
    months, price = (
        tuple(f"{2020 + i // 12}-{i % 12 + 1:02d}" for i in range(36)),
        np.exp(0.3 * np.sin(np.arange(36.0))),
    )
    blur = 1.0 + 1e-6 * np.cos(np.arange(36.0) * 2.0)
    use, issued = (
        100.0 * price**0.7 * np.exp(0.4 * time) * blur,
        50.0 * 2.0 ** -(time * 365.0 / 500.0) * blur,
    )
    given, _ = simulate_table(0, 36)
    exact = replace(
        given, months=months, burn_usd=use, burned=use / price, issued=issued, price=price
    )
    found = {
        e.name: e.value for e in estimates(exact, Discretionary.given(exact, 0.0, None, None), 0.0)
    }
    assert found[ELASTICITY] == pytest.approx(0.7, abs=1e-4) and found[GROWTH] == pytest.approx(
        0.4, abs=1e-4
    )
    assert found[HALF_LIFE] == pytest.approx(500.0, rel=1e-3)


def test_steps_of_a_schedule_are_no_noise():
    steps, _ = simulate_table(1, 34, schedule=True)
    by_steps, by_path = half_lives(steps, 0.0, (steps.months[3], steps.months[27]))
    assert (by_steps.name, by_path.name) == (HALF_LIFE, EXPONENTIAL)
    assert by_steps.low < 730.0 < by_steps.high and by_steps.error < by_path.error


def test_constant_emission_has_no_half_life_and_leaves_the_overlay_empty(tmp_path):
    lines = [
        ",".join([*row.split(",")[:3], str(3000 + i * 7 % 5), row.split(",")[4]])
        for i, row in enumerate(rows())
    ]
    found = calibrate_burn(table(tmp_path, lines))
    half = next(e for e in found.estimates if e.name == HALF_LIFE)
    assert (
        "not told apart from a constant one" in half.problem and "emission" not in found.overlay()
    )


def test_the_share_given_moves_what_is_estimated_and_the_likelihood_does_not_settle_it():
    months, share = simulate_table(3, 34)
    known = identification(months, share, use_regression)
    by_share = known.tables["By discretionary share"]
    assert (
        by_share["growth 1/year"].is_monotonic_decreasing and (by_share[""] == "given").sum() == 1
    )
    within = by_share["log-likelihood below its best"] > -1.92
    assert within.sum() >= 2 and "never estimated" in known.said and "rank 4 of 4" in known.said


def test_a_share_taken_off_is_what_was_put_on():
    months, share = simulate_table(5, 34)
    plain = replace(months, burn_usd=share.left(months))
    none = Discretionary.given(plain, 0.0, None, None)
    with_share, without = estimates(months, share, 0.0), estimates(plain, none, 0.0)
    assert [e.value for e in with_share if e.name in (ELASTICITY, GROWTH)] == [
        e.value for e in without if e.name in (ELASTICITY, GROWTH)
    ]


def test_a_row_is_as_long_as_it_says(tmp_path):
    plain = read_burn(table(tmp_path, rows()))
    assert plain.days[:2].tolist() == [31.0, 29.0] and plain.burn_usd[0] == pytest.approx(
        900.0 / 31.0
    )
    weeks = read_burn(
        table(tmp_path, [f"{row},{4 + i % 2}" for i, row in enumerate(rows())], HEADER + ",n_weeks")
    )
    assert weeks.days[:2].tolist() == [28.0, 35.0] and "n_weeks (28 to 35 days a row)" in " ".join(
        weeks.choices
    )


def changed(line, column, value):
    lines = [row.split(",") for row in rows()]
    lines[line][column] = value
    return [",".join(row) for row in lines]


@pytest.mark.parametrize(
    ("lines", "header", "said"),
    [
        (
            rows()[:5] + rows()[6:],
            HEADER,
            r"months.csv:7: month: 2024-07 after 2024-05: 1 missing; expected each month once",
        ),
        (rows()[:5] + rows()[4:], HEADER, r"months.csv:7: month: 2024-05 again, after line 6"),
        (
            changed(2, 0, "March"),
            HEADER,
            r"months.csv:4: month: 'March' is not a date; expected YYYY-MM",
        ),
        (
            changed(2, 0, "2024-13"),
            HEADER,
            r"months.csv:4: month: '2024-13' is not a date: it does not exist",
        ),
        (changed(3, 1, "-5"), HEADER, r"months.csv:5: burn_usd: -5; expected a number > 0"),
        (changed(3, 2, "many"), HEADER, r"months.csv:5: burned: the text 'many'"),
        (changed(3, 3, ""), HEADER, r"months.csv:5: issued: an empty cell"),
        (changed(3, 4, "inf"), HEADER, r"months.csv:5: price: an infinite value"),
        ([*rows()[:3], "2024-04,1,2"], HEADER, r"months.csv:5: 3 cells; expected 5 cells"),
        (
            rows(),
            "month,burn_usd,burned,isued,price",
            (
                r"months.csv: issued: no such column; expected issued, hnt_issued.*; did you mean "
                r"'isued'"
            ),
        ),
        (
            [f"x{row}" for row in rows()],
            "x,burn_usd,burned,issued,price",
            r"months.csv:1: no column of months among x, burn_usd",
        ),
        (
            [f"{row},1,28" for row in rows()],
            HEADER + ",n_weeks,days",
            r"months.csv:1: both columns n_weeks and days",
        ),
        (
            [f"{row},9" for row in rows()],
            HEADER + ",n_weeks",
            r"months.csv:2: n_weeks: 63 days; expected at most 35",
        ),
        (
            [f"{row},1" for row in rows()],
            HEADER + ",hnt_burned",
            r"burned: both columns burned and hnt_burned",
        ),
        (rows(11), HEADER, r"11 months; expected at least 12"),
    ],
)
def test_a_bad_table_is_named_by_line(tmp_path, lines, header, said):
    with pytest.raises(InputError, match=said):
        calibrate_burn(table(tmp_path, lines, header))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"discretionary": 5.0}, "months missing"),
        ({"discretionary": -1.0}, "discretionary: -1"),
        ({"start": "2025-01"}, "discretionary: none"),
        ({"discretionary": 5.0, "start": "2025-03", "end": "2025-01"}, "2025-03 is after 2025-01"),
        (
            {"discretionary": 5.0, "start": "2023-03", "end": "2025-01"},
            "start: 2023-03; expected 2024-01 to 2025-12",
        ),
        (
            {"discretionary": 5e4, "start": "2024-03", "end": "2025-01"},
            "discretionary: 50000; expected less than what was burned in 2024",
        ),
        ({"discretionary": 5.0, "start": "soon", "end": "2025-01"}, "'soon' is not a month"),
        ({"cap": float("nan")}, "cap: nan; expected a number from 0 to 1e+18"),
        ({"cap": 1e9}, "cap: 1e+09; expected less than what is issued in 2025-12"),
        ({"halvings": ("2024-01",)}, "halvings: 2024-01; expected a month after 2024-01"),
        ({"halvings": ("2025-01", "2024-06")}, "halvings: 2024-06 after 2025-01"),
    ],
)
def test_what_is_given_has_to_fit_the_table(tmp_path, options, said):
    with pytest.raises(InputError) as error:
        calibrate_burn(table(tmp_path, changed(-1, 2, "1850")), **options)
    assert said in str(error.value)


def test_the_command_writes_an_overlay_that_runs(tmp_path):
    lines = rows(30)
    status, out, errors = command(
        "calibrate", "burn", table(tmp_path, lines), "--out", "found", "--json", folder=tmp_path
    )
    assert (status, errors) == (0, "") and json.loads(out)["estimates"][0]["name"] == ELASTICITY
    overlay = tmp_path / "found" / "overlay.yaml"
    assert json.loads(out)["overlay"]["file"] == str(Path("found") / "overlay.yaml")
    status, out, errors = command("calibrate", "burn", table(tmp_path, lines), folder=tmp_path)
    last = "no overlay: --out DIR writes one, with the estimates that the data tell"
    assert (status, errors) == (0, "") and out.splitlines()[-1] == last
    emission = resolve("baseline", overlays=(str(overlay),)).values.emission
    assert emission.schedule == "smooth" and emission.half_life != 730
    status, out, errors = command("calibrate", "burn", str(tmp_path / "none.csv"), folder=tmp_path)
    assert status == 2 and "no such file" in errors and out == ""


def test_the_shipped_overlay_runs_and_its_emission_decays():
    shipped = resolve("baseline", overlays=("helium_burn",))
    half = shipped.values.emission.half_life
    assert shipped.values.emission.schedule == "smooth"
    assert shipped.entries["emission.half_life"].source.startswith("calibrated: ")
    paths = simulate(overlays=("helium_burn",), days=50, runs=2, keep=("emission_share",))[
        "emission_share"
    ]
    assert paths[:, -1] == pytest.approx(0.5 ** (50 / half), rel=1e-9)


@needs_data
def test_helium_gives_the_shipped_overlay_and_its_known_figures():
    found = calibrate_burn(str(HELIUM), **GIVEN)
    shipped = resolve("baseline", overlays=("helium_burn",)).entries["emission.half_life"]
    assert (
        f"{found.value(HALF_LIFE):.6g}" == f"{shipped.value:.6g}"
        and found.data.sha256[:12] in shipped.source
    )
    half = next(e for e in found.estimates if e.name == HALF_LIFE)
    assert half.low < 730 < half.high and not half.problem
    ratio = (months := read_burn(str(HELIUM))).burned / months.issued
    for month, known in {
        "2023-05": 0.013,
        "2024-11": 0.14,
        "2025-06": 0.376,
        "2025-10": 1.57,
    }.items():
        assert ratio[months.months.index(month)] == pytest.approx(known, abs=0.005)
    text = "\n".join([*found.notes, *found.data.choices])
    assert "2025-06 (-16 %)" in text and "2024-12 (2.18 x)" in text
    assert (
        "column 'bme' is not used: burned/issued is worked out, and it agrees with it in all rows"
        in text
    )
    assert (
        "more was burned than issued, so that net emission is negative and has no half-life: "
        "2025-10, 2025-12, 2026-01, 2026-02"
    ) in text
    spread = found.tables["By period"]
    assert spread["low"].min() == 0.0 and spread["high"].max() > 31800.0, (
        "the share depends on when it is said to have begun"
    )
    assert [e.name for e in found.estimates] == [ELASTICITY, GROWTH, RATIO, HALF_LIFE, EXPONENTIAL]


@needs_data
def test_the_command_says_that_the_share_is_given(tmp_path):
    status, out, _ = command("calibrate", "burn", HELIUM, *OPTIONS, folder=tmp_path)
    assert status == 0
    assert "discretionary burn taken off as given: 31800 USD/day, 2025-10 to 2025-12" in out
    assert "34 points cannot tell elasticity, growth and share all three" in out

"""LIP-107: the bounds of its rule to the digit of what was published, and the command."""

import json

import numpy as np
import pytest

from paths import DATA, command
from tokenomics.calibration.bonding.calibrate import calibrate_bonding
from tokenomics.calibration.bonding.response import drive
from tokenomics.papers import lip107, reproduce
from tokenomics.papers.reproduction import settings

VALUES = {path: leaf.value for path, leaf in settings("lip107").items()}


@pytest.fixture(scope="module")
def found():
    return reproduce("lip107", runs=100)


@pytest.mark.parametrize(("change", "published"), [(500, 11.8224387552), (700, 11.240424425)])
def test_the_least_dilution_is_that_of_the_published_box_plot_and_tells_its_start(
    change, published
):
    def least(start):
        return lip107.bound(start, change, 263, 207, True)

    assert least(687_500) == pytest.approx(published, abs=1e-8)
    assert abs(least(687_000) - published) > 5e-3 < abs(least(688_000) - published)


def test_a_bound_is_a_product_of_growth():
    inflation = 600_000 + 500 * np.arange(10)
    grown = np.prod(1.0 + inflation[-4:] * 1e-9)
    assert lip107.bound(600_000, 500, 10, 4, False) == pytest.approx(100 * (1 - 1 / grown))


@pytest.mark.parametrize("holders", lip107.HOLDERS)
def test_dilution_stays_within_the_bounds_of_the_rule(holders):
    for target, change in ((500_000_000, 500), (460_000_000, 700)):
        dilution, months = lip107.simulated(VALUES, target, change, holders, 50, 1)
        args = (VALUES["start.inflation"], change, 263, 207)
        assert lip107.bound(*args, True) - 1e-9 <= dilution.min()
        assert dilution.max() <= lip107.bound(*args, False) + 1e-9
        assert months.shape == (50, 6)


def test_every_claim_has_its_verdict(found):
    told = [claim.verdict for claim in found.claims]
    assert told[:2] == ["confirmed", "confirmed"]
    assert told[2] == told[5] == "undecided"
    assert all(claim.evidence for claim in found.claims)
    assert all(leaf.unit and leaf.source for leaf in settings("lip107").values())


def test_the_command_prints_json(tmp_path):
    status, out, _ = command("reproduce", "lip107", "--runs", "20", "--json", folder=tmp_path)
    assert status == 0
    assert len(json.loads(out)["tables"]) == 3


def test_the_settings_are_what_the_record_gives():
    file = DATA / "protocols" / "livepeer_rounds_2023_2024.csv"
    if not file.is_file():
        pytest.skip("the recorded rounds are not here")
    _, fitted, _ = calibrate_bonding(file)
    assert fitted.value[1] == pytest.approx(VALUES["response.speed"], abs=1e-5)
    assert fitted.value[2] == pytest.approx(VALUES["response.gain"], abs=1e-5)
    assert fitted.sampled[:, 1].std() == pytest.approx(VALUES["response.speed_error"], rel=1e-3)
    assert fitted.sampled[:, 2].std() == pytest.approx(VALUES["response.gain_error"], rel=1e-3)
    together = np.corrcoef(fitted.sampled[:, 1], fitted.sampled[:, 2])[0, 1]
    assert together == pytest.approx(VALUES["response.correlation"], abs=1e-3)
    earned = drive("logistic", fitted.on.inflation, fitted.on.share)
    assert fitted.on.share.mean() == pytest.approx(VALUES["response.share"], abs=5e-5)
    assert earned.mean() == pytest.approx(VALUES["response.yield"], abs=5e-5)
    ends = np.sort(fitted.residuals - fitted.residuals.mean())[[0, -1]]
    assert ends == pytest.approx(np.array(VALUES["noise.values"])[[0, -1]], abs=1e-5)
    assert fitted.on.rounds.sum() == VALUES["response.rounds"]
    spread = np.repeat(VALUES["noise.values"], VALUES["noise.counts"]).std()
    assert spread == pytest.approx(fitted.residuals.std(), rel=0.01)

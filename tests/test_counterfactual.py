"""What another version of Livepeer's rule would have done: the record comes back exactly, the
arithmetic is by hand, the response of bonding is recovered, and nothing else is taken for it.
"""

import csv
import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import tokenomics as tk
from paths import DATA, command
from tokenomics.calibration.bonding.calibrate import RECOVERY, simulated
from tokenomics.calibration.bonding.counterfactual import _minting
from tokenomics.calibration.bonding.response import BondingFit, deviating, drive, fit
from tokenomics.calibration.recovery import recover
from tokenomics.errors import InputError
from tokenomics.forecasts.bonding import TABLE, calibrate_and_score
from tokenomics.histories.recorded_steps import read_recorded
from tokenomics.protocols.cosmos import COSMOS, CosmosInputs, CosmosState
from tokenomics.protocols.cosmos import step as cosmos_step
from tokenomics.protocols.counterfactual import Setting, counterfactual_path, exogenous
from tokenomics.protocols.livepeer import (
    LIVEPEER,
    PERC_DIVISOR,
    LivepeerInputs,
    LivepeerParameters,
    LivepeerState,
    step,
)
from tokenomics.protocols.minting import (
    ROUNDS,
    ConstantMinting,
    CosmosMinting,
    CosmosRound,
    LivepeerMinting,
)
from tokenomics.protocols.replay import replay
from tokenomics.protocols.rule import Row

FILE = DATA / "protocols" / "livepeer_rounds_2023_2024.csv"
ACTED = LIVEPEER.version("LIP-40").parameters
recorded = pytest.mark.skipif(not FILE.is_file(), reason="the recorded rounds are not here")


def walked(shares, other=0, seen=None):
    """Rows of the rule on given shares bonded; all that is mintable is minted, and `other` beside.
    seen: rounds that each row spans, one by default.
    """
    supply, inflation, rows = 10**26, 300_000, []
    for clock, share in enumerate(shares):
        inputs = LivepeerInputs(int(share * PERC_DIVISOR) * supply // PERC_DIVISOR, supply)
        state = LivepeerState(inflation, supply * inflation // PERC_DIVISOR)
        rows.append(Row(clock, state, inputs, clock + 2))
        for _ in range(seen[clock] if seen else 1):
            supply += state.mintable
            state = step(state, inputs, ACTED)
        inflation, supply = state.inflation, supply + other
    return rows


SHARES = 0.5 + 0.06 * np.sin(np.arange(300) / 9.0) + 0.01 * np.cos(np.arange(300) * 1.7)


def ends(rows, parameters, response=None, **more):
    outside = exogenous(rows, replay(LIVEPEER, rows))
    told = {} if response is None else {"response": response}
    minting = LivepeerMinting(parameters) if isinstance(parameters, tuple) else parameters
    return counterfactual_path(rows, outside, minting, **told, **more)


@pytest.mark.parametrize("other", [0, -(10**19)])
@pytest.mark.parametrize("odds", [True, False])
def test_the_rule_that_acted_gives_the_record_whatever_the_response(other, odds):
    seen = [(i % 7 != 3) + (i % 5 == 2) for i in range(len(SHARES))]
    rows = walked(SHARES, other, seen)
    rows[100] = rows[100]._replace(state=rows[100].state._replace(inflation=123_456))  # unexplained
    form = "logistic" if odds else "elasticity"
    path = ends(rows, ACTED, deviating(form, 0.05, 0.2), odds=odds)
    assert [(row.inflation, row.supply, row.bonded) for row in path] == [
        (row.state.inflation, row.inputs.supply, row.inputs.bonded) for row in rows
    ]


def test_a_target_that_is_never_met_is_arithmetic():
    rows = walked(SHARES)
    never = LivepeerParameters(PERC_DIVISOR, 700)
    path, supply = ends(rows, never), rows[0].inputs.supply
    for at, row in enumerate(path):
        assert row.inflation == 300_000 + 700 * at
        assert row.supply == supply
        supply += supply * row.inflation // PERC_DIVISOR
    assert path[-1].minted == path[-1].supply - path[0].supply


def test_a_row_that_repeats_the_one_before_makes_no_step_and_one_of_two_rounds_makes_two():
    seen = [1, 0, 2, 1, 1]
    rows = walked([0.4] * 5, seen=seen)
    path = ends(rows, LivepeerParameters(500_000_000, 700))
    assert np.diff([row.inflation for row in path]).tolist() == [700, 0, 1_400, 700]


@pytest.mark.parametrize("share", [0.0, 0.5, 0.67, 0.8, 1.0])
@pytest.mark.parametrize("start", [70, 70.0001, 85, 99.9999, 100, 124])  # [1e-3/year]
def test_a_round_of_cosmos_is_its_blocks(share, start):
    p = COSMOS.version().parameters._replace(blocks=40_000)
    supply, mints = 10**26, CosmosMinting(p)
    inputs = LivepeerInputs(int(share * 10**6) * supply // 10**6, supply)
    before = CosmosRound(int(start * 10**6) * 10**9, 7)
    state, minted = CosmosState(before.inflation, 0, 0), 0
    blocks = int(8 * p.blocks / ROUNDS) - int(7 * p.blocks / ROUNDS)
    for _ in range(blocks):
        state = cosmos_step(state, CosmosInputs(*inputs), p)
        minted += state.minted
    assert mints.after(before, inputs, None) == (state.inflation, 8)
    assert 0 <= mints.minted(before, inputs) - minted <= blocks  # each block is cut


def test_cosmos_on_recorded_rounds_keeps_its_bounds_and_its_year():
    p = COSMOS.version().parameters
    rows = walked(np.full(830, 0.4))  # below the goal throughout
    path = ends(rows, CosmosMinting(p))
    # LIP-40 mints 12.4 % a year at the start, above the Hub's bound
    assert path[0].inflation == pytest.approx(300_000)
    assert all(row.inflation * ROUNDS == pytest.approx(1e8) for row in path[1:])
    assert path[-1].supply / path[0].supply == pytest.approx(1.1**2, rel=0.01)
    falling = ends(walked(np.full(60, 0.9)), CosmosMinting(p))
    assert falling[-1].inflation * ROUNDS == pytest.approx(0.7e8)


def test_a_constant_emission_is_constant_and_a_rate_is_one_of_the_first_supply():
    seen = [1, 0, 2, 1, 1]
    rows = walked([0.4] * 5, other=5, seen=seen)
    first = rows[0].inputs.supply * rows[0].state.inflation // PERC_DIVISOR
    path = ends(rows, ConstantMinting())
    assert np.diff([row.minted for row in path]).tolist() == [first, 0, 2 * first, first]
    assert path[-1].supply - path[0].supply == 4 * first + 4 * 5
    held = ends(walked(SHARES), ConstantMinting(Fraction(1, 10)))
    wanted = held[0].supply * 299 / 414.7 / 10
    assert held[-1].minted == pytest.approx(wanted, rel=1e-9)
    assert held[-1].inflation < held[0].inflation  # of a larger supply


def test_two_rounds_across_the_target_are_no_row_without_a_round():
    here, there = walked([0.52, 0.48])
    down = step(here.state, here.inputs, ACTED)
    supply = here.inputs.supply + here.state.mintable + down.mintable
    inputs = LivepeerInputs(48 * supply // 100, supply)
    rows = [here, there._replace(state=step(down, inputs, ACTED), inputs=inputs)]
    assert rows[1].state.inflation == rows[0].state.inflation
    told = exogenous(rows, replay(LIVEPEER, rows))
    assert told == [((0, 1), 0, 0, None)]
    # in a row without a round nothing is minted
    still = [
        here,
        here._replace(clock=1, inputs=here.inputs._replace(bonded=here.inputs.bonded + 1)),
    ]
    assert exogenous(still, replay(LIVEPEER, still)) == [((), 0, 0, None)]


def test_less_yield_means_less_bonding_and_the_share_stays_a_share():
    rows = walked(SHARES)
    steep = LivepeerParameters(0, 5_000)  # inflation falls to none
    held = ends(rows, steep)
    for form, odds in (("logistic", True), ("elasticity", False)):
        path = ends(rows, steep, deviating(form, 0.05, 0.5), odds=odds)
        assert path[-1].inflation == held[-1].inflation == 0
        assert 0 <= path[-1].bonded < 0.9 * held[-1].bonded
        rising = ends(
            rows, LivepeerParameters(PERC_DIVISOR, 50_000), deviating(form, 0.05, 9.0), odds=odds
        )
        assert all(0 <= row.bonded <= row.supply for row in rising)


def test_a_side_is_known_for_targets_beyond_the_recorded_one_alone():
    def moves(share, recorded_move, target):
        rows = walked([share] * 3)
        inflation = rows[1].state.inflation + recorded_move
        rows[2] = rows[2]._replace(state=rows[2].state._replace(inflation=inflation))
        path = ends(rows, LivepeerParameters(target, 700))
        assert ends(rows, ACTED)[2].inflation == inflation
        return path[2].inflation - path[1].inflation

    # the day's share is below the target, and the record fell: bonding was above half
    assert moves(0.48, -500, 500_000_000) == moves(0.48, -500, 490_000_000) == -700
    assert moves(0.48, -500, 510_000_000) == 700
    # and the other way round
    assert moves(0.52, 500, 500_000_000) == moves(0.52, 500, 510_000_000) == 700
    assert moves(0.52, 500, 490_000_000) == -700
    # what no step of the rule gives is a jump
    assert moves(0.48, -2_000, 500_000_000) == 700 - 2_500


@pytest.mark.parametrize(("jump", "end"), [(10**6, 310_000), (-(10**6), 290_000)])
def test_inflation_keeps_a_versions_bounds_after_a_jump(jump, end):
    rows = walked([0.4] * 3)
    inflation = rows[1].state.inflation + jump
    rows[2] = rows[2]._replace(state=rows[2].state._replace(inflation=inflation))
    bounded = LivepeerParameters(500_000_000, 700, 290_000, 310_000)
    assert ends(rows, bounded)[2].inflation == end


@pytest.mark.parametrize("form", ["logistic", "elasticity"])
def test_a_deviation_goes_back_and_the_yield_moves_it_each_round_of_a_row(form):
    answer, one = deviating(form, 0.1, 0.2), Setting(0.5, 500e-6)
    assert answer(1.0, 1, one, one) == pytest.approx(0.9)
    assert answer(1.0, 3, one, one) == pytest.approx(0.7)
    twice = Setting(0.5, 1_000e-6)
    more = float(drive(form, np.float64(1_000e-6), 0.5) - drive(form, np.float64(500e-6), 0.5))
    assert answer(0.0, 2, one, twice) == pytest.approx(2 * 0.2 * more)
    asked = []
    rows = walked([0.4] * 5, seen=[1, 0, 2, 1, 1])
    ends(rows, ACTED, lambda deviation, rounds, *settings: asked.append(rounds) or 0.0)
    assert asked == [1, 2, 1]


def history_of(file):
    rows, _ = read_recorded(LIVEPEER, file)
    return rows, exogenous(rows, replay(LIVEPEER, rows))


@pytest.mark.slow
def test_the_response_is_recovered_where_there_is_one():
    told = recover("bonding", replications=40, count=800).set_index("parameter")
    for name in list(RECOVERY.truth)[:2]:
        row = told.loc[name]
        # 91 to 92 % of 300 histories of 400 rounds: somewhat narrow, as the documents say
        assert row["coverage high"] > 0.9 and row["coverage"] > 0.75, name
        assert abs(row["bias / standard deviation"]) < 0.8, name


def test_what_is_drawn_is_what_a_model_can_take():
    found = fit(simulated(3, 200), draws=199)
    speed, gain = found.usable[:, 1], found.usable[:, 2]
    assert speed.min() >= 1.0 / 200 and speed.max() <= 1.0 / 3.0 and gain.min() >= 0.0
    again = BondingFit("logistic", simulated(3, 200), 0, 199)
    np.testing.assert_array_equal(found.sampled, again.sampled)
    assert (found.value != found.plain).all()


def test_a_draw_in_which_more_yield_means_less_bonding_is_no_response():
    found = fit(simulated(3, 200), draws=3)
    vars(found)["sampled"] = np.array([[0.0, 0.1, -0.4], [0.0, 0.1, 0.0], [0.0, 0.1, 0.4]])
    assert found.usable[:, 2].tolist() == [0.0, 0.0, 0.4]


def test_the_draws_lie_about_the_value_that_is_free_of_bias():
    found = fit(simulated(3, 200), draws=999)
    middle = np.median(found.sampled, axis=0)
    bias = found.plain - found.value
    assert (np.abs(middle - found.value)[1:] < 0.5 * np.abs(bias)[1:]).all()


def written(tmp_path, rows):
    """The rows in the rule's own names."""
    with (tmp_path / "h.csv").open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["clock", "inflation", "mintable", "bonded", "supply"])
        lines.writerows([row.clock, *row.state, *row.inputs] for row in rows)
    return "h.csv"


def test_the_commands_tell_a_counterfactual_and_write_it(tmp_path):
    file = written(tmp_path, walked(SHARES))
    words = ["protocols", "replay", "livepeer", "--history", file, "--rule", "livepeer@LIP-107"]
    words += ["--from", "10", "--runs", "20"]
    status, out, errors = command(*words, "--out", "new", folder=tmp_path)
    assert status == 0, errors
    assert "livepeer@LIP-107 would have minted" in out
    assert "minted_share: minted since the start, of supply then" in out
    rows = list(csv.DictReader((tmp_path / "new" / "counterfactual.csv").open()))
    assert (rows[0]["clock"], rows[0]["inflation_held"]) == ("10", rows[0]["inflation_recorded"])
    assert (tmp_path / "new" / "counterfactual.png").stat().st_size > 5_000
    found = json.loads(command(*words, "--json", folder=tmp_path)[1])
    assert found == json.loads((tmp_path / "new" / "counterfactual.json").read_text())
    assert list(found["end"]) == ["inflation", "supply", "share", "minted_share"]
    end = found["end"]["inflation"]
    assert end["low"] <= end["median"] <= end["high"]
    status, out, errors = command("calibrate", "bonding", file, "--json", folder=tmp_path)
    assert status == 0, errors
    assert len(json.loads(out)["tables"][TABLE]) == 6


@pytest.mark.parametrize("other", ["cosmos", "constant_emission", "constant_emission@0.05"])
def test_another_rule_and_a_constant_are_told_beside_the_record(tmp_path, other):
    rows = walked(SHARES)
    found = tk.counterfactual("livepeer", tmp_path / written(tmp_path, rows), other=other, runs=20)
    assert found.other == found.plain()["other"] == other.replace("cosmos", "cosmos@proposal-848")
    assert found.recorded["supply"][-1] == rows[-1].inputs.supply / 10**18
    end = found.plain()["end"]
    assert end["supply"]["held"] < end["supply"]["recorded"]
    assert end["supply"]["low"] <= end["supply"]["median"] <= end["supply"]["high"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--rule", "helium"], "helium on a history of livepeer; expected what mints by what is"),
        (["--rule", "constant_emission@12"], "12; expected a share of supply a year, from 0 to 1"),
        (["--rule", "constant_emission@x"], "'x'; expected constant_emission@SHARE"),
        (["--rule", "constant"], "no rule 'constant'; expected livepeer, cosmos with or without"),
        (["--rule", "cosmos@proposal-1"], "no version 'proposal-1' of cosmos"),
        (["--rule", "livepeer@LIP-1"], "no version 'LIP-1' of livepeer"),
        (["--rule", "liveper@LIP-107"], "no rule 'liveper'"),
        (
            ["--rule", "livepeer@LIP-107", "--from", "299"],
            "a position of the clock before the last, 0",
        ),
        (["--rule", "livepeer@LIP-107", "--from", "1.5"], "--from: 1.5; expected a whole number"),
        (["--rule", "livepeer@LIP-107", "--from", "soon"], "--from: 'soon'; expected a number or"),
        (["--from", "3"], "--from: 3; expected --rule beside it"),
        (["--seed", "3"], "--seed: 3; expected --rule beside it"),
    ],
)
def test_what_cannot_be_asked_is_one_line(tmp_path, more, said):
    file = written(tmp_path, walked(SHARES))
    words = ["protocols", "replay", "livepeer", "--history", file, *more]
    status, out, errors = command(*words, folder=tmp_path)
    assert (status, out, errors.count("\n")) == (2, "", 1)
    assert said in errors


def test_a_rule_whose_inputs_have_no_response_says_what_is_possible():
    another = replace(LIVEPEER, name="another")
    with pytest.raises(InputError, match="no counterfactual of another; expected livepeer: how"):
        _minting(another, "livepeer@LIP-107")


def test_a_history_that_is_too_short_to_fit_says_so(tmp_path):
    file = written(tmp_path, walked(SHARES[:60]))
    with pytest.raises(InputError, match=r"30 rounds in the first half of 59; expected at least"):
        tk.counterfactual("livepeer", tmp_path / file, other="livepeer@LIP-107")
    with pytest.raises(InputError, match=r"'logit'; expected logistic or elasticity"):
        calibrate_and_score(tmp_path / file, response="logit")


def test_a_history_in_which_nothing_is_bonded_names_its_line(tmp_path):
    for share, value in ((0.0, "0"), (1.0, "1")):
        shares = SHARES.copy()
        shares[41] = share
        status, out, errors = command(
            "calibrate", "bonding", written(tmp_path, walked(shares)), folder=tmp_path
        )
        assert (status, out, errors.count("\n")) == (2, "", 1)
        assert f"h.csv:43: bonded: {value} of supply; expected a share of supply between" in errors


@pytest.mark.parametrize("still", ["share", "inflation", "both"])
def test_a_history_that_does_not_move_is_one_line(tmp_path, still):
    # at the target inflation stays; above it at 0 it stays there
    shares = {"share": np.full(300, 0.4), "inflation": SHARES + 0.1, "both": np.full(300, 0.5)}
    rows = walked(shares[still])
    if still == "inflation":
        rows = [row._replace(state=row.state._replace(inflation=0)) for row in rows]
    status, out, errors = command("calibrate", "bonding", written(tmp_path, rows), folder=tmp_path)
    assert (status, out, errors.count("\n")) == (2, "", 1)
    assert "history: the share bonded or its yield does not move" in errors


@recorded
def test_the_recorded_rounds_come_back_to_the_last_digit():
    found = tk.counterfactual("livepeer", FILE, other="livepeer@LIP-40", runs=20)
    for name, values in found.recorded.items():
        np.testing.assert_array_equal(found.held[name], values)
        np.testing.assert_array_equal(found.band[name], np.array([values] * 3))
    other = tk.counterfactual("livepeer", FILE, other="livepeer@LIP-107", runs=20)
    assert other.held["inflation"][-1] == 528_600
    assert round(100 * other.held["minted_share"][-1], 1) == 33.9
    assert round(100 * other.recorded["minted_share"][-1], 1) == 37.1
    # supply moves by twice what a round mints
    outside = history_of(FILE)[1]
    assert (outside[37].acted, outside[37].jump) == ((0, 1), 0)
    assert sum(len(row.acted) for row in outside) == 816


@recorded
def test_the_band_of_the_recorded_rounds_is_what_the_documents_say():
    other = tk.counterfactual("livepeer", FILE, other="livepeer@LIP-107", start=1)
    assert (other.fitted, other.no_effect, other.runs) == (408, 0.932, 500)
    ends = {name: values[:, -1].tolist() for name, values in other.band.items()}
    assert ends["inflation"] == pytest.approx([528_600, 528_600, 535_740])
    assert [round(value / 1e6, 2) for value in ends["supply"]] == [36.04, 36.04, 36.27]
    assert [round(100 * value, 1) for value in ends["minted_share"]] == [33.9, 33.9, 34.7]


@recorded
def test_a_recorded_fall_below_the_target_is_a_side_of_it_and_no_jump():
    rows, outside = history_of(FILE)
    told = {row.clock: way for row, way in zip(rows[1:], outside, strict=True) if way.between}
    assert sorted(told) == [7, 8]
    assert all(way.jump == 0 for way in told.values())
    for name, step_down in (("LIP-107", 700), ("LIP-100", 1_000)):
        path = counterfactual_path(
            rows, outside, LivepeerMinting(LIVEPEER.version(name).parameters)
        )
        moved = np.diff([row.inflation for row in path[5:8]])
        assert moved.tolist() == [-step_down, -step_down]


@recorded
def test_livepeers_yield_is_not_told_to_move_bonding_and_a_random_walk_is_no_worse():
    found = calibrate_and_score(FILE)
    gain = found.estimates[1]
    assert gain.low < 0.0 < gain.high
    assert found.estimates[3].problem and not found.told
    skill = found.tables[TABLE].query("forecast != 'random walk'").set_index("rows ahead")
    assert skill.loc[1, "skill high"] < 0.0
    assert (skill["skill low"] < 0.0).all()

"""Gonka's coefficients: the chain's own numbers, its published simulation, and the bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenomics.errors import InputError
from tokenomics.protocols.arithmetic import WAD
from tokenomics.protocols.gonka_coefficients import (
    GONKA_COEFFICIENTS,
    GonkaCoefficientInputs,
    GonkaCoefficientParameters,
    GonkaCoefficientState,
    at_share,
    diluted,
    step,
    stored,
)


def dec(text):
    whole, _, part = text.partition(".")
    return int(whole) * WAD + int(part.ljust(18, "0") or 0)


CONTROLLER = (500, dec("0.005"), dec("0.05"), dec("0.25"), 100)


def parameters(low, high, difficulty="1", target=5000):
    return GonkaCoefficientParameters(dec(low), dec(high), dec(difficulty), target, *CONTROLLER)


def state(base, move, sign, effective="0"):
    return GonkaCoefficientState(dec(base), dec(move), sign, dec(effective))


def new_model(p):
    return GonkaCoefficientState(p.minimum, p.step_max // 2, 0, p.minimum)


def weights(own, others):
    return GonkaCoefficientInputs(own, others * WAD, own, others * WAD)


# gonka-ai/gonka c2db9044 and 0b0d2ece, coefficients_test.go


def test_adjusts_and_dilutes():
    p, before = parameters("0.5", "2"), state("1", "0.025", 0)
    assert step(before, weights(100, 900), p) == state("1.05", "0.05", 1, "1.05")
    assert step(before, weights(900, 100), p) == state("0.95", "0.05", -1, "0.75")


def test_uses_the_relative_difficulty():
    before = state("1", "0.025", 0)
    hard = step(before, weights(100, 100), parameters("0.5", "2", "2"))
    base = step(before, weights(100, 200), parameters("0.5", "2", "1"))
    assert hard.effective == dec("0.8375")
    assert base.effective == dec("1.05")


def test_a_new_model_starts_at_its_minimum():
    p = parameters("0.5", "2")
    found = step(new_model(p), weights(0, 100)._replace(carried=0), p)
    assert found == state("0.5", "0.025", 0, "0.5")


def test_a_target_of_nought_resets_the_state():
    p = parameters("0.5", "2", target=0)
    found = step(state("1.5", "0.2", -1), weights(500, 500), p)
    assert found == state("0.5", "0.025", 0, "0.5")


@pytest.mark.parametrize(("value", "own"), [("2", 1), ("3", 999)])
def test_equal_bounds_hold_the_coefficient(value, own):
    p = parameters(value, value)
    assert step(new_model(p), weights(own, 1000 - own), p).effective == dec(value)


@pytest.mark.parametrize("own", [4500, 5500])
def test_the_ends_of_the_zone_belong_to_it(own):
    found = step(state("1", "0.1", 1), weights(own, 10_000 - own), parameters("0.5", "2"))
    assert (found.base, found.step, found.sign) == (dec("1"), dec("0.025"), 0)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("1.123456789012999999", "1.123456789012999999"),
        ("12.123456789012345678", "12.123456789012345670"),
    ],
)
def test_a_stored_number_keeps_the_digits_that_fit(value, kept):
    assert stored(dec(value)) == dec(kept)


@pytest.mark.parametrize(
    ("low", "high", "own", "base", "move", "sign"),
    [
        ("0.1", "0.9", 10, "0.6324", "0.02", 1),
        ("0.7", "0.9", 50, "0.7", "0.025", 0),
        ("0.1", "0.6", 50, "0.6", "0.025", 0),
    ],
)
def test_bounds_of_governance_act_at_once(low, high, own, base, move, sign):
    found = step(state("0.62", "0.01", 1), weights(own, 100 - own), parameters(low, high))
    assert (found.base, found.step, found.sign) == (dec(base), dec(move), sign)


# gonka-ai/gonka 8a685b96, proposals/multi-model-poc/dynamic-coeff-init.md, the table of 20 epochs:
# shares [1e-4] from epoch 0, base and effective coefficients from epoch 1, to six digits
PUBLISHED = {
    "derived-glm": (
        "0.62",
        (443, 634, 942, 942, 2377, 2377, 3653, 3745),
        ("0.651000", "0.683550", "0.717728", "0.753614", "0.791295", "0.830859", "0.830859"),
        ("0.651000", "0.683550", "0.717728", "0.753614", "0.791295", "0.802606", "0.795415"),
    ),
    "derived-deepseek": (
        "0.246",
        (1946, 4840, 4452, 4452, 4387, 4387, 4387, 3354),
        ("0.258300", "0.251843", "0.239250", "0.227288", "0.215923", "0.205127", "0.194871"),
        ("0.234936", "0.234609", "0.225182", "0.216709", "0.208076", "0.199875", "0.194798"),
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_simulation(name):
    p = GONKA_COEFFICIENTS.version(name).parameters
    start, shares, bases, effective = PUBLISHED[name]
    found = state(start, "0.025", 0)
    for at in range(7):
        before, now = at_share(shares[at], p), at_share(shares[at + 1], p)
        found = step(found, GonkaCoefficientInputs(*before[:2], *now[2:4]), p)
        assert found.base / WAD == pytest.approx(float(bases[at]), abs=5.1e-7)
        # half of the last digit of a share, a hundredth of a percent, moves it by up to 4e-5
        assert found.effective / WAD == pytest.approx(float(effective[at]), abs=4e-5)


def test_the_step_doubles_while_the_sign_stays_and_halves_on_a_turn():
    p = parameters("0.001", "1000")
    found, steps = state("1", "0.005", 1), []
    for points in (4000, 4000, 4000, 4000, 4000, 6000, 4000, 6000, 4000, 6000):
        found = step(found, at_share(points, p), p)
        steps.append(found.step)
    texts = ("0.01", "0.02", "0.04", "0.05", "0.05", "0.025", "0.0125", "0.00625", "0.005", "0.005")
    assert steps == [dec(text) for text in texts]


def test_a_very_small_model_may_move_by_a_quarter():
    p = parameters("0.001", "1000")
    found, steps = state("1", "0.05", 1), []
    for _ in range(4):
        found = step(found, at_share(99, p), p)
        steps.append(found.step)
    assert steps == [dec(text) for text in ("0.1", "0.2", "0.25", "0.25")]
    assert step(found, at_share(100, p), p).step == dec("0.05")


def test_without_any_weight_the_coefficient_rises_as_of_a_very_small_model():
    p = parameters("0.5", "2")
    found = step(state("1", "0.2", 1), weights(0, 0), p)
    assert found == state("1.25", "0.25", 1, "1.25")


POINTS = st.integers(0, 10_000)


@given(
    st.integers(10**15, 10**20),
    st.sampled_from([dec(t) for t in ("0.005", "0.025", "0.05", "0.2", "0.25")]),
    st.integers(-1, 1),
    POINTS,
    POINTS,
    st.sampled_from([v.name for v in GONKA_COEFFICIENTS.versions]),
)
def test_coefficients_and_steps_keep_their_bounds(base, move, sign, before, now, name):
    p = GONKA_COEFFICIENTS.version(name).parameters
    given = GonkaCoefficientInputs(*at_share(before, p)[:2], *at_share(now, p)[2:4])
    found = step(GonkaCoefficientState(base, move, sign, base), given, p)
    assert p.minimum <= found.effective <= found.base <= p.maximum
    assert 0 < found.step <= p.bootstrap_step
    GONKA_COEFFICIENTS.check("state", found)


@given(POINTS, POINTS)
def test_a_larger_share_is_never_diluted_less(one, other):
    p = parameters("0.5", "2")
    less, more = sorted((one, other))
    assert diluted(dec("2"), at_share(less, p), p) >= diluted(dec("2"), at_share(more, p), p)


def test_the_search_tells_the_shares_apart():
    p = GONKA_COEFFICIENTS.version("v0.2.16-deepseek").parameters
    search = GONKA_COEFFICIENTS.search
    keys = [search.key(found) for found in search.states(p)]
    assert keys[0] == p.minimum and keys[-1] == p.maximum and keys == sorted(set(keys))
    middle = search.states(p)[50]
    signs = [step(middle, given, p).sign for given in search.inputs(p).values()]
    assert signs == [1, 1, 1, 0, 0, 0, -1, -1]
    pinned = GONKA_COEFFICIENTS.version("v0.2.16-minimax").parameters
    assert len(search.states(pinned)) == 1


def test_a_state_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="sign: 2"):
        GONKA_COEFFICIENTS.check("state", GonkaCoefficientState(1, 1, 2, 1))
    with pytest.raises(InputError, match="base: 0"):
        GONKA_COEFFICIENTS.check("state", GonkaCoefficientState(0, 1, 0, 1))
    for version in GONKA_COEFFICIENTS.versions:
        GONKA_COEFFICIENTS.check("parameters", version.parameters)

"""DCBM: the stability conditions are those of the roots and of time; the economy's accounts add up;
the paper's numbers are there.
"""

from dataclasses import replace

import control
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenomics.experiments.matching import CLOSE
from tokenomics.model.controllers import dcbm
from tokenomics.papers import PAPERS, reproduce
from tokenomics.papers.dcbm import spending, stability, trials
from tokenomics.papers.dcbm.economy import (
    IDEALS,
    POLICIES,
    REGIMES,
    Regime,
    draw,
    log_moves,
    measures,
    read_settings,
    sigma,
    simulate,
)
from tokenomics.papers.reproduction import settings as leaves_of

SETTINGS, MARKETS = read_settings()
SHORT = replace(SETTINGS, days=90.0)
GAINS = st.floats(-3.0, 5.0, allow_nan=False)


@pytest.fixture(scope="module")
def found():
    """The reproduction of fewer days."""
    with pytest.MonkeyPatch.context() as shorter:
        shorter.setattr("tokenomics.papers.dcbm.read_settings", lambda: (SHORT, MARKETS))
        return reproduce("dcbm", runs=8, seed=3)


@pytest.fixture(scope="module")
def random():
    return draw(5, np.arange(40), SHORT.steps)


def closed_loop(a, b, c, delayed):
    """The loop put together by python-control, from the law and the plant."""
    z = control.tf("z")
    plant = (1 / (z - 1)) if delayed else (z / (z - 1))
    return control.minreal(
        control.feedback(plant * (a + b * z / (z - 1) + c * (z - 1) / z), 1), verbose=False
    )


@pytest.mark.parametrize("delayed", [True, False])
def test_the_polynomial_is_that_of_the_loop(delayed):
    for a, b, c in ((0.5, 0.1, 0.2), (1.2, 0.3, 0.1), (0.7, 0.9, -0.3)):
        poles = np.sort_complex(closed_loop(a, b, c, delayed).poles())
        roots = np.sort_complex(np.roots(stability.polynomial(a, b, c, delayed=delayed)))
        np.testing.assert_allclose(poles, roots, atol=1e-6)


@settings(max_examples=300, deadline=None)
@given(a=GAINS, b=GAINS, c=GAINS, delayed=st.booleans())
def test_jurys_conditions_are_those_of_the_roots(a, b, c, delayed):
    margin = stability.conditions(a, b, c, delayed=delayed)
    if np.min(np.abs(margin)) < 1e-6 or (not delayed and abs(1.0 + a + b + c) < 1e-3):
        return  # on the limit, rounding decides
    assert bool(np.all(margin > 0.0)) == bool(stability.radius(a, b, c, delayed=delayed) < 1.0)


@settings(max_examples=200, deadline=None)
@given(a=GAINS, c=GAINS)
def test_without_an_integral_the_conditions_are_those_of_the_roots(a, c):
    for delayed, p in ((True, [1.0, a + c - 1.0, -c]), (False, [1.0 + a + c, -(1.0 + c)])):
        margin = stability.conditions_without_integral(a, c, delayed=delayed)
        if np.min(np.abs(margin)) < 1e-6 or abs(1.0 + a + c) < 1e-3:
            continue
        assert bool(np.all(margin > 0.0)) == bool(np.max(np.abs(np.roots(p)), initial=0.0) < 1.0)


def test_jurys_conditions_are_those_of_a_simulation_in_time():
    gains = stability.random_gains(1, 300, (-0.5, -0.5, -0.5), (2.5, 1.5, 1.2))
    for a, b, c in gains.T:
        if abs(stability.radius(a, b, c) - 1.0) > 0.02:
            assert stability.stable(a, b, c) == (stability.growth(a, b, c) < 0.1)


def test_each_counterexample_is_one():
    table = stability.examples().set_index("gains")
    first = table.loc["within all limits"]
    assert (
        first["paper's limits hold"] == "yes"
        and first["|z| delayed"] > 1.0
        and first["simulated growth"] > 1e6
    )
    for name in ("beyond the limit of Kd", "beyond the limit of Ki"):
        assert (
            table.loc[name, "paper's limits hold"] == "no"
            and table.loc[name, "|z| of the paper's polynomial"] < 1.0
        )
    last = table.loc["beyond the limit of Ki, Kd < 0"]
    assert (
        last["paper's limits hold"] == "no"
        and last["|z| delayed"] < 1.0
        and last["simulated growth"] < 1e-6
    )


def test_the_loop_gain_is_the_slope_of_the_log_price():
    treasury, gamma, pool, u = 2e6, 0.05, 1e6, 1e-6
    spent = dcbm.purchase(treasury, 0.0, gamma, u)
    slope = np.log(dcbm.price_after(1.0, spent, pool)) / u
    assert slope == pytest.approx(dcbm.loop_gain(treasury, gamma, pool), rel=1e-5)
    assert dcbm.purchase(treasury, 0.0, gamma, -u) == 0.0


def test_the_law_takes_floats_and_arrays_alike():
    treasury, u = np.array([0.0, 1.0, 5.0]), np.array([1.0, -1.0, 0.3])
    spent = dcbm.purchase(treasury, 0.5, 0.9, u)
    assert [float(dcbm.purchase(t, 0.5, 0.9, v)) for t, v in zip(treasury, u, strict=True)] == list(
        spent
    )
    assert list(dcbm.integrate(1.0, 0.2, treasury, 2.0)) == [
        1.0,
        1.4,
        1.4,
    ]  # it stands still while the treasury is empty
    assert dcbm.purchase(1.0, 0.0, 5.0, 10.0) == 1.0  # Eq. 1 binds for γ > 1


@pytest.mark.parametrize("policy", POLICIES)
def test_a_swap_keeps_the_product_and_the_treasury_spends_what_it_has(policy, random):
    poor = replace(SHORT, reserve=0.05, cost_ratio=3.0)
    p = simulate(poor, MARKETS["bear"], policy, random)
    product = p.tokens * p.stablecoins
    # a purchase takes tokens out along the curve, news moves along it: nothing adds liquidity
    np.testing.assert_allclose(product, np.broadcast_to(product[0], product.shape), rtol=1e-12)
    np.testing.assert_allclose(p.price, p.stablecoins / p.tokens, rtol=0)
    assert (
        np.all(p.treasury >= 0.0)
        and np.all(p.spent >= 0.0)
        and np.all(p.spent <= p.treasury[:-1] + p.income)
    )
    paid = p.treasury[:-1] + p.income - p.spent - p.treasury[1:]
    assert np.all(paid <= p.due * (1 + 1e-9) + 1e-6) and np.any(paid < 0.5 * p.due)


def test_the_price_follows_equation_5(random):
    calm = Regime(0.0, 0.0, 0.0)
    p = simulate(replace(SHORT, demand_volatility=0.0), calm, "pid", random, start=-0.2)
    np.testing.assert_allclose(
        p.price[1:], dcbm.price_after(p.price[:-1], p.spent, p.stablecoins[:-1]), rtol=1e-12
    )
    assert p.spent[0, 0] > 0.0


def test_a_run_is_the_same_in_any_batch(random):
    whole = simulate(SHORT, MARKETS["high_volatility"], "pid", random)
    for runs in ([7], [30, 7, 2]):
        part = simulate(
            SHORT, MARKETS["high_volatility"], "pid", draw(5, np.array(runs), SHORT.steps)
        )
        for name in ("price", "average", "treasury", "operators", "spent"):
            assert np.array_equal(getattr(part, name), getattr(whole, name)[:, runs])
        for name, values in measures(part, SHORT.epoch).items():
            assert np.array_equal(values, measures(whole, SHORT.epoch)[name][runs])


def test_the_shocks_have_the_stated_volatility_and_drift():
    numbers = draw(0, np.arange(400), 365)
    moves = log_moves(SETTINGS, numbers, "price", 0.8, -0.5)
    assert np.std(moves) * np.sqrt(365) == pytest.approx(0.8, rel=0.03)
    assert np.mean(moves) * 365 == pytest.approx(-0.5, abs=0.12)


def test_no_policy_lowers_the_volatility_of_returns_over_an_epoch():
    numbers = draw(2, np.arange(150), SETTINGS.steps)
    for regime in REGIMES:
        none = sigma(simulate(SETTINGS, MARKETS[regime], "none", numbers), SETTINGS.epoch)
        for policy in (*POLICIES[1:], *IDEALS):
            low = trials.ratio(
                sigma(simulate(SETTINGS, MARKETS[regime], policy, numbers), SETTINGS.epoch), none
            )[1]
            assert low > 0.99, (regime, policy)


@pytest.mark.parametrize("rival", spending.STRENGTHS)
def test_a_rival_is_given_the_spending_of_the_pid_and_nothing_else_changes(rival, random):
    field = spending.STRENGTHS[rival]
    own, found = spending.matched(SHORT, MARKETS["bear"], rival, random)
    assert found
    spent = [
        np.mean(np.sum(simulate(own, MARKETS["bear"], policy, random).spent, axis=0))
        for policy in ("pid", rival)
    ]
    assert spent[0] > 0.0 and spent[1] == pytest.approx(spent[0], rel=CLOSE)
    assert getattr(own, field) != getattr(SHORT, field)
    assert replace(own, **{field: getattr(SHORT, field)}) == SHORT


@pytest.mark.slow
def test_equal_spending_comes_first_and_says_what_is_larger(found):
    title, table = next(iter(found.tables.items()))
    assert title.startswith("At equal spending") and len(table) == 3 * 2 * 3
    np.testing.assert_allclose(table["PID"] - table["other"], table["PID − other"], rtol=1e-9)
    assert np.all((table["low"] <= table["PID − other"]) & (table["PID − other"] <= table["high"]))
    assert found.claims[0].text.startswith("At equal spending the PID has a lower volatility than ")


def test_what_is_larger_is_said_only_where_spending_is_equal(found):
    """Eight runs do not tell that it is; a match on the shocks compared, of more runs, does."""
    table = next(iter(found.tables.values()))
    random = draw(5, np.arange(200), SHORT.steps)
    own = spending.equal_spending(SHORT, MARKETS, random, random)
    for one in (table, own):
        equal = (one["spent, low"] >= 0.9) & (one["spent, high"] <= 1.1)
        assert list(one["in words"] == spending.UNEQUAL) == list(~equal)
        says = {"PID lower": one["high"] < 0.0, "PID higher": one["low"] > 0.0}
        for words, holds in says.items():
            assert list(one["in words"] == words) == list(equal & holds)
    assert (table["in words"] == spending.UNEQUAL).any()
    verdicts = {c.text: c.verdict for c in spending.spending_claims(table)}
    bull = [verdict for text, verdict in verdicts.items() if "bull" in text]
    assert set(bull) == {"undecided"}
    volatile = own[(own["quantity"] == "sigma") & (own["in words"] != spending.UNEQUAL)]
    assert len(volatile) and set(volatile["in words"]) == {"PID higher"}


def test_without_a_match_nothing_is_compared(monkeypatch, random):
    """And so with one run, which has no interval of the ratio."""
    monkeypatch.setattr(spending, "RANGE", (1.0, 1.001))
    assert not spending.matched(SHORT, MARKETS["bear"], "fixed", random)[1]
    with monkeypatch.context() as wide:
        wide.setattr(spending, "EQUAL", (0.0, np.inf))
        table = spending.equal_spending(SHORT, MARKETS, random, random)
    assert set(table["in words"]) == {spending.UNEQUAL}
    assert spending.difference(table.iloc[0]).endswith("undecided (spending is not equal)")
    monkeypatch.undo()
    one = draw(5, np.arange(1), SHORT.steps)
    alone = spending.equal_spending(SHORT, MARKETS, one, one)
    assert set(alone["in words"]) == {spending.UNEQUAL}


def test_the_match_sees_other_shocks_than_the_comparison(monkeypatch):
    seen, short = [], replace(SHORT, days=20.0)
    random, others = draw(1, np.arange(3), 20), draw(2, np.arange(3), 20)

    def matched(s, regime, rival, shocks):
        seen.append(shocks)
        return s, True

    monkeypatch.setattr(spending, "matched", matched)
    table = spending.equal_spending(short, MARKETS, random, others)
    assert len(seen) == 6 and all(shocks is others for shocks in seen)
    pid = measures(simulate(short, MARKETS["bull"], "pid", random), short.epoch)
    row = table[(table["regime"] == "bull") & (table["quantity"] == "sigma")].iloc[0]
    assert row["PID"] == pytest.approx(np.mean(pid["sigma"]))


def test_the_published_numbers_stand_beside_ours(found):
    table = next(t for title, t in found.tables.items() if title.startswith("Table I:"))
    row = table[
        (table.regime == "high_volatility") & (table.policy == "pid") & (table.quantity == "sigma")
    ].iloc[0]
    assert row["published"] == 0.30 and row["low"] < row["ours"] < row["high"]
    mpc = table[table.policy == "mpc"]
    assert len(mpc) == 9 and mpc["ours"].isna().all() and mpc["published"].notna().all()
    second = next(t for title, t in found.tables.items() if title.startswith("Table II:"))
    assert list(second[second.law == "PI"]["published"]) == [25.4, 0.1, 210]


def test_every_claim_has_a_verdict_and_its_evidence(found):
    verdicts = {claim.text: claim.verdict for claim in found.claims}
    assert all(claim.evidence for claim in found.claims) and len(verdicts) == len(found.claims)
    assert verdicts["Theorem IV.2: without income the treasury stays positive."] == "confirmed"
    assert verdicts["Within the three limits together the loop is stable."] == "refuted"
    assert verdicts["MPC does slightly better than the PID (Table I)."] == "not testable"
    assert "dcbm" in PAPERS and "nan" not in found.markdown()


def test_the_settings_say_where_they_come_from():
    for leaf in leaves_of("dcbm").values():
        assert leaf.unit and leaf.source and leaf.source.startswith(("paper", "assumption")), (
            leaf.path
        )


def test_the_paired_ratio_of_a_quantity_to_itself_is_one_without_doubt():
    values = np.array([1.0, 2.0, 4.0])
    assert trials.ratio(values, values) == pytest.approx((1.0, 1.0, 1.0))
    assert trials.ratio(2.0 * values, values)[0] == pytest.approx(2.0)

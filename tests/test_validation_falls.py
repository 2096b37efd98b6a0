"""Back-tests of tokens that fell: no history is left out because it fell, and what of it the model
could not follow stands beside every skill.
"""

import datetime as dt
import json

import numpy as np
import pytest

import tokenomics as tk
from paths import DATA, command
from tokenomics.experiments.history import follow, undisturbed
from tokenomics.histories.prices import read_prices
from tokenomics.model.model import MODEL, bind
from tokenomics.model.shocks import sample
from tokenomics.model.steady_state import steady_state
from tokenomics.model.variables import as_arrays
from tokenomics.validation.replay import Replayed, redenominated, replay

pytest.importorskip("arch")

FIRST = dt.date(2020, 1, 1)
BEFORE, FALL, AFTER = 250, 10, 40  # days


def fallen(by, days=40, calm=20):
    """Closes that fall by a share over some days, and go on at that level; no outcome is drawn."""
    rest = np.concatenate([np.zeros(calm), np.linspace(0.0, 1.0, days + 1), np.ones(calm)])
    wave = 0.02 * np.sin(np.arange(len(rest)) * 2.4)
    return np.exp(wave - wave[0] + rest * np.log1p(-by))


def network(prices):
    return redenominated(tk.resolve("baseline").values, float(prices[0]), MODEL)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(("days", "by"), [(1, 0.9), (1, 0.999), (20, 0.99), (40, 0.9), (40, 0.999)])
def test_every_close_of_a_token_that_fell_is_replayed_or_named(by, days):
    prices = fallen(by, days)
    found = replay(network(prices), prices, MODEL)
    off = np.log(found.state["token_price"] * found.worth / prices)
    np.testing.assert_allclose(off, found.missed, atol=1e-9)
    # a fall that takes days is followed to the last close; a collapse in one day may miss that one
    assert np.count_nonzero(found.missed) <= (days == 1)
    assert found.restarts or by == 0.9
    assert np.all(found.state["holders_tok"] > 0.0)
    for name, series in found.state.items():
        assert np.all(np.isfinite(series)), name


def test_what_follows_from_the_returns_is_kept_over_a_restart():
    prices = fallen(0.99)
    found = replay(network(prices), prices, MODEL)
    (day,) = found.restarts
    # an average of the returns up to a day goes on, whatever network it is
    memory = found.state["trend"]
    usual = np.max(np.abs(np.diff(memory[25:60])))
    assert abs(memory[day + 1] - memory[day]) <= usual
    assert found.state["time"][day + 1] == day + 1


def test_the_price_goes_as_near_to_the_record_as_it_gets_and_no_further():
    prices = fallen(0.99)
    parameters = undisturbed(network(prices))
    table = sample(parameters, np.arange(2), 1, extra=MODEL.extra_shocks)
    table = table.replace(**{name: 0.0 * series for name, series in table.values.items()})
    params = bind(parameters, table, MODEL)
    model, state = MODEL.bound(params), as_arrays(steady_state(parameters, MODEL).state, 2)
    state["holders_tok"] = state["holders_tok"] * np.array([1.0, 0.3])  # one has fewer to sell
    before, seen = state, []
    for t, (news, after) in enumerate(follow(model, params, state, prices, nearest=True)):
        gap = np.log(after["token_price"] / prices[t + 1])
        short = np.abs(gap) > 1e-9
        seen.append(short)
        assert np.all(gap[short] > 0.0)

        def price(news, t=t, start=before):
            one = {**params, "shock_table": table.replace(recorded_news=news[None]).starting(t)}
            return np.log(model.step(one, start)["token_price"])

        if t % 9 == 0 and short.any():
            # more news of a fall move nothing, less of it leave the price higher
            np.testing.assert_allclose(price(news - 3.0)[short], price(news)[short], atol=1e-9)
            assert np.all(price(news + 1e-3)[short] > price(news)[short] + 1e-5)
        before = after
    first = np.argmax(seen, axis=0)
    assert first[1] < first[0]  # each run is short by its own inventory


def test_a_run_that_promises_the_history_refuses_one_that_it_cannot_follow(tmp_path):
    file = write(tmp_path, fallen(0.99))
    with pytest.raises(tk.InputError, match="cannot reach the recorded price"):
        tk.run("baseline", prices=file, engine="ensemble")


def test_a_state_in_other_tokens_is_that_of_the_network_in_them():
    one, other = (undisturbed(network([price])) for price in (1.0, 0.01))
    state = steady_state(one, MODEL).state
    columns = {name: np.array([value], dtype=float) for name, value in state.items()}
    held = Replayed(columns, np.zeros(1), np.array([0.01]), (), np.zeros(1))
    for name, value in steady_state(other, MODEL).state.items():
        scale = 1e-9 * max(1.0, abs(value))
        assert held.recorded(0, MODEL, one)[name] == pytest.approx(value, abs=max(scale, 1e-6)), (
            name
        )


def write(folder, prices):
    rows = (f"{FIRST + dt.timedelta(i)},{float(price)!r}" for i, price in enumerate(prices))
    (folder / "closes.csv").write_text("\n".join(["date,value", *rows]) + "\n")
    return folder / "closes.csv"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fallen")
    moves = np.random.default_rng(3).normal(0.0, 0.03, BEFORE + AFTER)
    moves[BEFORE + 5 : BEFORE + 5 + FALL] += np.log(0.005) / FALL
    write(folder, np.exp(np.cumsum(moves)))
    options = ("--policy", "pid", "--from", str(FIRST + dt.timedelta(BEFORE)), "--horizon", 1)
    options += ("--runs", 20, "--arms", 2, "--json")
    status, out, errors = command("validate", "--history", "closes.csv", *options, folder=folder)
    assert status == 0, errors
    return json.loads(out)


@pytest.mark.slow
def test_a_back_test_of_a_token_that_fell_says_how_much_of_it_was_followed(told):
    scores, against = (told["tables"][name] for name in ("Scores", "Model against benchmarks"))
    for row in (*scores, *against):
        own = row.get("model", row.get("forecaster")).startswith("model")
        assert (row["restarted"] > 0.5) if own else (row["restarted"] == 0.0)
    for line in told["verdicts"]:
        assert "% of these forecasts start after a restart" in line
    table = {row["of"]: row for row in told["tables"]["How far the history was followed"]}
    assert table["replay"]["restarts"] >= 1 and table["replay"]["closes not reached"] == 0.0
    arm = table["counterfactual: model, replayed"]
    assert arm["closes not reached"] > 0.0 and arm["largest gap"] > 0.1
    text = "\n".join(told["notes"])
    assert "the replay was restarted" in text
    assert "it is not the record that the two arms compare" in text


def test_no_forecast_of_a_fallen_token_is_left_out(told):
    counts = {row["forecasts"] for row in told["tables"]["Scores"]}
    assert counts == {AFTER - 1}


@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "tokens").is_dir(), reason="no recorded prices here")
@pytest.mark.parametrize(("start", "days"), [("2020-07-01", 250.0), ("2021-11-01", 590.0)])
def test_heliums_closes_are_replayed_from_its_beginning_and_from_its_peak(start, days):
    file = DATA / "tokens" / "MiM_HNT-USD.csv"
    history = read_prices(file, start=dt.date.fromisoformat(start), days=days)
    found = replay(network(history.values), history.values, MODEL)
    off = np.log(found.state["token_price"] * found.worth / history.values)
    assert np.max(np.abs(off)) < 1e-9
    assert bool(found.restarts) == (start == "2021-11-01")

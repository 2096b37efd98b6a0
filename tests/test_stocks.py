"""A network that starts from given stocks: they are its start, the rest is solved as if at rest
with them, and what drifts by itself is told.
"""

import importlib
import json
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

import tokenomics as tk
from tokenomics.cli.main import app
from tokenomics.errors import InputError
from tokenomics.experiments.evaluate import evaluate
from tokenomics.model.drift import drift
from tokenomics.model.model import MODEL
from tokenomics.model.steady_state import start_state, steady_state
from tokenomics.parameters import resolve

STOCKS = {
    "stocks.token_price": 0.5,
    "stocks.circulating_supply": 55e6,
    "stocks.locked": 10e6,
    "stocks.treasury_usd": 9e5,
    "stocks.pool_tok": 2e6,
    "stocks.nodes.h100": 20.0,
}
FILE = """
description: of a test
stocks:
  token_price: {value: 0.5, unit: USD/TOK, source: close of an exchange, date: 2026-11-01}
  treasury_usd: {value: 900000, source: "report of 2026-10-31"}
  nodes:
    h100: {value: 20, unit: nodes, source: explorer, date: 2026-11-01}
"""


@pytest.fixture
def untold(monkeypatch):
    """Runs do not look for what drifts: that is a year of steps, and here no matter of the test."""
    still = SimpleNamespace(told=lambda: "not looked for")
    monkeypatch.setattr(
        importlib.import_module("tokenomics.experiments.run"), "drift", lambda *_: still
    )


def begin(**stocks):
    return start_state(resolve(today=stocks).values)


def test_what_is_given_is_the_start_and_the_rest_is_at_rest_with_it():
    found = begin(**STOCKS)
    for path, value in STOCKS.items():
        assert found[path.removeprefix("stocks.").replace("nodes.", "nodes_")] == value
    supply = resolve().values.supply
    left = supply.total_supply - 55e6 - 10e6
    assert found["staked"] + found["treasury_tok"] == pytest.approx(left, rel=1e-12)
    # nodes bond so many days of what they earn
    days = resolve().values.bonding.days
    bond = days * found["operator_income"] / found["token_price"]
    assert found["staked"] == pytest.approx(bond, rel=1e-12)
    # without a bond, staked and treasury share what is left as they share without stocks
    shared = begin(**STOCKS, **{"bonding.mode": "per_node_at_start"})
    ratio = supply.staked_share / supply.treasury_share
    assert shared["staked"] / shared["treasury_tok"] == pytest.approx(ratio, rel=1e-12)
    assert found["nodes"] == pytest.approx(
        sum(v for n, v in found.items() if n.startswith("nodes_")), rel=1e-12
    )
    assert found["pool_usd"] == 2e6 * 0.5
    target = resolve().values.pricing.target_utilisation
    assert found["demand"] == pytest.approx(target * found["capacity"], rel=1e-9)
    held = [n for n in found if n.endswith("_tok") and "order" not in n and n != "treasury_tok"]
    held = [n for n in held if n not in ("front_tok", "arbitrage_tok", "faker_tok")]
    circulating = sum(found[name] for name in held)
    assert circulating == pytest.approx(55e6, rel=1e-12)


def test_with_a_price_of_work_utilisation_is_what_meets_demand():
    price = begin()["inference_price"]
    found = begin(**{"stocks.inference_price": 1.3 * price})
    assert found["inference_price"] == 1.3 * price
    assert found["demand"] == pytest.approx(found["utilisation"] * found["capacity"], rel=1e-9)
    assert found["utilisation"] < resolve().values.pricing.target_utilisation


def test_linear_analysis_keeps_the_network_at_rest():
    assert steady_state(resolve(today=STOCKS).values).state == steady_state(resolve().values).state


def test_without_stocks_the_start_is_the_steady_state():
    assert begin() == steady_state(resolve().values).state


def test_circulating_supply_drifts_by_the_closed_form():
    today = {
        "emission.mode": "rate",
        "emission.rate": 30_000.0,
        "reliability.audit_probability": 0.2,
        "reliability.slash_fraction": 0.01,
        "simulation.time_step": 0.001,  # within a longer step, what is burned changes its price
    }
    values = resolve(today=today).values
    found, state = drift(values), start_state(values)
    circulating = state["circulating_supply"]
    slashed = -found.circulation["slashing"] * circulating / 365.0
    assert slashed > 1.0
    burn, holding = values.supply.burn_share, values.supply.holding_time
    rate = (30_000.0 - slashed) / circulating - burn / holding
    own = next(one for one in found.stocks if one.name == "circulating_supply")
    assert own.rate / circulating == pytest.approx(rate, rel=1e-4)
    a_year = 365.0 * own.rate / circulating
    assert sum(found.circulation.values()) == pytest.approx(a_year, rel=1e-6)


def test_a_network_at_rest_does_not_drift():
    calm = {"shocks.enabled": False, "stocks.treasury_usd": begin()["treasury_usd"]}
    found = drift(resolve(today=calm).values)
    assert max(abs(one.rate / max(one.start, 1.0)) for one in found.stocks) < 1e-9
    assert max(abs(change) for one in found.stocks for change in one.changes) < 1e-6
    assert found.told() == "stocks are given, and nothing drifts by itself"


def test_what_drifts_is_what_a_run_without_shocks_does(untold):
    today = STOCKS | {"demand.growth_rate": 0.5, "supply.vesting": True, "shocks.enabled": False}
    found = drift(resolve(today=today).values)
    paths = tk.run(today=today, days=365, engine="ensemble").trajectories.values
    for one in found.stocks:
        path = paths[one.name][0]
        assert path[1] - path[0] == pytest.approx(one.rate, rel=1e-9, abs=1e-9)
        assert (path[30], path[365]) == pytest.approx(one.after, rel=1e-9)


def test_a_stake_that_is_left_over_is_told_by_where_it_leads():
    stocks = {"circulating_supply": 60e6, "treasury_tok": 10e6, "locked": 15e6}
    told = drift(resolve(today={f"stocks.{k}": v for k, v in stocks.items()}).values).told()
    assert "not at rest" in told and "token_price -" in told and "staked -" in told


def test_a_change_comes_on_top_and_leaves_day_zero_as_it_is(request):
    how = {"today": STOCKS, "runs": 2, "days": 20, "engine": "ensemble"}
    one = tk.run(**how)
    assert any("not at rest" in note and "nodes" in note for note in one.notes)
    request.getfixturevalue("untold")
    two = tk.run(**how, policy="pid", sets={"supply.burn_share": 0.3})
    for name, path in one.trajectories.values.items():
        assert np.array_equal(path[:, 0], two.trajectories.values[name][:, 0]), name
        assert name in ("time", "step") or len(np.unique(path[:, 0])) == 1  # no warm-up
    other = tk.run(**(how | {"engine": "cadcad"}))
    for name, path in one.trajectories.values.items():
        assert np.array_equal(path, other.trajectories.values[name]), name


def test_a_sweep_of_a_stock_has_a_start_for_each(untold):
    resolved = resolve(today=STOCKS, policy="pid", sets={"simulation.days": 5.0})
    paths = ["stocks.treasury_usd", "supply.burn_share"]
    points = [[9e5, 0.5], [5e5, 0.5], [5e5, 0.2]]
    found = evaluate(resolved, paths, points, runs=np.arange(2), seed=0, metrics=["treasury_final"])
    for row, (reserve, burn) in enumerate(points):
        alone = tk.run(
            today=STOCKS | {"stocks.treasury_usd": reserve},
            policy="pid",
            sets={"supply.burn_share": burn},
            runs=2,
            days=5,
            engine="ensemble",
        ).metrics_per_run()["treasury_final"]
        assert np.array_equal(found.values["treasury_final"][row], alone)


def test_a_file_of_stocks_has_sources_and_dates_and_comes_back(tmp_path):
    file = tmp_path / "stocks.yaml"
    file.write_text(FILE)
    found = resolve(overlays=[file])
    entry = found.entries["stocks.nodes.h100"]
    assert (entry.value, entry.unit, entry.role) == (20.0, "nodes", "start")
    assert entry.source == "explorer, 2026-11-01"
    whole = tmp_path / "whole.yaml"
    whole.write_text(found.to_yaml())
    assert resolve(whole).hash == found.hash
    shown = CliRunner().invoke(app, ["params", "show", "--overlay", str(file)])
    assert "# not at rest: by itself" in shown.output
    told = CliRunner().invoke(app, ["params", "show", "--overlay", str(file), "--json"])
    assert json.loads(told.output)["drift"]["treasury_usd"]["value"] == 900000.0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("staked: 5", "stocks.staked.*no source.*`source` with `date`"),
        ("staked: {value: 5, date: 2026-11-01}", "source '2026-11-01'"),
        ("staked: {value: 5, source: explorer}", "source 'explorer'"),
        ("stakd: {value: 5, source: explorer, date: 2026-11-01}", "did you mean 'staked'"),
        ("staked: {value: 5, unit: USD, source: e, date: 2026-11-01}", "unit 'USD'.*'TOK'"),
        ("staked: {value: -5, source: e, date: 2026-11-01}", "stocks.staked.*≥ 0"),
        ("staked: {value: 9e8, source: e, date: 2026-11-01}", "stocks: staked 900000000 of a tot"),
        ("pool_tok: {value: 9e8, source: e, date: 2026-11-01}", "a stock that is given"),
        ("nodes: {h101: {value: 2, source: e, date: 2026-11-01}}", "h101; expected types of the"),
        ("nodes: {h100: {value: -2, source: e, date: 2026-11-01}}", "h100"),
    ],
)
def test_what_is_no_stock_is_refused(line, said, tmp_path):
    text = FILE.split("  nodes:")[0] + f"  {line}\n"
    file = tmp_path / "stocks.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=said) as caught:
        tk.run(overlay=file, days=2, engine="ensemble")
    assert "\n" not in str(caught.value)


def test_a_price_at_which_the_fleet_cannot_serve_is_refused():
    none = {f"stocks.nodes.{name}": 0.0 for name in resolve().values.fleet}
    with pytest.raises(InputError, match="at 0.02 USD/Mtok customers ask for more than the fleet"):
        tk.run(today=none | {"stocks.inference_price": 0.02}, days=2)


def test_all_supplies_that_are_given_add_up():
    parts = {"staked": 20e6, "treasury_tok": 8e6, "locked": 12e6, "circulating_supply": 60e6}
    given = {f"stocks.{name}": value for name, value in parts.items()}
    assert begin(**given)["circulating_supply"] == 60e6
    with pytest.raises(InputError, match="leave nothing over and nothing missing"):
        resolve(today=given | {"stocks.locked": 11e6})


@pytest.fixture
def closes(tmp_path):
    prices = 0.4 * np.exp(0.03 * np.cos(np.arange(40)))
    lines = [f"2024-01-{d + 1:02},{p!r}" for d, p in enumerate(prices[:31].tolist())]
    (tmp_path / "p.csv").write_text("\n".join(["date,close", *lines]))
    return tmp_path / "p.csv", prices[:31]


def test_a_history_starts_at_the_given_stocks_and_redenominates_none(closes, untold):
    file, prices = closes
    today = {n: v for n, v in STOCKS.items() if n != "stocks.token_price"}
    found = tk.run(prices=file, today=today, engine="ensemble")
    paths = found.trajectories.values
    np.testing.assert_allclose(paths["token_price"][0], prices, rtol=1e-9)
    assert paths["circulating_supply"][0, 0] == 55e6
    assert found.resolved.values.supply.total_supply == resolve().values.supply.total_supply
    same = tk.run(
        prices=file, today=today | {"stocks.token_price": float(prices[0])}, engine="ensemble"
    )
    assert np.array_equal(same.trajectories.values["token_price"], paths["token_price"])
    with pytest.raises(InputError, match=r"0\.5 USD/TOK.*expected 0\.41.*the first price of"):
        tk.run(prices=file, today=STOCKS, engine="ensemble")


def test_news_are_inferred_under_the_policy_of_today(closes, untold):
    file, prices = closes
    today = STOCKS | {"stocks.token_price": float(prices[0]), "controller.type": "pid"}
    kept = tk.run(prices=file, today=today, engine="ensemble").trajectories.values
    np.testing.assert_allclose(kept["token_price"][0], prices, rtol=1e-9)
    assert np.max(kept["control_output"]) > 0.0
    left = tk.run(prices=file, today=today, policy="none", engine="ensemble").trajectories.values
    assert not np.allclose(left["token_price"][0], prices, rtol=1e-3)


def test_stocks_in_other_tokens_are_the_same_stocks():
    old = resolve(today=STOCKS)
    new = old.in_other_tokens(1000.0, "test")
    one, two = start_state(old.values), start_state(new.values)
    for name, variable in MODEL.variables(old.values).items():
        over, _, under = variable.unit.partition("/")
        factor = 1000.0 if over == "TOK" else 1e-3 if under == "TOK" else 1.0
        if variable.unit != "1":  # logarithms of prices
            assert two[name] == pytest.approx(factor * one[name], rel=1e-9, abs=1e-5), name


@pytest.mark.parametrize("staked", [{}, {"stocks.staked": 3e6}])
def test_who_cheats_on_day_0_weighs_the_stake_at_the_price_that_is_given(staked, untold):
    today = {"shocks.enabled": False, "stocks.token_price": 1.0} | staked
    paths = tk.run(days=2, today=today, engine="ensemble").trajectories.values
    cheats = paths["cheating_share"][0]
    assert cheats[0] == pytest.approx(cheats[1], rel=1e-3)

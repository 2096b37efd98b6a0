"""The supply curve is the operators' own, goes both ways, and a stranger's files get one clear
line.
"""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paths import command
from tokenomics.capacity.hardware import hardware
from tokenomics.capacity.supply import Capital, SupplyCurve, load_fleet
from tokenomics.errors import InputError
from tokenomics.model.formulas.bonding import net_of_bond
from tokenomics.model.formulas.fleet import willing_nodes
from tokenomics.model.formulas.latency import places
from tokenomics.model.formulas.numerics import MTOK_PER_DAY
from tokenomics.model.steady_state import steady_state
from tokenomics.parameters import resolve
from tokenomics.parameters.locate import find, names

MARKET = load_fleet("marketplace")
CURVE = MARKET.supply


@given(st.floats(1e-4, 0.5))
def test_the_price_that_brings_the_work_of_a_price_is_that_price(price):
    assert CURVE.price(float(CURVE(price))) == pytest.approx(price, rel=1e-6)


@given(st.floats(1e-3, 0.3))
def test_the_elasticity_is_the_slope_of_the_logarithms(price):
    step = 1e-5
    slope = np.log(CURVE(price * np.exp(step)) / CURVE(price * np.exp(-step))) / (2.0 * step)
    assert CURVE.elasticity(price) == pytest.approx(slope, rel=1e-6)


def test_more_is_offered_at_a_higher_price_and_never_more_than_all():
    offered = CURVE(np.geomspace(1e-6, 1e3, 200))
    assert np.all(np.diff(offered) >= 0.0) and offered[-1] == pytest.approx(CURVE.most)
    with pytest.raises(
        InputError,
        match=rf"Mtok/day; expected more than 0 and less than the fleet's {CURVE.most:,.0f} Mtok",
    ):
        CURVE.price(1.01 * CURVE.most)


# USD/hour and nodes of the shipped fleet, all at a utilisation of 0.6 and a dispersion of 0.25
SHIPPED = {
    "h100": (1.735, 600),
    "a100": (0.95, 400),
    "l40s": (0.937, 1500),
    "rtx4090": (0.401, 3000),
}


def test_half_of_a_type_joins_where_its_hour_is_earned_by_its_work():
    assert set(SHIPPED) == set(MARKET.members)
    for name, (hour, nodes) in SHIPPED.items():
        member = MARKET.members[name]
        mtok = (member.output_rate + member.input_rate) * 0.6 * 0.0036  # of an hour
        assert member.median_cost == pytest.approx(hour / mtok, rel=1e-9)
        assert CURVE.by_type(hour / mtok)[name] == pytest.approx(0.5 * nodes * 24.0 * mtok)


def test_a_node_of_two_cards_draws_the_power_and_has_the_memory_of_both(tmp_path):
    file = tmp_path / "fleet.yaml"
    bought = """capital_cost:
      price: {value: 8760.0, unit: "USD", source: "test"}
      years: {value: 1.0, unit: "years", source: "test"}
      rate: {value: 1.0e-9, unit: "1/year", source: "test"}
      electricity: {value: 0.1, unit: "USD/kWh", source: "test"}"""
    text = (
        find("fleet", "marketplace")
        .read_text()
        .replace("precision: fp8", "precision: fp8\n    cards: 2", 1)
    )
    start = text.index("rental_price")
    file.write_text(text[:start] + bought + text[text.index("\n", start) :])
    node, one = load_fleet(str(file)).members["h100"], MARKET.members["h100"]
    assert node.accelerator.power == 3.4
    assert node.accelerator.reservation_cost == pytest.approx(1.0 + 0.34, rel=1e-3)
    # two cards read the weights in half the time and hold more than twice the requests; each kernel
    # and what they send one another cost them less than that
    assert one.output_rate < node.output_rate < 2.5 * one.output_rate
    assert node.batch > one.batch


def test_the_curve_is_that_computed_by_hand():
    # a node does m = token/s × 0.6 × 0.0864 Mtok/day, and a share 1/(1 + (24 × USD/hour ÷ (m ×
    # price))^4) of its type joins
    for price in (0.01, 0.02, 0.05):
        work = 0.0
        for name, (hour, nodes) in SHIPPED.items():
            member = MARKET.members[name]
            mtok = (member.output_rate + member.input_rate) * 0.6 * 0.0864
            work += nodes * mtok / (1.0 + (24.0 * hour / (mtok * price)) ** 4)
        assert float(CURVE(price)) == pytest.approx(work, rel=1e-6)


def test_the_economys_operators_stand_on_this_curve():
    parameters = resolve("baseline").values
    state = steady_state(parameters).state
    curve = SupplyCurve(parameters.fleet)
    installed = sum(
        state[f"nodes_{name}"] * a.throughput * MTOK_PER_DAY for name, a in parameters.fleet.items()
    )
    net = net_of_bond(dict(parameters), state)
    assert float(curve(net)) == pytest.approx(installed, rel=1e-9)
    assert curve.price(installed) == pytest.approx(net, rel=1e-6)
    h100 = parameters.fleet["h100"]
    assert curve.by_type(0.01)["h100"] == willing_nodes(h100, 0.01) * h100.throughput * MTOK_PER_DAY


def test_a_fleet_laid_over_the_baseline_is_that_fleet_and_no_other():
    parameters = resolve("baseline", overlays=[MARKET.overlay()]).values
    rtx, member = parameters.fleet["rtx4090"], MARKET.members["rtx4090"]
    assert rtx.throughput == pytest.approx(member.output_rate + member.input_rate)
    assert rtx.reservation_cost == 0.401
    assert {name for name, a in parameters.fleet.items() if a.potential_nodes > 0.0} == set(
        MARKET.members
    )


def test_a_fleets_requests_and_latency_go_with_it(tmp_path):
    changes = {
        "value: 1155.0": "value: 500.0",
        "value: 211.0": "value: 100.0",
        'value: 0.5, unit: "s"': 'value: 0.4, unit: "s"',
        "0.03": "0.04",
    }
    text = find("fleet", "marketplace").read_text()
    for right, wrong in changes.items():
        text = text.replace(right, wrong, 1)
    file = tmp_path / "fleet.yaml"
    file.write_text(text)
    parameters = resolve("baseline", overlays=[load_fleet(str(file)).overlay()]).values
    assert (parameters.demand.prompt_tokens, parameters.demand.output_tokens) == (500.0, 100.0)
    assert (parameters.capacity.time_to_first_token, parameters.capacity.time_per_token) == (
        0.4,
        0.04,
    )


def test_requests_at_once_of_the_economy_are_near_the_batch_of_the_roofline():
    # the economy has them from the throughput and the service time (Little), the roofline from
    # memory and latency
    params = dict(resolve("baseline", overlays=[MARKET.overlay()]).values)
    for name, member in MARKET.members.items():
        assert places(params, params["fleet"][name]) == pytest.approx(member.batch, rel=0.1)


def test_capital_costs_what_its_annuity_and_its_power_cost():
    def one(value, unit):
        return {"value": value, "unit": unit, "source": "test"}

    bought = Capital(
        price=one(8766.0, "USD"),
        years=one(1.0, "years"),
        rate=one(1e-9, "1/year"),
        electricity=one(0.1, "USD/kWh"),
    )
    assert bought.hourly(2.0) == pytest.approx(8766.0 / 8760.0 + 0.2, rel=1e-6)


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", names("hardware"))
def test_a_shipped_card_says_where_its_numbers_come_from_and_how(name):
    card = hardware(name)
    assert card.origin == "published" and "not measured here" in card.description
    assert (
        card.memory.source
        and card.bandwidth.source
        and all(rate.source for rate in card.rates.values())
    )


WRONG = [
    ("bandwidth: {", "bandwidht: {", r"7: bandwidht: unknown key; .*did you mean 'bandwidth'\?"),
    ("bandwidth: {", "# bandwidth: {", r"bandwidth: missing; expected value, unit and source"),
    (
        'value: 3.35, unit: "TB/s"',
        'value: 3350.0, unit: "GB/s"',
        r"7: bandwidth: unit 'GB/s'; expected 'TB/s'",
    ),
    ("value: 3.35", "value: -3.35", r"7: bandwidth: -3.35; expected a number above 0 \[TB/s\]"),
    ("value: 3.35", 'value: "3.35"', r"7: bandwidth.value: '3.35'; expected a number"),
    ("value: 3.35", "value: .nan", r"7: bandwidth.value: nan; expected a finite number"),
    (
        "origin: published",
        "origin: guessed",
        r"3: origin: 'guessed'; expected 'published' or 'measured'",
    ),
    (
        "origin: published",
        "origin: measured",
        r"origin 'measured' without a group `measured`; expected both or neither",
    ),
    (
        "origin: published",
        "origin: published\nefficiency: {fp8: {bandwidth: 0.5, compute: 0.5, source: test}}",
        r"origin 'published' with a group `efficiency`; expected both or neither",
    ),
    (
        "architecture: hopper",
        "architecture: hoper",
        r"architecture: unknown architecture 'hoper'",
    ),
    (
        'device: "NVIDIA H100 SXM5 80 GB"',
        "device: !!python/object/apply:os.system ['true']",
        r"device",
    ),
]


@pytest.mark.parametrize(("right", "wrong", "message"), WRONG)
def test_a_strangers_bad_hardware_file_gets_one_clear_line(right, wrong, message, tmp_path):
    text = find("hardware", "h100").read_text()
    assert right in text
    file = tmp_path / "card.yaml"
    file.write_text(text.replace(right, wrong, 1))
    with pytest.raises(InputError, match=message) as caught:
        hardware(str(file))
    assert str(caught.value).startswith(str(file)) and "\n" not in str(caught.value)


def test_a_misspelt_fleet_names_its_neighbour():
    with pytest.raises(InputError, match="unknown fleet 'marketplce'.*did you mean 'marketplace'"):
        load_fleet("marketplce")


def test_a_type_that_cannot_hold_the_target_is_named(tmp_path):
    file = tmp_path / "fleet.yaml"
    file.write_text(
        find("fleet", "marketplace").read_text().replace("value: 0.03", "value: 0.0001")
    )
    with pytest.raises(
        InputError, match=r"fleet.yaml: types.h100: TPOT: 0.0001 s; expected at least"
    ):
        load_fleet(str(file))


def test_cards_that_a_model_does_not_divide_by_are_refused_by_key(tmp_path):
    file = tmp_path / "fleet.yaml"
    file.write_text(
        find("fleet", "marketplace")
        .read_text()
        .replace("precision: fp8", "precision: fp8\n    cards: 7", 1)
    )
    with pytest.raises(
        InputError, match=r"fleet.yaml: types.h100.cards: heads 32; expected a multiple of 7 cards$"
    ):
        load_fleet(str(file))
    status, _, errors = command("capacity", "frontier", "--hardware", "h100", "--cards", "16")
    assert (
        status == 2
        and "cards: kv_heads 8; expected a multiple of 16 cards" in errors
        and errors.count("\n") == 1
    )


@pytest.mark.parametrize("option", ["--tpot", "--ttft", "--prompt", "--output"])
@pytest.mark.parametrize("value", ["nan", "inf", "0", "-1"])
def test_a_limit_or_length_that_is_no_positive_number_is_refused(option, value):
    status, _, errors = command("capacity", "frontier", "--hardware", "h100", option, value)
    assert status == 2 and option in errors


def test_a_card_that_cannot_hold_a_limit_is_named():
    status, _, errors = command(
        "capacity", "frontier", "--hardware", "h100", "--hardware", "l40s", "--ttft", "0.06"
    )
    assert (
        status == 2
        and "--hardware l40s: TTFT: 0.06 s; expected at least 0." in errors
        and errors.count("\n") == 1
    )


def test_the_command_prints_the_curve_and_writes_figure_and_overlay(tmp_path):
    out = tmp_path / "supply"
    status, text, _ = command(
        "capacity", "supply", "--price", "0.02", "--work", "1e6", "--json", "--out", str(out)
    )
    assert status == 0
    by_price, by_work = json.loads(text)["curve"]
    assert by_price["work"] == pytest.approx(float(CURVE(0.02))) and by_work[
        "work"
    ] == pytest.approx(1e6)
    assert sorted(path.name for path in out.iterdir()) == ["overlay.yaml", "supply.png"]
    simulated = ("--runs", "2", "--days", "5", "--out", str(tmp_path / "run"))
    status, _, errors = command(
        "run", "baseline", "--overlay", str(out / "overlay.yaml"), *simulated
    )
    assert status == 0, errors
    fleet = resolve(tmp_path / "run" / "params.yaml").values.fleet
    assert {name for name, a in fleet.items() if a.potential_nodes > 0.0} == set(MARKET.members)

"""Venues: offers share the economy's own costs, limits and splits decide as they should, and the
floor of physics is named.
"""

import json

import numpy as np
import pytest

from paths import command
from tokenomics.errors import InputError, Remark
from tokenomics.model.formulas.choice import network_cost, seller_cost
from tokenomics.model.formulas.distribution import Cumulants, exceedance, lognormal, quantile
from tokenomics.model.formulas.outages import cloud_up
from tokenomics.model.steady_state import steady_state
from tokenomics.parameters import put, resolve
from tokenomics.parameters.locate import find, names
from tokenomics.venues.choose import HYBRID, break_evens, choose
from tokenomics.venues.measure import percentiles
from tokenomics.venues.offers import NETWORK, cloud_parameters, offers
from tokenomics.venues.physics import LIGHT_IN_GLASS, beyond_physics, floor
from tokenomics.venues.report import report, simulate
from tokenomics.venues.scale import scale_measures
from tokenomics.venues.workload import read_workload


def workload(name, limits=None, **values):
    """A shipped workload with some figures changed."""
    work = read_workload(name)[0]

    def changed(record, figures):
        return record.model_copy(
            update={
                n: getattr(record, n).model_copy(update={"value": v}) for n, v in figures.items()
            }
        )

    work = changed(work, values)
    return work.model_copy(update={"limits": changed(work.limits, limits or {})})


@pytest.fixture(scope="module")
def simulated():
    return simulate(days=120, runs=6, seed=1)


def by_name(found, venue, mode, payment):
    return next(o for o in found if (o.venue, o.mode, o.payment) == (venue, mode, payment))


@pytest.mark.parametrize("name", names("workload"))
def test_a_shipped_workload_has_a_source_for_every_figure(name):
    work, _ = read_workload(name)
    for record in (work, work.limits):
        assert all(figure.source for figure in dict(record).values() if hasattr(figure, "source"))


def test_an_offer_costs_what_the_economys_own_customers_reckon():
    parameters = resolve(
        "baseline", sets=("shocks.enabled=false", "payment.exposed_share=0", "privacy.mode=none")
    ).values
    state = steady_state(parameters).state
    paths = {n: np.full((2, 3), v) for n, v in state.items() if n not in ("time", "step")}
    own = parameters.workloads["interactive"]
    names_of = (
        "latency_tolerance",
        "latency_cost",
        "failure_cost",
        "privacy_need",
    )
    work = workload("chat", **{n: getattr(own, n) for n in names_of}, follows_demand=0.0)
    found = offers(parameters, work, paths)
    network = sum(network_cost(dict(parameters), own, state)) + work.recourse_value.value
    up = cloud_up(parameters.outages, parameters.cloud)
    central = sum(seller_cost(parameters.cloud, own, up))
    assert by_name(found, "network", "none", "bill_stablecoin").cost == pytest.approx(
        network, rel=1e-9
    )
    assert by_name(found, "cloud", "none", "bill_cloud").cost == pytest.approx(central, rel=1e-9)
    # with longer answers both venues take longer
    longer = offers(parameters, workload("chat", output_tokens=500.0), paths)
    for venue, payment in (("network", "bill_stablecoin"), ("cloud", "bill_cloud")):
        assert np.all(
            by_name(longer, venue, "none", payment).latency.mean
            > by_name(found, venue, "none", payment).latency.mean
        )


def test_a_protection_that_slows_a_node_down_costs_its_time(simulated):
    resolved, paths, _ = simulated
    found = offers(resolved.values, workload("batch"), paths)
    plain, enclave = (by_name(found, NETWORK, mode, "bill_stablecoin") for mode in ("none", "tee"))
    np.testing.assert_allclose(
        enclave.bill, plain.bill / resolved.values.privacy.tee.throughput, rtol=1e-12
    )
    # later, more faked answers to repeat may cost the plain node more than the enclave does
    assert np.all(enclave.latency.mean[:, 0] > plain.latency.mean[:, 0])
    assert (plain.privacy, enclave.privacy) == ("none", "enclave")


def test_a_task_of_several_calls_takes_their_sum_on_both_venues(simulated):
    resolved, paths, _ = simulated
    one, eight = (offers(resolved.values, workload("agents", calls=n), paths) for n in (1.0, 8.0))
    for first, second in zip(one, eight, strict=True):
        np.testing.assert_allclose(second.latency.mean, 8.0 * first.latency.mean, rtol=1e-12)
        assert np.all(
            quantile(second.latency, 0.99) < 8.0 * quantile(first.latency, 0.99)
        )  # long answers do not all fall together


def test_percentiles_of_a_span_are_those_of_all_its_requests():
    same = lognormal(np.full((2, 5), 3.0), np.full((2, 5), 0.4))
    assert percentiles(same, (0.5, 0.99))[:, 0] == pytest.approx(
        [quantile(lognormal(3.0, 0.4), p) for p in (0.5, 0.99)], rel=1e-5
    )
    days = np.array([[1.0, 10.0]])
    mixed = lognormal(days, 0.1 + 0.0 * days)
    (found,) = percentiles(mixed, (0.9,))
    assert exceedance(mixed, found[:, None]).mean() == pytest.approx(0.1, abs=1e-5)


def test_the_cheapest_offer_that_holds_the_limits_is_taken(simulated):
    resolved, paths, _ = simulated
    loose = choose(resolved.values, workload("batch"), paths)
    assert loose.path == NETWORK
    assert loose.cost == min(v.cost for v in loose.verdicts if not v.broken)
    strict = choose(resolved.values, workload("batch", {"latency_p99": 6.36}), paths)
    assert strict.path == "cloud"
    assert "latency p99" in strict.reason
    nobody = choose(resolved.values, workload("batch", {"latency_p99": 5.0}), paths)
    assert nobody.path == "neither"
    assert nobody.reason.count("latency p99") == 2


def test_a_split_is_taken_where_neither_venue_holds_the_limits_alone(simulated):
    # the network alone is too late, the cloud alone is too dear
    resolved, paths, _ = simulated
    work = workload("batch", {"latency_p99": 7.7, "budget": 135.0})
    found = choose(resolved.values, work, paths)
    assert found.path == HYBRID
    assert 0.0 < found.share < 1.0
    assert "latency" in found.reason
    assert "budget" in found.reason
    parts = ((found.share, found.network), (1.0 - found.share, found.cloud))
    late = sum(
        x * exceedance(Cumulants(*(p[:, 1:] for p in vars(v.offer.latency).values())), 7.7).mean()
        for x, v in parts
    )
    assert late <= 0.01
    assert np.quantile(sum(x * v.offer.bill[:, 1:].mean(axis=1) for x, v in parts), 0.95) <= 135.0


def test_what_a_request_is_exposed_to_cannot_be_split_away(simulated):
    resolved, paths, _ = simulated
    open_network = put(resolved.values, {"privacy.tee.confidentiality": 0.0})
    found = choose(open_network, workload("private"), paths)
    assert found.path == "neither"
    assert "privacy" in found.reason


@pytest.mark.slow
def test_the_path_changes_at_the_break_even_and_not_before(simulated):
    resolved, paths, _ = simulated
    work = workload("batch")
    flips = break_evens(resolved.values, work, paths)
    multiple, then = flips["price of the cloud"]
    assert then == "cloud"
    now = choose(resolved.values, work, paths).path
    at = [
        choose(
            put(resolved.values, {"cloud.price": resolved.values.cloud.price * multiple * m}),
            work,
            paths,
        ).path
        for m in (0.95, 1.05)
    ]
    assert sorted(path == now for path in at) == [False, True]
    assert flips["limit on latency"] is None or flips["limit on latency"][0] < 1.0


def test_no_venue_answers_before_light_has_come_back_and_the_weights_are_read():
    work = workload("realtime", {"latency_p99": 0.05})
    least = floor(work)
    assert least.light == pytest.approx(2.0 * work.distance.value / LIGHT_IN_GLASS)
    assert floor(workload("realtime", output_tokens=100.0)).tokens == pytest.approx(
        2.0 * least.tokens, rel=0.02
    )
    told = beyond_physics(work)
    assert "light there and back over 500 km" in told
    assert "weights" in told
    assert beyond_physics(workload("chat")) == ""
    trading = beyond_physics(
        workload("realtime", {"latency_p99": 1e-5}, output_tokens=1.0, prompt_tokens=1.0)
    )
    assert "1e-05" in trading


def test_real_time_work_is_refused_for_reasons_of_physics(simulated):
    resolved, paths, _ = simulated
    found = choose(resolved.values, workload("realtime", {"latency_p99": 0.05}), paths)
    assert found.path == "neither"
    assert "physical floor" in found.reason


def test_nothing_happens_where_demand_does_not_double(simulated):
    resolved, paths, _ = simulated
    doubling = resolve(scenarios=["demand_doubling"]).values
    found = scale_measures(paths, paths, doubling)
    assert np.all(found["price_after"] == 1.0)
    assert np.all(found["token_after"] == 1.0)
    # the start is day 0, so that 91 times reach day 90, thirty days behind the doubling
    scale_measures(
        {n: p[:, :91] for n, p in paths.items()}, {n: p[:, :91] for n, p in paths.items()}, doubling
    )
    with pytest.raises(
        InputError,
        match="days: 89 days; expected at least 90: 30 behind the doubling of demand on day 60",
    ):
        scale_measures(
            {n: p[:, :90] for n, p in paths.items()},
            {n: p[:, :90] for n, p in paths.items()},
            doubling,
        )


def test_a_doubling_brings_a_dearer_network_that_turns_work_away(simulated):
    _, _, scaling = simulated
    assert scaling["price_after"].min() > 1.2
    assert scaling["served_after"].max() < 1.0


def test_a_table_has_all_five_factors_and_both_venues(simulated):
    resolved, paths, scaling = simulated
    found = report(resolved, workload("chat"), paths, scaling, flips=False)
    assert set(found.table["factor"]) == {
        "cost structure",
        "latency",
        "data control",
        "service guarantees",
        "scalability",
    }
    assert not (found.table[["cloud", "network"]] == "").any(axis=None)
    mean, low, high = found.numbers["bill"]["network"]
    assert low < mean < high
    # statistics are those of every day, whatever days the choice rests on
    stable = by_name(
        offers(resolved.values, found.workload, paths),
        NETWORK,
        found.choice.network.offer.mode,
        found.choice.network.offer.payment,
    )
    spread = np.std(np.diff(np.log(stable.bill), axis=1), axis=1, ddof=1) * np.sqrt(365.0)
    assert found.numbers["bill_volatility"]["network"][0] == pytest.approx(spread.mean(), rel=1e-9)
    # the parts of the rise add up to it
    own = found.workload.served(resolved.values)
    offer = by_name(offers(resolved.values, found.workload, paths), NETWORK, "none", "user_bill")
    total = (offer.bill[:, 1:] - offer.bill[:, :1]).sum(axis=1) * own.simulation.time_step
    np.testing.assert_allclose(sum(found.rise.values()), total, rtol=1e-9)


def test_cloud_latency_follows_the_length_of_the_requests():
    parameters = resolve("baseline").values
    twice = workload("chat", prompt_tokens=2310.0, output_tokens=422.0)
    assert cloud_parameters(
        parameters, twice.served(parameters)
    ).cloud.latency_mean == pytest.approx(2.0 * parameters.cloud.latency_mean)


def test_the_command_prints_json_writes_files_and_ends_with_the_answer(tmp_path):
    out = tmp_path / "batch"
    status, told, _ = command(
        "venues",
        "--workload",
        "batch",
        "--workload",
        "realtime",
        "--days",
        "100",
        "--runs",
        "4",
        "--json",
        "--out",
        out,
    )
    found = json.loads(told)["workloads"]
    assert (found["batch"]["path"], found["realtime"]["path"]) == ("network", "neither")
    assert status == 1  # one of them has nowhere to go
    assert {p.name for p in out.iterdir()} == {
        "batch.md",
        "batch_latency.png",
        "realtime.md",
        "realtime_latency.png",
        "deterrence.png",
    }
    assert "no venue holds the limits" in (out / "realtime.md").read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("work: {value: 1000", r"work: {value: -5"),
        ("latency_p99: {", "latency_p9: {"),
        ('unit: "km"', 'unit: "miles"'),
        ("privacy: none", "privacy: secret"),
        ("uptime: {value: 0.95", "uptime: {value: 1.5"),
    ],
)
def test_a_bad_workload_file_gets_one_clear_line(tmp_path, text, message):
    file = tmp_path / "mine.yaml"
    source = find("workload", "batch").read_text()
    assert text in source
    file.write_text(source.replace(text, message))
    status, _, errors = command("venues", "--workload", file)
    assert status == 2
    assert len(errors.strip().splitlines()) == 1
    assert "mine.yaml:" in errors
    line = next(i for i, t in enumerate(file.read_text().splitlines(), 1) if message in t)
    assert f":{line}:" in errors


def test_a_misspelt_workload_names_its_neighbour():
    status, _, errors = command("venues", "--workload", "chatt")
    assert status == 2
    assert "did you mean 'chat'" in errors


def test_a_workload_that_would_move_the_network_is_refused(simulated):
    resolved, paths, _ = simulated
    with pytest.raises(InputError, match="a tenth of the network's capacity"):
        choose(resolved.values, workload("batch", work=1e8), paths)


def test_a_limit_within_the_noise_is_named(simulated):
    resolved, paths, _ = simulated
    up = choose(resolved.values, workload("batch"), paths).network.uptime
    near = choose(resolved.values, workload("batch", {"uptime": up}), paths)
    assert any("uptime" in line for line in near.network.close)
    assert choose(resolved.values, workload("batch", {"uptime": 0.5}), paths).network.close == ()


def test_results_of_one_name_are_refused_before_anything_is_written(tmp_path):
    file = tmp_path / "batch.yaml"
    file.write_text(find("workload", "batch").read_text())
    status, _, errors = command(
        "venues", "--workload", "batch", "--workload", file, "--out", tmp_path / "out"
    )
    assert status == 2
    assert "different names" in errors
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("found", "wrong"),
    [
        ("calls: {value: 1", "calls: {value: 0.5"),
        ("output_tokens: {value: 211", "output_tokens: {value: 1e12"),
    ],
)
def test_numbers_out_of_bounds_name_the_bound(tmp_path, found, wrong):
    file = tmp_path / "mine.yaml"
    file.write_text(find("workload", "batch").read_text().replace(found, wrong))
    status, _, errors = command("venues", "--workload", file)
    assert status == 2
    assert "expected a number of at least 1 and at most" in errors


@pytest.mark.slow
def test_what_nothing_reads_is_remarked_once_for_both_runs():
    with pytest.warns(Remark) as told:
        simulate(sets=("supply.vesting_time=1460",), runs=3, days=95)
    (one,) = [str(remark.message) for remark in told]
    assert "supply.vesting_time: changed, but" in one

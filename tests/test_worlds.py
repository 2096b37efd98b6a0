"""A limit's verdict over worlds: what is varied, how the worlds are chosen, and in which of them a
limit flips.
"""

import copy
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from bundles import CREATED
from tokenomics.cli.bundle_output import tell
from tokenomics.errors import InputError
from tokenomics.governance.bundle.bundle import make_manifest, write_bundle
from tokenomics.governance.bundle.make import complete, propose
from tokenomics.governance.evidence.evidence import Evidence
from tokenomics.governance.evidence.plan import from_plain
from tokenomics.governance.evidence.separation import separate, too_few
from tokenomics.governance.evidence.simulation import simulate
from tokenomics.governance.evidence.worlds import NO_PROBABILITY, OUTCOMES, SAID, InWorlds, scales
from tokenomics.governance.evidence.worlds_record import WorldsAsked
from tokenomics.governance.proposal.proposal import read_proposal
from tokenomics.governance.proposal.ranges import stated_range
from tokenomics.governance.proposal.worlds import effects, in_worlds, trajectories
from tokenomics.governance.report.render import render
from tokenomics.governance.report.sections import report
from tokenomics.governance.verify.affordable import affordable
from tokenomics.governance.verify.verify import verify
from tokenomics.model.model import MODEL
from tokenomics.model.steady_state import starts
from tokenomics.parameters import place, resolve

CHOSEN = SimpleNamespace(worlds=SimpleNamespace(chosen=list("abcdefghijkl")))
LATENCY, SERVICES, SHARE = (
    "capacity.network_latency",
    "demand.services",
    "workloads.batch.network_share",
)
NOISE, TIED = "oracle.noise", "workloads.batch.share"
SLOW = 0.104  # s, of the path across the network, at which the toy's limit on latency breaks
COUNT = 16


def at_rest(name, **values):
    """A variable of the baseline at rest."""
    resolved = resolve("baseline")
    swept = {path.replace("__", "."): np.array([value]) for path, value in values.items()}
    return float(starts(dict(resolved.today), MODEL, swept, 1)[name][0])


def judged(values, happens, word="fails"):
    """Verdicts of one limit in worlds whose parameters are `CHOSEN`."""
    verdict = np.where(happens, word, "undecided")
    return pd.DataFrame(values, columns=CHOSEN.worlds.chosen).assign(verdict=verdict)


def toy():
    """Calm, so that a run stays at rest: both limits are known beforehand."""
    slowest = at_rest("latency_mean", capacity__network_latency=SLOW)
    price = at_rest("token_price")
    return {
        "title": "A toy",
        "policy": "none",
        "set": {"simulation.days": 4, "shocks.enabled": False},
        "proposed": {"supply.burn_share": 0.45},
        "scenarios": ["none", "token_crash"],
        "runs": 5,
        "seed": 6,
        "years": [],
        "metrics": ["latency_mean", "price_final"],
        "limits": [
            {"limit": f"latency_mean <= {slowest!r}", "scenarios": ["none"]},
            {"limit": f"price_final >= {0.9 * price!r}", "scenarios": ["none"]},
        ],
        "sensitivity": {"runs": 2, "paths": {SERVICES: [30.0, 60.0], LATENCY: [0.08, 0.12]}},
        "worlds": {"count": COUNT, "runs": 5, "paths": [LATENCY, SERVICES, NOISE, TIED]},
    }


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    told = []
    found = propose(
        toy(),
        out=tmp_path_factory.mktemp("worlds") / "b",
        workers=1,
        figures=False,
        created=CREATED,
        progress=lambda done, total: told.append((done, total)),
    )
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1] > found.evidence.plan.simulations
    return found


@pytest.mark.slow
def test_what_is_varied_is_read_and_has_a_range_and_the_rest_is_counted(bundle):
    record = bundle.evidence.plan.worlds
    assert record.ranges == {SERVICES: [30.0, 60.0], LATENCY: [0.08, 0.12]}
    assert set(record.chosen) == set(record.ranges) and sum(record.held.values()) == 2
    assert any("no metric of the limits depends on it" in reason for reason in record.held)
    assert any("shares that add up to one" in reason for reason in record.held)


def test_a_range_is_the_proposals_or_its_sources_or_a_step(monkeypatch):
    none = lambda plan, ranges, *_: (dict.fromkeys(ranges, 0.0), 0.0)  # noqa: E731
    monkeypatch.setattr("tokenomics.governance.proposal.worlds._strengths", none)
    _, plan = read_proposal(toy())
    wait, other, up, whole = (
        *("operators.exit_time", "venues.diversion"),
        *("cloud.uptime", "operators.rent_sold"),
    )
    asked = WorldsAsked(paths=[SERVICES, SHARE, wait, other, up, whole])
    found = in_worlds(plan, asked, 0.2).worlds
    assert found.ranges == {
        SERVICES: [30.0, 60.0],
        SHARE: [0.1, 0.8],
        other: pytest.approx([0.76, 0.84]),  # of a large share, a step of what it leaves
        up: pytest.approx([0.99964, 0.99976]),
        wait: [5.0 * (1.0 - 0.2), 5.0 * (1.0 + 0.2)],
    }
    assert sum("a share of 1" in reason for reason in found.held) == 1
    assert not found.chosen, "what moves no limit is not varied"


def test_a_limit_flips_at_the_known_threshold_and_the_words_say_so(bundle):
    found = InWorlds(bundle.evidence)
    table = found.table[(found.table["number"] == 1) & found.table["in_box"]]
    started = table[table["verdict"] != "no start"]
    broken = started["verdict"] == "fails"
    assert 0 < broken.sum() < len(started)
    line = next(text for text in found.flips() if text.startswith("latency_mean"))
    assert f"where {LATENCY} is above 0.1" in line
    below, above = started[~broken][LATENCY].max(), started[broken][LATENCY].min()
    # it depends a little on demand, too
    assert below - 5e-3 < SLOW < above + 5e-3


def test_the_counts_add_up_and_what_cannot_start_is_counted(bundle):
    plan, runs = bundle.evidence.plan, bundle.evidence.runs.copy()
    column = plan.worlds.chosen.index(SERVICES)
    busy = InWorlds(bundle.evidence).values[:COUNT, column] > 50.0
    lost = [i for i, p in enumerate(plan.points) if p.role == "world" and p.values[SERVICES] > 50.0]
    runs.loc[runs["point"].isin(lost), list(plan.metrics)] = np.nan
    runs.loc[runs["point"].isin(lost), "error"] = "no start"
    found = InWorlds(Evidence(plan, runs))
    assert (found.counts[list(OUTCOMES)].sum(axis=1) == COUNT).all()
    assert busy.sum() > 0 and (found.counts["no start"] == busy.sum()).all()
    assert f"exactly where {SERVICES} is above" in found.flips()[-1]
    assert Evidence(plan, runs).failures["invalid"].sum() == 0, "worlds are counted by themselves"


def test_a_limit_in_usd_asks_for_the_same_share_of_what_the_world_began_with(bundle):
    found = InWorlds(bundle.evidence)
    scales = found.scales("price_final")
    assert np.ptp(scales) > 0.1 and np.array_equal(found.scales("latency_mean"), scales**0)
    own = found.table[found.table["number"] == 2]
    assert set(own["verdict"]) <= {"holds", "no start"}
    limit = found.limits[1][1].constraint.limit
    assert (own["estimate"].dropna() < limit).any(), "unscaled, it would fail in some"


@pytest.mark.parametrize("metric", ["purchases", "control_effort", "attacker_profit"])
def test_a_limit_on_what_is_0_at_rest_is_scaled_by_what_customers_spend(metric):
    path, points = "demand.services", np.array([[30.0], [60.0]])
    found = scales(metric, resolve("baseline"), [path], points)
    spent = [at_rest("fees", demand__services=value) for value in (30.0, 60.0)]
    np.testing.assert_allclose(found, np.array(spent) / at_rest("fees"), rtol=1e-12)
    assert found[0] < 0.8 and found[1] > 1.2


def test_where_a_world_has_no_start_nothing_is_scaled():
    found = scales("purchases", resolve("baseline"), ["demand.services"], np.array([[1e9], [45.0]]))
    assert found[0] == 1.0 and found[1] > 0.0


def test_both_sides_of_a_world_meet_the_shocks_of_the_network(bundle, monkeypatch):
    """A run's shocks depend on its index and the seed alone."""
    plan, asked = bundle.evidence.plan, []

    def noted(design, *, cases, **_):
        asked.append((design.seed, design.runs, len(cases), design.size))
        keys = np.indices((len(cases), design.size, design.runs)).reshape(3, -1)
        told = dict(zip(("case", "point", "run"), keys, strict=True))
        values = lambda *names: told | dict.fromkeys(names, 0.0)  # noqa: E731
        return SimpleNamespace(columns=values, metrics=list(plan.metrics))

    monkeypatch.setattr("tokenomics.governance.evidence.simulation.sweep", noted)
    table = simulate(plan)
    # in the first case alone, both sides of every world together
    assert (plan.seed, 5, 1, 2 * (COUNT + 4)) in asked and {one[0] for one in asked} == {plan.seed}
    worlds = [i for i, point in enumerate(plan.points) if point.role.startswith("world")]
    own = table[table["point"].isin(worlds)]
    assert set(own["case"]) == {0}
    assert all(list(runs) == list(range(5)) for _, runs in own.groupby("point")["run"])


def test_the_verdict_begins_with_the_counts_which_are_no_probability(bundle):
    lead = bundle.report.lead
    assert lead[0] == bundle.evidence.verdict() and NO_PROBABILITY in lead[1]
    assert lead[1].startswith(f"{COUNT} worlds were tried") and "no probability" in lead[1]
    page = (bundle.folder / "report.md").read_text()
    assert "Over worlds" in page and (bundle.folder / "data/worlds.csv").exists()


def test_a_line_a_limit_has_its_estimate_its_scenarios_and_its_worlds(bundle):
    """Below the verdict, before anything else: on a phone's first page."""
    found, counts = bundle.evidence.glance(), bundle.evidence.in_worlds.counts
    checks = bundle.evidence.own_checks()
    assert len(found) == 2 and bundle.report.glance == tuple(found)
    for line, row, (_, own) in zip(
        found, counts.to_dict(orient="records"), checks.groupby("number"), strict=True
    ):
        assert f" is {own['estimate'].iloc[0]:.3g} " in line and "(limit: at " in line
        assert f": {own['verdict'].iloc[0]} in 1 of 1 scenario; over worlds " in line
        for word, said in SAID.items():
            assert (f"{said} in {row[word]}" in line.split("over worlds")[1]) == (row[word] > 0)
    page = (bundle.folder / "report.html").read_text()
    first = page.index('<ul class="glance">')
    assert page.index('<p class="verdict') < first < page.index(f"<p>{COUNT} worlds were tried")


def test_the_counts_are_made_once_for_the_lead_its_section_and_the_terminal(bundle, monkeypatch):
    asked = []

    def noted(metric, *others):
        asked.append(metric)
        return scales(metric, *others)

    monkeypatch.setattr("tokenomics.governance.evidence.worlds.scales", noted)
    evidence = Evidence(bundle.evidence.plan, bundle.evidence.runs)
    report(evidence, None)
    tell(replace(bundle, evidence=evidence), as_json=True, figures=False)
    assert asked == ["latency_mean", "price_final"]


def test_the_page_says_that_each_set_of_values_is_judged_by_itself(bundle):
    """A limit's wider interval is over the checks of one set of values, whatever is tried beside
    them.
    """
    evidence, page = bundle.evidence, (bundle.folder / "report.md").read_text()
    assert evidence.checked_at_once == 2
    assert "its interval for all 2 checks of one set of values at once" in page
    assert "with one parameter changed, each set of values judged by itself" in page
    assert "Each world is judged by itself" in page and "each world judged by itself" in page


def test_what_verify_may_simulate_again_has_the_screening_in_it(bundle, monkeypatch):
    plan = bundle.evidence.plan
    own = 4 * plan.simulations  # of four days
    screened = 2 * 4 * (4 * (len(plan.worlds.asked.paths) + 1) + 1) * 5
    limit = "tokenomics.governance.verify.affordable.MOST_IN_ALL"
    monkeypatch.setattr(limit, own + screened)
    assert affordable(plan, None) is None
    monkeypatch.setattr(limit, own + screened - 1)
    told = affordable(plan, None)
    assert f"and the screening of its worlds have {own + screened} steps in all" in told
    assert affordable(plan, 0.9) is None, "a sample takes the choice of the worlds as given"


def test_a_bundle_with_worlds_is_verified_and_picked_worlds_are_found(bundle, tmp_path):
    good = verify(bundle.folder, workers=1)
    assert good.status == "verified", good.findings
    assert "the parameters of the worlds screened and chosen again" in good.notes
    plain = copy.deepcopy(bundle.evidence.plan.plain())
    for point in plain["points"]:
        if point["label"].endswith("world 1"):
            point["values"][LATENCY] = 0.1
    plan = from_plain(plain)
    runs = simulate(plan, workers=1)
    manifest = make_manifest(plan, runs, created=CREATED, command="x", figures=False)
    evidence = Evidence(plan, runs, over_time=bundle.evidence.over_time)
    files = complete(evidence, render(evidence, False)[1], manifest, {})
    bad = verify(write_bundle(tmp_path / "picked", files, manifest), workers=1)
    assert bad.status == "differs"
    assert [one.what for one in bad.findings] == [
        "its worlds are not those that its screening leads to"
    ]


def a_point(plan, label):
    return next(point for point in plan["points"] if point["label"] == label)


WRONG = {
    "outside its range": lambda p: [
        one["values"].update({LATENCY: 9.0}) for one in p["points"] if "world 1" in one["label"]
    ],
    "another world for today": lambda p: a_point(p, "current, world 1")["values"].update(
        {LATENCY: 0.1}
    ),
    "other values of the proposal": lambda p: a_point(p, "world 1")["values"].update(
        {"supply.burn_share": 0.1}
    ),
    "a world left out": lambda p: p["points"].remove(a_point(p, "world 2")),
    "fewer runs": lambda p: a_point(p, "world 2").update(runs=2),
    "another end": lambda p: p["worlds"]["ranges"][LATENCY].__setitem__(1, 0.5),
    "no record": lambda p: p.pop("worlds"),
    "a range of nothing": lambda p: p["worlds"]["ranges"].update({"x.y": [0.0, 1.0]}),
    "a range that is none": lambda p: p["worlds"]["ranges"].update({LATENCY: [0.1, 0.1]}),
    "one that was not screened": lambda p: p["worlds"]["strengths"].update({"x.y": 0.5}),
    "too many worlds": lambda p: p["worlds"]["asked"].update(count=10**9),
    "a key of its own": lambda p: p["worlds"].update(extra=1),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_worlds_that_are_not_those_of_their_record_are_refused(bundle, change):
    plan = json.loads(json.dumps(bundle.evidence.plan.plain()))
    change(plan)
    with pytest.raises(InputError):
        from_plain(plan)


def test_without_worlds_a_plan_is_as_before_and_the_report_says_so():
    _, plan = read_proposal(toy())
    assert in_worlds(plan, WorldsAsked(count=0), 0.25) is plan
    assert "worlds" not in plan.plain() and plan.plain() == from_plain(plan.plain()).plain()
    files = render(Evidence(plan, simulate(plan, workers=1)), False)[1]
    for page in ("report.md", "report.html"):
        told = files[page].decode()
        assert "No worlds were tried: its maker left them out." in told, page
        assert "In how many worlds each limit holds" not in told, page


def test_a_path_that_is_no_fact_of_the_world_is_refused():
    _, plan = read_proposal(toy())
    with pytest.raises(InputError, match="supply.burn_share is no parameter of the world"):
        in_worlds(plan, WorldsAsked(paths=["supply.burn_share"]), 0.25)


def test_the_effects_of_a_linear_metric_are_its_coefficients():
    slopes = np.array([3.0, -0.5, 0.0, 20.0])
    units = trajectories(4, 6, seed=1)
    assert np.all((units >= 0.0) & (units <= 1.0))
    assert np.all((np.diff(units, axis=1) != 0.0).sum(axis=2) == 1), "one at a time"
    output = 7.0 + units @ slopes
    np.testing.assert_allclose(effects(units, output), np.abs(slopes), atol=1e-12)
    output[0, 0] = output[3] = np.nan  # networks without a start
    np.testing.assert_allclose(effects(units, output), np.abs(slopes), atol=1e-12)
    assert np.isnan(effects(units, np.full_like(output, np.nan))).all()


def test_ranges_are_read_from_the_words_of_a_source():
    assert stated_range("assumption: range -.5 to -3. Demirer (2025)") == (-3.0, -0.5)
    assert stated_range("calibrated: 95 % interval 2,660 to 6,000; see") == (2660.0, 6000.0)
    assert stated_range("assumption: one year") is None
    assert stated_range("guess: range 0 to 1e6; see") == (0.0, 1e6)
    assert stated_range("guess: range .2 to 2.5e-1") == (0.2, 0.25)
    assert stated_range("Akash; range to 1 day for an oracle that is late") is None
    entries = resolve("baseline").entries.values()
    found = {e.path: stated_range(e.source) for e in entries if stated_range(e.source)}
    assert len(found) >= 20
    for path, (low, high) in found.items():
        own = resolve("baseline").entries[path].value
        assert place(path).kind is float and low <= own <= high, path


@pytest.mark.parametrize(
    "words",
    [
        "0 to 1e",
        "1 to 2.5%",
        "1 to 2.5 %",
        "5 to 10 %",
        "0.5 to 3 million",
        "2 to 4 weeks",
        "1 to 2k",
    ],
)
def test_a_range_with_a_unit_or_a_magnitude_behind_it_is_not_read(words):
    for end in ("", "; see", ", a guess", ". A guess"):
        assert stated_range(f"assumption: range {words}{end}") is None


@pytest.mark.parametrize("above", [True, False])
def test_one_parameter_that_decides_is_found_with_its_threshold(above):
    values = np.random.default_rng(2).random((64, 5))
    happens = (values[:, 3] > 0.3) == above
    found = separate(values, happens)
    assert found.inside == (happens.sum(), 0) and len(found.conditions) == 1
    one = found.conditions[0]
    assert one.column == 3 and one.above == above and abs(one.threshold - 0.3) < 0.1
    assert found.words("abcde").startswith(f"d is {'above' if above else 'below'} 0.")


def test_two_parameters_are_named_where_one_does_not_tell():
    values = np.random.default_rng(3).random((200, 4))
    happens = (values[:, 0] > 0.6) & (values[:, 2] < 0.5)
    found = separate(values, happens)
    assert {(one.column, one.above) for one in found.conditions} == {(0, True), (2, False)}
    assert found.inside[0] == happens.sum() and found.inside[1] <= 4


def test_what_no_parameter_tells_is_not_explained():
    rng = np.random.default_rng(5)
    named = [separate(rng.random((64, 12)), rng.random(64) < 0.2) for _ in range(20)]
    assert sum(one is not None for one in named) <= 4  # by chance 1 of 20
    values = np.zeros((8, 2))
    assert separate(values, np.arange(8) < 3) is None
    assert separate(values, np.ones(8, dtype=bool)) is None


@pytest.mark.parametrize("happens", [np.arange(64) == 63, np.arange(64) != 63])
def test_one_world_at_the_end_of_a_parameter_is_too_few_to_tell_by_it(happens):
    values = np.random.default_rng(4).random((64, 12))
    values[:, 2].sort()
    assert separate(values, happens) is None and too_few(values, happens)
    said = InWorlds(SimpleNamespace(plan=CHOSEN))._where(judged(values, happens), "fails")
    few = "1 is" if happens.sum() == 1 else "the 1 other is"
    assert said.endswith(f" of 64 worlds, and {few} too few to tell by which parameters")


def test_more_worlds_that_nothing_tells_are_not_too_few():
    values, happens = np.zeros((64, 12)), np.arange(64) < 9
    assert not too_few(values, happens)
    said = InWorlds(SimpleNamespace(plan=CHOSEN))._where(judged(values, happens), "fails")
    assert said == "fails in 9 of 64 worlds, which no one or two parameters tell from the others"


@pytest.mark.parametrize(
    ("where", "without", "told"),
    [
        ((61, 62, 63), 0, "exactly where c is above 36,050"),
        (
            (59, 61, 63),
            1,
            "mostly where c is above 35,850. There it holds in 3 of 5 worlds, elsewhere in 0 of "
            "58 that start",
        ),
    ],
)
def test_where_a_limit_flips_is_counted_there_and_elsewhere(where, without, told):
    values = np.random.default_rng(4).random((64, 12))
    values[:, 2] = 3e4 + 1e2 * np.arange(64)
    box = judged(values, np.isin(np.arange(64), where), "holds")
    box.loc[: without - 1, "verdict"] = "no start"
    said = InWorlds(SimpleNamespace(plan=CHOSEN))._where(box, "holds")
    assert said == f"holds in 3 of 64 worlds: {told}"

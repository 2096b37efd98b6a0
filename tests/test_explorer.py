"""The explorer: what can be moved and what moves with it, the file that it writes, and who is
answered. In a browser it is looked at by benchmarks/explorer.py.
"""

import http.client
import sys
import threading

import numpy as np
import pandas as pd
import pytest

from paths import command
from tokenomics.errors import InputError
from tokenomics.experiments.evaluate import evaluate
from tokenomics.experiments.own_code import load_code, only
from tokenomics.explorer.latest import Latest
from tokenomics.explorer.opening import Opening
from tokenomics.explorer.proposing import proposal_of, proposal_text
from tokenomics.explorer.simulation import SHOWN, TODAY, Explored
from tokenomics.explorer.sliders import sliders_of
from tokenomics.explorer.strengths import Strengths, why_none
from tokenomics.explorer.table import SAME, table
from tokenomics.governance.evidence.over_time import VARIABLES
from tokenomics.governance.proposal.proposal import read_proposal
from tokenomics.model.steady_state import start_state
from tokenomics.parameters import fits
from tokenomics.results.matters import margins
from tokenomics.results.metrics import METRICS

BURN, IMPACT, CRASH = "supply.burn_share", "venues.own_elasticity", "events.token_crash.size"
KP = "controller.pid.kp"
OPENING = Opening(policy="pid", scenario="token_crash", days=70.0, runs=8, seed=3)


@pytest.fixture(scope="module")
def sliders():
    return sliders_of(OPENING.resolved())


@pytest.fixture(scope="module")
def explored():
    paths = (KP, BURN, IMPACT, CRASH)
    return Explored(OPENING.resolved(), paths, runs=OPENING.runs, seed=OPENING.seed)


@pytest.mark.slow
def test_a_slider_goes_through_its_own_value_and_nothing_that_is_refused(sliders):
    for one in sliders:
        below, above = (one.own - one.low) / one.step, (one.high - one.own) / one.step
        assert below == pytest.approx(round(below), abs=1e-6), one.path
        assert above == pytest.approx(round(above), abs=1e-6), one.path
        assert one.low <= one.own <= one.high and one.low < one.high, one.path
        assert fits(one.path, one.low) is None and fits(one.path, one.high) is None, one.path


def test_what_nothing_reads_has_no_slider(sliders):
    found = {one.path: one for one in sliders}
    assert {KP, BURN, IMPACT, CRASH, "events.token_crash.start"} <= set(found)
    # another law's gain, a switch, the span, a number that is 0 and tells no range
    others = {"controller.rai.kp", "controller.type", "simulation.days", "demand.growth_rate"}
    assert not others & set(found)
    assert [found[path].role for path in (KP, IMPACT, CRASH)] == ["lever", "world", "scenario"]
    stated = found[IMPACT]
    assert (stated.low, stated.high, stated.stated) == (-3.0, -0.5, True)
    assert (found[BURN].low, found[BURN].high) == (0.0, 1.0)


def test_where_no_lever_is_moved_both_are_the_same_to_the_last_bit(explored):
    for values in ({}, {IMPACT: -2.0, CRASH: -0.4}):
        seen = explored(values)
        for name in SHOWN:
            np.testing.assert_array_equal(*seen.metrics[name])
        assert seen.runs == OPENING.runs


def test_a_lever_moves_what_is_chosen_and_a_fact_both(explored):
    first, lever, fact, event = (
        explored(values) for values in ({}, {BURN: 0.2}, {IMPACT: -2.0}, {CRASH: -0.2})
    )
    for one in (lever, fact, event):
        today = np.array_equal(one.metrics["churn"][0], first.metrics["churn"][0])
        assert today == (one is lever)
        assert not np.array_equal(one.metrics["churn"][1], first.metrics["churn"][1])
    # on day 0 a lever has changed no stock
    nodes = lever.bands["nodes", TODAY], lever.bands["nodes", "chosen"]
    np.testing.assert_array_equal(nodes[0][:, 0], nodes[1][:, 0])
    # a picture does not depend on those before it
    again = explored({})
    np.testing.assert_array_equal(again.metrics["churn"], first.metrics["churn"])


def test_bands_are_in_order_and_of_every_variable(explored):
    seen = explored({BURN: 0.2})
    assert {name for name, _ in seen.bands} == set(VARIABLES)
    for path in seen.bands.values():
        assert path.shape[1] == len(seen.days)
        known = path[np.isfinite(path).all(axis=1)]  # eight runs do not reach 5 and 95 %
        assert len(known) == 3 and np.all(np.diff(known, axis=0) >= 0.0)


def test_an_impossible_network_is_told_and_the_next_picture_comes(explored):
    with pytest.raises(InputError, match="burn_share"):
        explored({BURN: 1.5})
    assert explored({BURN: 0.4}).runs == OPENING.runs


def test_the_file_is_a_proposal_with_the_numbers_of_the_page(explored, tmp_path):
    values = {**explored.own, BURN: 0.2, IMPACT: -2.0}
    hostile = "Burn less: #1 {x} <b>'\"</b> %"
    file = tmp_path / "proposal.yaml"
    tree = proposal_of(explored, OPENING, values, hostile)
    file.write_text(proposal_text(tree))
    proposal, plan = read_proposal(file)
    assert proposal.title == hostile
    assert proposal.proposed == {BURN: 0.2}
    assert proposal.set[IMPACT] == -2.0 and plan.cases[0].scenario == "token_crash"
    seen = explored(values)
    runs, names = np.arange(proposal.runs), ["churn", "treasury_low", "operator_income"]
    for side in (0, 1):
        own = plan.resolved(0, side)
        found = evaluate(own, (), [()], runs=runs, seed=proposal.seed, metrics=names)
        for name in names:
            np.testing.assert_array_equal(found.values[name][0], seen.metrics[name][side])


def test_an_event_that_was_moved_is_in_the_file(explored):
    values = {**explored.own, BURN: 0.2, CRASH: -0.4}
    tree = proposal_of(explored, OPENING, values, "A smaller crash")
    _, plan = read_proposal(tree)
    events = plan.resolved(0, 1).values.events
    assert [event.size for event in events.values()] == [-0.4]
    assert tree["scenarios"] == ["none"]


def test_the_limits_are_what_matters_in_that_world(explored):
    tree = proposal_of(explored, OPENING, {**explored.own, BURN: 0.2}, "Burn less")
    proposal, _ = read_proposal(tree)
    least = explored.margins({})
    limits = {one.constraint.metric: one for one in proposal.limits}
    assert set(limits) == {name for name in SHOWN if METRICS[name].better}
    for name, one in limits.items():
        assert one.of == "change"
        sign = 1.0 if METRICS[name].better == "lower" else -1.0
        assert one.constraint.limit == pytest.approx(sign * least[name], rel=1e-2)
        # nothing changed holds it
        assert one.constraint.excess(0.0) <= 0.0


def test_what_matters_is_of_the_start_of_the_world_that_is_shown(explored):
    for values in ({}, {IMPACT: -2.0}, {CRASH: -0.2}):
        explored(values)  # which leaves its own start behind
        for world in ({IMPACT: -1.0}, values):
            network = (
                explored.resolved.replace(world, source="test") if world else explored.resolved
            )
            start = start_state(network.today)
            assert explored.margins({**world, BURN: 0.2}) == margins(SHOWN, start, {}, OPENING.days)
    with pytest.raises(InputError, match="own_elasticity"):
        explored.margins({IMPACT: 1.0})


def test_nothing_moved_is_no_proposal(explored):
    for values in ({}, {IMPACT: -2.0}):
        with pytest.raises(InputError, match="no lever is moved"):
            proposal_of(explored, OPENING, {**explored.own, **values}, "Nothing")


def test_the_table_tells_a_difference_as_a_report_does(explored):
    seen = explored({BURN: 0.2})
    text = table(seen, same=False)
    assert text.count("<tr>") == len(SHOWN) + 1
    assert all(f">{METRICS[name].label}" in text for name in SHOWN)
    assert "higher by more than matters, better" in text  # operators keep what is not burned
    same = table(explored({}), same=True)
    assert same.count(f">{SAME}<") == len(SHOWN)


def test_the_frontier_has_the_law_as_chosen_where_its_strength_is_one(explored):
    found = Strengths(explored)({KP: 0.08})
    pid = found.points[found.points["policy"] == "pid"].set_index("strength")
    one = pid.loc[pid.index[np.isclose(pid.index, 1.0)][0]]
    own = pid[pid.index.isna()].iloc[0]
    seen = explored({KP: 0.08})
    for name in ("decoupling_rms", "churn", "operator_income"):
        assert one[name] == pytest.approx(own[name], rel=1e-12)
        assert own[name] == pytest.approx(seen.metrics[name][1].mean(), rel=1e-12)
    assert own["cost"] == pytest.approx(seen.metrics["purchases"][1].mean(), rel=1e-12)
    none = found.points.iloc[-1]
    assert (none["policy"], none["cost"]) == ("none", 0.0)


def test_a_frontier_does_not_depend_on_those_before_it(explored):
    strengths, moves = Strengths(explored), ({}, {KP: 0.08}, {BURN: 0.2}, {IMPACT: -2.0}, {})
    for values in moves:
        fresh = Strengths(explored)(values).points
        pd.testing.assert_frame_equal(strengths(values).points, fresh, check_exact=True)


def test_without_a_law_nothing_is_simulated_anew_for_a_lever_of_the_law(explored, monkeypatch):
    strengths, counted = Strengths(explored), []
    simulated = strengths._simulated
    monkeypatch.setattr(
        strengths, "_simulated", lambda *given: counted.append(len(given[1])) or simulated(*given)
    )
    for values in ({}, {KP: 0.08}, {KP: 0.08, BURN: 0.2}):
        strengths(values)
    # each picture has the law as chosen and at nine strengths; no controller is there twice
    assert sorted(counted) == [1, 1, 10, 10, 10]


@pytest.mark.parametrize(
    ("policy", "told"), [("none", "no strength"), ("lqr", "computes its gains"), ("pid", "")]
)
def test_a_law_without_a_frontier_says_why(policy, told):
    why = why_none(Opening(policy=policy).resolved())
    assert told in why if told else why == ""


def test_of_what_is_asked_for_meanwhile_only_the_last_is_done():
    latest, begun, go, done = Latest(), threading.Event(), threading.Event(), []
    end = threading.Event()

    def first():
        begun.set()
        go.wait(10)
        done.append(0)

    latest.ask(first)
    assert begun.wait(10)
    for number in (1, 2, 3):
        latest.ask(lambda number=number: done.append(number))
    latest.ask(lambda: (done.append(4), end.set()))
    go.set()
    assert end.wait(10)
    assert done == [0, 4]
    latest.close()
    latest.ask(lambda: done.append(5))
    assert done == [0, 4]


def test_without_panel_the_extra_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] in ("panel", "bokeh")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("server", "page", "controls", "figures"):
        monkeypatch.delitem(sys.modules, f"tokenomics.explorer.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "panel", None)
    status, out, errors = command("explore", "--no-browser")
    assert (status, out) == (2, "")
    assert "Panel is not installed" in errors and "pip install '.[explore]'" in errors


# with Panel ------------------------------------------------------------------------------------


@pytest.fixture
def server():
    pytest.importorskip("panel", reason="the extra 'explore' is not installed")
    import asyncio

    from tokenomics.explorer.server import served

    ready, found = threading.Event(), []

    def run():
        asyncio.set_event_loop(asyncio.new_event_loop())
        found.append(served(OPENING))
        found[0].start()
        found[0].io_loop.add_callback(ready.set)
        found[0].io_loop.start()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(60)
    yield found[0]
    found[0].io_loop.add_callback(found[0].io_loop.stop)
    thread.join(10)


def _asked(server, path, **headers):
    """The status of an answer to a request with some headers."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", path, headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_the_server_is_on_the_loopback_and_answers_to_its_own_names(server):
    own = [f"{name}:{server.port}" for name in ("127.0.0.1", "localhost")]
    assert {one[0] for one in _listening(server)} == {"127.0.0.1"}
    assert server._tornado.websocket_origins == set(own)
    page = "/static/js/bokeh.min.js"
    assert [_asked(server, page, Host=name) for name in own] == [200, 200]
    foreign = ["evil.example", f"127.0.0.1.evil.example:{server.port}", "localhost.evil.example"]
    for path in (page, "/", "/ws"):
        assert [_asked(server, path, Host=name) for name in foreign] == [403] * len(foreign)


def _listening(server):
    return [one.getsockname() for one in server._http._sockets.values()]


def test_a_page_of_another_origin_gets_no_socket(server):
    told = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    told |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    for origin in ("http://evil.example", "http://127.0.0.1:1", "null"):
        assert _asked(server, "/ws", Origin=origin, **told) == 403
    # its own gets as far as the token that the page would have brought
    assert _asked(server, "/ws", Origin=f"http://127.0.0.1:{server.port}", **told) != 403


def test_a_port_that_is_taken_is_told(server):
    from tokenomics.explorer.server import served

    with pytest.raises(InputError, match=f"port: {server.port} cannot be had"):
        served(OPENING, port=server.port)


OWN = """import tokenomics as tk


def mine(params, state, error, dt, low, high):
    return tk.Command(params["controller"].custom["gain"] * error)


strength = tk.Strength("controller.custom.gain", 1e-2, 1.0)
tk.register_controller("mine", mine, strength=strength)
tk.register_policy("mine", {"controller": {"type": "mine", "custom": {"gain": 0.1}}})
fall = {"kind": "news", "start": 5, "days": 0, "size": -0.3}
tk.register_scenario("drop", {"events": {"c": fall}})
"""


@pytest.mark.slow
def test_a_law_of_ones_own_is_moved_and_proposed_as_a_shipped_one(tmp_path):
    (tmp_path / "law.py").write_text(OWN)
    gain = "controller.custom.gain"
    with only({}):
        load_code(tmp_path / "law.py")
        opening = Opening(policy="mine", scenario="drop", days=20.0, runs=4)
        network = opening.resolved()
        assert gain in {one.path for one in sliders_of(network)}
        explored = Explored(network, [gain], runs=4, seed=0)
        seen = explored({gain: 0.2})
        assert not np.array_equal(*seen.metrics["purchases"])
        assert why_none(network) == ""
        found = Strengths(explored)({gain: 0.2}).points
        assert found["policy"].tolist() == ["mine"] * 10 + ["none"]
        proposal, _ = read_proposal(proposal_of(explored, opening, {gain: 0.2}, "Mine"))
        assert proposal.proposed == {gain: 0.2}


def test_the_command_loads_the_code_that_it_is_given(tmp_path, monkeypatch):
    pytest.importorskip("panel", reason="the extra 'explore' is not installed")
    from tokenomics.explorer import server
    from tokenomics.explorer.controls import Controls

    (tmp_path / "law.py").write_text(OWN)
    shown = []

    def served(opening, **_):
        controls = Controls(opening, *[lambda: None] * 3)
        shown.append([opening.policy, controls.policy.options, controls.scenario.options])

    monkeypatch.setattr(server, "served", served)
    monkeypatch.setattr(server, "address", lambda server: "")
    monkeypatch.setattr(server, "serve", lambda server, browser: None)
    line = ("explore", "--policy", "mine", "--no-browser")
    with only({}):
        status, _, errors = command(*line, "--code", "law.py", folder=tmp_path)
    assert status == 0, errors
    ((policy, laws, cases),) = shown
    assert (
        policy == "mine" and {"mine", "pid"} <= set(laws) and {"drop", "token_crash"} <= set(cases)
    )


def test_a_page_shows_writes_and_escapes(tmp_path):
    pytest.importorskip("panel", reason="the extra 'explore' is not installed")
    from tokenomics.explorer.page import Page
    from tokenomics.parameters.locate import find

    hostile = tmp_path / "<img src=x onerror=alert(1)>.yaml"
    hostile.write_text(find("base", "baseline").read_text())
    tasks, out = [], tmp_path / "out.yaml"
    came = threading.Semaphore(0)

    def later(task):
        tasks.append(task)
        came.release()

    def settle(count):
        for _ in range(count):
            assert came.acquire(timeout=120)
            tasks.pop(0)()

    page = Page(OPENING.other(params=str(hostile)), out, later)
    settle(2)  # the network, and its picture
    assert "picture" in page.status.object and "8 runs of 70 days" in page.status.object
    assert "<img" not in page.status.object
    assert page.trouble.object == ""
    page.write()
    assert "no lever is moved" in page.trouble.object and not out.exists()
    page.controls._widgets[BURN].value = 0.2
    settle(1)
    assert "more than matters" in page.metrics.object
    page.write()
    assert read_proposal(out)[0].proposed == {BURN: 0.2}
    assert page.file().getvalue() == out.read_text()
    before = out.read_text()
    page.write()
    assert "exists already" in page.trouble.object and out.read_text() == before
    assert "<img" not in page.trouble.object
    page.tabs.active = 1
    settle(1)
    assert "What the chosen law buys" in page.remark.object
    page.controls.scenario.value = "none"
    settle(2)
    # what was moved stays so
    assert page.controls.values[BURN] == 0.2 and CRASH not in page.controls.values
    # of two choices in a row the second stays, whichever network comes last
    for policy in ("static", "pid"):
        page.controls.policy.value = policy
    while page._explored is None or page._explored.resolved.policy != "pid":
        settle(1)
    late = page._explored
    page._opened("of the first choice", [], page._choices - 1)
    assert page._explored is late
    settle(1)
    page.controls.reset.clicks += 1
    settle(1)
    assert page.controls.values[BURN] == 0.5
    page.close()

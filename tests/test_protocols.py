"""Deployed rules: what every one must have, its replay on a history, the search for states that
trap it, and the commands.
"""

import csv
import gc
import json
from dataclasses import replace as replace_
from fractions import Fraction
from typing import Annotated, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tokenomics as tk
from paths import command
from tokenomics.errors import InputError
from tokenomics.histories.recorded_steps import read_recorded
from tokenomics.protocols.absorb import absorb
from tokenomics.protocols.arithmetic import WAD, half_even, power, truncated
from tokenomics.protocols.catalogue import RULES, named
from tokenomics.protocols.gaps import gaps_of
from tokenomics.protocols.replay import replay
from tokenomics.protocols.rule import (
    DEPLOYED,
    REJECTED,
    DeployedRule,
    OnChain,
    Row,
    Search,
    Version,
)
from tokenomics.results.replay_figure import _told, draw_replay, larger


class CounterState(NamedTuple):
    level: Annotated[int, OnChain("u", "a level", 0, 1_000)]


class CounterInputs(NamedTuple):
    up: Annotated[int, OnChain("u", "whether it goes up", -1, 1)]


class CounterParameters(NamedTuple):
    size: Annotated[int, OnChain("u", "its step", 0)]


def counted(state, inputs, parameters):
    """Goes up or down by a step, but below 5 only down, and stays at 0."""
    level = state.level
    if level == 0 or (level < 5 and inputs.up >= 0):
        return state
    return CounterState(min(max(level + inputs.up * parameters.size, 0), 1_000))


COUNTER = DeployedRule(
    name="counter",
    about="a rule that traps itself",
    clock="step",
    state=CounterState,
    inputs=CounterInputs,
    parameters=CounterParameters,
    step=counted,
    decides=("level",),
    versions=(
        Version("first", CounterParameters(1), "here"),
        Version("second", CounterParameters(2), "here", since=10),
        Version("third", CounterParameters(3), "here", status=REJECTED),
    ),
    sources=("here",),
    search=Search(
        states=lambda p: [CounterState(level) for level in range(41)],
        by="level",
        inputs=lambda p: {
            "up": CounterInputs(1),
            "still": CounterInputs(0),
            "down": CounterInputs(-1),
        },
        exhaustive=True,
        about="levels from 0 to 40",
    ),
)


def walked(rule, start, inputs, parameters):
    """A history that the rule itself would have made."""
    rows, state = [], start
    for clock, given_ in enumerate(inputs):
        rows.append(Row(clock, state, given_, clock + 2))
        state = rule.step(state, given_, parameters)
    return rows


@pytest.mark.parametrize("name", RULES)
def test_a_rule_says_where_it_comes_from_and_what_acts(name):
    rule = RULES[name]
    assert rule.name == name
    assert rule.sources
    assert all(version.source for version in rule.versions)
    assert any(version.status == DEPLOYED for version in rule.versions)
    assert len({version.name for version in rule.versions}) == len(rule.versions)
    for version in rule.versions:
        rule.check("parameters", version.parameters)
    for part in ("state", "inputs", "parameters"):
        assert all(q.unit and q.about for _, q in rule.quantities[part].values())
    assert set(rule.decides) <= set(rule.state._fields)


def searched(rule, parameters):
    """The states of a search; of one by intervals the ends and the middle."""
    search = rule.search
    if isinstance(search, Search):
        return search.states(parameters)
    first, last = search.span(parameters)
    return [search.lowest(key, parameters) for key in (first, (first + last) // 2, last)]


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if rule.search])
def test_what_a_rule_searches_is_what_the_chain_can_hold(name):
    rule = RULES[name]
    for version in rule.versions:
        for given_ in rule.search.inputs(version.parameters).values():
            rule.check("inputs", given_)
        states = searched(rule, version.parameters)
        for state in (states[0], states[len(states) // 2], states[-1]):
            rule.check("state", state)
            rule.check("state", rule.step(state, given_, version.parameters))


@given(st.integers(-(10**40), 10**40), st.integers(1, 10**20))
def test_divisions_round_as_they_say(numerator, denominator):
    exact = Fraction(numerator, denominator)
    assert (
        abs(truncated(numerator, denominator))
        <= abs(exact)
        < abs(truncated(numerator, denominator)) + 1
    )
    assert half_even(numerator, denominator) == round(exact)  # Python's rounds half to even


@given(st.integers(0, 3 * WAD), st.integers(0, 40))
def test_a_power_is_within_its_roundings(base, exponent):
    exact = Fraction(base, WAD) ** exponent * WAD
    slack = (exponent + 1) * max(Fraction(1), Fraction(base, WAD)) ** exponent
    assert abs(power(base, exponent, WAD) - exact) <= slack


def test_a_history_that_the_rule_made_is_replayed_exactly():
    parameters = COUNTER.versions[0].parameters
    rows = walked(
        COUNTER, CounterState(30), [CounterInputs(1)] * 4 + [CounterInputs(-1)] * 5, parameters
    )
    found = replay(COUNTER, rows)
    assert found.exact == 8
    assert found.first is None
    assert found.largest == 0
    assert found.moves == (8, 8)


def test_each_reading_of_a_row_is_told():
    one, parameters = CounterInputs(1), COUNTER.versions[0].parameters
    levels = [30, 31, 31, 33, 36, 40]
    rows = [Row(clock, CounterState(level), one) for clock, level in enumerate(levels)]
    rows[3] = rows[3]._replace(inputs=one)
    found = replay(COUNTER, rows, COUNTER.versions[0])
    assert [step.reading for step in found.steps] == [
        "",
        "a row that repeats the one before",
        "a row that spans 2 steps",
        "a row that spans 3 steps",
        None,
    ]
    assert found.first.clock == 2
    assert found.first.before == CounterState(31)
    assert [step.error for step in found.unexplained] == [37 - 40]
    assert parameters.size == 1


def test_a_later_version_acts_from_its_step_on_and_another_one_is_named():
    rows = [Row(clock, CounterState(100 + clock), CounterInputs(1)) for clock in range(8, 13)]
    found = replay(COUNTER, rows)
    assert [step.version for step in found.steps] == ["first", "second", "second", "second"]
    assert found.steps[1].reading == "the parameters of first"


def test_traps_of_a_small_rule_are_all_found():
    found = absorb(COUNTER)
    assert found.version.name == "second"
    found = absorb(COUNTER, COUNTER.versions[0])
    assert found.fixed == ((0, 0),)
    assert [(c.lowest, c.highest, c.entered_from) for c in found.closed] == [(0, 4, 5)]
    by_input = {(c.input, c.period): c for c in found.cycles}
    assert by_input["down", 1].ends == 41
    assert by_input["still", 1].count == 41
    assert by_input["up", 1].highest == 4
    assert found.left == 1  # from 40 upwards


def test_cycles_under_constant_input_have_their_period():
    def turning(state, inputs, parameters):
        return CounterState(state.level - 2 if state.level % 3 == 2 else state.level + 1)

    inputs = {"any": CounterInputs(0)}
    for exhaustive in (True, False):
        search = Search(
            lambda p: [CounterState(i) for i in range(30)],
            lambda s: s.level,
            lambda p: inputs,
            exhaustive,
            "levels",
        )
        rule = replace_(COUNTER, step=turning, search=search)
        found = absorb(rule, rule.versions[0])
        assert [(c.period, c.count, c.ends) for c in found.cycles] == [(3, 10, 30)]
        assert found.fixed == ()
        assert found.held == ((0, 29),)


def test_a_rule_without_a_range_says_so():
    rule = replace_(COUNTER, search=None)
    with pytest.raises(InputError, match="counter declares no range to search"):
        absorb(rule)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("liveper", r"no rule 'liveper'; expected one of .*; did you mean 'livepeer'"),
        ("livepeer@LIP-10", r"no version 'LIP-10' of livepeer; .*did you mean 'LIP-"),
    ],
)
def test_a_misspelt_rule_names_its_neighbour(text, said):
    with pytest.raises(InputError, match=said):
        named(text)


HEAD = "clock,inflation,mintable,bonded,supply"
GOOD = "1,1000,0,40,100\n2,1500,0,40,100\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("clock,inflation,mintable,bonded\n1,1,1,1\n2,1,1,1\n", r"column: no column 'supply'; exp"),
        (
            f"{HEAD}\n1,1000,0,40,100\n2,high,0,40,100\n",
            r"h\.csv:3: inflation: 'high'; expected a",
        ),
        (f"{HEAD}\n1,1000,0,40,100\n2,,0,40,100\n", r"h\.csv:3: inflation: an empty cell"),
        (f"{HEAD}\n1,-5,0,40,100\n2,1,0,40,100\n", r"h\.csv:2: inflation: -5; .* at least 0 \[ppb"),
        (f"{HEAD}\n0,0.0002,0,40,100\n{GOOD}", r"h\.csv:2: inflation: 0\.0002; expected a whole"),
        (
            f"{HEAD}\n2,1000,0,40,100\n1,1000,0,40,100\n",
            r"h\.csv:3: clock: 1, after 2; expected an",
        ),
        (
            f"{HEAD}\n{GOOD}2,1500,0,40,100\n",
            r"h\.csv:4: clock: 2, the same twice; expected an inc",
        ),
        (f"{HEAD}\n1,1000,0,40,100\n", r"h\.csv: 1 rows; expected at least 2"),
    ],
)
def test_a_history_that_cannot_be_is_one_line_with_its_place(tmp_path, content, said):
    (tmp_path / "h.csv").write_text(content)
    status, out, errors = command(
        "protocols", "replay", "livepeer", "--history", "h.csv", "--out", "new", folder=tmp_path
    )
    assert (status, out, errors.count("\n")) == (2, "", 1)
    with pytest.raises(InputError, match=said):
        tk.replay("livepeer", tmp_path / "h.csv")
    assert not (tmp_path / "new").exists()


def test_a_history_needs_no_column_that_follows_from_the_others(tmp_path):
    (tmp_path / "h.csv").write_text("Round No,infl,staked,total\n1,1000,40,100\n2,1500,40,100\n")
    names = ["clock=Round No", "inflation=infl", "bonded=staked", "supply=total"]
    found = tk.replay("livepeer", tmp_path / "h.csv", column=names)
    assert (found.exact, len(found.steps)) == (1, 1)
    with pytest.raises(InputError, match=r"column: 'clck=Round No'; .*did you mean 'clock'"):
        tk.replay("livepeer", tmp_path / "h.csv", column=["clck=Round No"])
    (tmp_path / "h.csv").write_text("clock,inflation,bonded,supply\n1,9,4.5,100\n2,9,4,100\n")
    with pytest.raises(InputError, match=r"bonded: 4\.5; expected a whole number \[1e-18 LPT\]"):
        tk.replay("livepeer", tmp_path / "h.csv")
    (tmp_path / "h.csv").write_text("clock,inflation,bonded,supply\n1,9,4,-100\n2,9,4,100\n")
    with pytest.raises(InputError, match=r"supply: -100; expected a whole number from 0 to 1\.1"):
        tk.replay("livepeer", tmp_path / "h.csv")


def test_two_files_are_joined_by_the_clock(tmp_path):
    (tmp_path / "a.csv").write_text("day,inflation,mintable\n1,1000,0\n2,1500,0\n3,2000,0\n")
    (tmp_path / "b.csv").write_text("day,bonded,supply\n1,40,100\n2,60,100\n9,1,1\n")
    rows, form = read_recorded(
        RULES["livepeer"], [tmp_path / "a.csv", tmp_path / "b.csv"], column="clock=day"
    )
    assert [row.clock for row in rows] == [1, 2]
    assert rows[1].inputs == (60, 100)
    assert form.name == "a column a round"


def test_numbers_stay_exact(tmp_path):
    supply = 26_978_132_785_846_214_123_456_789
    (tmp_path / "a.csv").write_text(
        f"clock,inflation,mintable,bonded,supply\n2,5,0,1,{supply}\n3,5,0,1,{supply}e1\n"
    )
    rows, _ = read_recorded(RULES["livepeer"], tmp_path / "a.csv")
    assert [row.inputs.supply for row in rows] == [supply, 10 * supply]


def test_the_commands_tell_a_replay_and_write_it(tmp_path):
    lines = [f"{i},{1000 + 500 * (i - (i > 3))},0,40,100" for i in range(1, 8)]
    (tmp_path / "h.csv").write_text("\n".join([HEAD, *lines]))
    words = ["protocols", "replay", "livepeer", "--history", "h.csv"]
    status, out, _ = command(*words, "--out", "new", folder=tmp_path)
    assert status == 0
    assert "livepeer: 5 of 6 steps exact; the direction of 5 of 5 moves is right" in out
    assert "first divergence: line 5, clock 4" in out
    steps = list(csv.DictReader((tmp_path / "new" / "steps.csv").open()))
    assert [step["error"] for step in steps] == ["0", "0", "500", "0", "0", "0"]
    assert (tmp_path / "new" / "replay.png").stat().st_size > 5_000
    found = json.loads(command(*words, "--json", folder=tmp_path)[1])
    assert found["first_divergence"]["before"]["inflation"] == 2500
    assert found == json.loads((tmp_path / "new" / "replay.json").read_text())


def test_a_walk_of_a_sample_that_leaves_the_range_is_cut_there():
    stepped = []

    def growing(state, inputs, parameters):
        stepped.append(state.level)
        return CounterState(state.level + parameters.size * inputs.up)

    search = replace_(COUNTER.search, exhaustive=False)
    found = absorb(replace_(COUNTER, step=growing, search=search), COUNTER.versions[0])
    assert max(stepped) == 40
    assert {(c.input, c.period, c.ends) for c in found.cycles} == {("still", 1, 41)}
    assert found.left == 2 * 41


def test_a_walk_that_runs_out_of_time_says_nothing_of_a_state_nearer_to_the_end(monkeypatch):
    def falling(state, inputs, parameters):
        return CounterState(max(state.level - 1, 0))

    # from 40 the rest at 0 is 40 steps away, and the walk passes all the others
    states = [CounterState(level) for level in (40, 35, 9, 5, 0)]
    search = replace_(
        COUNTER.search,
        states=lambda p: states,
        by=lambda state: -state.level,
        inputs=lambda p: {"any": CounterInputs(0)},
        exhaustive=False,
    )
    monkeypatch.setattr("tokenomics.protocols.orbits.LONGEST", 36)
    found = absorb(replace_(COUNTER, step=falling, search=search), COUNTER.versions[0])
    assert [(c.period, c.ends) for c in found.cycles] == [(1, 4)]
    assert found.left == 1


def test_a_replay_and_a_search_tell_themselves_in_words():
    rows = walked(COUNTER, CounterState(30), [CounterInputs(1)] * 3, COUNTER.versions[0].parameters)
    assert repr(replay(COUNTER, rows)) == (
        "counter: 2 of 2 steps exact; the direction of 2 of 2 moves is right; the largest error "
        "is 0 [u]"
    )
    found = absorb(COUNTER, COUNTER.versions[0])
    assert repr(found).splitlines()[1:] == [
        "range: levels from 0 to 40",
        "no input leaves: 0 [u]",
        "each constant input keeps or brings back: 0 [u]",
        "once in 0 to 4 [u] it stays there; entered from 5 [u]",
        "the search is cut: 1 step leads out of the range",
    ]
    assert (
        " 41 states from 0 to 40 [u] searched in " in repr(found) and found.plain()["unit"] == "u"
    )
    assert len(found.table()) == len(found.cycles)
    assert list(found.table().columns[:2]) == ["input", "period"]


def test_a_replay_draws_itself_and_says_what_it_found(tmp_path):
    lines = [f"{i},{1000 + 500 * i},0,40,100" for i in range(1, 8)]
    (tmp_path / "h.csv").write_text("\n".join([HEAD, *lines]))
    figure = tk.replay("livepeer", tmp_path / "h.csv").plot()
    assert figure.get_suptitle() == "livepeer: all 6 steps exact"
    low, high = figure.axes[1].get_ylim()
    assert low < 0 < high  # no error: the line of none is seen


def test_the_list_fits_a_hundred_columns_and_says_which_version_is_deployed(tmp_path):
    status, out, _ = command("protocols", "list", folder=tmp_path)
    assert status == 0
    assert max(map(len, out.splitlines())) <= 100
    named = [line for line in out.splitlines()[2:] if not line.startswith(" ")]
    assert [line.split()[0] for line in named] == list(RULES)
    assert "LIP-40 (of 3)     Livepeer: inflation rises" in out and "|" not in out
    status, out, _ = command("protocols", "list", "--markdown", folder=tmp_path)
    assert max(map(len, out.splitlines())) <= 100
    assert "| livepeer | LIP-40 (of 3) | Livepeer: inflation rises" in out
    assert [row.split(" | ")[0][2:] for row in out.splitlines()[2:]] == list(RULES)
    known = {row["name"]: row for row in json.loads(command("protocols", "list", "--json")[1])}
    assert [v["status"] for v in known["livepeer"]["versions"]][1:] == ["abandoned", "rejected"]


def test_show_has_the_other_versions_with_their_status(tmp_path):
    out = command("protocols", "show", "livepeer", folder=tmp_path)[1]
    assert "version LIP-40 (deployed, 2020): Minter on Arbitrum" in out
    assert "other version LIP-107 (rejected, 2025-11-21): livepeer/LIPs 5efffd2" in out


@pytest.mark.parametrize("name", RULES)
def test_every_rule_is_shown(tmp_path, name):
    status, out, _ = command("protocols", "show", name, folder=tmp_path)
    assert status == 0
    assert all(source.split()[0] in out for source in RULES[name].sources)
    shown = json.loads(command("protocols", "show", name, "--json", folder=tmp_path)[1])
    assert set(shown["parameters"]) == set(RULES[name].parameters._fields)


@pytest.mark.parametrize("name", [name for name in RULES if RULES[name].search])
def test_every_search_has_the_unit_of_its_numbers(name):
    assert RULES[name].key_unit


def test_the_command_absorb_tells_the_unit_of_its_numbers(tmp_path):
    _, out, _ = command("protocols", "absorb", "gonka_price", folder=tmp_path)
    unit = "[ngonka/token]"
    assert f"once in 1 to 49 {unit} it stays there; entered from 50 {unit}\n" in out
    assert out.count(unit) == 6  # in four lines, and above the column of the cycles
    _, out, _ = command("protocols", "absorb", "akash_vault", folder=tmp_path)
    assert "once in 0 to 9,000 [1e-4] it stays there; entered from 9,001 [1e-4]\n" in out


def test_the_command_absorb_tells_what_python_finds(tmp_path):
    status, out, _ = command("protocols", "absorb", "livepeer@LIP-100", "--json", folder=tmp_path)
    assert status == 0
    found = json.loads(out)
    plain = tk.absorb("livepeer@LIP-100").plain()
    assert {k: v for k, v in found.items() if k != "seconds"} == json.loads(
        json.dumps({k: v for k, v in plain.items() if k != "seconds"})
    )
    above = [c for c in found["cycles"] if c["input"] == "bonding above the target"]
    assert [(c["lowest"], c["highest"], c["ends"]) for c in above] == [(50_000, 50_000, 1401)]


def test_a_set_whose_end_lies_beyond_the_range_is_open():
    search = replace_(COUNTER.search, inputs=lambda p: {"up": CounterInputs(1)})
    found = absorb(replace_(COUNTER, search=search), COUNTER.versions[0])
    assert [(one.lowest, one.highest) for one in found.closed] == [(0, 4), (1, None)]
    assert any("once at or above 1 [u] it stays there" in line for line in found.lines())


@pytest.mark.parametrize("name", [n for n, r in RULES.items() if r.exact and r.search])
def test_a_history_of_the_version_that_is_shown_is_replayed_by_it(name):
    rule = RULES[name]
    parameters = rule.version().parameters
    inputs = list(rule.search.inputs(parameters).values())
    state = searched(rule, parameters)[-1]
    since = max((v.since or 0 for v in rule.versions if v.status == DEPLOYED), default=0)
    rows = []
    for step in range(8):
        given_ = inputs[step % len(inputs)]
        rows.append(Row(since + step, state, given_, step + 2))
        state = rule.step(state, given_, parameters)
    found = replay(rule, rows)
    assert {step.version for step in found.steps} == {rule.version().name}
    assert found.exact == 7


def test_a_record_that_never_turns_is_told_beside_the_rule():
    one, parameters = CounterInputs(1), COUNTER.versions[0].parameters
    rows = walked(COUNTER, CounterState(30), [one] * 6 + [CounterInputs(-1)] * 2, parameters)
    found = replay(COUNTER, rows, COUNTER.versions[0])
    assert found.common == (1, 6)
    assert found.turns == (1, 1)
    assert found.plain()["exact_if_always_the_common_move"] == 6


def test_dates_stand_only_where_the_rules_clock_has_days(tmp_path):
    history = tmp_path / "h.csv"
    history.write_text(
        "clock,base_fee,gas_used,gas_limit\n2021-08-05,9,1,6000\n2021-08-06,9,1,6000\n"
    )
    with pytest.raises(InputError, match=r"h\.csv:2: clock: '2021-08-05'; expected a number"):
        tk.replay("eip1559", history)
    history.write_text("clock,supply,rate,target,valid\n2024-01-01,9,9,9,1\n19800,9,9,9,1\n")
    with pytest.raises(InputError, match=r"h\.csv:3: clock: '19800'; expected a date"):
        tk.replay("ampleforth", history)
    history.write_text(f"clock,base_fee,gas_used,gas_limit\n1,{'9' * 401},1,6000\n2,9,1,6000\n")
    with pytest.raises(InputError, match=r"h\.csv:2: base_fee: '9+'; expected a number"):
        tk.replay("eip1559", history)
    history.write_text("clock,base_fee,gas_used,gas_limit\n1,1e400,1,6000\n2,9,1,6000\n")
    with pytest.raises(
        InputError, match=r"base_fee: 10+; expected a whole number from 0 to 1\.16e"
    ):
        tk.replay("eip1559", history)


def test_files_are_joined_by_what_the_clock_says_and_what_is_left_out_is_told(tmp_path):
    (tmp_path / "a.csv").write_text("clock,supply\n2024-01-01,9\n2024-01-02T00:00:00,9\n")
    (tmp_path / "b.csv").write_text(
        "clock,rate,target,valid\n2024-01-01,9,9,1\n2024-01-02,9,9,1\n2024-01-03,9,9,1\n"
    )
    with pytest.warns(UserWarning, match=r"b\.csv: 1 row left out, which not all files have"):
        rows, _ = read_recorded(RULES["ampleforth"], [tmp_path / "a.csv", tmp_path / "b.csv"])
    assert [row.clock for row in rows] == [19_723, 19_724]


def test_a_named_field_chooses_the_form_that_has_it(tmp_path):
    (tmp_path / "h.csv").write_text(
        "row,inflation_ppb,total_supply_lptu,bonded_lptu,inflation,bonded,supply\n"
        "1,5,100,40,7,40,100\n2,505,100,40,507,40,100\n"
    )
    rows, form = read_recorded(RULES["livepeer"], tmp_path / "h.csv", column="clock=row")
    assert form.name == "a column a round"
    assert rows[0].state.inflation == 7


ROUNDS = "1,5,100,40\n2,505,100,40\n"


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("round,inflation_ppb,total_supply_lptu,bonded_lptu", "clock=round"),
        ("round,inflation_ppb,total_supply_lptu,bonded_lptu", "row=round"),
        ("row,infl,total_supply_lptu,bonded_lptu", "inflation=infl"),
        ("clock,inflation,total,bonded", "total_supply_lptu=total"),
    ],
)
def test_one_named_column_leaves_the_others_known(tmp_path, header, named):
    (tmp_path / "h.csv").write_text(f"{header}\n{ROUNDS}")
    rows, form = read_recorded(RULES["livepeer"], tmp_path / "h.csv", column=named)
    by_day = "inflation_ppb" in header or header.startswith("row")
    assert (form.name == "a column a round") != by_day
    assert [(row.clock, row.state.inflation, *row.inputs) for row in rows] == [
        (1, 5, 40, 100),
        (2, 505, 40, 100),
    ]


def test_every_field_that_a_layout_gives_is_one_of_the_rule_and_a_column():
    for rule in RULES.values():
        for form in rule.layouts:
            assert set(form.fields) <= set(rule.own_form.columns)
            assert set(form.fields.values()) <= set(form.columns)


def test_a_clock_that_is_named_in_one_file_is_known_in_the_other(tmp_path):
    (tmp_path / "a.csv").write_text("wk,hnt_burned\n2023-04-24,7\n2023-05-01,14\n")
    (tmp_path / "b.csv").write_text("week,hnt_issued\n2023-04-24,70\n2023-05-01,70\n")
    files = [tmp_path / "a.csv", tmp_path / "b.csv"]
    rows, _ = read_recorded(RULES["helium"], files, column="clock=wk")
    assert [row.inputs.burned for row in rows] == [700_000_000, 1_400_000_000]
    with pytest.raises(InputError, match="two columns for week: 'wk' and 'week'"):
        read_recorded(RULES["helium"], files, column=["clock=wk", "week=week"])


def test_rows_that_are_missing_are_told_with_their_first_place(tmp_path):
    clocks = [1, 2, 4, 5, 9]
    rows = [f"{clock},{1000 + 500 * clock},0,40,100" for clock in clocks]
    (tmp_path / "h.csv").write_text("\n".join([HEAD, *rows]))
    found = tk.replay("livepeer", tmp_path / "h.csv")
    assert found.gaps == ((2, 4, 4, 1), (5, 9, 6, 3))
    assert [step.reading for step in found.steps] == ["", "a row that spans 2 steps", "", None]
    words = ["protocols", "replay", "livepeer", "--history", "h.csv"]
    assert (
        "2 gaps in the clock, 4 rows missing; the first before line 4, from 2 to 4: rows beside a "
        "gap are read as if none were missing"
    ) in " ".join(command(*words, folder=tmp_path)[1].split())
    told = json.loads(command(*words, "--json", folder=tmp_path)[1])["gaps"]
    assert told[0] == {"before": 2, "after": 4, "line": 4, "missing": 1}


@given(st.lists(st.integers(1, 5), min_size=1, max_size=20), st.integers(2, 3_600), st.data())
def test_a_clock_that_is_late_by_less_than_half_a_row_has_no_more_gaps(steps, spacing, data):
    moment, rows = 0, [Row(0, CounterState(0), CounterInputs(0))]
    late = st.integers(0, (spacing - 1) // 4)
    for step in steps:
        moment += step * spacing
        rows.append(rows[0]._replace(clock=moment + data.draw(late)))
    found = gaps_of(rows, replace_(COUNTER.own_form, spacing=spacing))
    assert [gap.missing for gap in found] == [step - 1 for step in steps if step > 1]
    assert gaps_of(rows, replace_(COUNTER.own_form, spacing=None)) == ()
    doubled = replace_(COUNTER.own_form, spacing=2 * spacing, moment=lambda row: 2 * row.clock)
    assert gaps_of(rows, doubled) == found


@pytest.mark.parametrize(("jump", "scale"), [(2, "linear"), (10_000, "symlog")])
def test_one_large_error_does_not_hide_the_others(jump, scale):
    rows = [Row(n, CounterState(n + jump * (n > 15)), CounterInputs(1)) for n in range(30)]
    figure = draw_replay(replay(replace_(COUNTER, step=lambda s, i, p: s), rows))
    assert figure.axes[1].get_yscale() == scale


@pytest.mark.parametrize(
    ("number", "unit", "told"),
    [(10**27, "1e-27/s", "1/s"), (2 * 10**9, "1e-27/s", "2000000000 × 1e-27/s")],
)
def test_a_round_number_of_a_unit_is_told_as_one_where_both_are_powers_of_ten(number, unit, told):
    assert _told(number, unit) == told


@pytest.mark.parametrize(
    ("unit", "power", "told"),
    [
        ("1e-27/s", 18, "1e-9/s"),
        ("1e-27/s", 27, "1/s"),
        ("1e-8 HNT", 12, "1e4 HNT"),
        ("1e-18 LPT", 18, "LPT"),
        ("ppb/round", 6, "1e6 ppb/round"),
        ("wei/gas", 0, "wei/gas"),
    ],
)
def test_a_unit_takes_the_power_that_is_taken_out_of_its_numbers(unit, power, told):
    assert larger(unit, power) == told


def test_a_series_near_a_large_number_is_drawn_by_its_distance_from_it():
    one, unit = CounterInputs(1), 10**27
    rows = [Row(clock, CounterState(unit + 10**19 * clock), one) for clock in range(12)]
    figure = draw_replay(replay(replace_(COUNTER, step=lambda s, i, p: s), rows))
    above, below = figure.axes
    assert (above.get_ylabel(), below.get_ylabel()) == (
        "level less 1e27 × u\n[1e18 u]",
        "rule less record\n[1e18 u]",
    )
    assert above.lines[0].get_ydata().tolist() == [10.0 * clock for clock in range(1, 12)]
    figure.draw_without_rendering()
    offsets = [part.get_offset_text().get_text() for part in (above.yaxis, below.xaxis)]
    assert offsets == ["", ""]


@pytest.mark.parametrize(
    ("rule", "head", "rest", "unit"),
    [
        ("livepeer", "clock,inflation,bonded,supply", "", "1e-18 LPT"),
        ("cosmos", "clock,inflation,bonded,supply,provisions,minted", ",1,1", "uatom"),
    ],
)
def test_more_bonded_than_there_is_is_other_units_or_columns_that_changed_places(
    rule, head, rest, unit, tmp_path
):
    file = tmp_path / "h.csv"
    file.write_text(f"{head}\n1,9,60,100{rest}\n2,9,160,100{rest}\n")
    told = rf":3: bonded: 160; expected at most the supply, 100 \[{unit}\]"
    with pytest.raises(InputError, match=told):
        read_recorded(RULES[rule], [file])


def test_a_replay_leaves_the_search_for_cycles_of_objects_as_it_was():
    rule = RULES["eip1559"]
    rows = [Row(clock, rule.state(100), rule.inputs(0, 30_000_000)) for clock in range(3)]
    for on in (True, False):
        (gc.enable if on else gc.disable)()
        try:
            replay(rule, rows)
            assert gc.isenabled() == on
        finally:
            gc.enable()

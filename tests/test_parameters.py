"""Parameters: every number has a unit and a source, and every mistake has one clear line."""

import json
import os
import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paths import command
from tokenomics.capacity.hardware import hardware
from tokenomics.errors import InputError
from tokenomics.experiments.design_reading import read_design
from tokenomics.parameters import ROLES, place, resolve, tables
from tokenomics.parameters.checking import field_at, refuse_mistakes
from tokenomics.parameters.dated import OLD, dated_prices, outdated
from tokenomics.parameters.documents import Quantity, Strict, validated
from tokenomics.parameters.kinds import BASE, BEFORE
from tokenomics.parameters.loading import lacking
from tokenomics.parameters.locate import find, names
from tokenomics.parameters.reading import read
from tokenomics.parameters.stocks import Stocks


def write(tmp_path, text):
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    return file


def refusal(tmp_path, text):
    with pytest.raises(InputError) as caught:
        resolve("baseline", overlays=(write(tmp_path, text),))
    assert "\n" not in str(caught.value)
    return caught.value


def test_every_number_of_the_baseline_has_a_source():
    resolved = resolve()
    assert tables.unsourced(resolved) == []
    assert all(e.unit for e in resolved.entries.values())


@pytest.mark.parametrize(("kind", "count"), [("policy", 4), ("scenario", 10), ("overlay", 6)])
def test_every_shipped_file_loads_and_describes_itself(kind, count):
    assert len(names(kind)) >= count
    for name in names(kind):
        resolved = resolve(**{"policy": name} if kind == "policy" else {f"{kind}s": (name,)})
        assert resolved.descriptions[name], name


def test_what_is_written_loads_again_with_the_same_hash(tmp_path):
    resolved = resolve(
        policy="pid", scenarios=("combined_stress",), sets=("controller.custom.x=3",)
    )
    again = resolve(write(tmp_path, resolved.to_yaml()))
    assert again.hash == resolved.hash
    assert (
        again.entries["demand.request_rate"].source
        == resolved.entries["demand.request_rate"].source
    )


def test_the_hash_sees_every_value_and_not_how_it_is_written(tmp_path):
    base = resolve()
    assert resolve(sets=("supply.total_supply=100000000",)).hash == base.hash
    assert resolve(sets=("supply.total_supply=1e8",)).hash == base.hash
    assert resolve(sets=("supply.total_supply=1.0001e8",)).hash != base.hash


def test_the_tree_is_frozen():
    with pytest.raises(Exception, match="frozen"):
        resolve().values.supply.total_supply = 1.0


def test_layers_lie_over_one_another_in_order(tmp_path):
    overlay = write(tmp_path, "controller: {pid: {kp: 0.2}}")
    assert resolve(policy="pid").values.controller.pid.kp == 0.05
    # an overlay tells of today, which a policy changes
    under = resolve(policy="pid", overlays=(overlay,))
    assert (under.today.controller.pid.kp, under.values.controller.pid.kp) == (0.2, 0.05)
    assert (
        resolve(
            policy="pid", overlays=(overlay,), sets=("controller.pid.kp=0.3",)
        ).values.controller.pid.kp
        == 0.3
    )


def test_a_misspelt_key_names_its_neighbour(tmp_path):
    error = refusal(tmp_path, "supply:\n  burn_share: 0.4\n  totl_supply: 5\n")
    assert re.search(
        r"mine\.yaml:3: supply\.totl_supply: unknown key; .*did you mean 'total_supply'\?",
        str(error),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("suply: {burn_share: 0.4}", r":1: suply.burn_share: unknown key.*did you mean 'supply'"),
        ("controller: {pdi: {kp: 1}}", r":1: controller.pdi.kp: unknown key.*did you mean 'pid'"),
        ("controller: {custom: {X: 1}}", r"custom.X: unknown key; expected a name of a-z"),
        ("controller: {custom: 5}", r":1: controller.custom: 5 in place of a group"),
        ("workloads: 5", r":1: workloads: 5 in place of a group"),
        ("supply: {burn_share: '0.4'}", r":1: supply.burn_share: '0.4'; expected a number"),
        ("supply: {burn_share: 2020-01-01}", r":1: supply.burn_share: datetime.date"),
        ("supply: {enabled: no}", r":1: supply.enabled: 'no'; expected true or false"),
        (
            "supply: {total_supply: 1" + "0" * 400 + "}",
            r":1: supply.total_supply: 10+; expected a number",
        ),
        ("'supply.burn_share': 0.4", r":1: key 'supply.burn_share' with a dot"),
        ("a: " + "[" * 1000, r"nested too deeply"),
        ("supply: &a {b: &b {c: {d: {e: {f: {g: {h: {i: {j: 1}}}}}}}}}", r":1: nested too deeply"),
        ("supply: {total_supply: -5}", r":1: supply.total_supply: -5.*expected a number > 0 TOK"),
        ("supply: {burn_share: 1.5}", r"burn_share: 1.5; expected a number ≥ 0, ≤ 1"),
        ("supply: {total_supply: {value: 5, unit: USD}}", r"unit 'USD'; expected 'TOK'"),
        (
            "supply: {total_supply: {value: 5, unti: TOK}}",
            r"unknown key 'unti'.*did you mean 'unit'",
        ),
        ("supply: {total_supply: many}", r"'many'; expected a number > 0 TOK"),
        ("supply: {total_supply: true}", r"True; expected a number > 0 TOK"),
        ("supply: {total_supply: .nan}", r"nan"),
        ("supply: {total_supply: .inf}", r"inf"),
        (
            "capacity: {arrival_cv: 1e+200}",
            r":1: capacity.arrival_cv: 1e\+200; expected a number ≥ 0 of at most 1e\+18 in size",
        ),
        ("supply: {enabled: 1}", r"expected true or false"),
        ("supply: 5", r"in place of a group"),
        ("privacy: {mode: tea}", r"'tea'; expected one of none, tee, optimistic, zk; did .* 'tee'"),
        (
            "events: {fall: {kind: newz, start: 3, days: 0, size: -0.5}}",
            r":1: events.fall.kind: 'newz'; expected one of demand, news, .*did you mean 'news'",
        ),
        (
            "reliability: {tiers: {home: {share: 0.2}}}",
            r"mine.yaml:1: reliability.tiers: the shares add up to 1.1; expected 1",
        ),
        (
            "workloads: {batch: {share: 0.2}}",
            r"mine.yaml:1: workloads: the shares add up to 0.9; expected 1",
        ),
        (
            "supply: {locked_share: 0.8, staked_share: 0.2}\nbonding: {mode: yield}",
            r"add up to 1.1; expected less than 1",
        ),
        ("supply: {locked_share: 0.95}", r"add up to 1.05; expected less than 1"),
        ("supply: {burn_share: 0.95}\ntreasury: {fee_share: 0.1}", r"add up to more than 1"),
        (
            "supply: {staked_share: 0.2}\nbonding: {mode: yield, limit: 0.1}",
            r"bonding.limit is below supply.staked_share",
        ),
        ("workloads: {video: {share: 0.0}}", r"mine.yaml:1: workloads.video.\w+: missing"),
        ("supply: {burn_share: 0.4, burn_share: 0.5}", r"duplicate key"),
        ("supply: [1, 2", r"not YAML"),
        ("- 1\n- 2\n", r"expected groups of parameters"),
        ("", r"an empty file"),
        (
            "description: demand grows\n# dema",
            r"mine.yaml: a description and no parameter; expected groups of parameters",
        ),
        ("supply: {burn_share: !!python/object/apply:os.system ['true']}", r"burn_share|not YAML"),
    ],
)
def test_a_bad_file_gets_one_clear_line(tmp_path, text, message):
    assert re.search(message, str(refusal(tmp_path, text)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"base": "nowhere.yaml"}, r"nowhere.yaml: no such file"),
        ({"base": "basline"}, r"unknown parameter set 'basline'.*did you mean 'baseline'"),
        ({"policy": "pdi"}, r"unknown policy 'pdi'.*did you mean 'pid'\?"),
        ({"policy": "treshold"}, r"unknown policy 'treshold'.*did you mean 'threshold'"),
        (
            {"scenarios": ("token_crsh",)},
            r"unknown scenario 'token_crsh'.*did you mean 'token_crash'",
        ),
        ({"overlays": ("grwth",)}, r"unknown overlay"),
        ({"sets": ("supply.burn_share",)}, r"expected path=value"),
        (
            {"sets": ("supply.burnshare=1",)},
            r"`sets`: supply.burnshare: unknown key.*did you mean 'burn_share'",
        ),
        ({"sets": ("supply.burn_share=lots",)}, r"`sets`: supply.burn_share: 'lots'"),
    ],
)
def test_a_bad_argument_gets_one_clear_line(arguments, message):
    with pytest.raises(InputError, match=message):
        resolve(**arguments)


def test_a_few_aliases_cannot_stand_for_billions_of_values(tmp_path):
    wide = ", ".join(f"k{i}: *a" for i in range(300))
    bomb = (
        "a: &a {x: 1, y: 1}\n" + f"b: &b {{{wide}}}\n" + f"c: &c {{{wide.replace('*a', '*b')}}}\n"
    )
    assert "too many values" in str(
        refusal(tmp_path, bomb + f"d: {{{wide.replace('*a', '*c')}}}\n")
    )


def test_an_empty_group_over_a_full_one_changes_nothing():
    full = resolve(sets={"controller.custom.x": 3})
    assert resolve(overlays=({"workloads": {}},)).hash == resolve().hash
    assert [p for p in full.entries if p.startswith("controller.custom")] == ["controller.custom.x"]


def test_settings_mean_the_same_as_text_and_as_numbers():
    assert (
        resolve(sets={"supply.burn_share": 1e-3}).hash
        == resolve(sets=("supply.burn_share=1e-3",)).hash
    )
    with pytest.raises(InputError, match="expected a number"):
        resolve(sets={"supply.burn_share": "0.4"})


def test_a_parameter_says_what_it_means():
    resolved = resolve(sets={"supply.burn_share": 0.4})
    told = tables.one(resolved, "supply.burn_share")
    assert told.pop("source")
    assert told == {
        "name": "supply.burn_share",
        "role": "lever",
        "value": 0.4,
        "default": 0.5,
        "unit": "1",
        "bounds": "≥ 0, ≤ 1",
        "description": "share of fees burned (burn-and-mint)",
    }
    with pytest.raises(InputError, match="unknown parameter; did you mean 'supply.burn_share'"):
        tables.one(resolved, "supply.burn_shar")
    with pytest.raises(InputError, match="a group of parameters; expected one of contr"):
        tables.one(resolved, "controller.pid")
    with pytest.raises(
        InputError, match="a group of parameters; expected one of stocks.token_price"
    ):
        tables.one(resolved, "stocks")
    told = tables.one(resolved, "stocks.token_price")
    assert (told["value"], told["default"], told["unit"]) == (None, None, "USD/TOK")
    assert tables.one(resolve(sets="stocks.token_price=2"), "stocks.token_price")["value"] == 2.0


@pytest.mark.parametrize("inside", ["[{mine}]", "!!omap [a: {mine}]", "{{b: {mine}}}"])
def test_a_merge_key_is_refused_with_its_line_before_it_is_expanded(tmp_path, inside):
    keys = ", ".join(f"k{i}: 1" for i in range(600))
    merges = "\n".join("  - " + inside.format(mine="{<<: *a}") for _ in range(600))
    error = refusal(tmp_path, f"x: &a {{{keys}}}\ny:\n{merges}\n")
    assert (error.line, error.found, error.expected) == (
        3,
        "a merge key (<<)",
        "the keys themselves",
    )


@pytest.mark.parametrize(
    "text", ["0x" + "f" * 4_000, "0b" + "1" * 9_000, "-0o" + "7" * 4_000, "9" * 4_000]
)
def test_a_number_of_thousands_of_digits_is_told_in_one_line(tmp_path, text):
    error = refusal(tmp_path, f"supply:\n  burn_share: {text}\n")
    assert error.line == 2 and "characters; expected at most 1,000" in str(error)
    with pytest.raises(InputError, match="supply.burn_share"):
        resolve("baseline", sets=(f"supply.burn_share={text}",))


def test_a_record_with_a_number_that_python_does_not_write_is_told_in_one_line():
    with pytest.raises(InputError, match="value: a number of too many digits"):
        validated(Quantity, {"value": [1 << 20_000], "unit": "1", "source": "x"}, "mine.yaml")
    with pytest.raises(
        InputError, match="runs: a number of too many digits; expected a whole number"
    ):
        read_design({"runs": 1 << 20_000})


def test_of_a_value_of_several_types_all_are_expected_and_its_key_is_the_one_that_was_written():
    class Choice(Strict):
        values: dict[str, bool | float | str | None]

    with pytest.raises(
        InputError,
        match=r"mine.yaml: values.x: \[1\]; expected true or false, or a number, or a text",
    ):
        validated(Choice, {"values": {"x": [1]}}, "mine.yaml")


def test_a_file_that_is_too_large_is_refused(tmp_path):
    with pytest.raises(InputError, match="1,000,003 bytes; expected at most 1,000,000 bytes"):
        resolve(write(tmp_path, "# " + "x" * 1_000_001))


@given(st.text(max_size=60))
def test_no_path_however_odd_breaks_the_schema_search(path):
    info, valid = field_at(path)
    assert info is None or info.description is not None or valid == []


def test_a_difference_is_found_and_only_that():
    assert tables.diff(resolve(), resolve(sets=("supply.burn_share=0.4",))) == [
        ("supply.burn_share", "0.5", "0.4", "1")
    ]


def test_the_table_lists_every_parameter_once():
    lines = tables.markdown(resolve()).splitlines()
    assert len(lines) == 2 + len(resolve().entries) + len(Stocks.model_fields)
    assert lines[0].count("|") == 8
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 8 for line in lines)


def test_every_parameter_has_one_role_and_policies_set_levers_alone():
    baseline = resolve("baseline")
    roles = {path: entry.role for path, entry in baseline.entries.items()}
    assert set(roles.values()) <= set(ROLES)
    assert roles["supply.burn_share"] == roles["controller.pid.kp"] == "lever"
    assert roles["speculation.noise"] == "world" and roles["simulation.days"] == "numeric"
    assert roles["supply.total_supply"] == roles["market.pool_start"] == "start"
    assert roles["attack.size"] == roles["bank_run.rate"] == "scenario"
    for name in names("policy"):
        leaves = read(find("policy", name))[1]
        assert {place(path).role for path in leaves} == {"lever"}, name


def test_a_network_moves_a_parameter_to_another_role_with_a_reason(tmp_path):
    moved = {
        "value": 0.3,
        "role": "lever",
        "reason": "operators sign what they sell",
    }
    tree = {"operators": {"rent_sold": moved}}
    found = resolve(overlays=[tree], sets=["operators.rent_sold=0.2"])
    entry = found.entries["operators.rent_sold"]
    assert (entry.value, entry.role, entry.reason) == (0.2, "lever", moved["reason"])
    file = tmp_path / "own.yaml"
    file.write_text(found.to_yaml())
    assert resolve(file).entries["operators.rent_sold"].role == "lever"
    assert "lever: operators sign" in tables.markdown(found)
    for change, said in (
        ({"reason": None}, "role 'lever' without a reason"),
        ({"role": "lexer"}, "did you mean 'lever'"),
        ({"role": None}, "a reason without a role"),
        ({"role": "start"}, "role 'start' of an uncertain fact of the world; expected 'world'"),
    ):
        with pytest.raises(InputError, match=re.escape(said)):
            resolve(overlays=[{"operators": {"rent_sold": moved | change}}])


def test_a_partial_file_as_the_base_is_told_where_it_belongs(tmp_path):
    file = tmp_path / "some.yaml"
    file.write_text('controller:\n  pid:\n    kp: {value: 0.1, unit: "1/day", source: "mine"}\n')
    with pytest.raises(
        InputError,
        match="some.yaml: simulation: missing; expected a whole parameter set.*`overlay`",
    ):
        resolve(str(file), policy="pid")


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (
            {"simulation.days": 2.5},
            r"simulation.days: 2.5; expected a multiple of simulation.time_step, 1 days: 2 or 3$",
        ),
        (
            {"simulation.days": 0.4},
            r"simulation.days: 0.4; expected a multiple of simulation.time_step, 1 days: 1$",
        ),
        ({"simulation.days": 1e-320}, r"expected a multiple of simulation.time_step, 1 days: 1$"),
        ({"simulation.days": 1e12}, r"expected a number > 0, ≤ 36525 days$"),
        ({"simulation.time_step": 1e-9}, r"expected a number ≥ 0.001, ≤ 1 days$"),
        ({"oracle.delay": True}, r"True; expected a number ≥ 0, ≤ 60 days$"),
        ({"oracle.delay": "3"}, r"'3'; expected a number"),
        ({"oracle.delay": 2.5}, r"2.5; expected a number"),
        ({"supply.burn_share": True}, r"True; expected a number"),
        ({"controller.mpc.horizon": False}, r"False; expected a number"),
        (
            {"simulation.time_step": 0.1, "oracle.delay": 60},
            r"60 days in steps of 0.1 days; expected at most 240 steps",
        ),
    ],
)
def test_a_number_that_would_mean_something_else_is_refused(sets, said):
    with pytest.raises(InputError, match=said) as raised:
        resolve("baseline", sets=sets)
    assert raised.value.key in sets
    assert raised.value.file != "baseline.yaml"


@pytest.mark.parametrize(
    ("days", "step"), [(0.3, 0.1), (4, 0.4), (36_525, 1.0), (1.0, 1 / 48), (0.001, 0.001)]
)
def test_a_span_of_whole_steps_is_taken_however_its_quotient_is_rounded(days, step):
    values = resolve(
        "baseline", sets={"simulation.days": days, "simulation.time_step": step}
    ).values
    assert values.simulation.steps == round(days / step)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("/dev/zero", "a device; expected a policy file in YAML"),
        ("folder/", "a directory; expected a policy file in YAML"),
        ("folder.yaml", "a directory"),
        ("pipe.yaml", "a pipe"),
        ("large.yaml", "1,000,001 bytes; expected at most 1,000,000 bytes"),
        ("bytes.yaml", r"bytes\.yaml:2: byte 3 is no UTF-8"),
        ("x" * 5000 + ".yaml", "(?i)name too long"),
        ("x" * 5000, "unknown policy 'xxx"),
        ("a\0.yaml", "null"),
        ("a\0", "unknown policy"),
        (
            "notes.txt",
            (
                r"notes\.txt: is a text, and no shipped policy; expected a shipped name .*, or a "
                r"path that ends in \.yaml or has a folder"
            ),
        ),
    ],
)
def test_what_is_no_file_of_parameters_is_told_in_one_short_line(tmp_path, monkeypatch, name, said):
    monkeypatch.chdir(tmp_path)
    for folder in ("folder", "folder.yaml"):
        (tmp_path / folder).mkdir()
    os.mkfifo("pipe.yaml")
    (tmp_path / "large.yaml").write_text("#" * 1_000_001)
    (tmp_path / "bytes.yaml").write_bytes(b"a:\n\xff")
    (tmp_path / "notes.txt").write_text("a: 1")
    with pytest.raises(InputError, match=said) as raised:
        resolve(policy=name)
    assert len(str(raised.value)) < 600


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        (
            {"scenarios": ["token_crash", "whale_unlock", "token_crash"]},
            "scenario: 'token_crash' twice; expected each once",
        ),
        ({"overlays": ["growth", "growth"]}, "overlay: 'growth' twice"),
        (
            {"sets": ["supply.burn_share=0.1", "supply.burn_share = 0.2"]},
            "sets: 'supply.burn_share' twice",
        ),
        ({"policy": ""}, "unknown policy ''"),
        ({"scenarios": [""]}, "unknown scenario ''"),
        ({"sets": [""]}, "expected path=value"),
    ],
)
def test_what_is_given_twice_or_without_a_name_is_refused(layers, said):
    with pytest.raises(InputError, match=said):
        resolve(**layers)


def test_a_file_is_the_same_with_the_line_ends_of_every_system(tmp_path):
    text = "supply:\n  burn_share: 0.4\n  # a comment\n"
    for number, ends in enumerate(("\n", "\r\n", "\r")):
        (tmp_path / f"{number}.yaml").write_bytes(
            b"\xef\xbb\xbf" * (number == 1) + text.replace("\n", ends).encode()
        )
    assert (
        len({resolve(overlays=[str(tmp_path / f"{number}.yaml")]).hash for number in range(3)}) == 1
    )


def test_prices_have_a_day_and_an_old_one_is_told():
    baseline = resolve("baseline")
    prices = dated_prices(baseline)
    assert {f"fleet.{name}.reservation_cost" for name in baseline.values.fleet} <= set(prices)
    assert {"api.price", "cloud.price"} <= set(prices)
    first = min(prices.values())
    assert outdated(baseline, first + OLD) == ""
    told = outdated(baseline, first + OLD + timedelta(days=1))
    assert str(first) in told
    assert "api.price" not in told
    # what somebody sets has no day, and is not old
    assert "h100" not in outdated(
        resolve("baseline", sets=["fleet.h100.reservation_cost=2"]), date(2030, 1, 1)
    )


def test_a_date_that_is_none_names_its_line(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("cloud:\n  price:\n    value: 0.2\n    source: list\n    date: in spring\n")
    with pytest.raises(InputError, match=r"mine.yaml:5: cloud.price: date .in spring."):
        resolve("baseline", overlays=[str(file)])


def test_a_file_that_was_edited_is_read_anew_and_a_copy_names_itself(tmp_path):
    file = write(tmp_path, "demand: {request_rate: 7}\n")
    assert resolve("baseline", overlays=(file,)).values.demand.request_rate == 7.0
    copied = tmp_path / "copy.yaml"
    copied.write_text(file.read_text())
    file.write_text("demand: {request_rate: 8}\n")
    for one, rate in ((file, 8.0), (copied, 7.0)):
        found = resolve("baseline", overlays=(one,))
        assert found.values.demand.request_rate == rate
        assert found.entries["demand.request_rate"].file == str(one)
        assert found.entries["demand.request_rate"].source == str(one)


def test_a_card_whose_file_was_edited_is_read_anew(tmp_path):
    file, shipped = tmp_path / "mine.yaml", find("hardware", "h100").read_text()
    for name in ("first", "second"):
        file.write_text(re.sub(r"^device:.*$", f"device: {name}", shipped, flags=re.MULTILINE))
        found = hardware(str(file))
        assert found.device == name
        found.rates.clear()  # which is its caller's
        assert hardware(str(file)).rates


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("scenarois", "no kind 'scenarois'; expected one of .*did you mean 'scenario'"),
        ("design", "no kind 'design'; expected one of .*did you mean 'sweep'"),
        ("token_crash", "'token_crash' is a scenario; expected one of .*did you mean 'scenario'"),
    ],
)
def test_a_wrong_kind_of_shipped_files_has_its_neighbour(kind, message):
    with pytest.raises(InputError, match=message):
        tables.shipped(kind)


def test_a_check_tells_every_value_that_is_wrong_by_itself(tmp_path):
    (tmp_path / "m.yaml").write_text(
        "supply:\n  burn_shar: 0.4\n  burn_share: 1.4\noracle:\n  lag: fast\n  noise: 0.01\n"
    )
    status, out, errors = command("params", "check", "m.yaml", folder=tmp_path)
    assert (status, out) == (2, "")
    told = errors.splitlines()
    assert [line.partition(": ")[2].partition(": ")[0] for line in told] == [
        "m.yaml:2",
        "m.yaml:3",
        "m.yaml:5",
    ]
    assert "did you mean 'burn_share'?" in told[0] and "'fast'; expected a number" in told[2]
    assert "1.4; expected a number ≥ 0, ≤ 1" in told[1]
    one = json.loads(command("params", "check", "m.yaml", "--json", folder=tmp_path)[1])["error"]
    assert one["line"] == 2 and len(one["also"]) == 2
    for kind in ("base", "policy", "scenario", "overlay"):
        for name in names(kind):
            _, leaves = read(find(kind, name))
            refuse_mistakes(leaf for path, leaf in leaves.items() if path not in (BASE, BEFORE))


def test_a_check_says_of_a_design_that_it_is_one():
    status, _, errors = command("params", "check", find("sweep", "pid_gains"))
    assert status == 2 and "looks like a design of a sweep; expected a file of param" in errors


def test_a_file_is_whole_without_the_stocks_that_need_not_be_given():
    _, leaves = read(find("base", "baseline"))
    assert not any(path.startswith("stocks.") for path in leaves)
    assert lacking(leaves) is None
    assert lacking(path for path in leaves if not path.startswith("market.")) == "market"
    status, out, _ = command("params", "check")
    assert status == 0 and "(complete)" in out

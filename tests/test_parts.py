"""What is shipped is found by its name, or by its kind and its name, and shown with units and
sources.
"""

import json

import pytest

from paths import command
from tokenomics.errors import InputError
from tokenomics.parameters import resolve
from tokenomics.parameters.locate import KINDS, names
from tokenomics.parameters.parts import WHOLE, every_name, is_parameter, kind_and_name, part_of
from tokenomics.parameters.tables import UNLISTED

PARTS = [(kind, name) for kind in KINDS if kind not in WHOLE for name in names(kind)]


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_every_shipped_file_is_shown_and_none_lacks_a_unit_or_a_source_where_its_kind_has_them(
    kind, name
):
    part = part_of(kind, name)
    assert kind_and_name(f"{kind}/{name}") == (kind, name)
    assert part.settings and (part.description or kind in UNLISTED)
    if kind in ("policy", "scenario", "overlay"):
        assert all(one.unit and one.source and one.meaning for one in part.settings)


@pytest.mark.parametrize("kind", ["policy", "scenario", "overlay"])
def test_what_is_shown_is_what_a_network_has_once_it_is_set(kind):
    argument = {"policy": "policy", "scenario": "scenarios", "overlay": "overlays"}[kind]
    for name in names(kind):
        entries = resolve("baseline", **{argument: name}).entries
        for one in part_of(kind, name).settings:
            assert (entries[one.name].value, entries[one.name].unit) == (one.value, one.unit)


def test_a_name_of_several_kinds_is_asked_for_by_its_kind_and_every_other_stands_alone():
    with pytest.raises(InputError, match="is a sweep and a proposal; expected one of sweep/pid_"):
        kind_and_name("pid_gains")
    assert kind_and_name("token_crash") == ("scenario", "token_crash")
    assert kind_and_name("helium")[0] in WHOLE  # as everywhere where a network can be named
    found = [kind_and_name(name) for name in every_name()]
    assert len(set(found)) == len(found)
    assert {pair for pair in found if pair[0] not in WHOLE} == set(PARTS)


def test_an_unknown_name_has_its_neighbour_and_a_path_is_left_to_its_reader(tmp_path):
    with pytest.raises(InputError, match="unknown name 'token_crsh'.*'token_crash'"):
        kind_and_name("token_crsh")
    with pytest.raises(InputError, match="unknown scenario 'token_crsh'.*'token_crash'"):
        kind_and_name("scenario/token_crsh")
    assert kind_and_name("scenario/mine.yaml") is kind_and_name(str(tmp_path)) is None


def test_the_path_of_a_parameter_is_neither_a_file_nor_a_shipped_name():
    assert all(map(is_parameter, ("supply.burn_share", "supply.burn_shar", "supply", "stocks")))
    names = ("suppli", "supply.yaml", "llama-3.1-8b", "supply/burn_share")
    assert not any(map(is_parameter, (*names, *every_name())))


def test_the_command_shows_one_parameter():
    status, out, _ = command("params", "show", "supply.burn_share", "--set", "supply.burn_share=.4")
    told = dict(line.split(None, 1) for line in out.splitlines() if " " in line)
    assert (status, told["value"].strip(), told["default"].strip()) == (0, "0.4", "0.5")
    assert (
        told["source"].strip() == "--set supply.burn_share" and told["bounds"].strip() == "≥ 0, ≤ 1"
    )


def test_a_design_has_the_unit_of_what_it_varies():
    found = {one.name: one for one in part_of("sweep", "pid_gains").settings}
    axis = found["parameters.controller.pid.kp"]
    assert (axis.value, axis.unit) == ("0.01 to 10, 40 values, log", "1/day")


def test_the_command_shows_a_scenario_and_refuses_to_mix_it(tmp_path):
    status, out, _ = command("params", "show", "token_crash")
    assert status == 0 and "-0.916291" in out and "days" in out and "scenario" in out
    assert max(map(len, out.splitlines()[:-1])) <= 80  # the last is the file
    told = json.loads(command("params", "show", "scenario/token_crash", "--json")[1])
    assert {one["name"]: one["value"] for one in told["settings"]}[
        "events.token_crash.size"
    ] == -0.916291
    status, _, errors = command("params", "show", "token_crash", "--policy", "pid")
    assert status == 2 and "'token_crash' is a scenario" in errors


def test_the_list_is_of_one_kind_or_of_all():
    every = json.loads(command("params", "list", "--json")[1])
    some = json.loads(command("params", "list", "scenario", "--json")[1])
    assert some == [one for one in every if one["kind"] == "scenario"] and len(some) > 10
    out = command("params", "list", "scenario")[1]
    assert max(map(len, out.splitlines())) <= 80 and "SCENARIO" in out and "POLICY" not in out
    assert "did you mean 'scenario'" in command("params", "list", "scenaro")[2]

"""Editors check a file by a JSON Schema: it takes what is shipped and refuses what the package
refuses, as far as one key at a time can tell.
"""

import copy
import json
import math
import re

import pytest

from documentation import ROOT, SCHEMA_FILES, schema
from paths import command
from tokenomics.cli.params import SCHEMAS
from tokenomics.parameters import fits, place, resolve
from tokenomics.parameters.documents import _plain
from tokenomics.parameters.reading import MOST_LEAVES, load

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
FIRST = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")
# a paper's settings are what its own reproduction reads, and have no schema
SHIPPED = [file for file in sorted((ROOT / "params").rglob("*.yaml")) if "papers" not in file.parts]
STORED = {kind: json.loads(file.read_text()) for kind, file in SCHEMA_FILES.items()}
CHECKS = {kind: jsonschema.Draft7Validator(one) for kind, one in STORED.items()}
NETWORK = CHECKS["parameters"]


def content(file):
    return _plain(load(file, "a mapping"), str(file), [0], MOST_LEAVES)


def named(file):
    """The file of the schema that a shipped file's first line names, as an editor looks for it."""
    return (file.parent / FIRST.match(file.read_text())[1]).resolve()


def tree(path, value):
    """A file of one value."""
    for key in reversed(path.split(".")):
        value = {key: value}
    return value


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_schema_is_one_and_is_current(kind):
    jsonschema.Draft7Validator.check_schema(STORED[kind])
    assert SCHEMA_FILES[kind].read_text() == schema(kind), "run python tests/documentation.py"


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_what_is_shipped_names_its_schema_fits_it_and_would_not_with_a_misspelt_key(file):
    kind = named(file).stem
    assert named(file) == SCHEMA_FILES[kind]
    tree = content(file)
    assert [error.message for error in CHECKS[kind].iter_errors(tree)] == []
    key = list(tree)[-1]
    misspelt = {f"{name}x" if name == key else name: value for name, value in tree.items()}
    assert not CHECKS[kind].is_valid(misspelt)


def test_a_parameter_is_misspelt_at_any_depth():
    baseline = content(ROOT / "params" / "baseline.yaml")
    for group in ("supply", "controller", "workloads"):
        wrong = copy.deepcopy(baseline)
        wrong[group]["burn_shaer"] = {"value": 0.1}
        assert not NETWORK.is_valid(wrong), group
    wrong = copy.deepcopy(baseline)
    wrong["supply"]["burn_share"]["sorce"] = "nowhere"
    told = [error.message for error in NETWORK.iter_errors(wrong)]
    assert any("'sorce' was unexpected" in line for line in told)


def test_a_value_fits_the_schema_where_it_fits_the_package():
    """Each of the baseline, at and beyond its bounds, of another type and in another unit."""
    tried = refused = 0
    for path, entry in resolve().entries.items():
        if entry.value == {}:  # no event, no stock
            continue
        limits = {
            getattr(one, name)
            for one in place(path).field.metadata
            for name in ("ge", "gt", "le", "lt")
            if getattr(one, name, None) is not None
        }
        around = {math.nextafter(one, to) for one in limits for to in (-math.inf, math.inf)}
        for value in (*limits, *around, entry.value, "text", True, {"value": entry.value}):
            given = value["value"] if isinstance(value, dict) else value
            taken = fits(path, given) is None
            assert NETWORK.is_valid(tree(path, value)) == taken, (path, value)
            tried, refused = tried + 1, refused + (not taken)
        assert NETWORK.is_valid(tree(path, {"value": entry.value, "unit": entry.unit}))
        assert not NETWORK.is_valid(tree(path, {"value": entry.value, "unit": "furlongs"}))
    assert tried > 1_500 and refused > 700


def test_the_command_prints_a_schema(tmp_path):
    status, out, _ = command("params", "check", "--schema", "sweep", folder=tmp_path)
    assert (status, json.loads(out)) == (0, STORED["sweep"])
    status, _, errors = command("params", "check", "--schema", "sweeps", folder=tmp_path)
    assert status == 2 and "did you mean 'sweep'?" in errors

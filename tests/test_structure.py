"""The structure of the package, read from every import in it: one way from the errors to the
command line, no cycle, no name twice.
"""

import ast
from collections import Counter
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "tokenomics"
# rooms from the ground up: one may import those before it, and none behind it
ROOMS = [
    "errors",
    "shown",
    "elementary",
    "inputs",
    "parameters",
    "model",
    "protocols",
    "engines",
    "results",
    "histories",
    "experiments",
]
ROOMS += [
    "capacity",
    "loop",
    "attacks",
    "velocity",
    "calibration",
    "validation",
    "forecasts",
    "venues",
    "papers",
    "governance",
    "explorer",
    "cli",
    "__main__",
]
FLOORS = {"governance": ["evidence", "proposal", "report", "bundle", "verify"]}


def named(file):
    """The name of a module below the package."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {named(file): file for file in sorted(ROOT.rglob("*.py"))}


@cache
def imports(module):
    """The modules of the package that a module imports, wherever in it the import stands."""
    file, found = MODULES[module], set()
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            above = package.split(".") if package else []
            base = ".".join(
                [*above[: len(above) - node.level + 1], *(node.module or "").split(".")]
            ).strip(".")
            found |= {
                target if (target := f"{base}.{a.name}".strip(".")) in MODULES else base
                for a in node.names
            }
        elif isinstance(node, (ast.ImportFrom, ast.Import)):
            absolute = (
                [node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
            )
            assert not any(name.partition(".")[0] == "tokenomics" for name in absolute), (
                f"{module} imports the package by its name"
            )
    return frozenset(found & MODULES.keys() - {module})


def test_the_imports_are_read():
    assert sum(len(imports(module)) for module in MODULES) > 800
    assert {"model.variables", "model.formulas.numerics"} <= imports("model.blocks.market")
    formats = {"histories.delimited", "histories.json_table", "histories.workbook"}
    assert formats <= imports("histories.reader")  # which it imports within a function


def test_every_room_has_its_place():
    assert {module.partition(".")[0] for module in MODULES} == {*ROOMS, ""}


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_one_way(module):
    room, _, inside = module.partition(".")
    above = (
        [
            other
            for other in imports(module)
            if other and ROOMS.index(other.partition(".")[0]) > ROOMS.index(room)
        ]
        if room
        else []
    )
    assert above == [], f"{module} imports what is above it"
    floor = inside.partition(".")[0]
    floors = FLOORS.get(room, [])
    others = [other.split(".")[1] for other in imports(module) if other.startswith(f"{room}.")]
    assert [
        o
        for o in others
        if floor in floors and o in floors and floors.index(o) > floors.index(floor)
    ] == []


def test_no_modules_need_each_other():
    TopologicalSorter(
        {module: imports(module) for module in MODULES}
    ).prepare()  # raises CycleError with the modules


def test_a_class_has_a_name_of_its_own():
    classes = Counter(
        node.name
        for file in MODULES.values()
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in classes.items() if count > 1] == []

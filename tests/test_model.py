"""The block list: who writes what, and which way imports flow."""

import ast
from pathlib import Path

import pytest

from tokenomics.model.model import BLOCKS, MODEL
from tokenomics.parameters import resolve

ROOT = Path(__file__).resolve().parents[1] / "tokenomics"
PARAMETERS = resolve().values
CONSTANT = {
    "price_today_network",
    "price_today_sellers",
    "price_today_cloud",
    "choice_within",
    "choice_between",
    *(f"wedge_{s}_{w}" for s in ("network", "sellers", "cloud") for w in PARAMETERS.workloads),
    "initial_price",
    "reference_depth",
    "initial_demand",
    "initial_circulating",
    "initial_reserve",
    "balancing_cost",
    "emission_rate",
}


def test_every_state_variable_is_written_or_declared_constant():
    written = {u.variable for b in MODEL.bound(dict(PARAMETERS)).blocks for u in b.updates}
    assert written | CONSTANT == set(MODEL.variables(PARAMETERS))
    assert not written & CONSTANT


def test_no_block_writes_a_variable_twice():
    for block in BLOCKS:
        names = [u.variable for u in block.updates]
        assert len(names) == len(set(names)), block.name


def test_a_block_imports_no_other_block_and_reads_no_history():
    for file in (ROOT / "model" / "blocks").glob("*.py"):
        tree = ast.parse(file.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level == 1 and file.name != "__init__.py":
                pytest.fail(f"{file.name} imports {node.module}")
            if isinstance(node, ast.Name) and node.id == "state_history":
                pytest.fail(f"{file.name} reads the state history")
            if isinstance(node, ast.Attribute) and node.attr == "random":
                pytest.fail(f"{file.name} draws random numbers")

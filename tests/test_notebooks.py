"""Notebooks run from top to bottom, are kept with what a run gives, and need public names alone."""

import ast
import re
import tempfile
from pathlib import Path

import nbformat
import pytest

import tokenomics as tk
from notebooks import (
    FOLDER,
    METADATA,
    NOTEBOOKS,
    OWN,
    differs,
    executed,
    needs_data,
    read,
    stale,
    texts,
)

LARGEST = 3_000_000  # bytes, of all notebooks
WORDS = 20  # of a sentence on average, at most
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)


def code(notebook):
    """The Python of a notebook, without what only IPython reads."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return ast.parse(re.sub(r"^(\s*)[%!].*$", r"\1pass", "\n".join(cells), flags=re.M))


def prose(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def test_there_are_notebooks():
    assert NOTEBOOKS


@each
def test_a_notebook_shows_what_a_run_gives(path):
    stored, fresh = read(path), executed(path)
    assert any(cell.get("outputs") for cell in fresh.cells)
    if not needs_data(stored):
        assert not stale(stored, fresh)


@each
def test_a_notebook_is_kept_with_its_outputs_and_nothing_of_its_machine(path):
    notebook = read(path)
    assert notebook.metadata == METADATA
    assert texts(notebook)
    for cell in notebook.cells:
        assert set(cell.metadata) <= set(OWN)
        for output in cell.get("outputs", ()):
            assert output.output_type != "error" and output.get("name") != "stderr"
    shown = "\n".join(text for _, text in texts(notebook))
    for place in (tempfile.gettempdir(), str(Path.home()), str(FOLDER.parent)):
        assert place + "/" not in shown


def test_the_notebooks_are_small():
    assert sum(path.stat().st_size for path in NOTEBOOKS) < LARGEST


@each
def test_a_notebook_uses_public_names_alone(path):
    for node in ast.walk(code(read(path))):
        if isinstance(node, ast.ImportFrom):
            assert node.module.split(".")[0] != "tokenomics", node.module
        elif isinstance(node, ast.Import):
            assert all(
                name.name == "tokenomics" or not name.name.startswith("tokenomics.")
                for name in node.names
            )
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "tk"
        ):
            assert node.attr in tk.__all__, node.attr


@each
def test_a_notebook_begins_with_its_title_and_says_what_one_learns(path):
    title, learns = prose(read(path))[0].split("\n\n")
    assert re.fullmatch(r"# [^\n]+", title)
    assert learns.strip()


@each
def test_sentences_of_a_notebook_are_short(path):
    text = re.sub(r"^#.*$|`[^`]*`|^\|.*$", "", "\n\n".join(prose(read(path))), flags=re.M)
    lengths = [len(s.split()) for s in re.split(r"(?<=[.?!:])\s+|\n\n", text) if s.split()]
    assert sum(lengths) / len(lengths) < WORDS
    assert max(lengths) < 1.5 * WORDS


@pytest.mark.parametrize(
    "stored, fresh, other",
    [
        ("mean 0.123", "mean  0.123", False),
        ("mean 0.123", "mean 0.124", True),
        ("mean 1,234", "median 1,234", True),
        ("tokenomics 0.3.0; 1", "tokenomics 0.4.0; 1", False),
        ("id 3f9c3f9c3f9c3f9c", "id 0b1e0b1e0b1e0b1e", False),
        ("[1.0e-17, 2.0]", "[-3.0e-17, 2.0]", False),
    ],
)
def test_what_is_stale(stored, fresh, other):
    assert differs(stored, fresh) == other


def test_a_number_that_is_changed_is_found():
    stored = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")])
    fresh = nbformat.from_dict(stored)
    for notebook, text in ((stored, "3"), (fresh, "2")):
        cell = nbformat.v4.new_code_cell("1 + 1")
        cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": text})]
        notebook.cells = [cell]
    assert stale(stored, fresh) and not stale(fresh, fresh)

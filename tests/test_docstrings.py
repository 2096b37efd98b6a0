"""What `help` tells of public names: sections as NumPy has them, and examples that run."""

import doctest
import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from test_public_api import CLASSES, FUNCTIONS, LISTED

import tokenomics as tk
from tokenomics.errors import TokenomicsError
from tokenomics.experiments.own_code import only

SECTIONS = ("Parameters", "Attributes", "Returns", "Raises", "References", "Examples")
EVERYWHERE = FUNCTIONS | CLASSES
SCREEN = 80  # lines of a terminal that is as high as a laptop's display
# need files of others, or minutes: an example shows the call alone
LONG = {"calibrate_burn", "calibrate_economy", "calibrate_factor", "counterfactual", "propose"}
LONG |= {"calibrate_panel", "replay", "report", "validate", "verify"}


def sections(text):
    """The lines of each section, by its name, and under "" those before the first."""
    found, name = {"": []}, ""
    lines = inspect.cleandoc(text or "").splitlines()
    for line, under in zip(lines, [*lines[1:], ""], strict=True):
        if under and set(under) == {"-"} and line.strip() in SECTIONS:
            name = line.strip()
            found[name] = []
        elif not (line and set(line) == {"-"}):
            found[name].append(line)
    return found


def described(lines):
    """The names that a section describes, those of one line apart, and whether each has a text."""
    heads = [(n, line) for n, line in enumerate(lines) if line and not line.startswith(" ")]
    bare = [
        line
        for n, line in heads
        if not (n + 1 < len(lines) and lines[n + 1].startswith("    ")) and " : " not in line
    ]
    names = [
        one.strip().lstrip("*") for _, line in heads for one in line.split(" : ")[0].split(",")
    ]
    return names, bare


def wanting(name):
    """What a public name's docstring lacks."""
    found = EVERYWHERE[name]
    told = sections(found.__doc__)
    lacks = []
    if not (
        told[""] and told[""][0].endswith((".", "]")) and (len(told[""]) < 2 or not told[""][1])
    ):
        lacks.append("a first line that is a sentence")
    if isinstance(found, type):
        if issubclass(found, (TokenomicsError, Warning)) and found is not tk.InputError:
            return lacks  # has a text and nothing else
        if not told.keys() & {"Parameters", "Attributes"}:
            lacks.append("Parameters or Attributes")
        return lacks
    signature = inspect.signature(found)
    own = [p for p in signature.parameters if p not in ("self", "cls")]
    names, bare = described(told.get("Parameters", []))
    lacks += [p for p in own if p not in names] + [p for p in names if p not in own] + bare
    gives = signature.return_annotation not in ("None", None)
    if gives != ("Returns" in told):
        lacks.append("Returns")
    if "Returns" in told and described(told["Returns"])[1]:
        lacks.append("what it returns")
    return lacks


def test_all_public_names_have_a_structured_docstring():
    lacking = {name: lacks for name in EVERYWHERE if (lacks := wanting(name))}
    share = 1.0 - len(lacking) / len(EVERYWHERE)
    assert share == 1.0, lacking
    assert len(EVERYWHERE) > 130


def test_every_property_of_a_public_class_says_what_it_is():
    silent = [
        f"{name}.{attribute}"
        for name, kind in CLASSES.items()
        for attribute, value in vars(kind).items()
        if not attribute.startswith("_")
        and hasattr(value, "__get__")
        and not inspect.isfunction(value)
        and type(value).__name__ in ("property", "cached_property")
        and not re.match(r"\S.*?[.\]]", value.__doc__ or "", re.S)
    ]
    assert silent == []


@pytest.mark.parametrize("name", [name for name in LISTED if inspect.isfunction(getattr(tk, name))])
def test_a_public_function_has_an_example(name):
    lines = sections(getattr(tk, name).__doc__).get("Examples", [])
    assert any(line.startswith(">>> ") for line in lines)
    assert any("+SKIP" in line for line in lines) == (name in LONG)


@pytest.mark.parametrize("name", sorted(n for n, o in EVERYWHERE.items() if ">>>" in o.__doc__))
def test_the_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = {"tk": tk, "np": np, "Path": Path}
    flags = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    finder, runner = doctest.DocTestFinder(recurse=False), doctest.DocTestRunner(optionflags=flags)
    told = []
    with only({}):  # what an example registers is nobody else's
        for one in finder.find(EVERYWHERE[name], name, module=False, globs=given):
            runner.run(one, out=told.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(told)


def test_a_call_of_many_arguments_is_described_on_a_screen():
    text = f"{inspect.signature(tk.run)}\n{inspect.getdoc(tk.run)}"
    assert len(str(inspect.signature(tk.run))) < 1_100
    assert len(text.splitlines()) <= SCREEN

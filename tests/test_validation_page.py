"""What VALIDATION.md says in words is what its tables say, put by the benchmark that writes it."""

import re
import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
import validation

PAGE = validation.WRITTEN.read_text(encoding="utf-8")


def frame(text):
    """The first table of a text in Markdown; numbers as numbers."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    heads, _, *rows = ([c.strip() for c in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows)
    table = pd.DataFrame(rows, columns=heads)
    for name in table:
        numbers = pd.to_numeric(table[name], errors="coerce")
        table[name] = table[name].str.replace("\\|", "|") if numbers.isna().any() else numbers
    return table


def tables(part):
    """The tables of a part of the page by heading."""
    _, _, text = PAGE.partition(f"\n## {part}\n")
    _, *found = re.split(r"^\*\*(.*)\*\*$", text.partition("\n## ")[0], flags=re.M)
    return {name: frame(rest) for name, rest in zip(found[::2], found[1::2], strict=True)}


def test_the_sums_of_the_fits_are_those_of_their_tables():
    sums = [
        validation.summed(token, tables(f"{token}: moments"), tables(f"{token}: back-test"))
        for token, *_ in validation.TOKENS
    ]
    assert PAGE.startswith(f"{validation.head(sums)}\n\n## ")


def test_the_sums_of_the_other_histories_are_those_of_their_table():
    _, _, text = PAGE.partition(validation.OTHERS)
    whole = frame(text).to_dict("records")
    rows = [{name: value for name, value in row.items() if value != ""} for row in whole]
    for row in rows:
        row |= {"restarts": int(row["restarts"])} if "restarts" in row else {}
    commit = re.search(r"code of before, of (.* \(commit \w+\)),", text)[1]
    assert f"{validation.OTHERS}{text}" == validation.others_text(rows, commit) + "\n"

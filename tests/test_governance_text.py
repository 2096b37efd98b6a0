"""Untrusted text in every format that is written: it stays text, and the file stays readable."""

import csv
import io
import json

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tokenomics.cli.output import json_text, show_frame
from tokenomics.governance.bundle.citation import latex
from tokenomics.governance.report.document import Picture, Report, ReportTable, Section
from tokenomics.governance.report.markdown import JOINER, markdown

MARKED = st.text(st.sampled_from("a #[](){}\\`*_<>!&$|~:@1.-"), min_size=1, max_size=30).filter(
    str.strip
)


def parsed(title, heading, alt):
    """Title, heading and alternative text as a reader of the Markdown sees them, None for what is
    lost.
    """
    picture = Picture("limits", "caption", alt)
    tokens = MarkdownIt("commonmark").parse(
        markdown(Report(title, "", ("lead",), (), (Section(heading, pictures=(picture,)),)))
    )
    levels = {
        t.tag: tokens[i + 1].children for i, t in enumerate(tokens) if t.type == "heading_open"
    }
    images = [child for token in tokens for child in token.children or [] if child.type == "image"]
    shown = ["".join(c.content for c in levels.get(tag, ())) for tag in ("h1", "h2")]
    assert all(c.type == "text" for tag in ("h1", "h2") for c in levels.get(tag, ()))
    assert [one.attrs["src"] for one in images] == ["figures/limits.png"]
    alternative = "".join(c.content for c in images[0].children)
    return [text.replace(JOINER, "") for text in (*shown, alternative)]


@given(MARKED)
@example(r"a\[b")
@example(r"a\]b")
@example("[a](b)")
@example("a #")
@example("# ##")
@example("##")
def test_titles_headings_and_alternative_texts_are_shown_as_they_were_written(text):
    assert parsed(text, text, text) == [" ".join(text.split())] * 3


@given(st.text(max_size=30))
@example(r"x} \} {")
def test_braces_of_a_bibtex_field_balance_as_bibtex_counts_them(text):
    depth = 0
    for character in latex(text):
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t=", " =", "\n+", "＝", "＋", "－", "＠", "\u00a0-"]
)
def test_no_cell_and_no_column_of_a_csv_file_is_a_formula(start):
    text = f"{start}cmd|'/C calc'!A0"
    written = ReportTable("x", "", pd.DataFrame({text: [text, "-1.5e-3", "plain"]})).csv().decode()
    rows = [row[0] for row in csv.reader(io.StringIO(written))]
    assert rows == [f"'{text}", f"'{text}", "-1.5e-3", "plain"]


def test_json_is_ascii_only_where_it_must_be():
    content = {
        "a\x9bb": "Gebühr 手数料 🙂",
        "b": ["\ud800", "\u202e\x7f\u2028\U000e0001", "line\nbreak"],
    }
    text = json_text(content)
    assert json.loads(text) == content
    assert all(c.isprintable() or c == "\n" for c in text) and text.encode()
    assert "Gebühr 手数料 🙂" in text


def test_a_table_on_the_terminal_is_not_steered_by_what_it_shows(capsys):
    show_frame("[bold]t\x1b[2J", pd.DataFrame({"a\x9b": ["[red]b\x1b]0;c\x07", 0.123456]}))
    shown = capsys.readouterr().out
    assert "[bold]t" in shown and "[red]b" in shown and "0.1235" in shown
    assert not set(shown) & set("\x1b\x9b\x07")

"""A report in Markdown that pastes into a forum or a GitHub proposal. Every text is escaped:
untrusted words stay words.
"""

from __future__ import annotations

import re

from .document import Picture, Report, ReportTable, Section

JOINER = (
    "\u2060"  # no width: a name after @ is not told that it was mentioned, nor an issue after #
)
# What has a meaning in CommonMark or in GitHub's dialect within a line; a bracket has one only
# before another, < before a letter, _ at a word's edge.
INLINE = (
    (re.compile(r"([\\`*|~$])"), r"\\\1"),
    (re.compile(r"<(?=[A-Za-z/!?])"), r"\\<"),
    (re.compile(r"&(?=[A-Za-z#])"), r"\\&"),
    (re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"), r"\\_"),
    (re.compile(r"(?<=\])([(\[:])"), r"\\\1"),
    (re.compile(r":(?=//)"), r"\\:"),
    (re.compile(r"(?i)(www)(?=\.)"), rf"\1{JOINER}"),
    (re.compile(r"([@#])(?=\w)"), rf"\1{JOINER}"),
)
BRACKET = re.compile(r"(\\.)|([\[\]])")  # what is escaped already, or a bracket
CLOSING = re.compile(r"(?:(?<= )|^)(?=#+$)")  # of a heading, which would not be shown
STARTS = re.compile(
    r"^(?:(\d{1,9})(?=[.)])|(?=[-+=#>\[]))"
)  # of a list, a heading, a quotation, a definition


def escape(text: str) -> str:
    """Text as Markdown that shows it as it is: no markup, no HTML, no links, no mentions, one
    line.
    """
    line = " ".join(str(text).split())
    for pattern, instead in INLINE:
        line = pattern.sub(instead, line)
    return line


def block(text: str) -> str:
    """The same, at the start of a paragraph or of a list's item."""
    return STARTS.sub(lambda found: f"{found[1] or ''}\\", escape(text), count=1)


def _alt(text: str) -> str:
    return BRACKET.sub(lambda found: found[1] or f"\\{found[2]}", escape(text))


def _heading(marks: str, text: str) -> str:
    return f"{marks} " + CLOSING.sub(r"\\", text)


def _table(table: ReportTable) -> list[str]:
    text = table.marked()
    lines = [f"**{escape(table.caption)}** (`data/{table.name}.csv`)", ""]
    lines += [
        "| " + " | ".join(escape(name) for name in text.columns) + " |",
        "|" + "---|" * text.shape[1],
    ]
    lines += [
        "| " + " | ".join(escape(cell) for cell in row) + " |"
        for row in text.itertuples(index=False)
    ]
    return [*lines, ""]


def _picture(picture: Picture) -> list[str]:
    return [
        f"![{_alt(picture.alt)}](figures/{picture.name}.png)",
        "",
        f"*{escape(picture.caption)}*",
        "",
    ]


def _section(section: Section) -> list[str]:
    lines = [_heading("##", escape(section.heading)), ""]
    for paragraph in section.paragraphs:
        lines += [block(paragraph), ""]
    if section.bullets:
        lines += [*(f"- {block(bullet)}" for bullet in section.bullets), ""]
    if section.code:
        lines += ["```", section.code, "```", ""]
    for table in section.tables:
        lines += _table(table)
    for picture in section.pictures:
        lines += _picture(picture)
    for table in section.folded:
        lines += [
            f"<details><summary>{escape(table.caption)}</summary>",
            "",
            *_table(table),
            "</details>",
            "",
        ]
    return lines


def markdown(report: Report) -> str:
    """The whole report, margins marked."""
    lines = [_heading("#", block(report.title)), ""]
    first, *rest = report.lead
    lines += [f"**{escape(first)}**", ""]
    lines += [f"- {block(line)}" for line in report.glance] + [""] * bool(report.glance)
    for paragraph in rest:
        lines += [block(paragraph), ""]
    for section in report.sections:
        lines += _section(section)
    return "\n".join(lines).rstrip("\n") + "\n"

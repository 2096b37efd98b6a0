"""A report as one HTML file: no network, no script; light and dark; on a phone the rows of its tables are cards. Every text is escaped."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from html import escape

from .document import Picture, Report, ReportTable, Section

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
NUMERIC = re.compile(r"[-+]?[\d.,]+([eE][-+]?\d+)?( %)?( \[.*\])?…?|nan|inf")
STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --soft: #f3f5f7; --line: #d0d7de; --dim: #57606a; --link: #0550ae;
  --good: #0b6e4f; --bad: #b3261e; --open: #8a5a00; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #121212; --soft: #1e1f21; --line: #383b40; --dim: #a3abb5;
  --link: #79b8ff; --good: #56d39a; --bad: #ff8a80; --open: #f0b849; }
  .picture img { filter: invert(.93) hue-rotate(180deg); } /* drawn on white: the paper's grey, and each colour stays itself */
  .wide img { filter: none; } } /* but for a scale of colours */
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 76rem; margin: 0 auto; padding: 1rem 1rem 4rem; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 1rem 0 .5rem; }
h2 { font-size: 1.25rem; margin: 2.4rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--line); }
p, ul { max-width: 46rem; }
.verdict { font-size: 1.08rem; border-left: .3rem solid var(--dim); background: var(--soft); padding: .7rem 1rem; margin: 1rem 0; max-width: none; }
.verdict strong { display: block; text-transform: uppercase; letter-spacing: .04em; font-size: .8rem; }
.verdict.holds { border-color: var(--good); } .verdict.fails { border-color: var(--bad); } .verdict.undecided { border-color: var(--open); }
td.holds { color: var(--good); } td.fails { color: var(--bad); } td.undecided { color: var(--open); }
td.holds, td.fails, td.undecided { font-weight: 600; }
.glance { padding-left: 1.1rem; } .glance li { margin: .3rem 0; }
nav ul { columns: 18rem; padding-left: 1.2rem; font-size: .92rem; }
a { color: var(--link); }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .3rem; margin: 0 0 1.2rem; }
.scroll { background: linear-gradient(to right, var(--paper) 30%, transparent) left / 3rem 100% no-repeat local,
  linear-gradient(to left, var(--paper) 30%, transparent) right / 3rem 100% no-repeat local,
  linear-gradient(to right, var(--dim), transparent) left / .6rem 100% no-repeat,
  linear-gradient(to left, var(--dim), transparent) right / .6rem 100% no-repeat; } /* a shadow where there is more */
.scroll:focus-visible, .picture:focus-visible { outline: 2px solid var(--link); outline-offset: 1px; }
table { border-collapse: collapse; width: 100%; font-size: .86rem; line-height: 1.4; overflow-wrap: normal; }
caption { text-align: left; padding: .5rem .7rem; font-weight: 600; position: sticky; left: 0; max-width: calc(100vw - 2.4rem); }
th, td { padding: .35rem .7rem; border-top: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { background: var(--soft); white-space: nowrap; }
thead th.n { text-align: right; }
tbody th { font-weight: 500; white-space: nowrap; position: sticky; left: 0; background: var(--paper); }
wbr { display: none; }
td.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.w { min-width: 15rem; }
figure { margin: 0 0 1.4rem; max-width: 38rem; }
.picture { overflow-x: auto; border: 1px solid var(--line); border-radius: .3rem; }
.picture img { width: 100%; height: auto; display: block; }
.wide { max-width: 52rem; } .wide img { min-width: 38rem; }
figcaption { color: var(--dim); font-size: .88rem; margin-top: .3rem; }
pre { background: var(--soft); border: 1px solid var(--line); border-radius: .3rem; padding: .6rem .9rem; white-space: pre-wrap; }
summary { cursor: pointer; padding: .4rem 0; }
.small { color: var(--dim); font-size: .85rem; }
@media screen and (max-width: 40rem) { /* a row becomes a card: each cell behind the name of its column, nothing beside the screen */
  table, caption, tbody, tr, tbody th { display: block; } thead { display: none; }
  tr { border-top: 1px solid var(--line); padding: .45rem .7rem; }
  tbody th, td { border: 0; padding: 0; white-space: normal; }
  tbody th { position: static; font-weight: 600; overflow-wrap: anywhere; }
  td, td.n, td.w { display: inline-block; min-width: 0; max-width: 100%; margin-right: 1rem; text-align: left; white-space: normal;
    overflow-wrap: anywhere; }
  td::before { content: attr(data-column) " "; color: var(--dim); font-weight: 400; }
  td:empty { display: none; }
  wbr { display: inline; } }
@media print { nav { display: none; } details > * { display: block; } .scroll, .picture { overflow: visible; border: 0; }
  body { font-size: 10pt; } table { font-size: 7.5pt; } tr, figure, .verdict { break-inside: avoid; } h2, caption { break-after: avoid; }
  thead th, tbody th, td.n { white-space: normal; overflow-wrap: anywhere; } td.w { min-width: 0; }
  .picture img { width: auto; min-width: 0; max-width: 100%; max-height: 23cm; } }
"""
WORDS = ("holds", "fails", "undecided")
LONG = 28  # characters; columns with longer cells are given room


def _table(table: ReportTable, key: str) -> str:
    text, marked = table.text(), table.marked()
    # a column is aligned as one: units of 1 stand among units in words
    numeric = [
        sum(bool(NUMERIC.fullmatch(v)) == bool(v) for v in text[name]) > len(text) / 2
        for name in text.columns
    ]
    starts = ['<th scope="col" class="n">' if number else '<th scope="col">' for number in numeric]
    head = "".join(
        f"{start}{escape(name)}</th>" for start, name in zip(starts, text.columns, strict=True)
    )
    long = [max((len(v) for v in text[name]), default=0) > LONG for name in text.columns]
    names, rows = [escape(name) for name in text.columns[1:]], []
    for first, *rest in marked.itertuples(index=False, name=None):
        cells = [f'<th scope="row">{escape(first).replace("_", "_<wbr>")}</th>']
        for value, name, number, wide in zip(rest, names, numeric[1:], long[1:], strict=True):
            kind = value if value in WORDS else "n" if number else "w" if wide else ""
            start = f'<td class="{kind}"' if kind else "<td"
            cells.append(f'{start} data-column="{name}">{escape(value)}</td>')
        rows.append(f"<tr>{''.join(cells)}</tr>")
    caption = f'<caption id="{key}">{escape(table.caption)} <span class="small">(data/{escape(table.name)}.csv)</span></caption>'
    body = f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return f'<div class="scroll" role="region" aria-labelledby="{key}" tabindex="0"><table>{caption}{body}</table></div>'


def _picture(picture: Picture, drawn: Mapping[str, bytes]) -> str:
    data = base64.b64encode(drawn[picture.name]).decode()
    image = f'<img alt="{escape(picture.alt)}" src="data:image/svg+xml;base64,{data}">'
    box = f'<div class="picture" role="region" aria-label="Figure: {escape(picture.caption)}" tabindex="0">{image}</div>'
    start = '<figure class="wide">' if picture.wide else "<figure>"
    return f"{start}{box}<figcaption>{escape(picture.caption)}</figcaption></figure>"


def _bullets(lines: Sequence[str], kind: str = "plain") -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<ul class="{kind}">{items}</ul>' if lines else ""


def _section(number: int, section: Section, drawn: Mapping[str, bytes]) -> str:
    parts = [
        f'<section aria-labelledby="s{number}"><h2 id="s{number}">{escape(section.heading)}</h2>'
    ]
    parts += [f"<p>{escape(paragraph)}</p>" for paragraph in section.paragraphs]
    parts.append(_bullets(section.bullets))
    if section.code:
        parts.append(f"<pre><code>{escape(section.code)}</code></pre>")
    parts += [_table(table, f"t{number}-{i}") for i, table in enumerate(section.tables)]
    parts += [_picture(picture, drawn) for picture in section.pictures]
    for i, table in enumerate(section.folded):
        parts.append(
            f"<details><summary>{escape(table.caption)}, {len(table.text())} rows</summary>{_table(table, f'f{number}-{i}')}</details>"
        )
    return "".join(parts) + "</section>"


def html(report: Report, drawn: Mapping[str, bytes]) -> str:
    """The whole report, margins marked. drawn: its figures as SVG, by name."""
    first, *rest = report.lead
    word = {"meets its limits": "holds", "fails a limit": "fails"}.get(report.badge, report.badge)
    badge = f"<strong>{escape(report.badge)}</strong>" if report.badge else ""
    links = "".join(
        f'<li><a href="#s{i}">{escape(section.heading)}</a></li>'
        for i, section in enumerate(report.sections)
    )
    body = "\n".join(_section(i, section, drawn) for i, section in enumerate(report.sections))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">
<meta name="referrer" content="no-referrer">
<title>{escape(report.title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{escape(report.title)}</h1>
<p class="verdict {escape(word)}">{badge}{escape(first)}</p>
{_bullets(report.glance, "glance")}
{"".join(f"<p>{escape(paragraph)}</p>" for paragraph in rest)}
<nav aria-label="Contents"><ul>{links}</ul></nav>
{body}
</main>
</body>
</html>
"""

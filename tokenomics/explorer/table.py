"""The table of the page: metrics of today and of what is chosen, and what their difference tells.

All text of others is escaped: a parameter file's name is no markup.
"""

from __future__ import annotations

from html import escape
from types import SimpleNamespace

import numpy as np

from ..results.differences import in_words
from ..results.metrics import METRICS
from .simulation import SHOWN, Seen

HEADS = ("metric", "today", "chosen", "difference [95 % interval]", "matters from", "told")
SAME = "the same"
LARGE = 1000.0  # from which on a number has no decimals
SHADES = {"better": "#00623f", "worse": "#a33c00"}


def table(seen: Seen, same: bool) -> str:
    """The table as HTML. same: whether no lever is moved, so that there is nothing to tell."""
    rows = []
    for name, row in zip(SHOWN, seen.rows, strict=True):
        metric, one = METRICS[name], SimpleNamespace(**row)
        today, chosen = (_mean(values) for values in seen.metrics[name])
        word = SAME if same else in_words(one)
        ends = (number(one.difference), number(one.low), number(one.high))
        difference = "0" if same else "{} [{}, {}]".format(*ends)
        cells = [today, chosen, difference, number(one.matters) if one.matters else "any", word]
        colour = SHADES.get("" if same else one.reading, "inherit")
        unit = "" if metric.unit == "1" else f" [{metric.unit}]"
        head = (
            f'<th scope="row" title="{escape(metric.meaning)}">{escape(metric.label + unit)}</th>'
        )
        told = "".join(f"<td>{escape(cell)}</td>" for cell in cells[:-1])
        rows.append(f'<tr>{head}{told}<td style="color:{colour}">{escape(cells[-1])}</td></tr>')
    heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in HEADS)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _mean(values: np.ndarray) -> str:
    good = values[np.isfinite(values)]
    return number(float(good.mean())) if len(good) else "no run finished"


def number(value: float) -> str:
    """A number as it is read: without a power of ten where that is short."""
    if not np.isfinite(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= LARGE else f"{value:.3g}"

"""The page: what is chosen at its left, and what comes of it, over time and against its cost."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import panel as pn

from ..errors import InputError, TokenomicsError, counted
from ..experiments.frontier import CostFrontier
from ..inputs.files import written_file
from ..parameters import Resolved
from ..results.figures import COLOURS
from .controls import NARROW, Controls, days_of_events, own_scroll
from .figures import OverTime, acting, frontier_figures
from .latest import Latest
from .opening import Opening
from .proposing import proposal_of, proposal_text
from .simulation import Explored, Seen
from .sliders import Slider, moved, sliders_of
from .strengths import Strengths, why_none
from .table import SHADES, table

TITLE = "A proposal"
NONE = "no picture"
NAME = "proposal.yaml"  # of the file that a browser saves
STYLE = """
table {border-collapse: collapse; font-size: 13px; width: 100%}
th, td {padding: 3px 7px; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap}
th[scope=row], th:first-child, td:last-child, th:last-child {text-align: left}
td:last-child {white-space: normal}
th[scope=row] {font-weight: 500}
:host {overflow-x: auto}
@media (max-width: 800px) {
  th[scope=row] {white-space: normal; min-width: 7em}
  td:last-child {min-width: 9em}
}
"""
# Panel makes a container no narrower than its parts beside one another, whatever it is told
SHRINKS = ":host {min-width: 0 !important}"
ROOT = ".explorer {min-width: 0 !important}"  # which is styled from the page alone
SIDES = f"{NARROW} {{:host {{flex-direction: column-reverse !important}}}}"
WRAPPED = ":host {flex-wrap: wrap !important}"
PICTURES = (
    ":host {display: grid !important; grid-template-columns: repeat(2, minmax(0, 1fr))}"
    ".scroll-button {display: none !important}"  # Panel's, which would take the first place
    f"{NARROW} {{:host {{grid-template-columns: minmax(0, 1fr)}}}}"
)
KEY = (
    f'<span style="color:{COLOURS[0]}">- - today\'s levers</span> &emsp; '
    f'<span style="color:{COLOURS[1]}">— chosen levers</span> &emsp; '
    "lines: medians; bands: 50 % and 90 % of the runs; same world and shocks for both"
)
FRONTIER = (
    "What the chosen law buys against what it costs, over the range of its strength. Square: the "
    "levers as chosen. Hollow: another strength costs no more, is worse in nothing and better in "
    "something. Bars: simultaneous 95 % intervals of the paired difference to no law."
)


def _wrong(text: str) -> str:
    return f'<span style="color:{SHADES["worse"]}">{escape(text)}</span>'


class Page:
    """One reader's page. out: where the proposal is written as well, None for nowhere. later: has a
    function called where widgets may be changed.
    """

    def __init__(self, opening: Opening, out: Path | None, later: Callable[[Any], Any]):
        self._opening, self._out, self._later = opening, out, later
        self._latest, self._pictures, self._choices = Latest(), 0, 0
        self._explored: Explored | None = None
        self._strengths: Strengths | None = None
        self._why = ""  # there are no strengths
        self.controls = Controls(opening, self._choose, self._move, self._redraw)
        self.status = pn.pane.HTML("", sizing_mode="stretch_width")
        self.trouble = pn.pane.HTML("", sizing_mode="stretch_width")
        self.events = pn.pane.HTML("", sizing_mode="stretch_width")
        self.metrics = pn.pane.HTML("", stylesheets=[STYLE], sizing_mode="stretch_width")
        self.over_time = pn.Column(stylesheets=[PICTURES], sizing_mode="stretch_width")
        self._time_figures: list[OverTime] = []
        self._cost_figures = frontier_figures()
        self.remark = pn.pane.HTML("", sizing_mode="stretch_width")
        self.costs = pn.Column(
            *(one.figure for one in self._cost_figures),
            stylesheets=[PICTURES],
            sizing_mode="stretch_width",
        )
        self.tabs = pn.Tabs(
            (
                "Over time",
                pn.Column(self.events, self.over_time, self.metrics, stylesheets=[SHRINKS]),
            ),
            ("Against its cost", pn.Column(self.remark, self.costs, stylesheets=[SHRINKS])),
            stylesheets=[":host {grid-template-columns: minmax(0, 1fr)}"],
            sizing_mode="stretch_width",
        )
        self.tabs.param.watch(lambda _: self._move(), "active")
        wide = {"sizing_mode": "stretch_width"}
        head = pn.Row(*self._proposing(), stylesheets=[SHRINKS, WRAPPED], **wide)
        pictures = pn.Column(
            pn.Column(head, self.status, self.trouble, self.tabs, stylesheets=[SHRINKS], **wide),
            stylesheets=[SHRINKS, own_scroll("54vh")],
            **wide,
        )
        sides = pn.Row(self.controls.view, pictures, stylesheets=[SHRINKS, SIDES], **wide)
        self.view = pn.Column(sides, css_classes=["explorer"], **wide)
        self._choose()

    def close(self) -> None:
        """Begin no more work."""
        self._latest.close()

    def _proposing(self) -> list[Any]:
        """A title and the buttons that write the settings."""
        self.title = pn.widgets.TextInput(value=TITLE, placeholder="title of the proposal")
        save = pn.widgets.FileDownload(
            callback=self.file, filename=NAME, label="Save as a proposal file", width=200
        )
        if self._out is None:
            return [self.title, save]
        button = pn.widgets.Button(name=f"Write {self._out.name}", width=200)
        button.on_click(lambda _: self.write())
        return [self.title, save, button]

    def text(self) -> str:
        """The settings as a proposal file. Raises InputError where they are none."""
        if self._explored is None:
            raise InputError("the network is not there yet", expected="a moment")
        opening = self.controls.opened(self._opening)
        values = self.controls.values
        return proposal_text(proposal_of(self._explored, opening, values, self.title.value))

    def file(self) -> io.StringIO | None:
        """What a browser saves; nothing, and why, where the settings are no proposal."""
        try:
            found = self.text()
        except TokenomicsError as error:
            self.trouble.object = _wrong(str(error))
            return None
        self.trouble.object = ""
        return io.StringIO(found)

    def write(self) -> None:
        """Write the file beside the command, over nothing."""
        try:
            content = self.text()
            with written_file(self._out) as path:
                path.write_text(content, encoding="utf-8")
        except TokenomicsError as error:
            self.trouble.object = _wrong(str(error))
        else:
            self.trouble.object = f"written: {escape(str(self._out))}"

    def _choose(self) -> None:
        """Another network is asked for."""
        opening = self.controls.opened(self._opening)
        shown, self._explored = self.controls.shown, None
        self._choices += 1
        choice = self._choices
        self.status.object = "compiling the network …"

        def task() -> None:
            resolved = opening.resolved()
            every = sliders_of(resolved)
            paths = [one.path for one in shown(every)]
            explored = Explored(resolved, paths, runs=opening.runs, seed=opening.seed)
            self._later(lambda: self._opened(explored, every, choice))

        self._latest.ask(lambda: self._tried(task))

    def _opened(self, explored: Explored, every: list[Slider], choice: int) -> None:
        """Another network is there: of the latest choice, or of one before it that came late."""
        if choice == self._choices:
            self._explored, self._why = explored, why_none(explored.resolved)
            self._strengths = None if self._why else Strengths(explored)
            self.controls.renew(every)
            self._figures(explored.resolved)
            self._move()

    def _move(self) -> None:
        """Another picture is asked for: of the tab that is seen."""
        explored, values, began = self._explored, self.controls.values, time.perf_counter()
        if explored is None:
            return
        strengths, over_time = self._strengths, self.tabs.active == 0

        def task() -> None:
            if over_time:
                seen = explored(values)
                self._later(lambda: self._show(explored, values, seen, began))
            else:
                found = strengths and strengths(values)
                self._later(lambda: self._show_costs(explored, found, began))

        self._latest.ask(lambda: self._tried(task))

    def _tried(self, task: Callable[[], None]) -> None:
        """Do a task; what goes wrong is told on the page."""
        try:
            task()
        except TokenomicsError as error:
            told = str(error)
            self._later(lambda: self._tell(told))
        except Exception as error:
            told = f"an error of the program itself: {type(error).__name__}: {error}"
            self._later(lambda: self._tell(told))
            raise

    def _tell(self, told: str) -> None:
        self.trouble.object = _wrong(told)
        self._done(NONE, None)

    def _show(self, explored: Explored, values: Any, seen: Seen, began: float) -> None:
        if explored is not self._explored:
            return
        other = moved(values, explored.resolved)
        same = not any(explored.resolved.is_lever(path) for path in other)
        begins = days_of_events(values, explored.resolved.entries)
        told = "; ".join(f"{escape(name)} on day {day:g}" for name, day in begins.items())
        span = explored.resolved.values.simulation.days
        lost = explored.runs - seen.runs
        text = f"{counted(seen.runs, 'run')} of {span:g} days"
        if lost:
            text += f", {counted(lost, 'run')} failed"
        with pn.io.hold():  # one message for the whole picture
            for one in self._time_figures:
                one.show(seen, begins)
            self.trouble.object = ""
            self.events.object = KEY + (f" &emsp; ┊ {told}" if told else "")
            self.metrics.object = table(seen, same)
            self._done(text, began)

    def _show_costs(self, explored: Explored, found: CostFrontier | None, began: float) -> None:
        if explored is not self._explored:
            return
        with pn.io.hold():
            self.trouble.object = ""
            self.remark.object = escape(self._why) or FRONTIER
            self.costs.visible = found is not None
            if found is None:
                self._done(NONE, None)
                return
            points = acting(found)
            for one in self._cost_figures:
                one.show(points)
            self._done(f"{found.runs} runs of each strength", began)

    def _done(self, text: str, began: float | None) -> None:
        """Tell of a picture, and number it."""
        self._pictures += 1
        took = "" if began is None else f", in {time.perf_counter() - began:.2f} s"
        opening = self.controls.opened(self._opening)
        law = opening.policy or "its own law"
        self.status.object = (
            f"<b>{escape(opening.params)}</b>, {escape(law)}, {escape(opening.scenario)}: "
            f'{text}{took} &emsp; <span class="picture" style="color:#888">picture '
            f"{self._pictures}</span>"
        )

    def _figures(self, resolved: Resolved) -> None:
        self._time_figures = [OverTime(resolved, name) for name in self.controls.drawn.value]
        self.over_time.objects = [one.figure for one in self._time_figures]

    def _redraw(self) -> None:
        """Other variables of the same picture."""
        if self._explored is not None:
            self._figures(self._explored.resolved)
            self._move()

"""What a reader of the page can choose and move, at its left: law, scenario, sliders, and what is
drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any

import panel as pn
from bokeh.models import PrintfTickFormatter

from ..governance.evidence.over_time import VARIABLES
from ..parameters import NONE
from ..parameters.layers import REGISTERED
from ..parameters.locate import names
from .opening import Opening
from .sliders import Slider, told

WIDTH = 290  # pixels, of a slider
DRAWN = ("token_price", "treasury_usd", "nodes", "inference_price")  # at first
MOST_DRAWN = 6
OWN_LAW = "as in the parameters"
SMALL = {"font-size": "11px", "line-height": "1.25", "color": "#555", "margin-top": "-6px"}
HEAD = {"font-size": "12px", "font-weight": "600", "color": "#333"}
# beside the pictures, or in a window too narrow for both below them; each scrolls by itself, so
# that a slider and what it moves are seen together
NARROW = "@media (max-width: 800px)"


def own_scroll(narrow: str) -> str:
    """The style of a part of the page that scrolls by itself. narrow: its height in a narrow
    window.
    """
    below = f"height: {narrow}; width: 100% !important; min-width: 0 !important"
    return (
        ":host {display: block; height: 97vh; overflow: hidden auto}"
        f"{NARROW} {{:host {{{below}; flex: none !important}}}}"
    )


LAW = "controller"  # the group of the law's own levers


class Quick(pn.widgets.FloatSlider):
    """A slider that tells of every move at once. Panel holds each back for 50 ms, lest there be too
    many; here what comes too late is dropped (`Latest`).
    """

    _debounce = 0


class Controls:
    """The widgets. chosen: called where another network is asked for. moved: where a number is.
    drawn: where other variables are.
    """

    def __init__(
        self,
        opening: Opening,
        chosen: Callable[[], None],
        moved: Callable[[], None],
        drawn: Callable[[], None],
    ):
        self._moved, self._silent = moved, False
        self._every: list[Slider] = []
        self._widgets: dict[str, Any] = {}
        self._kept: dict[str, float] = {}
        laws = {OWN_LAW: None, **{name: name for name in (*names("policy"), *REGISTERED["policy"])}}
        laws |= {} if opening.policy is None else {opening.policy: opening.policy}
        cases = dict.fromkeys([NONE, *names("scenario"), *REGISTERED["scenario"], opening.scenario])
        wide = {"width": WIDTH}
        self.policy = pn.widgets.Select(
            name="law (policy)", options=laws, value=opening.policy, **wide
        )
        self.scenario = pn.widgets.Select(
            name="what happens (scenario)", options=list(cases), value=opening.scenario, **wide
        )
        self.more = pn.widgets.MultiChoice(
            name="more facts of the world", options=[], value=[], placeholder="type a name", **wide
        )
        self.drawn = pn.widgets.MultiChoice(
            name="drawn", options=list(VARIABLES), value=list(DRAWN), max_items=MOST_DRAWN, **wide
        )
        self.reset = pn.widgets.Button(name="Back to today", **wide)
        self._sliders = pn.Column()
        for widget in (self.policy, self.scenario, self.more):
            widget.param.watch(lambda _: self._silent or chosen(), "value")
        self.drawn.param.watch(lambda _: drawn(), "value")
        self.reset.on_click(lambda _: self._back())
        every = (self.policy, self.scenario, self.reset, self._sliders, self.drawn)
        below = [own_scroll("42vh")]
        self.view = pn.Column(pn.Column(*every), width=WIDTH + 55, stylesheets=below)

    @property
    def values(self) -> dict[str, float]:
        """What the sliders are at, by path."""
        return {path: told(float(widget.value)) for path, widget in self._widgets.items()}

    def shown(self, every: Sequence[Slider]) -> list[Slider]:
        """Of all that can be moved what has a slider: levers, events, facts whose source states a
        range, and those that were asked for.
        """
        return [one for one in every if one.role != "world" or one.stated or one.path in self._more]

    @property
    def _more(self) -> set[str]:
        return set(self.more.value)

    def renew(self, every: Sequence[Slider]) -> None:
        """The sliders of another network; a number that was moved stays where it is, as far as it
        can be moved there.
        """
        self._kept |= self.values
        self._silent = True
        facts = [one.path for one in every if one.role == "world" and not one.stated]
        self.more.param.update(
            options=facts, value=[path for path in self.more.value if path in facts]
        )
        self._silent = False
        own = self.shown(every)
        self._every, self._widgets = own, {one.path: self._widget(one) for one in own}
        levers = [one for one in own if one.role == "lever"]
        law = [one for one in levers if one.path.startswith(f"{LAW}.")]
        events = [one for one in own if one.role == "scenario"]
        facts = [one for one in own if one.role == "world"]
        rest = [one for one in levers if one not in law]
        cards = [
            self._card("Levers of the law", law, open=True),
            self._card("Other levers", rest),
            self._card("What happens", events, open=True),
            self._card("Facts of the world", facts, self.more),
        ]
        self._sliders.objects = [card for card in cards if card is not None]

    def _widget(self, one: Slider) -> Any:
        value = min(max(self._kept.get(one.path, one.own), one.low), one.high)
        found = Quick(
            name=one.label,
            start=one.low,
            end=one.high,
            step=one.step,
            value=value,
            format=PrintfTickFormatter(format="%.6g"),
            width=WIDTH - 10,
        )
        found.param.watch(lambda _: self._silent or self._moved(), "value")
        return found

    def _card(self, title: str, own: Sequence[Slider], *more: Any, open: bool = False) -> Any:
        if not own and not more:
            return None
        parts: list[Any] = []
        for group, some in groupby(own, key=lambda one: one.group):
            parts.append(pn.pane.HTML(escape(group), styles=HEAD))
            for one in some:
                whose = "Today" if one.role == "lever" else "Given"
                words = f"{escape(one.doc)}. {whose} {one.own:.6g}."
                meaning = pn.pane.HTML(words, styles=SMALL, width=WIDTH - 10)
                parts += [self._widgets[one.path], meaning]
        return pn.Card(*parts, *more, title=title, collapsed=not open, width=WIDTH + 30)

    def _back(self) -> None:
        """All numbers as they are in the network."""
        self._silent = True
        for one in self._every:
            self._widgets[one.path].value = one.own
        self._silent, self._kept = False, {}
        self._moved()

    def opened(self, opening: Opening) -> Opening:
        """The opening with what is chosen."""
        return opening.other(policy=self.policy.value, scenario=self.scenario.value)


def days_of_events(values: Mapping[str, float], entries: Mapping[str, Any]) -> dict[str, float]:
    """The day on which each event begins, by its name."""
    begins = {
        path: values.get(path, entry.value)
        for path, entry in entries.items()
        if path.startswith("events.") and path.endswith(".start")
    }
    return {path.split(".")[1]: float(day) for path, day in begins.items()}

"""Figures as a modeller meets them: on his own axis, in a notebook's cell, and in a window."""

import ast
import inspect
import re
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot

import tokenomics as tk
from tokenomics.capacity.figures import supply_figure
from tokenomics.capacity.supply import load_fleet
from tokenomics.errors import InputError
from tokenomics.results import figures, run_figures
from tokenomics.results.drawing import Drawing, shown

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
from figures import FIGURES  # noqa: E402
from test_public_api import CLASSES  # noqa: E402

PACKAGE = Path(tk.__file__).parent
CANVASES = {"Drawing", "one_axis"}
DAYS = 90.0


@pytest.fixture(scope="module")
def crash():
    return tk.run("baseline", policy="pid", scenario="token_crash", days=DAYS, runs=3, seed=1)


@pytest.fixture(scope="module")
def calm():
    return tk.run("baseline", policy="none", days=DAYS, runs=2, seed=1)


def axes_of(figure):
    return {axis.get_ylabel(): axis for axis in figure.axes}


def test_a_cell_of_a_notebook_shows_a_figure(crash):
    assert crash.plot("price")._repr_png_().startswith(b"\x89PNG")


def test_a_figure_is_drawn_on_the_callers_axis(crash):
    own = matplotlib.figure.Figure()
    axis = own.add_subplot()
    assert crash.plot("price", ax=axis) is own
    assert [line.get_label() for line in axis.get_legend().get_lines()] == [
        "token price",
        "utility value",
    ]
    with pytest.raises(InputError, match="one panel"):
        crash.plot("overview", ax=axis)


def test_pyplot_is_told_of_a_figure_where_it_has_a_window_and_nowhere_else(monkeypatch):
    before = pyplot.get_fignums()
    shown(Drawing())
    assert pyplot.get_fignums() == before  # of Agg nothing could be shown
    monkeypatch.setattr(pyplot, "get_backend", lambda: "TkAgg")
    figure = shown(Drawing())
    added = set(pyplot.get_fignums()) - set(before)
    assert [pyplot.figure(number) for number in added] == [figure]
    pyplot.close(figure)


def test_an_event_is_marked_on_its_day_and_a_calm_run_has_none(crash, calm):
    for run, days in ((crash, [60.0]), (calm, [])):
        axis = run.plot("price").axes[0]
        marks = [line for line in axis.lines if line.get_linestyle() == ":"]
        assert [line.get_xdata()[0] for line in marks] == days


def test_a_panel_of_nothing_but_zeros_is_left_out(crash, calm):
    assert "control" in run_figures.overview(crash) and "control" not in run_figures.overview(calm)


def test_a_legend_is_in_a_band_above_every_line(crash):
    for name in ("price", "network", "operators", "supply", "bills"):
        axis = crash.plot(name).axes[0]
        scale = axis.get_yaxis().get_transform().transform
        low, high = scale(np.array(axis.get_ylim()))
        for line in axis.lines:
            if line.get_linestyle() != ":":
                at = (scale(np.asarray(line.get_ydata(), float)) - low) / (high - low)
                assert np.nanmax(at) < 1.0 - 0.9 * figures.BAND, name


def test_a_type_with_hardly_a_node_does_not_stretch_the_axis(crash):
    axis = crash.plot("operators").axes[0]
    names = [text.get_text() for text in axis.get_legend().get_texts()]
    medians = {
        name.removeprefix("nodes_"): np.median(values)
        for name, values in crash.trajectories.values.items()
        if name.startswith("nodes_")
    }
    most = run_figures.SMALL * np.median(crash.trajectories.values["nodes"])
    assert names == ["all nodes", *(name for name in medians if medians[name] >= most)]
    title = axis.get_title(loc="left").replace("\n", " ")
    assert all((name in title) == (medians[name] < most) for name in medians)


def test_bills_are_drawn_beside_the_one_from_which_they_hardly_differ(crash):
    axis = crash.plot("bills").axes[0]
    paths = crash.trajectories.values
    wanted = 100.0 * (paths["user_bill"] / paths["bill_stablecoin"] - 1.0)
    np.testing.assert_allclose(axis.lines[0].get_ydata(), np.median(wanted, axis=0))
    cloud = np.nanmedian(paths["bill_cloud"] / paths["bill_stablecoin"])
    assert f"cloud {cloud:.3g} times as dear" in axis.get_title(loc="left").replace("\n", " ")


def legend_of(run, name):
    return [text.get_text() for text in run.plot(name).axes[0].get_legend().get_texts()]


def test_work_that_is_served_whole_is_one_line_and_else_two(crash):
    assert legend_of(crash, "network") == ["work brought and served", "capacity"]
    boom = {"events": {"boom": {"kind": "demand", "start": 10.0, "days": 20.0, "size": 1.5}}}
    short = tk.run("baseline", overlay=boom, days=30, runs=2, seed=1)
    assert legend_of(short, "network") == ["work brought", "served", "capacity"]


def test_work_that_is_turned_away_on_one_day_is_seen():
    outage = {"events": {"out": {"kind": "outage", "start": 100.0, "days": 1.0, "size": 0.95}}}
    run = tk.run("baseline", overlay=outage, days=200, runs=2, seed=1, engine="ensemble")
    assert legend_of(run, "network") == ["work brought", "served", "capacity"]


def test_nothing_is_drawn_of_what_never_changes():
    helium = tk.run("helium", days=20, runs=2, seed=1)
    assert np.ptp(helium.trajectories.values["nodes"]) == 0.0
    shown = run_figures.overview(helium)
    assert "operators" not in shown and "price" in shown


def test_a_title_ends_within_its_picture(crash):
    for name in run_figures.available(crash):
        figure = crash.plot(name)
        figure.draw_without_rendering()
        title = figure.axes[0]._left_title.get_window_extent()
        assert title.x1 <= figure.bbox.x1 and title.y1 <= figure.bbox.y1, name


def test_a_studys_figure_looks_the_same_whatever_the_readers_settings():
    fleet = load_fleet("marketplace")
    usual = supply_figure(fleet).axes[0]
    with matplotlib.rc_context({"axes.titlesize": 30, "axes.grid": False}):
        other = supply_figure(fleet).axes[0]
    sizes = [axis._left_title.get_fontsize() for axis in (usual, other)]
    assert sizes[0] == sizes[1] < 12


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ((0.5, 100.0), ["0.5", "1", "2"]),
        ((0.001, 1e4), ["0.001", "0.01", "1,000"]),
        ((0.7, 4.0), ["0.7", "1", "3"]),
    ],
)
def test_a_log_axis_has_plain_numbers(limits, told):
    axis = Drawing().add_subplot()
    axis.set_xlim(*limits)
    figures.plain_log(axis, "x")
    axis.figure.draw_without_rendering()
    labels = [label.get_text() for label in axis.get_xticklabels()]
    assert set(told) <= set(labels) and not any("times" in label for label in labels)


def drawers():
    """The functions of the package that make a figure's canvas, by module and name."""
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            own = node.body if isinstance(node, ast.ClassDef) else [node]
            front = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
            for made in (one for one in own if isinstance(one, ast.FunctionDef)):
                called = (n.func for n in ast.walk(made) if isinstance(n, ast.Call))
                if CANVASES & {getattr(function, "id", "") for function in called}:
                    yield f"{module}.{front}{made.name}"


def test_every_figure_has_a_sentence():
    told = {seen.by for source in FIGURES for seen in source.seen} - {""}
    assert told == set(drawers()) - {"results.drawing.one_axis"}
    assert all(seen.tells.endswith(".") for source in FIGURES for seen in source.seen)


def drawing_methods(kind):
    """What of a public class gives figures, by its annotation."""
    public = {name: one for name, one in vars(kind).items() if not name.startswith("_")}
    asked = {name: getattr(one, "fget", getattr(one, "func", one)) for name, one in public.items()}
    functions = {name: one for name, one in asked.items() if inspect.isfunction(one)}
    given = {name: inspect.signature(one).return_annotation for name, one in functions.items()}
    given |= inspect.get_annotations(kind)
    return [name for name, one in given.items() if re.search(r"\bFigure\b", str(one))]


def test_every_public_result_that_draws_is_in_the_contact_sheet():
    assert {source.method for source in FIGURES} - {""} == {
        f"{kind.__name__}.{name}" for kind in CLASSES.values() for name in drawing_methods(kind)
    }

"""Results show themselves, in one line and in a notebook, and can be compared with `==`."""

import ast
import copy
import dataclasses
import datetime as dt
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from test_public_api import LISTED, returned_by

import tokenomics as tk
from tokenomics.calibration.bonding.counterfactual import QUANTITIES, Counterfactual
from tokenomics.calibration.estimates import Calibration, Data, Estimate
from tokenomics.experiments.optimise import Optimum
from tokenomics.experiments.replays import RecordedReplay
from tokenomics.forecasts.forecast import GROUP
from tokenomics.forecasts.score import ALL, Scored
from tokenomics.governance.bundle.make import Bundle
from tokenomics.governance.verify.findings import Verification
from tokenomics.histories.demand import DemandSeries
from tokenomics.papers.reproduction import Claim, Reproduction
from tokenomics.results.comparison import Comparison
from tokenomics.results.sensitivity import Sensitivity
from tokenomics.validation.report import Validation
from tokenomics.venues.report import VenueReport

ROOT = Path(__file__).resolve().parents[1] / "tokenomics"
HOSTILE = "<script>alert(1)</script>\n\x1b[31m"
LONGEST = 400  # characters of a result in one line
ARRAYS = re.compile(r"ndarray|DataFrame|Series\b|Dataset")
FUNCTIONS = [getattr(tk, name) for name in LISTED if not isinstance(getattr(tk, name), type)]
RETURNED = {kind for function in FUNCTIONS if callable(function) for kind in returned_by(function)}
RETURNED -= {tk.Block, tk.Model}  # parts of a model, which are no results


@pytest.fixture(scope="module")
def results():
    """One of every class of results, by its name, with a stranger's text where one can be."""
    design = {"policies": ["none"], "parameters": {"demand.services": [40, 50]}, "runs": 2}
    sweep = tk.sweep({**design, "set": {"simulation.days": 2}, "metrics": ["tracking_rms"]})
    frame = pd.DataFrame({"demand.services": [40.0], "tracking_rms": [0.1]})
    index = {"policy": "none", "scenario": "none", "metric": "tracking_rms"}
    indices = pd.DataFrame([index | {"parameter": HOSTILE, "total": 0.5, "lost": 0}])
    day = dt.date(2024, 1, 1)
    group = dict.fromkeys(GROUP, HOSTILE) | {"horizon": ALL, "histories": 2, "skill": 0.1}
    data = Data(HOSTILE, "0" * 64, "log returns", 2, "a", "b")
    estimate = Estimate("news.volatility", "1/sqrt(day)", 0.1, 0.01, 0.08, 0.12)
    paths = {name: np.zeros(2) for name in QUANTITIES}
    band = {name: np.zeros((3, 2)) for name in QUANTITIES}
    rule, version = SimpleNamespace(name=HOSTILE), SimpleNamespace(name="v")
    evidence = SimpleNamespace(id="f" * 64, verdict=lambda: HOSTILE)
    choice = SimpleNamespace(path="hybrid", share=0.5, reason=HOSTILE)
    counters = {"state": {"level": (None, SimpleNamespace(unit="u"))}}
    ruled = SimpleNamespace(name=HOSTILE, decides=("level",), quantities=counters)
    made = [
        tk.run(days=2, runs=2, scenario={"description": HOSTILE, "news": {"jump_mean": 0.1}}),
        sweep,
        tk.resolve(policy={"description": HOSTILE, "supply": {"burn_share": 0.1}}),
        tk.steady_state(tk.resolve().values),
        tk.analyse(tk.resolve(policy="pid").values),
        tk.absorb("gonka_price"),
        Comparison(sweep, "none"),
        Sensitivity(sweep, indices, frame, frame),
        Optimum(frame, sweep, ("tracking_rms",), (0.1,), 4, 1),
        Calibration(HOSTILE, data, (estimate,), {"moments": frame}),
        Reproduction(HOSTILE, {"table": frame}, (Claim("text", "refuted", "numbers"),)),
        DemandSeries(np.ones(3), 60.0, HOSTILE, 1.0, 2.0),
        Verification("differs", "f" * 64, reasons=(HOSTILE,)),
        Bundle(Path("folder"), evidence, None),
        Scored(pd.DataFrame([group]), pd.DataFrame(), (HOSTILE,)),
        VenueReport(None, choice, frame, {}, {"rise": np.ones(2)}, HOSTILE, {}),
        RecordedReplay(ruled, ()),
        Counterfactual(rule, version, HOSTILE, np.arange(2), paths, paths, band, 9, 9, 0.1, ()),
        Validation(
            tk.resolve(),
            SimpleNamespace(file=HOSTILE, dates=[day, day]),
            None,
            day,
            {"runs": 2},
            (),
            {},
            {},
            (),
        ),
    ]
    return {type(one).__name__: one for one in made}


@pytest.mark.parametrize("name", sorted(kind.__name__ for kind in RETURNED))
def test_a_result_shows_itself(results, name):
    one = results[name]
    line = repr(one)
    assert len(line) < LONGEST or name == "Absorption", line  # which tells itself in lines
    assert "array(" not in line and "DataFrame" not in line and " object at " not in line
    page = one._repr_html_()
    told = HTMLParser()
    told.handle_starttag = lambda tag, _: tags.append(tag)
    tags = []
    told.feed(page)
    assert "<script>" not in page and tags[0] in ("table", "pre")


@pytest.mark.parametrize("name", sorted(kind.__name__ for kind in RETURNED))
def test_results_can_be_asked_whether_they_are_equal(results, name):
    one = results[name]
    assert (one == one) is True
    assert (one == copy.copy(one)) in (True, False)
    assert one != results["Sweep" if name != "Sweep" else "Result"]


def test_what_a_line_shows_is_what_the_result_holds(results):
    state = results["SteadyState"]
    assert f"token_price: {state.state['token_price']:.5g} USD/TOK" in repr(state)
    assert f"delay: {results['Analysis'].margins.delay:.4g} days" in repr(results["Analysis"])
    assert "news.volatility: 0.1 [0.08, 0.12] 1/sqrt(day)" in repr(results["Calibration"])
    assert "claims: 1 refuted" in repr(results["Reproduction"])
    assert "size: 2 points x 1 case x 2 runs" in repr(results["Sweep"])
    assert "3 of 60 s; mean: 1 req/s" in repr(results["DemandSeries"])


def test_the_default_of_an_argument_does_not_fill_a_page():
    assert repr(tk.MODEL) == f"Model({len(tk.MODEL.blocks)} blocks)"
    assert "\x1b" not in repr(tk.block(HOSTILE, lambda *_: {}, writes="level"))


def test_data_say_where_they_come_from(results):
    one = results["Result"]
    assert one.dataset.attrs == {
        "parameters": "baseline",
        "policy": one.resolved.policy,
        "scenario": one.resolved.scenario,
        "seed": 0,
        "engine": "cadcad",
        "version": tk.__version__,
        "parameters_sha256": one.resolved.hash,
    }


def test_what_holds_arrays_is_equal_to_itself_alone():
    """Two arrays are equal in each of their numbers or not, which is no answer to `==`."""
    raising = []
    for file in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.ClassDef):
                continue
            made = [ast.unparse(one) for one in node.decorator_list]
            held = [ast.unparse(one.annotation) for one in node.body if hasattr(one, "annotation")]
            if (
                any(one.startswith("dataclass") and "eq=False" not in one for one in made)
                and any(ARRAYS.search(one) and "Callable" not in one for one in held)
                and not any(getattr(one, "name", "") == "__eq__" for one in node.body)
            ):
                raising.append(node.name)
    assert raising == []


def test_every_result_of_a_public_function_is_looked_at(results):
    assert {kind.__name__ for kind in RETURNED} == results.keys()
    assert all(dataclasses.is_dataclass(kind) for kind in RETURNED)

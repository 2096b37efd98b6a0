"""Fixtures of several files of tests: a small bundle, a copy to change, and its pages made once;
and a folder of their own for machine code.

What they import is imported where they are used: most tests have no need of it.
"""

import gc
import os
import shutil
import tempfile
from collections import Counter

import pytest

CACHE = "TOKENOMICS_CACHE"

# Tests run one a core: threads of linear algebra would wait for one another, ten times as long in
# the loop's small matrices. Set before NumPy is imported, and passed on to all processes.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Most tests simulate a few runs, for which machine code is made longer than it runs. With few runs
# side by side it is made several times faster; test_machine_code.py and test_same_bits.py see to it
# that other numbers of them give the same bits.
os.environ.setdefault("TOKENOMICS_LANES", "4")

# A tenth of the tests' time would go into looking for cycles of objects among young ones, of which
# there are hardly any.
gc.set_threshold(100_000)


def pytest_configure(config):
    """Code that an earlier version or session left in the user's folder proves nothing: tests, in
    all their processes, begin with an empty one.
    """
    from hypothesis import settings

    # no test depends on how busy the machine is
    settings.register_profile("untimed", deadline=None)
    settings.load_profile("untimed")
    if not hasattr(config, "workerinput"):
        config.own_cache = os.environ[CACHE] = tempfile.mkdtemp(prefix="tokenomics-tests-")


@pytest.hookimpl(tryfirst=True)  # before cases are chosen by their marks
def pytest_collection_modifyitems(items):
    """Of a test that is marked by `slow_after` all cases but the first are slow. Notebooks come
    first: at the end one worker would wait for the other's.
    """
    items.sort(key=lambda item: item.path.name != "test_notebooks.py")
    cases = Counter()
    for item in items:
        if mark := item.get_closest_marker("slow_after"):
            cases[item.function] += 1
            if cases[item.function] > mark.args[0]:
                item.add_marker("slow")


def pytest_unconfigure(config):
    if hasattr(config, "own_cache"):
        shutil.rmtree(config.own_cache, ignore_errors=True)


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A bundle that nobody may change: its folder, its plan and its runs."""
    from bundles import example

    return example(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def copy(made, tmp_path):
    """A copy of the bundle, to be changed."""
    return shutil.copytree(made[0], tmp_path / "copy")


@pytest.fixture
def forecasts_are_made_once(monkeypatch):
    """The same plan has the same forecast and the same runs, which are simulated anew for every
    verification.
    """
    from bundles import forecast, some, whole
    from tokenomics.governance.verify import numbers, recompute

    monkeypatch.setattr(numbers, "over_time", forecast)
    monkeypatch.setattr(numbers, "simulate", whole)
    monkeypatch.setattr(recompute, "simulate_rows", some)


@pytest.fixture
def pages_are_made_once(monkeypatch, forecasts_are_made_once):
    """The same evidence gives the same pages, which take seconds to make; for tests of what else a
    verification finds.
    """
    from bundles import evidence_of, remembered
    from tokenomics.governance.verify import numbers, pages

    monkeypatch.setattr(numbers, "Evidence", evidence_of)
    monkeypatch.setattr(pages, "pages", remembered)
    monkeypatch.setattr(pages, "render", lambda evidence, figures: (None, figures))

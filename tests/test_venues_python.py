"""The venues of a workload from Python: what the command line prints."""

import numpy as np
import pytest

import tokenomics as tk
from tokenomics.errors import InputError
from tokenomics.venues.report import VenueReport, simulate
from tokenomics.venues.workload import read_workload


def test_workloads_compared_together_are_those_compared_alone():
    settings = {"runs": 2, "seed": 3, "days": 100, "flips": False}
    both = tk.compare_venues(["batch", "chat"], **settings)
    assert list(both) == ["batch", "chat"]
    alone = tk.compare_venues(read_workload("chat")[0], **settings)
    assert isinstance(alone, VenueReport)
    assert alone.numbers == both["chat"].numbers
    assert alone.choice.cost != both["batch"].choice.cost


def test_a_workload_that_is_not_there_is_refused_before_anything_is_simulated():
    with pytest.raises(InputError, match="chatt"):
        tk.compare_venues("chatt", runs=10**9)


def test_a_scenario_may_be_one_name_or_several_or_none():
    settings = {"runs": 2, "seed": 3, "days": 100}
    one, several, none = (
        simulate(scenario=scenario, **settings)[1]["token_price"]
        for scenario in ("token_crash", ("token_crash",), None)
    )
    np.testing.assert_array_equal(one, several)
    assert not np.allclose(one, none)

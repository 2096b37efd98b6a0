"""The venues of a workload from Python: what the command line prints."""

import numpy as np

from tokenomics.venues.report import simulate


def test_a_scenario_may_be_one_name_or_several_or_none():
    settings = {"runs": 2, "seed": 3, "days": 100}
    one, several, none = (simulate(scenario=scenario, **settings)[1]["token_price"] for scenario in ("token_crash", ("token_crash",), None))
    np.testing.assert_array_equal(one, several)
    assert not np.allclose(one, none)

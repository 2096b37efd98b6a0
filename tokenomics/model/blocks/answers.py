"""Answers that come in time: the share of tasks within the limit of their class, on the network and
on the cloud.

The limit is on a whole task, as the tolerance of venue choice is. Classes count by their share of
all potential work on both venues: weighted by those who stay, a venue that drives away whoever is
in a hurry would look prompt. Units: shares.
"""

from ..formulas.distribution import Cumulants, exceedance
from ..formulas.latency import seller_latency
from ..variables import Variable, writes


def in_time(params, call):
    """Share of tasks, of all classes, whose calls of this latency keep within their limit."""
    kept = 0.0
    for workload in params["workloads"].values():
        late = exceedance(call.repeated(workload.calls), workload.latency_limit)
        kept = kept + workload.share * (1.0 - late)
    return kept


def in_time_at_rest(params, rest):
    """Both shares."""
    call = Cumulants(rest["latency_mean"], rest["latency_variance"], rest["latency_third"])
    return {
        "in_time": in_time(params, call),
        "cloud_in_time": in_time(params, seller_latency(params["cloud"])) + 0.0 * call.mean,
    }


@writes(
    Variable(
        "in_time",
        "1",
        "share of tasks within the limit of their class on the network",
        1.0,
        0.0,
        start=in_time_at_rest,
    ),
    Variable(
        "cloud_in_time",
        "1",
        "share of tasks within the limit of their class on the cloud",
        1.0,
        0.0,
        start=in_time_at_rest,
    ),
)
def policy_answers(params, substep, state_history, state):
    """Shares of tasks answered in time."""
    return in_time_at_rest(params, state)

"""Check: the worlds of a proposal are those that its plan leads to, screened again, and not ones
that were picked.
"""

from __future__ import annotations

from ..bundle.bundle import MANIFEST
from ..evidence.canonical import canonical_json
from ..proposal.worlds import in_worlds
from .findings import Finding
from .known import Known
from .untrusted import Untrusted

GIVEN = "which parameters the worlds vary, and their values, were taken as given"
CLOSE = 1e-9  # relative, of a strength: sums of another NumPy


def check(bundle: Untrusted, known: Known) -> Known:
    """The choice is made again where all runs are, too; a sample of the runs takes it as given."""
    plan = bundle.plan
    if plan.worlds is None:
        return Known()
    if bundle.options.sample is not None:
        return Known(notes=(f"{GIVEN}; without --sample they are chosen again",))
    if not bundle.same("scipy", "numpy"):
        return Known(notes=(f"{GIVEN}: another NumPy or SciPy may draw others",))
    found = in_worlds(plan, plan.worlds.asked, plan.worlds.step, workers=bundle.options.workers)
    assert found.worlds is not None
    mine, other = (one.worlds.model_dump(mode="json") for one in (plan, found))
    strengths = [one.pop("strengths") for one in (mine, other)]
    alike = list(strengths[0]) == list(strengths[1]) and all(
        abs(strengths[0][path] - value) <= CLOSE for path, value in strengths[1].items()
    )
    same = canonical_json(mine) == canonical_json(other) and plan.points == found.points
    if alike and same:
        return Known(notes=("the parameters of the worlds screened and chosen again",))
    wrong = "its worlds are not those that its screening leads to"
    return Known(
        (Finding(MANIFEST, wrong, ", ".join(strengths[0]), ", ".join(strengths[1])),),
    )

"""Published models and figures, computed again: one file a paper, settings and published numbers in
`params/papers/`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from ..errors import InputError, nearest
from ..inputs import bounds
from ..inputs.arguments import CALL, checked, optional

if TYPE_CHECKING:
    from .reproduction import Reproduction

PAPERS: dict[str, str] = {
    "dcbm": "PID buy-back and burn, arXiv 2601.09961",
    "rai": "RAI's PI controller",
    "hip20": "Helium's halvings, HIP-20",
    "cosmos": "Cosmos Hub's inflation controller",
    "akcin": "Akcin et al. 2022, MPC against PID and no control",
    "lip107": "Livepeer's emissions, LIP-107",
    "meshnet": "MeshNet's PID emission, Zukowski 2026",
}


@checked(progress=optional(CALL))
def reproduce(
    paper: str,
    *,
    runs: int | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Reproduction:
    """Compute a published result again.

    Parameters
    ----------
    paper : str
        One of `papers.PAPERS`.
    runs : int, optional
        Monte Carlo runs in place of the settings', where there are any.
    seed : int
        Of the shocks.
    progress : callable, optional
        Called with work done and its amount.

    Returns
    -------
    Reproduction
        Published numbers beside ours, and what became of each claim.

    Raises
    ------
    InputError
        For an unknown paper.

    Examples
    --------
    >>> found = tk.reproduce("hip20")
    >>> sorted({claim.verdict for claim in found.claims})
    ['confirmed', 'not testable']
    """
    if paper not in PAPERS:
        raise InputError(
            f"unknown paper '{paper}'",
            expected="one of " + ", ".join(PAPERS),
            nearest=nearest(paper, PAPERS),
        )
    bounds.optional(runs=(runs, bounds.REPEATED))
    bounds.check(seed=(seed, bounds.SEED))
    return import_module(f".{paper}", __name__).reproduce(runs=runs, seed=seed, progress=progress)


def __getattr__(name: str):
    # on demand: the names of the papers need no statistics
    if name in ("Claim", "Reproduction"):
        return getattr(import_module(".reproduction", __name__), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


__all__ = ["PAPERS", "Claim", "Reproduction", "reproduce"]

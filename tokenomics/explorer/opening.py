"""What the page is opened on, and the network that its choices name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..parameters import NONE, Resolved, resolve


@dataclass(frozen=True)
class Opening:
    """A network, its law and what happens to it, as a proposal would name them. sets: of the
    network as it is today, by path. days: that are simulated; the network's own where it is None.
    """

    params: str = "baseline"
    policy: str | None = None
    scenario: str = NONE
    overlays: tuple[str, ...] = ()
    sets: Mapping[str, Any] = field(default_factory=dict)
    days: float | None = None
    runs: int = 200
    seed: int = 0

    @property
    def settings(self) -> dict[str, Any]:
        """What is set in the network, its span with it."""
        return dict(self.sets) | ({} if self.days is None else {"simulation.days": self.days})

    def resolved(self) -> Resolved:
        """The network as it is today: its law is in force, and no change. Raises InputError."""
        return resolve(
            self.params,
            own=self.policy,
            scenarios=(self.scenario,),
            overlays=self.overlays,
            today=self.settings,
        ).in_force()

    def other(self, **choices: Any) -> Opening:
        """The same with other choices."""
        return replace(self, **choices)

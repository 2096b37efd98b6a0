"""The analysis of a policy as a whole: plant, margins, and the stability region where the law is a
PID.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..inputs.arguments import checked, of, optional
from ..parameters import Parameters
from ..shown import Shown, readable
from . import figures, jury, limit_cycle, regions
from .economy import LinearEconomy, linear_law, linearise
from .margins import Margins, margins, poles
from .systems import StateSpace

ONE_SIDED = (
    "The policy buys and never sells: margins are those of the side on which it buys; on the other "
    "it leaves the economy to itself."
)
MAP = (0.1, 10.0**4.25)  # times the gains in force, of the stability map
UNITS = {
    "gain": "1",
    "phase": "degrees",
    "delay": "days",
    "disk": "1",
    "disk_gain": "1",
    "disk_phase": "degrees",
    "sensitivity": "1",
    "complementary": "1",
    "bandwidth": "1/day",
    "phase_crossover": "rad/day",
    "delay_crossover": "rad/day",
    "slowest": "days",
}


@dataclass(frozen=True, repr=False)
class Analysis(Shown):
    """A controller's loop, as `analyse` returns it.

    Attributes
    ----------
    economy : LinearEconomy
        The linear plant.
    law : control.StateSpace
        The controller in linear form.
    margins : Margins
        Of the loop.
    liquidity : mapping of float to Margins
        Of the economy linearised where the pool has a share of its depth, with the law as it acts
        there.
    parameters : Parameters
        Of the network.
    today : Parameters
        Of it before its levers changed.
    """

    economy: LinearEconomy
    law: StateSpace
    margins: Margins
    liquidity: Mapping[float, Margins]
    parameters: Parameters
    today: Parameters

    def _essentials(self) -> dict[str, Any]:
        rows = {name: f"{value} {unit}".removesuffix(" -") for name, value, unit in self.table()}
        return {"controller": self.parameters.controller.type} | {
            name: rows[name] for name in ("stable", "gain", "phase", "delay", "disk", "sensitivity")
        }

    def table(self) -> list[tuple[str, str, str]]:
        """The margins.

        Returns
        -------
        list of (str, str, str)
            Rows of name, value and unit.
        """
        rows = []
        for field in fields(Margins):
            value = getattr(self.margins, field.name)
            rows.append((field.name.replace("_", " "), _text(value), UNITS.get(field.name, "-")))
        return rows

    def notes(self) -> list[str]:
        """What else the reader must know, in plain language.

        Returns
        -------
        list of str
            Lines.
        """
        if self.economy.one_sided:
            return [ONE_SIDED]
        if self.parameters.controller.type == "pid":
            return [limit_cycle.reading(self.parameters, self.economy, self.margins.gain)]
        return []

    def jury(self) -> Mapping[str, float]:
        """Slack of each of Jury's conditions for the pool alone under a PID.

        Returns
        -------
        mapping of str to float
            All are positive where that loop is stable; empty for another law.
        """
        controller = self.parameters.controller
        return (
            jury.slacks(controller.pid, self.economy.plant.dt) if controller.type == "pid" else {}
        )

    def plain(self) -> dict[str, Any]:
        """All that was found.

        Returns
        -------
        dict
            For JSON.
        """
        found = {f.name: getattr(self.margins, f.name) for f in fields(Margins)}
        pairs = [[float(p.real), float(p.imag)] for p in self.poles()]
        thin = {
            str(share): {f.name: getattr(m, f.name) for f in fields(Margins)}
            for share, m in self.liquidity.items()
        }
        states = list(self.economy.plant.state_labels)
        return {
            "margins": found,
            "reading": self.margins.reading(),
            "poles": pairs,
            "states": states,
            "liquidity": thin,
            "notes": self.notes(),
        } | {"jury": dict(self.jury())}

    def poles(self) -> np.ndarray:
        """Poles of the closed loop.

        Returns
        -------
        numpy.ndarray
            Complex, of shape (n,), of a step, the slowest first.
        """
        return poles(self.economy.plant, self.law)

    def figures(self) -> dict[str, Figure]:
        """Frequency response, responses in time, and the stability map of a PID.

        Returns
        -------
        dict of Figure
            By name.
        """
        plant, policy = self.economy.plant, self.parameters.controller
        found = {"frequency": figures.frequency(plant, self.law, self.margins)}
        if self.margins.stable:
            found["time"] = figures.time(plant, self.law, self.margins)
        if policy.type == "pid" and policy.pid.kp > 0.0 and policy.pid.ki > 0.0:
            gains = np.array([policy.pid.kp, policy.pid.ki])
            low, high = (factor * gains for factor in MAP)
            found_lines = regions.boundaries(self.parameters, low, high, today=self.today)
            lines = {
                f"pool at {share:.0%} of its depth": line for share, line in found_lines.items()
            }
            title = "Stable below and left of the line; the region shrinks with liquidity"
            labels = ("proportional gain kp [1/day]", "integral gain ki [1/day²]")
            found["stability"] = figures.stability_map(title, lines, labels, gains, (low, high))
        return found


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return f"{readable(value[0])} to {readable(value[1])}"
    return "none" if np.isnan(value) else readable(value)


@checked(
    parameters=of(Parameters, expected="Parameters, such as resolve(...).values"),
    today=optional(of(Parameters, expected="Parameters, such as resolve(...).today")),
)
def analyse(parameters: Parameters, today: Parameters | None = None) -> Analysis:
    """Linear analysis of the policy in a set of parameters.

    Parameters
    ----------
    parameters : Parameters
        Of the network, as `resolve(...).values` gives them.
    today : Parameters, optional
        Of the network before its levers changed, whose customers it has; by default they are those
        of the parameters.

    Returns
    -------
    Analysis
        The loop's plant, law and margins.

    Raises
    ------
    InputError
        For a policy that does not respond to small errors.
    ModelError
        Where the model has no derivative.

    References
    ----------
    Åström and Murray (2008), Feedback Systems, chapters 9, 10 and 12.
    Seiler, Packard and Gahinet (2020), IEEE Control Systems Magazine 40 (5), 78-95: disk margins.

    Examples
    --------
    >>> found = tk.analyse(tk.resolve("baseline", policy="pid").values)
    >>> found.margins.stable, found.margins.delay > 1.0  # days
    (True, True)
    """
    today = today or parameters
    economy = linearise(parameters, today=today)
    law = linear_law(economy.params, economy.state)
    thin = {}
    for share in regions.DEPTHS[1:]:
        there = regions.thinner(parameters, share, today)
        thin[share] = margins(there.plant, linear_law(there.params, there.state))
    return Analysis(economy, law, margins(economy.plant, law), thin, parameters, today)

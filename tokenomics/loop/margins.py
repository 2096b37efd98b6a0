"""Margins of a control loop: how much more gain, phase or delay it stands, and how it treats
disturbances.

Definitions: Åström and Murray, Feedback Systems (2008), chapters 9, 10 and 12; disk margin: Seiler,
Packard and Gahinet (2020), with skew 0. Loop L = −plant × controller (the law answers a price that
is too high with a negative signal), S = 1/(1+L), T = L/(1+L). The formulas for phase, delay and
disk hold for a loop that is stable; one that is not has no margin, whatever they would give.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..model.formulas.root import roots
from .crossings import LOWEST, one_at, real_at
from .systems import StateSpace, transfer
from .systems import loop as opened

GAIN_CEILING = (
    1e4  # a loop that stands this much more gain is limited by its actuator, not by stability
)
TOLERANCE = 1e-9
STANDING = 1e-7  # distance from 1 of a pole that stands still
# peak sensitivity above which a loop has thin margins (Åström and Hägglund 2006, section 4.6)
THIN = 2.0
FREQUENCIES = 4000
# each zoom has this many frequencies over a twentieth of the width before: four come to within 1e-8
# of the frequency of a peak, and what that takes from the peak is its square
ZOOMS, ZOOMED = 4, 41
QUIET = 1.0 / np.sqrt(
    2.0
)  # size of S up to which a loop attenuates (Åström and Murray, section 12.1)

Response = Callable[[np.ndarray], np.ndarray]  # complex, of frequencies [rad/day]


@dataclass(frozen=True)
class Margins:
    """What a loop stands.

    stable: all moving poles of the closed loop within the unit circle. gain: factor by which the
    gain may grow. phase [degrees]. delay [days].
    disk: disk margin; any factor on the gain within `disk_gain`, or any change of phase up to
    `disk_phase` degrees, is stood.
    sensitivity, complementary: peaks Ms, Mt. bandwidth: where |S| first rises through 1/√2 [1/day];
    0 where it never does.
    phase_crossover, delay_crossover: frequency at which |L| = 1 that sets the phase margin and the
    one that sets the delay margin [rad/day]; a lower frequency stands more delay for the same
    phase, so that they may differ. NaN where |L| is never 1.
    slowest: time constant of the slowest pole that does not stand still [days].
    An unstable loop has margins of zero and infinite peaks.
    """

    stable: bool
    gain: float
    phase: float
    delay: float
    disk: float
    disk_gain: tuple[float, float]
    disk_phase: float
    sensitivity: float
    complementary: float
    bandwidth: float
    phase_crossover: float
    delay_crossover: float
    slowest: float

    @property
    def thin(self) -> bool:
        """Whether the loop is unstable or close to it (Ms > 2)."""
        return not self.stable or self.sensitivity > THIN

    def tolerance(self) -> str:
        """What the loop stands, in plain language."""
        if not self.stable:
            return (
                "The loop is unstable: a small disturbance grows until a limit of the actuator "
                "stops it"
            )
        more = (
            f"{self.gain:.3g} times more gain"
            if np.isfinite(self.gain)
            else f"any gain (over {GAIN_CEILING:.0g} times more)"
        )
        later = (
            f"{self.delay:.3g} days more delay"
            if np.isfinite(self.delay)
            else "any delay (its gain never reaches one)"
        )
        return (
            f"It tolerates {more} or {later}; disturbances are amplified at most "
            f"{self.sensitivity:.3g} times (Ms)"
        )

    def reading(self) -> str:
        """The margins and whether they suffice, in plain language."""
        if not self.stable:
            return f"{self.tolerance()}."
        return f"{self.tolerance()}: margins are {'thin' if self.thin else 'comfortable'}."


def closed(plant: StateSpace, law: StateSpace, gain: float = 1.0) -> np.ndarray:
    """State matrix of the closed loop, plant's states first, with the law's output times `gain`."""
    d = gain * plant.B @ law.D
    top = np.hstack([plant.A + d @ plant.C, gain * plant.B @ law.C])
    return np.vstack([top, np.hstack([law.B @ plant.C, law.A])])


def poles(plant: StateSpace, law: StateSpace, gain: float = 1.0) -> np.ndarray:
    """Poles of the closed loop, largest first."""
    found = np.linalg.eigvals(closed(plant, law, gain))
    return found[np.argsort(-np.abs(found))]


def is_stable(plant: StateSpace, law: StateSpace, gain: float = 1.0) -> bool:
    """Whether all poles lie within the unit circle but those that stand still, at exactly 1:
    ledgers that nothing pulls back.
    """
    return radius(plant, law, gain) < 1.0 - TOLERANCE


def moving(found: np.ndarray) -> np.ndarray:
    """The poles that do not stand still, in their order."""
    return found[np.abs(found - 1.0) > STANDING]


def radius(plant: StateSpace, law: StateSpace, gain: float = 1.0) -> float:
    """Largest modulus of the closed loop's moving poles."""
    return float(np.abs(moving(poles(plant, law, gain))).max(initial=0.0))


def gain_margin(plant: StateSpace, law: StateSpace) -> float:
    """Factor on the law's output at which the closed loop turns unstable: infinite beyond
    `GAIN_CEILING`, 0 where it is unstable already.

    Stability can change only at gains −1/L where L is real and negative, all of which are known;
    between two of them one trial decides.
    """
    if not is_stable(plant, law):
        return 0.0
    loop = opened(plant, law)
    angle = np.concatenate([[LOWEST], real_at(loop), [np.pi]])
    size = -response(loop, angle / loop.dt).real
    critical = np.sort(1.0 / size[size > 1.0 / GAIN_CEILING])
    edges = [1.0, *critical[critical > 1.0], GAIN_CEILING]
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        if not is_stable(plant, law, np.sqrt(low * high)):
            return _refined(plant, law, low, np.sqrt(low * high))
    return np.inf


def _refined(plant: StateSpace, law: StateSpace, near: float, unstable: float) -> float:
    """The largest stable gain below an unstable one, close to a critical gain that rounding may
    have put on either side.
    """
    low, high = near * (1.0 - 1e-4), unstable
    while high / low > 1.0 + 1e-10:
        middle = np.sqrt(low * high)
        low, high = (middle, high) if is_stable(plant, law, middle) else (low, middle)
    return float(low)


def frequencies(dt: float) -> np.ndarray:
    """Angular frequencies from 1e-5 rad/day to the Nyquist frequency."""
    return np.logspace(-5, np.log10(np.pi / dt), FREQUENCIES)


def responding(system: StateSpace) -> Response:
    """Frequency response of a system with one input and one output: a function of frequencies
    [rad/day].
    """
    at = transfer(system)
    return lambda omega: at(np.exp(1j * omega * system.dt))


def response(system: StateSpace, omega: np.ndarray) -> np.ndarray:
    """Frequency response of a system with one input and one output at some frequencies
    [rad/day].
    """
    return responding(system)(omega)


def _phase_and_delay(loop: StateSpace, response_at: Response) -> tuple[float, float, float, float]:
    """Phase margin [degrees] and its crossover [rad/day], delay margin [days] and its crossover; of
    a stable loop.
    """
    omega = one_at(loop) / loop.dt
    if not len(omega):
        return np.inf, np.nan, np.inf, np.nan
    angle = np.angle(-response_at(omega))  # distance of the phase from −180 degrees [rad]
    lag = np.where(angle > 0.0, angle, angle + 2.0 * np.pi) / omega
    phase, delay = int(np.argmin(np.abs(angle))), int(np.argmin(lag))
    return (
        float(np.degrees(abs(angle[phase]))),
        float(omega[phase]),
        float(lag[delay]),
        float(omega[delay]),
    )


def _peak(
    size: Callable[[np.ndarray], np.ndarray], back: Response, omega: np.ndarray, grid: np.ndarray
) -> float:
    """Largest size of a function of the sensitivity over the frequencies, looked for again and
    again between the neighbours of the largest so far.
    """
    values = size(grid)
    peak = float(values.max())
    for _ in range(ZOOMS):
        top = int(np.argmax(values))
        omega = np.linspace(omega[max(top - 1, 0)], omega[min(top + 1, len(omega) - 1)], ZOOMED)
        values = size(back(omega))
        peak = max(peak, float(values.max()))
    return peak


def _bandwidth(back: Response, omega: np.ndarray, grid: np.ndarray) -> float:
    """Where |S| first rises through 1/√2 [1/day]; 0 where it lies above at all frequencies, the
    highest where it never rises.
    """
    above = np.abs(grid) - QUIET
    rising = np.flatnonzero((above[:-1] < 0.0) & (above[1:] >= 0.0))
    if not len(rising):
        return float(omega[-1] / (2.0 * np.pi)) if above[-1] < 0.0 else 0.0
    low, high = omega[rising[:1]], omega[rising[:1] + 1]
    return float(roots(lambda w, _: np.abs(back(w)) - QUIET, low, high)[0] / (2.0 * np.pi))


def margins(plant: StateSpace, law: StateSpace) -> Margins:
    """Margins of a loop; both systems sampled alike."""
    moved = moving(poles(plant, law))
    slowest = (
        float(-plant.dt / np.log(np.abs(moved[0])))
        if len(moved) and abs(moved[0]) < 1.0
        else np.inf
    )
    if not is_stable(plant, law):
        return Margins(
            False, 0.0, 0.0, 0.0, 0.0, (1.0, 1.0), 0.0, np.inf, np.inf, 0.0, np.nan, np.nan, slowest
        )
    loop, omega = opened(plant, law), frequencies(plant.dt)
    response_at = responding(loop)

    def back(w: np.ndarray) -> np.ndarray:
        return 1.0 / (1.0 + response_at(w))

    grid = back(omega)
    # disk margin of skew 0: 1 / max |S − ½ (S + T)| = 1 / max |(S − T)/2|, and T = 1 − S
    disk = 1.0 / _peak(lambda s: np.abs(s - 0.5), back, omega, grid)
    half = min(disk / 2.0, 1.0 - 1e-12)
    phase, phase_crossover, delay, delay_crossover = _phase_and_delay(loop, response_at)
    return Margins(
        stable=True,
        gain=gain_margin(plant, law),
        phase=phase,
        delay=delay,
        disk=disk,
        disk_gain=((1.0 - half) / (1.0 + half), (1.0 + half) / (1.0 - half)),
        disk_phase=float(np.degrees(2.0 * np.arctan(half))),
        sensitivity=_peak(np.abs, back, omega, grid),
        complementary=_peak(lambda s: np.abs(1.0 - s), back, omega, grid),
        bandwidth=_bandwidth(back, omega, grid),
        phase_crossover=phase_crossover,
        delay_crossover=delay_crossover,
        slowest=slowest,
    )

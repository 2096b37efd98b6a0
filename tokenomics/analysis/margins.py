"""Margins of a control loop: how much more gain, phase or delay it stands, and how it treats disturbances.

Definitions: Åström and Murray, Feedback Systems (2008), chapters 9, 10 and 12; disk margin: Seiler, Packard and Gahinet (2020), with skew 0.
Loop L = −plant × controller (the law answers a price that is too high with a negative signal), S = 1/(1+L), T = L/(1+L).
"""

from __future__ import annotations

from dataclasses import dataclass

import control
import numpy as np

GAIN_CEILING = 1e4  # a loop that stands this much more gain is limited by its actuator, not by stability
TOLERANCE = 1e-9
STANDING = 1e-7  # distance from 1 of a pole that stands still
THIN = 2.0  # peak sensitivity above which a loop has thin margins (Åström and Hägglund 2006, section 4.6)
FREQUENCIES = 4000


@dataclass(frozen=True)
class Margins:
    """What a loop stands.

    stable: all moving poles of the closed loop within the unit circle. gain: factor by which the gain may grow. phase [degrees]. delay [days].
    disk: disk margin; any factor on the gain within `disk_gain`, or any change of phase up to `disk_phase` degrees, is stood.
    sensitivity, complementary: peaks Ms, Mt. bandwidth: 1/day, up to which disturbances are attenuated. crossover [rad/day].
    slowest: time constant of the slowest pole that does not stand still [days].
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
    crossover: float
    slowest: float

    @property
    def thin(self) -> bool:
        """Whether the loop is unstable or close to it (Ms > 2)."""
        return not self.stable or self.sensitivity > THIN

    def reading(self) -> str:
        """The margins in plain language."""
        if not self.stable:
            return "The loop is unstable: a small disturbance grows until a limit of the actuator stops it."
        more = f"{self.gain:.3g} times more gain" if np.isfinite(self.gain) else f"any gain (over {GAIN_CEILING:.0g} times more)"
        later = f"{self.delay:.3g} days more delay" if np.isfinite(self.delay) else "any delay (its gain never reaches one)"
        verdict = "margins are thin" if self.thin else "margins are comfortable"
        return f"It tolerates {more} or {later}; disturbances are amplified at most {self.sensitivity:.3g} times (Ms): {verdict}."


def closed(plant: control.StateSpace, law: control.StateSpace, gain: float = 1.0) -> np.ndarray:
    """State matrix of the closed loop, plant's states first, with the law's output times `gain`."""
    d = gain * plant.B @ law.D
    top = np.hstack([plant.A + d @ plant.C, gain * plant.B @ law.C])
    return np.vstack([top, np.hstack([law.B @ plant.C, law.A])])


def poles(plant: control.StateSpace, law: control.StateSpace, gain: float = 1.0) -> np.ndarray:
    """Poles of the closed loop, largest first."""
    found = np.linalg.eigvals(closed(plant, law, gain))
    return found[np.argsort(-np.abs(found))]


def is_stable(plant: control.StateSpace, law: control.StateSpace, gain: float = 1.0) -> bool:
    """Whether all poles lie within the unit circle but those that stand still, at exactly 1: ledgers that nothing pulls back."""
    return radius(plant, law, gain) < 1.0 - TOLERANCE


def moving(found: np.ndarray) -> np.ndarray:
    """The poles that do not stand still, in their order."""
    return found[np.abs(found - 1.0) > STANDING]


def radius(plant: control.StateSpace, law: control.StateSpace, gain: float = 1.0) -> float:
    """Largest modulus of the closed loop's moving poles."""
    return float(np.abs(moving(poles(plant, law, gain))).max(initial=0.0))


def gain_margin(plant: control.StateSpace, law: control.StateSpace) -> float:
    """Factor on the law's output at which the closed loop turns unstable: infinite beyond `GAIN_CEILING`, 0 where it is unstable already."""
    if not is_stable(plant, law):
        return 0.0
    high = 1.0
    while is_stable(plant, law, high):
        high *= 2.0
        if high > GAIN_CEILING:
            return np.inf
    low = high / 2.0
    while high / low > 1.0 + 1e-9:
        middle = np.sqrt(low * high)
        low, high = (middle, high) if is_stable(plant, law, middle) else (low, middle)
    return float(low)


def frequencies(dt: float) -> np.ndarray:
    """Angular frequencies from 1e-5 rad/day to the Nyquist frequency."""
    return np.logspace(-5, np.log10(np.pi / dt), FREQUENCIES)


def response(system: control.StateSpace, omega: np.ndarray) -> np.ndarray:
    """Frequency response of a system with one input and one output."""
    return np.asarray(system(np.exp(1j * omega * system.dt))).ravel()


def margins(plant: control.StateSpace, law: control.StateSpace) -> Margins:
    """Margins of a loop; both systems sampled alike."""
    omega = frequencies(plant.dt)
    loop = -response(plant, omega) * response(law, omega)
    size = np.abs(loop)
    cross = np.flatnonzero((size[:-1] - 1.0) * (size[1:] - 1.0) < 0.0)
    phase, delay, crossover = np.inf, np.inf, 0.0
    for i in cross:
        weight = np.log(size[i]) / (np.log(size[i]) - np.log(size[i + 1]))
        at = omega[i] * (omega[i + 1] / omega[i]) ** weight
        value = -(response(plant, np.array([at])) * response(law, np.array([at])))[0]
        angle = np.degrees(np.angle(-value))  # distance of the phase from −180 degrees
        lag = (angle if angle > 0.0 else angle + 360.0) * np.pi / 180.0 / at
        if abs(angle) < phase:
            phase, crossover = abs(angle), at
        delay = min(delay, lag)
    sensitivity, complementary = 1.0 / (1.0 + loop), loop / (1.0 + loop)
    # disk margin of skew 0: 1 / max |S − ½ (S + T)| = 1 / max |(S − T)/2|
    disk = float(1.0 / np.max(np.abs((sensitivity - complementary) / 2.0)))
    half = min(disk / 2.0, 1.0 - 1e-12)
    quiet = np.abs(sensitivity) < 1.0 / np.sqrt(2.0)
    moved = moving(poles(plant, law))
    return Margins(
        stable=is_stable(plant, law),
        gain=gain_margin(plant, law),
        phase=float(phase),
        delay=float(delay),
        disk=disk,
        disk_gain=((1.0 - half) / (1.0 + half), (1.0 + half) / (1.0 - half)),
        disk_phase=float(np.degrees(2.0 * np.arctan(half))),
        sensitivity=float(np.max(np.abs(sensitivity))),
        complementary=float(np.max(np.abs(complementary))),
        bandwidth=float(omega[quiet].max() / (2.0 * np.pi)) if quiet.any() else 0.0,
        crossover=float(crossover),
        slowest=float(-plant.dt / np.log(np.abs(moved[0]))) if len(moved) and abs(moved[0]) < 1.0 else np.inf,
    )

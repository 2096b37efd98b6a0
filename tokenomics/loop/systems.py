"""Linear systems in discrete time, by their matrices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import schur

if TYPE_CHECKING:
    import control


@dataclass(frozen=True, eq=False)
class StateSpace:
    """x' = A x + B u, y = C x + D u, a step every `dt` days.

    Its names are those of python-control's class, which takes its place wherever one is asked for
    here; to import that library takes longer than all margins of a proposal.
    """

    A: np.ndarray
    B: np.ndarray
    C: np.ndarray
    D: np.ndarray
    dt: float
    state_labels: tuple[str, ...] = ()
    input_labels: tuple[str, ...] = ()
    output_labels: tuple[str, ...] = ()

    @property
    def nstates(self) -> int:
        """Number of states."""
        return len(self.A)

    def to_control(self) -> control.StateSpace:
        """The same system for the functions of python-control."""
        import control

        names = {
            "states": list(self.state_labels) or None,
            "inputs": list(self.input_labels) or None,
            "outputs": list(self.output_labels) or None,
        }
        return control.ss(self.A, self.B, self.C, self.D, self.dt, **names)


def transfer(system: StateSpace) -> Callable[[np.ndarray], np.ndarray]:
    """Transfer function of a system with one input and one output: a function of points z (points,)
    of the complex plane.

    The Schur form of its matrix is computed once and leaves a triangular system at each point (Laub
    1981, IEEE Transactions on Automatic Control 26), solved at all of them together, a state at a
    time.
    """
    t, q = schur(system.A, output="complex")
    b, c = q.conj().T @ system.B[:, 0], system.C[0] @ q

    def at(z: np.ndarray) -> np.ndarray:
        x = np.repeat(b[:, None], len(z), axis=1)
        for i in reversed(range(len(t))):
            x[i] /= z - t[i, i]
            x[:i] += t[:i, i, None] * x[i]
        return np.sum(c[:, None] * x, axis=0) + system.D[0, 0]

    return at


def constant(factor: float, dt: float) -> StateSpace:
    """A system without states: its input times a factor."""
    none = np.zeros((0, 0))
    return StateSpace(none, none.reshape(0, 1), none.reshape(1, 0), np.array([[factor]]), dt)


def negative(system: StateSpace) -> StateSpace:
    """The system with its output turned."""
    return StateSpace(system.A, system.B, -system.C, -system.D, system.dt)


def loop(plant: StateSpace, law: StateSpace) -> StateSpace:
    """The loop of the two, opened at the plant's input: −plant × law, the law's states first."""
    top = np.hstack([law.A, np.zeros((law.nstates, plant.nstates))])
    a = np.vstack([top, np.hstack([plant.B @ law.C, plant.A])])
    b = np.vstack([law.B, plant.B @ law.D])
    c = np.hstack([-plant.D @ law.C, -plant.C])
    return StateSpace(a, b, c, -plant.D @ law.D, plant.dt)

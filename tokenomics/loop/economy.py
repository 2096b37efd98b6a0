"""The economy as a linear plant, and a control law as a linear controller.

Plant: the shipped step map at its steady state, the oracle's lag and the control interval included,
with the loop opened before the actuator. Input u: the signal [reference depths a day], held over
the interval; output y: ln(measured price / reference). Only states that u reaches and that reach y
are kept: exactly, by the zeros of the Jacobian. States are in units of their size
(`variables.scale`). The economy has kinks at its steady state (entry is slow and exit fast,
purchases burn and sales do not): the plant has the mean of their two sides, see `jacobian.py`. A
policy that buys and never sells, by its law (DCBM) or because it may not (`controller.sides: buy`),
is analysed on the side on which it buys, plant and law: at rest its signal stands on the bound, and
a mean with the idle side would halve its gain and overstate its margins up to twice. The law is
taken without bounds: that is what it does while it buys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from ..engines.program import SHOCK
from ..engines.trace import record_step
from ..errors import InputError
from ..model.controllers import law
from ..model.model import MODEL, Model, bind
from ..model.shocks import NORMALS, UNIFORMS
from ..model.steady_state import SteadyState, steady_state
from ..model.variables import SHARED, scale
from ..parameters import Parameters, put
from ..parameters.fields import Group
from ..parameters.schema import Controller
from ..results.sources import functions_in_force
from .jacobian import jacobian
from .systems import StateSpace

STEP = 2.0**-20  # of a central difference on a law, which is piecewise linear
PID_GAINS = ("controller.pid.kp", "controller.pid.ki", "controller.pid.kd")
WIDE = 1e9  # bounds of a signal that never bind
# groups of the controller's parameters, each of which is a law's own
LAW_GROUPS = tuple(
    name
    for name, one in Controller.model_fields.items()
    if isinstance(one.annotation, type) and issubclass(one.annotation, Group)
)


@dataclass(frozen=True)
class LinearEconomy:
    """plant: u to y, sampled at the control interval. one_step: the same at the time step, with the
    disturbances as further inputs.

    params: what the blocks see. state: the steady state. one_sided: whether the policy buys and
    never sells, so that this is the buying side.
    """

    plant: StateSpace
    one_step: StateSpace
    params: Mapping[str, Any]
    state: Mapping[str, float]
    one_sided: bool = False


def _reach(links: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Nodes that can be reached from some, links[i, j] being true where j acts on i."""
    found = start.copy()
    while True:
        more = found | (links[:, found].any(axis=1))
        if (more == found).all():
            return found
        found = more


@dataclass(frozen=True)
class _Held:
    """A network whose signal is held, to the caches: the text of all that it can read, its block
    list and the functions of users' own; what they stand for comes with them. today: whose
    customers it has.
    """

    text: str
    blocks: int
    own: tuple[Callable, ...]
    parameters: Parameters = field(compare=False)
    model: Model = field(compare=False)
    today: Parameters = field(compare=False)


def _held(parameters: Parameters, model: Model, today: Parameters) -> _Held:
    """The loop opened. Of the shipped blocks none but a law reads the laws' own groups, so that
    they are taken away, and networks that differ in gains alone are one; a block that did read them
    would fail.
    """
    laws = LAW_GROUPS if model.acting(parameters) is MODEL else ()
    alone = {"controller.type": "held"} | dict.fromkeys(f"controller.{name}" for name in laws)
    opened, before = put(parameters, alone), put(today, alone)
    own = functions_in_force()
    return _Held(repr((opened, before)), id(model), own, opened, model, before)


@lru_cache(maxsize=32)
def _at_rest(held: _Held) -> SteadyState:
    return steady_state(held.parameters, held.model, held.today)


@lru_cache(maxsize=32)
def _plants(held: _Held, buys_only: bool) -> tuple[StateSpace, StateSpace]:
    """The plant at the control interval and at the time step, see `LinearEconomy`."""
    solved, model = _at_rest(held), held.model
    params = solved.params
    program = record_step(model.bound(params), params)
    names = [n for n in solved.state if n not in SHARED]
    shocks = [f"{SHOCK}{n}" for n in NORMALS if f"{SHOCK}{n}" in dict(program.inputs)]
    at = {
        **solved.state,
        **{f"{SHOCK}{n}": 0.0 for n in (*NORMALS, *UNIFORMS, *model.acting(params).extra_shocks)},
    }
    rows, _ = jacobian(
        program, at, [*names, *shocks], names, forward=("control_signal",) if buys_only else ()
    )
    variables = model.variables(params)
    sizes = np.array([float(scale(variables[n], solved.state)) for n in names])
    rows[:, : len(names)] *= sizes
    rows /= sizes[:, None]

    u, error = names.index("control_signal"), names.index("control_error")
    a, own = rows[:, : len(names)].copy(), rows[:, u].copy()
    c = -a[error] * sizes[error]
    b = own / sizes[u]
    links = a != 0.0
    links[:, u] = links[u, :] = False
    keep = _reach(links, b != 0.0) & _reach(links.T, c != 0.0)
    keep[u] = keep[error] = False
    kept = tuple(n for n, k in zip(names, keep, strict=True) if k)
    drive = np.column_stack([b[keep], rows[keep, len(names) :]])
    through = np.concatenate([[0.0], -rows[error, len(names) :] * sizes[error]])
    dt = float(params["time_step"])
    labels = ("u", *(s.removeprefix(SHOCK) for s in shocks))
    small = a[np.ix_(keep, keep)]
    seen = c[None, keep]
    one = StateSpace(small, drive, seen, through[None, :], dt, kept, labels, ("y",))
    steps = max(1, round(held.parameters.controller.interval / dt))
    power, push = np.eye(len(kept)), np.zeros((len(kept), 1))
    for _ in range(steps):
        power, push = small @ power, small @ push + drive[:, :1]
    none = np.zeros((1, 1))
    plant = StateSpace(power, push, seen, none, steps * dt, kept, ("u",), ("y",))
    return plant, one


def linearise(
    parameters: Parameters, model: Model = MODEL, today: Parameters | None = None
) -> LinearEconomy:
    """The economy around its steady state. today: of the network before its levers changed, whose
    customers it has; by default they are those of the parameters. Raises ModelError where the model
    has no derivative or no steady state.
    """
    held = _held(parameters, model, today or parameters)
    solved = _at_rest(held)
    seen = bind(parameters, solved.params["shock_table"], model)
    buys_only = one_sided(seen, solved.state)
    plant, one = _plants(held, buys_only)
    return LinearEconomy(plant, one, seen, solved.state, buys_only)


def _slopes(
    params: Mapping[str, Any], state: Mapping[str, float]
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Slopes of a law's memory and signal (outputs, inputs) forwards and backwards in every input;
    and the names of its memory.

    Inputs: its memory, its last signal, and y. The MPC is linear where no limit is active, and the
    LQR there.
    """
    kind = "lqr" if params["controller"].type == "mpc" else params["controller"].type
    chosen = law(kind)
    still = {
        f"control_{m.name}": state[m.start] if isinstance(m.start, str) else m.start
        for m in chosen.memory
    }
    names, rest = list(still), {**state, **still}
    columns = [*names, "control_signal", "y"]

    def response(name: str, by: float) -> np.ndarray:
        moved = dict(rest)
        y = by if name == "y" else 0.0
        if name != "y":
            moved[name] += by
        moved["measured_price"] = np.exp(np.log(rest["measured_price"]) + y)
        command = chosen.decide(params, moved, -y, _interval(params), -WIDE, WIDE)
        return np.array(
            [*(float(command.memory[m.name]) for m in chosen.memory), float(command.signal)]
        )

    now = response("y", 0.0)
    up = np.column_stack([(response(n, STEP) - now) / STEP for n in columns])
    down = np.column_stack([(now - response(n, -STEP)) / STEP for n in columns])
    return up, down, names


def _interval(params: Mapping[str, Any]) -> float:
    return max(float(params["controller"].interval), float(params["time_step"]))


def one_sided(params: Mapping[str, Any], state: Mapping[str, float]) -> bool:
    """Whether a policy answers a price that is too low and leaves alone one that is too high."""
    if params["controller"].sides == "buy":
        return True
    up, down, _ = _slopes(params, state)
    return _buys_only(up, down)


def _buys_only(up: np.ndarray, down: np.ndarray) -> bool:
    return bool(up[-1, -1] == 0.0 and down[-1, -1] != 0.0)


def linear_law(params: Mapping[str, Any], state: Mapping[str, float]) -> StateSpace:
    """A control law in linear form around the steady state: input y, output u, states its memory
    and its last signal.

    By differences, exact for laws that are piecewise linear: central ones, so that a kink of the
    law's own shows as the mean of its sides, but for a law that acts on one side only: of its
    signal the slope on the side where it acts. Raises InputError for a law that does not respond to
    small errors.
    """
    up, down, names = _slopes(params, state)
    slopes = (up + down) / 2.0
    if _buys_only(up, down):
        slopes[-1] = np.where(
            up[-1] == 0.0, down[-1], np.where(down[-1] == 0.0, up[-1], slopes[-1])
        )
    if not np.any(slopes[:, -1]) or not np.any(slopes[-1]):
        raise InputError(
            f"the controller '{params['controller'].type}' does not respond to a small error",
            key="controller",
            expected="pid, scheduled, dcbm, rai, lqr or mpc with gains, and no dead band",
        )
    return StateSpace(
        slopes[:, :-1],
        slopes[:, -1:],
        slopes[-1:, :-1],
        slopes[-1:, -1:],
        _interval(params),
        (*names, "control_signal"),
        ("y",),
        ("u",),
    )


def pid_law(parameters: Parameters, economy: LinearEconomy, gains: Sequence[float]) -> StateSpace:
    """The PID in linear form with gains kp, ki, kd [1/day, 1/day^2, 1], whatever the law of the
    parameters.
    """
    changed = put(
        parameters,
        {"controller.type": "pid"} | dict(zip(PID_GAINS, map(float, gains), strict=True)),
    )
    return linear_law({**economy.params, "controller": changed.controller}, economy.state)

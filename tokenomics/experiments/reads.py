"""Which parameters anything reads: what can differ where one of them is another, by the recorded
step, the start and the metrics.

A number is followed through the step's program (`engines.flow`), whatever values it takes within a
range. A switch, a name and what a controller computes its gains from is put in, and the two
programs are compared. The start is computed at every value. So what is unread leaves all numbers
equal to the last bit, for any shocks; what is read may still change nothing in some runs.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache, partial
from typing import Any

import numpy as np

from ..engines.flow import Flow, Follower, Span, hull, used
from ..engines.program import Program
from ..engines.trace import record_step
from ..errors import InputError, TokenomicsError
from ..model.controllers import LAWS, law
from ..model.keeping import kept
from ..model.model import MODEL, Model, bind
from ..model.shocks import NORMALS, UNIFORMS, ShockTable
from ..model.steady_state import start_of, starts, unchanging
from ..model.transition import INITIAL, carried
from ..parameters import Parameters, Resolved, place, substitute
from ..results.evaluation import asked
from ..results.metrics import METRICS
from ..results.sources import functions_in_force
from .warm_up import steps_before

Values = Mapping[str, Sequence[Any]]  # by path, what a parameter may be beside what it is


def structural(path: str, controllers: set[str]) -> bool:
    """Whether a parameter decides the structure of a simulation: switches, names, span and step,
    and what a controller computes its gains from.
    """
    designed = [path for name in controllers if name in LAWS for path in LAWS[name].designed_from]
    return place(path).kind is not float or path.startswith(("simulation.", "change.", *designed))


@dataclass(frozen=True)
class Reach:
    """What can differ where a parameter is another: state variables, and metrics."""

    variables: frozenset[str]
    metrics: frozenset[str]


@dataclass(frozen=True)
class _NetworkKey:
    """A network to the cache: its parameters' hash and the functions of users' own; what it stands
    for comes with it.
    """

    hash: str
    model: int
    own: tuple[Callable, ...]
    recorded: frozenset[str]
    resolved: Resolved = field(compare=False)
    blocks: Model = field(compare=False)


def network(resolved: Resolved, model: Model = MODEL, recorded: Iterable[str] = ()) -> Network:
    """What reads what in a network. recorded: names of recorded series in the shock table, which
    stand in for sampled ones.
    """
    own = functions_in_force()
    key = _NetworkKey(resolved.hash, id(model), own, frozenset(recorded), resolved, model)
    return _network(key)


@lru_cache(maxsize=64)
def _network(key: _NetworkKey) -> Network:
    return Network(key.resolved, key.blocks, key.recorded)


class Network:
    """The program of one network, and where its simulations start. Raises InputError for a
    controller that there is not.
    """

    def __init__(self, resolved: Resolved, model: Model, recorded: frozenset[str]):
        law(resolved.values.controller.type)
        self.resolved, self.model, self.recorded = resolved, model, recorded
        self.switches: dict[Any, Any] = {}  # what `switches.find` found
        self._reached: dict[Any, Reach] = {}
        controllers = {resolved.values.controller.type}
        self.numbers = [
            path
            for path, entry in resolved.entries.items()
            if entry.value != {} and not structural(path, controllers)
        ]

    @cached_property
    def _program(self) -> Program | None:
        """The step with every number as an input; None where it cannot be recorded, so that nothing
        is known of it.
        """
        params = dict(self.resolved.values) | self._bound
        try:
            found = record_step(self.model.bound(params), params, self.numbers)
        except TokenomicsError:
            return None
        return _remembering(found) if self._early else found

    @cached_property
    def _early(self) -> bool:
        """Whether there are days before day 0."""
        return not self.recorded and steps_before(self.resolved.today, self.model) > 0

    @cached_property
    def _today(self) -> Network | None:
        """The network before its changes, where something happens under it before day 0."""
        if not (self._early and self.resolved.before):
            return None
        levers = self.resolved.before[0].levers
        found = self.resolved.replace(levers, source="today").in_force()
        return network(found, self.model, self.recorded)

    def _before(self, values: Values) -> dict[str, frozenset[str]]:
        """By path, what can differ on day 0 by what happens before it."""
        found = dict.fromkeys(values, frozenset[str]())
        worlds = {path: some for path, some in values.items() if not self.resolved.is_lever(path)}
        if worlds and self._today is not None:
            # all at once: of many starts together each takes a fraction of what it takes alone
            for path, reach in self._today.each(worlds).items():
                found[path] = reach.variables & self._all()
        return found

    @cached_property
    def _bound(self) -> dict[str, Any]:
        """What blocks see beside the groups of parameters."""
        names = (*NORMALS, *UNIFORMS, *self.model.processes(self.resolved.values), *self.recorded)
        table = ShockTable({name: np.zeros((1, 1)) for name in names})
        bound = bind(self.resolved.values, table, self.model)
        return {key: value for key, value in bound.items() if key not in dict(self.resolved.values)}

    @cached_property
    def _table(self) -> dict[str, Any]:
        return self.model.variables(self.resolved.values)

    @cached_property
    def _asked(self) -> dict[str, frozenset[str] | None]:
        return {name: asked(name, self.resolved.values) for name in METRICS}

    def _own(self, path: str) -> Any:
        return self.resolved.entries[path].value

    def _starts(self, points: Sequence[Mapping[str, float]]) -> dict[str, np.ndarray] | None:
        """The start at some points, (points,) by variable; None where it cannot be computed. Levers
        move nothing of it but what a new law remembers.
        """
        every = dict.fromkeys(path for point in points for path in point)
        swept = {path: np.full(len(points), float(self._own(path))) for path in every}
        for row, point in enumerate(points):
            for path, value in point.items():
                swept[path][row] = value
        worlds = {path: at for path, at in swept.items() if not self.resolved.is_lever(path)}
        try:
            found = self._today_start(worlds, len(points))
            params = {**substitute(dict(self.resolved.values), swept), **self._bound}
            found = carried(found, self.model, params)
        except TokenomicsError:
            return None
        return {name: np.broadcast_to(value, len(points)) for name, value in found.items()}

    def _today_start(self, worlds: Mapping[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
        """Where today's simulations start in some worlds; one start for all where nothing of the
        world is varied.
        """
        today = self.resolved.today
        if worlds:
            points = tuple((path, tuple(at)) for path, at in worlds.items())
            return _starts_of(today, self.model, points, count)
        return start_of(today, self.model)

    @cached_property
    def _used(self) -> frozenset[str]:
        """The inputs that the program has any use for."""
        return used(self._program) if self._program else frozenset()

    @cached_property
    def _follower(self) -> Follower | None:
        """What follows inputs through the program; None where nothing is known of it, or there is
        no start.
        """
        start = None if self._program is None else self._starts([{}])
        if start is None or not _finite(start):
            return None
        silent = (
            ()
            if self.resolved.values.shocks.enabled
            else (*NORMALS, *UNIFORMS, *self.model.processes(self.resolved.values))
        )
        return Follower(
            self._program,
            self._table,
            _spans(start),
            self._spans({path: () for path in self.numbers}),
            silent,
        )

    def _spans(self, values: Values) -> dict[str, Span]:
        return {
            path: hull(*((float(v), float(v)) for v in (self._own(path), *found)))
            for path, found in values.items()
        }

    def _flow(self, values: Values, start: Mapping[str, np.ndarray] | None) -> Flow | None:
        """Dependences where the numbers in `values` take any value between the least and the
        largest, and all others stand.
        """
        if self._follower is None or start is None or not _finite(start):
            return None
        return self._follower.flow(_spans(start), self._spans(values))

    def beyond(self, path: str, values: Values) -> float | None:
        """The first day on which a parameter's event begins, where that is after the last step;
        else None. values: that its day may take beside its own.
        """
        if not path.startswith("events."):
            return None
        start = ".".join([*path.split(".")[:2], "start"])
        day = float(min([self._own(start), *values.get(start, ())]))
        simulation = self.resolved.values.simulation
        step, last = simulation.time_step, simulation.steps - 1
        return day if day >= max(last * step + step, (last + 1) * step) else None

    def reach(self, path: str, values: Sequence[Any]) -> Reach:
        """What can differ where one parameter is one of some values in place of its own, and all
        others stand.
        """
        return self.each({path: values})[path]

    def each(self, values: Values) -> dict[str, Reach]:
        """`reach` of several parameters, one at a time."""
        keys = {path: (path, tuple(map(repr, found))) for path, found in values.items()}
        new = {path: tuple(values[path]) for path, key in keys.items() if key not in self._reached}
        numbers = {path: found for path, found in new.items() if path in self.numbers}
        before = cache(partial(self._before, numbers))
        for path, start in self._varied([numbers], lambda _: [{}])[0].items():
            one = {path: numbers[path]}
            through = partial(self._flow, one, start and start.columns)
            self._reached[keys[path]] = self._number(path, one, start, before, through)
        for path, found in new.items():
            if path not in numbers:
                self._reached[keys[path]] = self._switch(path, found, {})
        return {path: self._reached[key] for path, key in keys.items()}

    def together(self, values: Values, asked_for: Collection[str]) -> dict[str, Reach]:
        """By path, what can differ where it takes any of its values while the others take any of
        theirs. asked_for: the paths to look at.
        """
        numbers = {path: tuple(found) for path, found in values.items() if path in self.numbers}
        return self._together([numbers], asked_for) | {
            path: self._switch(path, tuple(values[path]), numbers)
            for path in asked_for
            if path not in numbers
        }

    def in_parts(self, parts: Sequence[Values]) -> dict[str, Reach]:
        """`together` of the paths of each part, all of numbers, while those of the other parts
        stand.
        """
        return self._together(parts, [path for part in parts for path in part])

    def _together(self, parts: Sequence[Values], asked_for: Collection[str]) -> dict[str, Reach]:
        """Of the paths of `parts` that are asked for."""
        asked = {path: some for part in parts for path, some in part.items() if path in asked_for}
        before = cache(partial(self._before, asked))
        found = {}
        for numbers, varied in zip(parts, self._varied(parts, _bases), strict=True):
            through = cache(partial(self._flow, numbers, _joined(varied.values())))
            for path in filter(asked.__contains__, numbers):
                found[path] = self._number(path, numbers, varied[path], before, through)
        return found

    def _varied(
        self, parts: Sequence[Values], bases: Callable[[Values], list[dict[str, float]]]
    ) -> list[dict[str, _Varied | None]]:
        """By part and path, the start at every base of the part with the path's own value and its
        others; None where there is none to compute.
        """
        points = [
            {
                path: [
                    base | {path: value}
                    for base in own
                    for value in (self._own(path), *numbers[path])
                ]
                for path in numbers
            }
            for numbers, own in zip(parts, map(bases, parts), strict=True)
        ]
        every = [point for part in points for some in part.values() for point in some]
        # all at once: of many starts together each takes a fraction of what it takes alone
        start = self._starts(every) if every else {}
        if start is None and len(parts) > 1:  # by a point that may be of one part alone
            return [self._varied([numbers], bases)[0] for numbers in parts]
        rows, first = np.array(list((start or {}).values())), 0
        found: list[dict[str, _Varied | None]] = []
        for part, numbers in zip(points, parts, strict=True):
            found.append({})
            for path, some in part.items():
                piece, first = slice(first, first + len(some)), first + len(some)
                found[-1][path] = start and _Varied.of(
                    start, rows[:, piece].reshape(len(rows), -1, 1 + len(numbers[path]))
                )
        return found

    def _all(self) -> frozenset[str]:
        return frozenset(self._table)

    def _reach(self, path: str, variables: frozenset[str]) -> Reach:
        def reads(name: str) -> bool:
            own = self._asked[name]
            return own is None or path in own or not variables.isdisjoint(METRICS[name].needs)

        return Reach(variables, frozenset(name for name in METRICS if reads(name)))

    def _number(
        self,
        path: str,
        numbers: Values,
        start: _Varied | None,
        before: Callable[[], Mapping[str, frozenset[str]]],
        through: Callable[[], Flow | None],
    ) -> Reach:
        """numbers: that take any of some values, this one among them. before: what differs on day 0
        already, `_before`. through: follows them, which takes as long as all else and is called for
        what anything can take up alone.
        """
        if self._program is None or start is None or not _finite(start.columns):
            return self._reach(path, self._all())
        if self.beyond(path, numbers) is not None:
            return Reach(frozenset(), frozenset())
        differing = start.differing | before()[path]
        if not differing and path not in self._used:
            return self._reach(path, frozenset())
        flow = through()
        found = self._all() if flow is None else flow.downstream({path, *differing})
        return self._reach(path, found)

    def _switch(self, path: str, values: Sequence[Any], numbers: Values) -> Reach:
        """numbers: that take any of some values on both sides."""
        own, variables = self._own(path), frozenset()
        for value in values:
            if repr(value) != repr(own):  # which tells true from 1.0
                variables |= self._against(path, value, numbers)
        return self._reach(path, variables) if variables else Reach(variables, frozenset())

    def _against(self, path: str, value: Any, numbers: Values) -> frozenset[str]:
        """Variables that can differ from the same network with another value of a parameter."""
        try:
            other = network(
                self.resolved.replace({path: value}, source="reads"), self.model, self.recorded
            )
        except InputError:
            return self._all()
        mine, theirs = self.resolved.values, other.resolved.values
        free = {
            name: found
            for name, found in numbers.items()
            if name in self.numbers and name in other.numbers
        }
        one, two = self._starts(_bases(free)), other._starts(_bases(free))
        if one is None or two is None or _simulated(mine) != _simulated(theirs):
            return self._all() | other._all()
        a, b = self._flow(free, one), other._flow(free, two)
        if a is None or b is None:
            return self._all()
        differing = {
            name
            for name in one.keys() | two.keys()
            if name not in one or name not in two or not np.array_equal(one[name], two[name])
        }
        differing |= self._before({path: [value]})[path]
        differing |= {
            name for name in a.shape.keys() & b.shape.keys() if a.shape[name] != b.shape[name]
        }
        return a.downstream(differing) | b.downstream(differing)


@dataclass(frozen=True, eq=False)
class _Varied:
    """Where simulations start while one parameter is varied.

    columns: (bases, values) by variable, of which the first value is the parameter's own.
    differing: variables that another value of it moves, at any base.
    """

    columns: Mapping[str, np.ndarray]
    differing: frozenset[str]

    @classmethod
    def of(cls, names: Iterable[str], rows: np.ndarray) -> _Varied:
        """rows: (variables, bases, values)."""
        columns = dict(zip(names, rows, strict=True))
        moved = np.any(rows != rows[:, :, :1], axis=(1, 2))
        return cls(columns, frozenset(itertools.compress(columns, moved)))


@kept
def _starts_of(
    today: Parameters, model: Model, points: tuple[tuple[str, tuple[float, ...]], ...], count: int
) -> dict[str, np.ndarray]:
    """Where the simulations of one network start in some worlds, which nobody can change. points:
    values by path.
    """
    swept = {path: np.array(at) for path, at in points}
    return unchanging(starts(dict(today), model, swept, count))


def _finite(start: Mapping[str, np.ndarray]) -> bool:
    """Whether there is a start at every point."""
    return bool(np.all(np.isfinite(start["token_price"])))


def _remembering(program: Program) -> Program:
    """The step where what is remembered of the start is that of any step before day 0."""
    inputs = dict(program.inputs)
    ends = {name: inputs[source] for name, source in INITIAL.items() if source in inputs}
    outputs = tuple((name, ends.get(name, end)) for name, end in program.outputs)
    return replace(program, outputs=outputs)


def _bases(numbers: Values) -> list[dict[str, float]]:
    """Where some numbers stand while one is varied: as they are, all at their least, all at their
    largest.
    """
    return [
        {},
        *({path: pick(found) for path, found in numbers.items()} for pick in (min, max) if numbers),
    ]


def _joined(starts: Iterable[_Varied | None]) -> dict[str, np.ndarray] | None:
    """Several starts as one; None where one of them is missing, or there are none."""
    found = list(starts)
    if not found or any(start is None for start in found):
        return None
    return {
        name: np.concatenate([np.ravel(start.columns[name]) for start in found if start])
        for name in (found[0].columns if found[0] else ())
    }


def _spans(start: Mapping[str, np.ndarray]) -> dict[str, Span]:
    return {name: (float(np.min(column)), float(np.max(column))) for name, column in start.items()}


def _simulated(parameters: Parameters) -> tuple[Any, ...]:
    """What decides the sampled shocks, beside seed and runs."""
    simulation = parameters.simulation
    spans = simulation.steps, simulation.steps_before, simulation.time_step
    return *spans, parameters.shocks.enabled

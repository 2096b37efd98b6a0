"""The state at rest: what every mechanism says of its own value there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import ModelError, TokenomicsError, nearest, suggestion
from .contract import RAISES_NOTHING, in_words, place_of, written_at
from .variables import Variable


class Rest(Mapping):
    """What every mechanism says of its own value at rest, worked out when it is asked for.

    params: what blocks see of the stationary form. table: the state variables by name. known:
    values that are given.
    """

    def __init__(
        self, params: Mapping[str, Any], table: Mapping[str, Variable], known: Mapping[str, Any]
    ):
        self._params, self._table, self._found = params, table, dict(known)
        self._by_function: dict[Callable, Any] = {}
        self._asked: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        if name not in self._found:
            start = self._table[name].start if name in self._table else None
            if start is None:
                near = nearest(name, [*self._found, *self])
                raise ModelError(f"'{name}' has no value at rest{suggestion(near)}")
            if name in self._asked:
                raise ModelError(f"the value of '{name}' at rest depends on itself")
            self._asked.add(name)
            self._found[name] = self._start(name, start)
        return self._found[name]

    def _start(self, name: str, start: Any) -> Any:
        if isinstance(start, str):
            return self[start]
        if not callable(start):
            return start
        try:
            value = self.of(start)
        except Exception as error:
            if isinstance(error, TokenomicsError) or not (own := written_at(error)):
                raise
            told = ModelError(f"variable '{name}': its start{own}: {in_words(error)}")
            raise told.at(place_of(error), RAISES_NOTHING) from error
        return value[name] if isinstance(value, Mapping) else value

    def of(self, function: Callable[[Mapping[str, Any], Rest], Any]) -> Any:
        """The value of a function `(params, rest)`, worked out once."""
        if function not in self._by_function:
            self._by_function[function] = function(self._params, self)
        return self._by_function[function]

    def __iter__(self):
        return (
            name
            for name, variable in self._table.items()
            if name in self._found or variable.start is not None
        )

    def __len__(self) -> int:
        return sum(1 for _ in self)

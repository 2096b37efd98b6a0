"""Read an untrusted YAML file into a strict record: every mistake has its line, its key and what
was expected there.

The parameter tree has its own loader; hardware, model and fleet files are read here. A file is
data: nothing in it is executed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ..errors import InputError
from .explaining import Keys, explained, in_tree
from .fields import Group
from .kinds import named, refuse_other
from .locate import find
from .reading import DEEPEST, MOST_LEAVES, number, parse, text_of

Record = TypeVar("Record", bound=BaseModel)
PLAIN = frozenset((bool, int, float, str))


class Strict(Group):
    """A frozen record of a file: unknown keys, numbers as text and NaN are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Quantity(Strict):
    """A number with its unit and where it comes from."""

    WORDS: ClassVar[str] = "value, unit and source"

    value: float
    unit: str
    source: str = Field(min_length=1)


def quantity(unit: str, gt: float = 0.0, le: float = 1e18, *, ge: float | None = None) -> Any:
    """Type of a quantity in one unit, above `gt`, or of at least `ge` where that is given, and at
    most `le`.
    """
    lowest = f"above {gt:g}" if ge is None else f"of at least {ge:g}"

    def check(found: Quantity) -> Quantity:
        if found.unit != unit:
            raise ValueError(f"unit '{found.unit}'; expected '{unit}'")
        enough = gt < found.value if ge is None else ge <= found.value
        if not (enough and found.value <= le):
            most = f" and at most {le:g}" if le < 1e18 or found.value > le else ""
            raise ValueError(f"{found.value:g}; expected a number {lowest}{most} [{unit}]")
        return found

    return Annotated[Quantity, AfterValidator(check)]


def read_record(kind: type[Record], what: str, name: str) -> tuple[Record, Path]:
    """A record from a shipped name or the path of a YAML file, and the file. what: "model",
    "hardware", "fleet" or "detector".

    Raises InputError that names file, line, key, what was found and what was expected.
    """
    file = find(what, name)
    return _record(kind, what, text_of(file), file).model_copy(deep=True), file


@lru_cache(maxsize=64)
def _record(kind: type[Record], what: str, text: str, file: Path) -> Record:
    """Parsing is slow, and every row of a table of measurements names a card and a model."""
    tree = parse(text, str(file), named(what))
    refuse_other(what, tree, file)
    return validated(kind, tree, str(file))


def validated(
    kind: type[Record],
    tree: Mapping[str, Any],
    file: str,
    most: int = MOST_LEAVES,
    expected: Callable[[Keys], str | None] = lambda keys: None,
) -> Record:
    """A record from a parsed mapping. most: number of values in it. expected: what the caller knows
    to be expected at a path of keys.
    """
    try:
        return kind.model_validate(_plain(tree, file, [0], most))
    except ValidationError as error:
        raise explained(error, kind, in_tree(tree, file), expected) from None


def _plain(node: Any, file: str, seen: list[int], most: int, depth: int = 0) -> Any:
    """Mappings, lists and scalars without the parser's own types; a few aliases can stand for
    billions of values.
    """
    seen[0] += 1
    if seen[0] > most or depth > DEEPEST:
        raise InputError(
            "too many values", file=file, expected=f"at most {most}, in {DEEPEST} levels"
        )
    if isinstance(node, Mapping):
        return {str(key): _plain(value, file, seen, most, depth + 1) for key, value in node.items()}
    if isinstance(node, list):
        if PLAIN.issuperset(map(type, node)):  # a million points are read as they are
            seen[0] += len(node)
            return node
        return [_plain(value, file, seen, most, depth + 1) for value in node]
    if hasattr(node, "isoformat"):
        return node.isoformat()
    return number(node)

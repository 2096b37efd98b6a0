"""Read a YAML file that a stranger may have written into a strict record: every mistake has its line, its key and what was expected there.

The parameter tree has its own loader; hardware, model and fleet files are read here. A file is data: nothing in it is executed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ..errors import InputError, nearest
from .fields import Group
from .kinds import named, refuse_other
from .locate import find
from .reading import DEEPEST, MOST_LEAVES, load, number

Record = TypeVar("Record", bound=BaseModel)
BOUNDS = {"gt": "above {}", "ge": "at least {}", "lt": "below {}", "le": "at most {}", "min_length": "at least {}", "max_length": "at most {}"}
KINDS_OF_VALUES = {"int": "a whole number", "float": "a number", "bool": "true or false", "string": "a text", "list": "a list", "tuple": "a list"}
KINDS_OF_VALUES |= {"dict": "a group of keys", "mapping": "a group of keys", "finite_number": "a finite number", "int_from_float": "a whole number"}


class Strict(Group):
    """A frozen record of a file: unknown keys, numbers as text and NaN are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Quantity(Strict):
    """A number with its unit and where it comes from."""

    value: float
    unit: str
    source: str = Field(min_length=1)


def figure(unit: str, gt: float = 0.0, le: float = 1e18, *, ge: float | None = None) -> Any:
    """Type of a figure in one unit, above `gt`, or of at least `ge` where that is given, and at most `le`."""
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
    """A record from a shipped name or the path of a YAML file, and the file. what: "model", "hardware", "fleet" or "detector".

    Raises InputError that names file, line, key, what was found and what was expected.
    """
    file = find(what, name)
    tree = load(file, named(what))
    refuse_other(what, tree, file)
    return validated(kind, tree, str(file)), file


def validated(kind: type[Record], tree: Mapping[str, Any], file: str, most: int = MOST_LEAVES) -> Record:
    """A record from a parsed mapping. most: number of values in it."""
    try:
        return kind.model_validate(_plain(tree, file, [0], most))
    except ValidationError as error:
        # a misspelt key is also a missing one; it is the misspelling that helps
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        key = ".".join(str(part) for part in first["loc"])
        line = line_of(tree, first["loc"])
        if first["type"] == "extra_forbidden":
            valid = list(_fields(kind, first["loc"][:-1]))
            unknown = str(first["loc"][-1])
            raise InputError(
                "unknown key", file=file, line=line, key=key, expected="one of " + ", ".join(valid), nearest=nearest(unknown, valid)
            ) from None
        if first["type"] == "missing":
            raise InputError("missing", file=file, line=line, key=key, expected=_kind_of(kind, first["loc"])) from None
        if first["type"] == "value_error":
            raise InputError(str(first["ctx"]["error"]), file=file, line=line, key=key or None) from None
        raise InputError(shown(first["input"]), file=file, line=line, key=key, expected=wanted(first, kind)) from None


def wanted(error: Mapping[str, Any], kind: type[BaseModel]) -> str:
    """What a pydantic error expects, in the words of this package. kind: of the record."""
    name, context = error["type"], error.get("ctx", {})
    if name in ("model_type", "model_attributes_type", "dataclass_type"):
        fields = _fields(kind, error["loc"])
        return "a group of keys" + (f": {', '.join(fields)}" if fields else "")
    for bound, words in BOUNDS.items():
        if bound in context and name.startswith(("greater", "less", "too_", "string_too", "multiple")):
            limit = context[bound]
            return words.format(f"{limit:g}" if isinstance(limit, float) else limit)
    if name == "literal_error":
        return f"one of {context['expected']}" if "," in context["expected"] else context["expected"]
    return KINDS_OF_VALUES.get(name.removesuffix("_parsing").removesuffix("_type"), error["msg"].removeprefix("Input should be "))


def shown(value: Any) -> str:
    """A value as it is told of in an error, cut short."""
    try:
        return repr(value)[:60]
    except ValueError:  # Python refuses to write whole numbers of thousands of digits
        return "a number of too many digits"


def _plain(node: Any, file: str, seen: list[int], most: int, depth: int = 0) -> Any:
    """Mappings, lists and scalars without the parser's own types; a few aliases can stand for billions of values."""
    seen[0] += 1
    if seen[0] > most or depth > DEEPEST:
        raise InputError("too many values", file=file, expected=f"at most {most}, in {DEEPEST} levels")
    if isinstance(node, Mapping):
        return {str(key): _plain(value, file, seen, most, depth + 1) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value, file, seen, most, depth + 1) for value in node]
    if hasattr(node, "isoformat"):
        return node.isoformat()
    return number(node)


def line_of(tree: Any, path: tuple[Any, ...]) -> int | None:
    """Line of the deepest part of a path that is in the file, 1-based."""
    line = None
    for part in path:
        mark = getattr(tree, "lc", None)
        try:
            line = (mark.key if isinstance(tree, Mapping) else mark.item)(part)[0] + 1
            tree = tree[part]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
    return line


def _at(kind: Any, path: tuple[Any, ...]) -> Any:
    """The type at a path of a record."""
    for part in path:
        kind = _bare(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            info = kind.model_fields.get(str(part))
            kind = info.annotation if info else None
        elif get_origin(kind) in (dict, list, tuple):
            kind = get_args(kind)[1 if get_origin(kind) is dict else 0]
    return _bare(kind)


def _bare(kind: Any) -> Any:
    """A type without Annotated and without its None."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    options = [arg for arg in get_args(kind) if arg is not type(None)]
    return _bare(options[0]) if type(None) in get_args(kind) and options else kind


def _fields(kind: Any, path: tuple[Any, ...]) -> Any:
    found = _at(kind, path)
    return found.model_fields if isinstance(found, type) and issubclass(found, BaseModel) else ()


def _kind_of(kind: Any, path: tuple[Any, ...]) -> str:
    found = _at(kind, path)
    if found is Quantity:
        return "value, unit and source"
    return {float: "a number", int: "a whole number", str: "a text", bool: "true or false"}.get(found, "a group of keys")

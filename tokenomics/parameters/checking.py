"""What the schema says of a parameter by its path, and whether a value fits there: with file, line
and the nearest valid key where it does not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from ..errors import InputError, nearest
from .explaining import explained, shown
from .fields import Group, Role
from .reading import Leaf
from .schema import Parameters

# far above any real quantity in any unit here; squares and products of such numbers stay finite
LARGEST = 1e18
# names of workloads, accelerators, events and custom numbers
FREE_KEY = re.compile(r"[a-z][a-z0-9_]*")


class Place(NamedTuple):
    """What the schema has at a path. field: None where there is nothing. wrong: the first part it
    does not know. role: of a parameter, by the schema.
    """

    field: FieldInfo | None
    kind: Any = None
    wrong: str = ""
    valid: tuple[str, ...] = ()
    role: Role = "world"


def plain(annotation: Any) -> Any:
    """What a value that is given is: a number that need not be given is one where it is."""
    if get_origin(annotation) is Annotated:
        return plain(get_args(annotation)[0])
    some = [one for one in get_args(annotation) if one is not NoneType]
    return some[0] if get_origin(annotation) is UnionType else annotation


def _of_value(at: Place) -> Any:
    """The annotation of the value at a place: of one in a group of free keys, that of each."""
    within = get_origin(at.field.annotation) is dict and get_origin(at.kind) is not dict
    return at.kind if within else at.field.annotation


@lru_cache(maxsize=4096)
def place(path: str) -> Place:
    """What the schema has at a path, of a parameter or of a group; it is asked for every parameter
    whenever some are resolved.
    """
    field, kind, role = None, Parameters, "world"
    for part in path.split("."):
        if get_origin(kind) is dict:
            if not FREE_KEY.fullmatch(part):
                return Place(None, wrong=part)
            kind = plain(get_args(kind)[1])
        elif isinstance(kind, type) and issubclass(kind, Group):
            field = kind.model_fields.get(part)
            if field is None:
                return Place(None, wrong=part, valid=tuple(kind.model_fields))
            role = dict(field.json_schema_extra or {}).get("role", kind.ROLE)  # type: ignore[call-overload]
            kind = plain(field.annotation)
        else:
            return Place(None, wrong=part)
    return Place(field, kind, role=role)


def field_at(path: str) -> tuple[FieldInfo | None, list[str]]:
    """The schema's field at a path (None where there is none), and the names that would have been
    valid there.
    """
    found = place(path)
    return found.field, list(found.valid)


@lru_cache(maxsize=4096)
def bounds(info: FieldInfo) -> str:
    """Bounds of a field as text; asked for as often as `place`, and a field is one object."""
    signs = (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤"))
    found = [
        f"{sign} {getattr(m, name):g}"
        for m in info.metadata
        for name, sign in signs
        if hasattr(m, name)
    ]
    choices = (
        [repr(c).strip("'") for c in get_args(info.annotation)]
        if "Literal" in str(info.annotation)
        else []
    )
    return ", ".join(found) or " | ".join(choices)


@lru_cache(maxsize=4096)
def unit_of(info: FieldInfo) -> str:
    """Unit of a field."""
    return dict(info.json_schema_extra or {}).get("unit", "-")  # type: ignore[call-overload]


def _expected(at: Place) -> str:
    info = at.field
    kind = {bool: ("true or false"), str: "a name"}.get(_of_value(at), "a number")  # type: ignore[arg-type]
    limits, unit = bounds(info), unit_of(info)
    if "Literal" in str(info.annotation):
        return "one of " + limits.replace(" | ", ", ")
    return " ".join(part for part in (kind, limits, unit if unit not in ("-", "1") else "") if part)


def check_leaf(leaf: Leaf) -> FieldInfo:
    """The field of a value as it was written. Raises InputError for a key that there is not, and
    for another unit or type.
    """
    at = place(leaf.path)
    info, kind, wrong, valid, _ = at
    if info is None:
        key = None if FREE_KEY.fullmatch(wrong) else "a name of a-z, 0-9 and _, a letter first"
        raise leaf.error(
            "unknown key",
            expected="one of " + ", ".join(valid) if valid else key,
            nearest=nearest(wrong, valid),
        )
    unit = unit_of(info)
    if leaf.unit is not None and leaf.unit != unit:
        raise leaf.error(f"unit '{leaf.unit}'", expected=f"'{unit}'")
    if get_origin(kind) is dict and leaf.value != {}:
        raise leaf.error(f"{leaf.value!r} in place of a group", expected="a group of parameters")
    if isinstance(kind, type) and issubclass(kind, Group):
        raise leaf.error(
            f"{leaf.value!r} in place of a group",
            expected="a group of parameters: " + ", ".join(kind.model_fields),
        )
    numeric = isinstance(leaf.value, (int, float)) and not isinstance(leaf.value, bool)
    if kind in (int, float) and not (numeric and abs(leaf.value) <= LARGEST):  # also false for NaN
        size = f" of at most {LARGEST:g} in size" if numeric else ""
        raise leaf.error(f"{leaf.value!r}"[:40], expected=_expected(at) + size)
    if kind is bool and not isinstance(leaf.value, bool):
        raise leaf.error(f"{leaf.value!r}", expected=_expected(at))
    return info


@lru_cache(maxsize=256)
def _adapter(path: str) -> TypeAdapter:
    """What checks one value of a parameter; a design has thousands of them."""
    at = place(path)
    return TypeAdapter(Annotated[_of_value(at), at.field])


def fits(path: str, value: Any) -> str | None:
    """None where a value alone is one that the parameter at a path takes; else what is expected
    there.
    """
    error = mistake(Leaf(path, value, None, None, "", None))
    return None if error is None else error.expected or str(error)


def mistake(leaf: Leaf) -> InputError | None:
    """What is wrong with a value whatever the others are; None where nothing is."""
    try:
        check_leaf(leaf)
        # bounds alone: the groups that it belongs to are checked with all their values
        _adapter(leaf.path).validate_python(leaf.value)
    except ValidationError:
        return leaf.error(shown(leaf.value), expected=_expected(place(leaf.path)))
    except InputError as error:
        return error
    return None


def refuse_mistakes(leaves: Iterable[Leaf]) -> None:
    """Raise InputError that tells every value that is wrong whatever the others are."""
    found = [error for leaf in leaves if (error := mistake(leaf))]
    if found:
        found[0].also = tuple(found[1:])
        raise found[0]


def nest(tree: dict[str, Any], leaf: Leaf) -> Any:
    """Put the value of a leaf into a tree of groups, whole numbers as floats; the value."""
    whole = isinstance(leaf.value, int) and not isinstance(leaf.value, bool)
    *groups, name = leaf.path.split(".")
    for group in groups:
        tree = tree.setdefault(group, {})
    tree[name] = float(leaf.value) if whole else leaf.value
    return tree[name]


def checked_tree(tree: Mapping[str, Any], leaves: Mapping[str, Leaf]) -> Parameters:
    """The parameters in a tree of groups. leaves: what it was made of, for errors. Raises
    InputError.
    """
    try:
        return Parameters(**tree)
    except ValidationError as error:
        raise _explained(error, leaves) from None


def _explained(error: ValidationError, leaves: Mapping[str, Leaf]) -> InputError:
    # what most of the leaves come from: the first of them may have been set over it
    base = Counter(leaf.file for leaf in leaves.values()).most_common(1)[0][0] if leaves else None
    first = error.errors()[0]
    if first["type"] == "value_error":
        return _contradiction(str(first["ctx"]["error"]), leaves, base)

    def where(keys: Sequence[Any]) -> dict[str, Any]:
        path = ".".join(map(str, keys))
        beside = (
            leaf for name, leaf in leaves.items() if name.startswith(path.rpartition(".")[0] + ".")
        )
        leaf = leaves.get(path) or next(beside, None)
        return {"file": leaf.file, "line": leaf.line} if leaf else {"file": base}

    def expected(keys: Sequence[Any]) -> str | None:
        at = place(".".join(map(str, keys)))
        return _expected(at) if at.field else None

    found = explained(error, Parameters, where, expected)
    return _with_namesake(found, leaves) if first["type"] == "missing" else found


def _with_namesake(error: InputError, leaves: Mapping[str, Leaf]) -> InputError:
    """The error of a parameter that is missing. What is set of a misspelt free key makes it one of
    its own: then it has the nearest of the others.
    """
    above, _, key = str(error.key).rpartition(".")[0].rpartition(".")
    if get_origin(place(above).kind) is not dict:
        return error
    front = f"{above}."
    others = {
        path.removeprefix(front).partition(".")[0] for path in leaves if path.startswith(front)
    }
    near = nearest(key, sorted(others - {key}))
    return InputError(
        error.found,
        file=error.file,
        line=error.line,
        key=error.key,
        expected=error.expected,
        nearest=near and front + near,
    )


def _contradiction(text: str, leaves: Mapping[str, Leaf], base: str | None) -> InputError:
    """Values that do not go together. text: of a group, "key: found; expected ...", or without a
    key. base: file of the lowest layer.
    """
    words = set(re.findall(r"[a-z][a-z0-9_.]*", text))
    groups = tuple(f"{word}." for word in words if word)
    about = [
        e
        for e in leaves.values()
        if e.path in words or ("share" in e.path and e.path.startswith(groups))
    ]
    # the layers above the base are the likelier culprits: the base is valid alone
    culprit = next((e for e in about if e.file != base), about[0] if about else None)
    key, _, rest = text.partition(": ")
    found, _, expected = rest.partition("; expected ")
    parts = (
        {"found": found, "key": key, "expected": expected or None}
        if key in leaves
        else {"found": text}
    )
    return InputError(
        **parts, file=culprit.file if culprit else base, line=culprit.line if culprit else None
    )

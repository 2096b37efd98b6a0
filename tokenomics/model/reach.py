"""What a function of the user's own names in its code and can call: other functions of his, through
wrappers, objects and containers too.
"""

from __future__ import annotations

import builtins
import contextlib
import dis
import functools
import importlib
import inspect
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF")
CONSTRUCTORS = {"__init__", "__new__", "__post_init__"}
KEEPING = {"STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_BUILD_CLASS"}
WHOLE = {"eval", "exec", "globals"}
COPY_OF = "copy_of"  # on a copy of a function, the function
LARGEST = 100  # elements of a container that is looked into; larger ones hold data
DEEPEST = 3  # containers and objects inside one another


@dataclass(frozen=True)
class Use:
    """Something that a function names.

    text: as it is written. function: that names it; None of the function that was asked about.
    line: of the function's file. copied: whether a copy of the function that was asked about, and
    of those that it names, would find it by a name too (see `same_bits`): not through an attribute
    of an object, an element of a container, or a function that keeps its globals and so has no
    copy.
    """

    text: str
    thing: Any
    function: FunctionType | None = None
    line: int | None = None
    copied: bool = True
    depth: int = 0


def own_functions(function: Any) -> list[FunctionType]:
    """A function and those of the user's own that it can call, directly or through one another."""
    return list(copied(function))


def copied(function: Any) -> dict[FunctionType, bool]:
    """The same, and of each whether a copy is called in its place; see `Use`."""
    return _walked(function)[0]


def uses(function: Any) -> list[Use]:
    """What they name."""
    return _walked(function)[1]


def _walked(function: Any) -> tuple[dict[FunctionType, bool], list[Use]]:
    functions: dict[FunctionType, bool] = {}
    found: list[Use] = []
    seen: dict[tuple[int, bool], Any] = {}
    todo = deque([Use("", function)])
    while todo:
        use = todo.popleft()
        thing = use.thing
        thing = getattr(thing, COPY_OF, thing) if isinstance(thing, FunctionType) else thing
        known = (id(thing), use.copied)
        found.append(use)
        if known in seen or use.depth > DEEPEST:
            continue
        seen[known] = thing
        if isinstance(thing, FunctionType) and not of_library(thing):
            has_copy = use.copied and not keeps_globals(thing)
            functions[thing] = functions.get(thing, True) and has_copy
            todo += _named(thing, has_copy)
        else:
            todo += (
                Use(text, part, use.function, use.line, use.copied and near, use.depth + deeper)
                for text, part, near, deeper in _parts(replace(use, thing=thing))
            )
    return functions, found


def _named(function: FunctionType, has_copy: bool) -> Iterator[Use]:
    """What a function names in its code, and its defaults."""
    names, imported = space(function), {}
    for code in codes(function.__code__):
        for text, thing, line, near in _loaded(code, names, imported):
            yield Use(text, thing, function, line, has_copy and near)
    defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
    for thing in defaults:
        text, line = f"a default of {function.__name__}", function.__code__.co_firstlineno
        yield Use(text, thing, function, line, has_copy)


def _parts(use: Use) -> Iterator[tuple[str, Any, bool, bool]]:
    """What can be called through something that is no function of the user's own: its text, itself,
    whether a copy of the function that names it finds a copy of it too, and whether it is an
    object's or a container's.
    """
    thing, text = use.thing, use.text
    if isinstance(thing, functools.partial):
        for part in (thing.func, *thing.args, *thing.keywords.values()):
            yield text, part, True, False
    elif isinstance(thing, MethodType):
        yield text, thing.__func__, True, False
        for name, part in _members(thing.__self__, _attributes(thing.__func__)):
            yield name, part, False, True
    elif isinstance(thing, (list, tuple, set, frozenset, dict)):
        if len(thing) <= LARGEST:
            for part in thing.values() if isinstance(thing, dict) else thing:
                yield f"{text}[...]", part, False, True
    elif isinstance(thing, type) or not of_library(type(thing)):
        call = vars(type(thing)).get("__call__")
        if use.function is None and isinstance(call, FunctionType):
            yield text, call, True, False
            names = _attributes(call)
        else:
            own = CONSTRUCTORS if isinstance(thing, type) else {"__call__"}
            names = own | _attributes(use.function)
        for name, part in _members(thing, names):
            yield f"{text}.{name}".lstrip("."), part, False, True
    elif not isinstance(thing, (ModuleType, np.ndarray)):
        # a cache, NumPy's vectorize, or the function that a decorator of a package has made
        inner = getattr(thing, "__dict__", {})
        part = inner.get("pyfunc", inner.get("__wrapped__"))
        if part is not None:
            yield text, part, "runwise" in inner, False


def _members(owner: Any, names: set[str]) -> Iterator[tuple[str, Any]]:
    """Attributes of these names of a user's class or object, and those that they name in turn."""
    kind = owner if isinstance(owner, type) else type(owner)
    spaces = [vars(one) for one in kind.__mro__ if not of_library(one)]
    if spaces and owner is not kind:
        spaces.append(getattr(owner, "__dict__", {}))
    todo, done = set(names), set()
    while todo:
        name = todo.pop()
        done.add(name)
        for value in (one[name] for one in spaces if name in one):
            # of a static method, a class's own, and a property
            value = getattr(value, "__func__", None) or getattr(value, "fget", None) or value
            todo |= _attributes(value) - done
            yield name, value


def _attributes(function: Any) -> set[str]:
    """Names in a function's code that may be attributes."""
    if not isinstance(function, FunctionType):
        return set()
    return {name for code in codes(function.__code__) for name in code.co_names}


def space(function: FunctionType) -> dict[str, Any]:
    """What the names that a function does not set itself stand for."""
    names = {**vars(builtins), **function.__globals__}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):  # not yet set
            names[name] = cell.cell_contents
    return names


def codes(code: CodeType) -> Iterator[CodeType]:
    """A code object and those inside it."""
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from codes(inner)


def keeps_globals(function: FunctionType) -> bool:
    """Whether a function works with its own globals alone: it sets one, asks for them as a whole,
    or defines a class, whose body looks names up without `__missing__`.
    """
    return any(
        step.opname in KEEPING or (step.opname == "LOAD_GLOBAL" and step.argval in WHOLE)
        for code in codes(function.__code__)
        for step in dis.get_instructions(code)
    )


def _loaded(
    code: CodeType, names: Mapping[str, Any], imported: dict[str, Any]
) -> Iterator[tuple[str, Any, int | None, bool]]:
    """Names in a code object, imports in it, and attributes of modules and classes: as they are
    written, what they stand for, the line, and whether it is no attribute of a class.

    imported: by local name, what the function itself has imported so far.
    """
    text, thing, near = "", None, True
    module, bound = ("", None), None  # of an import, and what it stores next
    for step in dis.get_instructions(code):
        kind = step.opname
        # newer releases of Python load and store two at a time
        first, name = step.argval if kind.count("_FAST") == 2 else (step.argval,) * 2
        if kind == "IMPORT_NAME":
            text, thing, near = name, _imported(name), True
            module, bound = (text, thing), sys.modules.get(name.partition(".")[0])
        elif kind == "IMPORT_FROM":
            itself = module[0].endswith(f".{name}") and module[1]  # import module.name as ...
            text, near = f"{module[0]}.{name}", True
            bound = thing = getattr(module[1], name, None) or itself
        elif kind in ("LOAD_ATTR", "LOAD_METHOD") and isinstance(thing, (ModuleType, type)):
            near = near and isinstance(thing, ModuleType)
            text, thing = f"{text}.{name}", getattr(thing, name, None)
        elif kind in LOADS and name in names:
            text, thing, near = name, names[name], True
        elif kind.startswith(("LOAD_FAST", "LOAD_DEREF", "STORE_FAST_LOAD")) and name in imported:
            text, thing, near = name, imported[name], True
        else:
            thing = None
        if kind.startswith("STORE_") and bound is not None:
            imported[first], bound = bound, None
        if thing is not None:
            yield text, thing, step.positions.lineno, near


def _imported(name: str) -> Any:
    """A module that a function imports when it is called."""
    with contextlib.suppress(Exception):  # the call will say why
        return importlib.import_module(name)
    return None


def plain(function: Any) -> Any:
    """The Python function of a wrapper, a partial one, a method or an object that can be called."""
    while True:
        function = inspect.unwrap(function) if callable(function) else function
        if isinstance(function, functools.partial):
            function = function.func
        elif isinstance(function, MethodType):
            function = function.__func__
        elif not isinstance(function, (FunctionType, type)) and isinstance(
            vars(type(function)).get("__call__"), FunctionType
        ):
            function = vars(type(function))["__call__"]
        else:
            return function


def of_library(thing: Any) -> bool:
    """Whether a function or a class is of Python, of a package that is installed, or of this one.

    A function's is the module that it was written in: a wrapper takes the name of what it wraps.
    """
    if isinstance(thing, FunctionType):
        return library(str(thing.__globals__.get("__name__") or ""))
    return library(getattr(thing, "__module__", None) or "")


def library(module: str) -> bool:
    """Whether a module is of Python, of a package that is installed, or of this one."""
    first = module.split(".")[0]
    if first in ("__main__", ""):
        return False
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return (
        first in sys.stdlib_module_names
        or first == __package__.split(".")[0]
        or "site-packages" in file
        or "dist-packages" in file
    )

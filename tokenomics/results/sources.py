"""Which code of a user's own stands behind numbers: its controllers, blocks and metrics, each with
the file that it is written in and the SHA-256 of that file.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..inputs.strict_json import digest
from ..model.controllers import LAWS
from ..model.lanes import shipped, written
from ..model.own_blocks import OWN_BLOCKS
from ..parameters import Resolved, put
from ..parameters.layers import REGISTERED
from ..parameters.resolved import of_own_block
from .metrics import METRICS

LAW = "controller.type"
# where parts are registered, by kind and name; those of this package are among them
REGISTRIES: dict[str, dict[str, Any]] = {
    **REGISTERED,
    "controller": LAWS,
    "block": OWN_BLOCKS,
    "metric": METRICS,
}
# SHA-256 of files as they were loaded, by path: what lies there now may be newer
LOADED: dict[str, str] = {}


@dataclass(frozen=True)
class OwnCode:
    """A part of a user's own. part: its kind and name. file: the name of its file; empty where it
    is in none, as in a notebook's cell. sha256: of the file, or of what can be told of the cell.
    """

    part: str
    file: str
    sha256: str

    def plain(self) -> dict[str, str]:
        """For JSON."""
        return asdict(self)


def own_parts() -> dict[str, Any]:
    """All parts that users have registered, by kind and name."""
    return {
        f"{kind} {name}": part
        for kind, named in REGISTRIES.items()
        for name, part in named.items()
        if not _shipped(part)
    }


def _shipped(part: Any) -> bool:
    """Whether a registered part is this package's; of layers and blocks there are none."""
    own = getattr(part, "decide", getattr(part, "function", None))
    return own is not None and shipped(own)


def functions_in_force() -> tuple[Callable, ...]:
    """The functions of all parts of users' own: what was found with others does not hold with
    these.
    """
    return tuple(f for part in own_parts().values() for f in _functions(part))


def _functions(part: Any) -> tuple[Callable, ...]:
    if isinstance(part, Mapping):
        return ()
    if hasattr(part, "decide"):
        return (part.decide, *(m.start for m in part.memory if callable(m.start)))
    if hasattr(part, "function"):
        return (part.function,)
    block = part.block
    starts = [v.start for v in block.declared.values() if callable(v.start)]
    found = (*block.policies, *block.updates, *starts)
    return tuple(function for function in found if not shipped(function))


def names_code(path: str) -> bool:
    """Whether a parameter's value says which code runs."""
    return path == LAW or of_own_block(path)


def code_of(
    networks: Iterable[Resolved],
    points: Iterable[Mapping[str, Any]] = (),
    metrics: Iterable[str] = (),
) -> tuple[OwnCode, ...]:
    """The parts of a user's own that some networks and metrics use. points: values by path that are
    put in place of the networks' own.
    """
    laws, blocks = dict[str, None](), dict[str, None]()
    for network in networks:
        for values in (network.values, *(put(network.values, b.levers) for b in network.before)):
            laws |= dict.fromkeys([values.controller.type])
            blocks |= dict.fromkeys(values.blocks)
    for point in points:
        laws |= dict.fromkeys(value for path, value in point.items() if path == LAW)
        blocks |= dict.fromkeys(path.partition(".")[2] for path in point if of_own_block(path))
    named = [*(f"controller {n}" for n in laws), *(f"block {n}" for n in blocks)]
    named += [f"metric {name}" for name in metrics]
    parts = own_parts()
    found = [one for name in named if name in parts for one in _code(name, parts[name])]
    return tuple(dict.fromkeys(found))


def _code(name: str, part: Any) -> list[OwnCode]:
    found = []
    for function in _functions(part):
        path, told = _source(function)
        found.append(OwnCode(name, Path(path).name, told))
    return found


def _source(function: Callable) -> tuple[str, str]:
    """The path of a function's file, empty where it is in none, and a SHA-256."""
    path = written(function)
    if path in LOADED:
        return path, LOADED[path]
    if path.endswith(".py") and Path(path).is_file():
        return path, digest(Path(path).read_bytes())
    code = getattr(inspect.unwrap(function), "__code__", None)
    try:
        text = inspect.getsource(code or type(function))
    except (OSError, TypeError):
        text = repr(code and (code.co_code, code.co_names, code.co_consts))
    return "", digest(text.encode())


def recorded_code(code: Iterable[OwnCode]) -> dict[str, list[dict[str, str]]]:
    """What a record says of some parts; nothing where there are none."""
    told = [one.plain() for one in code]
    return {"code": told} if told else {}


def files_of(code: Iterable[OwnCode]) -> dict[str, str]:
    """The files of some parts and the SHA-256 of each. Raises InputError for a part that is in no
    file, and for two files of one name.
    """
    files: dict[str, str] = {}
    for one in code:
        if not one.file:
            raise InputError(
                f"{one.part} is written in no file",
                expected="code in a .py file, which a reader can run: load_code(FILE)",
            )
        if files.setdefault(one.file, one.sha256) != one.sha256:
            raise InputError(f"two files named {one.file}", expected="a name for each file of code")
    return files


def paths_of(code: Iterable[OwnCode]) -> dict[str, bytes]:
    """The content of the files of some parts, by path, as it was loaded. Raises InputError where
    one has changed since.
    """
    code = list(code)
    files_of(code)
    wanted, parts = {one.part for one in code}, own_parts()
    paths = {written(f) for name in parts if name in wanted for f in _functions(parts[name])}
    found = {}
    for path in sorted(paths):
        content = Path(path).read_bytes()
        if LOADED.get(path, digest(content)) != digest(content):
            raise InputError("changed since it was loaded", file=path, expected="to be loaded anew")
        found[path] = content
    return found

"""What is put over a network: policies, scenarios and overlays, each by a shipped name, by a name
that was registered, as a YAML file or as a mapping, which may have a `name` of its own.

A registered name stands for its mapping wherever a design or a proposal keeps what it was given, so
that their results can be read where nothing is registered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator

from ..errors import OWN_CODE, InputError, nearest
from ..inputs.arguments import SOURCE, TEXT, checked
from .checking import check_leaf
from .kinds import refuse_other
from .locate import find, names
from .reading import Leaf, flatten, load, number, read
from .resolved import NONE

Source = str | Path | Mapping[str, Any]
NAME, DESCRIPTION = "name", "description"  # of a mapping, beside its groups of parameters
REGISTERED: dict[str, dict[str, dict[str, Any]]] = {"policy": {}, "scenario": {}}
VALID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")


def called(kind: str, source: Source) -> str:
    """What a layer is called where several are told apart."""
    if isinstance(source, Mapping):
        return str(source.get(NAME, f"{kind} given in Python"))
    return str(source)


def labels(kind: str, sources: Sequence[Source]) -> list[str]:
    """What layers are called beside one another: a file as where it is alone, by its name without
    folder and ending, but by its whole path where that is the name of another one.
    """
    whole = [called(kind, source) for source in sources]
    short = [Path(name).stem if name.endswith((".yaml", ".yml")) else name for name in whole]
    taken = {NONE, *names(kind), *REGISTERED.get(kind, {})}
    return [
        name if name != stem and (stem in taken or short.count(stem) > 1) else stem
        for name, stem in zip(whole, short, strict=True)
    ]


def layer(kind: str, given: Any) -> str | dict[str, Any]:
    """A layer as data: a name, the path of a file, or a plain mapping, which a registered name
    becomes. Raises InputError for anything else.
    """
    if isinstance(given, Mapping):
        _check_name(kind, given.get(NAME, kind))
        return _plain(given)
    if isinstance(given, (str, Path)):
        return REGISTERED.get(kind, {}).get(str(given), str(given))
    raise InputError(f"{given!r}"[:60], expected="a name, the path of a YAML file, or a mapping")


def _as_data(kind: str) -> Any:
    """The type of a layer in a record."""

    def check(given: Any) -> str | dict[str, Any]:
        try:
            return layer(kind, given)
        except InputError as error:
            raise ValueError(str(error)) from None

    return Annotated[Any, AfterValidator(check)]


PolicyLayer, ScenarioLayer, OverlayLayer = map(_as_data, ("policy", "scenario", "overlay"))


def _plain(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {str(key): _plain(value) for key, value in node.items()}
    return number(node)


def _check_name(kind: str, name: Any) -> None:
    if not (isinstance(name, str) and VALID.fullmatch(name)):
        expected = "a name of letters, digits, _ and -"
        raise InputError(f"{name!r}"[:60], key=NAME, expected=expected)
    if name in names(kind):
        raise InputError(
            f"'{name}', which is a shipped {kind}", key=NAME, expected="a name of its own"
        )


def read_layer(kind: str, source: Source) -> tuple[str, str, dict[str, Leaf]]:
    """Name, description and leaves of a base, policy, scenario or overlay. Raises InputError for
    an unknown name and for what cannot be read.
    """
    own = REGISTERED.get(kind, {})
    if not isinstance(source, Mapping):
        source = own.get(str(source), source)
    if isinstance(source, Mapping):
        tree = {key: node for key, node in source.items() if key not in (NAME, DESCRIPTION)}
        description = str(source.get(DESCRIPTION, ""))
        return called(kind, source), description, flatten(tree, f"<{kind}>")
    try:
        path = find(kind, str(source))
    except InputError as error:
        if kind not in REGISTERED or not error.found.startswith("unknown"):
            raise
        raise InputError(
            error.found,
            expected=f"{error.expected}, or {OWN_CODE}",
            nearest=nearest(str(source), own) or error.nearest,
        ) from None
    try:
        description, leaves = read(path)
    except InputError as error:
        try:
            tree = load(path, "groups of parameters")
        except InputError:
            raise error from None
        refuse_other(kind, tree, path)
        raise
    refuse_other(kind, dict.fromkeys(leaf.partition(".")[0] for leaf in leaves), path)
    return path.stem, description, leaves


def checked_layer(kind: str, source: Source) -> tuple[str, str, dict[str, Leaf]]:
    """`read_layer`, each leaf of a known key."""
    name, description, leaves = read_layer(kind, source)
    for leaf in leaves.values():
        check_leaf(leaf)
    return name, description, leaves


def _registers(kind: str, example: str) -> Callable[[str, Source], None]:
    """The function that registers parts of a kind. example: lines that show it."""

    @checked(name=TEXT, source=SOURCE)
    def register(name: str, source: Source) -> None:
        _check_name(kind, name)
        if isinstance(source, (str, Path)):
            source = load(find(kind, str(source)), "groups of parameters")
        found = {**_plain(source), NAME: name}
        checked_layer(kind, found)
        REGISTERED[kind][name] = found

    register.__name__ = register.__qualname__ = f"register_{kind}"
    register.__doc__ = f"""Make a {kind} of your own usable by its name wherever a shipped one is.

    Parameters
    ----------
    name : str
        Letters, digits, _ and -. A name that is registered already stands for this one from then
        on.
    source : mapping, str or Path
        What it sets: a nested mapping, or a YAML file.

    Raises
    ------
    InputError
        For an unknown key, and for the name of a shipped {kind}.

    Examples
    --------
    {example}
    """
    return register


register_policy = _registers(
    "policy",
    """>>> tk.register_policy("half", {"supply": {"burn_share": 0.5}})
    >>> tk.resolve("baseline", policy="half").policy
    'half'""",
)
register_scenario = _registers(
    "scenario",
    """>>> tk.register_scenario("quiet", {"demand": {"volatility": 0.0}})
    >>> tk.resolve("baseline", scenarios="quiet").scenarios
    ('quiet',)""",
)

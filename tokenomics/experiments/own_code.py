"""A modeller's own code, loaded because he named it: a Python file, or what an installed package
offers under the entry point `tokenomics.parts`.

Nothing else imports code. No parameter file, design, proposal or bundle can name any.
"""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any

from ..errors import InputError, TokenomicsError, nearest
from ..inputs.arguments import PATH, checked
from ..inputs.files import read_bytes
from ..inputs.strict_json import digest
from ..model.contract import in_words
from ..results.sources import LOADED, REGISTRIES, own_parts

GROUP = "tokenomics.parts"  # of entry points; each names a function that registers parts
LARGEST = 1_000_000  # bytes of a file of code
_LOADING = Lock()
A_FILE = "a Python file that registers parts"


@checked(source=PATH)
def load_code(source: str | Path) -> tuple[str, ...]:
    """Run code of your own that registers parts.

    Where it fails, all that was registered before stands.

    Parameters
    ----------
    source : str or Path
        The path of a .py file, whole in itself: it may import installed packages, and no file
        beside it. Or the name of an entry point in the group `tokenomics.parts` of an installed
        package.

    Returns
    -------
    tuple of str
        What it registered, such as "controller patient".

    Raises
    ------
    InputError
        With the line of the file for what cannot be loaded, and for code that registers nothing.

    Examples
    --------
    >>> _ = Path("mine.py").write_text(
    ...     "import tokenomics as tk\\n"
    ...     "def patient(params, state, error, dt, low, high):\\n"
    ...     "    return tk.Command(0.01 * error)\\n"
    ...     "tk.register_controller('patient', patient)\\n"
    ... )
    >>> tk.load_code("mine.py")
    ('controller patient',)
    """
    text = str(source)
    if not (text.endswith(".py") or "/" in text or "\\" in text):
        return _registering(text, lambda: _enter(text))
    content = read_bytes(source, most=LARGEST, expected=A_FILE)
    return load_content(Path(source), content)


def load_content(path: Path, content: bytes) -> tuple[str, ...]:
    """`load_code` of a file whose content is known: what is looked at is what runs."""
    return _registering(str(path), lambda: _execute(path, content))


def load_once(files: Mapping[str, bytes]) -> None:
    """Load files that are not loaded yet as they are, on the worker of somebody who runs them.
    files: content by path.
    """
    with _LOADING:
        for path, content in files.items():
            if LOADED.get(path) != digest(content):
                load_content(Path(path), content)


def _registering(name: str, act: Callable[[], None]) -> tuple[str, ...]:
    """What is registered anew by an act; nothing where it fails."""
    before, kept = own_parts(), _kept()
    try:
        act()
        found = tuple(key for key, one in own_parts().items() if before.get(key) is not one)
        if not found:
            expected = (
                "a call of register_controller, register_block, register_policy or "
                "register_scenario, or a @metric"
            )
            raise InputError("registers nothing", file=name, expected=expected)
    except BaseException:
        _restore(kept)
        raise
    return found


def _kept() -> dict[str, dict[str, Any]]:
    return {kind: dict(named) for kind, named in REGISTRIES.items()}


def _restore(kept: Mapping[str, dict[str, Any]]) -> None:
    for kind, named in REGISTRIES.items():
        named.clear()
        named.update(kept[kind])


def _execute(path: Path, content: bytes) -> None:
    """Run a file as a module of its own."""
    full = str(path.absolute())
    sha256 = digest(content)
    module = ModuleType(f"tokenomics_own_{sha256[:16]}")
    module.__file__ = full
    try:
        code = compile(content, full, "exec")
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        told = getattr(error, "msg", None) or str(error)
        raise InputError(f"not Python: {told}", file=path, line=line, expected=A_FILE) from None
    # where its functions look themselves up, and those who ask for their source
    sys.modules[module.__name__] = module
    LOADED[full] = sha256
    try:
        exec(code, vars(module))
    except (Exception, SystemExit) as error:
        lines = [
            at.lineno for at in traceback.extract_tb(error.__traceback__) if at.filename == full
        ]
        line = lines[-1] if lines else None
        raise _failed(error, path, line, "code that can be loaded alone") from error


def _enter(name: str) -> None:
    """Call what an installed package offers under a name."""
    found = {one.name: one for one in entry_points(group=GROUP)}
    if name not in found:
        known = ", ".join(sorted(found)) or "none is installed"
        raise InputError(
            f"unknown code '{name}'",
            argument="code",
            expected=f"the path of a .py file, or an entry point of {GROUP} ({known})",
            nearest=nearest(name, found),
        )
    try:
        register = found[name].load()
        if not callable(register):
            raise TypeError(f"{found[name].value} is no function")
        register()
    except (Exception, SystemExit) as error:
        wanted = "a function that registers parts"
        raise _failed(error, f"entry point {name}", None, wanted) from error


def _failed(error: BaseException, file: object, line: int | None, expected: str) -> InputError:
    """What is said of code that failed; of what this package has against it, its own words."""
    if isinstance(error, TokenomicsError):
        return InputError(str(error), file=file, line=line)
    return InputError(in_words(error), file=file, line=line, expected=expected)


@contextlib.contextmanager
def only(files: Mapping[Path, bytes]) -> Iterator[None]:
    """With the parts of some files and no other part of users' own; afterwards as before. files:
    content by path.
    """
    kept = _kept()
    try:
        for part in own_parts():
            kind, _, name = part.partition(" ")
            del REGISTRIES[kind][name]
        for path, content in files.items():
            load_content(path, content)
        yield
    finally:
        _restore(kept)

"""How a command ends: its status, and one line for everything that can go wrong, as text and under
--json as JSON.

0 done; 1 the answer is no; 2 bad input, or the machine has no room for it; 70 an error of this
program, as in sysexits.h; 130 interrupted; 141 whoever read the output has closed it, as a shell
tells of a program that a closed pipe ended.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from ..errors import InputError, Remark, TokenomicsError, printable
from .output import Told, print_json

NO, BAD, INTERNAL, INTERRUPTED, CLOSED = 1, 2, 70, 130, 141
TRACEBACK = (
    "TOKENOMICS_TRACEBACK"  # in the environment: an error of this program is told in full on stderr
)
NUMERICAL = (
    "invalid value|divide by zero|overflow|underflow|Mean of empty slice|Degrees of freedom|All-NaN"
)
# what the system refuses of a file, through no fault of this program
SYSTEM = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EIO,
    errno.ENAMETOOLONG,
    errno.EMFILE,
    errno.ELOOP,
)
PLACES = ("found", "expected", "file", "line", "key", "nearest")


@dataclass(frozen=True)
class Ending:
    """An error as it is told. parts: of an InputError, by name. also: further errors, told after
    it.
    """

    status: int
    message: str
    parts: dict[str, Any]
    also: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """For machines; what is not known is null."""
        return {
            "error": {
                "message": self.message,
                **dict.fromkeys(PLACES),
                **self.parts,
                **({"also": list(self.also)} if self.also else {}),
                "status": self.status,
            }
        }


def ended(command: Callable[[], int | None], as_json: bool) -> int:
    """The status of a command, after its error, where it has one, is told: on stderr in one line,
    and with `as_json` on stdout as well.

    Not on stdout where the results are there already, of which only a part could not be written,
    say.
    """
    Told.json = Told.quiet = False
    try:
        with _quiet():
            status = command() or 0
            # here, and not when Python ends, where it would be too late to tell of it
            sys.stdout.flush()
            return status
    except BaseException as error:
        ending = explained(error)
    if ending.status == CLOSED:
        _let_go(sys.stdout)
        return CLOSED
    try:
        for message in (ending.message, *ending.also):
            print(f"error: {printable(message)}", file=sys.stderr)
        if as_json and not Told.json:
            print_json(ending.plain())
            sys.stdout.flush()
    except OSError:  # the output itself is what cannot be written
        _let_go(sys.stdout)
    return ending.status


def explained(error: BaseException) -> Ending:
    """What is told of an error."""
    if isinstance(error, InputError):
        places = {name: getattr(error, name) for name in PLACES}
        return Ending(
            BAD,
            str(error),
            {
                name: None if v is None else v if isinstance(v, int) else str(v)
                for name, v in places.items()
            },
            tuple(map(str, error.also)),
        )
    if isinstance(error, TokenomicsError):
        return Ending(NO, str(error), {}) if error.file is None else _own_code(error)
    if isinstance(error, (typer.Abort, KeyboardInterrupt)):
        return Ending(INTERRUPTED, "interrupted", {})
    if isinstance(error, BrokenPipeError) or (
        isinstance(error, SystemExit) and isinstance(error.__context__, BrokenPipeError)
    ):
        # Rich ends the program on a closed pipe, with a status of 1, which means "no" here
        return Ending(CLOSED, "the output was closed", {})
    if isinstance(error, MemoryError):
        found, expected = (
            "out of memory",
            (
                "less to keep: fewer runs or days, every so many steps (--every), fewer variables "
                "(--record)"
            ),
        )
        return Ending(BAD, f"{found}; expected {expected}", {"found": found, "expected": expected})
    if isinstance(error, OSError) and error.errno in SYSTEM:
        file = str(error.filename) if error.filename else None
        found, expected = (
            f"cannot be read or written ({error.strerror})",
            "a place with room and the right to use it",
        )
        return Ending(
            BAD,
            f"{file or 'the output'}: {found}; expected {expected}",
            {"found": found, "expected": expected, "file": file},
        )
    if isinstance(error, SystemExit):
        return Ending(
            int(error.code) if isinstance(error.code, int) else INTERNAL, str(error.code), {}
        )
    # typer brings its own click, so that its usage errors are told by what they can do
    if hasattr(error, "format_message"):
        return _usage(error)
    return Ending(
        INTERNAL,
        f"{_what(error)}; this is a fault of the program, not of its input: {_details(error)}",
        {"found": _what(error)},
    )


def _own_code(error: TokenomicsError) -> Ending:
    """What is told of an error in a file of the user's own code, which is input as any other."""
    file = Path(str(error.file))
    # the place stands in front: within the message, which Python shows alone, it would stand twice
    found = str(error).replace(f" ({file.name}, line {error.line})", "")
    if file.is_relative_to(Path.cwd()):
        file = file.relative_to(Path.cwd())
    told = InputError(found, file=file, line=error.line, expected=error.expected)
    return explained(told)


def _usage(error: Any) -> Ending:
    """A command that was called wrongly. What cannot be read as a number is told with what was
    found.
    """
    from ..parameters.explaining import (
        KINDS_OF_VALUES,
    )  # which the overview of the commands does without

    option, message = _option(error), " ".join(error.format_message().split())
    wrong = next(iter(error.__cause__.errors()), {}) if hasattr(error.__cause__, "errors") else {}
    expected = KINDS_OF_VALUES.get(str(wrong.get("type")).removesuffix("_parsing"))
    if not str(wrong.get("type")).endswith("_parsing") or expected is None or option is None:
        return Ending(BAD, message, {"found": message, "key": option})
    refused = InputError(f"'{wrong['input']}'", key=option, expected=expected)
    return Ending(BAD, str(refused), {"found": refused.found, "expected": expected, "key": option})


def _option(error: Any) -> str | None:
    """The option that a usage error is about."""
    known = getattr(error, "option_name", None)
    names = [known] if known else list(getattr(getattr(error, "param", None), "opts", None) or ())
    return max(names, key=len, default=None)


def _what(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def _details(error: BaseException) -> str:
    """Where the whole of an unexpected error is told."""
    text = "".join(traceback.format_exception(error))
    if os.environ.get(TRACEBACK):
        with contextlib.suppress(OSError):
            print(text, file=sys.stderr)
        return "it is told in full above"
    try:
        number, name = tempfile.mkstemp(prefix="tokenomics-", suffix=".log", text=True)
        with open(number, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(f"{sys.argv}\n{text}")
    except OSError:
        return f"run it with {TRACEBACK}=1 for the details"
    return f"details in {name}"


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The last net under numerical warnings, which say nothing to who runs a command; what they are
    about is found where it happens.

    Remarks are for him: a line each, unless he wants none.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", NUMERICAL, RuntimeWarning)
        warnings.filterwarnings(
            "ignore", "Glyph .* missing from", UserWarning
        )  # a name in letters that the figure's font has not
        warnings.simplefilter("always", Remark)
        others = warnings.showwarning

        def show(message: Any, category: type[Warning], *place: Any, **more: Any) -> None:
            if issubclass(category, Remark):
                if Told.quiet:
                    return
                print(f"note: {printable(str(message))}", file=sys.stderr)
            else:
                others(message, category, *place, **more)

        warnings.showwarning = show
        yield


def _let_go(stream: Any) -> None:
    """Let what is still to be written go nowhere, so that Python does not fail on it once more when
    it ends.
    """
    with contextlib.suppress(OSError, ValueError):  # a stream without a number of its own
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())

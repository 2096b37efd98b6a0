"""What goes wrong, said in one line: the errors a user can cause and the ones a run can hit."""

from __future__ import annotations

import difflib
import os
import re
import sys
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

OWN_CODE = "one of your own by --code FILE, or in Python by load_code(FILE)"
PACKAGE = f"{Path(__file__).parent}{os.sep}"  # begins the name of each of its files
ARGUMENT = re.compile(r"`(\w+)`")  # in a message: an argument of the call


class TokenomicsError(Exception):
    """Base of every error that this package raises on purpose; its text is one clear line.

    `file` and `line` are of a user's own code, where that is what went wrong, and `expected` is
    what would do there.
    """

    file: object = None
    line: int | None = None
    expected: str | None = None

    def at(self, place: tuple[str, int] | None, expected: str | None = None) -> Self:
        """The same error, laid to a line of a user's own code.

        Parameters
        ----------
        place : (str, int), optional
            File and line; nothing changes without.
        expected : str, optional
            What would do there.

        Returns
        -------
        TokenomicsError
            Itself.
        """
        if place:
            (self.file, self.line), self.expected = place, expected
        return self


class InputError(TokenomicsError):
    """Bad input: a file, key, value, unit, name or option that cannot be used.

    The command line exits with status 2. `expected` and `file` name further arguments between
    `backticks`. `also` has further errors of the same input, where several are looked for.

    Parameters
    ----------
    found, expected : str
        What was there, and what would do.
    file, line, key
        Where.
    argument : str, optional
        In place of a key, the argument of the call that is wrong.
    nearest : str, optional
        The valid name that is closest to a misspelt one.

    Examples
    --------
    >>> try:
    ...     tk.run(policy="pidd")
    ... except tk.InputError as error:
    ...     error.nearest
    'pid'
    """

    also: tuple[InputError, ...] = ()

    def __init__(
        self,
        found: str,
        *,
        expected: str | None = None,
        file: object = None,
        line: int | None = None,
        key: str | None = None,
        argument: str | None = None,
        nearest: str | None = None,
    ):
        key = argument if key is None else key
        self.found, self.expected, self.file, self.line, self.key, self.nearest = (
            found,
            expected,
            file,
            line,
            key,
            nearest,
        )
        self.argument = argument
        where = "" if file is None else f"{file}:{line}: " if line else f"{file}: "
        what = f"{key}: {found}" if key else found
        hint = f"; expected {expected}" if expected else ""
        super().__init__(" ".join(f"{where}{what}{hint}{suggestion(nearest)}".split()))

    def by_option(self, options: Mapping[str, str]) -> InputError:
        """The same error in the words of a command line.

        Parameters
        ----------
        options : mapping of str to str
            The command's options by the argument that each one sets.

        Returns
        -------
        InputError
            Another one.
        """

        def said(text: Any) -> Any:
            return (
                ARGUMENT.sub(lambda name: options.get(name[1], name[0]), text)
                if isinstance(text, str)
                else text
            )

        key = options.get(self.argument, self.argument) if self.argument else self.key
        told = InputError(
            self.found,
            expected=said(self.expected),
            file=said(self.file),
            line=self.line,
            key=key,
            nearest=self.nearest,
        )
        told.also = tuple(one.by_option(options) for one in self.also)
        return told


class ModelError(TokenomicsError):
    """The model is wrongly put together: an unknown variable, two writers, a missing signal."""


class BlockError(TokenomicsError):
    """A block raised inside a run; names block, function or variable, time and runs."""


class Remark(UserWarning):
    """What a reader of a result must know, though nothing went wrong.

    A Python warning, which a command shows as a line on stderr.
    """


def remark(text: str) -> None:
    """Warn of something in one line, at the line outside the package that called it."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(Remark(text), stacklevel=level)


def missing_extra(
    package: str, extra: str, key: str | None = None, *, argument: str | None = None
) -> InputError:
    """A package of an extra that is not installed. The name of this one is another project's on
    PyPI, so that a checkout is what installs it.
    """
    expected = f"the extra '{extra}': pip install '.[{extra}]' in a checkout of this package"
    return InputError(f"{package} is not installed", key=key, argument=argument, expected=expected)


def nearest(name: str, valid: Iterable[str]) -> str | None:
    """The valid name closest to a misspelt one, capitals or not, or None where nothing is close:
    one of the same letters first, of which some were exchanged.
    """
    names, given = {str(v).lower(): str(v) for v in valid}, str(name).lower()
    exchanged = [one for one in names if sorted(one) == sorted(given)]
    for some in (exchanged, names):
        for match in difflib.get_close_matches(given, some, n=1, cutoff=0.5):
            return names[match]
    return None


def suggestion(near: str | None) -> str:
    """The end of a message on a wrong name: what may have been meant, where anything is near."""
    return f"; did you mean '{near}'?" if near else ""


def printable(text: str) -> str:
    """One line without control characters: untrusted text must not steer a terminal."""
    return "".join(
        c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(text.split())
    )


def counted(count: int, noun: str, several: str | None = None) -> str:
    """A number with its noun: 1 case, 2 cases. several: the plural, where it is not the noun with
    an s.
    """
    return f"{count:,} {noun if count == 1 else several or noun + 's'}"


def lettering(text: str) -> str:
    """Text of others as it stands in a figure: dollars in it are no formula, which Matplotlib would
    read there, and fail on a wrong one.
    """
    return "\n".join(map(printable, text.split("\n"))).replace("$", r"\$")

"""Files: those of others are read within a stated limit, those of ours are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .errors import InputError

KINDS = {stat.S_IFDIR: "a directory", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def reason(error: OSError | ValueError) -> str:
    """What the system says of a path, without the path."""
    return getattr(error, "strerror", None) or " ".join(str(error).split())


def status(path: str | Path, expected: str = "a file") -> os.stat_result:
    """What the system knows of a plain file. Raises InputError where there is none, where it is something else, or where the name is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        raise InputError("no such file", file=_short(path), expected=expected) from None
    except (OSError, ValueError) as error:  # too long a name, a loop of links, a NUL in it
        raise InputError(f"cannot be read ({reason(error)})", file=_short(path), expected=expected) from None
    _plain(found, path, expected)
    return found


def read_bytes(path: str | Path, *, most: int, expected: str = "a file") -> bytes:
    """The content of a plain file of at most `most` bytes.

    expected: what should be there, for messages. A device or a pipe is refused, for it may never end, and so is a larger file, before it is
    read. Raises InputError.
    """
    status(path, expected)
    try:
        # not blocking, so that a pipe that took the file's place meanwhile does not wait for a writer
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb") as stream:
            found = os.fstat(stream.fileno())
            _plain(found, path, expected)
            if found.st_size > most:
                raise _too_large(path, found.st_size, most)
            content = stream.read(most + 1)  # what the system says of the size may be wrong, or old
    except OSError as error:
        raise InputError(f"cannot be read ({reason(error)})", file=_short(path), expected=expected) from None
    if len(content) > most:
        raise _too_large(path, len(content), most)
    return content


def read_text(path: str | Path, *, most: int, expected: str = "a text file in UTF-8") -> str:
    """The text of a plain file in UTF-8, with or without a byte order mark. Raises InputError; see `read_bytes`."""
    content = read_bytes(path, most=most, expected=expected)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"byte {error.start} is no UTF-8", file=path, line=line, expected=expected) from None


def refuse_existing(out: str | Path | None) -> None:
    """Raise InputError where the path exists: nothing is written over. None: nothing is to be written."""
    try:
        there = out is not None and bool(os.lstat(out))
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise _unwritten(out, error) from None
    if there:
        raise InputError("exists already", file=out, argument="out", expected="a path that does not exist yet")


def probe(out: str | Path | None) -> None:
    """Raise InputError where `out` could not be written, before there is anything to lose: it exists, or nothing can be written where it would be."""
    refuse_existing(out)
    if out is None:
        return
    parent = Path(out).absolute().parent
    while not os.path.lexists(parent):
        parent = parent.parent
    try:
        with tempfile.TemporaryDirectory(prefix=f".{_stem(out)}.partial-", dir=parent):
            pass
    except OSError as error:
        raise _unwritten(out, error) from None


@contextlib.contextmanager
def written_folder(out: str | Path) -> Iterator[Path]:
    """A new folder to fill, which becomes `out` when the block ends and vanishes when it fails.

    Raises InputError where `out` exists, also where it came to exist meanwhile, and where it cannot be written, a full disk among others.
    """
    out = Path(out)
    refuse_existing(out)
    with _beside(out) as partial:
        content = partial / "content"
        content.mkdir()
        yield content
        for file in content.rglob("*"):
            if file.is_file():
                _flush(file)
        refuse_existing(out)
        os.rename(content, out)


@contextlib.contextmanager
def written_file(out: str | Path) -> Iterator[Path]:
    """The path of a file to write, which becomes `out` when the block ends and vanishes when it fails. Raises InputError; see `written_folder`."""
    out = Path(out)
    refuse_existing(out)
    with _beside(out) as partial:
        content = partial / "content"
        yield content
        _flush(content)
        try:
            os.link(content, out)  # unlike a rename it never replaces what somebody else wrote meanwhile
        except FileExistsError:
            refuse_existing(out)
        except OSError:  # a file system without links
            refuse_existing(out)
            os.rename(content, out)


@contextlib.contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """A temporary folder on the same disk as `out`. What the system refuses is an error in one line."""
    partial = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{_stem(out)}.partial-", dir=out.parent))
        yield partial
    except BrokenPipeError:  # of the output, not of a file
        raise
    except OSError as error:
        raise _unwritten(out, error) from None
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)


def _flush(file: Path) -> None:
    with open(file, "rb") as stream:
        os.fsync(stream.fileno())


def _stem(out: str | Path) -> str:
    """The beginning of a name: with what is added it is no longer than a name may be."""
    return Path(out).name[:100]


def _short(path: str | Path) -> str:
    text = str(path)
    return text if len(text) <= 300 else f"{text[:300]}…"


def _plain(found: os.stat_result, path: str | Path, expected: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = KINDS.get(stat.S_IFMT(found.st_mode), "no plain file")
        raise InputError(kind, file=_short(path), expected=f"{expected}, saved as a plain file")


def _too_large(path: str | Path, size: int, most: int) -> InputError:
    return InputError(f"{size:,} bytes", file=_short(path), expected=f"at most {most:,} bytes")


def _unwritten(out: str | Path | None, error: OSError | ValueError) -> InputError:
    return InputError(f"cannot be written ({reason(error)})", file=_short(out or ""), argument="out", expected="a place with room for files")

"""Files: those of others are read within a stated limit, those of ours are written whole or not at
all.

What is being written lies in a folder `.NAME.partial-XXXXXXXX` beside its place, with a file that
its process holds locked. The system lets go of the lock when the process ends, however it ends: a
partial folder whose lock can be had is nobody's, and whoever writes next removes it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..errors import InputError

try:
    import fcntl
except ImportError:  # Windows, where nothing partial is locked or removed
    fcntl = None

KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
PARTIAL = re.compile(r"\..{1,100}\.partial-[a-z0-9_]{8}", re.DOTALL)  # as `mkdtemp` names them
CONTENT, LOCK = "content", "lock"  # in a partial folder
ATTEMPTS = 100  # at a folder of one's own, where others remove theirs at the same moment


def reason(error: OSError | ValueError) -> str:
    """What the system says of a path, without the path."""
    return getattr(error, "strerror", None) or " ".join(str(error).split())


def status(path: str | Path, expected: str = "a file") -> os.stat_result:
    """What the system knows of a plain file. Raises InputError where there is none, where it is
    something else, or where the name is none.
    """
    try:
        found = os.stat(path)
    except FileNotFoundError:
        raise InputError("no such file", file=_short(path), expected=expected) from None
    except (OSError, ValueError) as error:  # too long a name, a loop of links, a NUL in it
        raise InputError(
            f"cannot be read ({reason(error)})", file=_short(path), expected=expected
        ) from None
    _plain(found, path, expected)
    return found


def read_bytes(path: str | Path, *, most: int, expected: str = "a file") -> bytes:
    """The content of a plain file of at most `most` bytes.

    expected: what should be there, for messages. A device or a pipe is refused, for it may never
    end, and so is a larger file, before it is read. Raises InputError.
    """
    status(path, expected)
    try:
        # not blocking, so that a pipe that took the file's place meanwhile does not wait for a
        # writer
        with open(
            os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)),
            "rb",
        ) as stream:
            found = os.fstat(stream.fileno())
            _plain(found, path, expected)
            if found.st_size > most:
                raise _too_large(path, found.st_size, most)
            # as much is set aside as is asked for; what the system says may be wrong, or old
            content = stream.read(found.st_size + 1)
            if len(content) > found.st_size:
                content += stream.read(most + 1 - len(content))
    except OSError as error:
        raise InputError(
            f"cannot be read ({reason(error)})", file=_short(path), expected=expected
        ) from None
    if len(content) > most:
        raise _too_large(path, len(content), most)
    return content


def read_text(path: str | Path, *, most: int, expected: str = "a text file in UTF-8") -> str:
    """The text of a plain file in UTF-8, with or without a byte order mark. Raises InputError; see
    `read_bytes`.
    """
    content = read_bytes(path, most=most, expected=expected)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"byte {error.start} is no UTF-8", file=path, line=line, expected=expected
        ) from None


def refuse_existing(out: str | Path | None) -> None:
    """Raise InputError where the path exists: nothing is written over. None: nothing is to be
    written.
    """
    try:
        there = out is not None and bool(os.lstat(out))
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise _unwritten(out, error) from None
    if there:
        raise InputError(
            "exists already", file=out, argument="out", expected="a path that does not exist yet"
        )


def probe(out: str | Path | None) -> None:
    """Raise InputError where `out` could not be written, before there is anything to lose: it
    exists, or nothing can be written where it would be.
    """
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

    Raises InputError where `out` exists, also where it came to exist meanwhile, and where it cannot
    be written, a full disk among others.
    """
    out = Path(out)
    refuse_existing(out)
    with _beside(out) as partial:
        content = partial / CONTENT
        content.mkdir()
        yield content
        for file in content.rglob("*"):
            if file.is_file():
                _flush(file)
        refuse_existing(out)
        try:
            os.rename(content, out)
        except OSError:
            refuse_existing(out)  # another process was the first
            raise


@contextlib.contextmanager
def written_file(out: str | Path) -> Iterator[Path]:
    """The path of a file to write, which becomes `out` when the block ends and vanishes when it
    fails. Raises InputError; see `written_folder`.
    """
    out = Path(out)
    refuse_existing(out)
    with _beside(out) as partial:
        content = partial / CONTENT
        yield content
        _flush(content)
        try:
            os.link(
                content, out
            )  # unlike a rename it never replaces what somebody else wrote meanwhile
        except FileExistsError:
            refuse_existing(out)
        except OSError:  # a file system without links
            refuse_existing(out)
            os.rename(content, out)


@contextlib.contextmanager
def replaced_file(out: str | Path) -> Iterator[Path]:
    """The path of a file to write, which takes the place of `out` when the block ends and vanishes
    when it fails. Raises InputError.
    """
    out = Path(out)
    with _beside(out) as partial:
        content = partial / CONTENT
        yield content
        _flush(content)
        os.replace(content, out)


def is_partial(name: str) -> bool:
    """Whether a file's name is that of a partial folder."""
    return bool(PARTIAL.fullmatch(name))


def remove_partials(folder: str | Path, name: str | None = None) -> None:
    """Remove the partial folders of killed processes in a folder. name: of what they were to
    become, any by default.
    """
    begin = "." if name is None else f".{_stem(name)}.partial-"
    if fcntl is None:
        return
    try:
        with os.scandir(folder) as entries:
            found = [
                e.path
                for e in entries
                if e.name.startswith(begin)
                and is_partial(e.name)
                and e.is_dir(follow_symlinks=False)
            ]
    except OSError:
        return
    for partial in found:
        with contextlib.suppress(OSError):
            if not set(os.listdir(partial)) <= {CONTENT, LOCK}:
                continue  # somebody else's, whatever its name
            held = _locked(Path(partial))
            if held is not None:
                shutil.rmtree(partial, ignore_errors=True)
                os.close(held)


def _locked(partial: Path) -> int | None:
    """The lock of a partial folder, to be closed; None where another process has it. Raises OSError
    where there can be none.
    """
    held = os.open(partial / LOCK, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(held)
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return None
        raise
    return held


def _own_partial(out: Path) -> tuple[Path, int | None]:
    """A new partial folder and its lock. Between its making and its locking it looks like a killed
    process's: where one took it, make another.
    """
    for _ in range(ATTEMPTS):
        partial = Path(tempfile.mkdtemp(prefix=f".{_stem(out)}.partial-", dir=out.parent))
        if fcntl is None:
            return partial, None
        try:
            held = _locked(partial)
        except FileNotFoundError:
            continue
        except OSError:
            return (
                partial,
                None,
            )  # a file system without locks: nobody can have it, so that nobody removes it
        if held is None:
            continue
        if (partial / LOCK).exists():
            return partial, held
        os.close(held)
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))


@contextlib.contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """A partial folder on the same disk as `out`. What the system refuses is an error in one
    line.
    """
    partial, held = None, None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        remove_partials(out.parent, out.name)
        partial, held = _own_partial(out)
        yield partial
    except BrokenPipeError:  # of the output, not of a file
        raise
    except OSError as error:
        raise _unwritten(out, error) from None
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)
        if held is not None:
            os.close(held)


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
    return InputError(
        f"cannot be written ({reason(error)})",
        file=_short(out or ""),
        argument="out",
        expected="a place with room for files",
    )

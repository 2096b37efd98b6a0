"""Machine code by LLVM, kept in the user's cache folder, so that a later process needs not make it
again.

What is kept is an object file with a checksum, named by everything that it depends on: what was
asked for, the text of this package's code that writes instructions, the processor, and llvmlite's
version. A file that is not as it was written, or that another user could have written, is ignored
and made anew; what was not used for longest gives way. `TOKENOMICS_CACHE` names another folder, and
`off` keeps nothing. `TOKENOMICS_CPU` is the processor to make code for in place of this one:
results do not depend on it.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm

from ..errors import InputError, nearest

CACHE, CPU = "TOKENOMICS_CACHE", "TOKENOMICS_CPU"  # in the environment
OFF = "off"
MOST_FILES, MOST_BYTES = 1000, 64 * 2**20  # kept
X86 = "x86_64"
# by LLVM's name what a processor must have; of a name that it does not know it ends the process
LEVELS = {
    "generic": (),
    "x86-64": (),
    "x86-64-v2": ("sse4.2", "popcnt"),
    "x86-64-v3": ("avx2", "bmi2", "fma"),
    "x86-64-v4": ("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"),
}
WRITERS = ("elementary", "engines")  # rooms whose text decides what is written


class MachineCode:
    """Machine code in memory, as long as this object lives."""

    def __init__(self, machine: Any, content: bytes):
        module = llvm.parse_assembly("")
        module.triple = machine.triple
        self._engine = llvm.create_mcjit_compiler(module, machine)
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(content))
        self._engine.finalize_object()

    def address(self, name: str) -> int:
        """Where a function or an array begins."""
        found = self._engine.get_function_address(name)
        return found or self._engine.get_global_value_address(name)

    def function(self, name: str, *kinds: Any) -> Callable[..., None]:
        """A function of C types without a result."""
        made = ctypes.CFUNCTYPE(None, *kinds)(self.address(name))
        made.code = self  # which must live as long
        return made


def load(wanted: str, write: Callable[[], str]) -> MachineCode:
    """The code of what is wanted.

    wanted: names it, and everything that it depends on beside this package's own text. write: its
    LLVM assembly, which is asked for only where the code is not kept.
    """
    machine, processor = _machine()
    folder = _folder()
    key = hashlib.sha256("\n".join((wanted, _text(), processor)).encode()).hexdigest()
    content = folder and _kept(folder / key)
    if content:
        return MachineCode(machine, content)
    content = _compiled(machine, write())
    if folder:
        _keep(folder / key, content)
    return MachineCode(machine, content)


def _machine() -> tuple[Any, str]:
    """LLVM's description of the processor, and all that it depends on as a text."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu = os.environ.get(CPU, "")
    if cpu:
        _expect_processor(cpu)
    features = "" if cpu else llvm.get_host_cpu_features().flatten()
    cpu = cpu or llvm.get_host_cpu_name()
    target = llvm.Target.from_default_triple()
    machine = target.create_target_machine(
        cpu=cpu, features=features, opt=3, codemodel="jitdefault", jit=True
    )
    return machine, f"{machine.triple} {cpu} {features} llvmlite {llvmlite.__version__}"


def _expect_processor(name: str) -> None:
    """Raise InputError unless code for a processor of this name runs on this one."""
    here = llvm.get_process_triple().startswith(X86)
    known = [one for one in LEVELS if here or one == "generic"]
    if name not in known:
        raise InputError(
            f"'{name}'",
            key=CPU,
            expected=f"one of {', '.join(known)}",
            nearest=nearest(name, known),
        )
    has = llvm.get_host_cpu_features()
    if lacking := [feature for feature in LEVELS[name] if not has.get(feature)]:
        raise InputError(
            f"'{name}', and this processor has no {lacking[0]}",
            key=CPU,
            expected="an older one, or none",
        )


def _compiled(machine: Any, assembly: str) -> bytes:
    """Instructions are taken as they are written: LLVM's passes over them take longer than all
    else here, and save a twentieth of a simulation's time at most.
    """
    module = llvm.parse_assembly(assembly)
    module.verify()
    return machine.emit_object(module)


@lru_cache(maxsize=1)
def _text() -> str:
    """A checksum of the modules that write instructions."""
    found = hashlib.sha256()
    for room in WRITERS:
        for file in sorted((Path(__file__).parents[1] / room).glob("*.py")):
            found.update(file.read_bytes())
    return found.hexdigest()


def _folder() -> Path | None:
    """Where code is kept, the user's own; None where nothing is."""
    chosen = os.environ.get(CACHE, "")
    if chosen == OFF:
        return None
    if chosen:
        base = Path(chosen)
    elif os.environ.get("XDG_CACHE_HOME"):
        base = Path(os.environ["XDG_CACHE_HOME"]) / "tokenomics"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches" / "tokenomics"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", tempfile.gettempdir())) / "tokenomics" / "cache"
    else:
        base = Path.home() / ".cache" / "tokenomics"
    folder = base / "code"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder if _own(folder.stat()) else None
    except OSError:
        return None


def _own(found: os.stat_result) -> bool:
    """Whether nobody but this user can have written it."""
    if not hasattr(os, "getuid"):
        return True
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _kept(path: Path) -> bytes | None:
    try:
        with open(path, "rb") as stream:
            if not _own(os.fstat(stream.fileno())):
                return None
            checksum, content = stream.read(32), stream.read()
    except OSError:
        return None
    if hashlib.sha256(content).digest() != checksum:
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # it was used
    return content


def _keep(path: Path, content: bytes) -> None:
    """Write it whole or not at all; a full disk or a folder that is not ours is no error."""
    with contextlib.suppress(OSError):
        descriptor, partial = tempfile.mkstemp(dir=path.parent)
        try:
            with open(descriptor, "wb") as stream:
                stream.write(hashlib.sha256(content).digest() + content)
            os.replace(partial, path)
        except OSError:
            os.unlink(partial)
            raise
        _make_room(path.parent)


def _make_room(folder: Path) -> None:
    """Remove what was not used for longest, where more is kept than should be."""
    files = sorted(((file.stat(), file) for file in folder.iterdir()), key=lambda f: -f[0].st_mtime)
    total = 0
    for number, (about, file) in enumerate(files):
        total += about.st_size
        if number >= MOST_FILES or total > MOST_BYTES:
            file.unlink(missing_ok=True)

"""Machine code is kept on disk for later processes, and nothing but what this package wrote there
itself is ever run.
"""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tokenomics.elementary import machine_code
from tokenomics.elementary.machine_code import load
from tokenomics.engines import instructions
from tokenomics.errors import InputError

NUMBER = ctypes.c_double


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where code is kept, empty."""
    monkeypatch.setenv("TOKENOMICS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "code"


class Writer:
    """Assembly of a function that puts a number where it is told to, and how often it was asked
    for.
    """

    def __init__(self, number=3.0):
        self.number, self.asked = number, 0

    def __call__(self):
        self.asked += 1
        text = "define void @put(double* %p) {{ store double {:e}, double* %p ret void }}"
        return text.format(self.number)

    def result(self, wanted="test"):
        """What the function that is loaded puts."""
        found = NUMBER()
        load(wanted, self).function("put", ctypes.c_void_p)(ctypes.addressof(found))
        return found.value


def only(folder):
    (file,) = folder.iterdir()
    return file


def test_code_is_made_once(folder):
    write = Writer()
    assert [write.result() for _ in range(3)] == [3.0] * 3
    assert write.asked == 1
    assert Writer(4.0).result() == 3.0  # what is wanted names it
    assert Writer(4.0).result("another") == 4.0
    assert len([*folder.iterdir()]) == 2


def test_nobody_else_may_write_or_read_what_is_kept(folder):
    Writer().result()
    if hasattr(os, "getuid"):
        assert folder.stat().st_mode & 0o777 == 0o700
        assert only(folder).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("what", ["_text", "llvmlite version", "processor"])
def test_other_code_or_another_processor_is_another_file(folder, monkeypatch, what):
    write = Writer()
    write.result()
    if what == "_text":
        monkeypatch.setattr(machine_code, "_text", lambda: "of another version")
    elif what == "processor":
        monkeypatch.setenv("TOKENOMICS_CPU", "generic")
    else:
        monkeypatch.setattr(machine_code.llvmlite, "__version__", "0.0")
    assert write.result() == 3.0
    assert write.asked == 2
    assert len([*folder.iterdir()]) == 2


def test_the_text_of_every_module_that_writes_code_counts(tmp_path, monkeypatch):
    package = Path(machine_code.__file__).parents[1]
    for room in machine_code.WRITERS:
        shutil.copytree(package / room, tmp_path / room)
    monkeypatch.setattr(machine_code, "__file__", str(tmp_path / "elementary" / "machine_code.py"))
    text = machine_code._text.__wrapped__
    assert text() == machine_code._text()
    for file in (tmp_path / "elementary" / "vectors.py", tmp_path / "engines" / "instructions.py"):
        before = text()
        file.write_text(file.read_text() + "#")
        assert text() != before


def changed(place):
    def damage(file):
        content = bytearray(file.read_bytes())
        content[place] ^= 1
        file.write_bytes(content)

    return damage


def by_anyone(file):
    file.chmod(0o620)


def cut(file):
    file.write_bytes(file.read_bytes()[:-10])


def nothing(file):
    file.write_bytes(b"")


@pytest.mark.parametrize("damage", [changed(0), changed(100), changed(-1), cut, nothing, by_anyone])
def test_a_file_that_is_not_as_it_was_written_is_replaced(folder, damage):
    write = Writer()
    write.result()
    good = only(folder).read_bytes()
    damage(only(folder))
    assert write.result() == 3.0
    assert write.asked == 2
    assert only(folder).read_bytes() == good
    assert write.result() == 3.0
    assert write.asked == 2
    assert only(folder).stat().st_mode & 0o777 == 0o600 or os.name == "nt"


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="files have no such owners")
def test_files_of_another_user_are_not_read(folder, monkeypatch):
    write = Writer()
    write.result()
    own = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: own + 1)
    assert write.result() == 3.0
    assert write.asked == 2


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="folders have no such modes")
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o722])
def test_a_folder_that_others_may_write_to_is_not_used(folder, mode):
    folder.mkdir(parents=True)
    folder.chmod(mode)
    write = Writer()
    assert [write.result(), write.result()] == [3.0, 3.0]
    assert write.asked == 2
    assert not [*folder.iterdir()]


def test_nothing_is_kept_where_the_cache_is_off(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("TOKENOMICS_CACHE", "off")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    write = Writer()
    assert [write.result(), write.result()] == [3.0, 3.0]
    assert write.asked == 2
    assert not [*tmp_path.iterdir()]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have other folders")
def test_the_folder_is_the_user_s_own_where_none_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv("TOKENOMICS_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    Writer().result()
    assert only(tmp_path / "xdg" / "tokenomics" / "code")
    monkeypatch.delenv("XDG_CACHE_HOME")
    Writer().result()
    assert only(tmp_path / "home" / ".cache" / "tokenomics" / "code")


def test_where_nothing_can_be_written_code_is_made_anew(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("TOKENOMICS_CACHE", str(tmp_path / "file" / "cache"))
    write = Writer()
    assert [write.result(), write.result()] == [3.0, 3.0]
    assert write.asked == 2


def test_a_full_disk_is_no_error_and_leaves_nothing_partial(folder, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert Writer().result() == 3.0
    assert not [*folder.iterdir()]


@pytest.mark.parametrize(("files", "size"), [(3, 2**20), (99, None)])
def test_what_was_not_used_for_longest_gives_way(folder, monkeypatch, files, size):
    for i in range(3):
        Writer(1.0 + i).result(f"code {i}")
    size = size or sum(file.stat().st_size for file in folder.iterdir())
    monkeypatch.setattr(machine_code, "MOST_FILES", files)
    monkeypatch.setattr(machine_code, "MOST_BYTES", size)
    for age, file in enumerate(sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)):
        os.utime(file, (age, age))
    Writer(1.0).result("code 0")  # the oldest is used
    Writer(4.0).result("code 3")
    asked = []
    for i in (0, 3, 2, 1):  # the last is made anew
        write = Writer(1.0 + i)
        assert write.result(f"code {i}") == 1.0 + i
        asked.append(write.asked)
    assert asked == [0, 0, 0, 1]
    assert len([*folder.iterdir()]) == 3


TOGETHER = """
import numpy as np
from tokenomics.elementary import exp
print(exp(np.linspace(-1.0, 1.0, 100)).tobytes().hex())
"""


def test_two_processes_at_once_do_not_disturb_each_other(folder):
    started = [
        subprocess.Popen([sys.executable, "-c", TOGETHER], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    printed = {process.communicate()[0] for process in started}
    assert [process.returncode for process in started] == [0, 0, 0]
    assert len(printed) == 1
    assert len([*folder.iterdir()]) == 1


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("x86-64-v33", r"TOKENOMICS_CPU: 'x86-64-v33'; expected one of .*generic.*"),
        ("pentium", r"TOKENOMICS_CPU: 'pentium'; expected one of .*generic.*"),
    ],
)
def test_a_processor_that_llvm_does_not_know_is_refused(monkeypatch, name, told):
    monkeypatch.setenv("TOKENOMICS_CPU", name)
    with pytest.raises(InputError, match=told):
        load("test", Writer())


def test_a_processor_that_can_more_than_this_one_is_refused(monkeypatch):
    monkeypatch.setattr(machine_code.llvm, "get_process_triple", lambda: "x86_64-unknown-linux-gnu")
    monkeypatch.setattr(machine_code.llvm, "get_host_cpu_features", lambda: {"avx2": True})
    monkeypatch.setenv("TOKENOMICS_CPU", "x86-64-v4")
    with pytest.raises(InputError, match="this processor has no avx512f; expected an older one"):
        load("test", Writer())


@pytest.mark.parametrize("text", ["0", "7", "128", "eight", "-8"])
def test_a_number_of_lanes_that_cannot_be_is_refused(monkeypatch, text):
    monkeypatch.setenv("TOKENOMICS_LANES", text)
    told = f"TOKENOMICS_LANES: '{text}'; expected one of 4, 8, 16, 32, 64"
    with pytest.raises(InputError, match=told):
        instructions._lanes()


@pytest.mark.parametrize(("avx512", "expected"), [(True, 8), (False, 4)])
def test_runs_side_by_side_fill_vectors_of_the_processor(monkeypatch, avx512, expected):
    monkeypatch.delenv("TOKENOMICS_LANES")
    monkeypatch.setattr(
        instructions.llvm, "get_host_cpu_features", lambda: {"avx2": True, "avx512f": avx512}
    )
    assert instructions._lanes() == expected


PRICES = """
import tokenomics as tk
result = tk.run("baseline", days=3, runs=9, engine="ensemble")
prices = result.dataset["token_price"].values.tobytes().hex()
"""


@pytest.mark.slow
def test_results_do_not_depend_on_the_number_of_lanes():
    """More than the tests'; those of an old processor are test_same_bits.py's."""
    usual = os.environ | {"TOKENOMICS_LANES": "8"}
    code = PRICES + "print(prices)"
    done = subprocess.run([sys.executable, "-c", code], env=usual, capture_output=True, text=True)
    here = {}
    exec(PRICES, here)
    assert done.stdout.strip() == here["prices"], done.stderr

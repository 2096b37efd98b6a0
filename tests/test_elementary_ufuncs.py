"""The compiled loops of the elementary functions give the bits of their NumPy form, however the
numbers lie in memory, on every processor that code is made for, and in threads.
"""

import os
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tokenomics.elementary import FUNCTIONS, exp, power
from tokenomics.elementary.functions import TABLE
from tokenomics.elementary.operations import Arrays
from ulps import arguments

COUNT = 300  # of arguments in a region
ANY = 20_000  # numbers of any bits


def everything(name):
    """Arguments of a function from all its regions, and numbers of any bits, special ones among
    them.
    """
    draw = np.random.Generator(np.random.Philox(key=3)).integers
    given = []
    for hard in arguments(name, COUNT):
        special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 2.0, 5e-324, -5e-324, 1e308]
        bits = draw(0, 2**64, ANY, dtype=np.uint64).view(float)
        given.append(np.concatenate([hard, draw(2, size=400) * 0.5, special * 40, bits]))
    if len(given) == 2:  # special ones with one another
        given[1] = np.roll(given[1], -3)
        given[1][-ANY // 2 :] = draw(-9, 9, ANY // 2)
    return given


def reference(name, *given):
    with np.errstate(all="ignore"):
        return TABLE[name].form(Arrays, *given)


def compiled(name, *given, **options):
    with np.errstate(all="ignore"):
        return FUNCTIONS[name](*given, **options)


def same_bits(a, b):
    """Whether two arrays have the same bits; NaN are alike."""
    a, b = np.array(a), np.array(b)
    same = a.shape == b.shape and (a.view(np.int64) == b.view(np.int64)) | np.isnan(a) & np.isnan(b)
    return bool(np.all(same))


@pytest.mark.parametrize("name", TABLE)
def test_the_compiled_loop_has_the_bits_of_the_form(name):
    given = everything(name)
    result = compiled(name, *given)
    assert same_bits(result, reference(name, *given))
    assert np.mean(np.isfinite(result)) > 0.2


@pytest.mark.parametrize("name", TABLE)
def test_a_number_does_not_depend_on_its_place_or_its_neighbours(name):
    given = arguments(name, 3)
    whole = compiled(name, *given)
    size = len(whole)
    for count in range(1, 18):
        for start in range(0, size - count, count):
            part = [x[start : start + count] for x in given]
            assert same_bits(compiled(name, *part), whole[start : start + count])
    for part in (slice(None, None, -1), slice(None, None, 3), slice(1, None, -1)):
        assert same_bits(compiled(name, *(x[part] for x in given)), whole[part])
    for i, found in enumerate(whole):
        alone = compiled(name, *(x[i] for x in given))
        assert type(alone) is np.float64
        assert same_bits(alone, found)
        assert same_bits(compiled(name, *(float(x[i]) for x in given)), found)
    square = size // 2 * 2
    columns = [x[:square].reshape(2, -1).T for x in given]
    assert same_bits(compiled(name, *columns), whole[:square].reshape(2, -1).T)
    shifted = [np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(float) for x in given]
    assert not shifted[0].flags.aligned
    assert same_bits(compiled(name, *shifted), whole)


@pytest.mark.parametrize("name", TABLE)
def test_results_are_put_where_they_are_wanted(name):
    given = arguments(name, 5)
    whole = compiled(name, *given)
    size = len(whole)
    room = np.full(3 * size, 7.0)
    assert compiled(name, *given, out=room[:size]).base is room
    assert same_bits(room[:size], whole) and np.all(room[size:] == 7.0)
    room[:] = 7.0
    compiled(name, *given, out=room[2::3])
    assert same_bits(room[2::3], whole)
    assert np.all(room[::3] == 7.0) and np.all(room[1::3] == 7.0)
    room[:] = 7.0
    compiled(name, *given, out=room[size - 1 :: -1])
    assert same_bits(room[size - 1 :: -1], whole)
    wanted = np.arange(size) % 3 > 0
    room[:] = 7.0
    compiled(name, *given, out=room[:size], where=wanted)
    assert same_bits(room[:size], np.where(wanted, whole, 7.0))
    for i in range(len(given)):  # in place of an argument, and of one that is moved by a number
        own = [x.copy() for x in given]
        compiled(name, *own, out=own[i])
        assert same_bits(own[i], whole)
        room[: size + 1] = np.append(given[i], 0.0)
        moved = [room[:size] if i == j else x for j, x in enumerate(given)]
        compiled(name, *moved, out=room[1 : size + 1])
        assert same_bits(room[1 : size + 1], whole)


def test_shapes_and_kinds_are_those_of_numpy():
    assert exp(np.empty((0, 3))).shape == (0, 3)
    assert exp(np.float32(0.5)).dtype == float
    assert exp(np.array([1, 2])).dtype == float
    assert exp(np.array(1.0)).shape == ()
    x, y = np.linspace(0.5, 3.0, 11), np.linspace(-2.0, 2.0, 5)
    table = power(x[:, None], y)
    assert table.shape == (11, 5)
    assert same_bits(table, [[power(one, other) for other in y] for one in x])
    assert same_bits(power(2.0, y), power(np.full(5, 2.0), y))
    assert same_bits(power(x, 0.7), power(x, np.full(11, 0.7)))
    assert same_bits(exp(np.broadcast_to(1.5, 20)), np.full(20, exp(1.5)))
    with pytest.raises(ValueError, match="broadcast"):
        power(x, y)


@pytest.mark.parametrize("name", TABLE)
def test_threads_have_the_same_bits(name):
    given = [np.tile(x, 20) for x in arguments(name, 100)]
    whole = compiled(name, *given)
    with ThreadPoolExecutor(4) as threads:
        for found in threads.map(lambda _: compiled(name, *given), range(8)):
            assert same_bits(found, whole)


FIRST_CALLS = """
import threading
import numpy as np
from tokenomics.elementary import FUNCTIONS
names = [name for name in FUNCTIONS if name != "power"] * 4
x, found, ready = np.linspace(0.1, 0.9, 1001), {}, threading.Barrier(len(names))
def call(i):
    ready.wait()
    found[i] = FUNCTIONS[names[i]](x).tobytes()
threads = [threading.Thread(target=call, args=(i,)) for i in range(len(names))]
[t.start() for t in threads], [t.join() for t in threads]
assert all(found[i] == FUNCTIONS[names[i]](x).tobytes() for i in range(len(names)))
"""


def test_the_first_call_may_come_from_many_threads(tmp_path):
    environment = {**os.environ, "TOKENOMICS_CACHE": "off"}
    done = subprocess.run(
        [sys.executable, "-c", FIRST_CALLS], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


BITS = """
import sys
import numpy as np
from test_elementary_ufuncs import TABLE, compiled, everything
for name in TABLE:
    np.save(f"{sys.argv[1]}/{name}", compiled(name, *everything(name)))
"""
CPUS = ["x86-64", "x86-64-v3", "x86-64-v4"]


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="names of x86 processors")
@pytest.mark.parametrize("cpu", CPUS)
def test_code_for_another_processor_gives_the_same_bits(cpu, tmp_path):
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    needs = {"x86-64-v3": "avx2", "x86-64-v4": "avx512vl"}.get(cpu)
    if needs and not features.get(needs):
        pytest.skip(f"this processor has no {needs}")
    environment = {**os.environ, "TOKENOMICS_CPU": cpu, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", BITS, str(tmp_path)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for name in TABLE:
        assert same_bits(np.load(tmp_path / f"{name}.npy"), compiled(name, *everything(name)))

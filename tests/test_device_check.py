"""The check of a card, driven on the host: with NumPy, and with the CUDA source on a stand-in."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from device import check, table
from host_cublas import CUBLAS
from host_gpu import HostGPU, compiled
from host_stream import TAPE, Stream
from tokenomics.capacity import backend, benchmark, ceilings, cupy_kernels, decoder
from tokenomics.capacity.hardware import hardware
from tokenomics.capacity.numpy_operations import NumPyOperations
from tokenomics.capacity.shapes import shape

FEW = 8  # threads in a block of the stand-in
SCRIPT = Path(__file__).parent / "device" / "check.sh"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    if shutil.which("g++") is None:
        pytest.skip("g++ is not installed")
    return compiled(tmp_path_factory.mktemp("few"), FEW)


@pytest.fixture
def clock(monkeypatch):
    """Time counted by the operations of products, at 1 TFLOP/s: no time of this machine decides."""
    done = [0.0]

    def timed(self, step, repeats, seconds):
        before = done[0]
        step()
        return [1e-8 + 1e-12 * (done[0] - before)] * 3

    def counting(name):
        right = getattr(NumPyOperations, name)

        def product(self, a, b, out):
            done[0] += 2.0 * out.size * a.shape[-1]
            right(self, a, b, out)

        return product

    def gemm(*given):
        m, n, k, count = (given[i] for i in (3, 4, 5, 20))
        TAPE.do(lambda: done.__setitem__(0, done[0] + 2.0 * m * n * k * count))
        right_gemm(*given)

    right_gemm = CUBLAS.gemm_strided_batched_ex
    monkeypatch.setattr(CUBLAS, "gemm_strided_batched_ex", gemm)
    for name in ("linear", "scores", "mix"):
        monkeypatch.setattr(NumPyOperations, name, counting(name))
    for kind in (NumPyOperations, HostGPU):
        monkeypatch.setattr(kind, "timed", timed)


@pytest.fixture
def asked(clock, tmp_path, monkeypatch):
    """Arguments of a check that takes a second: sizes and model are small."""
    for kind in ("gpu", "cpu"):
        monkeypatch.setitem(ceilings.COPY_BYTES, kind, 2**22)
        monkeypatch.setitem(ceilings.PRODUCT, kind, 64)
        monkeypatch.setitem(benchmark.DECODE, kind, [(b, c) for c in (7, 255) for b in (1, 16)])
        monkeypatch.setitem(benchmark.PREFILL, kind, (4, 64))
    monkeypatch.setattr(cupy_kernels, "THREADS", FEW)
    monkeypatch.setattr(decoder, "PIECE", 24)
    monkeypatch.setattr(check, "LONG", 40)
    monkeypatch.setattr(check, "CEILING_SECONDS", 0.01)
    for module in (benchmark, ceilings):
        monkeypatch.setattr(module, "REPEATS", 3)
    small = shape("tiny").model_copy(
        update=check.SMALL | {"width": 64, "mlp_width": 64, "vocabulary": 64}
    )
    monkeypatch.setattr(check, "SMALL", small.model_dump())
    file = tmp_path / "small.yaml"
    with file.open("w") as stream:
        YAML().dump(small.model_dump(), stream)
    return ["--model", str(file), "--seconds", "60", "--out", str(tmp_path / "device.yaml")]


def numpy(*_):
    return NumPyOperations(), "NumPy"


def last_line(capsys):
    return capsys.readouterr().out.splitlines()[-1]


def test_a_check_on_numpy_passes_and_leaves_a_file_and_a_table(asked, capsys):
    assert check.main(["--backend", "numpy", *asked]) == check.PASSED
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("passed: all 23 checks on CPU")
    assert lines[-1].endswith("kernel, decoder, capture, ceiling, times, file")
    header = next(i for i, line in enumerate(lines) if line.split()[:2] == ["batch", "context"])
    assert [line.split()[:3] for line in lines[header + 1 : header + 7]] == [
        *([b, c, "1"] for c in ("7", "255") for b in ("1", "16")),
        *(["1", "0", tokens] for tokens in ("4", "64")),
    ]
    assert hardware(asked[-1]).measured.figure_of == "cpu"
    assert check.main(["--backend", "numpy", *asked]) == check.WRONG
    assert "is there already" in last_line(capsys)


def test_a_check_of_the_cuda_source_passes_on_a_stand_in_for_a_card(library, asked, capsys):
    assert check.main(asked, lambda *_: (HostGPU(library), "stand-in")) == check.PASSED
    assert "on stand-in on the host" in last_line(capsys)
    found = hardware(asked[-1])
    assert (found.measured.backend, found.measured.figure_of) == ("cupy", "gpu")


def wrong_gate(monkeypatch):
    monkeypatch.setattr(
        NumPyOperations, "gated", lambda s, both, out: np.copyto(out, both[:, : out.shape[1]])
    )
    return "kernel gated 3x16 in fp32"


def wrong_last_element(monkeypatch):
    right = NumPyOperations.norm

    def norm(self, x, gain, epsilon, out):
        right(self, x, gain, epsilon, out)
        out[-1, -1] *= 1.01

    monkeypatch.setattr(NumPyOperations, "norm", norm)
    return "kernel norm 9x300 in fp32"


def a_break(monkeypatch):
    def broken(*_):
        raise RuntimeError("an illegal memory access was encountered")

    monkeypatch.setattr(NumPyOperations, "softmax", broken)
    return "kernel softmax 2x4x4x11x10 in fp32"


def a_clock_that_stands(monkeypatch):
    right = benchmark._point

    def point(*arguments):
        seen = right(*arguments)
        return seen.model_copy(update={"median_ms": 1e-3 * seen.median_ms})

    monkeypatch.setattr(benchmark, "_point", point)
    return "times within the ceilings"


@pytest.mark.parametrize("damage", [wrong_gate, wrong_last_element, a_break, a_clock_that_stands])
def test_a_check_fails_by_name_and_goes_on(damage, asked, capsys, monkeypatch):
    name = damage(monkeypatch)
    assert check.main(["--backend", "numpy", *asked], numpy) == check.FAILED
    line = last_line(capsys)
    assert line.startswith("FAILED:") and name in line
    assert not Path(asked[-1]).exists()


def test_a_capture_that_misses_work_or_allocates_fails(library, asked, capsys, monkeypatch):
    right = Stream.end_capture

    def end_capture(self):
        graph = right(self)
        return type(graph)(launch=lambda stream: None)

    monkeypatch.setattr(Stream, "end_capture", end_capture)
    assert check.main(asked, lambda *_: (HostGPU(library), "stand-in")) == check.FAILED
    assert "capture in fp32" in last_line(capsys)

    class Allocating(HostGPU):
        def add(self, x, y):
            super().add(x, self.xp.asarray(y))

    monkeypatch.setattr(Stream, "end_capture", right)
    assert check.main(asked, lambda *_: (Allocating(library), "stand-in")) == check.FAILED
    assert "capture in fp32, allocations" in last_line(capsys)


def test_ceilings_far_from_the_cards_data_sheet_fail(capsys):
    report, sheet = check.Report(), hardware("h200")
    near = sheet.bandwidth.model_copy(update={"value": 0.9 * sheet.bandwidth.value})
    far = sheet.rates["fp16"].model_copy(update={"value": 0.1 * sheet.rates["fp16"].value})
    found = sheet.model_copy(update={"bandwidth": near, "rates": {"fp16": far}})
    table.beside_sheet(report, found, sheet)
    assert report.passed == ["ceiling bandwidth against the data sheet"]
    assert report.failed == ["ceiling rate in fp16 against the data sheet"]
    assert "98.9 TFLOP/s is 10% of 989" in capsys.readouterr().out


@pytest.mark.parametrize(("copied", "status"), [(2**10, check.FAILED), (2**22, check.PASSED)])
def test_a_model_that_a_cache_may_hold_may_be_read_faster_than_memory(
    copied, status, asked, capsys, monkeypatch
):
    monkeypatch.setattr(benchmark, "ceilings", lambda *_: (1e6, 1e12))
    monkeypatch.setitem(ceilings.COPY_BYTES, "cpu", copied)
    assert check.main(["--backend", "numpy", *asked]) == status
    assert ("cache may hold" in capsys.readouterr().out) == (status == check.PASSED)


def test_the_table_stands_beside_the_published_figures_of_the_card(asked, capsys):
    assert check.main(["--backend", "numpy", *asked]) == check.PASSED
    found, sheet = hardware(asked[-1]), hardware("h200")
    sheet = sheet.model_copy(update={"rates": {"fp32": sheet.rates["fp16"]}})
    capsys.readouterr()
    table.table(found, shape(asked[1]), sheet)
    title, first, *_ = capsys.readouterr().out.splitlines()
    names = "batch context new ms spread token/s of ceiling of sheet fitted ms ratio published ms"
    assert title.split() == [*names.split(), "ratio"]
    cells = [float(cell.rstrip("%")) for cell in first.split()]
    assert cells[11] == pytest.approx(cells[10] / cells[3], rel=1e-3, abs=0.01)
    assert cells[7] < cells[6]


def test_the_script_says_what_is_missing_with_a_status_of_its_own(tmp_path):
    if backend._gpu()[0] is not None:
        pytest.skip("a card is here")
    done = subprocess.run(
        ["sh", str(SCRIPT), "--out", str(tmp_path / "device.yaml")],
        env=os.environ | {"PYTHON": sys.executable},
        capture_output=True,
        text=True,
    )
    assert done.returncode == check.ABSENT, done.stderr
    assert done.stdout.startswith("nothing was checked: ")

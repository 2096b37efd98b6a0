"""What can be held against CUDA's own packages without a card: the compiler for every architecture,
the signatures of CuPy and nvmath-python, the strides of CuPy's arrays. Skipped without them.
"""

import ctypes
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from cuda_calls import fault, faults, signature, told

from device import check
from host_cublas import CUBLAS, CuBLASLt
from host_gpu import HostGPU
from host_stream import OnHost
from tokenomics.capacity import ceilings, cupy_fp8, cupy_kernels, cupy_operations
from tokenomics.errors import InputError

ROOT = Path(__file__).parents[1]
SOURCES = [
    *(ROOT / "tokenomics" / "capacity" / f"{name}.py" for name in (
        "cupy_operations", "cupy_fp8", "backend", "reference", "decoder")),
    *(ROOT / "tests" / "device" / f"{name}.py" for name in ("check", "kernels")),
]  # fmt: skip
ARCHITECTURES = (80, 89, 90, 100, 120)  # A100, L40S and RTX 4090, H100 and H200, B200, RTX 5090


# --- the compiler ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def nvrtc():
    """The compiler's library, and CUDA's headers, where CuPy finds them."""
    pathfinder = pytest.importorskip("cuda.pathfinder", reason="CuPy 14 or cuda-pathfinder")
    try:
        library = ctypes.CDLL(pathfinder.load_nvidia_dynamic_lib("nvrtc").abs_path)
    except Exception as error:
        pytest.skip(f"NVRTC is not installed: {error.__class__.__name__}")
    headers = pathfinder.find_nvidia_header_directory("cudart")
    if headers is None:
        pytest.skip("CUDA's headers are not installed")
    return library, headers


def architectures(library):
    """Those of ours that the compiler has."""
    count = ctypes.c_int()
    library.nvrtcGetNumSupportedArchs(ctypes.byref(count))
    has = (ctypes.c_int * count.value)()
    library.nvrtcGetSupportedArchs(has)
    return [a for a in ARCHITECTURES if a in has]


def machine_code(library, headers, architecture, kind, source=cupy_kernels.SOURCE):
    """The size of the machine code [byte] and the compiler's log; 0 where it does not compile."""
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    library.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"k.cu", 0, None, None)
    for name in cupy_kernels.NAMES:
        library.nvrtcAddNameExpression(program, f"{name}<{kind}>".encode())
    options = [b"-std=c++17", f"-arch=sm_{architecture}".encode(), f"-I{headers}".encode()]
    options += [b"-DWITH_BF16"] if kind == cupy_kernels.TYPES["bf16"] else []
    failed = library.nvrtcCompileProgram(
        program, len(options), (ctypes.c_char_p * len(options))(*options)
    )
    library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    library.nvrtcGetProgramLog(program, log)
    size.value = 0
    if not failed:
        library.nvrtcGetCUBINSize(program, ctypes.byref(size))
    library.nvrtcDestroyProgram(ctypes.byref(program))
    return size.value, log.value.decode()


@pytest.mark.parametrize("kind", cupy_kernels.TYPES.values())
def test_the_kernels_compile_for_every_architecture_that_the_compiler_has(nvrtc, kind):
    found = architectures(nvrtc[0])
    assert {80, 89, 90} <= set(found)
    for architecture in found:
        size, log = machine_code(*nvrtc, architecture, kind)
        assert size > 0 and "warning" not in log, f"sm_{architecture}: {log}"


def test_a_kernel_that_does_not_compile_is_seen(nvrtc):
    source = cupy_kernels.SOURCE.replace("rsqrtf", "rsqrtq", 1)
    size, log = machine_code(*nvrtc, 90, "float", source)
    assert size == 0 and "rsqrtq" in log


# --- signatures -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def packages():
    pytest.importorskip("cupy", reason="CuPy is not installed")
    pytest.importorskip("nvmath.bindings.cublasLt", reason="nvmath-python is not installed")


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.stem)
def test_every_call_fits_the_installed_packages(packages, file):
    wrong, count = faults(file.read_text())
    assert not wrong
    assert count >= (50 if file.stem == "cupy_operations" else 1)


def test_a_call_that_does_not_fit_is_seen(packages):
    source = """
cublas.set_stream(handle)
cublasLt.matmul_desc_create(1, 2, 3)
cupy.cuda.Stream(nonblocking=True)
graph.launch(1, 2)
names.FAST_ACCUMULATION
self.xp.get_default_memory_pool().free_blocks()
x.reshape(1, 2).astype()
"""
    wrong, _ = faults(source)
    assert {int(line.split()[1].rstrip(":")) for line in wrong} == set(range(2, 9))


def test_the_numbers_that_stand_for_types_are_nvidias(packages):
    from nvmath import CudaDataType

    for precision, name in (
        ("fp32", "CUDA_R_32F"),
        ("fp16", "CUDA_R_16F"),
        ("bf16", "CUDA_R_16BF"),
    ):
        assert cupy_operations.DATA_TYPES[precision] == CudaDataType[name]
    assert cupy_fp8.E4M3 == CudaDataType.CUDA_R_8F_E4M3


def test_a_line_of_text_is_read_as_a_signature():
    known = told("RawModule.get_function(self, str name, *, tuple options=(), **kw) -> x")
    assert str(known) == "(self, name, *, options='()', **kw)"
    assert told("no signature here") is None
    assert list(signature(told).parameters) == ["text"]
    assert fault("os.path.join", SimpleNamespace(args=[], keywords=[])) is not None


# --- arrays of CuPy's own, at addresses where nothing is ------------------------------------------


def on_cupy(shape, dtype):
    """An array of CuPy's that is only looked at: its memory does not exist."""
    import cupy

    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = cupy.cuda.UnownedMemory(2**20, size, None, 0)
    return cupy.ndarray(shape, dtype, cupy.cuda.MemoryPointer(memory, 0))


@pytest.mark.parametrize(("count", "rows", "seen"), [(3, 4, 6), (1, 1, 1), (2, 1, 5), (1, 6, 1)])
def test_products_read_cupys_strides_as_numpys(packages, count, rows, seen, monkeypatch):
    calls = []
    monkeypatch.setattr(CUBLAS, "gemm_strided_batched_ex", lambda *sizes: calls.append(sizes))
    ops = object.__new__(cupy_operations.CuPyOperations)
    ops.cublas, ops.handle, ops.precision = CUBLAS, 0, "fp32"
    ops.one = ops.zero = np.ones(1, np.float32)
    for make in (on_cupy, lambda shape, dtype: np.zeros(shape, dtype).view(OnHost)):
        query = make((1, count, rows + 2, 1, 8), np.float32).reshape(count, rows + 2, 8)
        key, scores = make((count, seen + 3, 8), np.float32), make((count, rows, seen), np.float32)
        ops.scores(query[:, 2:], key[:, :seen], scores)
        ops.mix(
            scores, key[:, :seen], make((count * rows * 8,), np.float32).reshape(count, rows, 8)
        )
        x = make((rows, 3, 8), np.float32)[:, -1]
        ops.linear(x, make((5, 8), np.float32), make((rows, 5), np.float32))
    addresses = {6, 7, 11, 15, 16}
    plain = [[n for i, n in enumerate(call) if i not in addresses] for call in calls]
    assert len(plain) == 6 and plain[:3] == plain[3:]


# --- products in fp8 ------------------------------------------------------------------------------


def test_codes_of_fp8_are_the_numbers_of_the_format():
    codes = np.arange(256, dtype=np.uint8)
    values = cupy_fp8.e4m3(codes)
    assert values[0x38] == 1.0 and values[0x7E] == 448.0 and values[1] == 2.0**-9
    assert list(codes[np.isnan(values)]) == [0x7F, 0xFF]
    assert np.all(np.diff(values[:0x7F]) > 0.0)
    np.testing.assert_array_equal(values[0x80:0xFF], -values[:0x7F])
    random = cupy_fp8.e4m3(cupy_fp8.random_codes((64, 64), np.random.default_rng(0)))
    assert np.abs(random).max() < 2.0 and np.abs(random.mean()) < 0.1


@pytest.fixture
def cublaslt(monkeypatch):
    bindings = SimpleNamespace(cublasLt=CuBLASLt())
    monkeypatch.setitem(sys.modules, "nvmath", SimpleNamespace(bindings=bindings))
    monkeypatch.setitem(sys.modules, "nvmath.bindings", bindings)
    return bindings.cublasLt


def test_fp8_products_reach_cublaslt_in_the_one_layout_that_it_takes(cublaslt):
    ops, rng = HostGPU(None), np.random.default_rng(0)
    x, weight = (cupy_fp8.random_codes(s, rng).view(OnHost) for s in ((32, 48), (16, 48)))
    out = np.zeros((32, 16), np.float16).view(OnHost)
    cupy_fp8.fp8_product(ops, x, weight, out)()
    want = cupy_fp8.e4m3(x) @ cupy_fp8.e4m3(weight).T
    np.testing.assert_allclose(out, want, rtol=2.0**-11, atol=2.0**-14)


def test_a_card_without_fp8_is_told_from_a_wrong_call(cublaslt, monkeypatch):
    monkeypatch.setattr(cublaslt, "matmul_algo_get_heuristic", lambda *_: None)
    codes = np.zeros((16, 16), np.uint8).view(OnHost)
    with pytest.raises(InputError, match="expected a card and cuBLASLt that have it"):
        cupy_fp8.fp8_product(HostGPU(None), codes, codes, codes.astype(np.float16))


def test_the_check_of_fp8_passes_on_right_products_and_fails_on_wrong_ones(cublaslt, monkeypatch):
    monkeypatch.setitem(ceilings.PRODUCT, "gpu", 64)
    monkeypatch.setattr(check, "CEILING_SECONDS", 0.01)
    report = check.Report()
    assert check.fp8(report, HostGPU(None)) > 0.0 and not report.failed
    monkeypatch.setattr(cupy_fp8, "e4m3", lambda codes: codes.astype(float))
    check.fp8(report, HostGPU(None))
    assert report.failed == ["kernel fp8 product"]


@pytest.mark.parametrize("shape", [(24, 32), (32, 40)])
def test_fp8_operands_off_their_multiples_are_refused(shape):
    x, weight, out = (
        np.zeros(s, np.uint8).view(OnHost) for s in (shape, (16, shape[1]), (shape[0], 16))
    )
    with pytest.raises(InputError, match="expected multiples of 16"):
        cupy_fp8.refuse_layout(x, weight, out)


def test_fp8_operands_with_gaps_are_refused():
    x = np.zeros((32, 64), np.uint8).view(OnHost)[:, :32]
    other = np.zeros((32, 32), np.uint8).view(OnHost)
    with pytest.raises(InputError, match="expected contiguous rows"):
        cupy_fp8.refuse_layout(x, other, other)

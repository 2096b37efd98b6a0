"""The benchmark's decoder computes what Llama's architecture says."""

import types

import numpy as np
import pytest

from tokenomics.capacity import backend, decoder, reference
from tokenomics.capacity.benchmark import TOLERANCE, benchmark, plan
from tokenomics.capacity.benchmark_file import shares
from tokenomics.capacity.decoder import Decoder, random_weights, rotary_tables
from tokenomics.capacity.numpy_operations import NumPyOperations
from tokenomics.capacity.shapes import shape
from tokenomics.errors import InputError

OPS = NumPyOperations()
SMALL = shape("tiny").model_copy(
    update={
        "layers": 2,
        "width": 64,
        "heads": 4,
        "kv_heads": 2,
        "head_width": 16,
        "mlp_width": 96,
        "vocabulary": 50,
    }
)


@pytest.mark.parametrize("piece", [512, 7])
def test_prefill_and_decode_agree_with_float64(piece, monkeypatch):
    monkeypatch.setattr(decoder, "PIECE", piece)
    assert max(reference.errors(OPS, SMALL)) < 1e-6


def as_bf16(values):
    """The nearest numbers of 8 bits, the even one of two."""
    bits = values.view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).view(np.float32)


def rounded(name, places, to):
    """An operation whose results are rounded to fewer bits."""

    def operation(self, *arguments):
        result = getattr(NumPyOperations, name)(self, *arguments)
        for place in places:
            values = result if place is None else arguments[place]
            values[...] = to(np.ascontiguousarray(values))
        return result

    return operation


@pytest.mark.parametrize(("precision", "to"), [("fp16", np.float16), ("bf16", as_bf16)])
def test_the_tolerance_is_a_few_times_what_rounding_leaves(precision, to):
    places = {"array": [None], "linear": [2], "scores": [2], "mix": [2], "norm": [3], "gated": [1]}
    places |= {"rotate": [3, 4, 5], "softmax": [0], "add": [0]}
    operations = {name: rounded(name, at, to) for name, at in places.items()}
    found = max(reference.errors(type("Rounded", (NumPyOperations,), operations)(), SMALL))
    assert TOLERANCE[precision] / 10 < found < TOLERANCE[precision] / 3


def test_a_wrong_sign_in_the_rotation_is_seen(monkeypatch):
    right = NumPyOperations.rotate
    monkeypatch.setattr(
        NumPyOperations, "rotate", lambda s, q, c, sine, *more: right(s, q, c, -sine, *more)
    )
    assert min(reference.errors(OPS, SMALL)) > TOLERANCE["bf16"]


def test_decoding_a_token_is_the_last_position_of_a_prefill():
    weights = random_weights(OPS, SMALL, 2)
    whole, first, one = (Decoder(OPS, SMALL, weights, 3, n, 11) for n in (11, 10, 1))
    x = whole.inputs.reshape(3, 11, -1)
    first.inputs[...], one.inputs[...] = x[:, :10].reshape(30, -1), x[:, 10]
    whole.step(0)
    first.step(0)
    one.keys, one.values = first.keys, first.values
    one.step(10)
    np.testing.assert_allclose(
        one.logits, whole.logits, rtol=0, atol=1e-5 * np.abs(whole.logits).max()
    )


def test_rotation_keeps_lengths_and_sees_only_the_distance_between_tokens():
    width, tokens = SMALL.head_width, 9
    cosine, sine = rotary_tables(SMALL, tokens)
    one = np.tile(
        np.random.default_rng(0).standard_normal((1, 8 * width)).astype(np.float32), (tokens, 1)
    )
    query = np.zeros((1, 2, tokens, 2, width), np.float32)
    key, value = np.zeros((2, 1, 2, tokens, width), np.float32)
    OPS.rotate(one, cosine, sine, query, key, value, 0, 1.0)
    np.testing.assert_allclose(
        np.linalg.norm(query[0, 0, :, 0], axis=-1), np.linalg.norm(one[0, :width]), rtol=1e-6
    )
    products = query[0, 0, :, 0] @ key[0, 0].T
    np.testing.assert_allclose(np.diagonal(products, 3), products[3, 6], rtol=1e-4)
    np.testing.assert_array_equal(value[0, 1], one[:, 7 * width :])


def test_a_norm_leaves_rows_of_unit_mean_square_and_a_gate_is_the_silu():
    x, out = np.array([[3.0, -4.0], [1e-3, 1e-3]], np.float32), np.zeros((2, 2), np.float32)
    OPS.norm(x, np.ones(2, np.float32), 1e-12, out)
    np.testing.assert_allclose((out**2).mean(axis=1), 1.0, rtol=1e-5)
    both, gated = (
        np.array([[0.0, 1.0, -200.0, 2.0, 3.0, 4.0]], np.float32),
        np.zeros((1, 3), np.float32),
    )
    OPS.gated(both, gated)
    np.testing.assert_allclose(gated, [[0.0, 3.0 / (1.0 + np.exp(-1.0)), 0.0]], atol=1e-6)


# --- backends and precisions ----------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_numpy_refuses_half_precisions_by_name(precision):
    with pytest.raises(
        InputError,
        match=f"precision: {precision}; expected fp32: NumPy has no fast {precision} product",
    ):
        backend.choose("numpy", precision)


def test_without_cupy_auto_says_why_it_falls_back(monkeypatch):
    monkeypatch.setattr(backend, "_gpu", lambda: (None, "CuPy is not installed"))
    ops, why = backend.choose("auto")
    assert ops.figure_of == "cpu" and why == "NumPy on a CPU: CuPy is not installed"
    with pytest.raises(InputError, match="backend: CuPy is not installed; expected a CUDA GPU"):
        backend.choose("cupy")


@pytest.mark.parametrize(
    ("precision", "capability", "version", "message"),
    [
        (
            "bf16",
            "75",
            "14.2.0",
            "bf16; expected a card of compute capability 8 or higher; this one has 7.5",
        ),
        (
            "fp16",
            "61",
            "14.2.0",
            "fp16; expected a card of compute capability 7 or higher; this one has 6.1",
        ),
        ("bf16", "90", "13.6.0", "bf16; expected CuPy 14 or newer; this is 13.6.0"),
    ],
)
def test_a_precision_beyond_card_or_library_is_refused_by_name(
    precision, capability, version, message
):
    device = types.SimpleNamespace(compute_capability=capability)
    cupy = types.SimpleNamespace(
        __version__=version, cuda=types.SimpleNamespace(Device=lambda: device)
    )
    with pytest.raises(InputError, match=message):
        backend.refuse_precision(precision, cupy)


@pytest.mark.parametrize("precision", backend.PRECISIONS)
def test_on_a_gpu_the_decoder_agrees_with_float64_and_a_captured_step_with_a_launched_one(
    precision,
):
    cupy, why = backend._gpu()
    if cupy is None:
        pytest.skip(why)
    ops, _ = backend.choose("cupy", precision)
    assert max(reference.errors(ops, SMALL)) < TOLERANCE[precision]
    step = Decoder(ops, SMALL, random_weights(ops, SMALL, 2), 3, 1, 11)
    step.step(10)
    launched = cupy.asnumpy(step.logits.astype(np.float32))
    replay = ops.captured(lambda: step.step(10))
    step.logits[...] = 0
    replay()
    ops.stream.synchronize()
    np.testing.assert_array_equal(cupy.asnumpy(step.logits.astype(np.float32)), launched)


# --- the benchmark --------------------------------------------------------------------------------


def test_a_model_that_does_not_fit_is_split_and_scaled():
    chosen = plan(shape("llama-2-70b"), "fp16", 80 * 10**9)
    assert chosen.cards == 4 and chosen.shape.heads == 16 and 2 <= chosen.layers < 80
    assert (
        "one part of 4 under tensor parallelism" in chosen.note
        and "of 80 layers measured" in chosen.note
    )
    assert plan(shape("llama-3.1-8b"), "fp16", 80 * 10**9).layers == 32
    with pytest.raises(InputError, match="GB of weights, 1 GB free"):
        plan(shape("llama-2-70b"), "fp16", 10**9)


def test_a_benchmark_of_little_time_gives_a_hardware_file_that_reads_again(monkeypatch, tmp_path):
    from ruamel.yaml import YAML

    from tokenomics.capacity import ceilings
    from tokenomics.capacity.hardware import hardware

    monkeypatch.setitem(ceilings.COPY_BYTES, "cpu", 2**16)
    monkeypatch.setitem(ceilings.PRODUCT, "cpu", 64)
    seen = []
    found = benchmark(
        OPS, SMALL, "small", seconds=0.2, progress=lambda done, total: seen.append((done, total))
    )
    assert found.measured.figure_of == "cpu" and "no GPU" in found.description
    assert seen[0][0] == 0 and seen[-1][0] == seen[-1][1]
    assert max(found.measured.error_prefill, found.measured.error_decode) < 1e-6
    for row in shares(SMALL, found):
        assert row["rate"] == pytest.approx(1e3 * row["batch"] * row["tokens"] / row["median_ms"])
    file = tmp_path / "mine.yaml"
    with file.open("w") as stream:
        YAML().dump(found.model_dump(exclude_none=True), stream)
    assert hardware(str(file)) == found


def test_a_wrong_decoder_is_not_timed(monkeypatch):
    monkeypatch.setattr(
        NumPyOperations, "gated", lambda self, both, out: np.copyto(out, both[:, : out.shape[1]])
    )
    with pytest.raises(
        InputError, match="against float64; expected less than 1e-05: nothing is timed"
    ):
        benchmark(OPS, SMALL, "small", seconds=0.1)

"""The roofline has its closed forms at its limits, the frontier is monotone, and the published
figures come out as the files say.
"""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paths import DATA
from tokenomics.capacity.fitting import fit_requests, fit_times
from tokenomics.capacity.frontier import frontier
from tokenomics.capacity.hardware import Timing, hardware
from tokenomics.capacity.roofline import Request, Roofline, roofline
from tokenomics.capacity.shapes import shape
from tokenomics.errors import InputError

LLAMA = shape("llama-3.1-8b")
WORK = Request(1155.0, 211.0)


def test_llamas_have_the_published_number_of_parameters():
    assert LLAMA.parameters == 8_030_261_248
    assert shape("llama-2-70b").parameters == 68_976_648_192
    assert LLAMA.kv_bytes("fp16") == 128 * 1024


def test_parts_of_a_model_add_up_to_it():
    whole = shape("llama-2-70b")
    assert 8 * whole.shard(8).active_parameters == whole.active_parameters
    with pytest.raises(InputError, match="kv_heads 8; expected a multiple of 16 cards"):
        whole.shard(16)


def test_a_slow_memory_sets_the_step_and_a_slow_processor_sets_it_otherwise():
    memory = Roofline(LLAMA, "fp16", 1e12, np.inf, 80e9)
    assert memory.decode_time(7.0, 1000.0) == pytest.approx(
        (2 * LLAMA.active_parameters + 7 * 1000 * 131072) / 1e12
    )
    assert memory.prefill_time(512.0) == pytest.approx(2 * LLAMA.active_parameters / 1e12)
    compute = Roofline(LLAMA, "fp16", np.inf, 1e14, 80e9)
    attention = 4 * 32 * 32 * 128 * 1000
    assert compute.decode_time(7.0, 1000.0) == pytest.approx(
        7 * (2 * LLAMA.active_parameters + attention) / 1e14
    )
    body = 2 * (LLAMA.active_parameters - LLAMA.head_parameters) * 512 + 2 * LLAMA.head_parameters
    assert compute.prefill_time(512.0) == pytest.approx(
        (body + 0.5 * 4 * 32 * 32 * 128 * 512**2) / 1e14
    )


@pytest.mark.parametrize(
    ("cards", "batch", "tpot", "ttft"),
    [(1, 10.0, 2.0, 2.0), (1, 40.0, 5.0, 3.5), (2, 10.0, 1.0, 1.0), (2, 40.0, 2.5, 1.75)],
)
def test_prompts_wait_for_half_a_step_and_in_a_queue_with_one_server(cards, batch, tpot, ttft):
    # reading the weights takes one card 1 s, and all else nothing: step and prefill 1 s. Answers of
    # 10 tokens, hence TPOT 1 + batch/10 s and busy with prompts batch/(10 TPOT) = 0.5 and 0.8;
    # M/D/1 waits 0.5/(2 x 0.5) = 0.5 s and 0.8/(2 x 0.2) = 2 s; TTFT 0.5 + wait + 1 s. Two cards
    # halve every time; they give batch/TPOT tokens a second together
    thin = LLAMA.model_copy(update={"heads": 2, "kv_heads": 2, "head_width": 2})
    card = Roofline(thin, "fp16", 2.0 * thin.active_parameters, np.inf, 80e9, cards)
    work = Request(1.0, 10.0)
    assert card.time_per_token(batch, work) == pytest.approx(tpot, rel=1e-4)
    assert card.time_to_first_token(batch, work) == pytest.approx(ttft, rel=1e-4)
    assert card.output_rate(batch, work) == pytest.approx(batch / tpot / cards, rel=1e-4)


def test_all_tokens_of_a_long_answer_cost_what_one_step_costs():
    card = Roofline(LLAMA, "fp16", 1e12, 1e14, 80e9)
    long = Request(10.0, 1e7)
    assert card.time_per_token(4.0, long) == pytest.approx(
        float(card.decode_time(4.0, long.context)), rel=1e-4
    )


def test_requests_fill_the_memory_that_the_weights_leave():
    card = Roofline(LLAMA, "fp16", 1e12, 1e14, 80e9)
    used = card.memory_batch(2000.0) * 2000 * 131072
    assert used == pytest.approx(0.9 * (80e9 - 2 * LLAMA.parameters))
    with pytest.raises(
        InputError, match="138 GB of weights in fp16 and a request of 2000 tokens on 1 x 80 GB"
    ):
        roofline(hardware("h100"), shape("llama-2-70b"), "fp16").memory_batch(2000.0)
    assert roofline(hardware("h100"), shape("llama-2-70b"), "fp16", 2).memory_batch(2000.0) > 1.0


@given(
    bandwidth=st.floats(1e11, 1e13),
    rate=st.floats(1e13, 1e16),
    prompt=st.floats(1.0, 2e4),
    output=st.floats(1.0, 4e3),
    limit=st.floats(0.0, 1.0),
)
def test_a_tighter_limit_never_gives_more(bandwidth, rate, prompt, output, limit):
    curve = frontier(Roofline(LLAMA, "fp16", bandwidth, rate, 80e9), Request(prompt, output))
    for values in (curve.output_rate, curve.time_per_token, curve.time_to_first_token):
        assert np.all(np.diff(values) >= -1e-9 * values[-1])
    for name in ("time_per_token", "time_to_first_token"):
        values = getattr(curve, name)
        loose = values[0] + limit * (values[-1] - values[0])
        tight = values[0] + 0.9 * limit * (values[-1] - values[0])
        found = curve.goodput(**{name: loose})
        assert curve.goodput(**{name: tight}) <= found * (1 + 1e-9)
        assert curve.output_rate[0] * (1 - 1e-9) <= found <= curve.output_rate[-1] * (1 + 1e-9)


def test_goodput_between_points_is_that_of_the_roofline():
    card = roofline(hardware("h100"), LLAMA, "fp8")
    curve = frontier(card, WORK)
    batch = curve.batch_within(time_per_token=0.03)
    assert card.time_per_token(batch, WORK) == pytest.approx(0.03, rel=1e-3)
    assert curve.goodput(time_per_token=0.03) == pytest.approx(
        float(card.output_rate(batch, WORK)), rel=1e-3
    )


def test_a_limit_below_one_request_alone_is_refused():
    with pytest.raises(
        InputError, match=r"TPOT: 0.001 s; expected at least 0.00\d+ s, that of one request alone"
    ):
        frontier(roofline(hardware("h100"), LLAMA, "fp8"), WORK).goodput(time_per_token=0.001)


def test_a_fit_finds_the_efficiencies_that_made_the_times():
    card = Roofline(LLAMA, "fp16", 0.8 * 2e12, 0.6 * 3e14, np.inf)

    def timing(batch, context, tokens, seconds):
        ms = 1e3 * float(seconds)
        return Timing(
            batch=batch,
            context=context,
            tokens=tokens,
            median_ms=ms,
            low_ms=ms,
            high_ms=ms,
            repeats=1,
            layers_ms=ms,
        )

    decode = [timing(b, 1023, 1, card.decode_time(b, 1024)) for b in (1, 64)]
    prefill = [timing(1, 0, n, card.prefill_time(n)) for n in (2048, 8192)]
    bandwidth, compute, error = fit_times(LLAMA, "fp16", 2e12, 3e14, decode, prefill)
    assert (bandwidth, compute) == pytest.approx((0.8, 0.6), rel=1e-4)
    assert error < 1e-4


COLUMNS = {
    "h100": ("H100_fp8", "fp8"),
    "h200": ("H200_fp8", "fp8"),
    "l40s": ("L40S_fp8", "fp8"),
    "a100": ("A100_fp16", "fp16"),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_two_published_rows_give_the_shipped_efficiencies_and_predict_the_others(name):
    file = DATA / "hardware" / "trtllm_v0.17_llama31_8b_tp1_output_tok_s.csv"
    if not file.exists():
        pytest.skip(f"no {file}")
    (column, precision), card = COLUMNS[name], hardware(name)
    rows = {
        Request(float(r["isl"]), float(r["osl"])): float(r[column])
        for r in csv.DictReader(file.open())
    }
    known = [Request(1000.0, 1000.0), Request(128.0, 128.0)]
    ceilings = (
        card.bandwidth.value * 1e12,
        card.rates[precision].value * 1e12,
        card.memory.value * 1e9,
    )
    found = fit_requests(LLAMA, precision, *ceilings, known, [rows[w] for w in known])
    shipped = card.efficiency[precision]
    assert (shipped.bandwidth, shipped.compute) == pytest.approx(found[:2], abs=1e-3)
    served = roofline(card, LLAMA, precision)
    errors = [
        abs(served.highest_rate(w) / rate - 1.0) for w, rate in rows.items() if w not in known
    ]
    assert len(errors) == 7
    assert np.median(errors) < 0.2

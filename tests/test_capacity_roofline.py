"""The roofline has its closed forms at its limits, the frontier is monotone, and the published
figures come out as the files say.
"""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenomics.capacity.architectures import BOUNDS, architecture
from tokenomics.capacity.card_bound import decode_bound, prefill_bound
from tokenomics.capacity.fitting import fit_times
from tokenomics.capacity.frontier import NAMES, LatencyLimits, frontier
from tokenomics.capacity.hardware import Timing, hardware
from tokenomics.capacity.reach import Attained, Request
from tokenomics.capacity.roofline import Roofline, roofline
from tokenomics.capacity.shapes import shape
from tokenomics.errors import InputError
from tokenomics.parameters.locate import names

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
from capacity_rows import FLOODED, SERVED, flooded_rows, predicted, seen, served_cells  # noqa: E402

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


def bare(model, bandwidth, rate, memory=80e9, cards=1, **more):
    """A card of nothing but one bandwidth and one rate, with weights and cache in fp16."""
    return Roofline(model, "fp16", Attained.bare(bandwidth, rate), memory, cards, **more)


def test_a_slow_memory_sets_the_step_and_a_slow_processor_sets_it_otherwise():
    # beside weights and cache: ten widths a layer and token for norms and residuals, 2 bytes each
    passed = 2 * 10 * 32 * 4096
    memory = bare(LLAMA, 1e12, np.inf)
    assert memory.decode_time(7.0, 1000.0) == pytest.approx(
        (2 * LLAMA.active_parameters + 7 * (1000 * 131072 + passed)) / 1e12
    )
    assert memory.prefill_time(512.0) == pytest.approx(
        (2 * LLAMA.active_parameters + 512 * passed) / 1e12
    )
    compute = bare(LLAMA, np.inf, 1e14)
    attention = 4 * 32 * 32 * 128 * 1000
    assert compute.decode_time(7.0, 1000.0) == pytest.approx(
        7 * (2 * LLAMA.active_parameters + attention) / 1e14
    )
    body = 2 * (LLAMA.active_parameters - LLAMA.head_parameters) * 512 + 2 * LLAMA.head_parameters
    assert compute.prefill_time(512.0) == pytest.approx(
        (body + 0.5 * 4 * 32 * 32 * 128 * 512**2) / 1e14
    )


def test_a_call_uses_more_of_the_card_the_more_it_has_to_do():
    # n tokens reach n/(n + half) of the rate, half of it where reading takes as long as computing
    thin = LLAMA.model_copy(update={"vocabulary": 2, "layers": 1})
    card = bare(thin, 1e12, 1e14)
    half = 100.0 * 1.0  # 2 bytes a weight over 1e12 against 2 operations over 1e14
    for tokens in (10.0, 100.0, 1000.0):
        passed = tokens * 2 * thin.passed / 1e12
        took = card.decode_time(tokens, 0.0) - passed
        share = tokens * 2 * thin.active_parameters / 1e14 / took
        assert share == pytest.approx(tokens / (tokens + half), rel=1e-4)


@pytest.mark.parametrize(
    ("cards", "batch", "tpot", "ttft"),
    [(1, 10.0, 1.5, 2.625), (1, 40.0, 3.0, 3.0), (2, 10.0, 0.75, 1.3125), (2, 40.0, 1.5, 1.5)],
)
def test_prompts_wait_for_steps_and_in_a_queue_with_one_server(cards, batch, tpot, ttft):
    # reading the weights takes one card 1 s, and all else nothing: a step 1 s, a prompt alone 1 s,
    # in a full call nothing, hence 0.5 s to the others. Answers of 10 tokens: TPOT 1 + 0.5
    # batch/10 s, busy with prompts for 1/3 and 2/3 of the time; M/D/1 waits 0.5 x 0.5 x 1/2 and 0.5
    # x 0.5 x 2 s; TTFT 0.5 for the rest of a step, 1 for the one that the card has been given, 1
    # and the wait. Two cards halve every time
    thin = LLAMA.model_copy(update={"heads": 2, "kv_heads": 2, "head_width": 2})
    card = bare(thin, 2.0 * thin.active_parameters, np.inf, cards=cards, cache="fp8")
    work = Request(1.0, 10.0)
    assert card.time_per_token(batch, work) == pytest.approx(tpot, rel=0.01)
    assert card.time_to_first_token(batch, work) == pytest.approx(ttft, rel=0.01)


def test_a_server_that_looks_seldom_lets_a_prompt_wait_for_half_the_steps_between():
    often, seldom = (
        roofline(hardware("b200"), shape("deepseek-r1"), "fp8", 8, poll=poll) for poll in (1, 31)
    )
    alone, batch, work = 1.0, 16.0, Request(100.0, 8000.0)
    assert seldom.time_to_first_token(alone, work) == often.time_to_first_token(alone, work)
    more = seldom.time_to_first_token(batch, work) - often.time_to_first_token(batch, work)
    # prompts are short beside answers: hardly one comes with another
    assert more == pytest.approx(15.0 * float(often.decode_time(batch, work.context)), rel=0.05)
    last = seldom.time_to_first_token_p99(batch, work) - often.time_to_first_token_p99(batch, work)
    assert last == pytest.approx(2.0 * more, rel=0.1)
    assert seldom.time_per_token(batch, work) == often.time_per_token(batch, work)


def test_requests_in_flight_are_those_of_littles_law():
    card = roofline(hardware("h100"), shape("llama-3.1-70b"), "fp8", 4)
    batch = np.array([1.0, 17.0, 120.0])
    stay = card.time_to_first_token(batch, WORK) + 210.0 * card.time_per_token(batch, WORK)
    arrivals = 4 * card.output_rate(batch, WORK) / WORK.output
    assert arrivals * stay == pytest.approx(batch, rel=1e-12)


def test_all_tokens_of_a_long_answer_cost_what_one_step_costs():
    card = bare(LLAMA, 1e12, 1e14)
    long = Request(10.0, 1e7)
    assert card.time_per_token(4.0, long) == pytest.approx(
        float(card.decode_time(4.0, long.context)), rel=1e-4
    )


def test_requests_fill_the_memory_that_the_weights_leave():
    card = bare(LLAMA, 1e12, 1e14)
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
    burst=st.floats(0.0, 1.0),
)
def test_a_tighter_limit_never_gives_more(bandwidth, rate, prompt, output, limit, burst):
    curve = frontier(bare(LLAMA, bandwidth, rate), Request(prompt, output, burst=burst))
    for name in ("output_rate", *NAMES):
        assert np.all(np.diff(getattr(curve, name)) >= 0.0)
    for name in NAMES:
        values = getattr(curve, name)
        loose = values[0] + limit * (values[-1] - values[0])
        tight = values[0] + 0.9 * limit * (values[-1] - values[0])
        found = curve.goodput(LatencyLimits(**{name: loose}))
        assert curve.goodput(LatencyLimits(**{name: tight})) <= found * (1 + 1e-9)
        assert curve.output_rate[0] * (1 - 1e-9) <= found <= curve.output_rate[-1] * (1 + 1e-9)


def test_goodput_between_points_is_that_of_the_roofline():
    card = roofline(hardware("h100"), LLAMA, "fp8")
    curve = frontier(card, WORK)
    batch = curve.batch_within(LatencyLimits(0.03))
    assert card.time_per_token(batch, WORK) == pytest.approx(0.03, rel=1e-3)
    assert curve.goodput(LatencyLimits(0.03)) == pytest.approx(
        float(card.output_rate(batch, WORK)), rel=1e-3
    )


def test_a_limit_below_one_request_alone_is_refused():
    with pytest.raises(
        InputError, match=r"TPOT: 0.001 s; expected at least 0.00\d+ s, that of one request alone"
    ):
        frontier(roofline(hardware("h100"), LLAMA, "fp8"), WORK).goodput(LatencyLimits(0.001))


def test_a_fit_finds_the_efficiencies_that_made_the_times():
    card = bare(LLAMA, 0.8 * 2e12, 0.6 * 3e14, np.inf)

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


def test_a_percentile_is_no_less_than_the_mean_and_a_burst_lengthens_first_tokens_alone():
    card = roofline(hardware("b200"), shape("gpt-oss-120b"), "fp4", 2)
    batch, begun = np.array([1.0, 8.0, 64.0]), Request(1155.0, 211.0, burst=0.1)
    for work in (WORK, begun):
        for name in ("time_per_token", "time_to_first_token"):
            mean, tail = (getattr(card, f"{name}{end}")(batch, work) for end in ("", "_p99"))
            assert np.all(tail >= mean * (1.0 - 1e-12))
    # a tenth wait for no step, but for the first and then for full calls of seven prompts: the
    # middle one for half of the calls and half of its own
    call = card.prefill_time(1155.0, prompts=7.0) * np.array([0.0, 1.0, 0.5 * 63.0 / 7.0 + 0.5])
    alone = card.reach.first + card.reach.token * 1155.0 + card.prefill_time(1155.0)
    mean = 0.9 * card.time_to_first_token(batch, WORK) + 0.1 * (alone + call)
    assert card.time_to_first_token(batch, begun) == pytest.approx(mean)
    assert np.array_equal(card.time_per_token(batch, begun), card.time_per_token(batch, WORK))


def test_a_prefix_that_is_cached_is_not_computed_again():
    card = roofline(hardware("h200"), shape("llama-3.1-8b"), "fp8")
    whole, half, all_of_it = (Request(8000.0, 100.0, cached) for cached in (0.0, 0.5, 1.0))
    first = [float(card.time_to_first_token(8.0, work)) for work in (whole, half, all_of_it)]
    assert first[0] > first[1] > first[2]
    assert all_of_it.new == 1.0
    # the two halves of a prompt do the attention of the whole
    parts = LLAMA.prefill_attention(4000.0) + LLAMA.prefill_attention(4000.0, 4000.0)
    assert parts == pytest.approx(LLAMA.prefill_attention(8000.0), rel=1e-12)


def test_cards_that_exchange_what_they_computed_take_the_time_of_their_link():
    model, others = shape("llama-3.1-70b"), 7 / 8
    card = Roofline(model, "fp8", Attained(*[np.inf] * 6, link=1e11, hop=1e-5), 80e9, 8)
    # two all-reduces a layer, of which every value goes out and comes back, 2 bytes each
    sent = 2 * 80 * (1e-5 + 2 * others * 64 * 8192 * 2 / 1e11)
    assert card.decode_time(64.0, 100.0) == pytest.approx(sent, rel=1e-12)


def test_cards_that_are_linked_one_by_one_leave_the_links_to_others_idle():
    model = shape("llama-3.1-70b")
    link = {
        (name, cards): roofline(hardware(name), model, "fp8", cards).reach.link
        for name in ("mi300x", "h200")
        for cards in (2, 4, 8)
    }
    assert link["mi300x", 2] == pytest.approx(link["mi300x", 8] / 7.0)
    assert link["mi300x", 4] == pytest.approx(link["mi300x", 8] * 3.0 / 7.0)
    assert link["h200", 2] == link["h200", 4] == link["h200", 8]


def test_cards_with_experts_of_their_own_do_the_attention_of_their_own_requests():
    model = shape("deepseek-r1")
    only_cache = Attained(np.inf, 1e12, *[np.inf] * 4)
    split = {
        name: Roofline(model, "fp8", only_cache, 80e9, 8, "fp16", name)
        for name in ("tensor", "experts")
    }
    one = float(model.kv_bytes("fp16", 1000)) / 1e12
    for batch in (1.0, 4.0, 64.0):
        # divided matrices leave the latent cache whole on every card; one request is one card's
        assert split["tensor"].decode_time(batch, 1000.0) == pytest.approx(batch * one)
        spread = min(batch, 8.0)
        assert split["experts"].decode_time(batch, 1000.0) == pytest.approx(batch * one / spread)


@pytest.mark.parametrize("name", names("architecture"))
def test_an_architecture_reaches_no_more_than_programs_do(name):
    found = architecture(name)
    assert all(0.0 < getattr(found, key).value < most for key, most in BOUNDS.items())
    assert all(getattr(found, key).source for key in BOUNDS)


@pytest.mark.parametrize("name", [name for name in names("hardware") if name != "a100"])
def test_no_prediction_is_faster_than_the_data_sheet(name):
    card = hardware(name)
    served = roofline(card, LLAMA, "fp8")
    assert served.decode_time(1.0, 1000.0) > decode_bound(card, LLAMA, "fp8", 1000.0)
    assert served.prefill_time(4000.0) > prefill_bound(card, LLAMA, "fp8", 4000.0)


def test_a_card_without_four_bit_arithmetic_unpacks_such_weights_to_sixteen():
    model = shape("llama-3.1-70b")
    h200, b200 = (roofline(hardware(name), model, "fp4").reach for name in ("h200", "b200"))
    assert h200.rate == h200.sixteen
    # products in 4 bits reach less of their rate
    assert b200.rate == pytest.approx(4.0 * architecture("blackwell").four.value * b200.sixteen)
    with pytest.raises(InputError, match="'fp8' on NVIDIA A100.*; expected one of fp16, bf16, fp4"):
        roofline(hardware("a100"), model, "fp8")


def test_several_cards_need_a_link_and_experts_need_experts():
    card = hardware("h100").model_copy(update={"link": None})
    with pytest.raises(InputError, match="link: missing; expected what a card sends the others"):
        roofline(card, LLAMA, "fp8", 2)
    with pytest.raises(InputError, match="split: experts; expected tensor: the model has no"):
        roofline(hardware("h100"), LLAMA, "fp8", 2, split="experts")


def _by_card(name):
    return architecture(hardware(name).architecture)


@pytest.mark.parametrize(
    ("gpu", "median", "high"), [("h100", 0.1, 0.2), ("b200", 0.2, 0.3), ("mi300x", 0.1, 0.2)]
)
def test_the_shipped_numbers_predict_published_settings(gpu, median, high):
    if not SERVED.exists():
        pytest.skip(f"no {SERVED}")
    cells = [cell for cell in served_cells() if cell.gpu == gpu and cell.warm]
    told = predicted(
        cells,
        _by_card,
        ("mean_tpot", "output_tput_per_gpu"),
    )
    for name, values in told.items():
        wrong = np.abs(values / seen(cells)[name] - 1.0)
        assert np.median(wrong) < median and np.quantile(wrong, 0.9) < high


def test_a_limit_that_looks_like_milliseconds_is_questioned():
    assert LatencyLimits(30.0, 0.5).doubts() == ["a TPOT limit of 30 s; did you mean 30 ms, 0.03?"]
    assert LatencyLimits(0.03, time_to_first_token_p99=500.0).doubts() == [
        "a p99 TTFT limit of 500 s; did you mean 500 ms, 0.5?"
    ]
    assert not LatencyLimits(1.0, 60.0).doubts() + LatencyLimits().doubts()


def test_the_shipped_numbers_predict_a_flooded_server():
    if not FLOODED.exists():
        pytest.skip(f"no {FLOODED}")
    for row in flooded_rows():
        wrong = np.abs(row.predicted(_by_card) / row.rates - 1.0)
        assert np.median(wrong) < (0.15 if row.fitted else 0.2) and wrong.max() < 0.3, row.told

"""What cannot be right in a result of a serving benchmark is refused by file and key: a unit, a
missing field, more than a card can do, a file of nobody's.
"""

import json
import math
import random

import pytest
from serving import ASKED, HEADER, MLPERF, WHOLE, aiperf, files, guidellm, refused, sglang, vllm

from paths import command
from tokenomics.capacity.card_bound import known_card, known_shape
from tokenomics.capacity.importing import import_results
from tokenomics.errors import InputError


@pytest.mark.parametrize(
    ("content", "words"),
    [
        # a mean in s beside a p99 in ms
        (vllm(mean_ttft_ms=0.2), "mean_ttft_ms: a mean TTFT of 0.0002 s beside a 99th percentile"),
        (vllm(p99_tpot_ms=0.012), "mean_tpot_ms: a mean TPOT of 0.01 s beside a 99th percentile"),
        # all in s under names in ms
        (vllm(mean_ttft_ms=0.2, p99_ttft_ms=0.42), "mean_ttft_ms: a mean TTFT of 0.0002 s"),
        (vllm(mean_tpot_ms=0.010, p99_tpot_ms=0.012), "mean_tpot_ms: a mean TPOT of 1e-05 s"),
        (
            sglang(mean_tpot_ms=10_000_000.0, p99_tpot_ms=1.2e7),
            "mean_tpot_ms: a mean TPOT of 1e+04",
        ),
        # of one GPU in place of all, and of all tokens in place of the generated
        (
            vllm(output_throughput=100.0),
            "output_throughput: 100 token/s; expected total_output_tok",
        ),
        (vllm(output_throughput=4624.0), "output_throughput: 4,624 token/s; expected total_output"),
        (aiperf(unit="s"), "TTFT 200 s, TPOT 10 s and 500 output tokens keep 16,000 requests in"),
        (aiperf(unit="ns"), "time_to_first_token.avg: a mean TTFT of 2e-07 s"),
        (aiperf(unit="minutes"), "time_to_first_token.unit: 'minutes'; expected one of s, sec"),
        (aiperf(output_token_throughput={"avg": 1541.0}), "output_token_throughput.unit: missing"),
        (
            aiperf(output_token_throughput={"avg": 1541.0, "unit": "requests/sec"}),
            "output_token_throughput.unit: 'requests/sec'; expected one of tokens/sec",
        ),
        (
            aiperf(output_token_throughput={"avg": 4624.0, "unit": "tokens/sec"}),
            "output_token_throughput.avg: 4,624 token/s on 2 GPUs, TTFT 0.2 s, TPOT 0.01 s and 500 "
            "output tokens keep 48 requests in flight; expected 4 to 24 at a concurrency of 16",
        ),
        (
            f"{HEADER}\n{WHOLE.replace(',2312,', ',4624,')}\n",
            "tput_per_gpu: 4,624 token/s; expected",
        ),
        (f"{HEADER}\n{WHOLE.replace(',.2,.42,', ',200,420,')}\n", "keep 631.9 requests in flight"),
        (f"{HEADER}\n{WHOLE.replace(',.01,.012', ',10,12')}\n", "keep 15,384 requests in flight"),
    ],
)
def test_a_wrong_unit_is_refused_with_its_file_and_key(tmp_path, content, words):
    said = refused(tmp_path, content)
    assert words in said and "result0.dat" in said and "; expected " in said


@pytest.mark.parametrize(
    ("content", "key"),
    [
        *((vllm() | {key: None}, key) for key in ("p99_ttft_ms", "mean_tpot_ms", "completed")),
        *((vllm() | {key: None}, key) for key in ("output_throughput", "total_input_tokens")),
        (sglang() | {"p99_tpot_ms": None}, "p99_tpot_ms"),
        (sglang(max_concurrency=None) | {"concurrency": None}, "concurrency"),
        (
            guidellm(1, 4, inter_token_latency_ms={"successful": {"mean": 10.0}}),
            "benchmark 1, metrics.inter_token_latency_ms.successful.percentiles.p99",
        ),
        (aiperf(inter_token_latency={"unit": "ms", "avg": 10.0}), "inter_token_latency.p99"),
        (MLPERF.replace("Mean First", "Odd"), "Mean First Token latency (ns)"),
        (f"{HEADER}\n{WHOLE.replace(',.2,.42,', ',,.42,')}\n", "mean_ttft"),
    ],
)
def test_a_missing_field_is_named(tmp_path, content, key):
    said = refused(tmp_path, content, prompt=1000.0)
    assert f"{key}: missing; expected a number above 0" in said and "result0.dat" in said


def test_a_key_with_a_point_in_it_is_named_as_it_stands(tmp_path):
    said = refused(tmp_path, MLPERF.replace("99.00 percentile first", "odd"), prompt=1000.0)
    assert "result0.dat: 99.00 percentile first token latency (ns): missing" in said


def test_a_run_that_was_cancelled_is_none(tmp_path):
    said = refused(tmp_path, aiperf(was_cancelled=True))
    assert said.endswith("result0.dat: was_cancelled: true; expected a run that came to its end")


def test_half_a_gpu_is_none(tmp_path):
    said = refused(tmp_path, f"{HEADER}\n{WHOLE.replace(',2,1,', ',2.5,1,')}\n", gpus=None)
    assert "result0.dat:2: tp: 2.5; expected a whole number" in said


def test_a_missing_column_is_named_with_its_neighbour(tmp_path):
    said = refused(tmp_path, f"{HEADER.replace('p99_ttft', 'p99_tft')}\n{WHOLE}\n")
    assert "result0.dat:1: p99_ttft: no such column" in said
    assert said.endswith("did you mean 'p99_tft'?")


@pytest.mark.parametrize("value", [0, -1.0, math.nan, math.inf, 1e400, True, "200", [200.0], {}])
def test_what_is_no_number_above_zero_is_refused(tmp_path, value):
    said = refused(tmp_path, vllm() | {"mean_ttft_ms": value})
    assert "result0.dat: mean_ttft_ms: " in said and said.endswith("expected a number above 0")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{}", "content: the keys none; expected a result of vLLM bench serve"),
        ('{"a": 1}', "content: the keys a; expected a result of vLLM bench serve"),
        ("[1]", "record 1, content: a JSON int"),
        ("[]", "no points"),
        ("{", "not JSON"),
        ('{"output_throughput": 1, "output_throughput": 2}', "twice"),
        ("[" * 5000 + "]" * 5000, "nested too deeply"),
        ('{"a":' * 100 + "1" + "}" * 100, "nested too deeply"),
        ("[" * 2_000_001, "too many groups of values; expected at most 2,000,000"),
        ("day,price\n1,2\n2,3\n", "the columns day, price; expected a table of InferenceMAX"),
        ("", "an empty file"),
    ],
)
def test_a_strangers_file_gets_one_line(tmp_path, content, words):
    assert words in refused(tmp_path, content)


def test_a_line_that_is_broken_is_named(tmp_path):
    said = refused(tmp_path, f"{json.dumps(vllm(1))}\n{{\n")
    assert "result0.dat:2: not JSON" in said
    said = refused(tmp_path, f"{json.dumps(vllm(1))}\n{json.dumps(vllm(4, p99_ttft_ms=None))}\n")
    assert "result0.dat:2: p99_ttft_ms: missing" in said


def test_no_card_gives_more_than_its_ceilings(tmp_path):
    # weights of 7.5 GB at 4.8 TB/s are read 640 times a second at most: one request alone gets no
    # more; with TPOT 0.5 ms it would get 2000 token/s from one card
    fast = {"mean_tpot_ms": 0.5, "p99_tpot_ms": 0.6, "mean_ttft_ms": 20.0, "p99_ttft_ms": 30.0}
    rate = 500 / (0.020 + 499 * 0.0005)
    content = vllm(1, output_throughput=rate, duration=32_000 / rate, **fast)
    said = refused(tmp_path, content, gpus=1)
    assert "output_throughput: 1,855 output token/s and GPU; expected at most 639.6" in said
    assert "what the memory bandwidth of h200 lets llama-3.1-8b in fp8 do" in said
    # the same on a card or of a model that nobody knows here is taken, and the file says so
    (sweep,) = import_results(files(tmp_path, content), ASKED | {"gpus": 1, "gpu": "x9"})
    assert sweep.bound == "no shipped accelerator is called x9: no ceiling was held against it"
    (sweep,) = import_results(files(tmp_path, vllm()), ASKED | {"gpu": "h10"})
    assert sweep.bound.startswith("no shipped accelerator is called h10 (the nearest is h100): no")
    table = "isl,osl,H200_fp8,A100_fp16\n128,128,29526.04,6627.27\n128,2048,,5255.99\n"
    found = import_results(files(tmp_path, table), {"gpus": 1, "model": "llama-3.1-8b"})
    assert [s.points[0].output_rate for s in found] == [29526.04, 6627.27, 5255.99]
    assert {s.bound for s in found} == {
        f"within the ceilings of {c} for llama-3.1-8b" for c in ("h200", "a100")
    }
    # operations: 1979e12/(2 x 7.5e9) = 132,000 token/s
    said = refused(tmp_path, table.replace("29526.04", "295260.4"))
    assert "result0.dat:2: H200_fp8: 295,260 output token/s and GPU; expected at most 131,8" in said


@pytest.mark.parametrize(
    ("name", "card"),
    [
        ("NVIDIA H100 80GB HBM3", "h100"),
        ("H200-SXM-141GBx8", "h200"),
        ("NVIDIA GeForce RTX 4090", "rtx4090"),
        ("GH200", None),
        ("H100 NVL", None),
        ("NVIDIA H100 PCIe", None),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", None),
        ("b200-trt", "b200"),
        ("gb200", "gb200"),
        ("AMD Instinct MI300X OAM", "mi300x"),
    ],
)
def test_a_card_is_known_by_its_name_and_no_other_for_it(name, card):
    assert known_card(name) == card


def test_a_model_is_known_by_its_name_and_no_other_for_it():
    assert known_shape("meta-llama/Llama-3.1-8B-Instruct") == "llama-3.1-8b"
    assert known_shape("meta-llama/Llama-2-70b-chat-hf") == "llama-2-70b"
    assert known_shape("meta-llama/Llama-3.3-70B") is None


def test_what_a_file_does_not_say_is_asked_for_by_its_option(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(vllm()))
    said = {"gpu": "--gpu", "gpus": "--gpus", "precision": "--precision"}
    words = {"--gpu": "h200", "--gpus": "2", "--precision": "fp8"}
    for key, option in said.items():
        given = [part for pair in words.items() if pair[0] != option for part in pair]
        status, out, errors = command("capacity", "import", "a.json", *given, folder=tmp_path)
        assert (status, out) == (2, "")
        assert errors == (
            f"error: a.json: {key}: not in this file of vLLM bench serve; expected {option}, which "
            "says it\n"
        )
    given = [part for pair in words.items() for part in pair]
    status, _, errors = command(
        "capacity", "import", "a.json", *given, "--model", "llama-3.1-9b", folder=tmp_path
    )
    assert status == 2
    assert errors.startswith("error: --model: 'llama-3.1-9b', which none of 1 points has; expected")


@pytest.mark.parametrize(
    "content",
    [vllm(), sglang(), guidellm(1, 16), aiperf(), MLPERF, f"{HEADER}\n{WHOLE}\n"],
    ids=["vllm", "sglang", "guidellm", "aiperf", "mlperf", "inferencemax"],
)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(tmp_path, content):
    (path,) = files(tmp_path, content)
    whole, draw, refusals = (tmp_path / "result0.dat").read_bytes(), random.Random(7), 0
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            at = draw.randrange(len(damaged))
            what = draw.choice(
                [b"", b"9", b"-", b'"', b"null", b"1e999", b"{", b"\xff", b",", b"\n"]
            )
            damaged[at : at + draw.randint(0, 6)] = what
        (tmp_path / "result0.dat").write_bytes(damaged)
        try:
            import_results([path], ASKED | {"prompt": 1000.0, "model": None})
        except InputError as error:
            refusals += 1
            assert "\n" not in str(error) and str(error)
    assert refusals > 20

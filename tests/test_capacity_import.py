"""Results of serving benchmarks are told apart by content, joined to sweeps, and refused where a
unit or a field cannot be right. The files are written by hand after each tool's documented fields.
"""

import hashlib
import json
import math

import pytest

from paths import DATA, command
from tokenomics.capacity.card_bound import known_card, known_shape
from tokenomics.capacity.importing import import_results
from tokenomics.capacity.measured_sweep import measured_sweep
from tokenomics.errors import InputError

INFERENCEMAX = DATA / "hardware" / "inferencemax_agg_2025-12_2026-01.csv"
TENSORRT = DATA / "hardware" / "trtllm_v0.17_llama31_8b_tp1_output_tok_s.csv"
ASKED = {"gpu": "h200", "gpus": 2, "precision": "fp8"}
NAMED = ASKED | {"model": "llama-3.1-8b"}


def flat(concurrency=16, **other):
    """What vLLM and SGLang share: 64 requests of 1000 + 500 tokens, TTFT 0.2 s, TPOT 10 ms.

    A request stays 0.2 + 499 x 0.010 = 5.19 s: c of them deliver c x 500/5.19 token/s.
    """
    rate = concurrency * 500 / 5.19
    return {
        "duration": 64 * 500 / rate,
        "completed": 64,
        "total_input_tokens": 64_000,
        "total_output_tokens": 32_000,
        "request_throughput": rate / 500,
        "output_throughput": rate,
        "mean_ttft_ms": 200.0,
        "median_ttft_ms": 180.0,
        "p99_ttft_ms": 420.0,
        "mean_tpot_ms": 10.0,
        "median_tpot_ms": 9.9,
        "p99_tpot_ms": 12.0,
        "max_concurrency": concurrency,
    } | other


def vllm(concurrency=16, **other):
    own = {
        "date": "20260131-101500",
        "endpoint_type": "openai",
        "model_id": "meta-llama/Llama-3.1-8B-Instruct",
        "num_prompts": 64,
        "request_rate": "inf",
        "burstiness": 1.0,
        "total_token_throughput": 3 * concurrency * 500 / 5.19,
    }
    return own | flat(concurrency, **other)


def sglang(concurrency=16, **other):
    own = {
        "backend": "sglang",
        "dataset_name": "random",
        "request_rate": math.inf,
        "total_output_tokens_retokenized": 31_990,
        "mean_e2e_latency_ms": 5190.0,
        "concurrency": 0.97 * concurrency,
        "accept_length": None,
    }
    return own | flat(concurrency, **other)


def guidellm(*streams, **metrics):
    def of(mean, p99=None):
        return {"successful": {"mean": mean, "percentiles": {"p50": mean, "p99": p99}}}

    def benchmark(concurrency):
        rate = concurrency * 500 / 5.19
        return {
            "config": {"strategy": {"type_": "concurrent", "streams": concurrency}},
            "scheduler_metrics": {"start_time": 1767225600.0},
            "metrics": {
                "output_tokens_per_second": of(rate),
                "request_concurrency": of(0.98 * concurrency),
                "prompt_token_count": of(1000.0),
                "output_token_count": of(500.0),
                "time_to_first_token_ms": of(200.0, 420.0),
                "inter_token_latency_ms": of(10.0, 12.0),
                "time_per_output_token_ms": of(10.38, 13.0),
            }
            | metrics,
        }

    return {
        "metadata": {"version": 1, "guidellm_version": "0.6.0"},
        "args": {"model": "meta-llama/Llama-3.1-8B"},
        "benchmarks": [benchmark(c) for c in streams],
    }


def aiperf(concurrency=16, unit="ms", scale=1.0, **other):
    def of(avg, unit, **more):
        return {"unit": unit, "avg": avg} | more

    return {
        "schema_version": "1.3",
        "aiperf_version": "0.10.0",
        "input_config": {
            "endpoint": {"model_names": ["meta-llama/Llama-3.1-8B"]},
            "loadgen": {"concurrency": concurrency},
        },
        "request_throughput": of(concurrency / 5.19, "requests/sec"),
        "request_latency": of(5190.0, "ms", p99=6000.0),
        "time_to_first_token": of(200.0 * scale, unit, p50=180.0 * scale, p99=420.0 * scale),
        "inter_token_latency": of(10.0 * scale, unit, p99=12.0 * scale),
        "output_token_throughput": of(concurrency * 500 / 5.19, "tokens/sec"),
        "input_sequence_length": of(1000.0, "tokens"),
        "output_sequence_length": of(500.0, "tokens"),
        "start_time": "2026-01-31T10:15:00.000001",
    } | other


MLPERF = """================================================
MLPerf Results Summary
================================================
SUT name : PySUT
Scenario : Server
Mode     : PerformanceOnly
Completed samples per second    : 10.00
Completed tokens per second: 3000.00
Result is : VALID
  Performance constraints satisfied : Yes

================================================
Additional Stats
================================================
Scheduled samples per second : 10.02
Mean latency (ns)               : 6180000000
99.00 percentile latency (ns)   : 8180000000

Completed tokens per second                 : 3000.00
Mean First Token latency (ns)               : 200000000
99.00 percentile first token latency (ns)   : 420000000

Mean Time per Output Token (ns)               : 20000000
99.00 percentile time to output token (ns)   : 30000000
"""
HEADER = (
    "run_id,hw,model,framework,image,precision,spec_decoding,disagg,isl,osl,tp,ep,dp_attention,"
    "conc,num_prefill_gpu,num_decode_gpu,tput_per_gpu,output_tput_per_gpu,input_tput_per_gpu,"
    "mean_ttft,p99_ttft,mean_tpot,p99_tpot"
)
WHOLE = (
    "7,h200,a/m,vllm,i:1,fp8,none,False,1000,500,2,1,false,16,,,2312,770.7,1541.4,.2,.42,.01,.012"
)
# 2 prefill and 6 decode GPUs: 6 x 256.9 output and 2 x 1541.4 input tokens over 8 GPUs
SPLIT = "8,h200,a/m,vllm,i:1,fp8,mtp,True,1000,500,,,,16,2,6,578.02,256.9,1541.4,.2,.42,.01,.012"


def files(tmp_path, *contents):
    """Files whose names say nothing."""
    paths = []
    for i, content in enumerate(contents):
        text = content if isinstance(content, str) else json.dumps(content)
        (path := tmp_path / f"result{i}.dat").write_text(text)
        paths.append(str(path))
    return paths


def refused(tmp_path, content, **asked):
    known = ASKED if any(name in str(content) for name in ("meta-llama", "a/m")) else NAMED
    with pytest.raises(InputError) as error:
        import_results(files(tmp_path, content), known | asked)
    return str(error.value)


@pytest.mark.parametrize(
    ("content", "tool", "version", "date"),
    [
        (vllm(), "vLLM bench serve", "", "2026-01-31"),
        (sglang(), "SGLang bench_serving", "", ""),
        (guidellm(16), "GuideLLM", "0.6.0", "2026-01-01"),
        (aiperf(), "AIPerf", "0.10.0", "2026-01-31"),
        (aiperf(aiperf_version=None) | {"start_time": None}, "AIPerf", "", ""),
        (f"{HEADER}\n{WHOLE}\n", "InferenceMAX", "", ""),
    ],
)
def test_a_result_is_known_by_its_content_and_means_the_same_in_every_format(
    tmp_path, content, tool, version, date
):
    paths = files(tmp_path, content)
    (sweep,) = import_results(paths, ASKED | {"model": None if tool != TOOL else "llama-3.1-8b"})
    (source,), (point,) = sweep.sources, sweep.points
    assert (source.tool, source.version, source.date) == (tool, version, date)
    content = (tmp_path / "result0.dat").read_bytes()
    assert (source.file, source.sha256) == ("result0.dat", hashlib.sha256(content).hexdigest())
    assert (point.concurrency, point.counted) == (16, "limit")
    # two GPUs share 16 requests of 500 tokens that stay 5.19 s each
    assert point.output_rate == pytest.approx(16 * 500 / 5.19 / 2, rel=1e-3)
    times = (point.ttft_mean, point.ttft_p99, point.tpot_mean, point.tpot_p99)
    assert times == pytest.approx((0.2, 0.42, 0.010, 0.012))
    assert (sweep.prompt_tokens, sweep.output_tokens) == (1000, 500)
    assert (sweep.device, sweep.gpus, sweep.precision) == ("h200", 2, "fp8")


TOOL = "SGLang bench_serving"  # whose results do not say which model was served


def test_genai_perf_is_told_from_its_successor(tmp_path):
    content = aiperf() | {"input_config": {"model": ["llama"], "concurrency": 16}}
    del content["aiperf_version"]
    (sweep,) = import_results(files(tmp_path, content), ASKED)
    assert (sweep.sources[0].tool, sweep.model) == ("GenAI-Perf", "llama")


def test_a_summary_of_mlperf_counts_its_requests_by_littles_law(tmp_path):
    (sweep,) = import_results(files(tmp_path, MLPERF), NAMED | {"prompt": 250.0})
    (point,) = sweep.points
    assert (point.concurrency, point.counted) == (pytest.approx(10 * 6.18), "mean")
    assert (point.output_rate, sweep.output_tokens) == (1500, 300)
    assert (point.ttft_p99, point.tpot_mean) == pytest.approx((0.42, 0.02))
    offline = (
        MLPERF.replace("Scenario : Server", "Scenario : Offline")
        .replace("Completed samples", "Samples")
        .replace("Completed tokens", "Tokens")
    )
    (sweep,) = import_results(files(tmp_path, offline), NAMED | {"prompt": 250.0})
    assert (sweep.points[0].counted, sweep.points[0].ttft_mean) == ("flooded", None)
    for old, new, key in (
        ("is : VALID", "is : INVALID", "Result is: 'INVALID'; expected VALID"),
        ("PerformanceOnly", "AccuracyOnly", "Mode: 'AccuracyOnly'; expected PerformanceOnly"),
        ("Server", "SingleStream", "Scenario: 'SingleStream'; expected Server or Offline"),
    ):
        assert key in refused(tmp_path, MLPERF.replace(old, new), prompt=250.0)


def test_several_files_and_lines_are_one_sweep_in_order(tmp_path):
    lines = "\n".join(json.dumps(vllm(c)) for c in (64, 4))
    (sweep,) = import_results(files(tmp_path, vllm(16), lines, vllm(1)), ASKED)
    assert [point.concurrency for point in sweep.points] == [1, 4, 16, 64]
    assert [point.source for point in sweep.points] == [0, 1, 2, 1]
    assert [source.file for source in sweep.sources] == [
        "result2.dat",
        "result1.dat",
        "result0.dat",
    ]
    assert [point.line for point in sweep.points] == [None, 2, None, 1]


def test_other_lengths_and_repeats_are_sweeps_of_their_own(tmp_path):
    longer = vllm(16, total_input_tokens=640_000)
    again = vllm(16, p99_tpot_ms=12.5)
    found = import_results(files(tmp_path, vllm(16), longer, again), ASKED)
    assert [(s.prompt_tokens, s.repeat) for s in found] == [(1000, 1), (10_000, 1), (1000, 2)]
    with pytest.raises(InputError, match=r"result1\.dat: the same content as .*result0\.dat"):
        import_results(files(tmp_path, vllm(16), vllm(16)), ASKED)


def test_requests_that_come_by_the_clock_are_counted_by_their_mean(tmp_path):
    # 2 requests/s stay 5.19 s: 10.4 in flight, whatever the limit
    rate = {"output_throughput": 1000.0, "duration": 32.0, "request_rate": 2.0}
    (sweep,) = import_results(files(tmp_path, vllm(256, **rate)), ASKED)
    assert sweep.points[0].counted == "mean"
    assert sweep.points[0].concurrency == pytest.approx(10.38)
    (sweep,) = import_results(files(tmp_path, sglang(16, request_rate=3.0)), NAMED)
    assert (sweep.points[0].counted, sweep.points[0].concurrency) == ("mean", 0.97 * 16)


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
        ("b200-trt", None),
    ],
)
def test_a_card_is_known_by_its_name_and_no_other_for_it(name, card):
    assert known_card(name) == card


def test_a_model_is_known_by_its_name_and_no_other_for_it():
    assert known_shape("meta-llama/Llama-3.1-8B-Instruct") == "llama-3.1-8b"
    assert known_shape("meta-llama/Llama-2-70b-chat-hf") == "llama-2-70b"
    assert known_shape("meta-llama/Llama-3.3-70B") is None


def test_of_a_split_server_all_gpus_count(tmp_path):
    paths = files(tmp_path, f"{HEADER}\n{SPLIT}\n")
    (sweep,) = import_results(paths, {})
    assert (sweep.gpus, sweep.parallelism) == (8, "2 prefill, 6 decode GPUs")
    assert sweep.variant == "disaggregated, mtp"
    assert sweep.points[0].output_rate == pytest.approx(6 * 256.9 / 8)


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


def test_what_is_written_is_what_was_measured_and_tells_its_sources(tmp_path):
    for c in (1, 16):
        (tmp_path / f"c{c}.json").write_text(json.dumps(vllm(c)))
    line = ["capacity", "import", "c16.json", "c1.json", "--gpu", "h200", "--gpus", "2"]
    line += ["--precision", "fp8"]
    status, out, errors = command(*line, "--json", "--out", "new", folder=tmp_path)
    assert (status, errors) == (0, "")
    told = json.loads(out)
    assert told["files"] == ["001_h200_2_llama-3.1-8b-instruct_fp8_1000_500.yaml"]
    found = measured_sweep(tmp_path / "new" / told["files"][0])
    assert found.model_dump() == told["sweeps"][0]
    assert [source.file for source in found.sources] == ["c1.json", "c16.json"]
    assert str(tmp_path) not in (tmp_path / "new" / told["files"][0]).read_text()
    status, out, _ = command(*line, folder=tmp_path)
    assert status == 0
    assert "1 measured frontier of 2 points" in out
    assert "within the ceilings of h200 for llama-3.1-8b" in out
    assert "vLLM bench serve, version not said, of 2026-01-31, SHA-256" in out


def test_a_written_frontier_that_was_altered_is_refused_by_line(tmp_path):
    for c in (1, 16):
        (tmp_path / f"c{c}.json").write_text(json.dumps(vllm(c)))
    line = ["capacity", "import", "c1.json", "c16.json", "--gpu", "h200", "--gpus", "2"]
    line += ["--precision", "fp8", "--out", "new"]
    assert command(*line, folder=tmp_path)[0] == 0
    (file,) = (tmp_path / "new").iterdir()
    text = file.read_text()
    for old, new, words in (
        ("concurrency: 16.0", "concurrency: 0.5", "concurrencies that do not rise"),
        ("source: 1", "source: 2", "a source beyond the 2"),
        ("tpot_mean: 0.01", "tpot_mean: -0.01", "tpot_mean"),
        ("gpus: 2", "gpus: 2\nodd: 1", "odd"),
    ):
        file.write_text(text.replace(old, new, 1))
        with pytest.raises(InputError, match=words):
            measured_sweep(file)


@pytest.mark.skipif(not INFERENCEMAX.exists(), reason="the shared data is not here")
def test_all_published_rows_of_inferencemax_are_read_and_hold_together():
    found = import_results([str(INFERENCEMAX)], {})
    assert sum(len(sweep.points) for sweep in found) == 1622
    # four rows share all settings that the table has, and their concurrency, with another one
    assert sum(sweep.repeat > 1 for sweep in found) <= 4
    (sweep,) = import_results(
        [str(INFERENCEMAX)],
        {"gpu": "h200", "precision": "fp8", "run": "20613446912", "prompt": 1024, "output": 1024},
    )
    assert [point.concurrency for point in sweep.points] == [4, 8, 16, 32, 64]
    assert (sweep.gpus, sweep.parallelism) == (8, "tp 8, ep 1")
    rates = [point.output_rate for point in sweep.points]
    assert rates == sorted(rates) and rates[-1] == pytest.approx(237.3, abs=0.05)


@pytest.mark.skipif(not TENSORRT.exists(), reason="the shared data is not here")
def test_the_published_table_of_tensorrt_llm_is_within_every_card_it_names():
    found = import_results([str(TENSORRT)], {"gpus": 1, "model": "llama-3.1-8b"})
    assert len(found) == 45
    assert sum(sweep.bound.startswith("within the ceilings") for sweep in found) == 36


def measured_file(tmp_path, *contents):
    for i, content in enumerate(contents):
        (tmp_path / f"{i}.json").write_text(json.dumps(content))
    names = [f"{i}.json" for i in range(len(contents))]
    line = ["capacity", "import", *names, "--gpu", "h200", "--gpus", "1", "--precision", "fp8"]
    assert command(*line, "--out", "new", folder=tmp_path)[0] == 0
    (file,) = (tmp_path / "new").iterdir()
    return f"new/{file.name}"


def slower(concurrency, tpot):
    """A point whose times and throughput fit one another."""
    rate = concurrency * 500 / (0.2 + 499 * tpot)
    return vllm(
        concurrency,
        mean_tpot_ms=1e3 * tpot,
        p99_tpot_ms=1.2e3 * tpot,
        output_throughput=rate,
        duration=32_000 / rate,
    )


def test_a_frontier_is_answered_from_what_was_measured_and_says_so(tmp_path):
    file = measured_file(tmp_path, slower(4, 0.01), slower(16, 0.02), slower(64, 0.04))
    line = ["capacity", "frontier", "--measured", file, "--prompt", "1000", "--output", "500"]
    status, out, errors = command(*line, "--tpot", "0.02", "--json", folder=tmp_path)
    assert (status, errors) == (0, "")
    row = json.loads(out)["hardware"][file]
    assert (row["from"], row["batch"]) == ("measured", pytest.approx(16))
    assert row["goodput"] == pytest.approx(16 * 500 / (0.2 + 499 * 0.02))
    goodputs = []
    for limit in (0.011, 0.015, 0.02, 0.03, 0.04):
        _, out, _ = command(*line, "--tpot", limit, "--json", folder=tmp_path)
        goodputs.append(json.loads(out)["hardware"][file]["goodput"])
    assert goodputs == sorted(goodputs)
    status, out, errors = command(*line, "--hardware", "h200", "--tpot", ".03", folder=tmp_path)
    assert (status, errors) == (0, "")
    assert "measured" in out and "roofline" in out and "interpolated between its points" in out


def test_beyond_what_was_measured_there_is_a_remark_or_a_refusal(tmp_path):
    file = measured_file(tmp_path, slower(4, 0.01), slower(16, 0.02))
    line = ["capacity", "frontier", "--measured", file]
    status, _, errors = command(*line, "--prompt", "1000", "--output", "500", folder=tmp_path)
    assert status == 0
    assert "let in more than the 16 requests that were measured at most" in errors
    status, _, errors = command(*line, "--tpot", "0.015", folder=tmp_path)
    assert status == 0
    assert "measured with 1000 prompt and 500 output tokens, not 1155 and 211" in errors
    status, out, errors = command(*line, "--tpot", "0.005", folder=tmp_path)
    assert (status, out) == (2, "")
    assert f"{file}: TPOT: 0.005 s; expected at least 0.01 s, measured with 4 requests" in errors


def test_a_frontier_needs_points_to_go_between(tmp_path):
    file = measured_file(tmp_path, slower(4, 0.01))
    status, out, errors = command("capacity", "frontier", "--measured", file, folder=tmp_path)
    assert (status, out) == (2, "")
    assert f"error: {file}: points: one point; expected at least 2" in errors
    status, out, errors = command("capacity", "frontier", folder=tmp_path)
    assert (status, out) == (2, "")
    assert errors == "error: --hardware: none; expected a name, or --measured FILE\n"

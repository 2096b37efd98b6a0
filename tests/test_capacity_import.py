"""Results of serving benchmarks are told apart by content, mean the same in every format, and are
joined to sweeps.
"""

import hashlib
import json

import pytest
from serving import (
    ASKED,
    HEADER,
    MLPERF,
    NAMED,
    SPLIT,
    WHOLE,
    aiperf,
    files,
    guidellm,
    refused,
    sglang,
    vllm,
)

from paths import DATA, command
from tokenomics.capacity.importing import import_results
from tokenomics.capacity.measured_sweep import measured_sweep
from tokenomics.errors import InputError, Remark

INFERENCEMAX = DATA / "hardware" / "inferencemax_agg_2025-12_2026-01.csv"
TENSORRT = DATA / "hardware" / "trtllm_v0.17_llama31_8b_tp1_output_tok_s.csv"
TOOL = "SGLang bench_serving"  # whose results do not say which model was served


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
        # as a page of AMD's shows it: the statistics of another run between those of this one
        (
            "3000.00\nMean",
            "2000.00\nMean",
            "Completed tokens per second: 2000.00 after 3000.0; exp",
        ),
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
    (sweep,) = import_results(files(tmp_path, vllm(16, ramp_up_strategy="linear")), ASKED)
    assert sweep.points[0].counted == "mean"
    (sweep,) = import_results(files(tmp_path, sglang(16, request_rate=3.0)), NAMED)
    assert (sweep.points[0].counted, sweep.points[0].concurrency) == ("mean", 0.97 * 16)


def test_a_mean_above_its_99th_percentile_is_remarked_and_taken(tmp_path):
    few = files(tmp_path, vllm(16, p99_tpot_ms=8.0), vllm(32))
    with pytest.warns(
        Remark, match=r"1 point with a mean TPOT above .* up to 1.25 times it, .*0.dat"
    ):
        (sweep,) = import_results(few, ASKED)
    assert [point.tpot_p99 for point in sweep.points] == [0.008, 0.012]


def test_requests_that_failed_are_told(tmp_path):
    totals = {"request_totals": {"successful": 90, "errored": 10}}
    contents = [
        vllm(16, failed=16),
        guidellm(16, **totals),
        aiperf(request_count={"avg": 60.0}, error_request_count={"avg": 15.0}),
    ]
    found = import_results(files(tmp_path, *contents), ASKED)
    assert [sweep.points[0].failed for sweep in found] == [0.2, 0.1, 0.2]
    line = ["capacity", "import", "result0.dat", "--gpu", "h200", "--gpus", "2"]
    _, out, _ = command(*line, "--precision", "fp8", folder=tmp_path)
    assert "1 point with failed requests, up to 20.0%" in out
    assert "failed: -1; expected a number above 0" in refused(tmp_path, vllm(16, failed=-1))


def test_of_a_split_server_all_gpus_count(tmp_path):
    paths = files(tmp_path, f"{HEADER}\n{SPLIT}\n")
    (sweep,) = import_results(paths, {})
    assert (sweep.gpus, sweep.parallelism) == (8, "2 prefill, 6 decode GPUs")
    assert sweep.variant == "disaggregated, mtp"
    assert sweep.points[0].output_rate == pytest.approx(6 * 256.9 / 8)


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

"""Small results of serving benchmarks, written by hand after each tool's documented fields: 16
requests in flight of 1000 + 500 tokens, TTFT 0.2 s, TPOT 10 ms.
"""

import json
import math

import pytest

from tokenomics.capacity.importing import import_results
from tokenomics.errors import InputError

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

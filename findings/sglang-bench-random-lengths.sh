#!/usr/bin/env bash
# SGLang 0.5.5, bench_serving: with its defaults, random prompts and answers have half the length that was asked for, in the mean.
#
# `--random-input-len` is told as the number of input tokens of a request. It is the most that a request may have. Lengths are drawn evenly from
# `--random-range-ratio` times it up to it, and that ratio is 0 by default. Of 1.0 all requests have the length. vLLM's `bench serve` has options
# of the same names: there lengths are drawn evenly from (1 - ratio) to (1 + ratio) times the length, so that 0 gives the length itself
# (docs.vllm.ai, vllm.benchmarks.datasets). Two commands with the same options thus measure different work, and the name of a file that has the
# length in it tells twice the work. What was sent is in the result, as `total_input_tokens` over `completed`.
# Where: `sample_random_requests` in sglang/bench_serving.py; 0.5.23 has the same in `compute_random_lens` of sglang/benchmark/datasets/common.py.
# InferenceMAX runs a client of this kind with .8, so that its 1024 tokens are 922 in the mean, as its times and rates say by Little's law.
set -euo pipefail
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --no-deps sglang==0.5.5
"$work/venv/bin/pip" install -q numpy==2.4.6 aiohttp==3.14.5 requests==2.34.2 tqdm==4.70.1 transformers==4.57.1 pybase64==1.5.1 datasets==4.4.1 pillow==12.0.0 ipython==9.8.0 pydantic==2.13.4 2> "$work/pip.log" || { cat "$work/pip.log"; exit 1; } # it names all that a server needs, which a client does not
cd "$work"
export HF_HUB_OFFLINE=1

# a tokenizer of 2,000 words, and a server that answers as many tokens as it is asked for
"$work/venv/bin/python" - <<'PYTHON'
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

words = Tokenizer(models.WordLevel({f"w{i}": i for i in range(2000)}, unk_token="w0"))
words.pre_tokenizer = pre_tokenizers.Whitespace()
PreTrainedTokenizerFast(tokenizer_object=words, unk_token="w0").save_pretrained("words")
PYTHON
cat > server.py <<'PYTHON'
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answer(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.sent(json.dumps({"data": [{"id": "words"}]}).encode())

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        made = max(asked.get("max_tokens", 1), 1)
        piece = {"choices": [{"text": "w1 " * made}], "usage": {"completion_tokens": made}}
        self.sent(b"data: " + json.dumps(piece).encode() + b"\n\ndata: [DONE]\n\n")

    def sent(self, content):
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
"$work/venv/bin/python" server.py > port.txt &
until [ -s port.txt ]; do sleep 0.2; done

measured() {
  "$work/venv/bin/python" -m sglang.bench_serving --backend vllm --host 127.0.0.1 --port "$(cat port.txt)" --model words --tokenizer words \
    --dataset-name random-ids --num-prompts 100 --random-input-len 1024 --random-output-len 16 --output-file "$1.jsonl" "${@:2}" > "$1.log" 2>&1 ||
    { cat "$1.log"; exit 1; }
}
measured default
measured whole --random-range-ratio 1.0
"$work/venv/bin/python" - <<'PYTHON'
import json
from importlib.metadata import version

print(f"sglang {version('sglang')}")
mean = {}
for name in ("default", "whole"):
    found = json.loads(open(f"{name}.jsonl").readline())
    mean[name] = found["total_input_tokens"] / found["completed"]
    print(
        f"{name}: asked for {found['random_input_len']} tokens with a range ratio of "
        f"{found['random_range_ratio']}; {found['completed']} requests had {mean[name]:.0f} in the mean"
    )
assert 440 < mean["default"] < 590, "lengths are no longer drawn from 1 to what was asked for"
assert mean["whole"] == 1024
PYTHON

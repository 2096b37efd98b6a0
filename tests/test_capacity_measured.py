"""A measured frontier answers between its points, says that it does, and is read as strictly as any
stranger's file.
"""

import csv
import json

import pytest
from serving import vllm

from paths import command
from tokenomics.capacity.measured_sweep import measured_sweep
from tokenomics.capacity.supply import load_fleet
from tokenomics.errors import InputError, Remark
from tokenomics.parameters.locate import find


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
    status, out, errors = command(*line, "--hardware", "h200", "--cards", "2", folder=tmp_path)
    said = "Instruct in fp8 on 1 card, not llama-3.1-8b in fp8 on 2 cards"
    assert status == 0 and said in errors


def test_an_answer_says_what_it_is_of(tmp_path):
    line = ["capacity", "frontier", "--hardware", "h100", "--chunk", "2048", "--poll", "31"]
    line += ["--cached", "0.5", "--ttft-p99", "2"]
    status, out, errors = command(*line, folder=tmp_path)
    assert (status, errors) == (0, "")
    said = " ".join(out.split())
    assert "llama-3.1-8b in fp8 on 1 card" in said and "0.5 of the prompt cached" in said
    assert "calls of 2048 prompt tokens, a look at the queue every 31 steps" in said
    told = json.loads(command(*line, "--json", "--out", "cards", folder=tmp_path)[1])
    (row,) = csv.DictReader((tmp_path / "cards" / "frontier.csv").open())
    assert float(row["goodput"]) == pytest.approx(told["hardware"]["h100"]["goodput"])
    assert (told["model"], told["chunk"], told["poll"]) == ("llama-3.1-8b", 2048, 31)
    assert (told["cached"], told["limits"]["time_to_first_token_p99"]) == (0.5, 2)
    file = measured_file(tmp_path, slower(4, 0.01), slower(16, 0.02))
    line = ["capacity", "frontier", "--measured", file, "--model", "llama-3.1-70b"]
    told = json.loads(command(*line, "--json", folder=tmp_path)[1])
    assert "model" not in told and "8B" in told["hardware"][file]["model"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("--model llama-3.1-70b --precision fp16 --cards 4", "llama-3.1-70b in fp16 on 4 cards"),
        ("--cards 2", "Instruct in fp8 on 2 cards"),
        ("--precision fp8 --cards 1", ""),
        ("", ""),
    ],
)
def test_what_is_asked_for_otherwise_than_measured_is_said_without_the_roofline(
    tmp_path, asked, said
):
    file = measured_file(tmp_path, slower(4, 0.01), slower(16, 0.02))
    line = ["capacity", "frontier", "--measured", file, "--prompt", "1000", "--output", "500"]
    status, _, errors = command(*line, "--tpot", "0.015", *asked.split(), folder=tmp_path)
    assert status == 0
    assert said in errors and ("on 1 card, not " in errors) == bool(said)


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


def fleet_with(tmp_path, monkeypatch, file):
    """The shipped fleet with measured H100s, at the lengths that were measured."""
    text = find("fleet", "marketplace").read_text()
    text = text.replace("hardware: h100\n", f"hardware: h100\n    measured: {file}\n", 1)
    text = text.replace("{value: 1155.0", "{value: 1000.0").replace(
        "{value: 211.0", "{value: 500.0"
    )
    (tmp_path / "fleet.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return "./fleet.yaml"


def test_a_type_that_was_measured_offers_what_was_measured(tmp_path, monkeypatch):
    file = measured_file(tmp_path, slower(4, 0.01), slower(16, 0.03), slower(64, 0.05))
    found = load_fleet(fleet_with(tmp_path, monkeypatch, file))
    member = found.members["h100"]
    # at the fleet's 0.03 s a token: 16 requests in flight, 500 of 1500 tokens are output
    rate = 16 * 500 / (0.2 + 499 * 0.03)
    assert (member.batch, member.output_rate) == pytest.approx((16, rate))
    assert member.accelerator.throughput == pytest.approx(0.6 * 3 * rate)
    assert member.origin == "measured frontier"
    assert found.members["l40s"].origin == "published"
    source = found.overlay()["fleet"]["h100"]["throughput"]["source"]
    assert "measured frontier figures" in source
    status, out, errors = command("capacity", "supply", "--fleet", "./fleet.yaml")
    assert (status, errors) == (0, "")
    assert "h100 measured frontier, a100 published" in out


def test_a_type_is_measured_with_its_own_cards(tmp_path, monkeypatch):
    file = measured_file(tmp_path, slower(4, 0.01), slower(16, 0.02))
    fleet = fleet_with(tmp_path, monkeypatch, file)
    with pytest.warns(Remark, match="let in more than the 16 requests that were measured at most"):
        load_fleet(fleet)
    measured = (tmp_path / file).read_text()
    (tmp_path / file).write_text(measured.replace("Llama-3.1-8B", "Qwen3-8B"))
    with pytest.warns(Remark) as remarks:
        load_fleet(fleet)
    said = "measured with meta-llama/Qwen3-8B-Instruct, and the fleet serves llama-3.1-8b"
    assert f"{file}: {said}" in [str(one.message) for one in remarks]
    text = (tmp_path / "fleet.yaml").read_text()
    for old, new, words in (
        ("precision: fp8", "precision: fp8\n    cards: 2", "gpus: 1; expected 2, as the type's"),
        ("value: 0.03", "value: 0.005", "TPOT: 0.005 s; expected at least 0.01 s"),
    ):
        (tmp_path / "fleet.yaml").write_text(text.replace(old, new, 1))
        with pytest.raises(InputError, match=words) as error:
            load_fleet(fleet)
        assert error.value.file == file

"""Today's models have the published sizes; experts, windows and latent attention cost what they
should; a model's own configuration says the same as the shipped file.
"""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paths import command
from tokenomics.capacity.hub_config import ARCHITECTURES, hub_shape
from tokenomics.capacity.model_parts import Experts
from tokenomics.capacity.shapes import plain_shape, shape
from tokenomics.errors import InputError

OSS, R1 = shape("gpt-oss-120b"), shape("deepseek-r1")


def test_models_have_the_published_numbers_of_parameters():
    # model cards: 117 billion and 5.1 active; 671 and 37 (36.6 with the head); 70.6 and 405.9
    assert 116.5e9 < OSS.parameters < 117.0e9 and OSS.active_parameters == pytest.approx(
        5.1e9, 0.02
    )
    assert R1.parameters == pytest.approx(671e9, 1e-3)
    assert R1.active_parameters == pytest.approx(36.6e9, 0.01)
    assert shape("llama-3.1-70b").parameters == 70_553_706_496
    assert shape("llama-3.1-405b").parameters == 405_853_388_800


def test_files_have_the_published_sizes():
    # gpt-oss-120b is 65.3 GB on the hub with 4.25 bits an expert's weight; R1's cache 70 KB a token
    assert OSS.weight_bytes("fp4") == pytest.approx(65.3e9, rel=0.02)
    assert R1.kv_bytes("fp16") == 2 * 61 * 576
    assert OSS.kv_bytes("fp16", 8192) == 2 * 2 * 8 * 64 * (18 * 8192 + 18 * 128)


@given(count=st.integers(2, 12), active=st.integers(1, 11), tokens=st.integers(0, 40))
def test_distinct_experts_are_those_of_independent_draws(count, active, tokens):
    active = min(active, count - 1)
    experts = Experts(count=count, active=active, width=8)
    exact = count * (1.0 - (1.0 - active / count) ** tokens)
    assert experts.read(tokens) == pytest.approx(exact, abs=1e-12)
    assert experts.read(1) == pytest.approx(active)
    assert experts.read(1e9) == pytest.approx(count)


def test_distinct_experts_are_those_of_a_simulation():
    rng = np.random.default_rng(0)
    experts = Experts(count=128, active=4, width=8)
    drawn = [
        len({e for _ in range(20) for e in rng.choice(128, 4, replace=False)}) for _ in range(300)
    ]
    assert experts.read(20) == pytest.approx(np.mean(drawn), rel=0.01)


@given(tokens=st.integers(1, 400), context=st.integers(0, 400))
def test_a_window_sees_its_own_tokens_only(tokens, context):
    model = OSS.model_copy(update={"window": OSS.window.model_copy(update={"tokens": 100})})
    each = 4 * model.heads * model.head_width
    ends = np.arange(context, context + tokens) + 0.5  # a token sees half of itself
    pairs = model.layers - model.window.layers, model.window.layers
    whole = pairs[0] * ends.sum() + pairs[1] * np.minimum(ends, 100.0).sum()
    found = model.prefill_attention(float(tokens), float(context))
    assert found == pytest.approx(each * whole, rel=2e-3, abs=each * model.layers)


def test_tied_embeddings_are_stored_once():
    model = shape("llama-3.1-8b")
    tied = model.model_copy(update={"tied": True})
    assert model.parameters - tied.parameters == model.head_parameters
    assert tied.active_parameters == model.active_parameters


def test_the_benchmark_refuses_what_it_cannot_compute():
    with pytest.raises(InputError, match="'gpt-oss-120b', with experts.*; expected one of Llama's"):
        plain_shape("gpt-oss-120b")
    assert command("capacity", "benchmark", "--model", "deepseek-r1")[0] == 2


CONFIGS = {
    "gpt-oss-120b": {
        "architectures": ["GptOssForCausalLM"],
        "head_dim": 64,
        "hidden_size": 2880,
        "intermediate_size": 2880,
        "layer_types": ["sliding_attention", "full_attention"] * 18,
        "num_attention_heads": 64,
        "num_experts_per_tok": 4,
        "num_hidden_layers": 36,
        "num_key_value_heads": 8,
        "num_local_experts": 128,
        "rms_norm_eps": 1e-05,
        "rope_theta": 150000,
        "sliding_window": 128,
        "tie_word_embeddings": False,
        "vocab_size": 201088,
    },
    "deepseek-r1": {
        "architectures": ["DeepseekV3ForCausalLM"],
        "auto_map": {"AutoConfig": "configuration_deepseek.DeepseekV3Config"},
        "first_k_dense_replace": 3,
        "hidden_size": 7168,
        "intermediate_size": 18432,
        "kv_lora_rank": 512,
        "moe_intermediate_size": 2048,
        "moe_layer_freq": 1,
        "n_routed_experts": 256,
        "n_shared_experts": 1,
        "num_attention_heads": 128,
        "num_experts_per_tok": 8,
        "num_hidden_layers": 61,
        "num_key_value_heads": 128,
        "q_lora_rank": 1536,
        "qk_nope_head_dim": 128,
        "qk_rope_head_dim": 64,
        "rms_norm_eps": 1e-06,
        "rope_theta": 10000,
        "v_head_dim": 128,
        "vocab_size": 129280,
    },
    "llama-3.1-405b": {
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": 16384,
        "intermediate_size": 53248,
        "num_attention_heads": 128,
        "num_hidden_layers": 126,
        "num_key_value_heads": 8,
        "rms_norm_eps": 1e-05,
        "rope_theta": 500000.0,
        "vocab_size": 128256,
    },
}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_models_own_configuration_is_the_shipped_model(name, tmp_path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps(CONFIGS[name]))
    told = {"description", "source"}
    assert hub_shape(file).model_dump(exclude=told) == shape(name).model_dump(exclude=told)
    line = ["capacity", "model", "config.json", "--out", "my.yaml", "--json"]
    status, out, errors = command(*line, folder=tmp_path)
    assert (status, errors) == (0, "")
    assert json.loads(out)["active_parameters"] == shape(name).active_parameters
    assert shape(str(tmp_path / "my.yaml")) == hub_shape(file)


REFUSED = [
    ("architectures", ["BambaForCausalLM"], "architectures: BambaForCausalLM; expected one of "),
    ("architectures", None, "architectures: missing; expected one of "),
    ("hidden_size", "2880", "hidden_size: 2880; expected a whole number from 8"),
    ("num_hidden_layers", None, "num_hidden_layers: missing; expected a whole number"),
    ("num_hidden_layers", True, "num_hidden_layers: True; expected a whole number"),
    ("num_experts_per_tok", 128, "128 of 128 experts active"),
    ("layer_types", ["full_attention"], "layer_types: .*; expected a list of 36"),
    ("layer_types", ["linear_attention"] * 36, "expected sliding_attention or full_attention"),
]


@pytest.mark.parametrize(("key", "value", "message"), REFUSED)
def test_a_configuration_that_is_not_known_is_refused_by_name(key, value, message, tmp_path):
    file = tmp_path / "config.json"
    tree = CONFIGS["gpt-oss-120b"] | {key: value}
    file.write_text(json.dumps({k: v for k, v in tree.items() if v is not None}))
    with pytest.raises(InputError, match=message) as caught:
        hub_shape(file)
    assert str(caught.value).startswith(str(file)) and "\n" not in str(caught.value)


def test_every_known_architecture_can_be_read(tmp_path):
    every = {key: value for tree in CONFIGS.values() for key, value in tree.items()}
    every |= {"layer_types": ["full_attention"] * 126, "num_experts": 64, "sliding_window": None}
    for name in ARCHITECTURES:
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(every | {"architectures": [name]}))
        assert hub_shape(file).parameters > 0


def test_no_code_that_a_configuration_names_is_loaded(tmp_path):
    (tmp_path / "configuration_deepseek.py").write_text("raise SystemExit(9)")
    (tmp_path / "config.json").write_text(json.dumps(CONFIGS["deepseek-r1"]))
    assert command("capacity", "model", "config.json", folder=tmp_path)[0] == 0
    (tmp_path / "config.json").write_text("[1, 2")
    status, out, errors = command("capacity", "model", "config.json", folder=tmp_path)
    assert (status, out) == (2, "") and errors.startswith("error: config.json: not JSON")

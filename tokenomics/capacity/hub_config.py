"""A model's own configuration, `config.json` of the hub, as a shape.

The file is data: nothing that it names is loaded. Its `architectures` say what its keys mean; one
that is not known here is refused by name. Keys as in Hugging Face's transformers (configuration
classes of Llama, Mistral, Mixtral, Qwen2, Qwen3, Qwen3-MoE, gpt-oss, DeepSeek-V2 and V3).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import InputError, printable
from ..inputs.files import read_bytes
from ..inputs.strict_json import digest, parse
from ..parameters.documents import validated
from .shapes import Shape

EXPECTED = "the config.json of a model"
MOST_BYTES = 10_000_000  # a hundred times the longest one, of a vision model with its languages
MOST = 1e9  # a dimension
DENSE = ("LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM")
# what servers' quantised files leave in 16 bits (assumption, as NVIDIA's of Llama and DeepSeek-R1,
# and OpenAI's of gpt-oss have it)
KEPT = {"fp8": ["head"], "fp4": ["head"], "int4": ["head"]}
KEPT_EXPERTS = {"fp8": ["head"], "fp4": ["attention", "head"], "int4": ["attention", "head"]}


class HubConfig:
    """A configuration and its file, for errors."""

    def __init__(self, tree: Mapping[str, Any], file: str) -> None:
        self.tree, self.file = tree, file

    def refuse(self, key: str, found: object, expected: str) -> InputError:
        """An error that names the file and the key."""
        return InputError(printable(str(found))[:100], file=self.file, key=key, expected=expected)

    def whole(self, key: str, least: int = 1, default: int | None = None) -> int:
        """A whole number of at least `least`."""
        value = self.tree.get(key)
        if value is None and default is not None:
            return default
        known = isinstance(value, int) and not isinstance(value, bool)
        if not (known and least <= value <= MOST):
            found = "missing" if value is None else value
            raise self.refuse(key, found, f"a whole number from {least} to {MOST:g}")
        return value

    def number(self, key: str, default: float) -> float:
        """A number above 0."""
        value = self.tree.get(key, default)
        known = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not (known and 0.0 < value <= 1e12):
            raise self.refuse(key, value, "a number above 0")
        return float(value)

    def only(self, key: str, *values: object) -> None:
        """Raise InputError for a setting whose cost is not modelled."""
        found = self.tree.get(key, values[0])
        if found not in values:
            raise self.refuse(key, found, f"{values[0]}: nothing else is modelled")


def _base(config: HubConfig) -> dict[str, Any]:
    """What all architectures have."""
    width, heads = config.whole("hidden_size", 8), config.whole("num_attention_heads")
    head = config.tree.get("head_dim")
    if head is None and width % heads:
        raise config.refuse(
            "head_dim", "missing", f"given: {width} is no multiple of {heads} heads"
        )
    rotary = config.tree.get("rope_parameters")
    base = rotary.get("rope_theta") if isinstance(rotary, Mapping) else None
    return {
        "layers": config.whole("num_hidden_layers"),
        "width": width,
        "heads": heads,
        "kv_heads": config.whole("num_key_value_heads", default=heads),
        "head_width": width // heads if head is None else config.whole("head_dim", 2),
        "mlp_width": config.whole("intermediate_size", 8),
        "vocabulary": config.whole("vocab_size", 2),
        "rotary_base": config.number("rope_theta", base if isinstance(base, (int, float)) else 1e4),
        "norm_epsilon": config.number("rms_norm_eps", 1e-6),
        "tied": config.tree.get("tie_word_embeddings") is True,
        "sixteen_bit": KEPT,
    }


def _dense(config: HubConfig) -> dict[str, Any]:
    found = _base(config)
    config.only("use_sliding_window", False, None)
    if config.tree.get("sliding_window") is not None and "use_sliding_window" not in config.tree:
        window = config.whole("sliding_window")
        found["window"] = {"tokens": window, "layers": found["layers"]}
    return found


def _mixtral(config: HubConfig) -> dict[str, Any]:
    found = _dense(config)
    experts = {
        "count": config.whole("num_local_experts", 2),
        "active": config.whole("num_experts_per_tok"),
        "width": found["mlp_width"],
    }
    return found | {"experts": experts, "sixteen_bit": KEPT_EXPERTS}


def _qwen_experts(config: HubConfig) -> dict[str, Any]:
    config.only("mlp_only_layers", [], None)
    config.only("decoder_sparse_step", 1)
    experts = {
        "count": config.whole("num_experts", 2),
        "active": config.whole("num_experts_per_tok"),
        "width": config.whole("moe_intermediate_size", 8),
    }
    return _dense(config) | {"experts": experts, "sixteen_bit": KEPT_EXPERTS}


def _gpt_oss(config: HubConfig) -> dict[str, Any]:
    found = _base(config)
    kinds = config.tree.get("layer_types")
    if not isinstance(kinds, list) or len(kinds) != found["layers"]:
        raise config.refuse("layer_types", kinds, f"a list of {found['layers']} kinds of attention")
    experts = {
        "count": config.whole("num_local_experts", 2),
        "active": config.whole("num_experts_per_tok"),
        "width": found["mlp_width"],
    }
    windowed = kinds.count("sliding_attention")
    if windowed:
        found["window"] = {"tokens": config.whole("sliding_window"), "layers": windowed}
    if windowed + kinds.count("full_attention") != len(kinds):
        raise config.refuse("layer_types", kinds, "sliding_attention or full_attention")
    kept = KEPT_EXPERTS | {"fp8": ["attention", "head"]}
    return found | {"experts": experts, "sixteen_bit": kept}


def _deepseek(config: HubConfig) -> dict[str, Any]:
    config.only("moe_layer_freq", 1)
    experts = {
        "count": config.whole("n_routed_experts", 2),
        "active": config.whole("num_experts_per_tok"),
        "width": config.whole("moe_intermediate_size", 8),
        "shared": config.whole("n_shared_experts", 0, 0),
        "dense_layers": config.whole("first_k_dense_replace", 0, 0),
    }
    latent = {
        "query_rank": config.whole("q_lora_rank", 0, 0),
        "rank": config.whole("kv_lora_rank"),
        "content_width": config.whole("qk_nope_head_dim"),
        "rotary_width": config.whole("qk_rope_head_dim", 2),
        "value_width": config.whole("v_head_dim"),
    }
    return (
        _base(config)
        | {"experts": experts, "latent": latent, "sixteen_bit": KEPT_EXPERTS}
        | {"head_width": latent["content_width"]}
    )


ARCHITECTURES = dict.fromkeys(DENSE, _dense) | {
    "MixtralForCausalLM": _mixtral,
    "Qwen3MoeForCausalLM": _qwen_experts,
    "GptOssForCausalLM": _gpt_oss,
    "DeepseekV2ForCausalLM": _deepseek,
    "DeepseekV3ForCausalLM": _deepseek,
}


def hub_shape(path: str | Path) -> Shape:
    """The shape of a `config.json`. Raises InputError that names file and key: no such file, no
    JSON, an architecture that is not known, a missing or impossible value.
    """
    file = str(path)
    content = read_bytes(path, most=MOST_BYTES, expected=EXPECTED)
    config = HubConfig(parse(content, path, EXPECTED), file)
    names = config.tree.get("architectures")
    name = names[0] if isinstance(names, list) and len(names) == 1 else names
    if not isinstance(name, str) or name not in ARCHITECTURES:
        found = "missing" if name is None else name
        raise config.refuse("architectures", found, "one of " + ", ".join(ARCHITECTURES))
    told = config.tree.get("_name_or_path")
    called = printable(told)[:100] if isinstance(told, str) and told else "a model"
    tree = ARCHITECTURES[name](config) | {
        "description": f"{called} ({name})",
        "source": f"its config.json, SHA-256 {digest(content)}",
    }
    return validated(Shape, tree, file)

"""What no card can exceed: a measured throughput against the ceilings of its data sheet.

A decode step reads every weight once and gives each request in flight one token, so that c requests
get at most c tokens in weights/bandwidth seconds; and a token takes two operations a weight. Both
leave out the KV cache, attention and prompts: only an impossible number is refused, such as one of
all GPUs under the name of one. Speculative decoding gives several tokens a step, which leaves the
second.
"""

from __future__ import annotations

import re

from ..errors import nearest
from ..parameters.locate import names
from .hardware import Hardware, hardware
from .served import Served, told
from .shapes import Shape, shape

WEIGHT_BYTES = {"fp32": 4.0, "fp16": 2.0, "bf16": 2.0, "fp8": 1.0, "int8": 1.0}
WEIGHT_BYTES |= {"fp4": 0.5, "nvfp4": 0.5, "mxfp4": 0.5, "int4": 0.5}
# other cards of a name: their ceilings are not the shipped ones
OTHER_CARDS = ("nvl", "pcie", "laptop", "mig")
OTHER_MODELS = ("distill",)  # named after a model whose shape they have not


def decode_bound(device: Hardware, served: Shape, precision: str, context: float) -> float:
    """Least time of a step that gives one request a token, at the data sheet's figures [s]."""
    moved = served.read_bytes(precision) + served.kv_bytes(precision, context)
    return _least(device, precision, moved, served.decode_operations(1.0, context))


def prefill_bound(device: Hardware, served: Shape, precision: str, tokens: float) -> float:
    """Least time of a prompt at the data sheet's figures [s]."""
    done = served.prefill_operations(tokens)
    return _least(device, precision, served.read_bytes(precision), done)


def _least(device: Hardware, precision: str, moved: float, done: float) -> float:
    bandwidth, rate = device.bandwidth.value * 1e12, device.rates[precision].value * 1e12
    return float(max(moved / bandwidth, done / rate))


def known_card(name: str) -> str | None:
    """The shipped accelerator that a card's name tells: h100 for 'NVIDIA H100 80GB HBM3'."""
    plain = re.sub(r"rtx[ _-]+", "rtx", name.lower())
    if any(other in plain for other in OTHER_CARDS):
        return None
    found = [n for n in names("hardware") if re.search(rf"(?<![a-z0-9]){n}(?![a-z0-9])", plain)]
    return found[0] if len(found) == 1 else None


def known_shape(name: str) -> str | None:
    """The shipped model that a model's name tells, such as llama-3.1-8b for
    'meta-llama/Llama-3.1-8B-Instruct'.
    """
    if any(other in name.lower() for other in OTHER_MODELS):
        return None
    found = [
        n
        for n in names("model")
        if re.search(rf"(?<![a-z0-9]){re.escape(n)}(?![a-z0-9.])", name.lower())
    ]
    return found[0] if len(found) == 1 else None


def hold_against_card(found: Served) -> str:
    """Refuse a throughput beyond the card's ceilings; say what was held against it. Raises
    InputError that names the file and the key.
    """
    card, model = known_card(found.gpu), known_shape(found.model)
    if card is None:
        near = nearest(found.gpu, names("hardware"))
        told_near = f" (the nearest is {near})" if near else ""
        return (
            f"no shipped accelerator is called {found.gpu}{told_near}: no ceiling was held against "
            f"it"
        )
    if model is None:
        return f"no shipped model is called {found.model}: no ceiling was held against it"
    for what, most in _ceilings(found, hardware(card), shape(model)):
        if found.rate_of_one > most:
            raise found.origin.error(
                f"{told(found.rate_of_one)} output token/s and GPU",
                found.keys["output_rate"],
                f"at most {told(most)}, what the {what} of {card} lets {model} in "
                f"{found.precision} do: is it of all {found.gpus} GPUs, or of prompts too?",
            )
    return f"within the ceilings of {card} for {model}"


def _ceilings(found: Served, card: Hardware, model: Shape) -> list[tuple[str, float]]:
    rates = {name: rate.value * 1e12 for name, rate in card.rates.items()}
    rate = rates.get(found.precision.lower(), max(rates.values()))
    ceilings = [("operations", rate / (2.0 * model.active_parameters))]
    size = WEIGHT_BYTES.get(found.precision.lower())
    if size and found.concurrency and not found.speculative:
        bandwidth = card.bandwidth.value * 1e12
        most = found.concurrency * bandwidth / (size * model.active_parameters)
        # a mean over the run lies below what was in flight at its best moments
        ceilings.append(("memory bandwidth", most * (1.0 if found.counted == "limit" else 2.0)))
    return ceilings

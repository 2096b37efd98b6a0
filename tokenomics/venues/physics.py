"""What no venue of single cards can beat: light in fibre, and reading the model's weights once a
token, on the fastest card that the package knows.

Cards that share a model, or guess tokens ahead, go below it; the nodes of the network have one card
each.

Light in glass covers 204,000 km/s (refractive index 1.468, Corning SMF-28 data sheet). A token
needs all weights once through the memory bus (roofline, Williams et al. 2009): here at the data
sheet's bandwidth and rate, which no program reaches. Units: s.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ..capacity.card_bound import decode_bound, prefill_bound
from ..capacity.hardware import Hardware, hardware
from ..capacity.reach import Request
from ..capacity.shapes import shape
from ..parameters.locate import names
from .workload import WorkloadFile

LIGHT_IN_GLASS = 299_792.458 / 1.468  # km/s
MODEL, PRECISION = "llama-3.1-8b", "fp8"  # what the baseline serves


@dataclass(frozen=True)
class Floor:
    """The least time of a task [s]: light there and back, the prompt, the tokens. card: the fastest
    one. weights: bytes.
    """

    light: float
    prompt: float
    tokens: float
    card: str
    weights: float

    @property
    def total(self) -> float:
        """All of it [s]."""
        return self.light + self.prompt + self.tokens


def floor(work: WorkloadFile) -> Floor:
    """The floor of a workload's task, alone on a card without queue, checks or faults."""
    calls, lengths = work.calls.value, Request(work.prompt_tokens.value, work.output_tokens.value)
    served, found = shape(MODEL), []
    for device in _cards():
        prompt = prefill_bound(device, served, PRECISION, lengths.prompt)
        tokens = lengths.output * decode_bound(device, served, PRECISION, lengths.context)
        found.append((prompt + tokens, prompt, tokens, device.device))
    _, prompt, tokens, fastest = min(found)
    return Floor(
        calls * 2.0 * work.distance.value / LIGHT_IN_GLASS,
        calls * prompt,
        calls * tokens,
        fastest,
        served.read_bytes(PRECISION),
    )


@lru_cache
def _cards() -> tuple[Hardware, ...]:
    """Every card with arithmetic in the precision, read once: a choice is made many times."""
    devices = [hardware(name) for name in names("hardware")]
    return tuple(device for device in devices if PRECISION in device.rates)


def beyond_physics(work: WorkloadFile) -> str:
    """Why no venue, however good, holds the workload's latency limit; empty where one could."""
    limit, least = work.limits.latency_p99.value, floor(work)
    if least.total <= limit:
        return ""
    parts = f"light there and back over {work.distance.value:g} km {least.light:.3g} s, "
    parts += (
        f"the prompt {least.prompt:.3g} s, {work.output_tokens.value:g} tokens {least.tokens:.3g} s"
    )
    why = f"each token reads {least.weights / 1e9:.2g} GB of weights through the memory bus"
    least_of_all = f"the physical floor of {least.total:.3g} s on one card"
    return (
        f"the limit of {limit:g} s is below {least_of_all} ({parts}: {why} of the fastest card, "
        f"{least.card})"
    )

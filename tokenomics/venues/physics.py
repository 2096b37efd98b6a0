"""What no venue of single cards can beat: light in fibre, and reading the model's weights once a
token, on the fastest card that the package knows.

Cards that share a model, or guess tokens ahead, go below it; the nodes of the network have one card
each.

Light in glass covers 204,000 km/s (refractive index 1.468, Corning SMF-28 data sheet). A token
needs all weights once through the memory bus (roofline, Williams et al. 2009): here at the data
sheet's bandwidth and rate, which no program reaches. Units: s.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from ..capacity.hardware import Hardware, hardware
from ..capacity.roofline import Request, Roofline, roofline
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
    found = []
    for name, card in _cards():
        prompt, token = (
            float(card.prefill_time(lengths.prompt)),
            float(card.decode_time(1.0, lengths.context)),
        )
        found.append(
            (
                prompt + lengths.output * token,
                prompt,
                lengths.output * token,
                name,
                float(card.weights),
            )
        )
    _, prompt, tokens, fastest, weights = min(found)
    return Floor(
        calls * 2.0 * work.distance.value / LIGHT_IN_GLASS,
        calls * prompt,
        calls * tokens,
        fastest,
        weights,
    )


@lru_cache
def _cards() -> tuple[tuple[str, Roofline], ...]:
    """Every card that has a fit for the precision, read once: a choice is made many times."""
    served, devices = shape(MODEL), [hardware(name) for name in names("hardware")]
    return tuple(
        (d.device, replace(roofline(d, served, PRECISION), **_ceilings(d)))
        for d in devices
        if PRECISION in d.efficiency
    )


def _ceilings(device: Hardware) -> dict[str, float]:
    """What the data sheet promises, in byte/s and FLOP/s."""
    return {
        "bandwidth": device.bandwidth.value * 1e12,
        "rate": device.rates[PRECISION].value * 1e12,
    }


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

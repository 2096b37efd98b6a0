"""What inference reaches of a card's data sheet, and what a call costs besides: numbers of an
architecture, fitted on published serving benchmarks and shared by its cards.

The bounds of the shares are what a program can reach on an H100. The four matrix products of a
layer attain at most .78 of its rate together, single ones .88 (Vidur's profile). BabelStream copies
at .87 of its bandwidth and reads at .95 (Azure's AI-benchmarking-guide, ND H100 v5). NCCL's largest
all-reduces attain .7 to 1.0 of NVLink (tables of ai-dynamo/aiconfigurator). The bounds lie between
(assumption).
"""

from __future__ import annotations

from pydantic import Field

from ..parameters.documents import Strict, quantity, read_record

BOUNDS = {"bandwidth": 0.92, "cache": 0.92, "compute": 0.8, "experts": 0.8}
BOUNDS |= {"attention": 0.8, "link": 0.9, "four": 1.0}
UNKNOWN = "unknown"  # the shipped architecture of a card whose own is not known


def _share(name: str):
    return quantity("1", le=BOUNDS[name])


class Architecture(Strict):
    """Shares of the ceilings: bandwidth, of reading weights; cache, of reading the KV cache;
    compute, of matrix products; experts, of those with experts; attention; link, of what the cards
    send one another. four: what products in 4 bits reach of the share of those in 8 and 16.

    Times: kernel, from one to the next; hop, of cards that wait for one another; step, of the
    scheduler in each call; first, before a prompt is begun and after its token is out; token, of
    the server for a prompt's token.
    """

    description: str
    source: str = Field(min_length=1)
    bandwidth: _share("bandwidth")  # type: ignore[valid-type]
    cache: _share("cache")  # type: ignore[valid-type]
    compute: _share("compute")  # type: ignore[valid-type]
    experts: _share("experts")  # type: ignore[valid-type]
    four: _share("four")  # type: ignore[valid-type]
    attention: _share("attention")  # type: ignore[valid-type]
    link: _share("link")  # type: ignore[valid-type]
    kernel: quantity("us", ge=0.0)  # type: ignore[valid-type]
    hop: quantity("us", ge=0.0)  # type: ignore[valid-type]
    step: quantity("us", ge=0.0)  # type: ignore[valid-type]
    first: quantity("ms", ge=0.0)  # type: ignore[valid-type]
    token: quantity("us", ge=0.0)  # type: ignore[valid-type]


def architecture(name: str) -> Architecture:
    """A shipped architecture or that of a YAML file."""
    return read_record(Architecture, "architecture", name)[0]

"""What today's models change of Llama's architecture, and how many kernels each part takes."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from ..parameters.documents import Strict

# Kernels that run one after the other in a layer, of the common decoders: norm, input products,
# rotary embedding with the cache, attention, output product; norm, gate and up, activation, down.
# Those are the calls of vLLM's llama.py. Latent attention has the down- and up-projections and
# their norms besides (assumption: both norms in one kernel; vLLM's mla.py calls them apart);
# experts have router, choice, sorting and weighted sum; shared ones their own three (assumptions).
# The time of a kernel is fitted with these counts
GROUPED, LATENT, MLP, EXPERTS, SHARED = 5, 9, 4, 8, 3
# Values of a token that pass through memory in a layer beside the products, in widths: norms and
# residuals, and for each active expert what is sorted in and added up (assumption: read and written
# once each)
PASSED, PASSED_EXPERT = 10, 4


class Experts(Strict):
    """A mixture of experts: `count` in a layer, of which a token takes `active`, and `shared` ones
    that each takes. width: of one. dense_layers: first layers, which have one MLP instead.
    """

    count: int = Field(ge=2, le=100_000)
    active: int = Field(ge=1, le=1000)
    width: int = Field(ge=8, le=1_000_000)
    shared: int = Field(default=0, ge=0, le=1000)
    dense_layers: int = Field(default=0, ge=0, le=1000)

    def read(self, tokens):
        """Distinct experts that a call of `tokens` reads in a layer, where each token takes its
        own at random.
        """
        return self.count * -np.expm1(tokens * np.log1p(-self.active / self.count))


class Latent(Strict):
    """Multi-head latent attention (DeepSeek-V2): the cache holds `rank` values and `rotary_width`
    of position a token, for all heads. query_rank: 0 for queries without a projection.
    """

    query_rank: int = Field(ge=0, le=1_000_000)
    rank: int = Field(ge=1, le=1_000_000)
    content_width: int = Field(ge=1, le=10_000)
    rotary_width: int = Field(ge=2, le=10_000)
    value_width: int = Field(ge=1, le=10_000)


class Window(Strict):
    """`layers` of the model see the last `tokens` only."""

    tokens: int = Field(ge=1, le=100_000_000)
    layers: int = Field(ge=1, le=1000)

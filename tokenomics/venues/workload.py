"""A workload as its owner describes it: size, lengths, calls, what lateness, failure and exposure
cost, and the limits it must hold.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from ..parameters import Parameters, put
from ..parameters.documents import Strict, quantity, read_record
from ..parameters.schema import Needs

PRIVACY = (
    "none",
    "contract",
    "enclave",
)  # who reads the data: the node; one company, bound by law; no one but the chip's maker
VERIFICATION = ("none", "afterwards", "at once")  # when a faked answer is found out


class Limits(Strict):
    """What the workload must hold. budget: 95th percentile over runs of the mean daily bill."""

    latency_p99: quantity("s")  # type: ignore[valid-type]
    uptime: quantity("1", ge=0.0, le=1.0)  # type: ignore[valid-type]
    budget: quantity("USD/day")  # type: ignore[valid-type]
    privacy: Literal["none", "contract", "enclave"]
    verification: Literal["none", "afterwards", "at once"]


class WorkloadFile(Strict):
    """A workload file. A task makes `calls` requests one after the other, on average; latency is
    that of the task.
    """

    description: str = Field(min_length=1)
    work: quantity("Mtok/day", le=1e9)  # type: ignore[valid-type]
    prompt_tokens: quantity("token", ge=1.0, le=1e7)  # type: ignore[valid-type]
    output_tokens: quantity("token", ge=1.0, le=1e6)  # type: ignore[valid-type]
    calls: quantity("1", ge=1.0, le=1000.0)  # type: ignore[valid-type]
    distance: quantity("km", le=1e6)  # type: ignore[valid-type]
    follows_demand: quantity("1", ge=0.0, le=5.0)  # type: ignore[valid-type]
    latency_tolerance: quantity("s")  # type: ignore[valid-type]
    latency_cost: quantity("USD/Mtok", ge=0.0)  # type: ignore[valid-type]
    failure_cost: quantity("1", ge=0.0)  # type: ignore[valid-type]
    privacy_need: quantity("USD/Mtok", ge=0.0)  # type: ignore[valid-type]
    recourse_value: quantity("USD/Mtok", ge=0.0)  # type: ignore[valid-type]
    limits: Limits

    @property
    def as_needs(self) -> Needs:
        """What it asks of a venue beside the price, as the economy's own classes do."""
        own = {n: getattr(self, n).value for n in Needs.model_fields if n != "latency_limit"}
        return Needs(latency_limit=self.limits.latency_p99.value, **own)

    @property
    def tokens(self) -> float:
        """Tokens of one request."""
        return self.prompt_tokens.value + self.output_tokens.value

    def served(self, parameters: Parameters) -> Parameters:
        """The network with requests of this workload's lengths: prefill in proportion to the
        prompt, the bill of this work.
        """
        stretched = (
            parameters.capacity.time_to_first_token
            * self.prompt_tokens.value
            / parameters.demand.prompt_tokens
        )
        values = {
            "demand.prompt_tokens": self.prompt_tokens.value,
            "demand.output_tokens": self.output_tokens.value,
        }
        values |= {"capacity.time_to_first_token": stretched}
        return put(
            parameters,
            values
            | {
                "bills.workload": self.work.value,
                "bills.follows_demand": self.follows_demand.value,
            },
        )


def read_workload(name: str) -> tuple[WorkloadFile, Path]:
    """A shipped workload or that of a YAML file, and the file.

    Raises InputError that names file, line, key, what was found and what was expected.
    """
    return read_record(WorkloadFile, "workload", name)

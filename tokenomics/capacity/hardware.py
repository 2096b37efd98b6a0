"""What one accelerator can do: a hardware file, published or measured, and the efficiencies fitted
on it.

`published` files hold data-sheet ceilings and efficiencies fitted on published throughput.
`measured` files are written by `tokenomics capacity benchmark`: their ceilings are the measured
ones, and an untrusted file is read as strictly as ours.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from ..errors import InputError
from ..parameters.documents import Strict, quantity, read_record

Precision = Literal["fp32", "fp16", "bf16", "fp8"]


class Efficiency(Strict):
    """Shares of the ceilings that inference reaches in one precision. source: what they were fitted
    on.
    """

    bandwidth: float = Field(gt=0.0, le=1.0)
    compute: float = Field(gt=0.0, le=1.0)
    source: str = Field(min_length=1)


class Timing(Strict):
    """A measured time: median and quartiles of its repeats [ms]. context: tokens in the cache
    before a decode step.
    """

    batch: int = Field(ge=1)
    context: int = Field(ge=0)
    tokens: int = Field(
        ge=1, description="new tokens of every sequence: 1 in decode, the prompt in prefill"
    )
    median_ms: float = Field(gt=0.0)
    low_ms: float = Field(gt=0.0)
    high_ms: float = Field(gt=0.0)
    repeats: int = Field(ge=1)
    layers_ms: float = Field(gt=0.0, description="median of the measured layers alone")


class Measured(Strict):
    """What the benchmark saw. error: ‖out − ref‖/‖ref‖ against float64. layers: measured; the
    model's are scaled from them.
    """

    date: str
    model: str
    precision: Precision
    backend: Literal["numpy", "cupy"]
    figure_of: Literal["cpu", "gpu"]
    driver: str
    cuda: str
    library: str
    layers: int = Field(ge=1)
    tensor_parallel: int = Field(ge=1)
    parallel_note: str
    error_prefill: float = Field(ge=0.0)
    error_decode: float = Field(ge=0.0)
    decode: list[Timing] = Field(min_length=1)
    prefill: list[Timing] = Field(min_length=1)
    skipped: list[str] = []


class Hardware(Strict):
    """An accelerator. memory in GB, bandwidth in TB/s, rates in TFLOP/s by precision, power of one
    card in kW, all-in.
    """

    description: str
    origin: Literal["published", "measured"]
    device: str
    memory: quantity("GB")  # type: ignore[valid-type]
    bandwidth: quantity("TB/s")  # type: ignore[valid-type]
    rates: dict[Precision, quantity("TFLOP/s")] = Field(min_length=1)  # type: ignore[valid-type]
    power: quantity("kW") | None = None  # type: ignore[valid-type]
    efficiency: dict[Precision, Efficiency] = Field(min_length=1)
    measured: Measured | None = None

    @model_validator(mode="after")
    def _complete(self) -> Hardware:
        if (self.origin == "measured") != (self.measured is not None):
            raise ValueError(
                f"origin '{self.origin}' with{'out' if self.measured is None else ''} a group "
                f"`measured`; expected both or neither"
            )
        for name in self.efficiency:
            if name not in self.rates:
                raise ValueError(
                    f"efficiency in {name} without a rate in it; expected rates.{name}"
                )
        return self

    def fitted(self, precision: str) -> tuple[float, float]:
        """Bandwidth [byte/s] and rate [FLOP/s] that inference reaches. Raises InputError for a
        precision without a fit.
        """
        if precision not in self.efficiency:
            raise InputError(
                f"'{precision}' on {self.device}",
                key="precision",
                expected="one of " + ", ".join(self.efficiency),
            )
        found = self.efficiency[precision]
        return found.bandwidth * self.bandwidth.value * 1e12, found.compute * self.rates[
            precision
        ].value * 1e12

    def optimistic(self, precision: str) -> bool:
        """Whether prefill, and with it TTFT, is taken at the ceiling itself: the fit left the
        compute efficiency at its bound of 1.
        """
        return self.efficiency[precision].compute >= 1.0


def hardware(name: str) -> Hardware:
    """A shipped accelerator or that of a YAML file."""
    return read_record(Hardware, "hardware", name)[0]

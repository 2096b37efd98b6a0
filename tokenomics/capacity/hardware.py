"""What one accelerator can do: a hardware file, published or measured.

`published` files hold the ceilings of a data sheet; what inference reaches of them stands in the
file of their architecture. `measured` files are written by `tokenomics capacity benchmark`: their
ceilings and efficiencies are the measured ones, and an untrusted file is read as strictly as ours.
"""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field, model_validator

from ..errors import InputError
from ..parameters.documents import Strict, quantity, read_record
from .architectures import UNKNOWN, architecture
from .precisions import Precision, arithmetic


class Efficiency(Strict):
    """Shares of the measured ceilings that the benchmark reached in one precision. source: what
    they were fitted on.
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
    """An accelerator. memory in GB, bandwidth in TB/s, rates in TFLOP/s by precision, dense, power
    of one card in kW, all-in. link: what a card sends to others of its server at once [GB/s], one
    way. mesh: others to which it has a link each, an equal part of `link`; none where a switch
    gives all of it to any. architecture: a shipped one or its file.

    Makers count 2^30 bytes a GB; memory takes their figure in 1e9, and the 7 % between are left to
    the driver and to what a server keeps beside weights and cache (assumption).
    """

    description: str
    origin: Literal["published", "measured"]
    device: str
    architecture: str = UNKNOWN
    memory: quantity("GB")  # type: ignore[valid-type]
    bandwidth: quantity("TB/s")  # type: ignore[valid-type]
    rates: dict[Precision, quantity("TFLOP/s")] = Field(min_length=1)  # type: ignore[valid-type]
    link: quantity("GB/s") | None = None  # type: ignore[valid-type]
    mesh: quantity("1", ge=1.0) | None = None  # type: ignore[valid-type]
    power: quantity("kW") | None = None  # type: ignore[valid-type]
    efficiency: dict[Precision, Efficiency] | None = Field(default=None, min_length=1)
    measured: Measured | None = None

    @model_validator(mode="after")
    def _complete(self) -> Hardware:
        for name in ("measured", "efficiency"):
            found = getattr(self, name)
            if (self.origin == "measured") != (found is not None):
                raise ValueError(
                    f"origin '{self.origin}' with{'out' if found is None else ''} a group "
                    f"`{name}`; expected both or neither"
                )
        for name in self.efficiency or ():
            if name not in self.rates:
                raise ValueError(
                    f"efficiency in {name} without a rate in it; expected rates.{name}"
                )
        return self

    @property
    def precisions(self) -> list[str]:
        """Precisions of weights that it serves: the measured ones, or all that it can compute."""
        if self.efficiency is not None:
            return list(self.efficiency)
        return [name for name in get_args(Precision) if arithmetic(name, self.rates)]

    def refuse_other(self, precision: str) -> None:
        """Raise InputError for a precision that the file says nothing of."""
        if precision not in self.precisions:
            raise InputError(
                f"'{precision}' on {self.device}",
                key="precision",
                expected="one of " + ", ".join(self.precisions),
            )


def hardware(name: str) -> Hardware:
    """A shipped accelerator or that of a YAML file. Raises InputError for an architecture that is
    not known too.
    """
    found, file = read_record(Hardware, "hardware", name)
    try:
        architecture(found.architecture)
    except InputError as error:
        if error.file is not None:
            raise
        raise InputError(
            error.found,
            file=file,
            key="architecture",
            expected=error.expected,
            nearest=error.nearest,
        ) from None
    return found

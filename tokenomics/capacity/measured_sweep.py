"""A measured frontier: what a server delivered at each concurrency, with where every number comes
from. It is what `tokenomics capacity import --out` writes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from ..parameters.documents import Strict, validated
from ..parameters.reading import load


class ResultSource(Strict):
    """A file that points come from. file: its name without folders. version: of the tool, date: of
    the measurement; "" where the file does not say.
    """

    file: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    tool: str
    version: str
    date: str


class SweepPoint(Strict):
    """What was measured with `concurrency` requests in flight. counted: whether that is the limit
    which the benchmark kept full or the mean over the run; None where the server was flooded.

    output_rate: generated token/s of one GPU; a request's prompt is not counted. ttft_mean,
    ttft_p99, tpot_mean, tpot_p99: s; None where the format has throughput alone. failed: share
    of the requests, 0 also where the file does not say. source: number of
    the file in `sources`, from 0. line, place: in it.
    """

    concurrency: float | None = Field(gt=0.0)
    counted: Literal["limit", "mean", "flooded"]
    output_rate: float = Field(gt=0.0)
    ttft_mean: float | None = Field(gt=0.0)
    ttft_p99: float | None = Field(gt=0.0)
    tpot_mean: float | None = Field(gt=0.0)
    tpot_p99: float | None = Field(gt=0.0)
    failed: float = Field(ge=0.0, le=1.0)
    source: int = Field(ge=0)
    line: int | None = Field(default=None, ge=1)
    place: str = ""


class MeasuredSweep(Strict):
    """A measured frontier. gpus: that served together. prompt_tokens, output_tokens: of a request,
    the mean over the points. repeat: 2 for a second point at the same settings and concurrency, and
    so on. bound: whether the card's ceilings were held against it.
    """

    description: str
    origin: Literal["imported"]
    units: Literal["output_rate in token/s of one GPU, output tokens; times in s"]
    device: str
    gpus: int = Field(ge=1)
    model: str
    framework: str
    precision: str
    parallelism: str
    variant: str
    run: str
    repeat: int = Field(ge=1)
    prompt_tokens: float = Field(gt=0.0)
    output_tokens: float = Field(gt=0.0)
    bound: str
    sources: list[ResultSource] = Field(min_length=1)
    points: list[SweepPoint] = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> MeasuredSweep:
        if any(point.source >= len(self.sources) for point in self.points):
            raise ValueError(f"a source beyond the {len(self.sources)} in `sources`")
        load = [point.concurrency for point in self.points]
        if len(load) > 1 and (None in load or load != sorted(set(load))):
            raise ValueError("concurrencies that do not rise; expected each once, in order")
        return self


def measured_sweep(file: str | Path) -> MeasuredSweep:
    """The measured frontier of a YAML file. Raises InputError that names file, line and key."""
    return validated(MeasuredSweep, load(Path(file), "a measured frontier"), str(file))

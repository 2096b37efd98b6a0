"""The supply curve of a heterogeneous fleet: what its operators would serve at a price, in merit
order of their costs.

A fleet file names accelerator types with counts, prices and a latency target. The roofline, or a
measured frontier, gives each type's throughput at that target; the share of nodes that joins at a
revenue is `fleet.willing_nodes`, the function that the economy's operators block calls.

A node costs its rental price, or an annuity of its capital cost and its electricity. Its price per
unit of work is

    USD/Mtok = USD/GPU-hour ÷ (token/s × 3600 / 1e6 × utilisation),

prompt and generated tokens counted together, as the economy's price does. Units: USD/Mtok,
Mtok/day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import Field, model_validator
from scipy.optimize import brentq

from ..errors import InputError, remark
from ..model.formulas.fleet import HOURS, willing_nodes
from ..model.formulas.numerics import DAYS_PER_YEAR, MTOK_PER_DAY
from ..parameters.documents import Strict, quantity, read_record
from ..parameters.loading import resolve
from ..parameters.schema import Accelerator
from .card_bound import known_shape
from .frontier import NAMES, Frontier, LatencyLimits, frontier
from .hardware import Hardware, hardware
from .measured_frontier import answer
from .precisions import CachePrecision, Precision
from .reach import Request
from .roofline import Split, roofline
from .shapes import Shape, shape

PRICES = (1e-9, 1e9)  # USD/Mtok; the curve is inverted inside


class Capital(Strict):
    """A node that is bought: price, years of use, yearly cost of capital, electricity. Its hourly
    cost is an annuity and its power.
    """

    price: quantity("USD")  # type: ignore[valid-type]
    years: quantity("years", le=50.0)  # type: ignore[valid-type]
    rate: quantity("1/year", le=5.0)  # type: ignore[valid-type]
    electricity: quantity("USD/kWh")  # type: ignore[valid-type]

    def hourly(self, power: float) -> float:
        """Cost of one hour [USD]. power: kW."""
        rate, years = self.rate.value, self.years.value
        annuity = self.price.value * rate / -np.expm1(-years * np.log1p(rate))
        return float(annuity / (DAYS_PER_YEAR * HOURS) + power * self.electricity.value)


class NodeType(Strict):
    """One type of node. hardware: a shipped accelerator or a hardware file. cards: of one node,
    sharing the model as `split` says. cache: precision of the KV cache; by default what goes with
    the weights. power: of one card, in place of the hardware file's.

    measured: a file of `tokenomics capacity import` of these cards in this precision, which then
    gives the throughput at the target; the roofline still gives the time per token towards an empty
    batch. The cost of a node is its rental_price or its capital_cost, not both.
    """

    hardware: str
    measured: str | None = None
    precision: Precision
    cache: CachePrecision | None = None
    cards: int = Field(default=1, ge=1, le=1024)
    split: Split = "tensor"
    count: quantity("nodes")  # type: ignore[valid-type]
    power: quantity("kW") | None = None  # type: ignore[valid-type]
    rental_price: quantity("USD/hour") | None = None  # type: ignore[valid-type]
    capital_cost: Capital | None = None
    utilisation: quantity("1", le=1.0)  # type: ignore[valid-type]
    cost_dispersion: quantity("1", le=2.0)  # type: ignore[valid-type]

    @model_validator(mode="after")
    def _costs_something(self) -> NodeType:
        if (self.rental_price is None) == (self.capital_cost is None):
            raise ValueError(
                "needs one of rental_price and capital_cost; found "
                + ("none" if self.rental_price is None else "both")
            )
        return self


class FleetFile(Strict):
    """A fleet, the model that it serves, the requests, and the latency that it must hold on
    average, and at the 99th percentile where that is given. cached: share of the prompts that a
    prefix cache holds.
    """

    description: str
    model: str
    prompt_tokens: quantity("token")  # type: ignore[valid-type]
    output_tokens: quantity("token")  # type: ignore[valid-type]
    time_to_first_token: quantity("s")  # type: ignore[valid-type]
    time_per_token: quantity("s")  # type: ignore[valid-type]
    time_to_first_token_p99: quantity("s") | None = None  # type: ignore[valid-type]
    time_per_token_p99: quantity("s") | None = None  # type: ignore[valid-type]
    cached: quantity("1", ge=0.0, le=1.0) | None = None  # type: ignore[valid-type]
    types: dict[str, NodeType] = Field(min_length=1)

    @property
    def work(self) -> Request:
        """Tokens of a request."""
        cached = self.cached.value if self.cached else 0.0
        return Request(self.prompt_tokens.value, self.output_tokens.value, cached)

    @property
    def limits(self) -> LatencyLimits:
        """Its latency target."""
        found = {name: getattr(self, name) for name in NAMES}
        return LatencyLimits(**{name: limit.value for name, limit in found.items() if limit})


@dataclass(frozen=True)
class Member:
    """A type of node at the latency target. output_rate, input_rate: token/s of one node, flat out.
    accelerator: as the economy takes it.
    """

    node: NodeType
    device: Hardware
    batch: float
    output_rate: float
    input_rate: float
    accelerator: Accelerator

    @property
    def origin(self) -> str:
        """Where its throughput comes from: a measured frontier, or the roofline of a hardware file
        of published or of measured ceilings.
        """
        return "measured frontier" if self.node.measured else self.device.origin

    @property
    def median_cost(self) -> float:
        """Price at which half of the nodes join [USD/Mtok]."""
        return (
            self.accelerator.reservation_cost * HOURS / (self.accelerator.throughput * MTOK_PER_DAY)
        )


@dataclass(frozen=True)
class SupplyCurve:
    """A fleet's supply curve. fleet: accelerators by name, as in the economy's parameters."""

    fleet: Mapping[str, Accelerator]

    def by_type(self, price) -> dict[str, Any]:
        """Work that each type offers at a price to operators [Mtok/day]."""
        return {
            name: willing_nodes(a, price) * a.throughput * MTOK_PER_DAY
            for name, a in self.fleet.items()
        }

    def __call__(self, price):
        """Work offered at a price to operators [USD/Mtok → Mtok/day]."""
        return sum(self.by_type(price).values())

    def elasticity(self, price):
        """Relative change of supply per relative change of price, exact: Σ s·(1 − share
        joined)/dispersion, s a type's share of supply.
        """
        offered = self.by_type(price)
        total = sum(offered.values())
        slopes = 0.0
        for name, a in self.fleet.items():
            joined = willing_nodes(a, price) / a.potential_nodes
            slopes = slopes + offered[name] * (1.0 - joined) / a.cost_dispersion
        return slopes / total

    @property
    def most(self) -> float:
        """Work of all nodes [Mtok/day]."""
        return float(
            sum(a.potential_nodes * a.throughput * MTOK_PER_DAY for a in self.fleet.values())
        )

    def price(self, work: float) -> float:
        """Price at which the fleet offers `work` [Mtok/day → USD/Mtok]. Raises InputError for work
        that no price brings.
        """
        low, high = float(self(PRICES[0])), float(self(PRICES[1]))
        if not low < work < high:
            raise InputError(
                f"{work:g} Mtok/day",
                key="work",
                expected=f"more than 0 and less than the fleet's {self.most:,.0f} Mtok/day",
            )
        found = brentq(
            lambda x: np.log(self(np.exp(x))) - np.log(work), *np.log(PRICES), xtol=1e-13
        )
        return float(np.exp(found))


@dataclass(frozen=True)
class Fleet:
    """A fleet file evaluated: its model, its members at the latency target, its supply curve."""

    file: FleetFile
    shape: Shape
    members: Mapping[str, Member]
    supply: SupplyCurve

    def overlay(self) -> dict[str, Any]:
        """The fleet, its requests and its latency target as an overlay of `baseline`, whose other
        types get no nodes.

        Throughput is flat out there: the economy has its own utilisation.
        """
        source, file = f"fleet '{self.file.description}'", self.file
        tree: dict[str, Any] = {"description": file.description}
        tree["demand"] = {
            name: getattr(file, name).model_dump() for name in ("prompt_tokens", "output_tokens")
        }
        tree["capacity"] = {
            name: getattr(file, name).model_dump()
            for name in ("time_to_first_token", "time_per_token")
        }
        absent = sorted(set(resolve("baseline").values.fleet) - set(self.members))
        tree["fleet"] = {
            name: {"potential_nodes": {"value": 0.0, "source": f"{source}: has none"}}
            for name in absent
        }
        for name, member in self.members.items():
            values = member.accelerator.model_dump() | {
                "throughput": member.output_rate + member.input_rate
            }
            origin = f"{source}, {member.origin} figures of {member.device.device}"
            tree["fleet"][name] = {
                key: {"value": float(value), "source": origin} for key, value in values.items()
            }
        return tree


def load_fleet(name: str) -> Fleet:
    """A shipped fleet or that of a YAML file, with the throughput of every type at the latency
    target.

    Raises InputError for a bad file, and for a type that cannot hold the target, with the type's
    name.
    """
    file, path = read_record(FleetFile, "fleet", name)
    served = shape(file.model)
    members = {}
    for label, node in file.types.items():
        try:
            members[label] = _member(node, file, served)
        except InputError as error:
            if error.file is not None:
                raise
            inside = error.key in NodeType.model_fields
            found = error.found if inside or not error.key else f"{error.key}: {error.found}"
            key = f"types.{label}.{error.key}" if inside else f"types.{label}"
            raise InputError(found, expected=error.expected, file=path, key=key) from None
    return Fleet(
        file, served, members, SupplyCurve({label: m.accelerator for label, m in members.items()})
    )


def _measured(node: NodeType, fleet: FleetFile) -> Frontier:
    """The measured frontier of a type, with remarks on what is not the fleet's. Raises InputError
    for one of other cards than the type's.
    """
    sweep, curve, notes = answer(node.measured, fleet.work, fleet.limits)
    own = {"gpus": sweep.gpus, "precision": sweep.precision.lower()}
    for key, wanted in (("gpus", node.cards), ("precision", node.precision)):
        if own[key] != wanted:
            raise InputError(
                str(own[key]), file=node.measured, key=key, expected=f"{wanted}, as the type's"
            )
    if known_shape(sweep.model) != fleet.model:
        notes.append(f"measured with {sweep.model}, and the fleet serves {fleet.model}")
    for note in notes:
        remark(f"{node.measured}: {note}")
    return curve


def _member(node: NodeType, fleet: FleetFile, served: Shape) -> Member:
    device, work = hardware(node.hardware), fleet.work
    drawn = node.power or device.power
    if drawn is None:
        raise InputError(
            "missing", key="power", expected="a figure in kW here or in the hardware file"
        )
    power = node.cards * drawn.value
    card = roofline(device, served, node.precision, node.cards, node.cache, node.split)
    curve = frontier(card, work) if node.measured is None else _measured(node, fleet)
    output = node.cards * curve.goodput(fleet.limits)
    given = output * work.prompt / work.output
    cost = node.rental_price.value if node.rental_price else node.capital_cost.hourly(power)
    accelerator = Accelerator(
        throughput=(output + given) * node.utilisation.value,
        least_time_per_token=float(card.decode_time(0.0, work.context)),
        potential_nodes=node.count.value,
        reservation_cost=cost,
        cost_dispersion=node.cost_dispersion.value,
        power=power,
    )
    return Member(node, device, curve.batch_within(fleet.limits), output, given, accelerator)

"""Every parameter of the model: name, unit, bounds, meaning. The values are in
`params/baseline.yaml`.

One class a mechanism, in the order of the block list. `enabled: false` takes a mechanism out so
that its effect can be seen alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from ..inputs.bounds import CENTURY
from .choice import attainable
from .choice import told as told_choice
from .fields import Group, Rule, Ruled, optional, parameter, share
from .payment import Payment
from .stocks import Stocks, add_up, told

SHORTEST_STEP = 0.001  # days, a minute and a half: every rate here is slower
LONGEST_PLAN = 60  # decisions: a program has three limits for each, and is solved at every one
LEAST_PPB = 1e6  # a target below a thousandth is a share, or per cent, in the wrong unit
MOST_ROUNDS = 4  # of a deployed rule in one decision, each worked out by itself
LONGEST_DELAY = 240  # steps, 60 days of six hours; each is a state variable that both engines carry


def _off(steps: Any) -> Any:
    """How far a number of steps is from the nearest whole one, of a number or of an array."""
    return abs(steps - (steps + 0.5) // 1.0)


def _span(simulation: Simulation) -> Any:
    """Span in steps, which need not be whole."""
    return simulation.days / simulation.time_step


def _no_whole_steps(simulation: Simulation) -> str:
    days, step = simulation.days, simulation.time_step
    below = math.floor(days / step) * step
    near = " or ".join(f"{some:.10g}" for some in (below, below + step) if some > 0.0)
    return (
        f"simulation.days: {days:.10g}; expected a multiple of simulation.time_step, "
        f"{step:.10g} days: {near}"
    )


class Simulation(Ruled):
    """Span and step of the simulation."""

    ROLE = "numeric"

    RULES = (
        Rule(lambda s: (_off(_span(s)) <= 1e-6) & (_span(s) >= 1.0 - 1e-6), _no_whole_steps),
        Rule(
            lambda s: _off(s.warm_up / s.time_step) <= 1e-6,
            lambda s: (
                f"simulation.warm_up: {s.warm_up:.10g}; expected a multiple of "
                f"simulation.time_step, {s.time_step:.10g} days"
            ),
        ),
    )

    days: float = parameter("days", "simulated span, a multiple of the step", gt=0.0, le=CENTURY)
    time_step: float = parameter("days", "time step Δt", ge=SHORTEST_STEP, le=1.0)
    warm_up: float = parameter(
        "days",
        "span before day 0, under today's policy with shocks of its own; none without shocks, with "
        "stocks that are given and with a recorded history",
        ge=0.0,
        le=CENTURY,
    )

    @property
    def steps(self) -> int:
        """Number of time steps in the span."""
        return max(1, round(_span(self)))

    @property
    def steps_before(self) -> int:
        """Number of time steps before day 0."""
        return round(self.warm_up / self.time_step)


class Change(Group):
    """When changes of levers act: a policy, settings and the points of a design. The start is that
    of the network as it is today.
    """

    ROLE = "numeric"

    day: float = parameter("days", "day from which changed levers act", ge=0.0, le=CENTURY)


class Shocks(Group):
    """Sampled randomness as a whole: off means the deterministic skeleton of the model."""

    ROLE = "numeric"

    enabled: bool = parameter("-", "draw the sampled shocks (off: all of them are zero)")


class News(Group):
    """Merton (1976) jump-diffusion news about the token's outside valuation."""

    enabled: bool = parameter("-", "news moves the outside valuation")
    volatility: float = parameter(
        "1/sqrt(day)", "diffusive volatility of the log valuation", ge=0.0, le=1.0
    )
    jump_rate: float = parameter("1/day", "expected number of jumps a day", ge=0.0, le=5.0)
    jump_mean: float = parameter(
        "1", "mean log jump; news is centred, so that this sets the skew only", ge=-2.0, le=2.0
    )
    jump_volatility: float = parameter("1", "standard deviation of the log jump", ge=0.0, le=2.0)


class MarketFactor(Group):
    """What all tokens share: the market's moves, of which a token's news takes beta times."""

    beta: float = parameter(
        "1", "log change of the outside valuation by one of the market's index", ge=-5.0, le=5.0
    )
    volatility: float = parameter(
        "1/sqrt(day)", "volatility of the log of the market's index", ge=0.0, le=1.0
    )


class SlowVolatility(Group):
    """How restless the token is, over years: the log of a level that its own news and chartists'
    noise are multiplied by, an Ornstein-Uhlenbeck process.
    """

    spread: float = parameter(
        "1",
        "long-run standard deviation of the log of the level (0: it is always 1)",
        ge=0.0,
        le=1.0,
    )
    memory: float = parameter("days", "time in which the log of the level returns", gt=0.0)


class Demand(Group):
    """Potential demand for inference, before customers choose a venue."""

    enabled: bool = parameter(
        "-", "growth, season and log process (off: potential demand is constant)"
    )
    services: float = parameter(
        "1", "number of services of the recorded size that make up the market", gt=0.0
    )
    request_rate: float = parameter("req/s", "mean request rate of one service", gt=0.0)
    prompt_tokens: float = parameter("token", "mean prompt tokens per request", ge=0.0)
    output_tokens: float = parameter("token", "mean generated tokens per request", gt=0.0)
    growth_rate: float = parameter(
        "1/year", "exogenous growth of potential demand, continuous rate", ge=-5.0, le=5.0
    )
    weekly_amplitude: float = parameter(
        "1", "amplitude of the weekly season in log demand", ge=0.0, le=1.0
    )
    volatility: float = parameter(
        "1/sqrt(day)", "volatility of the log demand process", ge=0.0, le=2.0
    )
    reversion: float = parameter(
        "1/day", "mean reversion of the log demand process", gt=0.0, le=10.0
    )


class Needs(Group):
    """What a customer asks of a venue beside the price."""

    latency_tolerance: float = parameter(
        "s", "end-to-end latency up to which there is no penalty", gt=0.0
    )
    latency_limit: float = parameter(
        "s", "end-to-end latency within which a task counts as answered in time", gt=0.0
    )
    latency_cost: float = parameter("USD/Mtok", "cost of a latency of twice the tolerance", ge=0.0)
    failure_cost: float = parameter(
        "1", "cost of a failed request, in multiples of its price", ge=0.0
    )
    privacy_need: float = parameter(
        "USD/Mtok", "cost of running without any privacy protection", ge=0.0
    )
    calls: float = parameter(
        "1",
        "requests that a task makes one after the other (agents that wait for each other)",
        ge=1.0,
        le=1000.0,
    )


class Workload(Needs):
    """One class of workload."""

    share: float = share("share of potential demand in this class; the shares add up to 1")
    network_share: float = parameter(
        "1", "target: share of the class's work that is on the network today", gt=0.0, lt=1.0
    )
    sellers_share: float = parameter(
        "1",
        "target: share of it that is at other sellers of the same model today; the rest is on the "
        "cloud",
        gt=0.0,
        lt=1.0,
    )
    price_elasticity: float = parameter(
        "1", "elasticity of the class's work to its mean cost over all venues", ge=0.0, le=5.0
    )


class Venues(Group):
    """Choice between the network, other sellers of the same model and the cloud: a nested logit,
    whose scales and wedges are solved from today's shares, elasticity and diversion.
    """

    enabled: bool = parameter("-", "customers choose (off: shares stay as at the start)")
    own_elasticity: float = parameter(
        "1",
        "target: elasticity of the network's work to its own price today, all else as it is, once "
        "customers have changed",
        lt=0.0,
        ge=-20.0,
    )
    diversion: float = parameter(
        "1",
        "target: of the work that the network loses to its own price, that of smaller classes "
        "apart, the share that goes to other sellers of the same model and not to the cloud",
        gt=0.0,
        lt=1.0,
    )
    switching_time: float = parameter(
        "days", "mean time that customers take to change venue", gt=0.0
    )
    risk_aversion: float = parameter(
        "1", "risk premium on token bills per unit of price volatility over the billing lag", ge=0.0
    )
    variance_memory: float = parameter(
        "days", "memory of the customers' estimate of price variance", gt=0.0
    )
    bad_answer_cost: float = parameter(
        "1",
        "cost of an answer that is made up or a smaller model's, and that nobody finds, in "
        "multiples of a failure's: customers know their share, not which",
        ge=0.0,
        le=5.0,
    )
    orchestration_latency: float = parameter(
        "s", "time to find a node for a request on the network and to hand it over", ge=0.0
    )


class Seller(Group):
    """Other sellers of the network's model, at the going price."""

    price: float = parameter(
        "USD/Mtok", "price per million tokens, prompt and generated alike", gt=0.0
    )
    latency_mean: float = parameter("s", "mean end-to-end latency", gt=0.0)
    latency_p99: float = parameter("s", "99th percentile of end-to-end latency", gt=0.0)
    uptime: float = share("share of requests that succeed while the seller is up")


class Cloud(Seller):
    """A large cloud at its list price, or reserved."""

    reserved_discount: float = share(
        "discount on the list price for a volume that is paid whether used or not"
    )


class Protection(Group):
    """What one way of protecting or proving a request's work costs, and what it gives."""

    throughput: float = parameter("1", "throughput multiplier", gt=0.0, le=1.0)
    latency: float = parameter("s", "latency added to a request", ge=0.0)
    confidentiality: float = share(
        "share of the privacy need that it meets: what the node cannot read"
    )
    integrity: float = share("share of the work that a node cannot fake")
    detection: float = share(
        "probability that a node which fakes a day's work is caught, the network's audits apart"
    )
    finality: float = parameter(
        "s", "time from an answer until it can no longer be disputed", ge=0.0
    )


class Privacy(Group):
    """Privacy and verification: throughput lost, latency added, trust gained."""

    mode: Literal["none", "tee", "optimistic", "zk"] = parameter(
        "-",
        (
            "in use: none, secure enclave, optimistic verification (results can be challenged), "
            "zero-knowledge proof"
        ),
        role="lever",
    )
    none: Protection
    tee: Protection
    optimistic: Protection
    zk: Protection

    @property
    def in_use(self) -> Protection:
        """The protection of the mode in use."""
        return getattr(self, self.mode)


class Check(Group):
    """One way of checking that a request is allowed."""

    latency: float = parameter("s", "latency of the check", ge=0.0)
    throughput: float = parameter(
        "1",
        "throughput multiplier of the nodes, less than 1 where they do the check",
        gt=0.0,
        le=1.0,
    )
    uptime: float = share("share of the time in which requests can be checked")


class Access(Group):
    """Access control: who checks that a request is allowed."""

    mode: Literal["central", "node"] = parameter(
        "-", "a central identity service, or a cryptographic check by the node itself", role="lever"
    )
    central: Check
    node: Check

    @property
    def in_use(self) -> Check:
        """The check of the mode in use."""
        return getattr(self, self.mode)


class Outage(Group):
    """One service of which a venue has one."""

    rate: float = parameter("1/day", "outages a day while it is up", ge=0.0, le=10.0)
    length: float = parameter("days", "mean length of an outage", ge=0.0, le=365.0)


class Outages(Group):
    """What stops all requests of a venue while it is down; identity checks are in `access`."""

    gateway: Outage
    oracle: Outage
    chain: Outage
    cloud: Outage


class Accelerator(Group):
    """One accelerator type of the fleet."""

    throughput: float = parameter(
        "token/s", "tokens per second of one node at the latency target", gt=0.0
    )
    least_time_per_token: float = parameter(
        "s",
        "time per output token towards an empty batch: reading the weights once",
        ge=0.0,
    )
    potential_nodes: float = parameter("nodes", "nodes that could join at any revenue", ge=0.0)
    reservation_cost: float = parameter(
        "USD/hour", "median reservation cost: what the node earns elsewhere", gt=0.0
    )
    cost_dispersion: float = parameter(
        "1", "scale of the log-logistic spread of reservation costs", gt=0.0, le=2.0
    )
    power: float = parameter("kW", "power draw of one node, cooling included", gt=0.0)


class Capacity(Group):
    """Queueing and latency of the network's nodes."""

    enabled: bool = parameter(
        "-", "capacity limits what is served (off: all demand is served without a queue)"
    )
    time_to_first_token: float = parameter(
        "s", "prefill time of a request at the latency target (TTFT)", ge=0.0
    )
    time_per_token: float = parameter(
        "s", "time per output token at the latency target (TPOT)", gt=0.0
    )
    network_latency: float = parameter("s", "mean network path, both ways", ge=0.0)
    network_cv: float = parameter(
        "1", "coefficient of variation of the network path", ge=0.0, le=5.0
    )
    speed_cv: float = parameter(
        "1", "coefficient of variation of the speed of nodes of one type", ge=0.0, le=2.0
    )
    arrival_cv: float = parameter("1", "coefficient of variation of inter-arrival times", ge=0.0)
    service_cv: float = parameter("1", "coefficient of variation of service times", ge=0.0)
    admission_limit: float = parameter(
        "1", "utilisation above which requests are turned away", gt=0.0, le=1.0, role="lever"
    )


class Pricing(Group):
    """How the network's price per Mtok moves."""

    enabled: bool = parameter("-", "the price moves (off: it stays as at the start)")
    mode: Literal["market", "law"] = parameter(
        "-", "what moves the price: utilisation in the market, or the control law", role="lever"
    )
    target_utilisation: float = parameter(
        "1", "utilisation at which the price stands still", gt=0.0, lt=1.0, role="lever"
    )
    speed: float = parameter(
        "1/day",
        "log price change a day per unit of excess utilisation",
        ge=0.0,
        le=1.0,
        role="lever",
    )


class Tier(Group):
    """Nodes that fail alike."""

    share: float = share("share of all nodes in this tier; the shares add up to 1")
    mtbf: float = parameter("days", "mean time between failures of one node", gt=0.0)
    mttr: float = parameter("days", "mean time to repair", ge=0.0)


class Reliability(Group):
    """Node faults, regional outages, re-computation, audits and slashing."""

    enabled: bool = parameter("-", "faults, outages, rework and slashing (off: nodes never fail)")
    tiers: dict[str, Tier]
    regions: float = parameter("1", "regions of equal size that fail as a whole", ge=1.0, le=100.0)
    region_outage_rate: float = parameter("1/day", "outages of one region a day", ge=0.0, le=0.05)
    region_outage_days: float = parameter("days", "mean length of a regional outage", gt=0.0)
    replication: float = parameter(
        "1",
        "nodes that work on the same request; the first good answer counts",
        ge=1.0,
        le=10.0,
        role="lever",
    )
    audit_probability: float = parameter(
        "1/day", "probability that a node's work is audited on a day", ge=0.0, le=1.0, role="lever"
    )
    false_positive: float = share("probability that an audit condemns good work")
    false_negative: float = share("probability that an audit passes bad work")
    slash_fraction: float = share(
        "share of the node's stake that a condemned audit costs", role="lever"
    )
    cheating_gain: float = parameter(
        "1", "gain from faking a day's work, in multiples of its revenue", ge=0.0
    )
    swapping_gain: float = parameter(
        "1",
        "gain from serving a smaller model for a day, in multiples of a node's revenue: cost saved",
        ge=0.0,
    )
    swap_false_negative: float = share("probability that an audit passes a smaller model's work")
    cheating_limit: float = share(
        "largest share of work that is faked or done by a smaller model when cheating pays"
    )
    cheating_scale: float = parameter(
        "1", "log ratio of penalty to gain over which cheating fades", gt=0.0
    )


class Operators(Group):
    """Entry, exit, costs and sales of node operators."""

    enabled: bool = parameter(
        "-", "operators enter and leave (off: the fleet stays as at the start)"
    )
    revenue_memory: float = parameter(
        "days", "memory of the operators' estimate of revenue", gt=0.0
    )
    entry_time: float = parameter("days", "mean time from profit to an order for hardware", gt=0.0)
    commissioning_time: float = parameter("days", "mean time from order to a node online", gt=0.0)
    exit_time: float = parameter("days", "mean time from loss to switching off", gt=0.0)
    electricity_price: float = parameter("USD/kWh", "price of electricity", ge=0.0)
    hosting_share: float = share(
        "hosting and finance paid in fiat, as a share of the reservation cost"
    )
    rent_sold: float = share("share of income above fiat cost that is sold at once")
    inventory_days: float = parameter("days", "income that operators hold unsold", ge=2.0)
    inventory_time: float = parameter("days", "mean time to rebuild the inventory", gt=0.0)


class Supply(Group):
    """Emission, burns, vesting, and the ledgers at the start."""

    enabled: bool = parameter(
        "-", "emission and burns (off: total supply is constant and operators get the whole fee)"
    )
    total_supply: float = parameter("TOK", "total supply at the start", gt=0.0, role="start")
    staked_share: float = share(
        "share of total supply staked at the start, where no bond says what it is", role="start"
    )
    treasury_share: float = share(
        "share of total supply held by the treasury at the start", role="start"
    )
    locked_share: float = share(
        "share of total supply locked in vesting at the start", role="start"
    )
    speculator_share: float = share(
        "share of circulating supply held by speculators at the start; they hold as much in USD",
        role="start",
    )
    customer_days: float = parameter("days", "spending that customers hold in tokens", ge=0.0)
    customer_time: float = parameter(
        "days", "mean time in which customers rebuild their balance", ge=1.0
    )
    holding_time: float = parameter(
        "days", "structural holding time of a token (equation of exchange)", gt=0.0
    )
    throughput_memory: float = parameter(
        "days", "memory of the fiat throughput in the utility value", gt=0.0
    )
    burn_share: float = share("share of fees burned (burn-and-mint)", role="lever")
    vesting: bool = parameter("-", "locked tokens vest")
    vesting_time: float = parameter("days", "time in which the locked tokens vest linearly", gt=0.0)
    vesting_sold: float = share("share of vested tokens that is sold at once")


class Bonding(Group):
    """What nodes must bond or holders choose to, how they come and go, and what slashing is for."""

    mode: Literal["days_of_revenue", "per_node", "per_node_at_start", "yield"] = parameter(
        "-",
        (
            "what is bonded: `days` of a node's revenue at the token price, `per_node` tokens, the "
            "tokens per node of the start, or a share of supply that follows the yield"
        ),
        role="lever",
    )
    days: float = parameter(
        "days", "bond of a node in days of its revenue, mode days_of_revenue", ge=0.0, role="lever"
    )
    per_node: float = parameter("TOK/node", "bond of a node, mode per_node", ge=0.0, role="lever")
    time: float = parameter(
        "days", "mean time in which what is bonded follows what has to be", ge=1.0
    )
    limit: float = share(
        "largest share of total supply that is bonded; no smaller than that at the start"
    )
    bought: float = share(
        "share of what is bonded anew that is bought in the market; holders have the rest"
    )
    unstaked_sold: float = share("share of what has left the stake that is sold at once")
    unbonding_time: float = parameter(
        "days", "mean time for which tokens that leave the stake are held", ge=0.0, role="lever"
    )
    unbonding_slashed: bool = parameter(
        "-", "tokens on their way out of the stake are slashed as the stake is", role="lever"
    )
    slash_to_treasury: float = share(
        "share of what is slashed that goes to the treasury; the rest is burned", role="lever"
    )
    capital_cost: float = parameter(
        "1/year",
        "what operators forgo a year on what they bond, but for mode yield",
        ge=0.0,
        le=5.0,
    )
    reward_share: float = parameter(
        "1",
        "share of nodes' income, less slashing, that goes to those who delegate, mode yield",
        ge=0.0,
        lt=1.0,
    )
    outside_rate: float = parameter(
        "1/year", "what holders earn elsewhere, mode yield", ge=1e-4, le=10.0
    )
    response: Literal["logistic", "elasticity"] = parameter(
        "-",
        "how the share bonded follows yield and outside rate: by their difference, or their ratio",
    )
    response_scale: float = parameter(
        "1/year",
        "difference of rates over which the odds to bond grow by e, response logistic",
        gt=0.0,
    )
    elasticity: float = parameter(
        "1", "elasticity of the share bonded to that ratio, response elasticity", ge=0.0, le=20.0
    )

    @property
    def sets_start(self) -> bool:
        """Whether the bond says what is staked at the start, and no share of supply."""
        return self.mode in ("days_of_revenue", "per_node")


class Emission(Group):
    """What is minted to operators: a number, a factor on it, and a schedule."""

    ROLE = "lever"

    mode: Literal["balance_at_start", "rate", "balance_daily", "law"] = parameter(
        "-",
        (
            "number that is emitted: what balanced the burns at the start and never follows them "
            "after that, `rate`, what was burned in the step before, or what the control law mints"
        ),
    )
    rate: float = parameter("TOK/day", "emission in mode rate", ge=0.0)
    factor: float = parameter("1", "factor on the number of the mode", ge=0.0, le=1000.0)
    schedule: Literal["constant", "smooth", "stepwise"] = parameter(
        "-",
        (
            "emission stays, halves smoothly in every half-life, or at whole multiples of it from "
            "the start on"
        ),
    )
    half_life: float = parameter("days", "time in which emission halves", ge=1.0)
    floor: float = parameter("TOK/day", "least emission, below the cap", ge=0.0)
    capped: bool = parameter("-", "emission ends where total supply reaches its cap")
    cap: float = parameter("TOK", "total supply beyond which nothing is emitted", gt=0.0)


class Treasury(Group):
    """Income, operating cost and reserve of the treasury."""

    enabled: bool = parameter("-", "the treasury takes its share of fees and pays its costs")
    fee_share: float = share("share of fees that goes to the treasury, in USD", role="lever")
    reserve: float = parameter(
        "1",
        "USD reserve at the start, as a share of the market value of circulating supply",
        ge=0.0,
        role="start",
    )
    cost_ratio: float = parameter(
        "1",
        "operating cost as a multiple of the cost that balances income at the start",
        ge=0.0,
        role="lever",
    )


class Market(Ruled):
    """Where order flow meets liquidity."""

    RULES = (
        Rule(
            lambda m: (m.protocol_share <= 0.0) | (m.enabled and m.type == "pool"),
            lambda m: (
                f"market.protocol_share: {m.protocol_share:g}; expected 0 in a market that is no "
                f"pool"
            ),
        ),
        Rule(
            lambda m: (m.book_depth <= 0.0) | (m.enabled and m.type == "pool"),
            lambda m: (
                f"market.book_depth: {m.book_depth:g} USD; expected 0 in a market that is no pool"
            ),
        ),
    )

    enabled: bool = parameter(
        "-", "orders move the price (off: orders have no impact, price is the outside valuation)"
    )
    type: Literal["pool", "linear"] = parameter(
        "-", "constant-product pool or linear-impact market"
    )
    pool_share: float = parameter(
        "1", "share of circulating supply that others keep in the pool", gt=0.0, lt=0.5
    )
    protocol_share: float = parameter(
        "1",
        "share of circulating supply that the treasury keeps in the pool, with as much in USD",
        ge=0.0,
        lt=0.5,
        role="lever",
    )
    pool_start: float = parameter(
        "1", "pool at the start, in multiples of those shares", gt=0.0, le=10.0, role="start"
    )
    pool_time: float = parameter(
        "days", "mean time in which liquidity returns to those shares", gt=0.0
    )
    book_depth: float = parameter(
        "USD",
        "bids of an exchange's book beside the pool, and as much of offers, spread over prices "
        "like a pool's reserves; quoted anew around the price every step",
        ge=0.0,
        le=1e15,
    )
    permanent_impact: float = share(
        "share of price impact that the outside valuation accepts as lasting"
    )
    announced_impact: float = share(
        "the same of the controller's own orders, which everybody knows of before"
    )
    arbitrage_speed: float = parameter(
        "1/day", "rate at which arbitrage closes the gap to the outside valuation", ge=0.0, le=1e12
    )
    anchoring: float = parameter(
        "1/day", "rate at which the outside valuation returns to the utility value", ge=0.0, le=1.0
    )


class Speculation(Group):
    """Fundamentalists and chartists (Brock and Hommes 1998), noise by chartist share (Franke and
    Westerhoff 2012).
    """

    enabled: bool = parameter("-", "speculators trade")
    fundamentalist: float = parameter(
        "1/day",
        "fundamentalists' orders per unit of log mispricing, in depths",
        ge=0.0,
        le=5.0,
    )
    chartist: float = parameter(
        "1", "chartists' orders per unit of trend, in depths", ge=0.0, le=5.0
    )
    trend_memory: float = parameter("days", "memory of the trend that chartists see", gt=0.0)
    noise: float = parameter("1/sqrt(day)", "chartists' noise orders, in depths", ge=0.0, le=5.0)
    follows_liquidity: float = share(
        "share of a depth that follows pool and book; the rest is the pool that others usually keep"
    )
    holding_time: float = parameter("days", "mean time for which a position is held", gt=0.0)
    intensity_of_choice: float = parameter(
        "days", "intensity of choice between the strategies", ge=0.0
    )
    information_cost: float = parameter(
        "1/day", "profit a day that fundamentalists give up for information, of a depth", ge=0.0
    )
    profit_memory: float = parameter("days", "memory of realised profits", gt=0.0)


class FrontRunning(Group):
    """Speculators who learn the controller's rule and trade ahead of it."""

    enabled: bool = parameter("-", "speculators trade ahead of the controller")
    size: float = parameter(
        "1", "position per unit of expected log return, in reference depths", ge=0.0, le=20.0
    )
    horizon: float = parameter("days", "span over which they expect the controller to buy", ge=0.0)
    reaction_time: float = parameter("days", "mean time in which the position follows", ge=0.0)
    memory: float = parameter("days", "memory of their estimate of the rule", gt=0.0)
    prior_slope: float = parameter(
        "1/day",
        (
            "what they think at the start that the controller buys per unit of log error, in "
            "reference depths"
        ),
    )


class Oracle(Group):
    """What the protocol sees of the price."""

    enabled: bool = parameter(
        "-", "the controller sees a measured price (off: it sees the true one)"
    )
    lag: float = parameter("days", "time constant of the averaging window", ge=0.0, role="lever")
    delay: int = parameter(
        "days",
        "pure delay of the measurement: the protocol acts on the price of so many days ago",
        ge=0,
        le=60,
        role="lever",
    )
    noise: float = parameter("1", "standard deviation of the log measurement error", ge=0.0, le=1.0)
    slope_limit: float = parameter(
        "1/day",
        "largest change of the lagged log price a day (derivative bound)",
        gt=0.0,
        role="lever",
    )


class PID(Group):
    """Gains and limits of the discrete PID controller; the error is ln(reference / measured
    price).
    """

    ROLE = "lever"

    kp: float = parameter(
        "1/day", "proportional gain: spending in reference depths a day per unit of log error"
    )
    ki: float = parameter("1/day^2", "integral gain")
    kd: float = parameter("1", "derivative gain, on the measurement")
    derivative_time: float = parameter("days", "time constant of the derivative filter", ge=0.0)
    antiwindup_time: float = parameter("days", "time constant of back-calculation", gt=0.0)
    leak: float = parameter("1/day", "rate at which the integral leaks", ge=0.0)
    dead_band: float = parameter("1", "log error below which nothing is done", ge=0.0)
    rate_limit: float = parameter(
        "1/day^2", "largest change of output a day, in reference depths a day", gt=0.0
    )


class DCBM(Group):
    """Gains of the DCBM law (arXiv 2601.09961); its output is a share of the treasury."""

    ROLE = "lever"

    gamma: float = parameter(
        "1", "largest share of the treasury spent in one epoch", gt=0.0, le=1.0
    )
    kp: float = parameter("1", "proportional gain")
    ki: float = parameter("1/day", "integral gain")
    kd: float = parameter("days", "derivative gain, on the error")


class RAI(Group):
    """Gains of RAI's PI law, per unit of relative error."""

    ROLE = "lever"

    kp: float = parameter(
        "1/day", "proportional gain: spending in reference depths a day per unit of relative error"
    )
    ki: float = parameter("1/day^2", "integral gain")
    leak: float = parameter("1/day", "rate at which the integral leaks", ge=0.0)
    noise_barrier: float = parameter(
        "1", "relative error below which nothing is done", ge=0.0, lt=1.0
    )


class Livepeer(Group):
    """Livepeer's rule of inflation, in its own units and on its own clock."""

    ROLE = "lever"

    target: float = parameter("ppb", "target of the bonding rate", ge=0.0, le=1e9)
    change: float = parameter("ppb/round", "step of inflation a round", ge=0.0, le=1e9)
    floor: float = parameter("ppb/round", "least inflation", ge=0.0, le=1e9)
    ceiling: float = parameter("ppb/round", "largest inflation", ge=0.0, le=1e9)
    inflation: float = parameter(
        "ppb/round", "inflation at day 0 (0: what is emitted until then)", ge=0.0, le=1e9
    )
    round: float = parameter("days", "length of a round", gt=0.0)


class Helium(Group):
    """Helium's rule of issuance: a schedule that halves, and burned tokens minted again."""

    ROLE = "lever"

    emission: float = parameter("TOK/day", "the schedule's emission at day 0", ge=0.0, le=1e12)
    halving: float = parameter("days", "day of the first halving", ge=0.0, le=CENTURY)
    half_life: float = parameter("days", "time between two halvings", ge=1.0)
    cap: float = parameter("TOK/day", "most burned tokens that are minted again", ge=0.0, le=1e12)
    smoothing: int = parameter("days", "days over which burned tokens are averaged", ge=1, le=365)
    carried: bool = parameter(
        "-", "the average goes on from the day before (off: it begins afresh every day)"
    )
    treasury: float = parameter("TOK/day", "minted besides", ge=0.0, le=1e12)


class Cosmos(Group):
    """Cosmos Hub's rule of inflation."""

    ROLE = "lever"

    goal: float = parameter("1", "goal of the bonded share of supply", gt=0.0, le=1.0)
    change: float = parameter(
        "1/year^2", "largest change of inflation a year, with nothing bonded", ge=0.0, le=5.0
    )
    least: float = parameter("1/year", "least inflation", ge=0.0, le=5.0)
    most: float = parameter("1/year", "largest inflation", ge=0.0, le=5.0)
    inflation: float = parameter(
        "1/year", "inflation at day 0 (0: what is emitted until then)", ge=0.0, le=5.0
    )


class GonkaPrice(Group):
    """Gonka's rule of a price by the use of capacity, in its own whole units."""

    ROLE = "lever"

    lower: float = share("utilisation where the zone begins in which the price stays")
    upper: float = share("utilisation where that zone ends")
    elasticity: float = parameter(
        "1", "relative change of the price a block, to the distance from the zone", gt=0.0, le=1.0
    )
    floor: float = parameter("1", "lowest price, in whole units", ge=1.0, le=1e9)
    base: float = parameter("1", "today's price in whole units, so what a unit is", ge=1.0, le=1e9)
    rounded_up: bool = parameter("-", "a rise is rounded up (off: it is cut)")


class EIP1559(Group):
    """Ethereum's rule of a base fee by the use of capacity."""

    ROLE = "lever"

    elasticity: float = parameter(
        "1", "capacity in targets: use of 1 over it leaves the fee alone", gt=1.0, le=100.0
    )
    denominator: float = parameter(
        "1", "part of the fee by which twice the target raises it in a block", ge=1.0, le=1e6
    )
    base: float = parameter("1", "today's price in whole units, so what a unit is", ge=1.0, le=1e12)


class Ampleforth(Group):
    """Ampleforth's rule of supply by the distance of the price from its target."""

    ROLE = "lever"

    threshold: float = parameter("1", "distance within which nothing happens", ge=0.0, lt=1.0)
    lag: float = parameter("1", "divides the distance (0: the curve acts)", ge=0.0, le=1e4)
    lower: float = parameter("1", "lower end of the curve", ge=-0.5, lt=0.0)
    upper: float = parameter("1", "upper end of the curve", gt=0.0, le=0.5)
    growth: float = parameter("1", "steepness of the curve", ge=0.0, le=1000.0)


class LQR(Group):
    """Weights of the quadratic cost per decision, of the LQR and of the MPC."""

    ROLE = "lever"

    price_weight: float = parameter(
        "1", "weight of the squared log distance of the price from its reference", gt=0.0
    )
    integral_weight: float = parameter(
        "1/day^2", "weight of the squared integral of that distance", ge=0.0
    )
    effort_weight: float = parameter("day^2", "weight of the squared signal", gt=0.0)
    leak: float = parameter("1/day", "rate at which the integral leaks", ge=0.0)


class MPC(Group):
    """Horizon and limits of the model predictive controller."""

    ROLE = "lever"

    horizon: float = parameter(
        "days", "span that it plans, a multiple of the controller's interval", gt=0.0, le=CENTURY
    )
    rate_limit: float = parameter(
        "1/day^2", "largest change of output a day, in reference depths a day", gt=0.0
    )


def _decisions(controller: Controller) -> Any:
    """Decisions that the model predictive controller plans, which need not be whole."""
    return controller.mpc.horizon / controller.interval


def _no_whole_plan(controller: Controller) -> str:
    horizon, interval = controller.mpc.horizon, controller.interval
    return (
        f"controller.mpc.horizon: {horizon:.10g} days; expected a multiple of controller.interval, "
        f"{interval:.10g} days, and from 1 to {LONGEST_PLAN} of it"
    )


class Controller(Ruled):
    """The policy: which law, which reference, which actuators, which limits."""

    RULES = (
        Rule(
            lambda c: (
                (c.type != "mpc")
                | (
                    (_off(_decisions(c)) <= 1e-9)
                    & (_decisions(c) >= 1.0 - 1e-9)
                    & (_decisions(c) <= LONGEST_PLAN + 1e-9)
                )
            ),
            _no_whole_plan,
        ),
        Rule(
            lambda c: (c.type != "livepeer") | (c.interval < MOST_ROUNDS * c.livepeer.round),
            lambda c: (
                f"controller.livepeer.round: {c.livepeer.round:.10g} days; expected more than a "
                f"{MOST_ROUNDS}th of controller.interval, {c.interval:.10g} days"
            ),
        ),
        Rule(
            lambda c: (c.type != "helium") | (c.interval < MOST_ROUNDS),
            lambda c: (
                f"controller.interval: {c.interval:.10g} days; expected less than {MOST_ROUNDS} "
                f"with Helium's rule, which settles every day"
            ),
        ),
        Rule(
            lambda c: (c.livepeer.target == 0.0) | (c.livepeer.target >= LEAST_PPB),
            lambda c: (
                f"controller.livepeer.target: {c.livepeer.target:.10g} ppb; expected parts per "
                f"billion, 500,000,000 for a half"
            ),
        ),
        Rule(
            lambda c: (c.livepeer.floor <= c.livepeer.ceiling) & (c.cosmos.least <= c.cosmos.most),
            lambda c: "controller: a band of inflation whose floor is above its ceiling",
        ),
        Rule(
            lambda c: (
                (c.gonka_price.lower <= c.gonka_price.upper)
                & (c.gonka_price.floor <= c.gonka_price.base)
            ),
            lambda c: (
                "controller.gonka_price: a zone that ends before it begins, or a floor above "
                "today's price"
            ),
        ),
        Rule(
            lambda c: (c.ampleforth.lag == 0.0) | (c.ampleforth.lag >= 1.0),
            lambda c: (
                f"controller.ampleforth.lag: {c.ampleforth.lag:.10g}; expected 0, or at least 1"
            ),
        ),
    )

    ROLE = "lever"

    type: str = parameter(
        "-",
        (
            "control law: none, static, threshold, pid, scheduled, dcbm, rai, lqr, mpc, livepeer, "
            "helium, cosmos, gonka_price, eip1559, ampleforth or a registered name"
        ),
    )
    interval: float = parameter("days", "time between two decisions", gt=0.0)
    sides: Literal["buy", "both"] = parameter(
        "-",
        (
            "what the controller trades: it buys back and burns only, or also sells the treasury's "
            "tokens and then a bounded mint"
        ),
    )
    reference: Literal["utility", "path", "peg", "average"] = parameter(
        "-", "reference price: utility value, growth path, fixed peg, or the price's own average"
    )
    reference_growth: float = parameter(
        "1/year", "growth of the reference path, continuous rate", ge=-5.0, le=5.0
    )
    peg: float = parameter("1", "peg as a multiple of the price at the start", gt=0.0)
    spend_limit: float = parameter(
        "1/day", "largest buy-back a day as a share of the treasury's USD", ge=0.0, le=1.0
    )
    sale_limit: float = parameter(
        "1/day", "largest sale a day where it has both sides, in reference depths", ge=0.0
    )
    mint_limit: float = parameter(
        "1/day", "largest mint for sale a day as a share of total supply", ge=0.0, le=0.1
    )
    burn_share_gain: float = parameter(
        "days", "change of the burn share per unit of control signal", ge=0.0
    )
    emission_gain: float = parameter(
        "days", "relative cut of emission per unit of control signal", ge=0.0
    )
    emission_least: float = parameter(
        "1", "least multiplier on emission that the controller sets", ge=0.0, le=1.0
    )
    emission_most: float = parameter(
        "1", "largest multiplier on emission that the controller sets", ge=1.0, le=10.0
    )
    static_share: float = share("static buy-back: share of treasury income that is spent")
    threshold_band: float = parameter(
        "1", "threshold buy-back: log distance below the average at which it starts", ge=0.0
    )
    average_memory: float = parameter(
        "days", "memory of the average price (threshold buy-back, reference average)", gt=0.0
    )
    threshold_rate: float = parameter(
        "1/day", "threshold buy-back: share of the treasury's USD spent a day", ge=0.0, le=1.0
    )
    schedule_exponent: float = parameter(
        "1", "scheduled PID: power of the market's depth that the gains follow", ge=-2.0, le=2.0
    )
    pid: PID
    dcbm: DCBM
    rai: RAI
    lqr: LQR
    mpc: MPC
    livepeer: Livepeer
    helium: Helium
    cosmos: Cosmos
    gonka_price: GonkaPrice
    eip1559: EIP1559
    ampleforth: Ampleforth
    custom: dict[str, float] = parameter(
        "1", "numbers for a registered controller of the user's own"
    )


class Bills(Group):
    """The bill of one workload, in every way of paying it."""

    enabled: bool = parameter("-", "bills are computed")
    workload: float = parameter(
        "Mtok/day",
        "the workload that is billed, and the volume of a hedge or a reservation",
        gt=0.0,
    )
    follows_demand: float = parameter(
        "1", "elasticity of the billed workload to potential demand (0: constant)", ge=0.0, le=5.0
    )
    quote_lag: float = parameter(
        "days", "time constant with which quotes in tokens follow the price", ge=0.0
    )
    hedge_ratio: float = share("share of the contracted volume's token exposure that is hedged")
    hedge_basis: float = parameter(
        "1/year",
        "what futures stand above the spot price, which their holder loses on rolling",
        ge=-5.0,
        le=5.0,
    )
    hedge_fee: float = share("fee of one roll, as a share of the notional")
    hedge_tenor: float = parameter("days", "time between two rolls of a contract", gt=0.0)
    prepaid_days: float = parameter("days", "period for which credits are bought ahead", ge=0.0)
    prepaid_capital_cost: float = parameter(
        "1/year", "cost of the money tied up in credits", ge=0.0, le=5.0
    )
    prepaid_expired: float = parameter("1", "share of credits that expires unused", ge=0.0, lt=1.0)


SHARES = ("outage", "ban", "unlock")  # kinds of event whose size is a share


class Event(Group):
    """One thing that a scenario does to the network."""

    ROLE = "scenario"

    kind: Literal["demand", "news", "outage", "ban", "oracle", "hardware", "unlock"] = parameter(
        "-", "what the event acts on, and so what its size means"
    )
    start: float = parameter("days", "day on which the event begins", ge=0.0)
    days: float = parameter(
        "days",
        "length of the event; over it news arrives and unlocked tokens are sold (0: in one step)",
        ge=0.0,
    )
    size: float = parameter(
        "1",
        "log change of potential demand (demand), of the outside valuation (news), of the measured "
        "price (oracle) or of reservation costs (hardware); share, from 0 to 1, of nodes offline "
        "(outage), of nodes and of those that could join under a ban (ban), or of the tokens that "
        "are locked at the start unlocked and sold (unlock)",
        ge=-5.0,
        le=5.0,
    )


class Attack(Group):
    """One attacker who trades against the protocol; phases of length or size zero are left out."""

    ROLE = "scenario"

    enabled: bool = parameter("-", "an attacker trades")
    start: float = parameter("days", "start of the push", ge=0.0)
    days: float = parameter("days", "length of the push, in which the price is held", ge=0.0)
    size: float = parameter(
        "1",
        "log distance at which the price is held, from where it was at the start",
        ge=-3.0,
        le=3.0,
    )
    build_days: float = parameter(
        "days", "days before the start in which the position is bought", ge=0.0
    )
    position: float = parameter(
        "1",
        "position bought before the push (sold if negative), in reference depths",
        ge=-5.0,
        le=5.0,
    )
    unwind_days: float = parameter(
        "days", "days after the push in which the first inventory is restored", ge=0.0
    )
    inventory: float = parameter(
        "1", "tokens that the attacker has at the start, own or borrowed, in pools", ge=0.0, le=5.0
    )
    capital: float = parameter(
        "1", "USD that the attacker has at the start, in reference depths", ge=0.0
    )


class BankRun(Group):
    """A run of passive holders on the treasury's buy-back."""

    ROLE = "scenario"

    enabled: bool = parameter("-", "holders run when the reserve falls")
    rate: float = parameter(
        "1/day", "share of passive holdings sold a day at an empty treasury", ge=0.0, le=0.5
    )
    trigger: float = parameter(
        "1", "share of the first reserve below which holders begin to run", gt=0.0, le=1.0
    )


class WashUsage(Group):
    """Somebody fakes usage: he brings work and pays for it, so that the network looks used."""

    ROLE = "scenario"

    enabled: bool = parameter("-", "usage is faked")
    start: float = parameter("days", "start of the faking", ge=0.0)
    days: float = parameter("days", "length of the faking", ge=0.0)
    size: float = parameter(
        "1", "faked work as a share of the work that customers bring", ge=0.0, le=10.0
    )
    own_nodes: float = share("share of the fleet that is his, whose revenue comes back to him")
    directed: float = share(
        "share of faked work that he can send to his own nodes; the network assigns the rest"
    )
    holding: float = share(
        "tokens that he holds for the price to rise, as a share of circulating supply at the start"
    )
    sale_days: float = parameter(
        "days",
        "last days of the faking over which he sells them (0: in one step)",
        ge=0.0,
    )


def _total(parts: Mapping[str, Any]) -> Any:
    """What the shares of a group's parts add up to."""
    return sum(part.share for part in parts.values())


def _cloud_has_some(parameters: Parameters) -> Any:
    """Whether every class has some of its work on the cloud."""
    some: Any = True
    for workload in parameters.workloads.values():
        some = some & (workload.network_share + workload.sellers_share < 1.0 - 1e-9)
    return some


def _cloud_has_none(parameters: Parameters) -> str:
    name, workload = next(
        one
        for one in parameters.workloads.items()
        if one[1].network_share + one[1].sellers_share >= 1.0 - 1e-9
    )
    return (
        f"workloads.{name}: network_share and sellers_share add up to "
        f"{workload.network_share + workload.sellers_share:g}; expected less than 1: the rest is "
        f"on the cloud"
    )


def _held(parameters: Parameters) -> Any:
    """Share of total supply that does not circulate at the start, less a bond that is solved."""
    supply = parameters.supply
    staked = 0.0 if parameters.bonding.sets_start else supply.staked_share
    return staked + supply.treasury_share + supply.locked_share


def _bond(parameters: Parameters) -> float | None:
    """Stands for a bond that says what is staked, before it is solved; None where there is none."""
    return 0.0 if parameters.bonding.sets_start else None


def _a_share(event: Event) -> Any:
    """Whether the size of an event is a share, where its kind asks for one."""
    return event.kind not in SHARES or (event.size >= 0.0) & (event.size <= 1.0)


def _shares(parameters: Parameters) -> Any:
    """Whether the sizes of all events that are shares are from 0 to 1."""
    held: Any = True
    for event in parameters.events.values():
        held = held & _a_share(event)
    return held


def _no_share(parameters: Parameters) -> str:
    name, event = next(one for one in parameters.events.items() if not _a_share(one[1]))
    wanted = f"a share from 0 to 1, for the kind {event.kind}"
    return f"events.{name}.size: {event.size:g}; expected {wanted}"


def _delay(parameters: Parameters) -> Any:
    """Delay of the oracle in steps, which need not be whole."""
    return parameters.oracle.delay / parameters.simulation.time_step


class Parameters(Ruled):
    """The whole tree, as `resolve(...).values` gives it: groups of numbers, frozen and checked.

    Attributes
    ----------
    simulation, change, shocks, news, ... : groups
        Every parameter with unit, bounds and meaning stands in docs/parameters.md.

    Examples
    --------
    >>> tk.resolve().values.simulation.time_step  # days
    1.0
    """

    RULES = (
        Rule(
            lambda p: abs(_total(p.workloads) - 1.0) <= 1e-9,
            lambda p: f"workloads: the shares add up to {_total(p.workloads):g}; expected 1",
        ),
        Rule(_cloud_has_some, _cloud_has_none),
        Rule(
            lambda p: attainable(p.venues, p.workloads),
            lambda p: told_choice(p.venues, p.workloads),
        ),
        Rule(
            lambda p: abs(_total(p.reliability.tiers) - 1.0) <= 1e-9,
            lambda p: (
                f"reliability.tiers: the shares add up to {_total(p.reliability.tiers):g}; "
                f"expected 1"
            ),
        ),
        Rule(
            lambda p: _held(p) < 1.0,
            lambda p: (
                f"supply: staked, treasury and locked shares add up to {_held(p):g}; "
                f"expected less than 1"
            ),
        ),
        Rule(
            lambda p: p.supply.burn_share + p.treasury.fee_share <= 1.0,
            lambda p: (
                "supply.burn_share and treasury.fee_share add up to more than 1; expected at most 1"
            ),
        ),
        Rule(
            lambda p: p.bonding.sets_start | (p.bonding.limit >= p.supply.staked_share),
            lambda p: "bonding.limit is below supply.staked_share; expected at least as much",
        ),
        Rule(
            lambda p: _off(_delay(p)) <= 1e-9,
            lambda p: (
                f"oracle.delay: {p.oracle.delay} days; expected a multiple of "
                f"simulation.time_step, {p.simulation.time_step:g} days"
            ),
        ),
        Rule(
            lambda p: _delay(p) <= LONGEST_DELAY,
            lambda p: (
                f"oracle.delay: {p.oracle.delay} days in steps of {p.simulation.time_step:g} days; "
                f"expected at most {LONGEST_DELAY} steps, a variable each"
            ),
        ),
        Rule(
            lambda p: bool(p.fleet),
            lambda p: "fleet: no accelerator type; expected at least one",
        ),
        Rule(_shares, _no_share),
        Rule(lambda p: add_up(p.supply, p.stocks, _bond(p)), lambda p: told(p.supply, p.stocks)),
        Rule(
            lambda p: set(p.stocks.nodes) <= set(p.fleet),
            lambda p: (
                f"stocks.nodes: {', '.join(sorted(set(p.stocks.nodes) - set(p.fleet)))}; expected "
                f"types of the fleet: {', '.join(p.fleet)}"
            ),
        ),
    )

    simulation: Simulation
    change: Change
    shocks: Shocks
    news: News
    market_factor: MarketFactor
    slow_volatility: SlowVolatility
    demand: Demand
    workloads: dict[str, Workload]
    venues: Venues
    api: Seller
    cloud: Cloud
    privacy: Privacy
    access: Access
    outages: Outages
    fleet: dict[str, Accelerator]
    capacity: Capacity
    pricing: Pricing
    reliability: Reliability
    operators: Operators
    payment: Payment
    supply: Supply
    bonding: Bonding
    emission: Emission
    treasury: Treasury
    market: Market
    speculation: Speculation
    front_running: FrontRunning
    oracle: Oracle
    controller: Controller
    bills: Bills
    events: dict[str, Event] = parameter(
        "-",
        "what happens to the network, by name: kind, start, days and size of each event",
        role="scenario",
    )
    attack: Attack
    bank_run: BankRun
    wash_usage: WashUsage
    stocks: Stocks = Stocks()
    blocks: dict[str, bool] = optional(
        "-",
        "blocks of the user's own, by the name under which each is registered: whether it acts",
        role="lever",
        default={},
    )


def substitute(groups: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Groups of parameters with arrays or symbols in place of some numbers, unchecked. values: by
    path, "controller.pid.kp".
    """
    inner: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        first, _, rest = path.partition(".")
        inner.setdefault(first, {})[rest] = value
    return {**groups, **{name: _put(groups[name], deeper) for name, deeper in inner.items()}}


def value_at(groups: Mapping[str, Any], path: str) -> Any:
    """The value of a parameter in groups by name."""
    first, *rest = path.split(".")
    node = groups[first]
    for part in rest:
        node = node[part] if isinstance(node, Mapping) else getattr(node, part)
    return node


def put(parameters: Parameters, values: Mapping[str, Any]) -> Parameters:
    """The tree with some numbers replaced, unchecked. values: by path."""
    return parameters.model_copy(update=substitute(dict(parameters), values))


def _put(node: Any, values: Mapping[str, Any]) -> Any:
    if "" in values:
        value = values[""]
        # what counts stays a whole number, which entries have as a float
        counts = type(node) is int and isinstance(value, float) and value.is_integer()
        return int(value) if counts else value
    if isinstance(node, Mapping):
        return substitute(node, values)
    return node.model_copy(update=substitute(dict(node), values))

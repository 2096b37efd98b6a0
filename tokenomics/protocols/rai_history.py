"""RAI's hourly record of 2021: when the rate was set, and what the price feed may have read.

The feed (UniswapConsecutiveSlotsPriceFeedMedianizer) multiplies two averages: that of the pool's
price over all its slots, and that of the price of ETH, of which it reads one value at the end of
each slot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Context, Decimal
from typing import Any, NamedTuple

from ..errors import InputError
from .arithmetic import RAY, WAD
from .rai_controller import RaiInputs, RaiState
from .rule import Cells, DeployedRule, RecordedForm, Row, RowReading

HOUR, DAY, YEAR = 3_600, 86_400, 31_536_000
FIRST = 11_880_000  # a block before the table's first gain shows in the record
EXACT = Context(prec=45)
Feed = Callable[[Sequence[Row], int], int | None]


class RaiPool(NamedTuple):
    """Of the record, beside the rule. eth: price in the safes' feed [1e-18 USD]. pool: price of RAI
    in the pool [1e-27 ETH].
    """

    eth: int
    pool: int


def per_second(annual: Any) -> int:
    """The rate per second of an annual factor [1e-27]."""
    if annual <= 0:
        raise InputError(
            f"{float(annual)!r}", key="RedemptionRateAnnualizedRate", expected="a factor above 0"
        )
    factor = EXACT.divide(Decimal(annual.numerator), Decimal(annual.denominator))
    rate = EXACT.exp(EXACT.divide(EXACT.ln(factor), Decimal(YEAR)))
    return int(EXACT.multiply(rate, Decimal(RAY)).to_integral_value())


def _read(cells: Cells) -> tuple[int, RaiState, RaiInputs]:
    now = int(cells["timestamp"] * DAY)
    rate = per_second(cells["RedemptionRateAnnualizedRate"])
    state = RaiState(rate, int(cells["RedemptionPrice"] * RAY), now)
    return cells.whole("block_number"), state, RaiInputs(now, int(cells["marketPriceUsd"] * WAD))


def _beside(cells: Cells) -> RaiPool:
    if cells["RaiInUniswap"] <= 0:
        raise InputError("no RAI", key="RaiInUniswap", expected="a pool with some")
    pool = cells["EthInUniswap"] / cells["RaiInUniswap"]
    return RaiPool(int(cells["ETH Price (OSM)"] * WAD), int(pool * RAY))


def _stepped(before: Row, here: Row) -> bool:
    return here.clock > FIRST and before.state.rate != here.state.rate


HOURLY = RecordedForm(
    "hourly states of reflexer-digital-twin",
    (
        "block_number",
        "timestamp",
        "marketPriceUsd",
        "RedemptionPrice",
        "RedemptionRateAnnualizedRate",
        "ETH Price (OSM)",
        "EthInUniswap",
        "RaiInUniswap",
    ),
    _read,
    "a step is where the rate changes between two lines, an hour apart or more; the market price "
    "is the pool's of the line before, not the feed's average; the error at the last update is not "
    f"recorded, and without the integral's gain not needed; lines before block {FIRST:,}, where "
    "the table's first gain does not act yet, are left out",
    beside=_beside,
    stepped=_stepped,
    dates=("timestamp",),
    spacing=HOUR,
    moment=lambda row: row.inputs.now,
    fields={
        "now": "timestamp",
        "market": "marketPriceUsd",
        "price": "RedemptionPrice",
        "rate": "RedemptionRateAnnualizedRate",
    },
)


def mean(rows: Sequence[Row], begin: int, end: int, value: Callable[[Row], int]) -> int | None:
    """Average over time, each value held to the next line; None where the record begins later.
    begin, end: seconds.
    """
    total, until = 0, end
    for row in reversed(rows):
        since = row.inputs.now
        if since >= until:
            continue
        total += value(row) * (until - max(since, begin))
        until = since
        if since <= begin:
            return total // (end - begin)
    return None


def averaged(hours: int) -> Feed:
    """The market price of the last hours, up to the line before."""

    def feed(rows: Sequence[Row], at: int) -> int | None:
        end = rows[at - 1].inputs.now
        begin = end - hours * HOUR
        return mean(
            rows[max(0, at - 3 * hours - 9) : at], begin, end, lambda row: row.inputs.market
        )

    return feed


def slotted(slots: int, later: int = 0, own: bool = False) -> Feed:
    """The feed's own way, its slots ending at the lines before the last updates of the rate. later:
    lines by which the price of ETH lags in the record. own: slots end at the updates' own lines.
    """

    def feed(rows: Sequence[Row], at: int) -> int | None:
        ends, here = [at], at - 1
        while here and len(ends) <= slots:
            if rows[here].state.rate != rows[here - 1].state.rate:
                ends.append(here)
            here -= 1
        if len(ends) <= slots:
            return None
        lines = [end - (not own) for end in reversed(ends)]
        times = [rows[line].inputs.now for line in lines]
        whole = times[-1] - times[0]
        eth = sum(
            rows[min(line + later, at)].beside.eth * (end - begin)
            for line, begin, end in zip(lines[1:], times, times[1:], strict=False)
        )
        pool = mean(rows[lines[0] : at + 1], times[0], times[-1], lambda row: row.beside.pool)
        return None if pool is None else pool * eth // whole // RAY

    return feed


def _fed(feed: Feed, *, late: int = 0, drifted: bool = False) -> Callable[..., RaiState | None]:
    """The rate on a feed. late: blocks after which a change of gains acts. drifted: with the
    redemption price of the line itself, not that of the line before.
    """

    def state(rule: DeployedRule, rows: Sequence[Row], at: int, parameters: Any) -> RaiState | None:
        before, here = rows[at - 1], rows[at]
        if before.beside is None:
            return None
        market = feed(rows, at)
        if market is None:
            return None
        start = before.state
        if drifted:
            start = start._replace(price=here.state.price, priced=here.inputs.now)
        if late:
            parameters = rule.acting(here.clock - late).parameters
        return rule.step(start, RaiInputs(before.inputs.now, market), parameters)

    return state


def _own(rows: Sequence[Row], at: int) -> int:
    return rows[at].inputs.market


BLOCKS = 5_700  # after which the gain of block 12,000,145 shows in the record, about 21 hours
SLOTS = 4  # with 16 hours, the best of those listed in the first half of the record
READINGS = (
    RowReading("the market price of the line itself", _fed(_own)),
    *(
        RowReading(f"the market price of {hours} hours", _fed(averaged(hours)))
        for hours in (4, 8, 12, 16, 20, 24)
    ),
    RowReading(
        "16 hours, the redemption price of the line itself", _fed(averaged(16), drifted=True)
    ),
    *(RowReading(f"the feed of {slots} slots", _fed(slotted(slots))) for slots in (2, 3, 4, 5, 6)),
    RowReading("4 slots, the price of ETH a line later", _fed(slotted(SLOTS, later=1))),
    RowReading("4 slots, at the updates' own lines", _fed(slotted(SLOTS, own=True))),
    RowReading(
        "4 slots, the redemption price of the line itself", _fed(slotted(SLOTS), drifted=True)
    ),
    RowReading("4 slots, gains 5,700 blocks late", _fed(slotted(SLOTS), late=BLOCKS)),
)

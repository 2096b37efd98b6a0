"""Helium's issuance as a rule: its parameters by epoch, and the record of 2023 to 2026 by week.

The law is in `helium_issuance`. A week of the record sums seven epochs: what is minted on a day
settles the epoch of the day before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from .helium_issuance import BONES, EPOCH, HeliumInputs, HeliumParameters, HeliumState, step
from .rule import PROPOSED, Cells, DeployedRule, RecordedForm, Row, RowReading, Search, Version

WEEK = 7  # epochs
FUND = 1_300_000 * BONES  # of HIP-138, once


def epoch(year: int, month: int, day: int) -> int:
    """The epoch of a date: days since 1970."""
    return (dt.date(year, month, day) - dt.date(1970, 1, 1)).days


FIRST = epoch(2023, 4, 22)  # the last epoch of the week of the migration
FUNDED = epoch(2024, 12, 7)  # the last epoch of the week in which the fund was minted


def _read(cells: Cells) -> tuple[int, HeliumState, HeliumInputs]:
    last = cells.whole("week") + WEEK - 2
    state = HeliumState(round(cells["hnt_issued"] * BONES))
    return last, state, HeliumInputs(round(cells["hnt_burned"] * BONES), (last + 1) * EPOCH)


def _weekly(burned: Callable[[int], Sequence[int]], fund: int = 0) -> Callable[..., HeliumState]:
    """The sum of the epochs of each week, the average of burned HNT carried on from the first week.
    burned: of each epoch, from that of the week. fund: minted besides in the week of HIP-138.
    """

    def state(
        rule: DeployedRule, rows: Sequence[Row], at: int, parameters: HeliumParameters
    ) -> HeliumState:
        dated = parameters is rule.acting(rows[at].clock).parameters
        found, minted = HeliumState(0), 0
        for row in rows[1 : at + 1]:
            minted = fund if row.clock == FUNDED else 0
            for day, amount in enumerate(burned(row.inputs.burned)):
                now = row.clock - WEEK + 1 + day
                acting = rule.acting(now).parameters if dated else parameters
                found = step(found, HeliumInputs(amount, (now + 1) * EPOCH), acting)
                minted += found.minted
        return found._replace(minted=minted)

    return state


def _evenly(week: int) -> list[int]:
    return [week // WEEK] * WEEK


WEEKLY = RecordedForm(
    "weekly burns and issuance of Tokenomics-as-Systems-Engineering",
    ("week", "hnt_burned", "hnt_issued"),
    _read,
    "sums of seven epochs, burned evenly over the week; the first week is the migration of the old "
    "chain, 145 M HNT, and is not replayed; the last is cut short if its days are; burned is what "
    "made data credits, without what else left the supply",
    predict=_weekly(_evenly),
    dates=("week",),
    spacing=WEEK,
    stepped=lambda before, here: before.clock > FIRST,
    fields={"burned": "hnt_burned", "minted": "hnt_issued"},
)
READINGS = (
    RowReading("with the 1.3 M HNT of HIP-138's fund", _weekly(_evenly, FUND)),
    RowReading("the same, nothing burned", _weekly(lambda week: [0] * WEEK, FUND)),
    RowReading(
        "the same, burned on the last day alone", _weekly(lambda week: [0] * 6 + [week], FUND)
    ),
    RowReading("the same, the cap every day", _weekly(lambda week: [week + FUND] * WEEK, FUND)),
)
LIBRARY = "helium/helium-program-library"
SCHEDULE = f"{LIBRARY} 145947eed, packages/helium-admin-cli/emissions/hnt.json"
OLD_CAP, CAP = 3_424_000_000, 164_383_561_644
BEFORE, HALF, LEAP, QUARTER = (
    8_219_178_082_192,
    4_109_589_041_096,
    4_098_360_655_738,
    2_054_794_520_548,
)
TREASURY = 1_223_628_691_983
LATEST = HeliumParameters(QUARTER, CAP, WEEK)
SEARCH = Search(
    states=lambda p: [HeliumState(0, smoothed=value) for value in range(3_001)],
    by="smoothed",
    inputs=lambda p: {
        "nothing burned": HeliumInputs(0),
        "1,000 bones burned": HeliumInputs(1_000),
        "3,000 bones burned": HeliumInputs(3_000),
    },
    exhaustive=True,
    about="every average of burned HNT up to 3,000 bones, where whole numbers matter; it alone is "
    "carried on; nothing, 1,000 and 3,000 bones burned",
)
HELIUM = DeployedRule(
    name="helium",
    about="Helium: emission halves, burned HNT is given back up to a cap",
    clock="epoch (day)",
    dated=True,
    state=HeliumState,
    inputs=HeliumInputs,
    parameters=HeliumParameters,
    step=step,
    decides=("minted",),
    versions=(
        Version(
            "2023-04",
            HeliumParameters(BEFORE, OLD_CAP),
            f"{SCHEDULE} of 32642d9fd; cap: src/create-dao.ts",
            epoch(2023, 4, 17),
            "2023-04-18",
        ),
        Version(
            "2023-06",
            HeliumParameters(BEFORE, CAP),
            "the cap from the record, which it meets to the bone from 2025-08-25 on (HIP-149: "
            "about 1,644 HNT); the first week above the old cap",
            epoch(2023, 6, 18),
            "2023-06",
        ),
        Version(
            "2023-08 early",
            HeliumParameters(LEAP, CAP),
            f"{SCHEDULE} of 32642d9fd: a day too early",
            epoch(2023, 7, 31),
            "2023-08-01",
        ),
        Version(
            "2023-08 corrected",
            HeliumParameters(BEFORE, CAP),
            f"{SCHEDULE} of 7852b2239: the day is given back",
            epoch(2023, 8, 1),
            "2023-08-02",
        ),
        Version(
            "2023-08",
            HeliumParameters(LEAP, CAP),
            f"{SCHEDULE} of 7852b2239",
            epoch(2023, 8, 2),
            "2023-08-03",
        ),
        Version(
            "2024-08",
            HeliumParameters(HALF, CAP),
            f"{SCHEDULE} of 7852b2239; a year of 365 days again",
            epoch(2024, 8, 1),
            "2024-08-01",
        ),
        Version(
            "HIP-138",
            HeliumParameters(HALF, CAP, treasury=TREASURY),
            f"HIP-138; {LIBRARY} af2f89689: to the treasury of MOBILE until 2025-08-01",
            epoch(2024, 12, 6),
            "2024-12-07",
        ),
        Version(
            "2025-03",
            HeliumParameters(HALF, CAP, WEEK, 0, TREASURY),
            f"{LIBRARY} 5bc5bf2cb of 2025-02-14: burned HNT is averaged, by mistake afresh in "
            "every epoch; the date is that of the record, within days",
            epoch(2025, 3, 12),
            "2025-03-13",
        ),
        Version(
            "2025-07",
            HeliumParameters(HALF, CAP, WEEK, treasury=TREASURY),
            f"{LIBRARY} 17c88d099 of 2025-06-10: the average is carried; the date is that of the "
            "record, within a week",
            epoch(2025, 7, 13),
            "2025-07-14",
        ),
        Version("2025-08", LATEST, SCHEDULE, epoch(2025, 8, 1), "2025-08-01"),
        Version(
            "HIP-149",
            LATEST._replace(minimum=1, supplement=98_000 * BONES, begins=1_785_931_200),
            f"HIP-149, approved; {LIBRARY} 6a2d70e46 and a20f94e41: on master, its run on chain is "
            "not in the sources",
            epoch(2026, 8, 5),
            "2026-08-05",
            PROPOSED,
        ),
    ),
    sources=(
        f"{LIBRARY} 145947eed: programs/helium-sub-daos, packages/helium-admin-cli/emissions",
        "helium/HIP 6f6d0ba: HIP-20, HIP-138, HIP-149",
    ),
    exact=False,
    layouts=(WEEKLY,),
    readings=READINGS,
    search=SEARCH,
    unknown=(
        "the day in June 2023 on which the cap rose from 34.24 to 1,643.83561644 HNT a day, and "
        "the decision behind it",
        "the days on which the averages of 2025-03 and 2025-07 came to act on chain",
        "whether HIP-149 acts on chain",
        "what else than data credits left the supply and was given back; the bones that are lost "
        "where a network's part is rounded down",
    ),
)

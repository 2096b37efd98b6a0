"""RAI's rate setter: its parameters by block, and how well the record of 2021 is met.

The law is in `rai_controller`. The price feed averages the pool over 16 hours; the record has no
feed, so that the readings of rows in `rai_history` build it anew.
"""

from __future__ import annotations

from .rai_controller import RaiInputs, RaiParameters, RaiState, step
from .rai_history import HOURLY, READINGS
from .rule import PROPOSED, DeployedRule, Version

TABLE = "reflexer-labs/reflexer-digital-twin 24db92a, data/controller_params.csv"
FORUM = "community.reflexer.finance/t/redemption-rate-bounds/301"
GAINS = {  # block: Kp [1e-18/(USD s)]
    0: 40_000_000_000,
    11_907_012: 314_000_000_000,
    11_920_359: 200_000_000_000,
    12_000_145: 150_000_000_000,
    12_045_798: 100_000_000_000,
    12_367_944: 50_000_000_000,
    13_410_160: 75_000_000_000,
}
INTEGRAL = RaiParameters(
    75_000_000_000,
    24_000,
    999_999_711_200_000_000_000_000_000,
    fastest=1_000_000_065_758_500_621_404_894_451,
    slowest=999_999_934_241_503_702_775_225_172,
)
RAI = DeployedRule(
    name="rai",
    about="RAI: the redemption rate falls while the market price is high",
    clock="Ethereum block",
    even=False,
    state=RaiState,
    inputs=RaiInputs,
    parameters=RaiParameters,
    step=step,
    decides=("rate",),
    versions=(
        *(
            Version(f"block {block}" if block else "launch", RaiParameters(kp), TABLE, block)
            for block, kp in GAINS.items()
        ),
        Version("block 14262496", INTEGRAL, f"{TABLE}; bounds: {FORUM}", 14_262_496),
        Version(
            "2023-02",
            INTEGRAL._replace(ki=5_550),
            "community.reflexer.finance/t/rai-i-term-update-feb-17th-2023/391",
            date="2023-02-17",
            status=PROPOSED,
        ),
    ),
    sources=(
        "reflexer-labs/geb-rrfm-calculators 56c709d: src/calculator, src/test",
        "reflexer-labs/geb-rrfm-rate-setter 31e5c9c: src/PIRateSetter.sol",
        "reflexer-labs/geb-uniswap-median 02e3a00: "
        "src/UniswapConsecutiveSlotsPriceFeedMedianizer.sol",
        "reflexer-labs/reflexer-digital-twin 24db92a: data/controller_params.csv, data/states.csv",
    ),
    exact=False,
    layouts=(HOURLY,),
    readings=READINGS,
    unknown=(
        "the gain of the first 12 recorded updates, before block 11,881,326: about 5.5e-12 where "
        "the table of parameters has 4e-8",
        "the digits of the leak beyond 0.9999997112; the noise barrier and the bounds of the "
        "output on chain: no recorded rate meets one; the bounds of the rate before they were "
        "told on the forum",
        "window and slots of the price feed: 16 hours in 4 slots fit the record best",
        "the seconds of updates and of the feed's own updates, which are apart from May 2021 on",
        "whether the integral's gain of 2023 came to act",
    ),
)

"""Gonka: the coefficient of a model's weight follows the model's share of work.

The base coefficient rises where the share of the last epoch lay below the target's zone and falls
above it. The step doubles while the sign stays and halves when it turns. Of a share above the
target the excess counts at the lowest coefficient. A version is one model's parameters.

Source: gonka-ai/gonka affde019, inference-chain/x/inference/coefficients/coefficients.go
(Calculate, adjust, diluted, encodeDecimal), since the upgrade v0.2.16.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from .arithmetic import WAD, decimal_product, decimal_quotient
from .rule import PROPOSED, DeployedRule, OnChain, Search, Version

WHOLE = 10_000  # basis points
MOST_DIGITS = 2**63 - 1  # of a number that the chain stores


class GonkaCoefficientState(NamedTuple):
    """Of one model, in an epoch."""

    base: Annotated[int, OnChain("1e-18", "base coefficient", 1)]
    step: Annotated[int, OnChain("1e-18", "share by which the base moves next", 1)]
    sign: Annotated[int, OnChain("-1, 0, 1", "direction of the last move", -1, 1)]
    effective: Annotated[int, OnChain("1e-18", "coefficient of this epoch's weights", 0)]


class GonkaCoefficientInputs(NamedTuple):
    """Weights of the last epoch and of the one that is formed. Those of the others are already
    multiplied by their difficulties.
    """

    before: Annotated[int, OnChain("weight", "of the model, last epoch", 0, MOST_DIGITS)]
    before_others: Annotated[int, OnChain("1e-18 weight", "of the others, last epoch", 0)]
    now: Annotated[int, OnChain("weight", "of the model, this epoch", 0, MOST_DIGITS)]
    now_others: Annotated[int, OnChain("1e-18 weight", "of the others, this epoch", 0)]
    carried: Annotated[int, OnChain("0 or 1", "a state and totals exist before", 0, 1)] = 1


class GonkaCoefficientParameters(NamedTuple):
    """Set by governance; the first four for each model."""

    minimum: Annotated[int, OnChain("1e-18", "lowest coefficient", 1)]
    maximum: Annotated[int, OnChain("1e-18", "highest coefficient", 1)]
    difficulty: Annotated[int, OnChain("1e-18", "work of a unit of weight", 1)]
    target: Annotated[int, OnChain("1e-4", "target share of work", 0, WHOLE)]
    zone: Annotated[int, OnChain("1e-4", "distance from the target that counts as reached", 0)]
    step_min: Annotated[int, OnChain("1e-18", "smallest step after a turn", 1)]
    step_max: Annotated[int, OnChain("1e-18", "largest step", 1)]
    bootstrap_step: Annotated[int, OnChain("1e-18", "largest step of a very small model", 1)]
    bootstrap_share: Annotated[int, OnChain("1e-4", "share below which a model is that", 0)]


def _clamped(value: int, p: GonkaCoefficientParameters) -> int:
    # the lower bound is looked at first
    if value < p.minimum:
        return p.minimum
    return min(value, p.maximum)


def _adjusted(
    base: int, step: int, sign: int, inputs: GonkaCoefficientInputs, p: GonkaCoefficientParameters
) -> tuple[int, int, int]:
    """Base, step and sign by the share of the last epoch. Without any weight the share counts as
    nought.
    """
    own = p.difficulty * inputs.before
    total = own + inputs.before_others
    share = own * WHOLE  # compared with basis points of the total, without a division
    inside = (p.target - p.zone) * total <= share <= (p.target + p.zone) * total
    if total and inside:
        return base, p.step_max // 2, 0
    now = -1 if total and share > p.target * total else 1
    small = not total or share < p.bootstrap_share * total
    cap = p.bootstrap_step if small else p.step_max
    step = min(2 * step if sign in (0, now) else max(step // 2, p.step_min), cap)
    return _clamped(decimal_product(base, WAD + now * step), p), step, now


def diluted(base: int, inputs: GonkaCoefficientInputs, p: GonkaCoefficientParameters) -> int:
    """Effective coefficient [1e-18]: base up to the target, the lowest one for the excess."""
    own = p.difficulty * inputs.now
    share, wanted = own * WHOLE, (own + inputs.now_others) * p.target
    if share <= wanted:
        return base
    kept = decimal_quotient(wanted, share)
    return p.minimum + decimal_product(base - p.minimum, kept)


def stored(value: int) -> int:
    """A number as the chain keeps it [1e-18]: its digits fit a signed 64-bit number."""
    dropped = 1
    while value // dropped > MOST_DIGITS:
        dropped *= 10
    return value // dropped * dropped


def step(
    state: GonkaCoefficientState,
    inputs: GonkaCoefficientInputs,
    parameters: GonkaCoefficientParameters,
) -> GonkaCoefficientState:
    """The state when an epoch is formed. Without a carried state the base is kept, but for its
    bounds. A target of nought holds the model at its lowest coefficient.
    """
    base, move, sign, _ = state
    base = _clamped(base, parameters)
    if not parameters.target:
        base, move, sign = parameters.minimum, parameters.step_max // 2, 0
    elif inputs.carried:
        base, move, sign = _adjusted(base, move, sign, inputs, parameters)
    base, move = stored(base), stored(move)
    return GonkaCoefficientState(base, move, sign, stored(diluted(base, inputs, parameters)))


def at_share(points: int, parameters: GonkaCoefficientParameters) -> GonkaCoefficientInputs:
    """Inputs in which the model has a share in both epochs. points: [1e-4]."""
    others = parameters.difficulty * (WHOLE - points)
    return GonkaCoefficientInputs(points, others, points, others)


def _kinds(p: GonkaCoefficientParameters) -> dict[str, GonkaCoefficientInputs]:
    shares = {
        "no share": 0,
        "below the bootstrap share": max(p.bootstrap_share - 1, 0),
        "below the zone": max(p.target - p.zone - 1, 0),
        "at the zone's lower end": max(p.target - p.zone, 0),
        "at the target": p.target,
        "at the zone's upper end": min(p.target + p.zone, WHOLE),
        "above the zone": min(p.target + p.zone + 1, WHOLE),
        "the whole work": WHOLE,
    }
    return {label: at_share(points, p) for label, points in shares.items()}


def _states(p: GonkaCoefficientParameters) -> list[GonkaCoefficientState]:
    levels = 100 if p.maximum > p.minimum else 0
    bases = [p.minimum + (p.maximum - p.minimum) * at // max(levels, 1) for at in range(levels + 1)]
    return [GonkaCoefficientState(base, p.step_max // 2, 0, base) for base in bases]


SEARCH = Search(
    states=_states,
    by="base",
    inputs=_kinds,
    exhaustive=False,
    about="101 base coefficients between the bounds, each with the step after a rest in the zone; "
    "shares from nought to the whole work, equal in both epochs",
)

CONTROLLER = (500, 5 * WAD // 1000, 5 * WAD // 100, 25 * WAD // 100, 100)
UPGRADE = "gonka-ai/gonka, proposals/governance-artifacts/update-v0.2.16/README.md (136041c8)"
DERIVED = "gonka-ai/gonka, proposals/multi-model-poc/dynamic-coeff-init.md (8a685b96)"


def _version(name: str, digits: tuple[int, int, int, int], source: str, **how: str) -> Version:
    """digits: bounds and difficulty [1e-12], target [1e-4]."""
    low, high, difficulty = (number * WAD // 10**12 for number in digits[:3])
    parameters = GonkaCoefficientParameters(low, high, difficulty, digits[3], *CONTROLLER)
    return Version(name, parameters, source, **how)


MINIMAX = (302_400_000_000, 302_400_000_000, 10**12, 3334)
GLM = (558_000_000_000, 682_000_000_000, 2_668_169_014_084, 3333)
DEEPSEEK = (221_400_000_000, 270_600_000_000, 1_541_666_666_666, 3333)
GLM_DERIVED = (508_468_965_517, 847_197_025_352, 2_668_169_014_084, 3333)
DEEPSEEK_DERIVED = (183_272_727_272, 489_510_000_000, 1_541_666_666_666, 3333)
GONKA_COEFFICIENTS = DeployedRule(
    name="gonka_coefficients",
    about="Gonka: a model's coefficient by share of work",
    clock="epoch (about a day)",
    state=GonkaCoefficientState,
    inputs=GonkaCoefficientInputs,
    parameters=GonkaCoefficientParameters,
    step=step,
    decides=("base", "step", "sign", "effective"),
    versions=(
        _version("v0.2.16-minimax", MINIMAX, UPGRADE, date="2026"),
        _version("v0.2.16-glm", GLM, UPGRADE, date="2026"),
        _version("v0.2.16-deepseek", DEEPSEEK, UPGRADE, date="2026"),
        _version("derived-glm", GLM_DERIVED, DERIVED, date="2026-09-23", status=PROPOSED),
        _version("derived-deepseek", DEEPSEEK_DERIVED, DERIVED, date="2026-09-23", status=PROPOSED),
    ),
    sources=(
        "gonka-ai/gonka affde019: inference-chain/x/inference/coefficients/coefficients.go",
        "gonka-ai/gonka 0d660980: proposals/multi-model-poc/dynamic-coeff-impl.md",
        UPGRADE,
        DERIVED,
    ),
    search=SEARCH,
    unknown=(
        "the epoch in which v0.2.16 began to act (a later upgrade's code says that it has run)",
        "which model got the target's remainder of 1e-4 (here MiniMax, as in the derivation's "
        "example of equal shares)",
        "whether governance has replaced the ranges and equal targets of the upgrade",
    ),
)

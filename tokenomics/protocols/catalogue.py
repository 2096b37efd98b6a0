"""The rules by name."""

from __future__ import annotations

from ..errors import InputError, nearest
from .akash_vault import AKASH_VAULT
from .ampleforth import AMPLEFORTH
from .bittensor_emission import BITTENSOR_EMISSION
from .bittensor_registration import BITTENSOR_REGISTRATION
from .bittensor_subnet import BITTENSOR_SUBNET
from .cosmos import COSMOS
from .eip1559 import EIP1559
from .eip4844 import EIP4844
from .gonka_coefficients import GONKA_COEFFICIENTS
from .gonka_price import GONKA_PRICE
from .helium import HELIUM
from .livepeer import LIVEPEER
from .rai import RAI
from .rule import DeployedRule, Version

RULES: dict[str, DeployedRule] = {
    rule.name: rule
    for rule in (
        LIVEPEER,
        RAI,
        HELIUM,
        GONKA_PRICE,
        GONKA_COEFFICIENTS,
        EIP1559,
        EIP4844,
        AMPLEFORTH,
        COSMOS,
        AKASH_VAULT,
        BITTENSOR_EMISSION,
        BITTENSOR_REGISTRATION,
        BITTENSOR_SUBNET,
    )
}


def named(text: str) -> tuple[DeployedRule, Version]:
    """A rule and a version of it. text: NAME for the version that is deployed now, or
    NAME@VERSION. Raises InputError with the nearest name.
    """
    name, at, version = text.partition("@")
    if name not in RULES:
        raise InputError(
            f"no rule '{name}'",
            key="rule",
            expected=f"one of {', '.join(RULES)}",
            nearest=nearest(name, RULES),
        )
    rule = RULES[name]
    return rule, rule.version(version if at else None)

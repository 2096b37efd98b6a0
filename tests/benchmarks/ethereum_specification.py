"""Ethereum's base fee and price of blob gas, ours against the protocol's own specification in
Python, on random states of three forks.

    pip install ethereum-execution==2.20.0    # in an environment that has this package
    python tests/benchmarks/ethereum_specification.py

Prints how many states were tried and how many differ.
"""

from __future__ import annotations

import random
from importlib import import_module

from ethereum_types.numeric import U64, Uint

from tokenomics.protocols import eip1559, eip4844

FORKS, STATES = ("Cancun", "Prague", "Osaka"), 4_000
LARGEST_EXCESS = (10**6, 10**8, 3 * 10**8)


def header(fork: str, **fields: int) -> object:
    """A block's header with a few of its fields."""
    made = object.__new__(import_module(f"ethereum.forks.{fork}.blocks").Header)
    for name, value in fields.items():
        object.__setattr__(made, name, value)
    return made


def blob_gas(rng: random.Random) -> int:
    """Of random states of each fork, how many differ in excess or price."""
    differ = 0
    for name in FORKS:
        parameters = eip4844.EIP4844.version(name).parameters
        spec = import_module(f"ethereum.forks.{name.lower()}.vm.gas")
        for _ in range(STATES):
            excess = rng.randrange(rng.choice(LARGEST_EXCESS))
            used = eip4844.GAS_PER_BLOB * rng.randrange(parameters.maximum + 1)
            fee = int(10 ** rng.uniform(0, 12))
            state = eip4844.BlobFeeState(excess, eip4844.price(excess, parameters))
            ours = eip4844.step(state, eip4844.BlobFeeInputs(used, fee), parameters)
            parent = header(
                name.lower(),
                excess_blob_gas=U64(excess),
                blob_gas_used=U64(used),
                base_fee_per_gas=Uint(fee),
            )
            theirs = spec.calculate_excess_blob_gas(parent)
            price = spec.calculate_blob_gas_price(theirs)
            differ += (int(theirs), int(price)) != (ours.excess, ours.price)
    return differ


def base_fee(rng: random.Random) -> int:
    """Of random blocks, after how many the base fees differ."""
    spec, differ = import_module("ethereum.forks.london.fork"), 0
    parameters = eip1559.EIP1559.version().parameters
    for _ in range(5 * STATES):
        fee = rng.randrange(20) if rng.random() < 0.2 else int(10 ** rng.uniform(0, 12))
        limit = 2 * rng.randrange(2_500, 30_000_000)
        used = rng.randrange(limit + 1)
        state, inputs = eip1559.BaseFeeState(fee), eip1559.BaseFeeInputs(used, limit)
        ours = eip1559.step(state, inputs, parameters).base_fee
        theirs = spec.calculate_base_fee_per_gas(Uint(limit), Uint(limit), Uint(used), Uint(fee))
        differ += int(theirs) != ours
    return differ


if __name__ == "__main__":
    found = random.Random(1)
    print(f"blob gas: {len(FORKS) * STATES:,} states, {blob_gas(found)} differ")
    print(f"base fee: {5 * STATES:,} blocks, {base_fee(found)} differ")

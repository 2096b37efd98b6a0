"""Cost of the same blocks in radCAD. It asks for an older NumPy, so it runs in an environment of
its own.

python -m venv radcad && radcad/bin/pip install . radcad "pyarrow<20"
radcad/bin/python tests/benchmarks/radcad_engine.py
"""

from __future__ import annotations

import time
import warnings
from importlib.metadata import version

import numpy as np
import radcad

from tokenomics.model.model import MODEL, bind
from tokenomics.model.shocks import sample
from tokenomics.model.steady_state import steady_state
from tokenomics.model.variables import as_arrays
from tokenomics.parameters import resolve

STEPS = 100
PARAMETERS = resolve(
    "baseline", policy="pid", scenarios=("token_crash",), sets={"simulation.days": STEPS}
).values


def seconds(deepcopy: bool) -> tuple[float, float]:
    """Time of one run [s], and its final price."""
    params = bind(PARAMETERS, sample(PARAMETERS, [0], 0))
    blocks = [
        {
            "policies": {str(i): p for i, p in enumerate(b.policies)},
            "variables": {u.variable: u for u in b.updates},
        }
        for b in MODEL.bound(params).blocks
    ]
    model = radcad.Model(
        initial_state=as_arrays(steady_state(PARAMETERS).state, 1),
        state_update_blocks=blocks,
        params={name: [value] for name, value in params.items()},
    )
    simulation = radcad.Simulation(model=model, timesteps=STEPS, runs=1)
    simulation.engine = radcad.Engine(backend=radcad.Backend.SINGLE_PROCESS, deepcopy=deepcopy)
    begin = time.perf_counter()
    records = simulation.run()
    return time.perf_counter() - begin, float(np.squeeze(records[-1]["token_price"]))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(f"radCAD {version('radcad')}, numpy {version('numpy')}")
    for deepcopy in (True, False):
        least, price = min(seconds(deepcopy) for _ in range(3))
        print(
            f"deepcopy {'on' if deepcopy else 'off'}: {least / STEPS * 1e9:,.0f} ns per run and "
            f"step; final price {price!r} USD"
        )

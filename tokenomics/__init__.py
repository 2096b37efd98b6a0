"""Token economies of decentralised AI-inference networks, modelled with control theory.

    import tokenomics as tk
    result = tk.run("baseline", policy="pid", scenario="token_crash", runs=20, seed=1)
    result.metrics()
"""

from importlib.metadata import PackageNotFoundError, version

from .analysis.analyse import analyse
from .control import Command, Memory, register_controller
from .errors import BlockError, InputError, ModelError, TokenomicsError
from .experiments.compare import compare
from .experiments.optimise import optimise
from .experiments.run import run
from .experiments.sensitivity import sensitivity
from .experiments.sweep import sweep
from .kinetics import relaxation
from .model import MODEL, Block, Model, block, steady_state
from .papers import reproduce
from .parameters import Parameters, resolve
from .results import Result, load
from .results.metrics import metric
from .state import Variable, assign, assigns

try:
    __version__ = version("tokenomics")
except PackageNotFoundError:  # run from a checkout that is not installed
    __version__ = "0.1.0"

__all__ = [
    "MODEL",
    "Block",
    "BlockError",
    "Command",
    "InputError",
    "Memory",
    "Model",
    "ModelError",
    "Parameters",
    "Result",
    "TokenomicsError",
    "Variable",
    "__version__",
    "analyse",
    "assign",
    "assigns",
    "block",
    "compare",
    "load",
    "metric",
    "optimise",
    "register_controller",
    "relaxation",
    "reproduce",
    "resolve",
    "run",
    "sensitivity",
    "steady_state",
    "sweep",
]

"""Token economies of decentralised AI-inference networks, modelled with control theory.

    import tokenomics as tk
    result = tk.run("baseline", policy="pid", scenario="token_crash", runs=20, seed=1)
    result.metrics()

Public names; `help` of each describes every parameter:

    run                  simulate a network; gives a Result
    Result               one experiment: data, metrics, figures
    load                 read a run's or a sweep's directory
    compare              policies on the same shocks
    sweep                points, policies, scenarios and runs of a design
    sensitivity          Sobol's or Morris's indices of a design's parameters
    optimise             tune parameters under constraints
    analyse              the linear control loop and its margins
    calibrate_prices     Merton's jump-diffusion and GARCH from daily closes
    calibrate_factor     a token's beta to the market from daily closes of both
    calibrate_economy    parameters of the economy by simulated moments of a token
    calibrate_panel      the same of several tokens, which share what networks share
    calibrate_demand     the demand block from a request rate or a trace
    calibrate_burn       burn elasticity and emission path from tables by month
    read_demand          a request rate from a file of rates or of requests
    validate             forecasts of a history against naive ones, and a policy's counterfactual
    compare_venues       cloud or network for a workload
    reproduce            a published result, computed again
    score                a table of quantiles against what happened
    replay               a deployed rule on its recorded history, step by step
    counterfactual       what another version of a rule, or a policy, would have done
    absorb               where a deployed rule traps itself
    propose              the whole evidence of a governance proposal, as a bundle
    report               finished runs or a sweep as a bundle
    verify               check a bundle of evidence that somebody published
    resolve              parameters from names, files and changes
    Parameters           the parameter tree
    steady_state         the state from which simulations start
    MODEL                the block list
    Model                its class, to which `insert` adds a block of your own
    Block                a policy-and-update block, made whole
    block                a block from functions
    assign               the update function of one variable
    assigns              the update functions of several
    Variable             a state variable of your own
    writes               declares on a policy what it writes
    relaxation           a first-order lag, exact for any step
    register_block       a block of your own by a name, for parameters to switch on
    register_controller  a control law of your own
    register_policy      a policy of your own by a name
    register_scenario    a scenario of your own by a name
    load_code            a file of yours that registers parts
    Command              what a law decides
    Memory               what a law remembers
    Strength             how strongly a law acts, in one number
    style                settings of Matplotlib that suit the package's figures
    metric               a metric of your own
    TokenomicsError      base of the errors
    InputError           bad input
    ModelError           a model wrongly put together
    BlockError           a block that failed inside a run
    Remark               category of the warnings: what a reader of a result must know

Runs and sweeps tell the logger `tokenomics` what they do.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("tokenomics")
except PackageNotFoundError:  # run from a checkout that is not installed
    __version__ = "0.3.0"

# module of every public name; it is imported when the name is first asked for, which keeps the
# command line quick (PEP 562)
_HOMES = {
    "calibration.bonding.counterfactual": ("counterfactual",),
    "calibration.burn.calibrate": ("calibrate_burn",),
    "calibration.demand.calibrate": ("calibrate_demand",),
    "calibration.economy.calibrate": ("calibrate_economy",),
    "calibration.economy.panel": ("calibrate_panel",),
    "calibration.prices.calibrate": ("calibrate_prices",),
    "calibration.prices.factor": ("calibrate_factor",),
    "errors": ("BlockError", "InputError", "ModelError", "Remark", "TokenomicsError"),
    "experiments.compare": ("compare",),
    "experiments.optimise": ("optimise",),
    "experiments.own_code": ("load_code",),
    "experiments.replays": ("absorb", "replay"),
    "experiments.run": ("run",),
    "experiments.sensitivity": ("sensitivity",),
    "experiments.sweep": ("sweep",),
    "forecasts.score": ("score",),
    "governance.bundle.make": ("propose", "report"),
    "governance.verify.verify": ("verify",),
    "histories.demand": ("read_demand",),
    "loop.analyse": ("analyse",),
    "model.block": ("Block", "block"),
    "model.controllers": ("Command", "Memory", "Strength", "register_controller"),
    "model.formulas.numerics": ("relaxation",),
    "model.model": ("MODEL", "Model", "register_block"),
    "model.steady_state": ("steady_state",),
    "model.variables": ("Variable", "assign", "assigns", "writes"),
    "papers": ("reproduce",),
    "parameters": ("Parameters", "register_policy", "register_scenario", "resolve"),
    "results": ("Result", "load"),
    "results.figures": ("style",),
    "results.metrics": ("metric",),
    "validation": ("validate",),
    "venues.report": ("compare_venues",),
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names}
_PACKAGES = (
    "attacks",
    "calibration",
    "capacity",
    "engines",
    "errors",
    "experiments",
    "forecasts",
    "governance",
    "histories",
    "inputs",
    "loop",
    "model",
)
_PACKAGES += ("papers", "parameters", "results", "validation", "velocity", "venues")

__all__ = [*_MODULES, "__version__"]


def __getattr__(name: str):
    if name in _MODULES:
        globals()[name] = found = getattr(import_module(f".{_MODULES[name]}", __name__), name)
        return found
    if name in _PACKAGES:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

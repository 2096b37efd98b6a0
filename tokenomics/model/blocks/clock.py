"""The clock: steps done and time since the start [days]."""

from ..variables import Variable, writes


@writes(
    Variable("step", "1", "number of steps done; the index into the shock table", 1.0, 0.0),
    Variable("time", "days", "time since the start", 1.0, 0.0),
)
def policy_clock(params, substep, state_history, state):
    """One more step; time is counted in steps so that it does not accumulate rounding."""
    return {"step": state["step"] + 1, "time": (state["step"] + 1) * params["time_step"]}

"""The clock: steps done and time since the start [days]."""


def policy_clock(params, substep, state_history, state):
    """One more step; time is counted in steps so that it does not accumulate rounding."""
    return {"step": state["step"] + 1, "time": (state["step"] + 1) * params["time_step"]}

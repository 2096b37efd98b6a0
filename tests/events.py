"""An event as settings by path, and the events of a scenario on an early day."""

from tokenomics.parameters import resolve


def event(kind, size, *, start, days=0.0, name="it"):
    """Settings of an event of a kind."""
    parts = {"kind": kind, "start": start, "days": days, "size": size}
    return {f"events.{name}.{part}": value for part, value in parts.items()}


def early(scenario, start=5.0):
    """Settings with which what a scenario has begins on an early day: a short run has it."""
    events = resolve("baseline", scenarios=(scenario,)).values.events
    begin = (*(f"events.{name}" for name in events), "attack", "wash_usage")
    return {f"{one}.start": start for one in begin}

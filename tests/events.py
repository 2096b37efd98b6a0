"""An event as settings by path, and the events of a scenario on an early day."""

from tokenomics.parameters import resolve


def event(kind, size, *, start, days=0.0, name="it"):
    """Settings of an event of a kind."""
    parts = {"kind": kind, "start": start, "days": days, "size": size}
    return {f"events.{name}.{part}": value for part, value in parts.items()}


def early(scenario, soonest=5.0):
    """Settings with which what a scenario has begins on an early day, after the days in which an
    attacker builds his position: a short run has it whole.
    """
    values = resolve("baseline", scenarios=(scenario,)).values
    start = max(soonest, values.attack.build_days)
    begin = (*(f"events.{name}" for name in values.events), "attack", "wash_usage")
    return {f"{one}.start": start for one in begin}

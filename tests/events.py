"""An event as settings by path."""


def event(kind, size, *, start, days=0.0, name="it"):
    """Settings of an event of a kind."""
    parts = {"kind": kind, "start": start, "days": days, "size": size}
    return {f"events.{name}.{part}": value for part, value in parts.items()}

"""Formulas that blocks share, each a pure function: numerics, liquidity, billing, queueing,
latency, the fleet.
"""

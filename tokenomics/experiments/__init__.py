"""Experiments: what is simulated, on which input, and what comes back."""

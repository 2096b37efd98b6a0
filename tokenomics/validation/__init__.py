"""Back-tests: a recorded history replayed with and without a controller, and forecasts scored
against naive benchmarks.

A forecast made on a day uses the data up to that day and no later ones. Scores stand beside those
of a random walk and of GARCH, and the verdict says where the model is no better.
"""

from .validate import validate

__all__ = ["validate"]

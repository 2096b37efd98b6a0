"""Experiments: what is simulated, on which input, and what comes back.

They tell the package's logger what they do, which is silent until a program gives it a handler.
"""

import logging

logging.getLogger("tokenomics").addHandler(logging.NullHandler())

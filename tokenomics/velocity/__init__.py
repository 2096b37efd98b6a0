"""Usage or speculation behind a rise of a token's velocity: a detector, its training episodes and
its error rates.
"""

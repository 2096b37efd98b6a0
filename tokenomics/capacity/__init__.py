"""Inference capacity: what a fleet delivers, at what latency, and at what revenue it joins."""

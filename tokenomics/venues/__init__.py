"""Decentralised or centralised: the trade-offs of the venues, quantified for one workload."""

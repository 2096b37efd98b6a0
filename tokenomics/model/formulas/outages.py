"""Outages of what a venue has only once: the network's gateway, price oracle, chain and identity
service, and the cloud's own front door. Each is up and down in turn, so that it is up 1/(1 + rate ×
length) of the time, rate counted while it is up; they fail apart. Units: shares.
"""


def up(outage):
    """Share of the time that one service is up."""
    return 1.0 / (1.0 + outage.rate * outage.length)


def network_up(outages, access):
    """Share of requests that find everything up which the network has only once."""
    return up(outages.gateway) * up(outages.oracle) * up(outages.chain) * access.in_use.uptime


def cloud_up(outages, cloud):
    """Share of requests that the cloud answers."""
    return up(outages.cloud) * cloud.uptime

"""Who trades against a controller's rule: attackers, front runners, and what deters operators from
cheating.
"""

"""A burn-and-mint table to the elasticity of burn and the path of emission."""

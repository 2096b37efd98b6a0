"""The economics: the block list, its state variables, its steady state and its shocks."""

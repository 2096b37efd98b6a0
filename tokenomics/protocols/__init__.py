"""Rules that networks run on chain, exact to the last integer and on their own clocks."""

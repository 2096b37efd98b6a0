"""The whole economy by simulated moments."""

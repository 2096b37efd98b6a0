"""Linear analysis and design of the control loop, and its check by simulation."""

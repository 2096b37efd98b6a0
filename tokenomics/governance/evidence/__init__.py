"""What a result stands on: its plan, its runs, and what follows from the two alone."""

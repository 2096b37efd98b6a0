"""A proposal's file: read strictly and turned into a plan."""

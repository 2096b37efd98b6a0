"""Engines that execute the model's block list."""

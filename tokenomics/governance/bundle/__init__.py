"""Bundles: made, read, cited and compared."""

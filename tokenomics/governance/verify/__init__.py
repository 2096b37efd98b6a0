"""An untrusted bundle checked by computing it again."""

"""A stranger's bundle checked by computing it again."""

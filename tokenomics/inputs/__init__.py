"""What comes in from outside, checked before it is used: arguments, numbers, files, JSON, and the
memory that is asked for.
"""

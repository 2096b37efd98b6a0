"""A local page on which levers, events and facts of the world are moved, and the ensemble draws
anew what they do.
"""

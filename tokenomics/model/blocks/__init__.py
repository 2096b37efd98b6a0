"""One mechanism a file: pure policies, each of which declares what it writes and its value at
rest.
"""

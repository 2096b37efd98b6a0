"""Packages are found, not listed; `params/`, which has its own place at the top, is installed as
the package's data. All else: `setup.cfg`.
"""

from setuptools import find_packages, setup

setup(packages=[*find_packages(include=["tokenomics", "tokenomics.*"]), "tokenomics.params"])

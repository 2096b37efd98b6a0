"""Directories of runs and sweeps read back: checked, as untrusted."""

from __future__ import annotations

from pathlib import Path

from ..inputs.arguments import PATH, checked
from . import sweep_store
from .folder import kind_of, not_a_result
from .result import Result
from .run_reading import read_run
from .sweep import Sweep


@checked(folder=PATH)
def load(folder: str | Path) -> Result | Sweep:
    """Read a run's or a sweep's directory, as untrusted, or spoilt by a disk.

    Parameters
    ----------
    folder : str or Path
        The directory.

    Returns
    -------
    Result or Sweep
        What was written, with metrics computed anew.

    Raises
    ------
    InputError
        Names file and key where it is neither, and where a file is missing, is none of this
        package's, leads out of the directory, was changed since it was written, or does not agree
        with the others.

    Examples
    --------
    >>> folder = tk.run(days=2, engine="ensemble").save("first", figures=False)
    >>> tk.load(folder).resolved.policy
    'none'
    """
    folder = Path(folder)
    kind = kind_of(folder)
    if kind == "sweep":
        return Sweep(sweep_store.read_manifest(folder), folder)
    if kind == "run":
        return read_run(folder)
    raise not_a_result(folder)

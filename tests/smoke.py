"""What an installed copy must do with any releases that setup.cfg admits: python tests/smoke.py.

Touches every package that it asks for.
"""

import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

import tokenomics as tk

DESIGN = "{policies: [pid], set: {simulation.days: 5}, parameters: {controller.pid.kp: [0.1, 0.2]}}"
COMMANDS = (
    "--help",
    "run baseline --days 5 --out run",
    "params check run/params.yaml",
    "sweep design.yaml --runs 2 --out sweep",
    "capacity supply",
)


def runs(folder: Path) -> None:
    """The two engines agree, and what is saved is read back."""
    for policy in ("pid", "lqr"):
        one, other = (
            tk.run(policy=policy, days=5, runs=2, seed=1, engine=engine)
            for engine in ("cadcad", "ensemble")
        )
        np.testing.assert_allclose(
            one.dataset["token_price"], other.dataset["token_price"], rtol=1e-9
        )
        assert np.isfinite(other.metrics().loc["price_volatility", "mean"])
        saved = tk.load(other.save(folder / policy))
        assert saved.to_pandas().equals(other.to_pandas())
        assert saved.metrics().equals(other.metrics())


def histories(folder: Path) -> None:
    """Rows are read as they were written."""
    file = folder / "rates.csv"
    file.write_text(
        "t_s,req_per_s\n" + "".join(f"{3600 * i},{10 + i % 5}\n" for i in range(240)),
        encoding="utf-8",
    )
    np.testing.assert_array_equal(tk.read_demand(file).rate, 10 + np.arange(240) % 5)


def commands(folder: Path) -> None:
    """The command line, from another folder."""
    (folder / "design.yaml").write_text(DESIGN, encoding="utf-8")
    tokenomics = Path(sys.executable).with_name("tokenomics")
    for words in COMMANDS:
        subprocess.run(
            [tokenomics, *words.split()], check=True, cwd=folder, stdout=subprocess.DEVNULL
        )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for part in (runs, histories, commands):
            part(Path(folder))
    print(
        f"{tk.__file__} runs on Python {sys.version.split()[0]}",
        *(f"{name} {version(name)}" for name in ("numpy", "scipy", "pandas", "pyarrow")),
    )

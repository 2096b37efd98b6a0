"""The model held against Render and Helium: the fits and the back-tests of README and overlays, run
again.

    python tests/benchmarks/validation.py        # writes VALIDATION.md, in about four minutes on
    two cores

Needs the recorded prices. Where a fit gives other values than the shipped overlay, it says so at
the end: the back-tests use the shipped one.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from ruamel.yaml import YAML

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from paths import DATA  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]

TOKENS = (  # name, overlay, options that choose the days, first day of the forecasts
    ("Render", "render", ("MiM_RNDR-USD.csv",), "2023-03-16"),
    ("Helium", "helium", ("MiM_HNT-USD.csv", "--to", "2025-01-14"), "2023-07-12"),
)
HEAD = """# Validation: the model held against two tokens

Closes of Render (RNDR, 2020-07-01 to 2024-07-21) and Helium (HNT, 2020-07-01 to 2025-01-14),
MiM0ulay/assets_risk_metrics, MIT. The first two thirds were fitted by simulated moments (overlays
`render` and `helium`), the rest was not seen. Parameters that were not fitted are the baseline's,
of which one was calibrated with later days of Render (`speculation.intensity_of_choice`), as the
command says: the test is out of sample but for that.
All of it comes from `python tests/benchmarks/validation.py`.
"""
TOKENOMICS = (sys.executable, "-c", "from tokenomics.cli.main import main; main()")
SKIPPED = ("PIT",)  # sections that only the figure needs


def report(command: list[str], out: Path, name: str) -> str:
    """What a command writes as `name`, its headings as bold lines, below the command itself."""
    print("tokenomics", *command, flush=True)
    subprocess.run(
        [*TOKENOMICS, *command, "--out", str(out)],
        cwd=DATA / "tokens",
        check=True,
        capture_output=True,
    )
    _, _, body = (out / name).read_text(encoding="utf-8").partition("\n")
    first, *sections = re.split(r"^## ", body, flags=re.M)
    kept = "\n".join([first, *(f"**{s}" for s in sections if s.split("\n")[0] not in SKIPPED)])
    text = re.sub(r"\n{3,}", "\n\n", re.sub(r"^(\*\*.*)$", r"\1**", kept, flags=re.M))
    return f"`tokenomics {' '.join(command)}`\n{text.rstrip()}\n"


def values(file: Path) -> dict[str, dict[str, float]]:
    """Parameter values of an overlay by group and name."""
    tree = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    return {
        g: {k: v["value"] for k, v in rest.items()}
        for g, rest in tree.items()
        if isinstance(rest, dict)
    }


def main() -> None:
    parts = [HEAD]
    with tempfile.TemporaryDirectory() as folder:
        for token, overlay, (file, *days), start in TOKENS:
            fit, test = Path(folder) / f"{overlay}_fit", Path(folder) / f"{overlay}_test"
            parts += [
                f"## {token}: moments",
                report(
                    ["calibrate", "economy", file, *days, "--workers", "2"], fit, "calibration.md"
                ),
            ]
            history = [
                "--overlay",
                overlay,
                "--history",
                file,
                *days,
                "--policy",
                "pid",
                "--from",
                start,
            ]
            parts += [
                f"## {token}: back-test",
                report(["validate", "baseline", *history], test, "validation.md"),
            ]
            if values(fit / "overlay.yaml") != values(
                ROOT / "params" / "calibrated" / f"{overlay}.yaml"
            ):
                print(f"the overlay '{overlay}' is not what the fit gives now")
    (Path(__file__).parent / "VALIDATION.md").write_text(
        "\n\n".join(p.strip() for p in parts) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()

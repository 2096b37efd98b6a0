"""Whether a bundle that was made in one setting of the processor is verified bit for bit in the
others, each in a process of its own.

    python tests/same_bundles.py [--python PATH] [--only SETTING] > table.md

A small proposal with laws, gains and margins is made into a bundle in each setting of
`same_bits.py`, and verified as on the oldest processor and as this machine is. Prints Markdown;
status 1 where one is not verified, or a number of a run has another bit.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from same_bits import Setting, oldest, settings

COMMAND = ["-c", "from tokenomics.cli.main import main; main()"]
ANSWERS = (0, 1)  # exit status: done, or done and the answer is no
PROPOSAL = {
    "title": "Push harder",
    "summary": "For a test.",
    "policy": "pid",
    "set": {"simulation.days": 60},
    "proposed": {"controller.pid.kp": 0.1},
    "alternatives": {"a regulator": {"controller.type": "lqr"}},
    "scenarios": ["none", "combined_stress"],
    "runs": 16,
    "seed": 3,
    "years": [],
    "worlds": {"count": 0},
    "limits": [{"limit": "churn <= 5", "reason": "an example"}],
    "sensitivity": {"runs": 8, "step": 0.2},
}


def made(setting: Setting, folder: str) -> Path:
    """A bundle that is made in a setting."""
    place = Path(tempfile.mkdtemp(dir=folder))
    (place / "proposal.yaml").write_text(json.dumps(PROPOSAL))
    call = ["propose", str(place / "proposal.yaml"), "--out", str(place / "bundle")]
    setting.run([*COMMAND, *call, "--workers", str(setting.threads)], folder, ANSWERS)
    return place / "bundle"


def verified(bundle: Path, setting: Setting, folder: str) -> dict:
    """What `verify --json` says of a bundle in a setting."""
    return json.loads(setting.run([*COMMAND, "verify", str(bundle), "--json"], folder, ANSWERS))


def compare(chosen: Sequence[Setting]) -> bool:
    """Print the table; whether all are verified bit for bit."""
    judges = [chosen[0], *([oldest()] if oldest() in chosen else []), *chosen[-1:]]
    judges = list({one.name: one for one in judges}.values())
    print(f"| made | identifier | {' | '.join(f'verified: {one.name}' for one in judges)} |")
    print(f"|{'---|' * (2 + len(judges))}", flush=True)
    good, ids = True, set()
    with tempfile.TemporaryDirectory() as folder:
        for setting in chosen:
            bundle, cells = made(setting, folder), []
            for judge in judges:
                told = verified(bundle, judge, folder)
                good &= told["status"] == "verified" and told["largest"] == 0.0
                ids.add(told["id"])
                but = (
                    f", {len(told['uncompared'])} files not compared" if told["uncompared"] else ""
                )
                cells.append(told["status"] + ", margins rounded" * told["rounded"] + but)
            print(f"| {setting.name} | {told['id'][:16]} | {' | '.join(cells)} |", flush=True)
    return good and len(ids) == 1


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", action="append", default=[], help="settings beside the first")
    parser.add_argument("--python", action="append", default=[], help="another interpreter's path")
    options = parser.parse_args()
    chosen = settings(options.python)
    if options.only:
        chosen = [chosen[0], *(one for one in chosen[1:] if one.name in options.only)]
    sys.exit(not compare(chosen))


if __name__ == "__main__":
    main()

"""Whether a proposal's forecast is as sure as it says where the model is the truth: it is made from
1,000 runs, and 200 runs by another seed are what happens, each a history.

    python tests/benchmarks/forecasts.py

A minute on two cores.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import tokenomics as tk
from tokenomics.governance.evidence.over_time import VARIABLES, over_time
from tokenomics.governance.proposal.proposal import read_proposal

DAYS, RUNS, HISTORIES, SEED, LATER = 365, 1_000, 200, 1, 2
CHANGED = {"supply.burn_share": 0.3}
PROPOSAL = {
    "title": "Burn less",
    "summary": "For a benchmark.",
    "policy": "pid",
    "set": {"simulation.days": DAYS},
    "proposed": CHANGED,
    "scenarios": ["none"],
    "runs": RUNS,
    "seed": SEED,
    "years": [],
    "limits": [{"limit": "churn <= 5", "reason": "an example"}],
    "metrics": ["churn"],
}


def main() -> None:
    """Print coverage over all horizons, and skill by horizon, of the proposed values."""
    with tempfile.TemporaryDirectory() as folder:
        forecast, history = Path(folder) / "forecast.csv", Path(folder) / "history.parquet"
        over_time(read_proposal(PROPOSAL)[1]).to_csv(forecast, index=False)
        later = tk.run(
            policy="pid",
            today={"simulation.days": DAYS, "controller.type": "pid"},
            sets=CHANGED,
            runs=HISTORIES,
            seed=LATER,
            engine="ensemble",
            record=list(VARIABLES),
        )
        later.to_pandas().to_parquet(history)
        found = tk.score(forecast, history)
    for table, columns in (
        (found.coverage, ["level", "outcomes", "covered", "low", "high", "counted", "verdict"]),
        (found.scores, ["unit", "dates", "crps", "no_change", "skill", "wis"]),
    ):
        own = table[table["values"] == "proposed"]
        own = own[own["horizon"] == "all"] if table is found.coverage else own
        print(own[["variable", "horizon", *columns]].to_string(index=False), end="\n\n")
    print("\n".join(found.notes))


if __name__ == "__main__":
    main()

"""What a sweep says when it is done: the best and worst points, and a map of a grid."""

import json

import numpy as np
import pandas as pd

from paths import command
from tokenomics.results.extremes import SAME, extremes

DESIGN = {
    "policies": ["pid"],
    "set": {"simulation.days": 5},
    "parameters": {"controller.pid.kp": [0.1, 0.2, 0.3, 0.4, 0.5], "oracle.lag": [1, 2, 3]},
    "runs": 2,
}


def test_the_best_point_is_the_lowest_or_the_highest_as_the_metric_says():
    metrics = ["max_drawdown", "treasury_min", "price_final", "minted"]
    table = pd.DataFrame(
        {"policy": "pid", "scenario": "none", "p": [1.0, 2.0, 3.0], "n": 2, "failed": [0, 0, 1]}
    )
    for name in metrics:
        table[name] = table[f"{name}_low"] = table[f"{name}_high"] = [0.5, 0.1, np.nan]
    table["minted"] = [7.0, 7.0, np.nan]
    found = extremes(table, metrics, ["p"])
    told = {
        name: list(zip(own["end"], own["p"], strict=True)) for name, own in found.groupby("metric")
    }
    assert told == {
        "max_drawdown": [("best", 2.0), ("worst", 1.0)],  # better lower
        "treasury_min": [("best", 1.0), ("worst", 2.0)],  # better higher
        "price_final": [("lowest", 2.0), ("highest", 1.0)],
        "minted": [(SAME, 1.0)],
    }


def test_a_sweep_ends_with_ten_lines_and_the_map_of_a_grid(tmp_path):
    design = tmp_path / "d.yaml"
    design.write_text(json.dumps(DESIGN))
    status, out, _ = command("sweep", design, "--out", tmp_path / "a")
    lines = out.splitlines()
    assert status == 0 and lines[0].startswith("15 points x 1 case x 2 runs = 30 simulations in")
    assert lines[1].startswith("failed runs 0, impossible points 0")
    ends = [line for line in lines[:10] if " best " in line or " worst " in line]
    assert len(ends) == 6 and all("[" in line for line in ends)
    assert "oracle.lag upwards, controller.pid.kp to the right" in lines
    assert max(map(len, lines[:-1])) <= 80  # the last has the folder
    whole = pd.read_csv(tmp_path / "a" / "extremes.csv")
    told = json.loads(command("sweep", design, "--out", tmp_path / "a", "--json")[1])
    assert [one["metric"] for one in told["extremes"]] == list(whole["metric"])


def test_a_sweep_of_one_parameter_has_no_map(tmp_path):
    design = tmp_path / "d.yaml"
    design.write_text(json.dumps(DESIGN | {"parameters": {"controller.pid.kp": [0.1, 0.2]}}))
    status, out, _ = command("sweep", design, "--out", tmp_path / "a")
    assert status == 0 and "upwards" not in out and "kp=0.2" in out

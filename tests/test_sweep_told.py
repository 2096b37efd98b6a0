"""What a sweep says when it is done: the best and worst points, and a map of a grid."""

import json

import numpy as np
import pandas as pd

from paths import command
from tokenomics.results.extremes import SAME, extremes
from tokenomics.results.terminal_map import TerminalMap

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
    alike = whole[whole["end"] == SAME]["metric"].nunique()
    assert (f", {alike} of them the same at every point" in out) == (alike > 0)
    told = json.loads(command("sweep", design, "--out", tmp_path / "a", "--json")[1])
    assert [one["metric"] for one in told["extremes"]] == list(whole["metric"])


def test_a_sweep_of_one_parameter_has_no_map(tmp_path):
    design = tmp_path / "d.yaml"
    design.write_text(json.dumps(DESIGN | {"parameters": {"controller.pid.kp": [0.1, 0.2]}}))
    status, out, _ = command("sweep", design, "--out", tmp_path / "a")
    assert status == 0 and "upwards" not in out and "kp=0.2" in out
    design.write_text(
        json.dumps(
            DESIGN
            | {
                "parameters": {"controller.pid.kp": {"low": 0.1, "high": 1.0, "count": 13}},
                "metrics": ["purchases"],
            }
        )
    )
    out = command("sweep", design, "--out", tmp_path / "b")[1]
    assert f"tk.load('{tmp_path / 'b'}').plot('purchases') draws it in Python" in out
    assert "of them the same" not in out


def test_a_map_says_which_axis_is_logarithmic():
    values = np.arange(12.0).reshape(3, 4)
    table = pd.DataFrame(
        {"y": np.repeat([1.0, 2.0, 3.0], 4), "x": [0.1, 1.0, 10.0, 100.0] * 3, "m": values.ravel()}
    ).rename(columns={"m": "purchases"})
    assert TerminalMap(table, "purchases", "x", "y", "").axes == (
        "y upwards, x to the right (logarithmic)"
    )

"""The model held against Render and Helium: the fits and the back-tests of README and overlays, run
again. And, from a folder of daily closes, back-tests of the baseline as it is.

    python tests/benchmarks/validation.py        # about four minutes on two cores
    python tests/benchmarks/validation.py --tokens FOLDER [--before CHECKOUT]    # a minute a file

Each writes its part of VALIDATION.md and leaves the other as it stands. Needs the recorded prices.
Where a fit gives other values than the shipped overlay, it says so at the end: the back-tests use
the shipped one. CHECKOUT is the project at an earlier commit: the same files with that code.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
from ruamel.yaml import YAML

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from paths import DATA  # noqa: E402
from tokenomics.calibration.economy.calibrate import calibrate_economy  # noqa: E402
from tokenomics.calibration.estimates import DIGITS  # noqa: E402
from tokenomics.histories.prices import read_closes  # noqa: E402
from tokenomics.results.markdown import markdown_table  # noqa: E402
from tokenomics.validation import validate  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = Path(__file__).parent / "VALIDATION.md"

TOKENS = (  # name, overlay, options that choose the days, first day of the forecasts
    ("Render", "render", ("MiM_RNDR-USD.csv",), "2023-03-16"),
    ("Helium", "helium", ("MiM_HNT-USD.csv", "--to", "2025-01-14"), "2023-07-12"),
)
LATER = "helium_hnt_usd_daily_2025_2026.csv"
HEAD = """# Validation: the model held against tokens

Closes of MiM0ulay/assets_risk_metrics, MIT. The first two thirds were fitted by simulated moments
(the overlays `render` and `helium`), the rest was not seen. Parameters that were not fitted are
the baseline's. Of one that was calibrated with later days the command says IN-SAMPLE: the test is
out of sample but for that. All of it comes from `python tests/benchmarks/validation.py`, the last
part from its option `--tokens`.

A skill is 1 - CRPS / CRPS of the normal random walk, of the model as it starts (replayed, settled)
and days ahead. The four signs behind it are the verdicts against bootstrap, GARCH-t, random walk
and EWMA: + the model is better, - it is worse, 0 they are not told apart.
"""
OTHERS = "## Other histories, the baseline as it is"
OTHERS_HEAD = """`python tests/benchmarks/validation.py --tokens FOLDER --before CHECKOUT`

FOLDER holds files of benjaminpo/crypto-price (`data/crypto/1d` at commit a9d3c86, from Yahoo; MIT),
those of [ECONOMY.md](ECONOMY.md), from each token's first close to 2022-02-14. RNDR and HNT are the
closes above, HNT 2025 is Helium from 2025-02-20 to 2026-02-19
(CryptoZach/Tokenomics-as-Systems-Engineering, CC-BY-4.0). Each file is reduced to dates and closes
from the first close on. For each

`tokenomics validate --history FILE --policy pid --from DATE`

with DATE at two thirds of the days: nothing is fitted, no overlay is used. Skills and signs are as
above. "restarted" is the share of the forecasts after the first restart of the replay, "not
reached" the share of closes that the replay and the two arms of the counterfactual miss (replayed,
pinned). "before" is the same file with the code of CHECKOUT.
"""
TOKENOMICS = (  # the command line of this checkout, and of one whose `cli` is a module
    sys.executable,
    "-c",
    "from tokenomics.cli import main; getattr(main, 'main', main)()",
)
SKIPPED = ("PIT",)  # sections that only the figure needs
BENCHMARKS = ("bootstrap", "GARCH-t", "random walk", "EWMA")  # in the order of the signs
SIGNS = {"better": "+", "worse": "-"}


def section(command: list[str], text: str) -> str:
    """What a command writes, its headings as bold lines, below the command itself."""
    _, _, body = text.partition("\n")
    first, *sections = re.split(r"^## ", body, flags=re.M)
    kept = "\n".join([first, *(f"**{s}" for s in sections if s.split("\n")[0] not in SKIPPED)])
    text = re.sub(r"\n{3,}", "\n\n", re.sub(r"^(\*\*.*)$", r"\1**", kept, flags=re.M))
    return f"`tokenomics {' '.join(command)}`\n{text.rstrip()}\n"


def values(overlay: str) -> dict[str, str]:
    """Parameter values of an overlay by path, with the digits of a shipped one."""
    return {
        f"{group}.{name}": f"{one['value']:.{DIGITS}g}"
        for group, rest in YAML(typ="safe").load(overlay).items()
        if isinstance(rest, dict)
        for name, one in rest.items()
    }


def fitted() -> str:
    """Fits and back-tests of the two tokens that have overlays."""
    parts, sums = [], []
    for token, overlay, (name, *days), start in TOKENS:
        file, window = DATA / "tokens" / name, dict(zip(days[::2], days[1::2], strict=True))
        print("fit and back-test", token, flush=True)
        fit = calibrate_economy(file, end=window.get("--to"), settings={"workers": 2})
        command = ["calibrate", "economy", name, *days, "--workers", "2"]
        parts += [f"## {token}: moments", section(command, fit.markdown())]
        test = validate(
            overlay=overlay, history=file, end=window.get("--to"), policy="pid", start=start
        )
        command = ["validate", "baseline", "--overlay", overlay, "--history", name, *days]
        command += ["--policy", "pid", "--from", start]
        text = test.markdown().replace(f"{file}:", f"{name}:")
        parts += [f"## {token}: back-test", section(command, text)]
        sums.append(summed(token, fit.tables, test.tables))
        shipped = (ROOT / "params" / "calibrated" / f"{overlay}.yaml").read_text(encoding="utf-8")
        if values(fit.overlay()) != values(shipped):
            print(f"the overlay '{overlay}' is not what the fit gives now:", values(fit.overlay()))
    return "\n\n".join(p.strip() for p in (head(sums), *parts))


def head(sums: list[str]) -> str:
    """What stands above the tables: what they are, and their sums in words."""
    return HEAD + "".join(f"\n- {one}" for one in sums)


def summed(token: str, fit: Mapping[str, pd.DataFrame], test: Mapping[str, pd.DataFrame]) -> str:
    """The tables of a fit and of its back-test in a line."""
    said = []
    for title, table in fit.items():
        if title.startswith("Moments"):
            missed = table.loc[table["within 90 %"] == "no", "moment"]
            but = f", all but {' and '.join(missed)}" if len(missed) else ""
            within = f"{len(table) - len(missed)} of {len(table)} are within 90 %{but}"
            said.append(f"of the {title[0].lower()}{title[1:]}, {within}")
    skills = verdicts({"tables": {one: rows.to_dict("records") for one, rows in test.items()}})
    said.append("skill: " + ", ".join(f"{at} {skill}" for at, skill in skills.items()))
    return f"{token}: {'; '.join(said)}"


def back_test(history: Path, start: str, checkout: Path) -> dict[str, Any] | str:
    """What `validate` of a checkout says of a history as data; its error where it refuses."""
    command = ["validate", "--history", history.name, "--policy", "pid", "--from", start, "--json"]
    done = subprocess.run(
        [*TOKENOMICS, *command],
        cwd=history.parent,
        env=os.environ | {"PYTHONPATH": str(checkout)},
        capture_output=True,
        encoding="utf-8",
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1].partition("; expected")[0]
        return said.removeprefix("error: ").removeprefix(f"{history.name}: ")
    return json.loads(done.stdout)


def verdicts(found: dict[str, Any]) -> dict[str, str]:
    """Skill and the signs of its verdicts, by the model's start and days ahead."""
    tables = found["tables"]
    cells = {}
    for row in tables["Scores"]:
        if row["forecaster"].startswith("model"):
            key = (row["forecaster"], row["days ahead"])
            signs = [
                SIGNS.get(one["the model is"], "0")
                for one in tables["Model against benchmarks"]
                if (one["model"], one["days ahead"]) == key
            ]
            name = f"{key[0].removeprefix('model, ')}, {key[1]} d"
            cells[name] = f"{row['skill']:.3f} ({' '.join(signs)})"
    return cells


def as_before(before: dict[str, Any] | str, now: dict[str, Any] | str) -> str:
    """An earlier back-test in words, beside the one now."""
    if isinstance(before, str):
        return f"refused: {before}"
    if isinstance(now, str):
        return "done: " + ", ".join(f"{k} {v}" for k, v in verdicts(before).items())
    one, other = verdicts(before), verdicts(now)
    changed = [f"{k} {v}" for k, v in one.items() if v != other[k]]
    return f"done: {', '.join(changed)}" if changed else "done, with the same skills and verdicts"


def row(token: str, history: Path, checkout: Path | None) -> dict[str, Any]:
    """One back-test of the baseline, from two thirds of a history on."""
    closes = read_closes(history)
    start = str(closes.dates[2 * len(closes.dates) // 3])
    print("validate", token, "from", start, flush=True)
    now = back_test(history, start, ROOT)
    cells = {"token": token, "closes": len(closes.dates), "from": start}
    if isinstance(now, str):
        cells |= {"status": f"refused: {now}"}
    else:
        followed = now["tables"]["How far the history was followed"]
        cells |= {"status": "done", **verdicts(now), "restarts": followed[0]["restarts"]}
        cells |= {"restarted": f"{now['tables']['Scores'][0]['restarted']:.2g}"}
        cells |= {"not reached": ", ".join(f"{f['closes not reached']:.2g}" for f in followed)}
    if checkout is not None:
        cells |= {"before": as_before(back_test(history, start, checkout), now)}
    return cells


def others(folder: Path, checkout: Path | None) -> str:
    """The table of back-tests with the baseline as it is."""
    files = {
        "RNDR": (DATA / "tokens" / TOKENS[0][2][0], None),
        "HNT": (DATA / "tokens" / TOKENS[1][2][0], TOKENS[1][2][2]),
        "HNT 2025": (DATA / "tokens" / LATER, None),
    } | {file.stem.partition("-")[0]: (file, None) for file in sorted(folder.glob("*.csv"))}
    with tempfile.TemporaryDirectory() as reduced, ThreadPoolExecutor(2) as pool:
        histories = {}
        for token, (file, end) in files.items():
            closes = read_closes(file, end=end)
            histories[token] = Path(reduced) / f"{token.replace(' ', '_')}.csv"
            table = pd.DataFrame({"date": closes.dates, "value": closes.values})
            table.to_csv(histories[token], index=False)
        rows = list(pool.map(lambda one: row(*one, checkout), histories.items()))
    return others_text(rows, checkout and commit_of(checkout))


def commit_of(checkout: Path) -> str:
    """Day and commit of a checkout."""
    command = ["git", "-C", str(checkout), "log", "-1", "--abbrev=7", "--format=%cs (commit %h)"]
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout.strip()


def others_text(rows: list[dict[str, Any]], commit: str | None) -> str:
    """The table below what it is, with its sums in words. commit: of the code of before."""
    done = [one for one in rows if one["status"] == "done"]
    again = sum(one["restarts"] > 0 for one in done)
    said = [f"{len(done)} of {len(rows)} histories are back-tested, {again} with a restart"]
    if commit:
        earlier = [one for one in rows if one["before"].startswith("done")]
        said[0] += f"; by the code of before, of {commit}, {len(earlier)} are"
    for column in ("settled, 1 d", "settled, 30 d", "replayed, 1 d", "replayed, 30 d"):
        signs = [one[column].partition("(")[2][:-1].split() for one in done]
        counts = ", ".join(
            f"{name} {sum(s[i] == '+' for s in signs)} and {sum(s[i] == '-' for s in signs)}"
            for i, name in enumerate(BENCHMARKS)
        )
        said.append(f"{column} ahead, better and worse than: {counts}")
    table = markdown_table(pd.DataFrame(rows, dtype=object).fillna(""))
    told = "\n".join(f"- {line}" for line in said)
    return f"{OTHERS}\n\n{OTHERS_HEAD}\n{told}\n\n{table}"


def main() -> None:
    """Write one of the two parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=Path, help="folder of a file of closes a token")
    parser.add_argument("--before", type=Path, help="checkout of an earlier commit")
    asked = parser.parse_args()
    mine = others(asked.tokens, asked.before) if asked.tokens else fitted()
    first, _, second = WRITTEN.read_text(encoding="utf-8").partition(OTHERS)
    if asked.tokens:
        text = f"{first.strip()}\n\n{mine.strip()}\n"
    else:
        text = f"{mine}\n" + (f"\n{OTHERS}{second}" if second else "")
    WRITTEN.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

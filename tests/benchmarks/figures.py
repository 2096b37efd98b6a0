"""Every figure that the package draws, and the sentence that each tells a reader at a glance.

    python tests/benchmarks/figures.py FOLDER            # draws all, and a sheet of each area
    python tests/benchmarks/figures.py FOLDER control    # of one area
    python tests/benchmarks/figures.py --table           # the table of docs/figures.md

Everything is drawn by the command or the call that stands beside it, in FOLDER, with 200 runs or
fewer and fixed seeds; half an hour on two cores. What is drawn already is not drawn again. Recorded
histories are read from `shared/data` beside the checkout.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import shlex
import sys
import textwrap
from pathlib import Path
from typing import NamedTuple

import matplotlib
from PIL import Image, ImageDraw, ImageFont

import tokenomics as tk
from tokenomics.parameters.tables import markdown_rows
from tokenomics.results.drawing import save

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from paths import DATA, command

ROOT = Path(__file__).resolve().parents[2]
HISTORIES = {path.name: path for path in DATA.glob("*/*.csv")}
AREAS = {
    "runs": "Runs",
    "comparisons": "Comparisons, sweeps and sensitivity",
    "proposals": "Proposals and reports",
    "control": "Control loop and venues",
    "capacity": "Capacity",
    "calibration": "Calibration and validation",
    "rules": "Rules of live networks",
    "papers": "Papers",
    "documentation": "Documentation",
}
COLUMNS, WIDTH, HEIGHT, MARGIN = 3, 900, 1400, 24  # of a sheet, in pixels a figure
LETTER, LINE = 20, 26  # height of a letter, and from line to line [pixels]
SIGNS, MOST_LINES = 76, 4  # of a line below a figure, and lines of what draws it
DOTS = 130  # per inch, of what a call gives


class Seen(NamedTuple):
    """A figure. file: where the command writes it, without `.png`; empty of a call. by: the
    function that draws it, below `tokenomics`; empty of a picture that is kept. tells: the
    sentence.
    """

    file: str
    by: str
    tells: str


class Source(NamedTuple):
    """What draws figures. words: a command line, a call, or a picture that is kept: a file, or a
    notebook with the number of the picture in it. method: by which Python gives the same; empty
    where it does not.
    """

    area: str
    words: str
    method: str
    seen: tuple[Seen, ...]


RUN, REPORT, LOOP = "results.run_figures.figure", "governance.report", "loop.figures"
SWEPT = """{"policies": ["pid"], "scenarios": ["token_crash"], "set": {"simulation.days": 180}, \
"parameters": {"controller.pid.kp": {"low": 0.01, "high": 1.0, "count": 8, "scale": "log"}}, \
"runs": 50, "metrics": ["tracking_rms", "treasury_min"]}"""
SWITCH = """{"policies": ["pid"], "set": {"simulation.days": 90}, \
"parameters": {"privacy.mode": ["none", "tee"]}, "runs": 50, "metrics": ["latency_mean"]}"""
TUNED = """{"parameters": {"controller.pid.kp": {"low": 0.01, "high": 1.0, "scale": "log"}, \
"controller.pid.ki": {"low": 0.0001, "high": 0.1, "scale": "log"}}, \
"policies": ["pid"], "scenarios": ["token_crash"], "set": {"simulation.days": 180}, "runs": 20, \
"seed": 1}"""
FIGURES = (
    Source(
        "runs",
        "tokenomics run --policy pid --scenario token_crash --days 365 --runs 100 --out crash",
        "Result.plot",
        (
            Seen(
                "figures/overview",
                RUN,
                "The token falls on day 60 and is back in two months; the treasury pays for it.",
            ),
            Seen(
                "figures/price",
                RUN,
                "The price leaves the utility value on the day of the crash and returns to it.",
            ),
            Seen(
                "figures/network",
                RUN,
                "All work is served, for capacity stays far above it even while operators leave.",
            ),
            Seen(
                "figures/operators",
                RUN,
                "A tenth of the nodes leaves after the crash and comes back within two months.",
            ),
            Seen(
                "figures/treasury",
                RUN,
                "The reserve shrinks all year, and in a twentieth of the runs it is nearly spent.",
            ),
            Seen(
                "figures/control",
                RUN,
                "The controller buys most in the days after the crash and little at other times.",
            ),
            Seen(
                "figures/supply",
                RUN,
                "Supply falls slowly, since more is burned than emitted; stakes rise for a month.",
            ),
            Seen(
                "figures/latency",
                RUN,
                "Answers take longer while nodes are away, the slowest most of all.",
            ),
            Seen(
                "figures/velocity",
                RUN,
                "Speculation, not use, makes the token change hands in the crash.",
            ),
            Seen(
                "figures/bills",
                RUN,
                "A bill in tokens swings with the price, a hedged one hardly at all.",
            ),
        ),
    ),
    Source(
        "runs",
        "tokenomics run helium --days 365 --runs 50 --out helium",
        "",
        (
            Seen(
                "figures/overview",
                RUN,
                "A network without inference has no nodes, treasury or control, so none is drawn.",
            ),
        ),
    ),
    Source(
        "runs",
        "tokenomics run livepeer --days 365 --runs 50 --out livepeer",
        "",
        (
            Seen(
                "figures/overview",
                RUN,
                "Livepeer's token from its recorded stocks on, with its own inflation.",
            ),
        ),
    ),
    Source(
        "runs",
        "tokenomics run render --days 365 --runs 50 --out render",
        "",
        (
            Seen(
                "figures/overview",
                RUN,
                "Render's token from the day on which its burn-and-mint emissions began.",
            ),
        ),
    ),
    Source(
        "comparisons",
        "tokenomics compare --policies none,static,threshold,pid --scenarios none,token_crash "
        "--days 365 --runs 50 --out policies",
        "Comparison.plot",
        (
            Seen(
                "comparison",
                "results.comparison_figure.figure",
                "Laws that buy track the price better, and each pays for it with its reserve.",
            ),
        ),
    ),
    Source(
        "comparisons",
        "tokenomics compare --policies none,pid,threshold,dcbm --reference pid --match spend "
        "--days 365 --runs 50 --out equal_cost",
        "",
        (
            Seen(
                "comparison",
                "results.comparison_figure.figure",
                "At equal spending, what is left of the differences between laws.",
            ),
        ),
    ),
    Source(
        "comparisons",
        "tokenomics frontier --policies pid,static,threshold --days 365 --runs 50 --out frontier",
        "",
        (
            Seen(
                "frontier",
                "experiments.frontier.CostFrontier.plot",
                "What each law buys of each metric for what it costs, along its strength.",
            ),
        ),
    ),
    Source(
        "comparisons",
        'tk.sweep("pid_gains", runs=5).plot("tracking_rms")',
        "Sweep.plot",
        (
            Seen(
                "",
                "results.sweep_figures.figure",
                "Where in the plane of two gains the price is held closest.",
            ),
        ),
    ),
    Source(
        "comparisons",
        f'tk.sweep({SWEPT}).plot("treasury_min")',
        "",
        (
            Seen(
                "",
                "results.sweep_figures.figure",
                "The lowest reserve falls as the gain rises, with its interval.",
            ),
        ),
    ),
    Source(
        "comparisons",
        f'tk.sweep({SWITCH}).plot("latency_mean")',
        "",
        (
            Seen(
                "",
                "results.sweep_figures.figure",
                "A switch has a point a setting: enclaves cost half a second.",
            ),
        ),
    ),
    Source(
        "comparisons",
        "tokenomics sensitivity what_moves_the_price --runs 4 --out sobol",
        "Sensitivity.tornado",
        (
            Seen(
                "figures/tornado-pid-token_crash-tracking_rms",
                "results.sensitivity.Sensitivity.tornado",
                "Which parameter decides how well the price is held, with 95 % intervals.",
            ),
        ),
    ),
    Source(
        "comparisons",
        "tokenomics sensitivity what_moves_the_price --runs 4 --out sobol",
        "Sensitivity.heatmap",
        (
            Seen(
                "figures/heatmap-pid-token_crash",
                "results.sensitivity._matrix",
                "Which parameter moves which metric, all at once.",
            ),
        ),
    ),
    Source(
        "comparisons",
        'tk.sensitivity("what_moves_the_price", runs=4).interactions("tracking_rms")',
        "Sensitivity.interactions",
        (
            Seen(
                "",
                "results.sensitivity._matrix",
                "Which pairs of parameters do together what neither does alone.",
            ),
        ),
    ),
    Source(
        "comparisons",
        f'tk.optimise({TUNED}, objectives=["tracking_rms", "control_effort"], population=12, '
        "generations=4).plot()",
        "Optimum.plot",
        (
            Seen(
                "",
                "experiments.optimise.Optimum.plot",
                "The best that can be had of two objectives, checked on unseen shocks.",
            ),
        ),
    ),
    Source(
        "proposals",
        "tokenomics propose pid_gains --runs 50 --no-worlds --out gains",
        "",
        (
            Seen(
                "figures/limits",
                f"{REPORT}.figures.limits",
                "Which stated limit fails where and by how far, beside today and the alternatives.",
            ),
            Seen(
                "figures/over_time",
                f"{REPORT}.fan.over_time",
                "What becomes of price and treasury after the change, beside today's values.",
            ),
            Seen(
                "figures/effects",
                f"{REPORT}.figures.effects",
                "What the proposal moves most, for better or for worse, in every scenario.",
            ),
            Seen(
                "figures/sensitivity",
                f"{REPORT}.figures.sensitivity",
                "Which assumption would change the verdict if it were wrong.",
            ),
        ),
    ),
    Source(
        "proposals",
        "tokenomics report crash --out crash_evidence",
        "",
        (
            Seen(
                "figures/spread",
                f"{REPORT}.figures.spread",
                "How far runs of one setting lie apart in each main metric.",
            ),
        ),
    ),
    Source(
        "control",
        "tokenomics control analyse --policy pid --out loop",
        "Analysis.figures",
        (
            Seen(
                "frequency",
                f"{LOOP}.frequency",
                "The loop stays far from the point at which it would swing.",
            ),
            Seen(
                "time",
                f"{LOOP}.time",
                "The loop is stable, follows part of a step, and halves the time of a shock.",
            ),
            Seen(
                "stability",
                f"{LOOP}.stability_map",
                "How far the gains could rise before the loop swings, less so in a thin pool.",
            ),
        ),
    ),
    Source(
        "control",
        "tokenomics control boundary --runs 20 --out boundary",
        "",
        (
            Seen(
                "boundary",
                f"{LOOP}.boundary",
                "The simulated loop turns unstable where the linear analysis says.",
            ),
        ),
    ),
    Source(
        "control",
        "tokenomics venues --workload chat --runs 50 --out chat",
        "",
        (
            Seen(
                "deterrence",
                "attacks.deterrence.deterrence_figure",
                "The network lies where cheating pays; more stake or more audits would end that.",
            ),
            Seen(
                "chat_latency",
                "venues.figures.latency_figure",
                "The network answers slower than the cloud, and both within the workload's limit.",
            ),
        ),
    ),
    Source(
        "capacity",
        "tokenomics capacity frontier --hardware h100 --hardware l40s --model llama-3.1-8b "
        "--precision fp8 --tpot 0.03 --ttft 0.5 --out cards",
        "",
        (
            Seen(
                "frontier",
                "capacity.figures.frontier_figure",
                "What a card delivers at each latency: more tokens for who waits longer.",
            ),
        ),
    ),
    Source(
        "capacity",
        "tokenomics capacity supply --fleet marketplace --out fleet",
        "",
        (
            Seen(
                "supply",
                "capacity.figures.supply_figure",
                "Which cards join at which price, and that supply stops growing once all have.",
            ),
        ),
    ),
    Source(
        "calibration",
        "tokenomics calibrate prices helium_hnt_usd_daily_2025_2026.csv --out prices",
        "Calibration.figures",
        (
            Seen(
                "diagnostics",
                "calibration.prices.figures.diagnostics",
                "Returns have fatter tails than a normal; jumps or Student's t describe them.",
            ),
        ),
    ),
    Source(
        "calibration",
        "tokenomics calibrate demand servegen_language_m-large_rate10min.csv --out rate",
        "",
        (
            Seen(
                "demand",
                "calibration.demand.figures.series_figure",
                "Demand swings by the week and the hour, and what two weeks cannot tell.",
            ),
        ),
    ),
    Source(
        "calibration",
        "tokenomics calibrate demand AzureLLMInferenceTrace_conv.csv --out trace",
        "",
        (
            Seen(
                "demand",
                "calibration.demand.figures.trace_figure",
                "Requests arrive nearly as a Poisson process; their lengths are not lognormal.",
            ),
        ),
    ),
    Source(
        "calibration",
        "tokenomics calibrate burn helium_bme_monthly.csv --out burn",
        "",
        (
            Seen(
                "burn",
                "calibration.burn.figures.figure",
                "Burns have grown past what is minted, whatever the token's price.",
            ),
        ),
    ),
    Source(
        "calibration",
        "tokenomics calibrate economy MiM_HNT-USD.csv --to 2025-01-14 --runs 20 --out economy",
        "",
        (
            Seen(
                "moments",
                "calibration.economy.figures.moments_figure",
                "Simulated histories have the moments of the token, on later days too.",
            ),
            Seen(
                "profile",
                "calibration.economy.figures.profile_figure",
                "How well the moments tell each parameter: the steeper, the better.",
            ),
        ),
    ),
    Source(
        "calibration",
        "tokenomics validate --history MiM_HNT-USD.csv --to 2025-01-14 --policy pid --from "
        "2024-06-01 --runs 100 --arms 5 --out validation",
        "Validation.figures",
        (
            Seen(
                "fans",
                "validation.figures._fans",
                "Recorded prices within the fans of the model's forecasts and of naive ones.",
            ),
            Seen(
                "pit",
                "validation.figures._pit",
                "Whose forecasts have outcomes in every tenth alike, and whose do not.",
            ),
            Seen(
                "counterfactual",
                "validation.figures._arms",
                "What the controller would have done to price and treasury, by the model.",
            ),
        ),
    ),
    Source(
        "rules",
        "tokenomics protocols replay livepeer --history livepeer_rounds_2023_2024.csv --out "
        "livepeer_rule",
        "RecordedReplay.plot",
        (
            Seen(
                "replay",
                "results.replay_figure.draw_replay",
                "Livepeer's rule gives its recorded inflation, and why single rows differ.",
            ),
        ),
    ),
    Source(
        "rules",
        "tokenomics protocols replay rai --history rai_hourly_states_2021.csv --out rai_rule",
        "",
        (
            Seen(
                "replay",
                "results.replay_figure.draw_replay",
                "RAI's rule follows its recorded rate; hourly records leave an error a step.",
            ),
        ),
    ),
    Source(
        "rules",
        "tokenomics protocols replay helium --history helium_weekly_issuance.csv --history "
        "helium_weekly_burns.csv --out helium_rule",
        "",
        (
            Seen(
                "replay",
                "results.replay_figure.draw_replay",
                "Helium's issuance is explained but for one week, which HIP-138's fund explains.",
            ),
        ),
    ),
    Source(
        "rules",
        "tokenomics protocols replay livepeer --history livepeer_rounds_2023_2024.csv --rule "
        "livepeer@LIP-107 --out lip107",
        "",
        (
            Seen(
                "counterfactual",
                "calibration.bonding.figures.draw_counterfactual",
                "Livepeer's later rule would have minted less than what was minted.",
            ),
        ),
    ),
    Source(
        "papers",
        "tokenomics reproduce dcbm --runs 50 --out dcbm",
        "Reproduction.figures",
        (
            Seen(
                "actuators",
                "papers.dcbm.figure",
                "Buying alone does not halve volatility; selling as well would.",
            ),
        ),
    ),
    Source(
        "papers",
        "tokenomics reproduce akcin --runs 50 --out akcin",
        "",
        (
            Seen(
                "price",
                "papers.akcin._figure",
                "MPC keeps the price at its reference whatever the node supply does.",
            ),
        ),
    ),
    Source(
        "papers",
        "tokenomics reproduce meshnet --runs 50 --out meshnet",
        "",
        (
            Seen(
                "nodes",
                "papers.meshnet.figure",
                "PID emission keeps more nodes in bad runs than a static one.",
            ),
        ),
    ),
    Source(
        "documentation",
        "docs/overview.png",
        "",
        (
            Seen(
                "",
                "",
                "README's picture: a crash, and what becomes of six things.",
            ),
        ),
    ),
    Source(
        "documentation",
        "docs/explorer.png",
        "",
        (
            Seen(
                "",
                "",
                "The page of `tokenomics explore`: sliders of a law beside what comes of them.",
            ),
        ),
    ),
    Source(
        "documentation",
        "notebooks/01_quickstart.ipynb",
        "",
        (
            Seen(
                "1",
                "",
                "A gentle controller shortens a crash that its reader chooses.",
            ),
        ),
    ),
    Source(
        "documentation",
        "notebooks/07_venues.ipynb",
        "",
        (
            Seen(
                "0",
                "",
                "The network's bill is small; the recourse that it lacks is not.",
            ),
        ),
    ),
    Source(
        "documentation",
        "notebooks/10_deployed_rules.ipynb",
        "",
        (
            Seen(
                "1",
                "",
                "Where Gonka's price starts, or how long demand rests, decides where it stays.",
            ),
            Seen(
                "2",
                "",
                "Empty blocks lower Ethereum's base fee to 7 wei and no further.",
            ),
        ),
    ),
)


def pictures(folder: Path, source: Source) -> list[bytes]:
    """What a source draws, as PNG, one for each that it has a sentence for."""
    if source.words.startswith("tokenomics "):
        words = shlex.split(source.words)[1:]
        out = folder / words[words.index("--out") + 1]
        if not out.exists():
            recorded = [str(HISTORIES.get(word, word)) for word in words]
            status, _, errors = command(*recorded, folder=folder)
            if status not in (0, 1):  # 1 is a no: a limit that fails
                raise RuntimeError(f"{source.words}: {errors}")
        return [(out / f"{seen.file}.png").read_bytes() for seen in source.seen]
    kept = ROOT / source.words
    if kept.suffix == ".png":
        return [kept.read_bytes()]
    if kept.suffix == ".ipynb":
        found = of_notebook(kept)
        return [found[int(seen.file)] for seen in source.seen]
    file = folder / f"{hashlib.sha256(source.words.encode()).hexdigest()[:12]}.png"
    if not file.exists():
        save(eval(source.words, {"tk": tk}), folder, file.stem, "png", DOTS)
    return [file.read_bytes()]


def of_notebook(path: Path) -> list[bytes]:
    """The pictures that a notebook is kept with."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    found = [output.get("data", {}).get("image/png") for output in outputs]
    return [base64.b64decode("".join(one)) for one in found if one]


def without_sentence(folder: Path) -> list[str]:
    """Figures that the commands have written and no source names. Of one a metric or a case, the
    name has it behind a hyphen, and one sentence is for all.
    """
    kinds = {Path(seen.file).name.split("-")[0] for source in FIGURES for seen in source.seen}
    written = (path for path in folder.glob("*/**/*.png") if path.parent != folder)
    return sorted(str(path) for path in written if path.stem.split("-")[0] not in kinds)


def sheet(shown: list[tuple[bytes, str, str]]) -> Image.Image:
    """A contact sheet. shown: picture, what draws it, and its sentence."""
    face = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    plain, bold = (
        ImageFont.truetype(face / f"DejaVuSans{kind}.ttf", LETTER) for kind in ("", "-Bold")
    )
    cells = []
    for content, words, tells in shown:
        picture = Image.open(io.BytesIO(content)).convert("RGB")
        picture.thumbnail((WIDTH, HEIGHT))
        told = [(line, bold) for line in textwrap.wrap(tells, SIGNS - 8)]
        told += [(line, plain) for line in textwrap.wrap(words, SIGNS)][:MOST_LINES]
        cells.append((picture, told))
    rows = [cells[i : i + COLUMNS] for i in range(0, len(cells), COLUMNS)]
    heights = [max(p.height + LINE * len(told) for p, told in row) + 2 * MARGIN for row in rows]
    page = Image.new("RGB", (COLUMNS * (WIDTH + MARGIN) + MARGIN, sum(heights) + MARGIN), "white")
    pen, top = ImageDraw.Draw(page), MARGIN
    for row, height in zip(rows, heights, strict=True):
        for column, (picture, told) in enumerate(row):
            left = MARGIN + column * (WIDTH + MARGIN)
            page.paste(picture, (left, top))
            for number, (line, font) in enumerate(told):
                pen.text((left, top + picture.height + 8 + number * LINE), line, "black", font)
        top += height
    return page


def table() -> str:
    """The figures as tables in Markdown, one an area. What draws several is named at the first."""
    parts = []
    for area, title in AREAS.items():
        rows = []
        for source in FIGURES:
            words = f"`{source.words}`" + (f" or `{source.method}`" if source.method else "")
            for seen in source.seen if source.area == area else ():
                file = Path(seen.file).name if source.words.startswith("tokenomics ") else ""
                rows.append([f"`{file}.png`" if file else "", seen.tells, words])
                words = ""
        heads = ["figure", "what it tells at a glance", "drawn by"]
        parts.append(f"## {title}\n\n{markdown_rows(heads, rows)}")
    return "\n\n".join(parts) + "\n"


def main(folder: Path, areas: list[str]) -> None:
    """Draw all figures, or those of some areas, and their sheets."""
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    for area in areas or AREAS:
        shown = []
        for source in FIGURES:
            if source.area == area:
                print(source.words, flush=True)
                for content, seen in zip(pictures(folder, source), source.seen, strict=True):
                    shown.append((content, source.words, seen.tells))
        sheet(shown).save(folder / f"sheet_{area}.png")
    lost = without_sentence(folder)
    if lost:
        raise SystemExit("no sentence of: " + ", ".join(lost))


if __name__ == "__main__":
    if sys.argv[1:] == ["--table"]:
        print(table(), end="")
    else:
        main(Path(sys.argv[1]).resolve(), sys.argv[2:])

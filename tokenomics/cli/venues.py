"""`tokenomics venues`: decentralised or centralised, for a workload; the side-by-side table, the
recommended path, what would change it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from ..inputs import bounds
from ..inputs.files import probe
from .numbers import Seed, number
from .options import Form, Json, Network, Overlay, Policy, Scenario, Set, Tables
from .output import deliver, print_json, progress_bar, say, show_table

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    epilog="Examples: tokenomics venues --workload chat | tokenomics venues --workload batch "
    "--policy pid --out runs/batch | "
    "tokenomics venues --workload mine.yaml --scenario token_crash --runs 500 --json"
)
def venues(
    workload: Annotated[
        list[str],
        typer.Option(
            help=(
                "A shipped workload (batch, chat, agents, realtime, private) or a YAML file. "
                "Repeatable."
            )
        ),
    ],
    params: Network = "baseline",
    policy: Policy = None,
    scenario: Scenario = None,
    overlay: Overlay = None,
    sets: Set = None,
    days: Annotated[
        float | None,
        number(
            "Simulated span [days], at least 90: 30 days behind a doubling of demand.", bounds.DAYS
        ),
    ] = None,
    runs: Annotated[int, number("Number of Monte Carlo runs.", bounds.REPEATED)] = 100,
    seed: Seed = 0,
    out: Tables = None,
    form: Form = "png",
    as_json: Json = False,
) -> None:
    """Choose cloud or network for a workload, with what is at risk. Shows costs, latency, data
    control, guarantees and scale, the recommended path, and what would change it.
    """
    from ..venues.report import report, simulate
    from ..venues.workload import read_workload

    probe(out)
    stems = [Path(name).stem for name in workload]
    if len(set(stems)) < len(stems):
        raise InputError(
            ", ".join(workload),
            key="--workload",
            expected="files of different names: results go by them",
        )
    described = {name: read_workload(name)[0] for name in workload}
    with progress_bar("simulating, steps", show=not as_json) as progress:
        resolved, paths, scaling = simulate(
            params,
            policy=policy,
            scenario=scenario or (),
            overlay=overlay,
            sets=sets,
            days=days,
            runs=runs,
            seed=seed,
            progress=progress,
        )
    found = {}
    with progress_bar("workloads", show=not as_json) as progress:
        for number, (name, work) in enumerate(described.items()):
            found[name] = report(resolved, work, paths, scaling)
            if progress:
                progress(number + 1, len(described))

    def fill(folder: Path) -> None:
        from ..venues.figures import fill as draw

        draw(folder, found, resolved, form)

    def tell(written: bool) -> None:
        if as_json:
            print_json(
                {
                    "sha256": resolved.hash,
                    "runs": runs,
                    "seed": seed,
                    "workloads": {name: as_mapping(one) for name, one in found.items()},
                }
            )
            return
        for one in found.values():
            _print(one)
        if written:
            say(f"tables and figures in {out}")

    deliver(out, fill, tell)
    if any(one.choice.path == "neither" for one in found.values()):
        raise typer.Exit(1)


def as_mapping(one) -> dict:
    """A report for machines."""
    verdicts = [
        {
            "offer": v.offer.name,
            "cost": v.cost,
            "latency_p99": v.latency_p99,
            "uptime": v.uptime,
            "budget": v.budget,
            "broken": list(v.broken),
        }
        for v in one.choice.verdicts
    ]
    choice = {
        "path": one.choice.path,
        "share": one.choice.share,
        "cost": one.choice.cost,
        "reason": one.choice.reason,
    }
    return choice | {
        "network": one.choice.network.offer.name,
        "cloud": one.choice.cloud.offer.name,
        "measures": {
            name: {venue: list(value) for venue, value in row.items()}
            for name, row in one.numbers.items()
        },
        "break_evens": one.break_evens,
        "rise": {name: float(part.mean()) for name, part in one.rise.items()},
        "offers": verdicts,
    }


def _print(one) -> None:
    rows, notes, seen = [], [], ""
    for row in one.table.to_dict(orient="records"):
        if row["factor"] != seen:
            seen = row["factor"]
            rows.append((seen.upper(),))
        rows.append((row["measure"], row["unit"], row["cloud"], row["network"]))
        if row["published"]:
            notes.append(f"published beside '{row['measure']}': {row['published']}")
    say(*one.lines)
    venues = (f"cloud: {one.choice.cloud.offer.name}", f"network: {one.choice.network.offer.name}")
    show_table(one.workload.description, ("measure", "unit", *venues), rows)
    say(*notes, "")

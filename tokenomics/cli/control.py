"""`tokenomics control`: linear analysis of a policy, its design, and its check by simulation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from ruamel.yaml import YAML

from ..inputs import bounds
from ..inputs.files import probe, written_file
from ..results.intervals import mean_interval
from ..results.markdown import markdown_table
from ..results.metrics import METRICS
from . import control_attacks, control_wash_usage
from .help import Sentences
from .numbers import Seed, number
from .options import (
    Code,
    File,
    Form,
    Json,
    Overlay,
    Policy,
    Scenario,
    Set,
    Tables,
    changed_from,
    resolved_from,
)
from .output import deliver, json_text, print_json, progress_bar, say, show_table

app = typer.Typer(
    cls=Sentences,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Analyse, tune and attack the control loop of a policy.",
)
JURY = "Jury's conditions for the pool alone under the PID: stable where every slack is positive"


@app.command(
    epilog="Examples: tokenomics control analyse baseline --policy pid --out runs/loop | "
    "tokenomics control analyse my_network.yaml --policy lqr --set controller.interval=7 --json"
)
def analyse(
    file: File = "baseline",
    policy: Policy = "pid",
    scenario: Scenario = None,
    overlay: Overlay = None,
    sets: Set = None,
    out: Tables = None,
    form: Form = "png",
    code: Code = None,
    as_json: Json = False,
) -> None:
    """Margins, Jury's conditions and limit cycle of the loop: the whole economy linearised at its
    steady state, with the policy's controller.

    Status 1 where the loop is unstable or its margins are thin (Ms > 2).
    """
    from ..loop.analyse import analyse as examine
    from ..results.drawing import save

    probe(out)
    resolved = resolved_from(file, policy, scenario, overlay, sets)
    changed_from(file, resolved)
    found = examine(resolved.values, resolved.today)

    def fill(folder: Path) -> None:
        for name, figure in found.figures().items():
            save(figure, folder, name, form, 130)
        rows = markdown_table(pd.DataFrame(found.table(), columns=["margin", "value", "unit"]))
        parts = [found.margins.reading(), *found.notes(), rows]
        if found.jury():
            parts += [
                f"{JURY}:",
                markdown_table(pd.DataFrame(found.jury().items(), columns=["condition", "slack"])),
            ]
        text = "\n\n".join(parts)
        (folder / "margins.md").write_text(f"{text}\n", encoding="utf-8")

    def tell(written: bool) -> None:
        if as_json:
            print_json(found.plain() | ({"out": str(out)} if written else {}))
            return
        plant = found.economy.plant
        title = (
            f"Loop of policy {policy}, {plant.nstates} states of the economy, decision every "
            f"{plant.dt:g} days"
        )
        show_table(title, ("margin", "value", "unit"), found.table())
        if found.jury():
            show_table(
                JURY,
                ("condition", "slack"),
                ((condition, f"{slack:.4g}") for condition, slack in found.jury().items()),
            )
        say(found.margins.reading(), *found.notes())
        say(
            *(
                f"With {share:.0%} of the pool's depth: {margins.reading()}"
                for share, margins in found.liquidity.items()
            )
        )
        if written:
            say(f"figures and table in {out}")

    deliver(out, fill, tell)
    raise typer.Exit(int(found.margins.thin))


@app.command(epilog="Example: tokenomics control boundary baseline --runs 200 --out runs/boundary")
def boundary(
    file: File = "baseline",
    policy: Policy = "pid",
    scenario: Scenario = None,
    overlay: Overlay = None,
    sets: Set = None,
    runs: Annotated[int, number("Runs of every gain at large noise.", bounds.REPEATED)] = 100,
    seed: Seed = 0,
    out: Tables = None,
    form: Form = "png",
    code: Code = None,
    as_json: Json = False,
) -> None:
    """The predicted stability boundary of the PID against the simulated one, at small noise and at
    large. The law is the PID, whatever the policy.
    """
    from ..loop import figures
    from ..loop.boundary import boundary_table, reading, settings
    from ..results.drawing import save

    probe(out)
    resolved = resolved_from(file, policy, scenario, overlay, sets)
    changed_from(file, resolved, {"controller.type": "pid"})
    with progress_bar("rays of the gain plane", show=not as_json) as progress:
        found = boundary_table(resolved, runs=runs, seed=seed, progress=progress)
    rays = [row | {"settings": settings(row)} for row in found.to_dict(orient="records")]

    def fill(folder: Path) -> None:
        save(figures.boundary(found), folder, "boundary", form, 130)
        (folder / "boundary.md").write_text(
            f"{reading(found)}\n\n{markdown_table(found)}\n", encoding="utf-8"
        )
        (folder / "boundary.json").write_text(json_text(rays), encoding="utf-8")

    def tell(written: bool) -> None:
        if as_json:
            print_json(rays)
            return
        names = (
            "integral time [days]",
            "predicted",
            "simulated, small noise",
            "ratio",
            "worse than none",
            "worse than none, limits off",
        )
        rows = ((f"{value:.4g}" for value in row) for row in found.itertuples(index=False))
        show_table("Gain kp [1/day] at which the PID turns unstable, kd = kp x 1 day", names, rows)
        overlay_text = " ".join(
            f"--set {path}={_short(value)}" for path, value in rays[-1]["settings"].items()
        )
        say(reading(found), f"On any policy the last row's predicted gains are: {overlay_text}")
        if written:
            say(f"table and figure in {out}")

    deliver(out, fill, tell)


def _short(value) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


@app.command(
    epilog="Examples: tokenomics control tune --method loop-shaping --out tuned.yaml | tokenomics "
    "control tune --method imc --target 20 --runs 500 | "
    "tokenomics control tune --method lqr --set controller.lqr.effort_weight=1000"
)
def tune(
    file: File = "baseline",
    method: Annotated[
        str,
        typer.Option(
            help=(
                "ziegler-nichols, imc, pole-placement, loop-shaping, lqr, or optimise (extra "
                "optimise)."
            )
        ),
    ] = "loop-shaping",
    target: Annotated[
        float, number("Wanted time constant of the loop [days] (imc, pole-placement).", bounds.DAYS)
    ] = 10.0,
    policy: Policy = "pid",
    scenario: Scenario = None,
    overlay: Overlay = None,
    sets: Set = None,
    runs: Annotated[int, number("Runs of the simulated check.", bounds.REPEATED)] = 200,
    seed: Seed = 0,
    out: Annotated[
        Path | None, typer.Option(help="Policy file to write; it must not exist.", metavar="FILE")
    ] = None,
    code: Code = None,
    as_json: Json = False,
) -> None:
    """Gains of the PID, or an LQR from its weights: margins that they leave, and simulated metrics
    beside those of the policy as it is.

    Status 1 where the margins are thin (Ms > 2), or where more than 1 % of the simulated treasuries
    fall to 10 % of their start or a run fails.
    """
    from ..loop.tuning import tune as search

    probe(out)
    resolved = resolved_from(file, policy, scenario, overlay, sets)
    # the tuned law beside the policy as it is
    changed_from(file, resolved, {}, {"controller.type": "lqr" if method == "lqr" else "pid"})
    found = search(resolved, method, target=target, runs=runs, seed=seed)

    def fill(path: Path) -> None:
        with path.open("w", encoding="utf-8") as stream:
            YAML().dump(found.policy(), stream)

    def tell(written: bool) -> None:
        if not as_json:
            _tell_tuning(found, method, policy, runs)
            if written:
                say(
                    f"written to {out}"
                    + (", with the refusal in its description" if found.refused else "")
                )
            return
        metrics = {
            name: {"tuned": list(new), "before": list(old)}
            for name, (new, old) in found.metrics.items()
        }
        margins = vars(found.margins) | {"thin": found.margins.thin}
        told = {
            "method": method,
            "settings": found.settings(),
            "gains": dict(found.gains),
            "margins": margins,
            "notes": found.notes,
        }
        print_json(
            told
            | {
                "metrics": metrics,
                "failed_runs": found.failed,
                "reading": found.reading(),
                "refused": found.refused,
            }
        )

    deliver(out, fill, tell, write=written_file)
    raise typer.Exit(int(found.refused))


def _tell_tuning(found, method: str, policy: str | None, runs: int) -> None:
    say(
        f"{method}: {found.notes}",
        *(f"  {path}={_short(value)}" for path, value in found.settings().items()),
        found.reading(),
    )
    title = f"{runs} runs on common shocks, mean [95 % interval]"
    rows = (
        (
            METRICS[name].heading,
            *(mean_interval(*row) for row in pair),
        )
        for name, pair in found.metrics.items()
    )
    show_table(title, ("metric", "tuned", f"policy {policy} as it is"), rows)


app.add_typer(control_attacks.app)
app.add_typer(control_wash_usage.app)

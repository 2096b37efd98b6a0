"""`tokenomics control attack` and `control front-run`: what a policy stands when others trade
against its rule.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from ..inputs import bounds
from ..inputs.files import probe
from ..parameters import Resolved
from ..results.markdown import markdown_table
from .numbers import Seed, number
from .options import File, Json, Overlay, Policy, Scenario, Set, Tables, changed_from, resolved_from
from .output import deliver, distinct, print_json, progress_bar, say, show_frame

app = typer.Typer(rich_markup_mode=None)
Runs = Annotated[int, number("Runs of every row.", bounds.REPEATED)]


def cell(mean: float, low: float, high: float, scale: float = 1.0, digits: int = 1) -> str:
    """A mean with its interval."""
    return f"{mean * scale:.{digits}f} [{low * scale:.{digits}f}, {high * scale:.{digits}f}]"


def _verdicts(found: pd.DataFrame, under: Callable[[str], Resolved]) -> list[str]:
    """For each attack: whether it pays as the policy is set, and the defence under which the
    treasury loses least, as settings.
    """
    from ..attacks.attacks import defences

    lines = []
    for attack, rows in found.groupby("attack", sort=False):
        now, best = rows.iloc[0], rows.loc[rows["loss"].map(lambda x: x[0]).idxmin()]
        pays = (
            f"pays {cell(*now['profit'], 100.0)} %"
            if now["profit"][1] > 0.0
            else "is not shown to pay"
        )
        settings = " ".join(
            f"--set {path}={value:g}"
            for path, value in defences(under(attack))[best["defence"]].items()
        )
        helps = (
            f"least loss with '{best['defence']}' ({settings})"
            if settings
            else "no defence here lowers the loss"
        )
        if now["loss"][1] <= 0.0:
            helps = "no loss is shown"
        lines.append(f"{attack} {pays}; the treasury loses {cell(*now['loss'], 100.0)} %; {helps}.")
    return lines


def fill_tables(folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    """Write tables in Markdown, each under its name."""
    for name, table in tables.items():
        (folder / f"{name}.md").write_text(markdown_table(table) + "\n", encoding="utf-8")


def records(table: pd.DataFrame) -> list[dict]:
    """Rows for JSON; an interval as a list of mean, low and high."""
    return [
        {k: list(v) if isinstance(v, tuple) else v for k, v in row.items()}
        for row in table.to_dict(orient="records")
    ]


ATTACKED = {
    "attack.enabled": True,
    "attack.size": 0.1,
    "attack.position": 0.1,
}  # somehow: each attack sets its own


@app.command(
    epilog="Examples: tokenomics control attack baseline --policy pid --out runs/attacks | "
    "tokenomics control attack --policy dcbm --attack treasury_drain --runs 1000 --json"
)
def attack(
    file: File = "baseline",
    policy: Policy = "pid",
    scenario: Scenario = None,
    overlay: Overlay = None,
    sets: Set = None,
    attacks: Annotated[
        list[str] | None,
        typer.Option(
            "--attack",
            help="Scenario with the attack; repeatable. All shipped attacks without it.",
            metavar="NAME",
        ),
    ] = None,
    days: Annotated[float, number("Simulated span [days].", bounds.DAYS)] = 180.0,
    runs: Runs = 200,
    seed: Seed = 0,
    out: Tables = None,
    as_json: Json = False,
) -> None:
    """What attacks cost the attacker and the treasury, what each defence is worth, and the cheapest
    push that saturates the actuator.
    """
    from ..attacks.attacks import ATTACKS, attack_table, saturation

    probe(out)
    distinct(attacks, "attacks")
    span = [*(sets or []), f"simulation.days={days}"]

    def under(name: str):
        return resolved_from(file, policy, [*(scenario or []), name], overlay, span)

    changed_from(file, resolved_from(file, policy, scenario, overlay, sets), ATTACKED)
    with progress_bar("attacks", show=not as_json) as progress:
        found = attack_table(
            under, attacks=attacks or ATTACKS, runs=runs, seed=seed, progress=progress
        )
    pushes = saturation(resolved_from(file, policy, scenario, overlay, sets))
    shown = pd.DataFrame(
        {
            "attack": found["attack"],
            "defence": found["defence"],
            "attacker gains [%]": [cell(*x, 100.0) for x in found["profit"]],
            "treasury loses [%]": [cell(*x, 100.0) for x in found["loss"]],
            "tracking RMS, no attack": [cell(*x, digits=3) for x in found["tracking"]],
        }
    )
    able = np.isfinite(pushes["size"])
    push_table = pd.DataFrame(
        {
            "actuator": pushes["actuator"],
            "push": pushes["push"],
            "price moved [%]": [
                f"{100.0 * np.expm1(s):+.0f}" if ok else "not possible"
                for s, ok in zip(pushes["size"], able, strict=True)
            ],
            **{
                title: [
                    f"{100.0 * v:.1f}" if ok else "-"
                    for v, ok in zip(pushes[name], able, strict=True)
                ]
                for title, name in (
                    ("loss [%]", "cost"),
                    ("USD at stake [%]", "usd"),
                    ("TOK at stake [%]", "tok"),
                )
            },
        }
    )

    def tell(written: bool) -> None:
        if as_json:
            plain = pushes.astype(object).where(pushes.notna(), None)
            print_json(
                {"attacks": records(found), "saturation": plain.to_dict(orient="records")}
                | ({"out": str(out)} if written else {})
            )
            return
        say(
            f"Attacks on policy {policy}: mean [95 % interval] of {runs} runs, in % of the "
            f"treasury's first reserve"
        )
        for name, rows in shown.groupby("attack", sort=False):
            show_frame(str(name), rows.drop(columns="attack"))
        if found["failed"].any():
            say(
                f"{found['failed'].sum()} runs under attack broke off and are not counted: see "
                f"--json."
            )
        say(*_verdicts(found, under))
        show_frame(
            "Smallest push by trades that saturates the actuator, % of the pool's first USD",
            push_table,
        )
        say(
            "'not possible': the law never asks for that much, or it takes a quarter of the "
            "circulating supply or more USD than all of it is worth."
        )
        if written:
            say(f"tables in {out}")

    deliver(
        out, lambda folder: fill_tables(folder, {"attacks": shown, "saturation": push_table}), tell
    )


@app.command(
    name="front-run",
    epilog=(
        "Example: tokenomics control front-run baseline --policy pid --runs 500 --out runs/front"
    ),
)
def front_run(
    file: File = "baseline",
    policy: Policy = "pid",
    scenario: Scenario = None,
    overlay: Overlay = None,
    sets: Set = None,
    runs: Runs = 200,
    seed: Seed = 0,
    out: Tables = None,
    as_json: Json = False,
) -> None:
    """Which PID gains stay robust when speculators know the rule and trade ahead of it."""
    from ..attacks.front_running import front_running_table, robust

    probe(out)
    resolved = resolved_from(file, policy, scenario, overlay, sets)
    changed_from(file, resolved, {"front_running.enabled": True})
    with progress_bar("gains and front-runners", show=not as_json) as progress:
        found = front_running_table(resolved, runs=runs, seed=seed, progress=progress)
    shown = pd.DataFrame(
        {
            "gains x": found["factor"].map("{:g}".format),
            "front-runners [depths]": found["size"].map("{:g}".format),
            "gain margin": ["unstable" if g == 0.0 else f"x{g:.3g}" for g in found["gain_margin"]],
            "tracking RMS ratio": [cell(*x, digits=2) for x in found["tracking"]],
            "volatility ratio": [cell(*x, digits=2) for x in found["volatility"]],
            "their profit [% of reserve]": [cell(*x, 100.0) for x in found["profit"]],
        }
    )

    def tell(written: bool) -> None:
        if as_json:
            print_json(
                {"rows": records(found), "robust": robust(found)}
                | ({"out": str(out)} if written else {})
            )
            return
        title = (
            f"Policy {policy} with front-runners who know the rule, against none, mean [95 % "
            f"interval] of {runs} runs"
        )
        show_frame(title, shown)
        for size, factor in robust(found).items():
            what = (
                f"gains up to x{factor:g} stay robust"
                if factor
                else "no gain of the table stays robust"
            )
            say(
                f"Front-runners of {size:g} depths: {what} (gain margin of 2, tracking at most 10 "
                f"% worse)."
            )
        if written:
            say(f"table in {out}")

    deliver(out, lambda folder: fill_tables(folder, {"front_running": shown}), tell)

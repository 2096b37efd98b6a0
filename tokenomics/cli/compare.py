"""`tokenomics compare`: policies on the same shocks."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Annotated, Any

import typer

from ..errors import InputError, counted
from ..inputs import bounds
from .design_options import Resumed, Scheduler, resumable
from .numbers import Seed, Workers, number
from .options import Code, Form, Json, Network, NoFigures, Overlay, Set, Today
from .output import distinct, listed, print_json, progress_bar, say, show_frame

app = typer.Typer(add_completion=False, rich_markup_mode=None)
NOBODY = "-"  # in place of the best policy
UNTOLD = "not told"  # in place of a p of fewer than two runs
TINY = 1e-290  # below it a p may be the least that is told, times the differences of a table


@app.command(
    epilog="Examples: tokenomics compare --policies none,static,threshold,pid --scenarios "
    "none,token_crash --runs 1000 | "
    "tokenomics compare my_network.yaml --policies pid,my_policy.yaml --reference pid --json | "
    "tokenomics compare --policies none,pid,threshold,dcbm --reference pid --match spend --runs 200"
)
def compare(
    params: Network = "baseline",
    policies: Annotated[
        str, typer.Option(help="Policies, separated by commas.", metavar="NAME,...")
    ] = "none,static,threshold,pid",
    scenarios: Annotated[
        str,
        typer.Option(
            help="Scenarios, separated by commas; none is no scenario.", metavar="NAME,..."
        ),
    ] = "none",
    reference: Annotated[
        str | None,
        typer.Option(help="Policy that the others are compared with; the first by default."),
    ] = None,
    match: Annotated[
        str | None,
        typer.Option(
            help="Bring every policy to the reference's cost first, on shocks of their own without "
            "a scenario: spend, budget or emission.",
            metavar="COST",
        ),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(help="Metrics, separated by commas; all by default.", metavar="NAME,..."),
    ] = None,
    matters: Annotated[
        list[str] | None,
        typer.Option(
            help="Smallest difference that matters of a metric, in its unit, in place of the "
            "declared one.",
            metavar="METRIC=NUMBER",
        ),
    ] = None,
    overlay: Overlay = None,
    today: Today = None,
    sets: Set = None,
    days: Annotated[
        float | None,
        number(
            "Simulated span [days], beside which --years has spans of its own; three years where "
            "it is left out.",
            bounds.DAYS,
        ),
    ] = None,
    years: Annotated[
        str,
        typer.Option(
            help="Years after which what depletes is shown, separated by commas. They are "
            "simulated whatever --days is, which may take most of the time; none for none.",
            metavar="YEAR,...",
        ),
    ] = "1,3,5",
    runs: Annotated[
        int, number("Runs of every policy and scenario, on the same shocks.", bounds.RUNS)
    ] = 100,
    seed: Seed = 0,
    workers: Workers = None,
    out: Resumed = None,
    scheduler: Scheduler = None,
    no_figures: NoFigures = False,
    form: Form = "png",
    code: Code = None,
    as_json: Json = False,
) -> None:
    """Compare policies on the same shocks, or at equal cost. Shows paired differences and which
    policy is best by each metric; --match sets each to the same cost first.
    """
    from ..experiments.compare import compare_design, comparison_design
    from ..experiments.idle import idle
    from ..experiments.matching import COSTS, write_matched
    from ..experiments.spans import checked_years
    from ..experiments.sweep import default_folder
    from ..parameters import setting
    from ..results.drawing import save

    after = checked_years(_years(years))
    distinct(overlay, "overlay")
    given = [setting(text) for text in sets or ()]
    distinct((leaf.path for leaf in given), "sets")
    least = _matters(matters or [])
    asked = partial(
        comparison_design,
        params,
        scenarios=listed(scenarios, "scenarios"),
        overlay=overlay or (),
        today=today,
        sets={leaf.path: leaf.value for leaf in given},
        runs=runs,
        seed=seed,
        days=days,
    )
    shown = listed(metrics, "metrics") or ()
    design = asked(policies=listed(policies, "policies"), metrics=shown)
    chosen = design.policy_names[0] if reference is None else reference
    if chosen not in design.policy_names:
        raise InputError(
            f"'{chosen}'", argument="reference", expected="one of " + ", ".join(design.policy_names)
        )
    folder = out or default_folder(design, f"compare-{match}" if match else "compare")
    matched, cases, beside = [], None, []
    if match:
        matched, cases = _matched(design, match, chosen, show=not as_json)
        beside = [COSTS[match]] if shown and COSTS[match] not in shown else []
        shown = (*shown, *beside)
        left = list(dict.fromkeys(case.policy for case in cases))
        design = asked(policies=left, metrics=shown)
    with resumable(folder), progress_bar("simulating, runs", show=not as_json) as progress:
        result = compare_design(
            design,
            chosen,
            after,
            out=folder,
            workers=workers,
            scheduler=scheduler,
            progress=progress,
            cases=cases,
            matters=least,
        )
    if match:
        write_matched(matched, folder / "matched", match, chosen)
    differences, best, by_year = result.differences(), result.best(), result.by_year()
    if after:
        by_year.to_csv(folder / "by_year.csv", index=False)
    differences.to_csv(folder / "differences.csv", index=False)
    (folder / "comparison.md").write_text(result.markdown(), encoding="utf-8")
    if not no_figures:
        save(result.plot(), folder, "comparison", form, 130)
    if as_json:
        tables = {"means": result.means(), "differences": differences, "best": best}
        tables["by_year"] = by_year
        told = {
            "out": str(folder),
            "sha256": result.sweep.hash,
            "remarks": [
                *result.notes,
                *result.unmoved(),
                *result.told(),
                *idle(design).lines(),
            ],
            "failures": result.failures(),
            "finding": result.finding(),
        }
        if match:
            told["matched"] = [dataclasses.asdict(one) for one in matched]
        print_json(told | {n: t.to_dict(orient="records") for n, t in tables.items()})
    else:
        # of what all were brought to, and nobody asked for, no policy is best
        _show_comparison(result, differences, best[~best["metric"].isin(beside)])
        span = (design.today | design.sets)["simulation.days"]
        say(
            f"{counted(runs, 'run')} each over {span:g} days, seed {seed}; tables, intervals, "
            f"win rates and {'no ' * no_figures}figure in {folder}",
            *_besides(result),
        )
    if max(result.failed.values()) == runs:
        raise typer.Exit(1)


def _besides(result: Any) -> list[str]:
    """What was simulated for the tables by year alone."""
    if result.spans is None:
        return []
    days = [f"{one:g}" for one in result.spans.points["simulation.days"]]
    return [
        f"every run was simulated over {', '.join(days)} days besides, for the tables by year "
        f"(--years none leaves them out)"
    ]


def _matched(design: Any, to: str, reference: str, *, show: bool) -> tuple[list[Any], list[Any]]:
    """Policies at the reference's cost, and the cases to compare: those that cannot be matched are
    left out, and told.
    """
    from ..experiments.matching import WORDS, at_equal_cost, checked_cost, match
    from ..experiments.plan import make_plan

    checked_cost(to, "match")
    with progress_bar("matching, policies", show=show) as progress:
        found = match(
            design.base,
            design.policies,
            to=to,
            reference=reference,
            runs=design.runs,
            seed=design.seed,
            overlay=design.overlays,
            today=design.today,
            sets=design.sets,
            progress=progress,
        )
    for one in found if show else ():
        told = f"{one.policy}: {one.cost:.5g} {WORDS[to]}, {reference} {one.target:.5g}"
        if one.why:
            told = f"{one.policy} cannot be matched: {one.why}"
            if one.low == one.low:  # it has strengths, which were tried
                told += (
                    f"; {one.low:.4g} to {one.high:.4g} {WORDS[to]} at its strengths, {reference} "
                    f"{one.target:.4g}"
                )
        say(told)
    cases = at_equal_cost(make_plan(design).cases, found)
    if len({case.policy for case in cases}) < 2:
        raise InputError(
            "no policy that can be matched", argument="match", expected="one beside the reference"
        )
    return found, cases


def _matters(given: list[str]) -> dict[str, float]:
    """Smallest differences that matter, by metric."""
    from ..results.matters import checked_matters

    found: dict[str, Any] = {}
    for text in given:
        name, _, size = text.partition("=")
        try:
            number = float(size)
        except ValueError:
            raise InputError(
                f"'{text}'", argument="matters", expected="METRIC=NUMBER, as treasury_low=0.02"
            ) from None
        distinct([*found, name], "matters")
        found |= checked_matters({name: number})
    return found


def _years(text: str) -> tuple[int, ...]:
    """The numbers of an option that takes several; none for "none"."""
    if text == "none":
        return ()
    try:
        return tuple(int(one) for one in listed(text, "years", "whole numbers") or ())
    except ValueError:
        expected = "whole numbers of years separated by commas, or none"
        raise InputError(f"'{text}'", argument="years", expected=expected) from None


def _p(p: float) -> str:
    if p != p:
        return UNTOLD
    return f"{p:.2g}" if p > TINY else f"< {TINY:.0e}"


def _show_comparison(result: Any, differences: Any, best: Any) -> None:
    """Winners and differences by scenario."""
    from ..results.differences import in_words
    from ..results.intervals import mean_interval
    from ..results.matters import FEWEST
    from ..results.metrics import METRICS
    from ..shown import readable

    say(*result.notes, *result.unmoved(), *result.told(), result.finding())
    named, every = result.sweep.first_metrics, result.sweep.metrics
    several = result.sweep.manifest["runs"] >= FEWEST
    each, both = (" [95 %, each alone]", " [95 %]") if several else ("", "")
    for scenario in result.scenarios:
        own = best[(best["scenario"] == scenario) & best["metric"].isin(named)].copy()
        own["best"] = own["best"].fillna(NOBODY)
        own["equal"] = [", ".join(e) for e in own["equal"]]
        own = own.rename(columns={"equal": "not told worse"})
        if several and len(own):
            show_frame(
                f"Scenario {scenario}: best policy by metric",
                own[["metric", "best", "not told worse"]],
            )
        if several and NOBODY in own["best"].tolist():
            say(f"{NOBODY}: no policy is told worse than the best mean by more than matters")
        gaps = differences[differences["scenario"] == scenario].copy()
        gaps = gaps[gaps["metric"].isin(named)]
        gaps = gaps.sort_values("metric", kind="stable", key=lambda c: c.map(named.index))
        gaps[f"difference{both}"] = [
            mean_interval(*row) for row in gaps[["difference", "low", "high"]].to_numpy()
        ]
        gaps["verdict"] = [in_words(row) for row in gaps.itertuples(index=False)]
        gaps["p"] = [_p(p) for p in gaps["p"]]
        gaps["metric"] = [
            f"{METRICS[one.metric].heading}, matters from {readable(one.matters)}"
            for one in gaps.itertuples(index=False)
        ]
        show_frame(f"Scenario {scenario}: mean{each}", result.means_shown(scenario, named))
        title = f"Scenario {scenario}: paired difference to {result.reference}"
        shown = ["metric", "policy", f"difference{both}", *(["verdict", "p"] if several else [])]
        show_frame(title, gaps[shown])
        if result.losses(scenario):
            say(f"Scenario {scenario}: {result.losses(scenario)}", *result.reasons(scenario))
        if result.years:
            show_frame(f"Scenario {scenario}: by year, mean{both}", result.by_year_shown(scenario))
    if len(named) < len(every):
        say(
            f"tables above are of {len(named)} of {len(every)} metrics (--metrics names others); "
            f"differences of all are in differences.csv, means and best policies in comparison.md, "
            f"all in --json"
        )

"""The report's sections, from evidence alone: a proposal's, a run's, a sweep's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...errors import counted
from ...results.intervals import LEVEL
from ..evidence.evidence import Evidence
from ..evidence.verdict import FAILS, HOLDS, UNCHANGED, UNDECIDED, listed, stated
from . import comparisons, input_tables, tables
from .document import Picture, Report, ReportTable, Section
from .worlds import worlds_section

NO_CALIBRATION = (
    "No calibration of this network was given, so that there is no error out of sample to report: "
    "what follows is what the assumed network does. "
    "The parameters whose source says 'calibrated' were fitted by others or earlier; see the table "
    "of parameters."
)
CALIBRATION = "calibration"  # what the tables are called whose columns are a proposer's own
ONE_SIDED = (1.0 - LEVEL) / 2.0  # share of intervals that lie beyond the true value on one side
SHOWN = 10  # errors of points that could not start
MODEL_LIMITS = (
    (
        "The result is the model's: a stylised economy of average customers, operators and "
        "speculators, not a forecast of this token's price."
    ),
    (
        "Intervals are of Monte-Carlo error alone, at 95 %: each by itself or, where that is said, "
        "all at once. They narrow with more runs, and say nothing of wrong parameters or a wrong "
        "model."
    ),
    "What the scenarios do not contain was not tested.",
)
PROPOSAL_LIMITS = (
    (
        "Runs of one index meet the same shocks under every set of values, so that differences are "
        "those of the values."
    ),
    (
        "Stability margins are those of the linear loop near its steady state; large disturbances "
        "meet the limits of the actuator."
    ),
)
YEARS = (
    "What depletes may last a year and be gone in the third. These are the same runs over several "
    "spans: a run's first years are the same whatever follows."
)
OVER_TIME = (
    "The same runs day by day, in the first scenario. Both sets of values meet the same shocks, so "
    "that what is between the two medians is the change's; how wide a band is says how little "
    "either can be foreseen. data/forecast.csv has the quantiles."
)
NO_FIGURES = "Its maker left the figures out; data/ has the numbers that they would show."
LOOP = (
    "How much more gain, phase or delay the loop bears before it is unstable; sensitivity: how "
    "much disturbances are amplified at most; "
    "bandwidth: how fast it follows; slowest: the time constant of its slowest mode, of a stock "
    "that nothing pulls back."
)


def report(evidence: Evidence, drawn: Mapping[str, Picture] | None) -> Report:
    """The report of a proposal, of runs or of a sweep. drawn: its figures, by name; None where they
    are left out.
    """
    plan, write = evidence.plan, proposal_sections if evidence.claim else plain_sections
    sections = write(evidence, drawn or {})
    shipped = (f"Not as shipped: {told}." for told in evidence.deviations)
    lead = (  # the verdict's two sentences, which a page sets apart, and what goes with them
        evidence.verdict(),
        *evidence.in_worlds.sentences(),
        *evidence.details(),
        *(evidence.warnings() if evidence.claim else ()),
        *shipped,
        evidence.claim.summary.strip() if evidence.claim else "",
    )
    badge = {
        HOLDS: "meets its limits",
        FAILS: "fails a limit",
        UNDECIDED: "undecided",
        UNCHANGED: "nothing changed",
        "": "",
    }[evidence.outcome]
    return Report(
        plan.title,
        badge,
        tuple(text for text in lead if text),
        tuple(evidence.glance()),
        tuple(
            _called(section, plan.shown)
            for section in (*sections, *closing(evidence, figures=drawn is not None))
        ),
    )


def _called(section: Section, shown: Mapping[str, str]) -> Section:
    """A section whose tables have the scenarios under the names that a reader is told; their CSV
    files keep the labels of the plan.
    """
    return replace(
        section,
        tables=tuple(_renamed(table, shown) for table in section.tables),
        folded=tuple(_renamed(table, shown) for table in section.folded),
    )


def _renamed(table: ReportTable, shown: Mapping[str, str]) -> ReportTable:
    own = table.frame if table.shown is None else table.shown
    columns = {
        name: own[name].map(lambda label: shown.get(label, label))
        for name in ("scenario", "case")
        if name in own and not table.name.startswith(CALIBRATION)
    }
    return replace(table, shown=own.assign(**columns)) if columns else table


def _calibration(evidence: Evidence) -> Section:
    found = []
    assert evidence.claim is not None
    for number, one in enumerate(evidence.claim.calibrations, 1):
        found.append(
            ReportTable(
                f"{CALIBRATION}{number}", f"{one.method}, {one.data}", comparisons.estimates(one)
            )
        )
    notes = tuple(note for one in evidence.claim.calibrations for note in one.notes)
    return Section(
        "Calibration and error out of sample",
        () if found else (NO_CALIBRATION,),
        notes,
        tuple(found),
    )


def proposal_sections(evidence: Evidence, drawn: Mapping[str, Picture]) -> list[Section]:
    """What a proposal's voters should see, the decision first."""
    claim, plan = evidence.claim, evidence.plan
    assert claim is not None
    margin, notes = tables.margins(evidence)
    checked = (
        "A limit holds where its whole 95 % interval does. It fails where nothing of its interval "
        "for all checks at once does: each limit in each scenario, at one set of values. "
        "Between it is undecided. Where a run failed, it cannot hold, "
        "and the same number in fewer than five runs proves nothing. 'Change' is the proposal less "
        "today, run by run on the same shocks."
    )
    limits = []
    for one in claim.limits:
        where = (
            f" (stated for {', '.join(plan.shown[name] for name in one.scenarios)} alone)"
            if len(one.scenarios) not in (0, len(plan.cases))
            else ""
        )
        limits.append(
            f"{stated(one.limit, one.of)}{where}: {one.reason.strip() or 'no reason given'}"
        )
    beside = evidence.unstated
    for word in (FAILS, UNDECIDED) if len(beside) else ():
        found = beside[beside["verdict"] == word]
        if len(found):
            limits.append(
                f"where it is not stated, it {'would fail' if word == FAILS else 'is undecided'}: "
                f"{listed(found, evidence)}"
            )
    below = "Today's values are the no-change counterfactual. "
    base = plan.cases[0].resolved
    days = base.values.simulation.days
    sensitive = evidence.points("sensitivity")
    differences = comparisons.differences(evidence)
    sections = [
        Section(
            "What changes",
            bullets=tuple(evidence.untested()),
            tables=(input_tables.changes(evidence),),
        ),
        Section(
            "Verdict against the stated limits",
            (checked,),
            tuple(limits),
            (tables.limits(evidence),),
            _some(drawn, "limits"),
        ),
        *_over_time(drawn),
        Section(
            "Today, the proposal and the alternatives",
            (
                (
                    f"{below}Mean over {plan.points[0].runs} runs of {days:g} days with seed "
                    f"{plan.seed}, and its 95 % interval."
                ),
            ),
            tables=(comparisons.means(evidence), comparisons.alternative_checks(evidence)),
            folded=(input_tables.points_table(evidence),),
        ),
        Section(
            "What the change does",
            (
                (
                    "Paired differences on the same shocks. 'Runs better' is the share of runs "
                    "that are better than today, ties counted half."
                ),
            ),
            tables=differences[:1],
            pictures=_some(drawn, "effects"),
            folded=differences[1:],
        ),
    ]
    if len(evidence.by_span):
        sections.append(Section("By year", (YEARS,), tables=(comparisons.by_year(evidence),)))
    if sensitive:
        text = (
            f"One parameter at a time, on the first {plan.points[sensitive[0]].runs} runs: whether "
            f"the limits still hold, how far their metrics "
            "move, and, for what the proposal does not set, whether its effect survives."
        )
        found = (
            comparisons.varied_checks(evidence),
            comparisons.sensitivity(evidence),
            comparisons.robustness(evidence),
        )
        given = tuple(table for table in found if table is not None)
        sections.append(
            Section("Sensitivity", (text,), tables=given, pictures=_some(drawn, "sensitivity"))
        )
    sections += [
        *worlds_section(evidence),
        Section("Stress scenarios", tables=(input_tables.scenario_table(evidence),)),
        _failed(evidence),
        Section(
            "Stability of the control loop",
            (
                LOOP
                if margin
                else (
                    "No set of values has a law that responds to a small error, so that there is "
                    "no linear loop to analyse."
                ),
            ),
            tuple(f"{label}: {note}" for label, note in notes.items()) if margin else (),
            (margin,) if margin else (),
        ),
        _calibration(evidence),
        _assumed(evidence, claim.sources),
        Section(
            "Tables that must add up",
            tables=(tables.fee_split(evidence), tables.supply_split(evidence)),
        ),
    ]
    if claim.watch or claim.roll_back:
        sections.append(
            Section(
                "What to watch after adoption, and when to roll back",
                tuple(text for text in (claim.roll_back.strip(),) if text),
                tables=(tables.watch(evidence),) if claim.watch else (),
            )
        )
    return sections


def _by_chance(checks: int) -> str:
    """How often a check is wrong whose true value is at its limit. checks: judged at once."""
    cases = round(1.0 / ONE_SIDED)
    return (
        f"Of many checks some come out wrong by chance: one whose true value lies at its limit is "
        f"said to hold in 1 of {cases} cases, and to fail in 1 of {cases * checks:,}, as "
        f"{counted(checks, 'check')} of one set of values {'are' if checks > 1 else 'is'} judged "
        f"at once."
    )


def _some(drawn: Mapping[str, Picture], *names: str) -> tuple[Picture, ...]:
    return tuple(drawn[name] for name in names if name in drawn)


def _over_time(drawn: Mapping[str, Picture]) -> list[Section]:
    found = _some(drawn, "over_time")
    return [Section("Over time", (OVER_TIME,), pictures=found)] if found else []


def _failed(evidence: Evidence) -> Section:
    lost = int(evidence.failures[["failed", "invalid"]].to_numpy().sum())
    errors = dict.fromkeys(text for text in evidence.outside["error"] if text)
    text = (
        f"{lost} of {len(evidence.outside)} runs failed or could not start. The means are over the "
        f"others."
    )
    return Section(
        "Failed runs",
        (text if lost else text.split(". ")[0] + ".",),
        tuple(list(errors)[:SHOWN]),
        folded=(comparisons.failures(evidence),),
    )


def _assumed(evidence: Evidence, sources: list[str]) -> Section:
    told = (
        (
            (
                "Sources that the proposal names are below; every parameter has its own in "
                "data/parameters.csv."
            ),
        )
        if sources
        else ()
    )
    folded = (input_tables.assumptions(evidence),)
    return Section(
        "What was assumed",
        told,
        tuple(sources),
        (input_tables.source_counts(evidence),),
        folded=folded,
    )


def plain_sections(evidence: Evidence, drawn: Mapping[str, Picture]) -> list[Section]:
    """A run's or a sweep's results."""
    plan = evidence.plan
    base = plan.cases[0].resolved
    settings = (
        f"Parameters: {base.base}, {sum(e.value != {} for e in base.entries.values())} values.",
        (
            f"Span: {base.values.simulation.days:g} days in steps of "
            f"{base.values.simulation.time_step:g}."
        ),
        f"Engine: {plan.engine}{f', every {plan.every} steps kept' if plan.every > 1 else ''}.",
    )
    several = plan.kind == "run" and len(plan.cases) > 1
    results = (
        (comparisons.sweep_extremes(evidence),)
        if plan.kind == "sweep"
        else (comparisons.run_means(evidence),)
    )
    sections = [
        Section("Settings", bullets=settings, tables=(input_tables.scenario_table(evidence),)),
        Section("Results", tables=results, pictures=tuple(drawn.values())),
    ]
    if several:
        sections.append(Section("Differences", tables=(comparisons.run_differences(evidence),)))
    sections.append(_failed(evidence))
    sections.append(_assumed(evidence, []))
    return sections


def closing(evidence: Evidence, figures: bool) -> list[Section]:
    """Definitions, limits of the model, and how to compute it all again. figures: whether the
    report has them.
    """
    size = (
        f"{evidence.plan.simulations} simulated runs, seed {evidence.plan.seed}, tokenomics "
        f"{evidence.version}"
    )
    again = (
        f"This bundle holds {size}. In its folder, the command below simulates them again from "
        f"manifest.json and compares every number; "
        "take the identifier from where the result was published.",
        *(() if figures else (NO_FIGURES,)),
        (
            f"Content identifier (SHA-256 over parameters, design, seeds, metrics, version and "
            f"results): {evidence.id}"
        ),
    )
    chance = (_by_chance(evidence.checked_at_once),) if evidence.claim else ()
    return [
        Section("Metrics", folded=(input_tables.definitions(evidence),)),
        Section(
            "Limits of the model",
            bullets=(*MODEL_LIMITS, *chance, *(PROPOSAL_LIMITS if evidence.claim else ())),
        ),
        Section("Compute it again", again, code=f"tokenomics verify . --id {evidence.id}"),
    ]

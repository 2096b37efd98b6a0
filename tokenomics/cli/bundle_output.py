"""What `propose` and `report` share: the option for the bundle they write, and what they print of
it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .output import print_json, say

if TYPE_CHECKING:
    from ..governance.bundle.make import Bundle

NewBundle = Annotated[
    Path | None, typer.Option(help="Bundle to write; it must not exist.", metavar="DIR")
]


def tell(bundle: Bundle, as_json: bool, figures: bool) -> None:
    """Print what was written; status 1 where a stated limit fails, or nothing changed that could be
    tested. figures: whether there are any.
    """
    evidence, worlds = bundle.evidence, bundle.evidence.in_worlds
    if as_json:
        told = {
            "out": str(bundle.folder),
            "id": bundle.id,
            "kind": evidence.plan.kind,
            "outcome": evidence.outcome or None,
        }
        checks = evidence.own_checks().to_dict(orient="records") if evidence.claim else []
        failed = int(evidence.failures[["failed", "invalid"]].to_numpy().sum())
        told |= {
            "untested": evidence.untested() if evidence.claim else [],
            "rounded": evidence.rounded(),
            "deviations": evidence.deviations,
        }
        print_json(
            told
            | {
                "verdict": evidence.verdict(),
                "glance": evidence.glance(),
                "simulations": len(evidence.runs),
                "failed_runs": failed,
                "checks": checks,
                "worlds": worlds.counts.to_dict(orient="records"),
                "over_worlds": worlds.sentences(),
            }
        )
    else:
        shipped = (f"not as shipped: {told}" for told in evidence.deviations)
        for line in (
            evidence.verdict(),
            *shipped,
            *(f"- {line}" for line in evidence.glance()),
            *worlds.sentences(),
            *evidence.details(),
            *(evidence.untested() if evidence.claim else ()),
            *evidence.rounded(),
        ):
            say(line)
        say(
            f"SHA-256 {bundle.id}",
            (
                f"written to {bundle.folder}: report.html, report.md, data, "
                f"{'figures, ' * figures}citations, RO-Crate metadata"
                f"{'' if figures else '; without figures'}"
            ),
        )
    if evidence.outcome in ("fails", "unchanged"):
        raise typer.Exit(1)

"""`tokenomics doctor`: does the installation work?"""

from __future__ import annotations

import typer

from .options import Json
from .output import print_json, progress_bar, say

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    epilog=(
        "Exit status: 0 all that is needed works, 1 something does not. Examples: tokenomics "
        "doctor | tokenomics doctor --json"
    )
)
def doctor(as_json: Json = False) -> None:
    """Check the installation, in about ten seconds. Shows versions, GPU, optional extras and write
    access, and checks itself.
    """
    from ..governance.doctor import doctor as look

    with progress_bar("looking", show=not as_json) as progress:
        checks = look(progress=progress)
    if as_json:
        print_json(
            {
                "ok": all(one.state != "failed" for one in checks),
                "checks": [one.plain() for one in checks],
            }
        )
    else:
        for one in checks:
            say(f"{one.state:<8}{one.name}: {one.text}")
    if any(one.state == "failed" for one in checks):
        raise typer.Exit(1)

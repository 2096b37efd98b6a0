"""`tokenomics calibrate`: parameters estimated from a file, with standard errors, as an overlay."""

from __future__ import annotations

import typer

from . import (
    calibrate_bonding,
    calibrate_burn,
    calibrate_demand,
    calibrate_economy,
    calibrate_prices,
    calibrate_recover,
)
from .help import Sentences

app = typer.Typer(
    cls=Sentences,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Estimate parameters from data, and test the estimators.",
)
# in the order of the help
for part in (
    calibrate_recover,
    calibrate_prices,
    calibrate_economy,
    calibrate_demand,
    calibrate_burn,
    calibrate_bonding,
):
    app.add_typer(part.app)

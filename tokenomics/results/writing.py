"""Run directories, written whole or not at all, and never over another. A `result` here is a
`Result`, which saves itself by this.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import platform
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import InputError
from ..inputs.files import refuse_existing, written_folder
from ..inputs.strict_json import digest
from ..parameters.tables import markdown_rows
from ..shown import readable
from .folder import MOST_CELLS, PARAMETERS, RUN, TRAJECTORIES
from .forms import checked_form
from .intervals import interval
from .records import sealed
from .run_figures import pictures, vectors
from .sources import code_of, recorded_code
from .versions import package_record


def metrics_json(result: Any) -> dict[str, Any]:
    """Metrics as JSON: null in place of what is not finite."""
    table = result.metrics()
    return {
        name: {
            k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()
        }
        for name, row in table.astype(object).to_dict(orient="index").items()
    }


def metrics_markdown(result: Any) -> str:
    """Settings and metrics as Markdown that pastes into a proposal."""
    settings = [f"- {key}: {value}" for key, value in result.settings().items()]
    table = markdown_rows(
        ("metric", "mean", "95 % interval", "n", "unit", "meaning"),
        (
            (name, readable(row["mean"]), interval(row), str(row["n"]), row["unit"], row["meaning"])
            for name, row in result.metrics().iterrows()
        ),
        numbers=range(1, 4),
    )
    return (
        "\n".join([*settings, "", table, *(f"- failed: {failure}" for failure in result.failures)])
        + "\n"
    )


def default_out(result: Any) -> Path:
    """A directory name under `runs/` that tells policy, scenario, parameters and seed, and is not
    in use.
    """
    p = result.resolved
    stem = "-".join([p.policy, *p.scenarios, p.hash[:8], f"seed{result.seed}"]).replace(" ", "_")
    out, number = Path("runs") / stem, 1
    while out.exists():
        number += 1
        out = Path("runs") / f"{stem}-{number}"
    return out


def _parquet(result: Any, path: Path) -> None:
    table = pa.Table.from_pandas(result.to_pandas(), preserve_index=False)
    fields = []
    for field in table.schema:
        unit = {"run": "1", "time": "days"}.get(field.name) or result.variables[field.name].unit
        meaning = getattr(result.variables.get(field.name), "meaning", "")
        fields.append(field.with_metadata({"unit": unit, "meaning": meaning}))
    pq.write_table(table.cast(pa.schema(fields)), path, compression="zstd")


def _told(content: bytes) -> dict[str, Any]:
    """What the record says of a file."""
    return {"sha256": digest(content), "bytes": len(content)}


def _fill(result: Any, folder: Path, command: str | None, figures: bool, form: str) -> None:
    p = result.resolved
    (folder / PARAMETERS).write_text(
        f"# SHA-256 of the values: {p.hash}\n{p.to_yaml()}", encoding="utf-8"
    )
    _parquet(result, folder / TRAJECTORIES)
    text = json.dumps(metrics_json(result), indent=2, allow_nan=False, ensure_ascii=False)
    (folder / "metrics.json").write_text(text + "\n", encoding="utf-8")
    (folder / "metrics.md").write_text(metrics_markdown(result), encoding="utf-8")
    if figures:
        (folder / "figures").mkdir()
        drawn = vectors(result) if form == "svg" else pictures(result)
        for name, content in drawn.items():
            (folder / "figures" / f"{name}.{form}").write_bytes(content)
    # one at a time: together they may not fit into memory
    files = {
        f.relative_to(folder).as_posix(): _told(f.read_bytes())
        for f in sorted(folder.rglob("*"))
        if f.is_file()
    }
    told = package_record()
    record = {
        **result.record(),
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "command": command,
        "figures": figures,
        "platform": platform.platform(),
        **{name: told[name] for name in ("commit", "python", "dependencies")},
        **recorded_code(code_of([p])),
        "files": files,
    }
    text = json.dumps(sealed("run", record), indent=2, allow_nan=False, ensure_ascii=False)
    (folder / RUN).write_text(text + "\n", encoding="utf-8")


def write_run(
    result: Any,
    out: Path,
    command: str | None = None,
    *,
    figures: bool = True,
    form: str = "png",
) -> Path:
    """Write a run directory: params.yaml, trajectories.parquet, metrics.json, metrics.md,
    figures/*.png, run.json.

    command: the command line, for the record. figures: whether to draw them. form: of `FORMS`.
    Raises InputError where `out` exists or cannot be written, for another form, and for a run that
    is too large to be read again.
    """
    checked_form(form)
    refuse_existing(out)
    cells = (
        len(result.trajectories.runs)
        * len(result.trajectories.time)
        * (len(result.trajectories.values) + 2)
    )
    if cells > MOST_CELLS:
        found = f"{cells:,} numbers, runs times recorded days times variables"
        expected = f"at most {MOST_CELLS:,} in a folder: record fewer variables, or not every step"
        raise InputError(found, file=out, argument="record", expected=expected)
    with written_folder(out) as folder:
        _fill(result, folder, command, figures, form)
    return out

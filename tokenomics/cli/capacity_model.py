"""`tokenomics capacity model`: a model's own configuration as a model file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from ruamel.yaml import YAML

from ..inputs.files import probe, written_file
from .options import Json
from .output import deliver, print_json, say

app = typer.Typer(rich_markup_mode=None)
TOLD = ("fp16", "fp8", "fp4")


@app.command(
    epilog="Examples: tokenomics capacity model config.json --out my_model.yaml | "
    "tokenomics capacity frontier --hardware h200 --model my_model.yaml --precision fp8"
)
def model(
    config: Annotated[
        Path,
        typer.Argument(
            help="The config.json of a model on the hub; it is read as data, and nothing that it "
            "names is loaded.",
            metavar="FILE",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Model file to write; it must not exist.", metavar="FILE")
    ] = None,
    as_json: Json = False,
) -> None:
    """Read a model's own configuration: parameters, those that a token takes, bytes of weights and
    of the KV cache. An architecture that is not known is refused by name.
    """
    from ..capacity.hub_config import hub_shape

    probe(out)
    found = hub_shape(config)
    tree = found.model_dump(exclude_defaults=True)
    weights = {name: found.weight_bytes(name) for name in TOLD}
    context = 8192

    def fill(path: Path) -> None:
        yaml = YAML()
        yaml.width = 4096
        with path.open("w", encoding="utf-8") as stream:
            yaml.dump(tree, stream)

    def tell(written: bool) -> None:
        if as_json:
            content = {
                "model": tree,
                "parameters": found.parameters,
                "active_parameters": found.active_parameters,
                "weight_bytes": weights,
                "cache_bytes": {"context": context, "fp16": float(found.kv_bytes("fp16", context))},
            }
            print_json(content | ({"out": str(out)} if written else {}))
            return
        say(
            f"{found.description}: {found.parameters / 1e9:.4g} billion parameters, "
            f"{found.active_parameters / 1e9:.4g} that a token takes"
        )
        sizes = ", ".join(f"{size / 1e9:.4g} GB in {name}" for name, size in weights.items())
        cache = float(found.kv_bytes("fp16", context)) / 1e6
        say(f"weights: {sizes}", f"KV cache of {context:,} tokens: {cache:.4g} MB in fp16")
        if written:
            say(f"written to {out}")

    deliver(out, fill, tell, write=written_file)

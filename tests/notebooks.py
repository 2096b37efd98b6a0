"""The notebooks as they are kept: with the outputs of a run, and with nothing of its machine.

python tests/notebooks.py [NAME ...]        # executes all, or those named, and stores them anew
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat
import numpy as np
from nbclient import NotebookClient
from nbformat import NotebookNode

from paths import DATA

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
OWN = ("jupyter", "tags")  # of a cell: that its source is folded, in JupyterLab and on the site
PICTURE, PROSE, SLIDERS = "image/png", "text/markdown", "application/vnd.jupyter.widget-view+json"
TEXTS = ("text/plain", "text/html")
LONGEST = 300  # s, of one cell
# digests, which other versions of packages change, and the version of this one: no results
IDENTITY = re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{12,64}\b|(?<=tokenomics )\d+\.\d+\.\d+")
COLOUR = re.compile(r"\x1b\[[\d;]*m")
NUMBER = re.compile(r"[-+]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?")
# by which a number may differ: linear algebra rounds otherwise on another processor, and the last
# of three digits may turn; and what of it is nought
SHARE, NOUGHT = 2e-3, 1e-9


def read(path: Path) -> NotebookNode:
    """A notebook as it is kept."""
    return nbformat.read(path, as_version=4)


def needs_data(notebook: NotebookNode) -> bool:
    """Whether recorded data, where they are not at hand, change what it shows."""
    return not DATA.is_dir() and any("shared" in cell.source for cell in notebook.cells)


def executed(path: Path) -> NotebookNode:
    """A notebook with the outputs of a run from top to bottom, as it is to be kept."""
    notebook = read(path)
    place = {"metadata": {"path": str(FOLDER)}}
    NotebookClient(notebook, timeout=LONGEST, kernel_name="python3", resources=place).execute()
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in OWN})
        if cell.cell_type == "code":
            cell.outputs = kept(cell.outputs)
    return notebook


def kept(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Outputs without sliders, which only a running kernel can show, streams as one."""
    found = []
    for output in outputs:
        if output.output_type == "stream":
            if found and found[-1].get("name") == output.name:
                found[-1].text += output.text
                continue
        elif output.output_type != "error":
            if SLIDERS in output.data:
                continue
            seen = next(((k,) for k in (PICTURE, PROSE) if k in output.data), TEXTS)
            output.data = nbformat.from_dict(
                {k: COLOUR.sub("", output.data[k]) for k in seen if k in output.data}
            )
            output.metadata = nbformat.from_dict({})
        found.append(output)
    return found


def texts(notebook: NotebookNode) -> list[tuple[int, str]]:
    """What a reader reads, each with the number of its cell; a picture by its kind."""
    found = []
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", ()):
            kind = output.get("data", {"text/plain": output.get("text", "")})
            found.append((number, next((kind[k] for k in (PROSE, *TEXTS) if k in kind), PICTURE)))
    return found


def differs(stored: str, fresh: str) -> bool:
    """Whether two texts say something else: other words, or a number that is off by more than
    rounding.
    """
    pair = [IDENTITY.sub("identity", text) for text in (stored, fresh)]
    words = [NUMBER.sub("0", text).split() for text in pair]
    if words[0] != words[1]:
        return True
    one, other = (
        np.array([float(n.replace(",", "")) for n in NUMBER.findall(text)]) for text in pair
    )
    return not np.allclose(one, other, rtol=SHARE, atol=NOUGHT)


def stale(stored: NotebookNode, fresh: NotebookNode) -> list[str]:
    """Where the outputs that are kept are not those of a run, in words."""
    one, other = texts(stored), texts(fresh)
    if [number for number, _ in one] != [number for number, _ in other]:
        return ["other cells have outputs"]
    return [
        f"cell {number}: kept\n{kept}\na run gives\n{given}"
        for (number, kept), (_, given) in zip(one, other, strict=True)
        if differs(kept, given)
    ]


if __name__ == "__main__":
    for path in NOTEBOOKS:
        if not sys.argv[1:] or path.stem in sys.argv[1:]:
            if needs_data(read(path)):
                raise SystemExit(f"{path.name} shows recorded data, which are not in {DATA}")
            nbformat.write(executed(path), path)

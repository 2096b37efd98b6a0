"""An installed copy works from any folder, and the README's commands are the ones that are
tested.
"""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out, source = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("source") / "tokenomics"
    # of a copy: setuptools leaves metadata beside what it builds, from which a checkout that is not
    # installed would take its version
    shutil.copytree(
        ROOT,
        source,
        ignore=shutil.ignore_patterns(
            ".git", "build", "*.egg-info", ".venv*", "runs", "__pycache__"
        ),
    )
    build = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(out),
        str(source),
    ]
    done = subprocess.run(build, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return next(out.glob("*.whl"))


def test_the_wheel_carries_every_parameter_file_and_its_schema(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    packed = {name for name in names if name.startswith("tokenomics/params/")}
    shipped = {
        f"tokenomics/params/{p.relative_to(ROOT / 'params').as_posix()}"
        for kind in ("yaml", "json")
        for p in (ROOT / "params").rglob(f"*.{kind}")
    }
    assert packed == shipped


def test_the_wheel_carries_the_types(wheel):
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert {"tokenomics/py.typed", "tokenomics/__init__.pyi"} <= packed


def test_the_wheel_carries_every_module(wheel):
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".py")}
    assert packed >= {p.relative_to(ROOT).as_posix() for p in (ROOT / "tokenomics").rglob("*.py")}


def test_an_installed_copy_runs_from_any_folder(wheel, tmp_path):
    site, work = tmp_path / "site", tmp_path / "work"
    work.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    environment = {**os.environ, "PYTHONPATH": str(site)}
    code = (
        "import tokenomics as tk; print(tk.__file__); len(tk.run('baseline', days=3).metrics()); "
        "from tokenomics.cli.main import main; main()"
    )
    command = [sys.executable, "-c", code, "run", "baseline", "--days", "3", "--out", "o"]
    done = subprocess.run(
        command, cwd=work, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(site))
    assert (work / "o" / "run.json").exists()


def test_the_page_of_the_model_names_every_block():
    from tokenomics.model.model import BLOCKS

    text = (ROOT / "docs" / "model.md").read_text()
    for block in BLOCKS:
        assert f"| {block.name} |" in text, block.name


def test_the_readme_has_exactly_two_set_up_commands():
    text = (ROOT / "README.md").read_text()
    assert len(re.findall(r"^pip install", text, re.M)) == 2


def test_the_version_is_the_same_everywhere():
    told = re.search(r"^version = (.*)$", (ROOT / "setup.cfg").read_text(), re.M)[1]
    assert f"\nversion: {told}\n" in (ROOT / "CITATION.cff").read_text()
    assert f'__version__ = "{told}"' in (ROOT / "tokenomics" / "__init__.py").read_text()
    assert f"\n## {told} (" in (ROOT / "CHANGELOG.md").read_text()

"""The page of licences has every package that this one asks for, with the licence that its
installed metadata state, and what is not permissive.
"""

import configparser
import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg", encoding="utf-8")
ASKED = {
    "every installation": SETUP["options"]["install_requires"],
    **SETUP["options.extras_require"],
}
ASKED = {
    name: [Requirement(line) for line in text.splitlines() if line.strip()]
    for name, text in ASKED.items()
}
ROWS = [
    [cell.strip(" `") for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ")
]
TOLD = {name.strip(): row[-1] for row in ROWS for name in row[-2].split(",")}
COPYLEFT = re.compile(r"GPL|MPL|EPL|CDDL|EUPL|Mozilla|propriet", re.I)


def stated(found):
    """What an installed package's metadata say of its licence, or its licence file where they leave
    it to that.
    """
    meta = found.metadata
    words = [
        meta.get("License-Expression"),
        *(
            c.rpartition(" :: ")[2]
            for c in meta.get_all("Classifier") or []
            if c.startswith("License")
        ),
    ]
    words += [(meta.get("License") or "")[:200]]
    return " ".join(filter(None, words))


def needed(requirements, found=None, extras=("",)):
    """All that is installed for some requirements, what they need in their turn included."""
    found = {} if found is None else found
    for one in requirements:
        if one.marker and not any(one.marker.evaluate({"extra": extra}) for extra in extras):
            continue
        try:
            installed = distribution(one.name)
        except PackageNotFoundError:
            continue
        if installed.metadata["Name"] not in found:
            found[installed.metadata["Name"]] = installed
            needed(map(Requirement, installed.requires or []), found, tuple(one.extras) or ("",))
    return found


@pytest.mark.parametrize("extra", [name for name in ASKED if name != "test"])
def test_every_package_that_is_asked_for_is_on_the_page(extra):
    assert {one.name for one in ASKED[extra]} <= set(TOLD)


WORDS = {
    "MIT": "MIT",
    "Apache-2.0": "Apache",
    "BSD-3-Clause": "BSD",
    "PSF-based (its own)": "Python Software Foundation|matplotlib",
    "NCSA": "NCSA",
}


@pytest.mark.parametrize(
    "name", sorted({one.name for extra, asked in ASKED.items() if extra != "test" for one in asked})
)
def test_the_licence_of_a_package_is_the_one_that_it_states(name):
    try:
        installed = distribution(name)
    except PackageNotFoundError:
        pytest.skip(f"{name} is not installed")
    words = stated(installed)
    if words == "LICENSE.txt":
        files = [file for file in installed.files or [] if file.name == words]
        words = files[0].read_text()[:200]
    assert words == TOLD[name] or re.search(WORDS.get(TOLD[name], re.escape(TOLD[name])), words), (
        words
    )
    assert not COPYLEFT.search(words)


@pytest.mark.parametrize("extra", [name for name in ASKED if name != "test"])
def test_what_is_not_permissive_is_named(extra):
    found = {name: stated(one) for name, one in needed(ASKED[extra]).items()}
    assert {name for name, words in found.items() if COPYLEFT.search(words)} <= set(TOLD)


def test_the_lowest_versions_are_those_that_work():
    lowest = {one.name: str(one.specifier) for one in ASKED["every installation"]}
    assert (lowest["pyarrow"], lowest["typer"]) == (">=15", ">=0.19.1")

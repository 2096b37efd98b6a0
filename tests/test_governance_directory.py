"""A bundle's directory as people have it: checked out by Git, opened in a file manager, stored on a
disk that stores no zeros.
"""

import os
import shutil
import subprocess

import pytest

from bundles import put_file
from tokenomics.errors import InputError
from tokenomics.governance.bundle.cite import cite
from tokenomics.governance.verify.verify import verify

pytestmark = pytest.mark.usefixtures("pages_are_made_once")

ONE = {"sample": 1e-9, "sample_seed": 1, "workers": 1}
GIT = [
    "git",
    "-c",
    "user.email=a@example.org",
    "-c",
    "user.name=n",
    "-c",
    "init.defaultBranch=main",
]


def git(folder, *words):
    subprocess.run([*GIT, *words], cwd=folder, check=True, capture_output=True)


def checked_out(tmp_path, bundle):
    """A bundle after Git took it in and gave it out with the line endings of Windows."""
    (tmp_path / "one").mkdir()
    shutil.copytree(bundle, tmp_path / "one" / "b")
    git(tmp_path / "one", "init", "-q")
    git(tmp_path / "one", "add", "-A")
    git(tmp_path / "one", "commit", "-qm", "x")
    git(
        tmp_path,
        "-c",
        "core.autocrlf=true",
        "clone",
        "-q",
        "-c",
        "core.autocrlf=true",
        "one",
        "two",
    )
    return tmp_path / "two" / "b"


def test_git_leaves_the_line_endings_of_a_bundle_as_they_are(made, tmp_path):
    found = verify(checked_out(tmp_path, made[0]), **ONE)
    assert (found.status, found.turned, found.findings) == ("verified", (), ())


def test_where_git_turned_line_endings_that_is_said_and_the_rest_verified(copy, tmp_path):
    (copy / ".gitattributes").unlink()
    folder = checked_out(tmp_path, copy)
    assert b"\r\n" in (folder / "report.md").read_bytes()
    found = verify(folder, **ONE)
    assert found.exit_status == 0, found.lines()
    first, second = found.lines()[:2]
    assert first.startswith("verified but for line endings: SHA-256 ")
    assert second.startswith("line endings alone differ in ")
    assert set(found.turned) >= {"manifest.json", "report.md", "data/means.csv"}
    # as the line says
    git(folder.parent, "config", "core.autocrlf", "false")
    shutil.rmtree(folder)
    git(folder.parent, "checkout", "--", ".")
    assert verify(folder, **ONE).lines()[0].startswith("verified: ")


def test_a_word_that_was_changed_beside_line_endings_is_found(copy):
    text = (copy / "report.md").read_bytes()
    (copy / "report.md").write_bytes(
        text.replace(b"For a test.", b"For a vote.").replace(b"\n", b"\r\n")
    )
    found = verify(copy, **ONE)
    assert found.exit_status == 1
    assert {one.file for one in found.findings} == {"report.md"}


LEFT = [
    ".DS_Store",
    "data/.DS_Store",
    "Thumbs.db",
    "figures/desktop.ini",
    "._report.md",
    ".Spotlight-V100/Store",
    ".git/objects/00/a/b/c",
]


def test_what_systems_leave_behind_is_named_and_the_rest_verified(copy):
    for name in LEFT:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes(b"x")
    found = verify(copy, **ONE)
    assert (found.exit_status, found.findings) == (0, ())
    assert found.lines()[1].startswith("not part of the bundle, and not looked into: .DS_Store, ")
    assert "and 2 more" in found.lines()[1]
    assert cite(copy).id == found.id


@pytest.mark.parametrize(
    "name",
    [
        "report.md~",
        ".report.md.swp",
        "data/.gitattributes",
        "notes.txt",
        ".env",
        "Ä.txt",
        "a\x1b[2J",
    ],
)
def test_what_a_person_or_an_editor_left_is_found(copy, name):
    (copy / name).write_bytes(b"x")
    found = verify(copy, **ONE)
    assert found.exit_status == 1
    assert [one.file for one in found.findings] == [name]
    assert all(line.isprintable() for line in found.lines())


ATTRIBUTES = [
    (b"* -text\n", 0),
    (b"* -text\r\n", 0),
    (b"* text=auto\n", 1),
    (b"", 1),
    (b"* -text\n# approved\n", 1),
]


@pytest.mark.parametrize(("content", "status"), ATTRIBUTES)
def test_attributes_for_git_are_those_that_this_package_writes(copy, content, status):
    assert (copy / ".gitattributes").read_bytes() == b"* -text\n"
    (copy / ".gitattributes").write_bytes(content)
    found = verify(copy, **ONE)
    assert found.exit_status == status
    assert [one.file for one in found.findings] == [".gitattributes"] * status


def test_a_bundle_without_attributes_for_git_is_verified(copy):
    (copy / ".gitattributes").unlink()
    assert verify(copy, **ONE).status == "verified"


def test_a_file_of_zeros_is_refused_before_it_is_read(copy, monkeypatch):
    with open(copy / "data/means.csv", "r+b") as stream:
        stream.truncate(400_000_000)
    monkeypatch.setattr("builtins.open", None)
    with pytest.raises(
        InputError,
        match=(
            r"means.csv: 400000000 bytes, of which \d+ are stored; expected a file that is not "
            r"empty inside"
        ),
    ):
        verify(copy, **ONE)


def test_no_more_of_a_file_is_read_than_the_manifest_has(copy):
    with open(copy / "report.md", "ab") as stream:
        stream.write(os.urandom(3_000_000))
    found = verify(copy, **ONE)
    assert any("3" in one.what and "where the manifest has" in one.what for one in found.findings)
    put_file(copy, "report.md", b"x")
    assert {one.file for one in verify(copy, **ONE).findings} >= {"report.md"}


def test_a_pipe_that_is_closed_while_verifying_is_no_difference(copy):
    def closed(done, total):
        raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(BrokenPipeError):
        verify(copy, progress=closed, **ONE)

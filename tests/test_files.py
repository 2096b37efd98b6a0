"""Files: what is read is bounded, what is written is whole or not there."""

import errno
import os

import pytest

from tokenomics.errors import InputError
from tokenomics.inputs import files, strict_json


def test_a_file_is_read_up_to_its_limit_and_not_beyond(tmp_path):
    file = tmp_path / "a.csv"
    file.write_bytes(b"\xef\xbb\xbfabcdef")
    assert files.read_text(file, most=9) == "abcdef"
    with pytest.raises(InputError, match="9 bytes; expected at most 8 bytes"):
        files.read_text(file, most=8)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/dev/zero", "a device; expected a file, saved as a plain file"),
        (os.sep, "a directory"),
        ("x" * 5000, "name too long"),
        ("a\0b", "null"),
        ("no", "no such"),
    ],
)
def test_what_is_no_plain_file_is_refused_before_it_is_read(path, said):
    with pytest.raises(InputError, match=f"(?i){said}") as raised:
        files.read_bytes(path, most=100)
    assert len(str(raised.value)) < 500


def test_a_pipe_without_a_writer_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="a pipe"):
        files.read_bytes(tmp_path / "pipe", most=100)


def test_bytes_that_are_no_text_name_their_line(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"one\ntwo \xff\n")
    with pytest.raises(InputError, match=r"a\.txt:2: byte 8 is no UTF-8"):
        files.read_text(tmp_path / "a.txt", most=100)


@pytest.mark.parametrize("write", [files.written_folder, files.written_file])
def test_what_fails_leaves_nothing_behind(tmp_path, write):
    def fail(error):
        with write(tmp_path / "new" / "out"):
            raise error

    with pytest.raises(KeyError):
        fail(KeyError("inside"))
    with pytest.raises(
        InputError, match=r"out: out: cannot be written \(No space left on device\)"
    ):
        fail(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert list((tmp_path / "new").iterdir()) == []


def test_a_folder_and_a_file_are_there_when_they_are_whole(tmp_path):
    with files.written_folder(tmp_path / "folder") as folder:
        (folder / "inner").write_text("1")
        assert not (tmp_path / "folder").exists()
    with files.written_file(tmp_path / "file") as file:
        file.write_text("2")
        assert not (tmp_path / "file").exists()
    assert (tmp_path / "folder" / "inner").read_text() + (tmp_path / "file").read_text() == "12"
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


@pytest.mark.parametrize("write", [files.written_folder, files.written_file])
def test_of_two_writers_the_second_is_refused_and_the_first_stays(tmp_path, write):
    def second():
        with write(tmp_path / "out") as slow:
            with write(tmp_path / "out") as quick:
                (quick / "x" if quick.is_dir() else quick).write_text("first")
            (slow / "x" if slow.is_dir() else slow).write_text("second")

    with pytest.raises(InputError, match="exists already"):
        second()
    out = tmp_path / "out"
    assert (out / "x" if out.is_dir() else out).read_text() == "first"
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("out", ["file/out", "file", "y" * 300])
def test_where_nothing_can_be_written_is_known_before_the_work(tmp_path, out):
    (tmp_path / "file").write_text("a file, no folder")
    with pytest.raises(InputError):
        files.probe(tmp_path / out)
    files.probe(tmp_path / "deep" / "er" / "out")
    assert os.listdir(tmp_path) == ["file"]


def test_a_digest_of_values_in_canonical_form_is_that_of_the_whole():
    content = {"b": [1.0, "ä", None], "a": {"z": True, "y": -0.0}, "ä": [], "c": "x"}
    values = strict_json.canonical_values(content)
    assert strict_json.digest_of(values) == strict_json.digest(strict_json.canonical(content))
    assert strict_json.digest_of({}) == strict_json.digest(b"{}")


def test_a_file_that_is_longer_than_the_system_says_is_read_whole(tmp_path, monkeypatch):
    file = tmp_path / "grows"
    file.write_bytes(b"0123456789")
    said = os.stat(file)
    file.write_bytes(b"0123456789" * 3)
    monkeypatch.setattr(files.os, "fstat", lambda number: said)
    assert files.read_bytes(file, most=30) == b"0123456789" * 3
    with pytest.raises(InputError, match="expected at most 29 bytes"):
        files.read_bytes(file, most=29)

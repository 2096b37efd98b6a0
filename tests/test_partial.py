"""What is being written lies beside its place: a killed process's is removed by the next one, a
living one's is left alone.
"""

import multiprocessing
import os
import signal
import subprocess
import sys

import pytest

from tokenomics.errors import InputError
from tokenomics.inputs.files import (
    is_partial,
    remove_partials,
    replaced_file,
    written_file,
    written_folder,
)

WRITER = """
import sys
from tokenomics.inputs.files import written_folder
with written_folder(sys.argv[1]) as folder:
    (folder / "half").write_text("half")
    print("writing", flush=True)
    sys.stdin.read()
    (folder / "whole").write_text("whole")
"""


def writing(out):
    """A process in the middle of writing a folder."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(out)], **pipes, text=True)
    assert process.stdout.readline() == "writing\n"
    return process


def partials(folder):
    return [p for p in folder.iterdir() if is_partial(p.name)]


def test_a_killed_process_leaves_a_partial_folder_which_the_next_of_that_name_removes(tmp_path):
    with writing(tmp_path / "a") as killed:
        killed.send_signal(signal.SIGKILL)
    left = partials(tmp_path)
    assert len(left) == 1 and not (tmp_path / "a").exists()
    with written_folder(tmp_path / "another") as folder:
        (folder / "x").write_text("x")
    assert partials(tmp_path) == left
    with written_folder(tmp_path / "a") as folder:
        assert not left[0].exists()
        (folder / "x").write_text("x")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "another"]


def test_of_two_processes_on_one_place_one_is_whole_and_one_is_told(tmp_path):
    with writing(tmp_path / "a") as other:
        with written_folder(tmp_path / "a") as folder:
            (folder / "mine").write_text("mine")
            assert len(partials(tmp_path)) == 2
        assert len(partials(tmp_path)) == 1
        _, errors = other.communicate("")
    assert other.returncode != 0 and "exists already" in errors
    assert [p.name for p in tmp_path.iterdir()] == ["a"] and [
        p.name for p in (tmp_path / "a").iterdir()
    ] == ["mine"]


def test_a_living_process_is_waited_for_by_nobody_and_robbed_by_nobody(tmp_path):
    with writing(tmp_path / "a") as other:
        remove_partials(tmp_path)
        assert len(partials(tmp_path)) == 1
        _, errors = other.communicate("")
    assert other.returncode == 0, errors
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == ["half", "whole"]


def test_what_only_looks_like_a_partial_folder_is_left_alone(tmp_path):
    mine = tmp_path / ".a.partial-abcdefgh"
    mine.mkdir()
    (mine / "letter.txt").write_text("mine")
    (tmp_path / ".a.partial-ijklmnop").symlink_to(mine)
    (tmp_path / ".a.partial-qrstuvwx").write_text("a file")
    with written_file(tmp_path / "a") as path:
        path.write_text("x")
    assert (mine / "letter.txt").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 4


def _write_often(folder, number, done):
    written = 0
    for i in range(60):
        try:
            with written_folder(f"{folder}/{i}") as place:
                for name in "ab":
                    with open(place / name, "w") as stream:
                        stream.write(str(number))
            written += 1
        except InputError as error:
            assert "exists already" in str(error), error
    done.put(written)


def test_many_writers_at_once_give_each_place_one_whole_folder(tmp_path):
    context = multiprocessing.get_context("spawn")
    done = context.Queue()
    workers = [
        context.Process(target=_write_often, args=(tmp_path, number, done)) for number in range(3)
    ]
    for worker in workers:
        worker.start()
    assert sum(done.get(timeout=120) for _ in workers) == 60
    for worker in workers:
        worker.join()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(map(str, range(60)))
    for folder in tmp_path.iterdir():
        assert (folder / "a").read_text() == (folder / "b").read_text() != ""


def test_a_file_is_replaced_whole_or_stays(tmp_path):
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), replaced_file(path) as content:
        content.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    with replaced_file(path) as content:
        content.write_text("new")
    assert path.read_text() == "new" and os.listdir(tmp_path) == ["a"]
    (tmp_path / "folder").mkdir()
    with (
        pytest.raises(InputError, match="folder: out: cannot be written"),
        replaced_file(tmp_path / "folder") as content,
    ):
        content.write_text("new")

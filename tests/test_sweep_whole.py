"""A sweep ends with all of its rows or says what is missing, whoever does its tasks."""

import importlib
import json
import logging
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from damage import reseal

import tokenomics as tk
from paths import command
from tokenomics.errors import InputError, TokenomicsError
from tokenomics.experiments import plan as plan_module
from tokenomics.experiments import remote
from tokenomics.experiments.design_reading import read_design
from tokenomics.experiments.plan import make_plan
from tokenomics.experiments.sweep import sweep
from tokenomics.results import sweep_store

module = importlib.import_module(
    "tokenomics.experiments.sweep"
)  # the function has the module's name
ALIKE = remote.perform_alike
STEPS = 20
THIRTEEN = {
    "policies": ["pid"],
    "set": {"simulation.days": STEPS},
    "parameters": {"controller.pid.kp": [0.01 * n for n in range(1, 14)]},
    "metrics": ["tracking_rms", "treasury_low"],
    "runs": 2,
    "seed": 3,
}


@pytest.fixture(autouse=True)
def a_point_a_task(monkeypatch):
    monkeypatch.setattr(plan_module, "SECONDS_PER_TASK", 0.0)


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as one:
        yield one


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The sweep's directory, which nobody may change, and its hash."""
    folder = tmp_path_factory.mktemp("whole") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan_module, "SECONDS_PER_TASK", 0.0)
        return folder, sweep(THIRTEEN, out=folder).hash


@pytest.fixture
def copied(whole, tmp_path):
    """A copy of that directory, to be spoilt."""
    return shutil.copytree(whole[0], tmp_path / "out")


@pytest.fixture
def design(tmp_path):
    file = tmp_path / "d.yaml"
    file.write_text(json.dumps(THIRTEEN))
    return file


def delete_when_written(monkeypatch, victim):
    """A shard vanishes just after it was written."""
    write = sweep_store.write_shard

    def write_and_delete(folder, number, *more):
        write(folder, number, *more)
        if number == victim:
            sweep_store.shard(folder, number).unlink()

    monkeypatch.setattr(sweep_store, "write_shard", write_and_delete)


@pytest.mark.slow
def test_one_worker_of_a_dask_cluster_does_all_of_thirteen_tasks(cluster, whole, tmp_path):
    assert len(make_plan(read_design(THIRTEEN)).tasks) == 13
    threads = tk.load(whole[0])
    far, kept = (
        sweep(THIRTEEN, scheduler=cluster),
        sweep(THIRTEEN, scheduler=cluster, out=tmp_path / "a"),
    )
    assert len(list((tmp_path / "a" / "shards").iterdir())) == 13
    assert far.hash == kept.hash == threads.hash and kept.complete
    assert kept.table().equals(threads.table()) and len(kept.table()) == 13


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("scheduler", [False, True])
def test_a_shard_that_is_deleted_on_the_way_is_named_and_the_same_command_does_it(
    design, whole, tmp_path, monkeypatch, request, scheduler
):
    out = tmp_path / "out"
    options = {"scheduler": request.getfixturevalue("cluster")} if scheduler else {"workers": 1}
    with monkeypatch.context() as patched:
        delete_when_written(patched, 4)
        with pytest.raises(
            TokenomicsError, match=r"1 of 13 tasks are missing in .*the same command does them: 4$"
        ) as stopped:
            sweep(design, out=out, **options)
        assert not isinstance(stopped.value, InputError)
    assert sweep(design, out=out, **options).hash == whole[1]


def test_the_command_ends_with_status_1_and_the_number_of_the_shard(design, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        delete_when_written(patched, 7)
        status, _, error = command("sweep", design, "--out", tmp_path / "out", "--workers", "1")
    assert status == 1 and error.endswith(": 7\n") and error.count("\n") == 1
    assert command("sweep", design, "--out", tmp_path / "out", "--workers", "1")[0] == 0


def test_an_executor_that_gives_too_few_or_other_tasks_is_noticed(monkeypatch):
    def lossy(plan, numbers, workers):
        yield from (
            (n, columns) for n, columns in locally(plan, numbers, workers) if n not in (2, 11)
        )

    def shifted(plan, numbers, workers):
        yield from (
            (n, columns | {"point": columns["point"] + 1})
            for n, columns in locally(plan, numbers, workers)
        )

    locally = module._locally
    monkeypatch.setattr(module, "_locally", lossy)
    with pytest.raises(TokenomicsError, match="2 of 13 tasks are missing: 2, 11"):
        sweep(THIRTEEN, workers=1)
    monkeypatch.setattr(module, "_locally", shifted)
    with pytest.raises(TokenomicsError, match="task 0 gave other rows than its own"):
        sweep(THIRTEEN, workers=1)


def rewritten(change):
    def damage(file):
        pq.write_table(change(pq.read_table(file)), file)

    return damage


DAMAGES = {
    "deleted": lambda file: file.unlink(),
    "cut short": lambda file: file.write_bytes(file.read_bytes()[:200]),
    "a row less": rewritten(lambda table: table.slice(1)),
    "a row twice": rewritten(lambda table: pa.concat_tables([table, table.slice(1)])),
    "another run's row": rewritten(
        lambda table: table.set_column(2, "run", pa.array(np.array([0, 5])))
    ),
    "a column of another type": rewritten(
        lambda table: table.set_column(2, "run", pa.array(["0", "1"]))
    ),
    "a column less": rewritten(lambda table: table.drop_columns(["treasury_low"])),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_nothing_is_computed_over_a_part_of_a_sweep(whole, copied, damage):
    before = tk.load(copied)
    assert before.hash == whole[1]
    DAMAGES[damage](sweep_store.shard(copied, 3))
    found = tk.load(copied)
    for use in (
        found.table,
        found.per_run,
        lambda: found.hash,
        lambda: found.plot("treasury_low"),
        before.table,
    ):
        with pytest.raises(
            TokenomicsError,
            match="shards are missing or damaged: 3|rows of a sweep are|rows that are not its own",
        ):
            use()
    assert not tk.load(copied).complete
    again = sweep(THIRTEEN, out=copied)
    assert again.complete and again.hash == whole[1]


def test_a_manifest_that_could_not_be_read_again_is_refused_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep_store, "LARGEST_RECORD", 1000)
    monkeypatch.setattr(module, "perform", None)
    with pytest.raises(InputError, match="13 points of 1 parameter in a manifest of .* fewer poin"):
        sweep(THIRTEEN, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_sweep_that_other_code_began_is_not_continued(copied):
    reseal(copied / "manifest.json", lambda plain: plain.update(source="0" * 64))
    with pytest.raises(InputError, match="was simulated by other source code .000000000000, not"):
        sweep(THIRTEEN, out=copied)


def _other(version, source, packed):
    # the worker shares this process: here it is the one who asks that is another
    return ALIKE(version, "0123456789abcdef", packed)


def test_a_worker_with_other_code_is_refused_in_one_line(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "perform_alike", _other)
    said = (
        r"worker inproc://\S+ runs tokenomics .* source [0-9a-f]{16}, not .*; 0 of 26 simulations "
        r"are done, kept in"
    )
    with pytest.raises(TokenomicsError, match=said):
        sweep(THIRTEEN | {"seed": 5}, scheduler=cluster, out=tmp_path / "out")


def test_the_same_source_of_another_version_is_other_code():
    here = remote.Code("0.2.0", "a")
    assert (
        here.same(remote.Code("0.2.0", "a"))
        and here.same(remote.Code(None, "a"))
        and remote.Code(None, "a").same(here)
    )
    assert (
        not here.same(remote.Code("0.2.1", "a"))
        and not here.same(remote.Code("0.2.0", "b"))
        and not here.same(remote.Code(None, "b"))
    )


def _no_such_item(*_):
    return [][0]


def test_a_task_that_fails_on_its_worker_is_one_line(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "perform_alike", _no_such_item)
    with pytest.raises(TokenomicsError, match="task [0-9]+ failed on its worker .IndexError"):
        sweep(THIRTEEN | {"seed": 4}, scheduler=cluster, out=tmp_path / "out")


def test_a_cluster_that_goes_away_leaves_what_is_done(whole, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(remote, "CONNECT", "1s")
    distributed = pytest.importorskip("distributed")
    logger = logging.getLogger("distributed.client")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as gone:

        def stop(done, total):
            if done == 6:
                gone.close()

        with pytest.raises(
            TokenomicsError,
            match=(
                "the Dask scheduler went away .*; 6 of 26 simulations are done, kept in .*goes on "
                "from there"
            ),
        ):
            sweep(THIRTEEN, scheduler=gone.scheduler_address, out=tmp_path / "out", progress=stop)
    assert "distributed" not in capfd.readouterr().err and not logger.disabled
    assert len(list((tmp_path / "out" / "shards").glob("*.parquet"))) == 3
    assert sweep(THIRTEEN, out=tmp_path / "out").hash == whole[1]


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nonsense", "scheduler: no scheduler answers at 'nonsense'"),
        ("", "scheduler: '' is no address; expected tcp://host:8786, or tls"),
        ("tcp://", "scheduler: 'tcp://' is no address"),
        ("http://host:1", "scheduler: 'http://host:1' is no address"),
        (
            "tls://127.0.0.1:1",
            "scheduler: no certificates; expected Dask's settings distributed.comm.tls.ca-file",
        ),
    ],
)
def test_a_scheduler_that_is_not_there_is_named(address, message):
    pytest.importorskip("distributed")
    with pytest.raises(InputError, match=message):
        sweep(THIRTEEN, scheduler=address)

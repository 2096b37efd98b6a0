"""The rows of a sweep are read a tile at a time: the same numbers as all at once, however they
were cut, and in memory that does not grow with them.
"""

import tracemalloc

import numpy as np
import pytest
from stores import made_up, with_failures

import tokenomics as tk
from tokenomics.errors import InputError, TokenomicsError
from tokenomics.experiments import plan as plan_module
from tokenomics.results import intervals as intervals_module
from tokenomics.results import sweep_rows
from tokenomics.results.comparison import Comparison
from tokenomics.results.differences import Paired
from tokenomics.results.intervals import intervals
from tokenomics.results.sweep_rows import Extent, Tile

CASES, POINTS, RUNS = 3, 5, 23
METRIC_NAMES = ["tracking_rms", "treasury_low"]
DESIGN = {
    "policies": ["none", "static", "pid"],
    "set": {"simulation.days": 4},
    "parameters": {"treasury.reserve": [0.01 * n for n in range(1, POINTS + 1)]},
    "metrics": METRIC_NAMES,
    "runs": RUNS,
}


@pytest.fixture
def small_blocks(monkeypatch):
    for module in (intervals_module, sweep_rows):
        monkeypatch.setattr(module, "BLOCK", 4)


def columns_of(extent, seed=0):
    """Numbers of all rows, by case, point and run, some of which failed."""
    draw = np.random.default_rng(seed)
    failed = draw.random(extent.sizes) < 0.1
    columns = {name: np.where(failed, np.nan, draw.normal(size=extent.sizes)) for name in "ab"}
    columns["failed_day"] = np.where(failed, 2.0, np.nan)
    columns["error"] = np.full(extent.sizes, "", dtype=object)
    columns["error"][0, 1] = "impossible"
    return columns


def cuts(extent, columns, draw):
    """The rows in tiles of any size, of each point its runs in order."""
    for case in range(extent.cases):
        points = draw.permutation(extent.points)
        for some in np.array_split(points, draw.integers(1, extent.points)):
            ends = np.unique([0, extent.runs, *draw.integers(0, extent.runs, 5)])
            for first, last in zip(ends[:-1], ends[1:], strict=True):
                mine = {n: c[case][some, first:last] for n, c in columns.items()}
                yield Tile(case, some, (int(first), int(last)), mine)


@pytest.mark.parametrize("seed", range(5))
def test_however_rows_are_cut_they_come_to_the_same_bits(small_blocks, seed):
    extent = Extent(CASES, POINTS, RUNS)
    columns = columns_of(extent)
    tiles = list(extent.counted(cuts(extent, columns, np.random.default_rng(seed))))
    found = sweep_rows.summaries(extent, tiles, "ab")
    for name in "ab":
        whole = intervals(columns[name].reshape(-1, RUNS))
        mine = found.moments[name].intervals()
        for one in ("mean", "low", "high", "n"):
            np.testing.assert_array_equal(getattr(mine, one), getattr(whole, one), err_msg=one)
    np.testing.assert_array_equal(
        found.failed, np.isfinite(columns["failed_day"]).sum(axis=2).ravel()
    )
    assert list(found.errors[1:3]) == ["impossible", ""] and found.lost[1] == RUNS
    whole = [
        Tile(c, np.arange(POINTS), (0, RUNS), {n: v[c] for n, v in columns.items()})
        for c in range(CASES)
    ]
    assert sweep_rows.digest(extent, tiles, "ab") == sweep_rows.digest(extent, whole, "ab")


def test_the_digest_tells_every_number_every_error_and_the_order(small_blocks):
    extent = Extent(CASES, POINTS, RUNS)

    def of(change):
        columns = columns_of(extent)
        change(columns)
        tiles = cuts(extent, columns, np.random.default_rng(0))
        return sweep_rows.digest(extent, tiles, "ab")

    def change(name, value):
        return lambda columns: columns[name].__setitem__((2, 4, 22), value)

    def swap(columns):
        columns["a"][0, 2, [5, 6]] = columns["a"][0, 2, [6, 5]]

    changes = [lambda columns: None, change("a", 3.0), change("b", np.nan), swap]
    changes += [change("failed_day", 1.0), change("error", "x")]
    assert len({of(one) for one in changes}) == len(changes)
    assert of(change("a", 3.0)) == of(change("a", 3.0))


def test_the_moments_of_blocks_are_those_of_all_runs(small_blocks):
    values = np.random.default_rng(3).normal(1e6, 1.0, (4, 1001))
    values[1, ::7], values[2], values[3, :997] = np.nan, np.nan, np.nan
    found = intervals(values)
    np.testing.assert_allclose(found.mean[[0, 1, 3]], np.nanmean(values[[0, 1, 3]], axis=1))
    spread = np.nanstd(values[[0, 1, 3]], axis=1, ddof=1)
    half = (found.high - found.low)[[0, 1, 3]] / 2.0
    scale = half * np.sqrt(found.n[[0, 1, 3]]) / spread
    assert scale == pytest.approx([1.9623, 1.9629, 3.1824], abs=1e-3)  # Student's t, 97.5 %
    assert np.isnan(found.mean[2]) and found.n[2] == 0


def test_paired_differences_in_pieces_are_those_at_once(tmp_path, small_blocks):
    design = DESIGN | {"parameters": {}, "scenarios": ["none", "token_crash"]}
    found = made_up(
        design, tmp_path / "s", lambda rows, metric: np.sin(rows["run"] ** 2 + rows["case"] // 4)
    )
    comparison = Comparison(found, "static")
    values = found.columns(*METRIC_NAMES)
    of = {
        case: np.stack([values[name][values["case"] == case] for name in METRIC_NAMES])
        for case in range(6)
    }
    rows = comparison.differences()
    cases = found.cases
    for scenario in ("none", "token_crash"):
        for policy in ("none", "pid"):
            own = cases.index[(cases["scenario"] == scenario)]
            mine, base = (
                of[next(n for n in own if cases["policy"][n] == p)] for p in (policy, "static")
            )
            some = rows[(rows["scenario"] == scenario) & (rows["policy"] == policy)]
            level = 1.0 - 0.05 / (2 * len(METRIC_NAMES))
            whole = Paired.of(METRIC_NAMES, mine, base).intervals(level)
            for column, one in zip(
                ("difference", "low", "high"), (whole.mean, whole.low, whole.high), strict=True
            ):
                assert some[column].tolist() == one.tolist()
    assert [line.split(": ")[1] for line in comparison.unmoved()] == [
        "static and none are the same numbers in all 23 runs."
    ] * 2


def test_a_comparison_of_several_points_is_refused():
    found = tk.sweep(DESIGN | {"runs": 2})
    with pytest.raises(InputError, match="5 points to compare policies at; expected a sweep of"):
        Comparison(found, "none").differences()


def test_a_row_that_is_missing_or_there_twice_is_named():
    extent = Extent(1, 2, 5)

    def tile(points, runs):
        return Tile(0, np.array(points), runs, {})

    whole = [tile([0, 1], (0, 3)), tile([0, 1], (3, 5))]
    assert list(extent.counted(whole)) == whole
    for tiles, message in (
        (whole[:1], "missing, the first is case 0, point 0, run 3, 4 of 10; the same sweep does"),
        (whole[1:], "missing, the first is case 0, point 0, run 0;"),
        ([*whole, whole[1]], "there twice, the first is case 0, point 0, run 3; a new directory"),
        ([tile([0, 1], (0, 5)), tile([1], (0, 5))], "twice, the first is case 0, point 1, run 0"),
    ):
        with pytest.raises(TokenomicsError, match=message):
            list(extent.counted(tiles))


WRONG = {
    "another case": ("case", [0, 0, 1, 1]),
    "a case beyond": ("case", [9, 9, 9, 9]),
    "a point twice": ("point", [1, 1, 1, 1]),
    "a point beyond": ("point", [1, 1, 7, 7]),
    "runs out of order": ("run", [0, 1, 1, 0]),
    "a run beyond": ("run", [4, 5, 4, 5]),
    "a run before": ("run", [-1, 0, -1, 0]),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_rows_that_are_no_piece_of_the_sweep_are_refused(wrong):
    extent, good = Extent(2, 3, 5), {"case": [1] * 4, "point": [2, 2, 0, 0], "run": [3, 4, 3, 4]}
    columns = {name: np.array(values) for name, values in good.items()}
    tile = extent.tile(columns, [])
    assert (tile.case, list(tile.points), tile.runs) == (1, [2, 0], (3, 5))
    name, values = WRONG[wrong]
    with pytest.raises(TokenomicsError, match="rows that are not its own"):
        extent.tile(columns | {name: np.array(values)}, [])


def test_a_sweep_in_memory_and_in_a_directory_say_the_same(tmp_path):
    kept, read = tk.sweep(DESIGN), tk.sweep(DESIGN, out=tmp_path / "s")
    assert kept.hash == read.hash and kept.table().equals(read.table())
    assert kept.per_run().equals(read.per_run())
    broken = with_failures(kept, lambda case, point, run: (point == 3) & (run == 20))
    assert broken.hash != kept.hash
    assert list(broken.table()["failed"]) == [0, 0, 0, 1, 0] * 3


def peak_of(use):
    tracemalloc.start()
    use()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.slow
def test_memory_does_not_grow_with_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(plan_module, "SECONDS_PER_TASK", 2e-3)
    short = DESIGN | {"parameters": {}, "set": {"simulation.days": 1}}
    peaks = {}
    for runs in (512, 2048, 16_384):  # the first loads what is loaded once
        found = made_up(short | {"runs": runs}, tmp_path / f"{runs}")
        comparison = Comparison(found, "pid")
        uses = {
            "table": found.table,
            "hash": lambda found=found: found.hash,
            "differences": comparison.differences,
            "complete": lambda found=found: found.complete,
        }
        for name, use in uses.items():
            peaks.setdefault(name, []).append(peak_of(use))
        # what gives every row back must grow: so the measurement can tell
        peaks.setdefault("every row", []).append(peak_of(found.per_run))
    _, few, many = peaks.pop("every row")
    assert many > 6 * few
    for name, (_, few, many) in peaks.items():
        assert many < 1.2 * few + 1e5, (name, few, many)

"""Result files of serving benchmarks, told apart by their content, whatever their names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..errors import InputError
from ..histories.reader import read_table
from ..histories.table import MOST_BYTES
from ..inputs.files import read_bytes
from ..inputs.strict_json import digest
from .result_json import read_json_points
from .result_tables import ANYTHING, MLPERF, read_mlperf, read_table_points
from .result_values import documents
from .served import Origin, Served

MOST_POINTS = 100_000  # of all files; sixty times what InferenceMAX publishes in two months
START = 4_000  # bytes in which a summary of MLPerf says what it is


def read_results(paths: Iterable[str]) -> list[Served]:
    """The points of result files in their order.

    Raises InputError that names file, line and key: no such file, one of no known tool, a missing
    or impossible value, the same file twice.
    """
    found: list[Served] = []
    seen: dict[str, str] = {}
    for path in map(str, paths):
        content = read_bytes(path, most=MOST_BYTES, expected=ANYTHING)
        origin = Origin(path, digest(content), "")
        if origin.sha256 in seen:
            raise InputError(
                f"the same content as {seen[origin.sha256]}", file=path, expected="each result once"
            )
        seen[origin.sha256] = path
        found += _points(content, origin)
        if len(found) > MOST_POINTS:
            raise InputError(
                f"more than {MOST_POINTS:,} points", file=path, expected=f"at most {MOST_POINTS:,}"
            )
    return found


def _points(content: bytes, origin: Origin) -> list[Served]:
    start = content[:START].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] in (b"{", b"["):
        plain = content.removeprefix(b"\xef\xbb\xbf")
        found = [p for values in documents(plain, origin) for p in read_json_points(values)]
    elif MLPERF in start:
        found = list(read_mlperf(content, replace(origin, tool="MLPerf Inference")))
    else:
        found = list(read_table_points(read_table(origin.file), origin))
    if not found:
        raise InputError("no points", file=origin.file, expected="at least one result")
    return found

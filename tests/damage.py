"""Damage to the files of a folder: what a disk, an editor, a stranger or another program may do to
them. All of it is drawn from one generator.
"""

import json
import os
import shutil
from io import BytesIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tokenomics.inputs.strict_json import canonical, canonical_values, digest
from tokenomics.results.digests import rows_digest
from tokenomics.results.records import identity

VALUES = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    0.5,
    -0.0,
    10**30,
    10**400,
    2**63,
    1e308,
    "",
    "x",
    "1",
    "NaN",
    "../../etc/passwd",
    "/dev/zero",
    "a" * 5_000,
)
VALUES += (
    "\x1b[31m",
    "\ud800",
    [],
    {},
    [[]],
    [None],
    {"x": 1},
    [1, 2, 3],
    "2024-01-01",
    "none",
    "0" * 64,
)
GARBAGE = (
    b"",
    b"\x00" * 64,
    b"\xff\xfe" * 50,
    b"PAR1PAR1",
    b"PAR1" + b"\xff" * 40 + b"PAR1",
    b"{",
    b"[]",
    b"null",
    b"1",
    b'"text"',
)
GARBAGE += (
    b"\xef\xbb\xbf{}",
    b"[" * 100_000,
    b'{"a":' * 20_000,
    b"{}" * 3,
    b"key: value\n",
    b"- a\n- b\n",
)
TEXTS = (
    lambda t, rng: t[: rng.integers(len(t))],
    lambda t, rng: t.replace(b":", b": NaN,", 1),
    lambda t, rng: t.replace(b": ", b": 1e999, ", 1),
    lambda t, rng: t.replace(b"{", b'{"seed": 1, "seed": 2, ', 1),
    lambda t, rng: t.replace(b"\n", b"\r\n"),
    lambda t, rng: t + t,
    lambda t, rng: b"\xef\xbb\xbf" + t,
    lambda t, rng: t.decode(errors="replace").encode("utf-16"),
    lambda t, rng: t.replace(b'"', b"'"),
)


def places(node, path=()):
    """Paths of all that is in a parsed JSON."""
    items = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    for key, below in items:
        yield (*path, key)
        yield from places(below, (*path, key))


def change_json(plain, rng):
    """Change one place of a parsed JSON, and say how."""
    every = list(places(plain))
    *front, key = every[rng.integers(len(every))]
    node = plain
    for part in front:
        node = node[part]
    where, how = ".".join(map(str, (*front, key))), rng.integers(6)
    if how == 0:
        del node[key]
        return f"{where} removed"
    if how == 1 and isinstance(node, dict):
        node["unheard_of"] = 1
        return f"a key beside {where}"
    if how == 2 and isinstance(node, dict):
        node[f"{key}_"] = node.pop(key)
        return f"{where} renamed"
    if how == 3 and isinstance(node[key], list) and node[key]:
        node[key] = node[key][:-1] if rng.integers(2) else node[key] + node[key][-1:]
        return f"{where} of another length"
    if how == 4 and isinstance(node[key], (int, float)) and not isinstance(node[key], bool):
        node[key] = node[key] * 2 + 1 if rng.integers(2) else -node[key] - 1
        return f"{where} of another size"
    node[key] = VALUES[rng.integers(len(VALUES))]
    return f"{where} = {node[key]!r:.60}"


def change_table(content, rng):
    """Change a Parquet table, which stays one, and say how."""
    table = pq.read_table(BytesIO(content))
    number = int(rng.integers(table.num_columns))
    name, column = table.column_names[number], table.column(number)
    rows = len(table)
    how = int(rng.integers(12))
    made = {
        0: lambda: (table.drop_columns([name]), f"{name} dropped"),
        1: lambda: (
            table.rename_columns(
                [*table.column_names[:number], f"{name}_", *table.column_names[number + 1 :]]
            ),
            f"{name} renamed",
        ),
        2: lambda: (
            table.set_column(number, name, pa.array([str(v) for v in column.to_pylist()])),
            f"{name} as text",
        ),
        3: lambda: (
            table.set_column(number, name, pa.array([None] * rows, pa.float64())),
            f"{name} all missing",
        ),
        4: lambda: (table.set_column(number, name, pa.array([[1.0]] * rows)), f"{name} as lists"),
        5: lambda: (table.slice(0, int(rng.integers(rows))), "fewer rows"),
        6: lambda: (pa.concat_tables([table, table.slice(0, 1)]), "a row twice"),
        7: lambda: (table.take(pa.array(rng.permutation(rows))), "rows in another order"),
        8: lambda: (table.append_column("more", pa.array(np.zeros(rows))), "a column more"),
        9: lambda: (table.select(table.column_names[::-1]), "columns in another order"),
        10: lambda: (
            table.set_column(
                number,
                name,
                pa.array(np.full(rows, [np.nan, np.inf, -1.0, 1e300][rng.integers(4)])),
            ),
            f"{name} of one value",
        ),
        11: lambda: (
            table.replace_schema_metadata({"x": "y"}).cast(
                pa.schema([f.remove_metadata() for f in table.schema])
            ),
            "without units",
        ),
    }
    changed, what = made[how]()
    out = BytesIO()
    pq.write_table(changed, out)
    return out.getvalue(), what


def change_bytes(content, rng):
    """Change bytes anyhow, and say how."""
    how = int(rng.integers(4))
    if how == 0 and content:
        spoilt = bytearray(content)
        for at in rng.integers(len(content), size=int(rng.integers(1, 9))):
            spoilt[at] ^= int(rng.integers(1, 256))
        return bytes(spoilt), "some bytes flipped"
    if how == 1 and content:
        at = int(rng.integers(len(content)))
        return content[:at], f"cut after {at} bytes"
    if how == 2:
        number = int(rng.integers(len(TEXTS)))
        return TEXTS[number](content, rng) if content else b"x", f"text changed in way {number}"
    number = int(rng.integers(len(GARBAGE)))
    return GARBAGE[number], f"garbage {number}"


def change_place(path, rng, elsewhere):
    """Put something else where a file was, and say what."""
    how = int(rng.integers(7))
    content = path.read_bytes()
    path.unlink()
    if how == 0:
        return "removed"
    if how == 1:
        path.mkdir()
    elif how == 2:
        elsewhere.write_bytes(content)
        path.symlink_to(elsewhere)
    elif how == 3:
        path.symlink_to(path.with_name("nowhere"))
    elif how == 4:
        os.mkfifo(path)
    elif how == 5:
        path.symlink_to("/dev/zero")
    else:
        path.symlink_to(path.name)
    return (
        "removed",
        "a directory",
        "a link to elsewhere",
        "a broken link",
        "a pipe",
        "a link to /dev/zero",
        "a link to itself",
    )[how]


def spoil(folder, rng, elsewhere, sealer=None):
    """Damage one file of a folder, chosen at random, and say how. sealer: makes all digests right
    again, as a forger would.
    """
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix != ".png")
    # a file counts as often as what is in it can be misread
    weight = {"run.json": 6.0, "manifest.json": 6.0, "params.yaml": 2.0}
    chances = np.array([weight.get(p.name, 4.0 if p.suffix == ".parquet" else 0.3) for p in files])
    path = files[rng.choice(len(files), p=chances / chances.sum())]
    way = rng.random()
    if way < 0.1:
        what = change_place(path, rng, elsewhere)
        return f"{path.relative_to(folder)}: {what}"
    content = path.read_bytes()
    if path.suffix == ".json" and way < 0.75:
        plain = json.loads(content)
        what = change_json(plain, rng)
        content = (json.dumps(plain, indent=2) + "\n").encode()
    elif path.suffix == ".parquet" and way < 0.75:
        content, what = change_table(content, rng)
    else:
        content, what = change_bytes(content, rng)
    path.write_bytes(content)
    if sealer:
        sealer(folder)
    return f"{path.relative_to(folder)}: {what}"


def reseal(path, change=lambda plain: None):
    """Make the digest of a record right again, as far as it can still be read. change: applied to
    it before.
    """
    try:
        plain = json.loads(path.read_bytes())
        change(plain)
        plain.pop("digest", None)
        plain["digest"] = digest(canonical(plain))
        path.write_text(json.dumps(plain), encoding="utf-8")
    except (OSError, ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return


def reseal_run(folder):
    """Digests of a run's folder."""

    def files(plain):
        for name in plain["files"]:
            content = (folder / name).read_bytes()
            plain["files"][name] = {"sha256": digest(content), "bytes": len(content)}

    reseal(folder / "run.json", files)


def reseal_sweep(folder):
    """Digests of a sweep's folder: of its manifest, and of those shards that are still tables of
    runs.
    """
    path = folder / "manifest.json"
    reseal(path, lambda plain: plain.update(sha256=identity(canonical_values(plain))))
    try:
        manifest = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return
    for number, file in enumerate(sorted((folder / "shards").iterdir())):
        try:
            table = pq.read_table(file)
            columns = {name: np.array(table[name].to_pylist()) for name in table.column_names}
            seal = {
                "sweep": manifest["sha256"],
                "task": number,
                "digest": rows_digest(columns, manifest["metrics"]),
            }
            pq.write_table(table.replace_schema_metadata({"tokenomics": json.dumps(seal)}), file)
        except (OSError, ValueError, TypeError, LookupError, pa.ArrowException):
            continue


def copied(folder, to):
    """A copy of a folder in the place of the last one."""
    shutil.rmtree(to, ignore_errors=True)
    return shutil.copytree(folder, to)

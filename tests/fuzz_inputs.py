"""What the harness damages: command lines that work, small files of every kind that they read, and
the ways to damage them.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from paths import command
from tokenomics.parameters.locate import find

NUMBERS = (
    "nan",
    "inf",
    "-inf",
    "-1",
    "0",
    "1e308",
    "-1e308",
    "1e-320",
    "9" * 26,
    "2.5",
    "1_000",
    "0x10",
    "1e",
    "\u0663",
    "1,5",
    "1e400",
)
TEXTS = (
    "",
    " ",
    "true",
    "null",
    "~",
    "[]",
    "{}",
    "[1, 2]",
    "text",
    "a,b",
    ",",
    "none,none",
    "[bold]x[/]",
    "[/red]",
    "\x1b[31mred",
)
TEXTS += ("\u202ex", "x" * 5000, "../x", "-", "--")
PATHS = (
    "",
    "no-such-file.yaml",
    "/dev/zero",
    "/dev/null",
    ".",
    "x" * 5000,
    "prices.csv",
    "overlay.yaml",
    "run",
    "a\nb",
)
PATHS += ("\x1b[2J.csv", "[/].yaml")
BITS = (
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\r\n",
    b"\t",
    b"'",
    b'"',
    b"\x1b[2J",
    b": ",
    b"- ",
    b"{",
    b"]",
    b"&a",
    b"*a",
)
BITS += (b"!!python/name:os.system", b"\n\n", b",,", b";")
RUN = "--days 4 --runs 2 --seed 1"


class Template(NamedTuple):
    """A command line that works. name: of the command, for reports."""

    name: str
    arguments: tuple[str, ...]


def _template(line: str) -> Template:
    words = line.split()
    return Template(" ".join(w for w in words[:2] if w.isalpha()), tuple(words))


TEMPLATES = tuple(
    _template(line)
    for line in (
        (
            f"run base.yaml --policy policy.yaml --scenario scenario.yaml {RUN} --engine ensemble "
            f"--record token_price --every 1 --out out"
        ),
        (
            f"run base.yaml --overlay overlay.yaml {RUN} --engine ensemble --record "
            f"token_price,treasury_usd --out out"
        ),
        (
            f"run baseline --set controller.pid.kp=0.1 --set market.type=linear --policy pid {RUN} "
            f"--json"
        ),
        (
            "run baseline --prices prices.csv --demand rate.csv --demand-align repeat --start "
            "2024-01-03 --days 3 --runs 1"
        ),
        "run baseline --demand trace.csv --demand-align repeat --days 2 --engine ensemble",
        "sweep design.yaml --runs 2 --seed 3 --workers 1 --out out",
        (
            "compare --policies none,pid --scenarios none,token_crash --runs 3 --set "
            "simulation.days=4 --metrics price_volatility"
        ),
        "sensitivity sobol.yaml --runs 2 --workers 1",
        "propose proposal.yaml --runs 3 --workers 1 --out out",
        "report run --out out",
        "report sweep --out out",
        "verify bundle --sample 0.5 --workers 1",
        "cite bundle --json",
        "diff bundle bundle",
        "control analyse base.yaml --policy policy.yaml --set controller.pid.kp=0.2",
        "control tune baseline --method imc --target 30 --runs 2",
        (
            "capacity frontier --hardware hardware.yaml --model llama-3.1-8b --precision fp16 "
            "--prompt 100 --output 20"
        ),
        "capacity supply --fleet fleet.yaml --json",
        "venues --workload workload.yaml --runs 2 --days 130 --seed 1",
        "velocity activity.csv --from 2024-05-01 --to 2024-06-20",
        (
            "calibrate prices prices.csv --bootstrap 0 --gaps refuse --seed 1 --from 2024-01-01 "
            "--out out"
        ),
        "calibrate demand rate.csv --out out",
        "calibrate demand trace.csv",
        "calibrate burn burn.csv --tolerance 0.1 --net-emission-cap 1",
        "params check base.yaml",
        "params show base.yaml --overlay overlay.yaml",
        "params diff base.yaml baseline",
        "params table base.yaml",
        "model variables base.yaml",
        "reproduce hip20",
    )
)


def _yaml(kind: str, name: str) -> str:
    return find(kind, name).read_text(encoding="utf-8")


def _walk(days: int) -> np.ndarray:
    return 2.0 * np.exp(np.cumsum(0.05 * np.random.default_rng(5).standard_normal(days)))


def _days(count: int):
    return [dt.date(2024, 1, 1) + dt.timedelta(i) for i in range(count)]


def _rows(header: str, rows) -> str:
    return header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)


def _files() -> dict[str, str]:
    """Content of every small file by its name; each is read by a template."""
    rng = np.random.default_rng(3)
    stamp = dt.datetime(2024, 1, 1)
    design = {
        "policies": ["pid"],
        "scenarios": ["none"],
        "runs": 2,
        "seed": 1,
        "set": {"simulation.days": 4},
        "metrics": ["price_volatility"],
    }
    proposal = {
        "title": "Less",
        "summary": "A test.",
        "policy": "none",
        "set": {"simulation.days": 4},
        "proposed": {"supply.burn_share": 0.3},
        "scenarios": ["none"],
        "runs": 3,
        "seed": 3,
        "years": [1],
        "limits": [{"limit": "churn <= 5", "reason": "an example"}],
        "metrics": ["churn", "price_volatility"],
        "roll_back": "set it back",
    }
    grid = {"controller.pid.kp": {"low": 0.1, "high": 0.2, "count": 2}}
    ranges = {"controller.pid.kp": {"low": 0.1, "high": 0.2}, "oracle.lag": {"low": 1, "high": 2}}
    arrivals = [
        stamp + dt.timedelta(seconds=float(s)) for s in np.cumsum(rng.exponential(2.0, 600))
    ]
    requests = ((when, int(rng.integers(1, 900)), int(rng.integers(1, 90))) for when in arrivals)
    months = (
        (f"2023-{m:02d}", 1000 + 50 * m, 500 + 20 * m, 9000 - 100 * m, 2.0 + 0.05 * m, 30)
        for m in range(1, 13)
    )
    return {
        "base.yaml": _yaml("base", "baseline"),
        "policy.yaml": _yaml("policy", "pid"),
        "scenario.yaml": _yaml("scenario", "token_crash"),
        "overlay.yaml": _yaml("overlay", "growth"),
        "hardware.yaml": _yaml("hardware", "h100"),
        "model.yaml": _yaml("model", "tiny"),
        "fleet.yaml": _yaml("fleet", "marketplace"),
        "workload.yaml": _yaml("workload", "chat"),
        "design.yaml": json.dumps(design | {"method": "grid", "parameters": grid}, indent=1),
        "sobol.yaml": json.dumps(
            design | {"method": "saltelli", "count": 2, "parameters": ranges}, indent=1
        ),
        "proposal.yaml": json.dumps(proposal, indent=1),
        "prices.csv": _rows("date,value", zip(_days(130), np.round(_walk(130), 6), strict=True)),
        "rate.csv": _rows(
            "t_s,req_per_s", ((600 * i, round(float(rng.gamma(4.0)), 3)) for i in range(1000))
        ),
        "trace.csv": _rows("TIMESTAMP,ContextTokens,GeneratedTokens", requests),
        "burn.csv": _rows("month,burn_usd,burned,issued,price,days", months),
        "activity.csv": _rows(
            "date,price,volume,fees,burned",
            (
                (d, round(float(p), 5), 1000 + i, 100 + i % 7, 10 + i % 5)
                for i, (d, p) in enumerate(zip(_days(200), _walk(200), strict=True))
            ),
        ),
    }


FILES = tuple(_files())
FOLDERS = ("run", "sweep", "bundle")


def prepare(home: Path) -> None:
    """The undamaged files, a run, a sweep and a bundle, in `home`/inputs. Raises AssertionError
    where one of the templates does not work.
    """
    folder = home / "inputs"
    folder.mkdir()
    for name, text in _files().items():
        (folder / name).write_text(text, encoding="utf-8")
    for line in (
        f"run baseline --policy pid {RUN} --engine ensemble --out run",
        "sweep design.yaml --out sweep",
        "propose proposal.yaml --workers 1 --out bundle",
    ):
        status, _, errors = command(*line.split(), folder=folder)
        assert status in (0, 1), errors


def damaged(name: str, folder: Path, rng: random.Random) -> tuple[str, str]:
    """Damage a file, or one within a folder, in place; what to name in its place, and what was
    done.
    """
    if rng.random() < 0.08:
        path = rng.choice(PATHS)
        return path, f"in its place the path {path[:30]!r}"
    target = folder / name
    if name in FOLDERS:
        inner = sorted(p for p in target.rglob("*") if p.is_file())
        target = rng.choice([p for p in inner if p.suffix != ".png"] or inner)
        if rng.random() < 0.1:
            return (
                name,
                f"{_replace_with_another_kind(target, rng)} ({target.relative_to(folder / name)})",
            )
    content = target.read_bytes()
    ways = (
        [_bytes] if target.suffix in (".parquet", ".png") else [_value, _value, _line, _bytes, _key]
    )
    content, what = rng.choice(ways)(content, rng)
    target.write_bytes(content)
    return name, what if name not in FOLDERS else f"{what} ({target.relative_to(folder / name)})"


def _replace_with_another_kind(target: Path, rng: random.Random) -> str:
    target.unlink()
    way = rng.choice(("gone", "a directory", "a link", "empty"))
    if way == "a directory":
        target.mkdir()
    elif way == "a link":
        target.symlink_to("/dev/zero" if rng.random() < 0.5 else target)
    elif way == "empty":
        target.touch()
    return way


def _value(content: bytes, rng: random.Random) -> tuple[bytes, str]:
    """A number or a word in place of another."""
    found = list(re.finditer(rb"(?<![\w.])-?\d[\w.+-]*|\"[^\"\n]{0,60}\"|true|false", content))
    if not found:
        return _bytes(content, rng)
    spot, new = rng.choice(found), rng.choice(NUMBERS + TEXTS)
    return content[: spot.start()] + new.encode() + content[
        spot.end() :
    ], f"{spot.group().decode('utf-8', 'replace')!r} became {new[:30]!r}"


def _key(content: bytes, rng: random.Random) -> tuple[bytes, str]:
    """A key misspelt, doubled or emptied."""
    found = list(re.finditer(rb"[A-Za-z_]{3,30}", content))
    if not found:
        return _bytes(content, rng)
    spot = rng.choice(found)
    new = rng.choice(
        (spot.group()[:-1], spot.group().upper(), b"", spot.group() * 2, b"__class__", b"<<")
    )
    return content[: spot.start()] + new + content[
        spot.end() :
    ], f"{spot.group().decode()!r} became {new.decode()[:30]!r}"


def _line(content: bytes, rng: random.Random) -> tuple[bytes, str]:
    """A line lost, doubled, moved, or many times there."""
    lines = content.splitlines(keepends=True) or [b""]
    at = rng.randrange(len(lines))
    way = rng.choice(("lost", "twice", "moved to the front", "cut off here", "a thousand times"))
    if way == "lost":
        lines.pop(at)
    elif way == "twice":
        lines.insert(at, lines[at])
    elif way == "moved to the front":
        lines.insert(0, lines.pop(at))
    elif way == "cut off here":
        lines = [*lines[:at], lines[at][: len(lines[at]) // 2]]
    else:
        lines[at : at + 1] = [lines[at]] * 1000
    return b"".join(lines), f"line {at + 1} {way}"


def _bytes(content: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Bytes changed, put in, or cut off."""
    at = rng.randrange(len(content) + 1)
    way = rng.choice(("changed", "put in", "cut off", "zeros", "nothing left", "in UTF-16"))
    if way == "changed":
        return content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :], f"byte {at} changed"
    if way == "put in":
        new = rng.choice(BITS)
        return content[:at] + new + content[at:], f"{new!r} put in at byte {at}"
    if way == "cut off":
        return content[:at], f"cut off at byte {at}"
    if way == "zeros":
        return content[:at] + bytes(64) + content[at + 64 :], f"zeros at byte {at}"
    return (
        (b"", way)
        if way == "nothing left"
        else (content.decode("utf-8", "replace").encode("utf-16"), way)
    )


def damaged_options(arguments: list[str], rng: random.Random) -> tuple[list[str], str]:
    """One word of a command line changed, lost, doubled or added."""
    places = [
        i
        for i, word in enumerate(arguments)
        if i > 0 and not word.startswith("--") and not word.isalpha()
    ] or [len(arguments) - 1]
    way = rng.random()
    if way < 0.75:
        at = rng.choice(places)
        old = arguments[at]
        new = rng.choice(NUMBERS + TEXTS)
        if "=" in old and rng.random() < 0.7:
            new = f"{old.split('=')[0]}={new}"
        return [*arguments[:at], new, *arguments[at + 1 :]], f"{arguments[at - 1]} {new[:40]!r}"
    at = rng.randrange(1, len(arguments))
    if way < 0.85:
        return [*arguments[:at], *arguments[at + 1 :]], f"without {arguments[at]!r}"
    if way < 0.93:
        return [*arguments, *arguments[at:]], f"twice {' '.join(arguments[at:])[:40]!r}"
    return [*arguments, "--no-such-option"], "an unknown option"

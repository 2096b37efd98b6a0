"""Untrusted JSON, read strictly; and the one form in which data are written to be told by their
digest.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import InputError
from .files import read_bytes

MOST_GROUPS = 2_000_000  # mappings and lists, each of which takes more memory than text
LONGEST_KEY = 500  # characters
LONGEST_TOLD = 200  # characters of what is wrong


def canonical(content: Any) -> bytes:
    """JSON with sorted keys, no spaces, no NaN, and floats in their shortest exact form. Raises
    ValueError for what is not finite.
    """
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False
    ).encode()


def canonical_values(content: Mapping[str, Any]) -> dict[str, bytes]:
    """The canonical form of each value of a mapping: of large ones, several digests need it."""
    return {key: canonical(value) for key, value in content.items()}


def digest_of(values: Mapping[str, bytes]) -> str:
    """SHA-256 of the canonical form of a mapping. values: in that form already."""
    found = hashlib.sha256(b"{")
    for number, key in enumerate(sorted(values)):
        found.update((b"," if number else b"") + canonical(key) + b":")
        found.update(values[key])
    found.update(b"}")
    return found.hexdigest()


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def read(path: str | Path, *, most: int, expected: str) -> dict[str, Any]:
    """A JSON file's mapping. most: bytes. expected: what should be there. Raises InputError; see
    `parse`.
    """
    return parse(read_bytes(path, most=most, expected=expected), path, expected)


def parse(content: bytes, path: str | Path, expected: str) -> dict[str, Any]:
    """A mapping from JSON in bytes.

    path: of the file, for errors. expected: what should be there. Raises InputError for what is no
    mapping, is nested too deeply, has a key twice or too long a key, or a number that is not
    finite.
    """
    groups = content.count(b"[") + content.count(b"{")
    if groups > MOST_GROUPS:
        raise InputError(f"{groups} groups of values", file=path, expected=f"at most {MOST_GROUPS}")
    try:
        plain = json.loads(
            content, parse_constant=_finite, parse_float=_finite, object_pairs_hook=once
        )
    except RecursionError:
        raise InputError("nested too deeply", file=path, expected=expected) from None
    except ValueError as error:
        raise InputError(
            f"not JSON ({error})"[:LONGEST_TOLD], file=path, expected=expected
        ) from None
    if not isinstance(plain, dict):
        raise InputError(f"a JSON {type(plain).__name__}", file=path, expected=expected)
    return plain


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is not a finite number")
    return value


def once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """A mapping of JSON: of a key that stands there twice, one reader would take the first value
    and another the last. Raises ValueError.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        again = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {again[:60]!r} twice")
    if any(len(key) > LONGEST_KEY for key in found):
        raise ValueError(f"a key of more than {LONGEST_KEY} characters")
    return found

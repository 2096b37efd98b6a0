"""Every byte of a Parquet file belongs to a page or to the footer, and no page may ask for more
memory than its rows need.
"""

import contextlib
import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tokenomics.errors import InputError
from tokenomics.results.checked_parquet import read_columns
from tokenomics.results.parquet_pages import account

COLUMNS = {"run": int, "value": float, "error": str}


def written(rows=50, **options):
    table = pa.table(
        {
            "run": np.arange(rows),
            "value": np.linspace(0.0, 1.0, rows),
            "error": ["x" * (i % 3) for i in range(rows)],
        }
    )
    out = BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def accounted(content):
    return account(content, pq.read_metadata(BytesIO(content)))


FORMS = [
    {},
    {"compression": "zstd"},
    {"use_dictionary": False},
    {"row_group_size": 7},
    {"data_page_version": "2.0"},
    {"data_page_size": 16},
]


@pytest.mark.parametrize("options", FORMS)
def test_every_byte_of_what_arrow_writes_is_accounted_for(options):
    found = accounted(written(**options))
    assert found.stray == 0
    assert 50 * 8 < found.unpacked < 4_000


def between(content, hidden):
    """Bytes before the footer, where no page reaches."""
    end = len(content) - 8 - struct.unpack_from("<I", content, len(content) - 8)[0]
    return content[:end] + hidden + content[end:]


def behind(content, hidden):
    """Bytes at the end of the footer, behind what a reader takes of it."""
    (footer,) = struct.unpack_from("<I", content, len(content) - 8)
    return content[:-8] + hidden + struct.pack("<I", footer + len(hidden)) + b"PAR1"


@pytest.mark.parametrize("place", [between, behind])
def test_bytes_that_no_column_has_are_counted(place):
    content = place(written(), b"a message to nobody")
    assert pq.read_table(BytesIO(content)).num_rows == 50  # a reader does not see them
    assert accounted(content).stray == 19


def test_what_the_footer_says_of_a_column_may_stand_behind_it_too():
    content = written()
    (footer,) = struct.unpack_from("<I", content, len(content) - 8)
    copy = content[-8 - footer : -8][40:90]
    assert accounted(between(content, copy)).stray == 0
    assert accounted(between(content, copy[:-1] + b"x")).stray == 50


def test_a_page_that_asks_for_gigabytes_is_refused_before_it_is_unpacked():
    content = written(rows=1, use_dictionary=False, compression="zstd")
    start = pq.read_metadata(BytesIO(content)).row_group(0).column(0).data_page_offset
    # the head begins with its type; its second field is the page's unpacked size, a number of two
    # bytes, which becomes one of five of 2 GB
    assert content[start : start + 3] == bytes([0x15, 0x00, 0x15])
    length = 1 if content[start + 3] < 0x80 else 2
    huge = (
        content[: start + 3] + bytes([0xFE, 0xFF, 0xFF, 0xFF, 0x0F]) + content[start + 3 + length :]
    )
    with pytest.raises(InputError):
        read_columns(huge, Path("t.parquet"), COLUMNS, 1, "of a test")
    with pytest.raises(ValueError, match="longer than its column"):
        account(huge, pq.read_metadata(BytesIO(content)))


def test_sizes_are_those_that_pages_tell(monkeypatch):
    content = written()
    assert len(read_columns(content, Path("t.parquet"), COLUMNS, 50, "of a test")["run"]) == 50
    monkeypatch.setattr(
        "tokenomics.results.checked_parquet.account",
        lambda *_: type("A", (), {"unpacked": 2_000_000_000}),
    )
    with pytest.raises(InputError, match="2000000000 bytes unpacked"):
        read_columns(content, Path("t.parquet"), COLUMNS, 50, "of a test")


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_file_is_one_error_or_the_same_account(seed):
    random = np.random.default_rng(seed)
    content = bytearray(written(compression="zstd"))
    for at in random.integers(4, len(content) - 8, 3):
        content[at] = random.integers(256)
    try:
        meta = pq.read_metadata(BytesIO(bytes(content)))
    except (pa.ArrowException, OSError):
        return
    with contextlib.suppress(ValueError):
        assert account(bytes(content), meta).unpacked >= 0

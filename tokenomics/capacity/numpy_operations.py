"""The operations of a decoder on NumPy, and how they are timed on a CPU."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np


class NumPyOperations:
    """Every operation writes to an array that it is given, as on a GPU, where a captured graph must
    allocate nothing.
    """

    backend, figure_of, precision = "numpy", "cpu", "fp32"
    xp = np

    def array(self, shape: tuple[int, ...], scale: float, rng: np.random.Generator) -> np.ndarray:
        """Normal numbers of a standard deviation."""
        out = rng.standard_normal(shape, dtype=np.float32)
        out *= np.float32(scale)
        return out

    def empty(self, shape: tuple[int, ...]) -> np.ndarray:
        """Zeros that are written, so that their pages exist."""
        return np.full(shape, 0.0, dtype=np.float32)

    def linear(self, x: np.ndarray, weight: np.ndarray, out: np.ndarray) -> None:
        """out = x·weightᵀ; weight is (outputs, inputs)."""
        np.matmul(x, weight.T, out=out)

    def scores(self, query: np.ndarray, key: np.ndarray, out: np.ndarray) -> None:
        """out[i] = query[i]·key[i]ᵀ."""
        np.matmul(query, key.swapaxes(-1, -2), out=out)

    def mix(self, share: np.ndarray, value: np.ndarray, out: np.ndarray) -> None:
        """out[i] = share[i]·value[i]."""
        np.matmul(share, value, out=out)

    def norm(self, x: np.ndarray, gain: np.ndarray, epsilon: float, out: np.ndarray) -> None:
        """RMS norm of the rows (Zhang and Sennrich 2019)."""
        mean = np.einsum("ij,ij->i", x, x) / np.float32(x.shape[1])
        np.multiply(x, (1.0 / np.sqrt(mean + np.float32(epsilon)))[:, None], out=out)
        out *= gain

    def gated(self, gate_up: np.ndarray, out: np.ndarray) -> None:
        """SiLU(gate)·up (Shazeer 2020); the gate is the first half of the columns."""
        gate, up = gate_up[:, : out.shape[1]], gate_up[:, out.shape[1] :]
        np.negative(gate, out=out)
        # beyond this the SiLU is 0 to float32's precision, and exp would overflow
        np.exp(np.minimum(out, np.float32(80.0)), out=out)
        out += 1
        np.divide(gate, out, out=out)
        out *= up

    def rotate(self, qkv, cosine, sine, query, key, value, past: int, scale: float) -> None:
        """Rotary embedding (Su et al. 2021, halves as in Llama); the query is scaled, key and value
        go to the cache after `past` tokens.

        qkv: (batch·tokens, all heads·width); query: (batch, kv heads, tokens, group, width); key,
        value: (batch, kv heads, capacity, width).
        """
        batch, kv_heads, tokens, group, width = query.shape
        rows = qkv.reshape(batch, tokens, kv_heads * (group + 2), width)
        cos, sin = (table[past : past + tokens, None, :] for table in (cosine, sine))
        half, turned = width // 2, kv_heads * (group + 1)
        first, second = rows[:, :, :turned, :half], rows[:, :, :turned, half:]
        rotated = np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)
        asked = rotated[:, :, : kv_heads * group].reshape(batch, tokens, kv_heads, group, width)
        np.multiply(asked.transpose(0, 2, 1, 3, 4), np.float32(scale), out=query)
        key[:, :, past : past + tokens] = rotated[:, :, kv_heads * group :].transpose(0, 2, 1, 3)
        value[:, :, past : past + tokens] = rows[:, :, turned:].transpose(0, 2, 1, 3)

    def softmax(self, scores: np.ndarray, group: int, past: int) -> None:
        """Causal softmax in place; row r belongs to token r // group, which sees past + that + 1
        columns.
        """
        rows, columns = scores.shape[1:]
        if rows > group:
            hidden = np.arange(columns)[None, :] > past + np.arange(rows)[:, None] // group
            scores[:, hidden] = -np.inf
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)

    def add(self, x: np.ndarray, y: np.ndarray) -> None:
        """x += y."""
        x += y

    def captured(self, step: Callable[[], None]) -> Callable[[], None]:
        """The step itself: a CPU has no launches to save."""
        return step

    def timed(self, step: Callable[[], None], repeats: int, seconds: float) -> list[float]:
        """Times of at most so many repeats [s], three at least, no new one after `seconds`."""
        times: list[float] = []
        begin = time.perf_counter()
        while len(times) < repeats and (len(times) < 3 or time.perf_counter() - begin < seconds):
            start = time.perf_counter()
            step()
            times.append(time.perf_counter() - start)
        return times

    def free_memory(self) -> int:
        """Bytes that can be allocated."""
        for line in (
            Path("/proc/meminfo").read_text().splitlines() if Path("/proc/meminfo").exists() else ()
        ):
            if line.startswith("MemAvailable"):
                return 1024 * int(line.split()[1])
        return 2 * 1024**3  # unknown here: a machine that runs this has at least that

    def described(self) -> dict[str, str]:
        """Names of device and software."""
        processor = platform.processor() or platform.machine()
        for line in (
            Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ()
        ):
            if line.startswith("model name"):
                processor = line.split(":", 1)[1].strip()
                break
        blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        library = f"numpy {np.__version__}, {blas['name']} {blas['version']}"
        return {"device": f"CPU: {processor}", "driver": "none", "cuda": "none", "library": library}

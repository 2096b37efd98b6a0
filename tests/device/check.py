"""The benchmark on the card of this machine: everything against float64, then ceilings, decode and
prefill, a hardware file and a table of them beside the roofline and the card's published figures.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from pathlib import Path

import numpy as np

from . import kernels as cases
from . import table
from .kernels import host

PASSED, FAILED, WRONG, ABSENT = 0, 1, 2, 3
NEEDED = ("scipy", "pydantic", "ruamel.yaml")
ON_A_CARD = ("cupy", "nvmath")
MODEL = {"cupy": "llama-3.1-8b", "numpy": "tiny"}
SMALL = {  # what every precision is checked on
    "layers": 2,
    "width": 256,
    "heads": 8,
    "kv_heads": 2,
    "head_width": 32,
    "mlp_width": 512,
    "vocabulary": 512,
}
LONG = 600  # tokens of a prompt in more than one piece
CEILING_SECONDS = 2.0


class Report:
    """Checks as they pass and fail, each said at once, and what the last line says of them."""

    def __init__(self) -> None:
        self.passed, self.failed, self.started = [], [], time.perf_counter()

    def check(self, name: str, good: bool, told: str) -> None:
        """Note a check. told: what was seen."""
        (self.passed if good else self.failed).append(name)
        mark = "passed" if good else "FAILED"
        print(f"{time.perf_counter() - self.started:6.1f} s  {mark}  {name}: {told}")

    def tried(self, name: str, work, *arguments):
        """What `work` gives; where it breaks, a failed check, and None."""
        try:
            return work(*arguments)
        except Exception as error:
            self.check(name, False, f"{type(error).__name__}: {' '.join(str(error).split())}")
            return None

    def end(self, of: str) -> int:
        """Print the last line; the exit status."""
        count = len(self.passed) + len(self.failed)
        seconds = f"{time.perf_counter() - self.started:.0f} s"
        if self.failed:
            names = "; ".join(self.failed)
            print(f"FAILED: {len(self.failed)} of {count} checks on {of}, {seconds}: {names}")
            return FAILED
        groups = ", ".join(dict.fromkeys(name.split(" ")[0] for name in self.passed))
        print(f"passed: all {count} checks on {of}, {seconds}: {groups}")
        return PASSED


def missing(names) -> list[str]:
    """Packages of these that are not installed."""
    return [n for n in names if importlib.util.find_spec(n.partition(".")[0]) is None]


def kernels(report: Report, ops) -> None:
    """Every operation in the operations' precision."""
    far = ops.figure_of == "gpu" and ops.precision == "fp16"
    if far and ops.free_memory() < cases.FAR_BYTES:
        print(f"{'':10}not done: arrays of more than 2^31 elements: too little memory is free")
        far = False
    for case in [*cases.CASES, *(cases.FAR_CASES if far else ())]:
        name, most = (
            f"kernel {cases.named(case)} in {ops.precision}",
            cases.TOLERANCE[ops.precision],
        )
        found = report.tried(name, cases.run, ops, case)
        if found is not None:
            report.check(name, found < most, f"error {found:.2g}, at most {most:.2g}")


def decoder(report: Report, ops) -> None:
    """Prefill and decode on a cache, and a captured step against a launched one."""
    from tokenomics.capacity.benchmark import TOLERANCE
    from tokenomics.capacity.decoder import Decoder, random_weights
    from tokenomics.capacity.reference import errors
    from tokenomics.capacity.shapes import shape

    small, most = shape("tiny").model_copy(update=SMALL), TOLERANCE[ops.precision]
    for prompt in (24, LONG):
        name = f"decoder with a prompt of {prompt} in {ops.precision}"
        found = report.tried(name, errors, ops, small, prompt)
        if found is not None:
            told = f"prefill {found[0]:.2g}, decode {found[1]:.2g}, at most {most:g}"
            report.check(name, max(found) < most, told)
    name = f"capture in {ops.precision}"

    def replayed() -> float:
        step.step(10)
        launched, replay = host(step.logits), ops.captured(lambda: step.step(10))
        step.logits[...] = 0
        replay()
        return float(np.abs(host(step.logits) - launched).max())

    def built() -> Decoder:
        return Decoder(ops, small, random_weights(ops, small, 2), 3, 1, 11)

    step = report.tried(name, built)
    if step is None:
        return
    found = report.tried(name, replayed)
    if found is not None:
        report.check(name, found == 0.0, f"differs from a launched step by {found:g}")
    if ops.backend == "cupy":
        name = f"capture in {ops.precision}, allocations"
        taken = report.tried(name, allocations, ops, lambda: step.step(10))
        if taken is not None:
            report.check(name, taken == 0, f"{taken} in a step, none allowed")


def allocations(ops, step) -> int:
    """Pieces of memory that a step asks CuPy for."""
    counted = []

    class Counter(ops.xp.cuda.MemoryHook):
        name = "counter"

        def malloc_preprocess(self, **_):
            counted.append(1)

    with Counter():
        step()
    return len(counted)


def fp8(report: Report, ops) -> float | None:
    """The fp8 product against float64; its rate [FLOP/s]."""
    from tokenomics.capacity import ceilings, cupy_fp8

    def product(n: int):
        rng = np.random.default_rng(0)
        x, weight = (cupy_fp8.random_codes((n, n), rng) for _ in range(2))
        out = ops.xp.empty((n, n), dtype=np.float16)
        held = ops.xp.asarray(x), ops.xp.asarray(weight)
        return x, weight, out, cupy_fp8.fp8_product(ops, *held, out), held

    def error() -> float:
        x, weight, out, compute, _ = product(256)
        compute()
        want = cupy_fp8.e4m3(x) @ cupy_fp8.e4m3(weight).T
        return float(np.linalg.norm(host(out) - want) / np.linalg.norm(want))

    def rate() -> float:
        n = ceilings.PRODUCT[ops.figure_of]
        _, _, _, compute, _held = product(n)
        compute()
        return 2.0 * n**3 / min(ops.timed(compute, ceilings.REPEATS, CEILING_SECONDS))

    found = report.tried("kernel fp8 product", error)
    if found is None:
        return None
    most = cases.FP8_TOLERANCE
    report.check("kernel fp8 product", found < most, f"error {found:.2g}, at most {most:g}")
    return rated(report, "fp8", report.tried("ceiling fp8", rate))


def ceiling(report: Report, ops) -> float | None:
    """The rate of products in the operations' precision [FLOP/s]."""
    from tokenomics.capacity.ceilings import product_rate

    name = f"ceiling {ops.precision}"
    return rated(report, ops.precision, report.tried(name, product_rate, ops, CEILING_SECONDS))


def rated(report: Report, precision: str, rate: float | None) -> float | None:
    """The rate, said."""
    if rate is not None:
        report.check(f"ceiling {precision}", rate > 0.0, f"{rate / 1e12:.4g} TFLOP/s")
    return rate


def measured(report: Report, ops, rates: dict[str, float], model: str, whole, asked) -> None:
    """Ceilings and times into a file; the table."""
    from tokenomics.capacity import benchmark, benchmark_file
    from tokenomics.capacity.card_bound import known_card
    from tokenomics.capacity.hardware import hardware

    def progress(done: int, total: int) -> None:
        print(f"{'':10}measuring: {done} of {total}")

    found = report.tried("times", benchmark.benchmark, ops, whole, model, asked.seconds, progress)
    if found is None:
        return
    report.check(
        "times",
        True,
        f"{len(found.measured.decode)} decode steps and "
        f"{len(found.measured.prefill)} prefills of {model}, {found.measured.parallel_note}",
    )
    found = benchmark_file.with_rates(found, rates)

    card = known_card(found.device)
    sheet = hardware(card) if card else None
    if sheet is not None:
        report.tried("ceiling against the data sheet", table.beside_sheet, report, found, sheet)
    report.tried("times beside the roofline", table.times, report, found, whole, sheet)
    if report.failed:
        print(f"{'':10}{asked.out} is not written: a check failed")
        return

    def read_again() -> bool:
        benchmark_file.write(found, asked.out)
        return hardware(str(asked.out)) == found

    again = report.tried("file", read_again)
    if again is not None:
        report.check("file", again, f"{asked.out} reads again as it was written")


def main(arguments=None, choose=None) -> int:
    """Run every check; the exit status. choose: the package's own, or a test's."""
    parser = argparse.ArgumentParser(prog="check.sh", description=__doc__)
    parser.add_argument("--backend", choices=("cupy", "numpy"), default="cupy")
    parser.add_argument("--model", help="a shipped model or a YAML file")
    parser.add_argument("--precision", help="of decode and prefill; fp16 on a card")
    parser.add_argument("--seconds", type=float, default=240.0, help="for decode and prefill")
    parser.add_argument("--out", type=Path, default=Path("device.yaml"), help="hardware file")
    asked = parser.parse_args(arguments)
    lacking = missing(NEEDED + (ON_A_CARD if choose is None and asked.backend == "cupy" else ()))
    if lacking:
        print(f"nothing was checked: not installed: {', '.join(lacking)} (pip install .[cuda12])")
        return ABSENT
    from tokenomics.capacity import backend
    from tokenomics.capacity.cupy_fp8 import has_fp8
    from tokenomics.capacity.shapes import shape
    from tokenomics.errors import InputError

    if asked.out.exists():
        print(f"nothing was checked: {asked.out} is there already; --out names another file")
        return WRONG
    choose = choose or backend.choose
    model = asked.model or MODEL[asked.backend]
    try:
        whole = shape(model)
        ops, why = choose(asked.backend, asked.precision)
    except InputError as error:
        print(f"nothing was checked: {error}")
        return ABSENT if error.argument == "backend" else WRONG
    except Exception as error:  # of CuPy: no compiler, no headers, a kernel that does not compile
        print(f"FAILED: nothing could be set up: {type(error).__name__}: {error}")
        return FAILED
    about = ops.described()
    print(", ".join(f"{key} {value}" for key, value in about.items()), f"({why})")
    report, rates = Report(), {}
    for precision in backend.precisions(ops):
        one = report.tried(f"kernel module in {precision}", choose, asked.backend, precision)
        if one is None:
            continue
        kernels(report, one[0])
        decoder(report, one[0])
        rates[precision] = ceiling(report, one[0])
    if has_fp8(ops):
        rates["fp8"] = fp8(report, ops)
    rates = {name: rate for name, rate in rates.items() if rate}
    measured(report, ops, rates, model, whole, asked)
    return report.end(about["device"])


if __name__ == "__main__":
    sys.exit(main())

"""What is solved before a simulation and at a decision is right, and has the same bits on every
processor.
"""

import json
import os
import platform
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import control
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, nnls

from tokenomics.errors import ModelError
from tokenomics.model.controllers import lqr, plant, quadratic_program, riccati
from tokenomics.model.formulas.ordered import product, solve, total
from tokenomics.model.formulas.root import roots

HERE = Path(__file__).resolve().parent
SEEDS = st.integers(0, 2**32 - 1)


def test_sums_go_from_left_to_right():
    assert total([1e100, 1.0, -1e100]) == 0.0  # a compensated sum is 1
    a, b = np.array([[1e100, 1.0, -1e100]]), np.ones((3, 2))
    assert np.all(product(a, b) == 0.0)
    assert np.all(product(a, b[:, 0]) == 0.0)


@settings(max_examples=100, deadline=None)
@given(seed=SEEDS, size=st.integers(1, 6))
def test_products_and_equations_are_those_of_linear_algebra(seed, size):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(size, size)), rng.normal(size=(size, 3))
    np.testing.assert_allclose(product(a, b), a @ b, atol=1e-14)
    x, expected = solve(a, b), np.linalg.solve(a, b)
    error = 1e-14 * np.linalg.cond(a) * np.abs(expected).max()
    np.testing.assert_allclose(x, expected, rtol=0, atol=error)


def test_a_singular_matrix_gives_no_finite_solution():
    assert not np.any(np.isfinite(solve(np.ones((2, 2)), np.eye(2))))


class Weights(NamedTuple):
    """As the parameters of the LQR have them."""

    price_weight: float
    integral_weight: float
    effort_weight: float
    leak: float


def drawn_plant(rng):
    """A plant of `plant.py` with drawn shares of arbitrage, anchoring and the like."""
    arbitrage, anchor, lag = rng.uniform(0.05, 1.0), rng.uniform(0.001, 0.2), rng.uniform(0.05, 1.0)
    keep, pull = rng.uniform(0.0, 0.9), -rng.uniform(0.002, 0.1)
    price = ((1.0 - arbitrage) * (1.0 + pull) + arbitrage * keep * pull, arbitrage * (1.0 - anchor))
    push = 2.0 * ((1.0 - arbitrage) + arbitrage * keep)
    measured = (lag, 0.0, 1.0 - lag)
    rows = ((*price, 0.0), (keep * pull, 1.0 - anchor, 0.0), measured)
    return plant.Plant(rows, (push, 2.0 * keep, 0.0), measured)


@settings(max_examples=50, deadline=None)
@given(seed=SEEDS, steps=st.integers(1, 14))
def test_the_gains_of_drawn_plants_are_python_controls(seed, steps):
    """Relative to the largest gain: 1e-10, the filter's 1e-9, which is what python-control's have
    of them.
    """
    rng = np.random.default_rng(seed)
    weights = Weights(
        price_weight=10.0 ** rng.uniform(-1, 1),
        integral_weight=10.0 ** rng.uniform(-4, 0),
        effort_weight=10.0 ** rng.uniform(0, 3),
        leak=rng.uniform(0.0, 0.1),
    )
    noise, news, interval = 10.0 ** rng.uniform(-2, -1), 10.0 ** rng.uniform(-5, -2), float(steps)
    found = lqr.gains(weights, interval, 1.0, noise, drawn_plant(rng), news)
    wide, steer = lqr.augmented(found.a, found.b, found.c, interval, weights.leak)
    gain, cost, _ = control.dlqr(
        wide, steer[:, None], lqr.state_weights(weights), [[weights.effort_weight]]
    )
    mine = np.append(found.feedback, found.integral)
    np.testing.assert_allclose(mine, gain[0], rtol=0, atol=1e-10 * np.abs(gain).max())
    np.testing.assert_allclose(found.cost, cost, rtol=0, atol=1e-10 * np.abs(cost).max())
    process = np.diag([1e-9, news * interval + 1e-9, 1e-12])
    _, p, _ = control.dlqe(found.a, np.eye(3), found.c[None, :], process, [[noise * noise]])
    update = p @ found.c / (found.c @ p @ found.c + noise * noise)
    np.testing.assert_allclose(found.filter, update, rtol=0, atol=1e-9 * np.abs(update).max())


@pytest.mark.parametrize("weight", [1e-12, 1e-4, 1.0])
def test_the_riccati_equation_holds_in_exact_arithmetic(weight):
    """Also where the weight of the integral is so small that python-control keeps half of the
    digits: x (1 + g x)⁻¹ = (x⁻¹ + g)⁻¹, in fractions.
    """
    rng = np.random.default_rng(3)
    a, b, c = plant.held(drawn_plant(rng), 7)
    wide, steer = lqr.augmented(a, b, c, 7.0, 0.0)
    g = np.multiply.outer(steer, steer) / 100.0
    q = np.diag([1.0, 0.0, 0.0, weight])
    x = riccati.stabilising(wide, g, q)

    def exact(matrix):
        return np.array([[Fraction(v) for v in row] for row in matrix.tolist()])

    fa, fg, fq, fx = map(exact, (wide, g, q, x))
    eye = exact(np.eye(4))
    inside = solve_exactly(eye + fg.dot(fx), fa)
    residual = (fa.T.dot(fx).dot(inside) + fq - fx).astype(float)
    assert np.abs(residual).max() <= 1e-14 * np.abs(x).max()
    assert np.abs(np.linalg.eigvals(inside.astype(float))).max() < 1.0


def solve_exactly(a, b):
    """x with a x = b, of fractions."""
    table = np.concatenate([a, b], axis=1)
    for k in range(len(a)):
        pivot = next(i for i in range(k, len(a)) if table[i, k])
        table[[k, pivot]] = table[[pivot, k]]
        table[k] = table[k] / table[k, k]
        for i in range(len(a)):
            if i != k:
                table[i] = table[i] - table[i, k] * table[k]
    return table[:, len(a) :]


def test_a_plant_that_no_gain_holds_is_refused():
    growing = np.diag([1.1, 0.5])
    reach = np.diag([0.0, 1.0])
    with pytest.raises(ModelError, match="no stabilising solution"):
        riccati.stabilising(growing, reach, np.eye(2))


def drawn_program(rng):
    """Hessian, gradient, rows (the unknowns first) and limits of a program; many of its limits meet
    in one point, and some leave nothing.
    """
    size = int(rng.integers(1, 7))
    whole = rng.random() < 0.5  # whole numbers, so that limits tie
    root = rng.integers(-2, 3, (size, size)) if whole else rng.normal(size=(size, size))
    hessian = root @ root.T + 10.0 ** rng.uniform(-2, 1) * np.eye(size)
    gradient = rng.integers(-4, 5, size) if whole else rng.normal(0.0, 3.0, size)
    eye = np.eye(size)
    rows = np.vstack([eye, eye - np.eye(size, k=-1), np.tril(np.ones((size, size)))])
    if whole:
        lower, upper = -rng.integers(0, 3, len(rows)), rng.integers(0, 3, len(rows))
        shift = rng.integers(-1, 2) * (rng.random() < 0.3)
        lower, upper = lower + shift, upper + shift
    else:
        middle = rng.normal(0.0, 0.2, len(rows))
        lower, upper = middle - rng.exponential(size=len(rows)), middle + rng.exponential()
    lower = np.where(np.arange(len(rows)) < 2 * size, lower, -np.inf)
    return hessian, gradient, rows, lower.astype(float), upper.astype(float)


def optimum(answers, free, lower, upper):
    """The rows' values at the optimum, None where there is none; by machine code, and by Python
    with the same bits.
    """
    rows = len(free)
    given = [np.ascontiguousarray(a) for a in (answers.ravel(), lower, upper)]
    work = [free.copy(), *np.empty((2, rows)), np.empty(rows * rows), np.empty(1)]
    plain = [a.tolist() for a in (*given, *work)]
    quadratic_program.solve.plain(rows, *plain)
    quadratic_program.solve(rows, *(a.ctypes.data for a in (*given, *work)))
    np.testing.assert_array_equal(work[-1], plain[-1])
    np.testing.assert_array_equal(work[0], plain[3])
    return work[0] if work[-1] else None


@settings(max_examples=300, deadline=None)
@given(seed=SEEDS)
def test_the_quadratic_program_is_solved_or_has_no_solution(seed):
    """At the optimum the gradient is a sum of the active limits' normals, with multipliers of one
    sign (Karush, Kuhn and Tucker): sufficient, because the program is convex.
    """
    hessian, gradient, rows, lower, upper = drawn_program(np.random.default_rng(seed))
    size, inverse = len(hessian), np.linalg.inv(hessian)
    answers = rows @ inverse @ rows.T
    free = -rows @ inverse @ gradient
    values = optimum((answers + answers.T) / 2.0, free, lower, upper)
    bounded = np.isfinite(lower)
    if values is None:
        feasible = linprog(
            np.zeros(size),
            A_ub=np.vstack([rows, -rows[bounded]]),
            b_ub=np.concatenate([upper, -lower[bounded]]),
            bounds=[(None, None)] * size,
        )
        assert feasible.status == 2  # none
        return
    u = values[:size]
    np.testing.assert_allclose(rows @ u, values, atol=1e-8)
    assert np.all(values <= upper + 1e-9) and np.all(values >= lower - 1e-9)
    slope = hessian @ u + gradient
    active = np.vstack([rows[values >= upper - 1e-8], -rows[values <= lower + 1e-8]])
    rest = nnls(active.T, -slope)[1] if len(active) else np.linalg.norm(slope)
    assert rest <= 1e-8 * max(1.0, np.linalg.norm(gradient))


def test_roots_are_found_each_by_itself():
    targets = np.array([1.0, 2.0, 7.0, 1e-9, 50.0, np.nan])

    def cube(x, which):
        return x * x * x - targets[which]

    found = roots(cube, np.zeros(6), np.full(6, 3.0))
    np.testing.assert_allclose(found[:4], np.cbrt(targets[:4]), rtol=1e-14)
    assert np.all(np.isnan(found[4:]))  # not between the ends, and not a number
    alone = [
        roots(lambda x, _, t=t: x * x * x - t, np.zeros(1), np.full(1, 3.0))[0] for t in targets
    ]
    np.testing.assert_array_equal(found, alone)


# loops of NumPy that this processor runs and that can be switched off
LOOPS = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
WIDE = [name for name in LOOPS if name.startswith(("AVX512", "X86_V4"))]
PROCESSORS = {  # by OpenBLAS's name: LLVM's, the loops to switch off, and whether it runs here
    "Prescott": ("x86-64", LOOPS, True),
    "Haswell": ("x86-64-v3", WIDE, len(LOOPS) > len(WIDE)),
    "SkylakeX": ("x86-64-v4", [], len(WIDE) > 0),
}


@pytest.mark.slow
@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="there are no other kernels to choose"
)
def test_designs_moves_and_starts_have_the_same_bits_on_every_processor(tmp_path):
    """With the kernels of OpenBLAS (any other BLAS does not look at its variable), the loops of
    NumPy and the machine code of processors of three ages.
    """
    found = {}
    for kernel, (processor, off, able) in PROCESSORS.items():
        settings = {
            "PYTHONPATH": str(HERE.parent),
            "OPENBLAS_CORETYPE": kernel,
            "NPY_DISABLE_CPU_FEATURES": " ".join(off),
            "TOKENOMICS_CPU": processor,
            "TOKENOMICS_CACHE": str(tmp_path),
        }
        if able:
            done = subprocess.run(
                [sys.executable, str(HERE / "designs.py")],
                env={**os.environ, **settings},
                capture_output=True,
                text=True,
                check=True,
            )
            found[kernel] = json.loads(done.stdout)
    oldest = found.pop("Prescott")
    assert len(oldest) > 30
    for kernel, digests in found.items():
        assert digests == oldest, kernel

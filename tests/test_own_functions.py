"""A user's own functions compute exp, log and their like with ours, wherever they have them from;
what cannot be reached so, and gives other last digits on other processors, is refused by name, with
file and line, unless the model is declared not strict.
"""

import cmath
import functools
import importlib
import math
import operator
import re
import statistics
from math import exp as plain_exp
from math import log

import numpy
import numpy as np
import pytest
import scipy.special
from numpy import exp as array_exp

import tokenomics as tk
from tokenomics.elementary import FUNCTIONS, exp, power
from tokenomics.model.controllers import LAWS
from tokenomics.model.same_bits import left, with_our_functions

X = np.linspace(0.05, 3.0, 400)  # with NumPy's own functions some last digits differ in any case
RATE = 0.5
COUNTER = 0
HELPERS = """
import numpy as np
RATE = 2.0
def decay(x):
    return np.exp(-RATE * x)
"""


def by_alias(x):
    return np.exp(x)


def by_name_of_the_module(x):
    return numpy.exp(x)


def by_its_own_name(x):
    return array_exp(x)


def of_plain_numbers(x):
    return np.array([math.exp(one) for one in x])


def of_plain_numbers_by_its_own_name(x):
    return np.array([plain_exp(one) for one in x])


def imported_within(x):
    import numpy as mine

    return mine.exp(x)


def from_import_within(x):
    from math import exp, log

    return np.array([exp(one) + 0.0 * log(2.0) for one in x])


def by_a_helper(x):
    return by_alias(x)


def by_an_alias_of_the_function(x):
    function = np.exp
    return function(x)


def in_a_nested_function(x):
    def inner(y):
        return [np.exp(one) for one in y]

    return np.array(inner(x))


def by_default(x, function=np.exp, *, other=by_alias):
    return 0.5 * (function(x) + other(x))


def closure():
    module, function, own = np, np.exp, by_alias

    def inner(x):
        return (module.exp(x) + function(x) + own(x)) / 3.0

    return inner


def itself(x, depth=3):
    return np.exp(x) if depth == 0 else itself(x, depth - 1)


def one(x, depth=3):
    return np.exp(x) if depth == 0 else other(x, depth - 1)


def other(x, depth):
    return one(x, depth)


def nested_recursion():
    def inner(x, depth=2):
        return np.exp(x) if depth == 0 else inner(x, depth - 1)

    return inner


def twice(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return 0.5 * (function(*arguments) + np.exp(*arguments))

    return wrapper


@twice
def decorated(x):
    return np.exp(x)


def of_two(rate, x, function):
    return function(rate * x)


class Decay:
    """Has a method, and can be called."""

    def method(self, x):
        return np.exp(x)

    __call__ = method

    @staticmethod
    def static(x):
        return np.exp(x)

    @classmethod
    def of_the_class(cls, x):
        return np.exp(x)


SAME = {
    function.__name__: function
    for function in (
        *(by_alias, by_name_of_the_module, by_its_own_name, of_plain_numbers),
        *(of_plain_numbers_by_its_own_name, imported_within, from_import_within, by_a_helper),
        *(by_an_alias_of_the_function, in_a_nested_function, by_default, itself, one, decorated),
    )
} | {
    "lambda": lambda x: np.exp(x),
    "closure": closure(),
    "nested recursion": nested_recursion(),
    "partial": functools.partial(of_two, 1.0, function=np.exp),
    "partial of a partial": functools.partial(functools.partial(of_two, 1.0), function=by_alias),
    "method": Decay().method,
    "object": Decay(),
    "static": Decay.static,
    "of the class": Decay.of_the_class,
}


def same(a, b):
    return np.array_equal(np.asarray(a).view(np.int64), np.asarray(b).view(np.int64))


@pytest.mark.parametrize("function", SAME.values(), ids=SAME)
def test_ours_stand_for_numpy_s_and_python_s(function):
    assert left(function) == ""
    mean = (exp(X) + exp(X) + exp(X)) / 3.0 if function is SAME["closure"] else exp(X)
    assert same(with_our_functions(function)(X), mean)


def test_numpy_s_own_functions_would_be_seen():
    """Where NumPy computed as we do the tests above could not fail."""
    assert any(not same(getattr(np, n)(X), FUNCTIONS[n](X)) for n in ("exp", "log", "tanh", "sin"))
    assert not same(np.array([math.exp(x) for x in X]), np.exp(X)) or not same(np.exp(X), exp(X))


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if hasattr(np, n) and n != "power"])
def test_every_function_of_numpy_s_and_of_math_s_is_replaced(name):
    assert with_our_functions(lambda x: getattr(np, name)(x))(0.7) == FUNCTIONS[name](0.7)
    c_name = {"arctan": "atan"}.get(name, name)
    if hasattr(math, c_name):
        assert with_our_functions(lambda x: getattr(math, c_name)(x))(0.7) == FUNCTIONS[name](0.7)


def test_powers_and_logarithms_to_a_base():
    assert with_our_functions(lambda x: np.power(x, 0.3))(0.7) == power(0.7, 0.3)
    assert with_our_functions(lambda x: math.pow(x, 0.3))(0.7) == power(0.7, 0.3)
    own = FUNCTIONS["log"]
    assert with_our_functions(lambda x: log(x))(0.7) == own(0.7)
    assert with_our_functions(lambda x: log(x, 3.0))(0.7) == own(0.7) / own(3.0)


def test_a_user_s_module_is_reached(tmp_path, monkeypatch):
    (tmp_path / "own_helpers.py").write_text(HELPERS)
    monkeypatch.syspath_prepend(tmp_path)
    helpers = importlib.import_module("own_helpers")

    def by_the_module(x):
        return helpers.decay(x)

    def within(x):
        from own_helpers import decay

        return decay(x)

    for function in (by_the_module, within):
        assert left(function) == ""
        assert same(with_our_functions(function)(X), exp(-2.0 * X))


def by_a_constant(x):
    return np.exp(RATE * x)


def test_a_constant_that_changes_later_is_seen(monkeypatch):
    copy = with_our_functions(by_a_constant)
    monkeypatch.setitem(globals(), "RATE", 0.25)
    assert same(copy(X), exp(0.25 * X))


def test_a_copy_is_called_and_named_as_the_function():
    def function(x, y=2.0, *, z=3.0):
        """What it does."""
        return np.exp(x + y + z)

    function.mark = "mine"
    copy = with_our_functions(function)
    assert (copy.__name__, copy.__doc__, copy.mark) == ("function", "What it does.", "mine")
    assert copy(1.0) == exp(6.0)
    assert copy(1.0, z=0.0) == exp(3.0)
    assert with_our_functions(copy) is copy
    assert with_our_functions(exp) is exp
    with pytest.raises(NameError, match="undefined_name"):
        with_our_functions(lambda x: undefined_name)(1.0)  # noqa: F821


def squares(x, low):
    many = x**2
    two = x ** (2 if low else 3)
    return many + two


def test_squares_are_products_and_a_jump_keeps_its_exponent():
    copy = with_our_functions(lambda x: (x + 1.0) ** 2)
    assert same(copy(X), (X + 1.0) * (X + 1.0))
    assert [copy(float(x)) for x in X] == [(x + 1.0) * (x + 1.0) for x in X]
    assert with_our_functions(squares)(2.0, False) == 12.0
    assert with_our_functions(squares)(2.0, True) == 8.0


def test_a_constant_beyond_the_256th_is_not_mistaken():
    lines = "".join(f"    y = y + {i}.25\n" for i in range(300))
    names = {}
    exec(f"def many(x):\n    y = 0.0\n{lines}    return y + x ** 2\n", names)
    assert with_our_functions(names["many"])(3.0) == names["many"](3.0)
    assert "takes a power by '**' (<string>, line 303)" in left(names["many"])


def sets_a_global(x):
    global COUNTER
    COUNTER = 1
    return by_alias(x)


FEE = 3.0


def defines_a_class(x):
    class Order:
        fee = FEE

    return Order.fee * x


def evaluates(x):
    return eval("FEE") * x


def asks_for_globals(x):
    return globals().get("FEE", 0.0) * x


@pytest.mark.parametrize("function", [defines_a_class, evaluates, asks_for_globals])
def test_globals_that_are_found_past_the_copy_are_found(function):
    assert with_our_functions(function)(2.0) == 6.0


def exp_beside_a_class(x):
    class Order:
        fee = np.exp(FEE)

    return Order.fee * x


TABLE = {"decay": np.exp}


@functools.lru_cache
def cached(x):
    return np.exp(x)


@np.vectorize
def element(x):
    return math.exp(x)


class Holder:
    """Has functions that its methods call."""

    def __init__(self):
        self.function = np.exp

    def by_another_method(self, x):
        return self.decay(x)

    def decay(self, x):
        return np.exp(x)

    def by_an_attribute(self, x):
        return self.function(x)

    def unused(self, x):
        return np.sinh(x)


HOLDER = Holder()


def in_place(x):
    x **= 2
    return x


REFUSED = {
    "power": (lambda x: x**0.5, r"takes a power by '\*\*'"),
    "cube": (lambda x: x**3, r"takes a power by '\*\*'"),
    "a power of a number": (lambda x: 2.0**x, r"takes a power by '\*\*'"),
    "a choice of exponents": (squares, r"takes a power by '\*\*'"),
    "in place": (in_place, r"takes a power by '\*\*'"),
    "in a decorator": (twice(lambda x: np.sinh(x)), "uses np.sinh"),
    "sinh": (lambda x: np.sinh(x), "uses np.sinh"),
    "of math": (lambda x: math.erf(x), "uses math.erf"),
    "pow": (lambda x: pow(x, 0.3), r"uses pow .* expected tokenomics.elementary.power"),
    "operator": (lambda x: operator.pow(x, 0.3), r"uses operator.pow .*elementary.power"),
    "scipy": (lambda x: scipy.special.erf(x), "uses scipy.special.erf"),
    "linear algebra": (lambda x: np.linalg.norm(x), "uses np.linalg.norm"),
    "complex": (lambda x: cmath.exp(x), "uses cmath.exp"),
    "statistics": (lambda x: statistics.fmean(x), "uses statistics.fmean"),
    "through numpy": (lambda x: np.emath.power(x, 0.3), "uses np.emath.power"),
    "inside of numpy": (lambda x: np.logspace(0.0, x, 3), "uses np.logspace"),
    "product of matrices": (lambda x: np.dot(x, x), "uses np.dot"),
    "sets globals": (sets_a_global, r"uses np.exp .* expected tokenomics.elementary.exp"),
    "defines a class": (exp_beside_a_class, r"uses np.exp .*elementary.exp"),
    "in a table": (lambda x: TABLE["decay"](x), r"uses TABLE\[...\] .*elementary.exp"),
    "cached": (lambda x: cached(x), r"uses np.exp .*elementary.exp"),
    "vectorised": (lambda x: element(x), r"uses math.exp .*elementary.exp"),
    "another method": (Holder().by_another_method, r"uses np.exp .*elementary.exp"),
    "an attribute": (Holder().by_an_attribute, r"uses function, .*elementary.exp"),
    "of an object": (lambda x: HOLDER.decay(x), r"uses np.exp .*elementary.exp"),
    "of a class": (lambda x: Decay.static(x), "uses np.exp"),
}


@pytest.mark.parametrize(("function", "told"), REFUSED.values(), ids=REFUSED)
def test_what_is_left_is_told(function, told):
    found = left(function)
    assert re.search(told, found), found
    assert "differ between processors" in found and found.endswith("or Model(..., strict=False)")


def test_methods_that_nobody_calls_are_left_alone():
    assert "sinh" not in left(Holder().by_another_method)


def test_file_and_line_are_told():
    def own(x):
        y = 2.0 * x
        return np.sinh(y)

    line = own.__code__.co_firstlineno + 2
    assert f"uses np.sinh (test_own_functions.py, line {line})" in left(own)


def price(state, factor):
    return {"inference_price": state["inference_price"] * factor}


def model(policy, **options):
    block = tk.block("mine", tk.writes("inference_price")(policy))
    found = tk.MODEL.insert(block, after="the network's price moves")
    return tk.Model(found.blocks, found.extra_shocks, **options)


def hyperbolic(params, substep, history, state):
    return price(state, 1.0 + 1e-3 * np.sinh(state["utilisation"]))


def root(params, substep, history, state):
    return price(state, 1.0 + 1e-3 * state["utilisation"] ** 0.3)


def branching(params, substep, history, state):
    if state["utilisation"] > 0.5:
        return price(state, 1.0)
    return price(state, 1.0 + 1e-3 * math.sinh(state["utilisation"]))


HIDDEN = [[[[[np.exp]]]]]


def hidden(params, substep, history, state):
    return price(state, HIDDEN[0][0][0][0][0](0.01 * state["utilisation"]))


@pytest.mark.parametrize("engine", ["cadcad", "ensemble"])
@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (hyperbolic, "uses np.sinh"),
        (root, r"takes a power by '\*\*'"),
        (branching, "uses math.sinh"),
        (hidden, "np.exp gives other last digits on other processors"),
    ],
)
def test_both_engines_refuse_before_a_step_is_simulated(engine, policy, told):
    name, line = policy.__name__, policy.__code__.co_firstlineno
    with pytest.raises(tk.ModelError, match=told) as caught:
        tk.run("baseline", days=2, engine=engine, model=model(policy))
    message = str(caught.value)
    assert "'mine'" in message and f"'{name}'" in message
    assert any(f"(test_own_functions.py, line {line + i})" in message for i in (1, 2, 3))
    assert "strict=False" in message


def growing(params, substep, history, state):
    return price(state, np.exp(1e-3 * np.tanh(state["utilisation"])))


def test_both_engines_compute_with_ours():
    runs = {
        engine: tk.run("baseline", days=5, runs=3, engine=engine, model=model(growing))
        for engine in ("cadcad", "ensemble")
    }
    a, b = (run.dataset["inference_price"].values for run in runs.values())
    assert same(a, b)


@pytest.mark.parametrize("engine", ["cadcad", "ensemble"])
def test_a_model_that_is_not_strict_runs(engine):
    found = tk.run("baseline", days=3, runs=2, engine=engine, model=model(root, strict=False))
    strict = tk.run("baseline", days=3, runs=2, engine=engine)
    a, b = (run.dataset["inference_price"].values for run in (found, strict))
    assert np.all(np.isfinite(a)) and not same(a, b)


def test_numpy_s_own_function_is_recorded_where_the_model_is_not_strict():
    lax = model(root, strict=False)
    a, b = (
        tk.run("baseline", days=3, runs=2, engine=engine, model=lax)
        .dataset["inference_price"]
        .values
        for engine in ("cadcad", "ensemble")
    )
    np.testing.assert_allclose(a, b, rtol=1e-12)


def test_a_law_is_looked_at_and_gets_ours(monkeypatch):
    def law(function):
        def decide(params, state, error, dt, low, high):
            return tk.Command(1e-6 * function(error))

        return decide

    monkeypatch.setattr("tokenomics.model.controllers.LAWS", LAWS)
    policy = {"controller": {"type": "mine"}}
    try:
        tk.register_controller("mine", law(np.sinh))
        for engine in ("cadcad", "ensemble"):
            with pytest.raises(tk.ModelError, match="controller 'mine' uses function"):
                tk.run("baseline", policy=policy, days=3, engine=engine)
        del LAWS["mine"]
        tk.register_controller("mine", law(np.tanh))
        for engine in ("cadcad", "ensemble"):
            tk.run("baseline", policy=policy, days=3, engine=engine)
    finally:
        LAWS.pop("mine", None)


def heated(start):
    @tk.writes(tk.Variable("heat", "1", "a test's", 1.0, start=start))
    def policy(params, substep, history, state):
        return {"heat": state["heat"] * 1.0}

    return tk.MODEL.insert(tk.block("mine", policy), after="the network's price moves")


def test_a_start_is_looked_at_and_gets_ours():
    run = tk.run("baseline", days=1, model=heated(lambda params, rest: math.exp(0.7)))
    assert float(run.dataset["heat"].values[0, 0]) == exp(0.7)
    for engine in ("cadcad", "ensemble"):
        with pytest.raises(tk.ModelError, match="variable 'heat': its start uses math.sinh"):
            tk.run(
                "baseline",
                days=1,
                engine=engine,
                model=heated(lambda params, rest: math.sinh(0.7)),
            )

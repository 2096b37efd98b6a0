"""The names that users import: few, listed in one place, and every parameter of theirs is
described.
"""

import dataclasses
import inspect
import re
import typing

import pytest
from matplotlib.figure import Figure

import tokenomics
from tokenomics.errors import TokenomicsError
from tokenomics.papers.reproduction import Reproduction

LISTED = [name for name in tokenomics.__all__ if name != "__version__"]


def of_this_package(found):
    return getattr(found, "__module__", "").startswith("tokenomics")


def classes_in(annotation):
    """The package's classes that an annotation names, in unions and containers too."""
    if isinstance(annotation, type):
        return {annotation} if of_this_package(annotation) else set()
    return {found for part in typing.get_args(annotation) for found in classes_in(part)}


def returned_by(function):
    annotation = inspect.signature(function).return_annotation
    namespace = vars(inspect.getmodule(function)) | {
        "Figure": Figure,
        "Reproduction": Reproduction,
    }  # imported for type checkers alone
    return classes_in(eval(annotation, namespace) if isinstance(annotation, str) else annotation)


def methods(kind):
    """Public methods that the class defines itself, as functions."""
    found = {name: value for name, value in vars(kind).items() if not name.startswith("_")}
    return {
        name: getattr(value, "__func__", value)
        for name, value in found.items()
        if inspect.isfunction(getattr(value, "__func__", value))
    }


def reached():
    """Public callables, the classes that they return, and the methods of all these, by name."""
    functions, kinds, constructors, waiting = (
        {},
        {},
        {},
        {name: getattr(tokenomics, name) for name in LISTED},
    )
    while waiting:
        name, found = waiting.popitem()
        if isinstance(found, type):
            if found in kinds:
                continue
            kinds[found] = name
            if (
                inspect.isfunction(found.__init__)
                and of_this_package(found.__init__)
                and not dataclasses.is_dataclass(found)
            ):
                constructors[name] = found
            waiting |= {f"{name}.{method}": function for method, function in methods(found).items()}
        elif inspect.isfunction(found):
            functions[name] = found
            waiting |= {kind.__name__: kind for kind in returned_by(found) if kind not in kinds}
    return functions | constructors, {name: kind for kind, name in kinds.items()}


FUNCTIONS, CLASSES = reached()


def named(parameter, text):
    return re.search(rf"(?<![\w.]){re.escape(parameter)}(?!\w)", text or "")


@pytest.mark.parametrize("name", LISTED)
def test_a_public_name_has_a_docstring(name):
    found = getattr(tokenomics, name)
    assert of_this_package(
        found if isinstance(found, type) or inspect.isfunction(found) else type(found)
    )
    assert inspect.getdoc(
        found if isinstance(found, type) or inspect.isfunction(found) else type(found)
    )


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_parameter_of_a_public_function_or_method_is_described(name):
    function = FUNCTIONS[name]
    parameters = [p for p in inspect.signature(function).parameters if p not in ("self", "cls")]
    assert function.__doc__, name
    assert [p for p in parameters if not named(p, function.__doc__)] == [], name


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_field_of_a_public_class_is_described(name):
    kind = CLASSES[name]
    assert kind.__doc__, name
    if dataclasses.is_dataclass(kind) and not issubclass(kind, TokenomicsError):
        told = inspect.getsource(
            kind
        )  # a comment or text beside a field describes it, as the docstring does
        fields = [
            field.name for field in dataclasses.fields(kind) if not field.name.startswith("_")
        ]
        assert [
            field
            for field in fields
            if not named(field, kind.__doc__) and not re.search(rf"^    {field}:.*#", told, re.M)
        ] == [], name


def test_the_list_of_public_names_is_whole_and_stands_in_one_place():
    text = tokenomics.__doc__
    listed = re.findall(r"^    ([A-Za-z_]\w*)  +\S", text.split("Public names", 1)[1], re.M)
    assert sorted(listed) == sorted(LISTED)
    assert len(listed) == len(set(listed))

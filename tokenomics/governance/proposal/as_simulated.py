"""A proposal's file with the runs and the seed that were simulated, where the command line set
others: all else as it was given.
"""

from __future__ import annotations

import re

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode

from ...errors import InputError

PLAIN = re.compile(r"[0-9]+")


def as_simulated(content: bytes, file: str, **numbers: int | None) -> bytes:
    """The file's bytes with other numbers at some keys of its first level; None leaves what is
    there.

    Raises InputError where one does not stand there as a plain number. file: for errors.
    """
    text = content.decode("utf-8-sig")
    for key, number in numbers.items():
        if number is None:
            continue
        node = _values(text).get(key)
        written = (
            text[node.start_mark.index : node.end_mark.index]
            if isinstance(node, ScalarNode)
            else "no plain number"
        )
        if not PLAIN.fullmatch(written):
            raise InputError(
                f"'{written[:40]}'",
                file=file,
                key=key,
                expected="a whole number in digits, in whose place another can be set",
            )
        text = text[: node.start_mark.index] + str(number) + text[node.end_mark.index :]
    return text.encode() if any(number is not None for number in numbers.values()) else content


def _values(text: str) -> dict[str, object]:
    """The nodes of a mapping's values, by key."""
    try:
        tree = YAML(typ="rt", pure=True).compose(text)
    except YAMLError as error:
        raise InputError(f"not YAML ({error})"[:200]) from None
    return {key.value: value for key, value in tree.value} if isinstance(tree, MappingNode) else {}

"""YAML as this package writes it: it loads again, and steers no terminal on which it is shown."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import SafeRepresenter

WIDTH = 4096  # of a line
LONGEST_KEY = 100  # characters; a longer key is written otherwise


class _Representer(SafeRepresenter):
    """Texts that hold what is no letter, a change of the reading direction say, stand between
    quotes, where it can be written as \\uXXXX.
    """

    def represent_str(self, data: str) -> ScalarNode:
        """A text."""
        return self.represent_scalar(
            "tag:yaml.org,2002:str", data, style=None if data.isprintable() else '"'
        )


_Representer.add_representer(str, _Representer.represent_str)


def _dumped(tree: Any) -> str:
    """As ruamel writes it, which looks at every character of every text."""
    yaml, out = YAML(typ="safe", pure=True), io.StringIO()
    yaml.Representer = _Representer
    yaml.default_flow_style, yaml.width = False, WIDTH
    yaml.sort_base_mapping_type_on_output = False
    yaml.dump(tree, out)
    return out.getvalue()


def _leaves(tree: Mapping[str, Any]) -> Iterator[tuple[Any, int]]:
    """Keys and values of mappings within one another, with the length that one must not reach."""
    for key, value in tree.items():
        yield key, LONGEST_KEY
        if isinstance(value, dict) and value:
            yield from _leaves(value)
        else:
            yield value, WIDTH // 2


def _on_a_line(leaf: Any, most: int) -> bool:
    """Whether a leaf is sure to be written on one line."""
    if isinstance(leaf, str):
        return len(leaf) < most and leaf.isprintable()
    return leaf is None or isinstance(leaf, bool | int | float) or leaf == {}


def _lines(tree: Mapping[str, Any], written: Mapping[str, str], indent: str) -> Iterator[str]:
    """The lines of mappings within one another. written: of every leaf by its `repr`."""
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield f"{indent}{written[repr(key)]}:"
            yield from _lines(value, written, f"{indent}  ")
        else:
            yield f"{indent}{written[repr(key)]}: {written[repr(value)]}"


def _simple(tree: Any) -> dict[Any, Any]:
    """What of a tree is mappings of what is written on one line."""
    own = tree if isinstance(tree, dict) else {}
    return {k: v for k, v in own.items() if all(_on_a_line(*one) for one in _leaves({k: v}))}


def yaml_texts(trees: Sequence[Any]) -> list[str]:
    """`yaml_text` of several trees, in which much is alike."""
    simple = [_simple(tree) for tree in trees]
    # trees of parameters say the same units and sources again and again: each is written once
    leaves = {repr(leaf): leaf for some in simple for leaf, _ in _leaves(some)}
    lines = _dumped(list(leaves.values())).splitlines() if leaves else []
    written = {name: line[2:] for name, line in zip(leaves, lines, strict=True)}
    return [_text(tree, some, written) for tree, some in zip(trees, simple, strict=True)]


def _text(tree: Any, simple: Mapping[Any, Any], written: Mapping[str, str]) -> str:
    """written: the leaves of what is `simple`, as `_lines` takes them."""
    if simple:
        text = "".join(
            "\n".join([*_lines({key: value}, written, ""), ""])
            if key in simple
            else _dumped({key: value})
            for key, value in tree.items()
        )
    else:
        text = _dumped(tree)
    # nothing but a text between double quotes can still hold such a character
    return "".join(
        c
        if c.isprintable() or c == "\n"
        else f"\\u{ord(c):04x}"
        if ord(c) < 65536
        else f"\\U{ord(c):08x}"
        for c in text
    )


def yaml_text(tree: Any) -> str:
    """Mappings, lists and plain values as YAML, in their order."""
    return yaml_texts([tree])[0]

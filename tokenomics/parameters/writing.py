"""YAML as this package writes it: it loads again, and steers no terminal on which it is shown."""

from __future__ import annotations

import io
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import SafeRepresenter


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


def yaml_text(tree: Any) -> str:
    """Mappings, lists and plain values as YAML, in their order."""
    yaml, out = YAML(typ="safe", pure=True), io.StringIO()
    yaml.Representer = _Representer
    yaml.default_flow_style, yaml.width = False, 4096
    yaml.sort_base_mapping_type_on_output = False
    yaml.dump(tree, out)
    # nothing but a text between double quotes can still hold such a character
    return "".join(
        c
        if c.isprintable() or c == "\n"
        else f"\\u{ord(c):04x}"
        if ord(c) < 65536
        else f"\\U{ord(c):08x}"
        for c in out.getvalue()
    )

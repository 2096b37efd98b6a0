"""What `--help` says of the commands of a group: whole sentences, wrapped and never cut."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from typer.core import TyperGroup

WHOLE = 1_000  # characters; more than any first sentence has
HEADING = re.compile(r"\b(Examples?): ")
BETWEEN = " | "  # two examples
AS_IT_IS = "\b"  # click's mark of a paragraph that it does not wrap


def each_on_its_line(epilog: str) -> str:
    """The end of a command's help, its examples on a line each, which can be copied."""
    before, heading, lines = HEADING.split(epilog)
    examples = [AS_IT_IS, f"{heading}:", *(f"  {one}" for one in lines.split(BETWEEN))]
    return "\n".join([*([before.strip(), ""] if before else []), *examples])


class Sentences(TyperGroup):
    """A group whose help has the first sentence of every command."""

    def sections(self) -> Mapping[str, Iterable[str]]:
        """Its commands by the heading under which they stand."""
        return {"Commands": self.commands}

    def listed_command(self, name: str) -> Any:
        """A command, or what stands for it in the help."""
        return self.commands[name]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the sections, the sentences of all below one another."""
        width = max(map(len, self.commands))
        for heading, names in self.sections().items():
            with formatter.section(heading):
                formatter.write_dl(
                    [
                        (name.ljust(width), self.listed_command(name).get_short_help_str(WHOLE))
                        for name in names
                    ]
                )

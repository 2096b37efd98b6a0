"""What `--help` says of the commands of a group: whole sentences, wrapped and never cut."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from typer.core import TyperGroup

WHOLE = 1_000  # characters; more than any first sentence has


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

"""Help that groups the commands, in plain text: it must answer at once, and Rich's own takes twice as long."""

from typing import Any

from typer.core import TyperGroup


class GroupedCommands(TyperGroup):
    """Lists the commands under the panel that each one names."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the signature is Typer's
        """Write one section a panel, in the order in which the commands are declared."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            panel = getattr(command, "rich_help_panel", None) or "Commands"
            panels.setdefault(str(panel), []).append((name, command.get_short_help_str(limit=100)))
        for panel, rows in panels.items():
            with formatter.section(panel):
                formatter.write_dl(rows)

"""The entry point: finds the command, and turns what goes wrong into an exit status.

0 done, 1 nothing could be mapped or a check failed, 2 bad input, 130 interrupted.
"""

from __future__ import annotations

import importlib
import os
import sys

import click

from ... import __version__
from ...ir.text import Diagnostic

# Command -> (module, function). Modules are imported when their command runs: `--help` and `fmt`
# do not wait for Numba and onnx.
_COMMANDS = {
    "map": ("map_command", "map_command"),
    "eval": ("eval_command", "eval_command"),
    "check": ("eval_command", "check_command"),
    "import": ("text_commands", "import_command"),
    "fmt": ("text_commands", "fmt_command"),
    "hw": ("hw_commands", "hw_group"),
}
_SUMMARIES = {
    "map": "Map every operator of a network onto a chip.",
    "eval": "Cost and access counts of given mappings.",
    "check": "Whether given mappings are legal on a chip.",
    "import": "Lower a network to a `.nest` text.",
    "fmt": "Rewrite `.hw`, `.nest` and `.map` files in canonical form.",
    "hw": "The chip library.",
}


class _Commands(click.Group):
    """A group that imports a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, function = _COMMANDS[cmd_name]
        command = getattr(importlib.import_module(f".{module}", __package__), function)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _SUMMARIES[name]) for name in _COMMANDS])


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tilewright")
def app() -> None:
    """A mapping compiler for deep-learning accelerators."""


def main() -> None:
    """Run the command line and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the command line on `arguments`; returns the exit status."""
    try:
        status = app.main(arguments, prog_name="tilewright", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except Diagnostic as diagnostic:
        click.echo(diagnostic, err=True)
        return 2
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except BrokenPipeError:
        # The reader went away (`| head`); keep Python from complaining about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0

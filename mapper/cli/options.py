"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import click

from ...hw_specs.load import load_arch
from ...hw_specs.model import Arch
from ...ir.text import Diagnostic, Label, Place

hw_option = click.option(
    "--hw", required=True, metavar="HW", help="A library chip, FILE.hw, or FILE.hw:NAME."
)
set_option = click.option(
    "--set", "parameters", multiple=True, metavar="NAME=VALUE", help="Set a parameter of the chip."
)
dim_option = click.option(
    "--dim", "dims", multiple=True, metavar="NAME=N", help="Bind a symbolic dim of the model."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")


def read_arch(hw: str, parameters: tuple[str, ...]) -> Arch:
    """The chip that `--hw` and `--set` name."""
    return load_arch(hw, **dict(_pair("--set", text) for text in parameters))


def read_dims(dims: tuple[str, ...]) -> dict[str, int]:
    """The values of `--dim`.

    Raises:
        Diagnostic: no `NAME=N`, or N is no positive integer.
    """
    out: dict[str, int] = {}
    for text in dims:
        name, value = _pair("--dim", text)
        if not value.isdecimal() or int(value) == 0:
            raise Diagnostic(
                f"`{value}` is no extent for the dim `{name}`",
                Label(Place(f"--dim {text}"), "a positive integer is wanted"),
                help=f"write `--dim {name}=1`",
            )
        out[name] = int(value)
    return out


def _pair(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise Diagnostic(
            f"`{text}` is no `NAME=VALUE`",
            Label(Place(option)),
            help=f"write `{option} NAME=VALUE`",
        )
    return name, value

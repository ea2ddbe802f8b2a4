"""How every command looks: its help in the reader's language, with an example, and what is wrong with its arguments.

Invariant: nothing of the command-line library's own English reaches a person. Help is plain text, wrapped to the terminal, so that it can
be read aloud, piped and searched.
"""

from __future__ import annotations

import difflib
import shutil
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from tansiq.cli.language import told
from tansiq.errors import BadInput

__all__ = ["Command", "Group", "command", "group", "usage_error"]

_WIDEST: Final = 100
_COLUMN: Final = 34
_ORDER: Final = (
    "demo", "init", "run", "directory", "officer", "import", "names", "enquiry", "channel", "courier", "notice", "file", "evidence", "verify",
    "exchange", "health", "doctor", "fsck", "backup", "restore", "keys", "upgrade", "systemd", "web", "worker", "bench",
)  # fmt: skip
F = TypeVar("F", bound=Callable[..., Any])


def _wrapped(words: str, indent: int) -> list[str]:
    width = min(shutil.get_terminal_size().columns, _WIDEST) - indent
    lines = []
    for paragraph in words.splitlines():
        lines += textwrap.wrap(paragraph, max(width, 30), break_long_words=False, break_on_hyphens=False) or [""]
    return [" " * indent + line if line else "" for line in lines]


def _rows(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Two columns: a name, and what it is; a name that is too long stands on a line of its own."""
    column = min(_COLUMN, max((len(name) for name, _ in rows), default=0) + 4)
    for name, about in rows:
        lines = _wrapped(about, column)
        first = lines.pop(0).strip() if lines and len(name) + 2 < column else ""
        yield f"  {name}".ljust(column) + first if first else f"  {name}"
        yield from lines


def _name(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.metavar)
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    return names if parameter.is_flag else f"{names} {parameter.metavar}"


def _about(parameter: Any) -> str:
    notes = [told("cli.frame.required")] if parameter.required else []
    if parameter.envvar:
        notes.append(told("cli.frame.variable", name=parameter.envvar))
    return " ".join([parameter.help or "", *(f"[{note}]" for note in notes)]).strip()


def _usage(shown: Any, context: typer.Context) -> str:
    words = [context.command_path]
    parameters = [one for one in shown.params if not getattr(one, "hidden", False)]
    if any(one.param_type_name == "option" for one in parameters):
        words.append(f"[{told('cli.frame.options-word')}]")
    arguments = [one for one in parameters if one.param_type_name == "argument"]
    words += [str(one.metavar) if one.required else f"[{one.metavar}]" for one in arguments]
    if isinstance(shown, TyperGroup):
        words.append(told("cli.frame.command-word"))
    return " ".join(words)


def _help(shown: Any, context: typer.Context) -> str:
    """The whole help of a command or a group."""
    parameters = [one for one in shown.params if not getattr(one, "hidden", False)]
    sections: list[tuple[str, list[str]]] = [(told("cli.frame.usage"), [f"  {_usage(shown, context)}"])]
    for kind, title in (("argument", "cli.frame.arguments"), ("option", "cli.frame.options")):
        rows = [(_name(one), _about(one)) for one in parameters if one.param_type_name == kind]
        if rows:
            sections.append((told(title), list(_rows(rows))))
    if isinstance(shown, TyperGroup):
        known = [(name, shown.commands[name]) for name in shown.list_commands(context)]
        sections.append(
            (told("cli.frame.commands"), list(_rows([(name, (one.help or "").split("\n")[0]) for name, one in known])))
        )
    everywhere = [("--language ar|es|fr|en", told("cli.frame.language")), ("--help", told("cli.frame.help"))]
    sections.append((told("cli.frame.everywhere"), list(_rows(everywhere))))
    if shown.epilog:
        sections.append((told("cli.frame.example"), [f"  {line}" for line in shown.epilog.splitlines()]))
    return "\n\n".join(
        ["\n".join(_wrapped(shown.help or "", 0)), *("\n".join([title, *lines]) for title, lines in sections)]
    )


class Command(TyperCommand):
    """A command with our help; a path that may not be read is told by whoever reads it, for the library would call it a wrong value."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for parameter in self.params:
            about = getattr(getattr(parameter, "type_descriptor", None), "parameter_info", None)
            if about is not None:
                about.readable = False

    def get_help(self, ctx: Any) -> str:
        """The help."""
        return _help(self, ctx)


class Group(TyperGroup):
    """A group of commands with our help; a command that is not there is named, with those that come near."""

    def get_help(self, ctx: Any) -> str:
        """The help."""
        return _help(self, ctx)

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of the commands that are shown, in the order in which people come to need them."""
        names = [name for name, one in self.commands.items() if not one.hidden]
        return sorted(names, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that ``args`` name. Raises BadInput('cli.no-such-command')."""
        if not args[0].startswith("-") and args[0] not in self.commands:
            near = difflib.get_close_matches(args[0], list(self.commands), 3) or list(self.commands)
            raise BadInput("cli.no-such-command", name=_shown(args[0]), near=", ".join(near), command=ctx.command_path)
        return super().resolve_command(ctx, args)


def group(name: str, *, parent: typer.Typer | None = None, examples: Sequence[str] = ()) -> typer.Typer:
    """A group of commands, its help under ``cli.help.<name>``."""
    made = typer.Typer(
        name=name, cls=Group, help=told(f"cli.help.{name}"), epilog="\n".join(examples), no_args_is_help=True, add_completion=False,
        rich_markup_mode=None, pretty_exceptions_enable=False,
    )  # fmt: skip
    if parent is not None:
        parent.add_typer(made)
    return made


def command(app: typer.Typer, name: str, *, key: str, examples: Sequence[str]) -> Callable[[F], F]:
    """Makes a function a command of ``app``; its help stands under ``cli.help.<key>``, ``examples`` are shown as they are typed."""

    def register(function: F) -> F:
        app.command(name, cls=Command, help=told(f"cli.help.{key}"), epilog="\n".join(examples))(function)
        return function

    return register


def _shown(words: str) -> str:
    """What somebody typed, as it may be shown back."""
    return "".join(sign for sign in words[:64] if sign.isprintable())


def usage_error(error: TyperException) -> BadInput:
    """What is wrong with the arguments, as an error of ours."""
    context = getattr(error, "ctx", None)
    command_path = context.command_path if context is not None else "tansiq"
    parameter, option = getattr(error, "param", None), getattr(error, "option_name", None)
    if parameter is not None:
        name = parameter.opts[0] if parameter.param_type_name == "option" else str(parameter.metavar)
        if type(error).__name__ == "MissingParameter":
            return BadInput("cli.missing-argument", name=name, command=command_path)
        return BadInput("cli.wrong-argument", name=name, command=command_path)
    if type(error).__name__ == "NoSuchOption":
        near = ", ".join(getattr(error, "possibilities", None) or ()) or "--help"
        return BadInput("cli.no-such-option", name=_shown(str(option)), near=near, command=command_path)
    if option is not None:
        return BadInput("cli.option-value", name=_shown(str(option)), command=command_path)
    return BadInput("cli.wrong-usage", command=command_path)

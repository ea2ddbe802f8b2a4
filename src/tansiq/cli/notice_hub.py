"""``tansiq notice members``, ``admit``, ``dismiss``: the hub's members; and ``through``: by which hub and bureau a node's notices come.

Invariant: whom a node believes in these things stands in its own configuration, which its operator writes and the node reads when it
starts; no partner can name itself the hub.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

import typer

from tansiq.cli.asking import ask_node, credential
from tansiq.cli.frame import command
from tansiq.cli.language import told
from tansiq.cli.options import AsOfficer, HomeOption, JsonFlag, PassphraseFd, found_home, help_for
from tansiq.cli.reading_aloud import title_of
from tansiq.cli.showing import done, facts, moment, print_json, table
from tansiq.errors import BadInput, Unavailable
from tansiq.node.home import CONFIGURATION, Home, load_home

__all__ = ["register_hub", "with_settings"]

_NONE: Final = "none"


def list_members(
    ended: Annotated[bool, typer.Option("--ended", help=help_for("members-ended"))] = False,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Lists the hub's members."""
    found = ask_node(found_home(home), "notice.members", {"ended": ended})
    if as_json:
        print_json(found)
        return
    if not found:
        done("cli.notice.no-members")
        return
    table(
        [title_of(name) for name in ("agency", "post", "admitted", "ended")],
        [(one["agency"], one["post"], moment(one["admitted_at"]), moment(one["ended_at"])) for one in found],
    )


def admit(
    agencies: Annotated[list[str], typer.Argument(metavar="AGENCY…", help=help_for("members-admit"))],
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Admits bureaux as members of the hub."""
    found = ask_node(found_home(home), "notice.admit", {"agencies": agencies}, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(found)
        return
    for one in found:
        done("cli.notice.admitted", agency=one["agency"], post=one["post"])


def dismiss(
    agency: Annotated[str, typer.Argument(metavar="AGENCY", help=help_for("members-dismiss"))],
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Ends a membership."""
    found = ask_node(found_home(home), "notice.dismiss", {"agency": agency}, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(found)
        return
    done("cli.notice.dismissed", agency=agency)


def introduce(
    agencies: Annotated[list[str], typer.Argument(metavar="AGENCY…", help=help_for("members-introduce"))],
    end: Annotated[bool, typer.Option("--end", help=help_for("members-introduce-end"))] = False,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Makes services of our bureau's state known to all members."""
    asked = {"agencies": agencies, "end": end}
    found = ask_node(found_home(home), "notice.introduce", asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(found)
        return
    done("cli.notice.known", agencies=" ".join(found["known"]) or "–")


# ---------------------------------------------------------------------------------------------------- the node's own word


def with_settings(text: str, settings: dict[str, str]) -> str:
    r"""A configuration's text with these settings in place of those that it has; an empty one is taken out.

    >>> with_settings('agency = "es.ncb"\nhub = "int.old/centre"\n', {"hub": "int.hub/centre"})
    'agency = "es.ncb"\nhub = "int.hub/centre"\n'
    """
    lines = text.splitlines()
    for name, value in settings.items():
        lines = [line for line in lines if not re.match(rf"\s*{name}\s*=", line)]
        if value:
            place = next((at for at, line in enumerate(lines, 1) if re.match(r"\s*agency\s*=", line)), 0)
            lines.insert(place, f'{name} = "{value}"')
    return "\n".join(lines) + "\n"


def _write(node: Home, settings: dict[str, str]) -> None:
    """Writes the configuration anew, whole or not at all. Raises Unavailable."""
    file = node.path / CONFIGURATION
    beside = file.with_suffix(".new")
    try:
        beside.write_text(with_settings(file.read_text(encoding="utf-8"), settings), encoding="utf-8")
        beside.chmod(file.stat().st_mode & 0o777)
        beside.replace(file)
    except OSError as error:
        raise Unavailable("cli.not-written", file=str(file)) from error


def through(
    hub: Annotated[str, typer.Option("--hub", metavar="POST", help=help_for("hub-post"))] = "",
    bureau: Annotated[str, typer.Option("--bureau", metavar="POST", help=help_for("bureau-post"))] = "",
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Says by which hub, and by which bureau of our state, notices come to this node; or shows it."""
    from tansiq.protocol.docket import check_post

    node = found_home(home)
    said = {name: value for name, value in (("hub", hub), ("bureau", bureau)) if value}
    settings = {name: "" if value == _NONE else check_post(value) for name, value in said.items()}
    if settings.get("hub", "").startswith(f"{node.agency}/"):
        raise BadInput("notices.own-hub")
    if settings:
        _write(node, settings)
        node = load_home(node.path)
    if as_json:
        print_json({"hub": node.hub, "bureau": node.bureau})
        return
    facts([(told("cli.notice.hub"), node.hub or "–"), (told("cli.notice.bureau"), node.bureau or "–")])
    if settings:
        done("cli.notice.start-again")


def register_hub(made: typer.Typer) -> None:
    """Adds the commands of this module to the group ``notice``."""
    command(made, "members", key="notice-members", examples=["tansiq notice members --json"])(list_members)
    command(made, "admit", key="notice-admit", examples=["tansiq notice admit es.ncb ma.ncb --as IX-0002"])(admit)
    command(made, "dismiss", key="notice-dismiss", examples=["tansiq notice dismiss xx.ncb --as IX-0002"])(dismiss)
    command(made, "introduce", key="notice-introduce", examples=["tansiq notice introduce es.cgi --as ES-5001"])(
        introduce
    )
    command(
        made,
        "through",
        key="notice-through",
        examples=[
            "tansiq notice through --hub int.hub/centre --home /var/lib/tansiq/madrid",
            "tansiq notice through --hub int.hub/centre --bureau es.ncb/bureau --home /var/lib/tansiq/cgi",
        ],
    )(through)

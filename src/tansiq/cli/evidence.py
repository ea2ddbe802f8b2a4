"""``tansiq evidence export`` and ``tansiq verify``: a file that proves an exchange, and checking one.

Invariant: verifying needs the file and pinned fingerprints and nothing else: no home, no database, no network. What is said of a
disclosure goes into the access journal, so it is judged before anything is asked of the node.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tansiq.cli.asking import ask_node, credential
from tansiq.cli.files import write_new
from tansiq.cli.frame import command, group
from tansiq.cli.language import LANGUAGE, told
from tansiq.cli.options import AsOfficer, HomeOption, JsonFlag, PassphraseFd, found_home, help_for
from tansiq.cli.showing import clean, done, facts, print_json, say
from tansiq.errors import BadInput, NotFound, NotProven
from tansiq.node.home import Home
from tansiq.policy.codes import code_list
from tansiq.policy.plain import Line, Prose, Shape

__all__ = ["export", "register", "verify"]

Many = list[str] | None
_COMMAND: Final = "tansiq evidence export"
_DISCLOSED: Final = re.compile(
    r"request|answer|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?::(?:-1|\d{1,3}))?", re.ASCII
)
_RECIPIENT, _WORDS = Line(96), Prose(2_000)


def _check_words(option: str, said: str, shape: Shape) -> None:
    """Raises BadInput for an option whose words can't be read as they will stand in the journal."""
    try:
        shape.check(said, option)
    except BadInput as error:
        raise BadInput("cli.wrong-argument", name=option, command=_COMMAND) from error


def _check_disclosure(disclose: Sequence[str], *, purpose: str, justification: str, recipients: Sequence[str]) -> None:
    """Raises BadInput for what can't stand in the access journal, or names no content."""
    for name in disclose:
        if not _DISCLOSED.fullmatch(name):
            raise BadInput("node.disclose-what", name=clean(name)[:64])
    if purpose:
        code_list("purposes").require(purpose)
    if justification:
        _check_words("--justification", justification, _WORDS)
    for one in recipients:
        _check_words("--recipient", one, _RECIPIENT)


def _check_ordered(officer: str, node: Home) -> None:
    """Raises NotFound for somebody who is no officer of this agency."""
    known: list[dict[str, Any]] = ask_node(node, "directory.list")
    if not any(officer == one["number"] for agency in known if agency["own"] for one in agency["officers"]):
        raise NotFound("cli.ordered-by-nobody")


def export(
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=help_for("out-evidence"))],
    enquiry: Annotated[str, typer.Option("--enquiry", metavar="ID", help=help_for("evidence-enquiry"))] = "",
    statement: Annotated[Many, typer.Option("--statement", metavar="ID", help=help_for("evidence-statement"))] = None,
    peer: Annotated[str, typer.Option("--peer", metavar="AGENCY", help=help_for("evidence-peer"))] = "",
    disclose: Annotated[Many, typer.Option("--disclose", metavar="WHAT", help=help_for("disclose"))] = None,
    use: Annotated[str, typer.Option("--use", metavar="export|court", help=help_for("use"))] = "export",
    purpose: Annotated[str, typer.Option("--purpose", metavar="CODE", help=help_for("purpose"))] = "",
    justification: Annotated[
        str, typer.Option("--justification", metavar="WORDS", help=help_for("justification"))
    ] = "",
    ordered_by: Annotated[str, typer.Option("--ordered-by", metavar="OFFICER", help=help_for("ordered-by"))] = "",
    recipient: Annotated[Many, typer.Option("--recipient", metavar="WHO", help=help_for("recipient"))] = None,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Writes an evidence file."""
    _check_disclosure(disclose or [], purpose=purpose, justification=justification, recipients=recipient or [])
    node = found_home(home)
    who = credential(officer, passphrase_fd, required=bool(disclose))
    if ordered_by:
        _check_ordered(ordered_by, node)
    asked = {
        "enquiry": enquiry, "statements": statement or [], "peer": peer, "disclose": disclose or [], "use": use, "purpose": purpose,
        "justification": justification, "ordered_by": ordered_by, "recipients": recipient or [],
    }  # fmt: skip
    made = ask_node(node, "evidence.export", asked, who=who)
    write_new(out, b64decode(made.pop("archive")))
    if as_json:
        print_json({"file": str(out), **made})
        return
    done("cli.evidence.made", file=str(out))
    facts(
        [
            (told(f"cli.evidence.{name}"), made[name])
            for name in ("statements", "envelopes", "receipts", "disclosed", "sha256")
        ]
    )
    if made["missing"]:
        say(told("cli.evidence.missing", count=len(made["missing"])))


def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=help_for("evidence-file"))],
    pin: Annotated[Many, typer.Option("--pin", metavar="AGENCY=WORDS|FILE", help=help_for("pin"))] = None,
    as_json: JsonFlag = False,
) -> None:
    """Checks an evidence file."""
    from tansiq.node.evidence import parse_pins, verify_evidence

    if not pin:
        raise BadInput("cli.no-pin")
    for one in pin:
        if "=" not in one and not Path(one).exists():
            raise NotFound("cli.no-file", file=one)
    pins = parse_pins(pin)
    try:
        report = verify_evidence(file, pinned=pins)
    except NotProven as error:
        if as_json:
            print_json({"file": str(file), "verified": False, "code": error.code, "values": error.values})
        raise
    if as_json:
        print_json({"file": str(file), "verified": True, **report.to_plain()})
        return
    for sentence in report.sentences(LANGUAGE):
        say(clean(sentence))
    done("cli.verify.proven", file=str(file))


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    made = group("evidence", parent=app, examples=["tansiq evidence export --out proof.zip --peer ma.dgst"])
    command(
        made,
        "export",
        key="evidence-export",
        examples=[
            "tansiq evidence export --out proof.zip --peer ma.dgst",
            "tansiq evidence export --out proof.zip --enquiry ID --disclose request --disclose answer --as ES-4017",
        ],
    )(export)
    command(
        app,
        "verify",
        key="verify",
        examples=["tansiq verify proof.zip --pin ma.dgst.directory --pin es.cgi=<64 hexadecimal digits, or the words>"],
    )(verify)

"""``tansiq notice``: notices and diffusions, from the draft to the answer, and the hub's legal desk.

Invariant: whoever checks a draft answers every question by a word of one's own; nothing is taken for said.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tansiq.cli.asking import ask_node, credential
from tansiq.cli.frame import command, group
from tansiq.cli.language import LANGUAGE
from tansiq.cli.notice_files import register_files
from tansiq.cli.notice_hub import register_hub
from tansiq.cli.notice_view import show_drafts, show_list, show_one
from tansiq.cli.options import AsOfficer, HomeOption, JsonFlag, PassphraseFd, found_home, help_for, read_draft
from tansiq.cli.showing import done, hint, print_json
from tansiq.errors import BadInput

__all__ = ["register"]

NoticeId = Annotated[str, typer.Argument(metavar="ID", help=help_for("notice-id"))]
DraftId = Annotated[str, typer.Argument(metavar="DRAFT", help=help_for("notice-draft-id"))]
Denied = Annotated[list[str] | None, typer.Option("--denied", metavar="AGENCY", help=help_for("notice-denied"))]
Words = Annotated[str, typer.Option("--words", metavar="WORDS", help=help_for("said-words"))]
InLanguage = Annotated[str, typer.Option("--in", metavar="LANGUAGE", help=help_for("in-language"))]


def list_notices(
    *,
    scope: Annotated[
        str, typer.Option("--scope", metavar="binding|asked|ended", help=help_for("notice-scope"))
    ] = "binding",
    colour: Annotated[str, typer.Option("--colour", metavar="CODE", help=help_for("notice-colour"))] = "",
    kind: Annotated[str, typer.Option("--kind", metavar="notice|diffusion", help=help_for("notice-kind"))] = "",
    own: Annotated[bool, typer.Option("--own", help=help_for("notice-own"))] = False,
    waiting: Annotated[bool, typer.Option("--waiting", help=help_for("notice-waiting"))] = False,
    after: Annotated[str, typer.Option("--after", metavar="MARK", help=help_for("notice-after"))] = "",
    limit: Annotated[int, typer.Option("--limit", metavar="N", help=help_for("limit"))] = 50,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Lists the notices."""
    if kind not in {"", "notice", "diffusion"}:
        raise BadInput("cli.wrong-argument", name="--kind", command="tansiq notice list")
    node, who = found_home(home), credential(officer, passphrase_fd)
    if waiting:
        found = {"notices": ask_node(node, "notice.waiting", who=who), "after": ""}
    else:
        colour = colour if "." in colour or not colour else f"notice.{colour}"
        asked = {"scope": scope, "colour": colour, "kind": kind, "own": own, "after": after, "limit": limit}
        found = ask_node(node, "notice.list", asked, who=who)
    if as_json:
        print_json(found)
        return
    show_list(found["notices"])
    if found["after"]:
        hint("cli.notice.more", mark=found["after"])


def show(
    notice: NoticeId,
    justification: Annotated[
        str, typer.Option("--justification", metavar="WORDS", help=help_for("justification"))
    ] = "",
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Shows one notice."""
    asked = {"id": notice, "justification": justification}
    shown = ask_node(found_home(home), "notice.show", asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(shown)
    else:
        show_one(shown)


# ---------------------------------------------------------------------------------------------------- drafts


def draft(
    *,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help=help_for("notice-draft"))] = None,
    diffusion: Annotated[bool, typer.Option("--diffusion", help=help_for("notice-diffusion"))] = False,
    instead: Annotated[str, typer.Option("--instead-of", metavar="DRAFT", help=help_for("notice-instead"))] = "",
    updates: Annotated[str, typer.Option("--updates", metavar="ID", help=help_for("notice-updates"))] = "",
    drop: Annotated[str, typer.Option("--drop", metavar="DRAFT", help=help_for("notice-drop"))] = "",
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Writes a draft, throws one away, or lists them."""
    node = found_home(home)
    plain = read_draft(file) if file is not None else None
    who = credential(officer, passphrase_fd)
    if drop:
        found = [ask_node(node, "notice.drop", {"id": drop}, who=who)]
    elif plain is None:
        found = ask_node(node, "notice.drafts", who=who)
    else:
        asked = {"draft": plain, "diffusion": diffusion, "id": instead, "updates": updates}
        found = [ask_node(node, "notice.draft", asked, who=who)]
    if as_json:
        print_json(found)
    elif drop:
        done("cli.notice.dropped", id=drop)
    elif plain is not None:
        done("cli.notice.drafted", id=found[0]["id"])
    else:
        show_drafts(found)


def check(
    draft: DraftId,
    *,
    purpose: Annotated[str, typer.Option("--purpose", metavar="CODE", help=help_for("notice-purpose"))],
    article_2: Annotated[bool | None, typer.Option("--article-2/--not-article-2", help=help_for("article-2"))] = None,
    political: Annotated[bool | None, typer.Option("--political/--not-political", help=help_for("political"))] = None,
    military: Annotated[bool | None, typer.Option("--military/--not-military", help=help_for("military"))] = None,
    religious: Annotated[bool | None, typer.Option("--religious/--not-religious", help=help_for("religious"))] = None,
    racial: Annotated[bool | None, typer.Option("--racial/--not-racial", help=help_for("racial"))] = None,
    words: Words = "",
    language: InLanguage = LANGUAGE,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Answers for a draft, in the officer's own name."""
    said = {
        "article_2": article_2, "political": political, "military": military, "religious": religious, "racial": racial,
    }  # fmt: skip
    for name, answer in said.items():
        if answer is None:
            option = name.replace("_", "-")
            raise BadInput("cli.missing-argument", name=f"--{option}|--not-{option}", command="tansiq notice check")
    asked = {"id": draft, "purpose": purpose, "words": words, "language": language, **said}
    found = ask_node(found_home(home), "notice.check", asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(found)
    else:
        done("cli.notice.checked", id=draft, officer=found["checked_by"])


def send(
    draft: DraftId,
    *,
    to: Annotated[list[str] | None, typer.Option("--to", metavar="AGENCY", help=help_for("notice-to"))] = None,
    denied: Denied = None,
    ask_leave: Annotated[bool, typer.Option("--ask-approval", help=help_for("notice-ask-approval"))] = False,
    words: Words = "",
    language: InLanguage = LANGUAGE,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Sends a checked draft, or asks for the approval that it needs."""
    asked = {"id": draft, "to": to or [], "denied": denied or [], "words": words, "language": language}
    act = "notice.ask-leave" if ask_leave else "notice.send"
    made = ask_node(found_home(home), act, asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(made)
    else:
        done("cli.notice.asked" if ask_leave else "cli.notice.sent", id=made["id"])


# ---------------------------------------------------------------------------------------------------- words about it


def publish(
    notice: NoticeId,
    *,
    lawful: Annotated[bool, typer.Option("--lawful", help=help_for("notice-lawful"))] = False,
    words: Words = "",
    language: InLanguage = LANGUAGE,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Publishes what waits for the hub's legal desk."""
    if not lawful:
        raise BadInput("cli.missing-argument", name="--lawful", command="tansiq notice publish")
    asked = {"id": notice, "lawful": lawful, "words": words, "language": language}
    made = ask_node(found_home(home), "notice.publish", asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(made)
    else:
        done("cli.notice.published", number=made["number"])


def _said(act: str, asked: dict[str, Any], officer: str, descriptor: int | None, home: Path | None) -> Any:
    return ask_node(found_home(home), act, asked, who=credential(officer, descriptor))


def refuse(
    notice: NoticeId,
    *,
    ground: Annotated[list[str], typer.Option("--ground", metavar="CODE", help=help_for("notice-ground"))],
    words: Words = "",
    language: InLanguage = LANGUAGE,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Does not publish what waits for the hub's legal desk."""
    asked = {"id": notice, "grounds": ground, "words": words, "language": language}
    made = _said("notice.refuse", asked, officer, passphrase_fd, home)
    if as_json:
        print_json(made)
    else:
        done("cli.notice.refused", id=notice)


def cancel(
    notice: NoticeId,
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="CODE", help=help_for("notice-reason"))],
    words: Words = "",
    language: InLanguage = LANGUAGE,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Ends a notice for everybody who has it."""
    asked = {"id": notice, "reason": reason, "words": words, "language": language}
    made = _said("notice.cancel", asked, officer, passphrase_fd, home)
    if as_json:
        print_json(made)
    else:
        done("cli.notice.cancelled", id=notice)


def deny(
    notice: NoticeId,
    *,
    denied: Denied = None,
    words: Words = "",
    language: InLanguage = LANGUAGE,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Says which members are denied a notice of ours from now on."""
    asked = {"id": notice, "denied": denied or [], "words": words, "language": language}
    made = _said("notice.deny", asked, officer, passphrase_fd, home)
    if as_json:
        print_json(made)
    else:
        done("cli.notice.denied", id=notice, members=" ".join(denied or []) or "–")


def answer(
    notice: NoticeId,
    file: Annotated[Path, typer.Option("--file", metavar="FILE", help=help_for("draft"))],
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Tells the source of a notice what we found."""
    made = _said("notice.answer", {"id": notice, "draft": read_draft(file)}, officer, passphrase_fd, home)
    if as_json:
        print_json(made)
    else:
        done("cli.notice.answered", id=notice)


def _register_reading(made: typer.Typer) -> None:
    command(
        made,
        "list",
        key="notice-list",
        examples=["tansiq notice list --as ES-5001 --colour red", "tansiq notice list --waiting --as IX-0001"],
    )(list_notices)
    command(
        made, "show", key="notice-show", examples=['tansiq notice show ID --as ES-5001 --justification "file 2026/114"']
    )(show)


def _register_writing(made: typer.Typer) -> None:
    command(
        made,
        "draft",
        key="notice-draft",
        examples=["tansiq notice draft notice.toml --as ES-5001", "tansiq notice draft --as ES-5001"],
    )(draft)
    command(
        made,
        "check",
        key="notice-check",
        examples=[
            "tansiq notice check DRAFT --purpose rpd.wanted --article-2 --not-political --not-military \\",
            "    --not-religious --not-racial --as ES-5001",
        ],
    )(check)
    command(
        made,
        "send",
        key="notice-send",
        examples=[
            "tansiq notice send DRAFT --denied xx.ncb --as ES-5001",
            "tansiq notice send DRAFT --to ma.ncb --as ES-5001",
        ],
    )(send)


def _register_words(made: typer.Typer) -> None:
    command(made, "publish", key="notice-publish", examples=["tansiq notice publish ID --lawful --as IX-0001"])(publish)
    command(
        made,
        "refuse",
        key="notice-refuse",
        examples=['tansiq notice refuse ID --ground hub.judicial-basis --words "…" --as IX-0001'],
    )(refuse)
    command(
        made, "cancel", key="notice-cancel", examples=["tansiq notice cancel ID --reason cancel.executed --as ES-5001"]
    )(cancel)
    command(made, "deny", key="notice-deny", examples=["tansiq notice deny ID --denied xx.ncb --as ES-5001"])(deny)
    command(made, "answer", key="notice-answer", examples=["tansiq notice answer ID --file answer.toml --as MA-5001"])(
        answer
    )


def register(app: typer.Typer) -> None:
    """Adds the commands of this room."""
    made = group(
        "notice",
        parent=app,
        examples=["tansiq notice list --as ES-5001", "tansiq notice members"],
    )
    _register_reading(made)
    _register_writing(made)
    _register_words(made)
    register_files(made)
    register_hub(made)

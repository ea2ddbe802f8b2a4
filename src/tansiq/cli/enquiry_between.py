"""``tansiq enquiry``: what is said between asking and answering, and after."""

from __future__ import annotations

import datetime as dt
import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from tansiq.cli.asking import ask_node, credential
from tansiq.cli.frame import command
from tansiq.cli.language import LANGUAGE
from tansiq.cli.options import AsOfficer, HomeOption, JsonFlag, PassphraseFd, found_home, help_for
from tansiq.cli.showing import done, print_json
from tansiq.errors import BadInput

__all__ = ["clarify", "delay", "feedback", "register_between", "remind", "reply", "translate", "withdraw"]

EnquiryId = Annotated[str, typer.Argument(metavar="ID", help=help_for("enquiry-id"))]
Words = Annotated[str, typer.Option("--words", metavar="WORDS", help=help_for("said-words"))]
_WHO_AND_WHERE: Final = ("officer", "passphrase_fd", "home", "as_json")
InLanguage = Annotated[str, typer.Option("--in", metavar="LANGUAGE", help=help_for("in-language"))]


def _says(act: str) -> Callable[[Callable[..., dict[str, Any]]], Callable[..., None]]:
    """Makes a command of a function that makes a record of its options: the command says it in an enquiry.

    Which enquiry, who says it, at which node and how it is shown are options of each of these commands.
    """

    def made_of(record: Callable[..., dict[str, Any]]) -> Callable[..., None]:
        own = inspect.signature(record, eval_str=True).parameters
        common = inspect.signature(say, eval_str=True).parameters

        @functools.wraps(record)
        def command_of(**given: Any) -> None:
            draft = record(**{name: given.pop(name) for name in own})
            say(draft=draft, **given)

        told = [common["enquiry"], *own.values(), *(common[name] for name in _WHO_AND_WHERE)]
        command_of.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in told]
        )
        return command_of

    def say(
        *,
        enquiry: EnquiryId,
        draft: dict[str, Any],
        officer: AsOfficer = "",
        passphrase_fd: PassphraseFd = None,
        home: HomeOption = None,
        as_json: JsonFlag = False,
    ) -> None:
        said = {"language": LANGUAGE} | {name: value for name, value in draft.items() if value not in ("", [], None)}
        asked = {"id": enquiry, "draft": said}
        made = ask_node(found_home(home), f"enquiry.{act}", asked, who=credential(officer, passphrase_fd))
        if as_json:
            print_json(made)
        else:
            done(f"cli.enquiry.said-{act}", id=enquiry)

    return made_of


@_says("clarify")
def clarify(
    point: Annotated[list[str], typer.Option("--point", metavar="CODE", help=help_for("point"))],
    question: Annotated[str, typer.Option("--question", metavar="WORDS", help=help_for("question"))] = "",
    language: InLanguage = LANGUAGE,
) -> dict[str, Any]:
    """Asks the partner to clarify its enquiry."""
    return {"points": point, "question": question, "language": language}


@_says("reply")
def reply(words: Words = "", language: InLanguage = LANGUAGE) -> dict[str, Any]:
    """Replies to the partner's question back."""
    return {"words": words, "language": language}


def _moment(written: str) -> int:
    """UTC milliseconds of an ISO 8601 moment with its zone. Raises BadInput."""
    try:
        moment = dt.datetime.fromisoformat(written)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadInput("cli.wrong-argument", name="--until", command="tansiq enquiry delay")
    return round(moment.timestamp() * 1000)


@_says("delay")
def delay(
    until: Annotated[str, typer.Option("--until", metavar="MOMENT", help=help_for("until"))],
    reason: Annotated[str, typer.Option("--reason", metavar="WORDS", help=help_for("delay-reason"))] = "",
    ground: Annotated[str, typer.Option("--ground", metavar="CODE", help=help_for("delay-ground"))] = "delay.judicial",
    language: InLanguage = LANGUAGE,
) -> dict[str, Any]:
    """Tells the partner that the answer waits for a judicial authorisation."""
    return {"ground": ground, "until_ms": _moment(until), "reason": reason, "language": language}


@_says("remind")
def remind(
    code: Annotated[str, typer.Option("--code", metavar="CODE", help=help_for("reminder"))] = "reminder.still-needed",
) -> dict[str, Any]:
    """Reminds the partner of our enquiry."""
    return {"code": code}


@_says("withdraw")
def withdraw(
    reason: Annotated[str, typer.Option("--reason", metavar="CODE", help=help_for("withdrawal-reason"))],
    words: Words = "",
    language: InLanguage = LANGUAGE,
) -> dict[str, Any]:
    """Withdraws our enquiry."""
    return {"reason": reason, "words": words, "language": language}


@_says("feedback")
def feedback(
    use: Annotated[list[str], typer.Option("--use", metavar="CODE", help=help_for("feedback-use"))],
    words: Words = "",
    language: InLanguage = LANGUAGE,
) -> dict[str, Any]:
    """Tells the partner what became of its answer, and closes the enquiry."""
    return {"uses": use, "words": words, "language": language}


def translate(
    enquiry: EnquiryId,
    *,
    statement: Annotated[str, typer.Argument(metavar="STATEMENT", help=help_for("statement"))],
    field: Annotated[str, typer.Option("--field", metavar="PATH", help=help_for("text-field"))],
    words: Words = "",
    language: InLanguage = LANGUAGE,
    part: Annotated[int, typer.Option("--part", metavar="N", help=help_for("part"))] = 0,
    officer: AsOfficer = "",
    passphrase_fd: PassphraseFd = None,
    home: HomeOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Keeps a translation beside a text of an enquiry."""
    node = found_home(home)
    asked = {"id": enquiry, "statement": statement, "field": field, "words": words, "language": language, "part": part}
    made = ask_node(node, "enquiry.translate", asked, who=credential(officer, passphrase_fd))
    if as_json:
        print_json(made)
    else:
        done("cli.enquiry.translated")


def register_between(made: typer.Typer) -> None:
    """Adds the commands of this module to the group ``enquiry``."""
    command(
        made,
        "clarify",
        key="enquiry-clarify",
        examples=['tansiq enquiry clarify ID --as MA-2210 --point clarify.identity --question "…"'],
    )(clarify)
    command(made, "reply", key="enquiry-reply", examples=['tansiq enquiry reply ID --as ES-4017 --words "…"'])(reply)
    command(
        made,
        "delay",
        key="enquiry-delay",
        examples=['tansiq enquiry delay ID --as MA-2210 --until 2026-12-24T18:00+01:00 --reason "…"'],
    )(delay)
    command(made, "remind", key="enquiry-remind", examples=["tansiq enquiry remind ID --as ES-4017"])(remind)
    command(
        made,
        "withdraw",
        key="enquiry-withdraw",
        examples=["tansiq enquiry withdraw ID --as ES-4017 --reason withdrawal.not-needed"],
    )(withdraw)
    command(
        made,
        "feedback",
        key="enquiry-feedback",
        examples=["tansiq enquiry feedback ID --as ES-4017 --use feedback.arrest --use feedback.lead"],
    )(feedback)
    command(
        made,
        "translate",
        key="enquiry-translate",
        examples=['tansiq enquiry translate ID STATEMENT --as MA-2210 --field facts --in ar --words "…"'],
    )(translate)

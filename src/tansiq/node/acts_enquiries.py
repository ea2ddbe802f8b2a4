"""Acts of officers on enquiries, and on the registers that are searched for them.

Invariant: whoever asks for one has signed in, but for what names nobody (`all_summaries`, `list_registers`) and the import of a published
list. An officer who does not say from which desk acts from the only one, or is asked to say it.
"""

from __future__ import annotations

import io
import zlib
from base64 import b64decode
from typing import Any, Final

from tansiq.enquiries.crosschecks import check_matter, check_open
from tansiq.enquiries.leaving import Leaving
from tansiq.enquiries.origins import answer_origin
from tansiq.enquiries.queries import list_enquiries, show_enquiry, summaries
from tansiq.enquiries.reading import answer_from, parse_matter, refusal_from, request_from
from tansiq.enquiries.services import answer_enquiry, decide_match, refuse_enquiry, send_enquiry
from tansiq.errors import BadInput
from tansiq.node.acts import Asked
from tansiq.node.acts_advice import weighing_of
from tansiq.node.arguments import flag_of, number_of, table_of, text_of, texts_of
from tansiq.node.officers import SignedIn
from tansiq.node.register_keepers import require_importing
from tansiq.node.written import written
from tansiq.policy.answer import Answer, IncomingCheck, Item, Refusal
from tansiq.policy.channel_matter import Channel
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.values import Text
from tansiq.protocol.ids import id_text
from tansiq.registers.damage import MAX_BYTES
from tansiq.registers.queries import registers
from tansiq.registers.services import import_un_list

__all__ = [
    "all_summaries", "answer", "check", "decide", "import_list", "list_desk", "list_registers", "origin", "refuse", "send", "show",
]  # fmt: skip

_MOST_LISTED: Final = 10_000
_WAY: Final = ("from", "to", "via", "case", "channel")


def _desk(officer: SignedIn, said: str) -> str:
    """The post from which the officer acts: the one that was said, or the officer's only one. Raises BadInput."""
    if said:
        return said
    if len(officer.posts) != 1:
        raise BadInput("node.which-post", posts=", ".join(officer.posts))
    return officer.posts[0]


def _draft(asked: Asked) -> tuple[dict[str, Any], dict[str, str]]:
    """The draft without its way, and the way: what the arguments say goes before what the draft says."""
    draft = dict(table_of(asked, "draft"))
    way = {name: draft.pop(name, "") for name in _WAY}
    for name in _WAY:
        way[name] = text_of(asked, name, default="") or way[name]
        if not isinstance(way[name], str):
            raise BadInput("node.wrong-argument", name=name)
    return draft, way


def _request(asked: Asked, officer: SignedIn, draft: dict[str, Any]) -> Enquiry:
    return request_from(written(draft, Enquiry), officer=officer.number, now_ms=asked.context.clock())


def _along(asked: Asked, officer: SignedIn, way: dict[str, str]) -> dict[str, Any]:
    """How an enquiry goes, as `send_enquiry` and `Leaving` take it. Raises BadInput."""
    if not way["to"]:
        raise BadInput("node.wrong-argument", name="to")
    return {
        "context": asked.context,
        "officer": officer,
        "from_post": _desk(officer, way["from"]),
        "to_post": way["to"],
        "via_office_post": way["via"],
        "channel": way["channel"] or str(Channel.EMBASSY),
        "weighing": weighing_of(asked),
        "case": parse_matter(way["case"]) if way["case"] else b"",
    }


def send(asked: Asked) -> dict[str, Any]:
    """Sends the enquiry of ``draft``, ``from`` a desk ``to`` a desk, by a ``channel`` (the embassy's unless another is said),
    ``via`` an office or a liaison officer's desk.
    """
    officer = asked.require_officer()
    draft, way = _draft(asked)
    along = _along(asked, officer, way)
    matter = send_enquiry(_request(asked, officer, draft), **along)
    check_matter(matter, context=asked.context, officer=officer.number)
    return {"id": id_text(matter)}


def check(asked: Asked) -> list[dict[str, Any]]:
    """What sending the enquiry of ``draft`` along its way would find against it by law: its faults, none when it may leave.

    What is no question of law (a desk, a channel, a case) is refused as sending refuses it.
    """
    officer = asked.require_officer()
    draft, way = _draft(asked)
    faults = Leaving(**_along(asked, officer, way)).faults(_request(asked, officer, draft))
    return [{"code": fault.code, "field": fault.field, "row": fault.row, "source": fault.source} for fault in faults]


def answer(asked: Asked) -> dict[str, Any]:
    """Answers the enquiry ``id`` with the ``draft``: ``answer`` and ``items``."""
    officer = asked.require_officer()
    draft = dict(table_of(asked, "draft"))
    language = {"language": draft.pop("language", "")}
    items = draft.get("items", [])
    if set(draft) - {"answer", "items"} or not isinstance(draft.get("answer"), dict) or not isinstance(items, list):
        raise BadInput("enquiries.wrong-answer")
    if not all(isinstance(item, dict) for item in items):
        raise BadInput("enquiries.wrong-answer")
    plain = {
        "answer": written(language | draft["answer"], Answer, path="answer."),
        "items": [written(language | item, Item, path=f"items.{at}.") for at, item in enumerate(items)],
    }
    said, given = answer_from(plain, officer=officer.number, now_ms=asked.context.clock())
    statement = answer_enquiry(
        parse_matter(text_of(asked, "id")), context=asked.context, officer=officer, answer=said, items=given
    )
    return {"id": text_of(asked, "id"), "statement": id_text(statement)}


def refuse(asked: Asked) -> dict[str, Any]:
    """Refuses the enquiry ``id`` with the ``draft``: grounds and reasons."""
    officer = asked.require_officer()
    plain = written(table_of(asked, "draft"), Refusal)
    refusal = refusal_from(plain, officer=officer.number, now_ms=asked.context.clock())
    statement = refuse_enquiry(
        parse_matter(text_of(asked, "id")), context=asked.context, officer=officer, refusal=refusal
    )
    return {"id": text_of(asked, "id"), "statement": id_text(statement)}


def list_desk(asked: Asked) -> list[dict[str, Any]]:
    """The enquiries on the officer's desks, as far as the officer's compartment there reaches."""
    officer = asked.require_officer()
    return list_enquiries(
        context=asked.context,
        posts=officer.posts,
        officer=officer,
        direction=text_of(asked, "direction", default=""),
        state=text_of(asked, "state", default=""),
        limit=number_of(asked, "limit", default=100, most=_MOST_LISTED),
    )


def all_summaries(asked: Asked) -> list[dict[str, Any]]:
    """Every enquiry of the node in codes and times."""
    return summaries(context=asked.context)


def show(asked: Asked) -> dict[str, Any]:
    """One enquiry with all that belongs to it; logged as a consultation, with its ``justification``."""
    return show_enquiry(
        parse_matter(text_of(asked, "id")),
        context=asked.context,
        officer=asked.require_officer(),
        justification=text_of(asked, "justification", default=""),
    )


def decide(asked: Asked) -> dict[str, Any]:
    """An officer's decision on a proposed ``entry`` of a register."""
    decide_match(
        parse_matter(text_of(asked, "id")),
        parse_matter(text_of(asked, "entry")),
        text_of(asked, "decision"),
        context=asked.context,
        officer=asked.require_officer(),
    )
    return {"id": text_of(asked, "id"), "entry": text_of(asked, "entry"), "decision": text_of(asked, "decision")}


def origin(asked: Asked) -> dict[str, Any]:
    """The officer's ``answer`` to 'may this have been obtained by ill-treatment?', for all that came from the partner in one enquiry
    and that the officer may view.

    Convention against Torture, Article 15: without it nothing that came in may be used.
    """
    officer = asked.require_officer()
    matter = parse_matter(text_of(asked, "id"))
    reason = text_of(asked, "reason", default="")
    verdict = IncomingCheck(
        answer=text_of(asked, "answer"),
        officer=officer.number,
        at_ms=asked.context.clock(),
        reason=Text(text_of(asked, "language", default="en"), reason) if reason else None,
    )
    count = answer_origin(matter, verdict, context=asked.context, officer=officer)
    return {"id": id_text(matter), "answer": verdict.answer, "items": count}


def import_list(asked: Asked) -> dict[str, Any]:
    """Imports the United Nations list in ``file`` (base64 of its zlib) into ``register``, by the officer's hand or the machine's, for the
    ``posts`` that may read it; then asks it for the persons of all enquiries that are open. Raises Refused for a register that others
    read too (`register_keepers`).
    """
    try:
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(b64decode(text_of(asked, "file"), validate=True), MAX_BYTES + 1)
    except (ValueError, zlib.error) as error:
        raise BadInput("node.wrong-argument", name="file") from error
    register = text_of(asked, "register", default="un")
    posts = texts_of(asked, "posts") if "posts" in asked.arguments else None
    require_importing(asked.officer, register, posts)
    officer = asked.officer.number if asked.officer is not None else "node"
    report = import_un_list(
        io.BytesIO(content),
        context=asked.context,
        officer=officer,
        register=register,
        removals=flag_of(asked, "removals"),
        posts=posts,
        progress=asked.progress,
    )
    proposed = check_open(context=asked.context, officer=officer) if report["changed"] else 0
    return report | {"proposed": proposed}


def list_registers(asked: Asked) -> list[dict[str, Any]]:
    """The registers of this node."""
    return registers()

"""Acts of officers on notices: lists, one notice, drafts and their check, what is said, the legal desk's word, answers, files of the
public service; and the hub's members.

Invariant: the arguments are read, the room decides; whoever asks has signed in.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64decode
from dataclasses import asdict
from typing import Any, Final

from tansiq.enquiries.reading import parse_matter, record_from
from tansiq.errors import BadInput
from tansiq.node.acts import Act, Asked
from tansiq.node.arguments import flag_of, number_of, table_of, text_of, texts_of
from tansiq.node.register_keepers import require_keeping_public
from tansiq.node.written import written
from tansiq.notices.answering import answer_notice
from tansiq.notices.asking import cancel, restrict
from tansiq.notices.desks import LEGAL, is_hub, require_post
from tansiq.notices.drafts import (
    Checks,
    DraftRow,
    check_draft,
    draft_of,
    drafts_of,
    drop_draft,
    keep_draft,
    send_checked,
)
from tansiq.notices.legal import cancel_by_hub, publish, refuse
from tansiq.notices.members import admit, dismiss, make_known, members, no_longer_known, services_known
from tansiq.notices.public import MOST_BYTES, REGISTER, export_public, import_drafts, import_public
from tansiq.notices.queries import NoticeView, notice_page, pending, show_notice
from tansiq.notices.weighing import ask_approvals
from tansiq.policy.notice import Cancellation, HubRefusal, Notice, NoticeAnswer
from tansiq.policy.notice_course import Kind
from tansiq.policy.values import Attestation, Text
from tansiq.protocol.evidence_report import utc_text
from tansiq.protocol.ids import id_text

__all__ = ["NOTICES"]

_MOST_LISTED: Final = 200
_YES_OR_NO: Final = ("article_2", "political", "military", "religious", "racial")


def _words(asked: Asked, name: str = "words") -> Text | None:
    """Words in the ``language`` of the one who says them."""
    said = text_of(asked, name, default="").strip()
    return Text(text_of(asked, "language", default="en"), said) if said else None


def list_page(asked: Asked) -> dict[str, Any]:
    """A page of the notices: ``scope`` (binding, asked, ended), ``colour``, ``kind``, ``own``; ``after`` where the last one ended."""
    view = NoticeView(
        posts=asked.require_officer().posts,
        scope=text_of(asked, "scope", default="") or "binding",
        colour=text_of(asked, "colour", default=""),
        kind=text_of(asked, "kind", default=""),
        own=flag_of(asked, "own"),
    )
    limit = number_of(asked, "limit", default=50, most=_MOST_LISTED)
    found, following = notice_page(view, after=text_of(asked, "after", default=""), limit=limit)
    return {"notices": found, "after": following}


def waiting(asked: Asked) -> list[dict[str, Any]]:
    """What waits for the hub's legal desk, the longest waiting first; for that desk alone."""
    require_post(asked.require_officer(), LEGAL)
    return pending()


def show(asked: Asked) -> dict[str, Any]:
    """One notice with all that belongs to it; logged as a consultation, with its ``justification``."""
    return show_notice(
        parse_matter(text_of(asked, "id")),
        officer=asked.require_officer(),
        context=asked.context,
        justification=text_of(asked, "justification", default=""),
    )


# ---------------------------------------------------------------------------------------------------- drafts


def _draft_as_plain(row: DraftRow) -> dict[str, Any]:
    return {
        "id": id_text(row.id),
        "post": row.post,
        "kind": str(row.kind),
        "colour": row.colour,
        "updates": id_text(row.matter) if row.matter else "",
        "officer": row.officer,
        "version": row.version,
        "state": row.state,
        "changed_at": utc_text(row.changed_ms),
        "checked_by": row.checked_by,
        "checked_at": utc_text(row.checked_ms) if row.checked_ms else None,
    }


def drafts(asked: Asked) -> list[dict[str, Any]]:
    """The drafts of the officer's desks, in codes."""
    return [_draft_as_plain(row) for row in drafts_of(asked.require_officer().posts)]


def _row_of(draft: bytes, asked: Asked) -> DraftRow:
    row, _ = draft_of(draft, asked.require_officer().posts, context=asked.context)
    return row


def keep(asked: Asked) -> dict[str, Any]:
    """Keeps the ``draft`` of a notice, or of a ``diffusion``: a new one, or in place of ``id``; ``updates`` a notice of ours."""
    officer = asked.require_officer()
    plain = written(table_of(asked, "draft"), Notice)
    notice = record_from(Notice, plain, officer=officer.number, now_ms=asked.context.clock())
    known, updates = text_of(asked, "id", default=""), text_of(asked, "updates", default="")
    made = keep_draft(
        notice,
        officer=officer,
        context=asked.context,
        kind=Kind.DIFFUSION if flag_of(asked, "diffusion") else Kind.NOTICE,
        draft=parse_matter(known) if known else b"",
        matter=parse_matter(updates) if updates else b"",
    )
    return _draft_as_plain(_row_of(made, asked))


def check(asked: Asked) -> dict[str, Any]:
    """The officer answers for the draft ``id``: the ``purpose`` of Article 10, and yes or no to Article 2 and to each question of
    Article 3, in this officer's name.
    """
    said = {name: asked.arguments.get(name) for name in _YES_OR_NO}
    for name, answer in said.items():
        if not isinstance(answer, bool):
            raise BadInput("node.wrong-argument", name=name)
    draft = parse_matter(text_of(asked, "id"))
    version = number_of(asked, "version", default=0, most=1 << 31) or _row_of(draft, asked).version
    checks = Checks(rpd_purpose=text_of(asked, "purpose"), note=_words(asked), **said)  # type: ignore[arg-type]  # all are bool
    check_draft(draft, checks, version=version, officer=asked.require_officer(), context=asked.context)
    return _draft_as_plain(_row_of(draft, asked))


def send(asked: Asked) -> dict[str, Any]:
    """Sends the checked draft ``id``: to the hub, not for the members ``denied``; a diffusion to the members ``to``."""
    draft = parse_matter(text_of(asked, "id"))
    version = number_of(asked, "version", default=0, most=1 << 31) or _row_of(draft, asked).version
    matter = send_checked(
        draft,
        version=version,
        officer=asked.require_officer(),
        context=asked.context,
        denied=texts_of(asked, "denied"),
        to=texts_of(asked, "to"),
        words=_words(asked),
    )
    return {"id": id_text(matter)}


def ask_leave(asked: Asked) -> dict[str, Any]:
    """Asks for the approvals without which the rules of the channel don't let the draft ``id`` leave now."""
    officer = asked.require_officer()
    row, notice = draft_of(parse_matter(text_of(asked, "id")), officer.posts, context=asked.context)
    to = texts_of(asked, "to")
    ask_approvals(notice, kind=row.kind, sender=row.post, officer=officer.number, context=asked.context, to=to)
    return {"id": text_of(asked, "id")}


def drop(asked: Asked) -> dict[str, Any]:
    """Throws the draft ``id`` away."""
    drop_draft(parse_matter(text_of(asked, "id")), officer=asked.require_officer(), context=asked.context)
    return {"id": text_of(asked, "id")}


# ---------------------------------------------------------------------------------------------------- what is said


def publish_it(asked: Asked) -> dict[str, Any]:
    """The hub's legal desk finds what waits in ``id`` lawful (``lawful``: its officer says so) and publishes it."""
    officer = asked.require_officer()
    if not flag_of(asked, "lawful"):
        raise BadInput("node.wrong-argument", name="lawful")
    lawful = Attestation(answer=True, officer=officer.number, at_ms=asked.context.clock(), note=_words(asked))
    number = publish(parse_matter(text_of(asked, "id")), lawful=lawful, officer=officer, context=asked.context)
    return {"id": text_of(asked, "id"), "number": number}


def refuse_it(asked: Asked) -> dict[str, Any]:
    """The hub's legal desk does not publish what waits in ``id``: ``grounds`` and ``words``."""
    body = HubRefusal(grounds=tuple(texts_of(asked, "grounds")), reasons=_words(asked))
    said = refuse(parse_matter(text_of(asked, "id")), body, officer=asked.require_officer(), context=asked.context)
    return {"id": text_of(asked, "id"), "statement": id_text(said)}


def end(asked: Asked) -> dict[str, Any]:
    """Ends the notice ``id`` for everybody: its source, or the hub's legal desk; ``reason`` and ``words``."""
    matter, officer = parse_matter(text_of(asked, "id")), asked.require_officer()
    body = Cancellation(reason=text_of(asked, "reason"), words=_words(asked))
    say = cancel_by_hub if is_hub() else cancel
    return {"id": text_of(asked, "id"), "statement": id_text(say(matter, body, officer=officer, context=asked.context))}


def deny(asked: Asked) -> dict[str, Any]:
    """From now on the members ``denied``, and no others, are denied the notice ``id`` of ours."""
    said = restrict(
        parse_matter(text_of(asked, "id")),
        texts_of(asked, "denied"),
        officer=asked.require_officer(),
        context=asked.context,
        words=_words(asked),
    )
    return {"id": text_of(asked, "id"), "statement": id_text(said)}


def answer(asked: Asked) -> dict[str, Any]:
    """Answers the notice ``id`` with the ``draft``."""
    officer = asked.require_officer()
    plain = written(table_of(asked, "draft"), NoticeAnswer)
    body = record_from(NoticeAnswer, plain, officer=officer.number, now_ms=asked.context.clock())
    said = answer_notice(parse_matter(text_of(asked, "id")), body, officer=officer, context=asked.context)
    return {"id": text_of(asked, "id"), "statement": id_text(said)}


# ---------------------------------------------------------------------------------------------------- files


def _content(asked: Asked) -> bytes:
    try:
        unpacker = zlib.decompressobj()
        return unpacker.decompress(b64decode(text_of(asked, "file"), validate=True), MOST_BYTES + 1)
    except (ValueError, zlib.error) as error:
        raise BadInput("node.wrong-argument", name="file") from error


def take_file(asked: Asked) -> dict[str, Any]:
    """Takes a ``file`` of the public service (base64 of its zlib) of one ``colour`` into the register, or as ``drafts``; ``whole``: it
    is all of that colour.
    """
    officer, colour = asked.require_officer(), text_of(asked, "colour")
    content = _content(asked)
    if flag_of(asked, "drafts"):
        return asdict(import_drafts(content, colour=colour, officer=officer, context=asked.context))
    require_keeping_public(officer, REGISTER)
    whole = flag_of(asked, "whole")
    return asdict(import_public(content, colour=colour, officer=officer, context=asked.context, whole=whole))


def give_file(asked: Asked) -> dict[str, Any]:
    """What binds here of one ``colour`` and may be shown to everybody, as the ``file`` of the public service; what stays, and why."""
    given = export_public(
        colour=text_of(asked, "colour"),
        officer=asked.require_officer(),
        context=asked.context,
        justification=text_of(asked, "justification", default=""),
    )
    return {
        "file": json.dumps(given.file, ensure_ascii=False, indent=2),
        "numbers": given.numbers,
        "left_out": [[name, list(reasons)] for name, reasons in given.left_out],
    }


# ---------------------------------------------------------------------------------------------------- members


def list_members(asked: Asked) -> list[dict[str, Any]]:
    """The hub's members as this node knows them; with ``ended`` those too who are no longer."""
    return [
        {
            "agency": one.agency,
            "post": one.post,
            "admitted_at": utc_text(one.admitted_ms),
            "officer": one.officer,
            "ended_at": utc_text(one.ended_ms) if one.ended_ms else None,
        }
        for one in members(ended=flag_of(asked, "ended"))
    ]


def admit_them(asked: Asked) -> list[dict[str, Any]]:
    """The hub admits the bureaux ``agencies``, whose words it has compared."""
    agencies = texts_of(asked, "agencies")
    if not agencies:
        raise BadInput("node.wrong-argument", name="agencies")
    found = admit(*agencies, officer=asked.require_officer(), context=asked.context)
    return [{"agency": one.agency, "post": one.post, "admitted_at": utc_text(one.admitted_ms)} for one in found]


def dismiss_it(asked: Asked) -> dict[str, Any]:
    """The hub ends the membership of ``agency``."""
    dismiss(text_of(asked, "agency"), officer=asked.require_officer(), context=asked.context)
    return {"agency": text_of(asked, "agency")}


def introduce_them(asked: Asked) -> dict[str, Any]:
    """Our bureau makes services of its state known to all members (``agencies``), or no longer (``end``)."""
    agencies, officer = texts_of(asked, "agencies"), asked.require_officer()
    if not agencies:
        raise BadInput("node.wrong-argument", name="agencies")
    if flag_of(asked, "end"):
        for agency in agencies:
            no_longer_known(agency, officer=officer, context=asked.context)
    else:
        make_known(*agencies, officer=officer, context=asked.context)
    return {"known": [one.agency for one in services_known()]}


NOTICES: Final[dict[str, Act]] = {
    "notice.admit": admit_them,
    "notice.answer": answer,
    "notice.ask-leave": ask_leave,
    "notice.cancel": end,
    "notice.check": check,
    "notice.deny": deny,
    "notice.dismiss": dismiss_it,
    "notice.draft": keep,
    "notice.drafts": drafts,
    "notice.drop": drop,
    "notice.export": give_file,
    "notice.import": take_file,
    "notice.introduce": introduce_them,
    "notice.list": list_page,
    "notice.members": list_members,
    "notice.publish": publish_it,
    "notice.refuse": refuse_it,
    "notice.send": send,
    "notice.show": show,
    "notice.waiting": waiting,
}
"""The acts of this module, by name."""

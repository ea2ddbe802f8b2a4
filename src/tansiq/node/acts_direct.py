"""Acts of the direct channel that are asked from the command line: what heads of service say to one another.

Invariant: whoever asks has signed in as the head, or stands in by the head's own word; everybody else is refused before anything is
looked up. A body opens with the asker's own key for this one act; what is read is logged, and its sender is told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from tansiq.channels.available import head_of as head_desk_of
from tansiq.directory.queries import partners
from tansiq.enquiries.reading import parse_matter, record_from
from tansiq.errors import BadInput, NotFound
from tansiq.node.acts import Act, Asked
from tansiq.node.arguments import number_of, table_of, text_of
from tansiq.node.officers import SignedIn
from tansiq.node.written import written
from tansiq.policy.answer import IncomingCheck, Item
from tansiq.policy.codes import code_list
from tansiq.policy.direct import Delegation, DirectMessage
from tansiq.policy.values import Text
from tansiq.protocol.docket import check_post
from tansiq.protocol.ids import id_text
from tansiq.relations import direct_delegating
from tansiq.relations.direct import IN, DelegationRow, DirectRow, delegations, thread, threads, unread_matters
from tansiq.relations.direct_handing import hand_down
from tansiq.relations.direct_persons import require_may_act
from tansiq.relations.direct_reading import ReadMessage, read_thread
from tansiq.relations.direct_saying import head_desk, say

__all__ = ["DIRECT"]

_MOST_MS: Final = 1 << 45


def _sitting(asked: Asked) -> tuple[SignedIn, str]:
    """The head, or who stands in, and their desk. Raises Refused."""
    officer = asked.require_officer()
    post = head_desk(officer.posts)
    require_may_act(post, officer.number, asked.context.clock())
    return officer, post


def _iso(ms: int | None) -> str:
    return "" if ms is None else dt.datetime.fromtimestamp(ms / 1000, dt.UTC).isoformat(timespec="seconds")


def _row(row: DirectRow) -> dict[str, Any]:
    return {
        "id": id_text(row.matter),
        "message": id_text(row.statement),
        "partner": row.partner,
        "post": row.their_post,
        "direction": "in" if row.direction == IN else "out",
        "field": row.field,
        "officer": row.officer,
        "at": _iso(row.at_ms),
        "read": _iso(row.read_ms),
        "read_by": row.read_by,
        "handed_to": row.handed_to,
    }


def _delegation(row: DelegationRow, now_ms: int) -> dict[str, Any]:
    return {
        "id": id_text(row.matter),
        "agency": row.agency,
        "head": row.head,
        "deputy": row.deputy,
        "from": _iso(row.from_ms),
        "until": _iso(row.until_ms),
        "ended": _iso(row.ended_ms),
        "holds": row.holds_at(now_ms),
    }


def list_all(asked: Asked) -> dict[str, Any]:
    """The exchanges, unread ones first, and who stands in on either side; no word of what was said."""
    _, post = _sitting(asked)
    unread = {one.matter: one for one in unread_matters([post])}
    latest = [
        one
        for one in threads([post], limit=number_of(asked, "limit", default=50, most=500))
        if one.matter not in unread
    ]
    heads = [head_desk_of(one.agency) for one in partners()]
    found = delegations([one for one in heads if one])
    return {
        "exchanges": [
            *({**_row(one), "unread": True} for one in unread.values()),
            *({**_row(one), "unread": False} for one in latest),
        ],
        "delegations": [_delegation(one, asked.context.clock()) for one in found],
    }


def _message(one: ReadMessage) -> dict[str, Any]:
    content = dict(one.message.to_plain()) if one.message is not None else None
    return {**_row(one.row), "officer": one.by or one.row.officer, "content": content, "closed": one.fault}


def read(asked: Asked) -> dict[str, Any]:
    """All of one exchange, opened as far as the asker's key opens it."""
    officer, _ = _sitting(asked)
    matter = parse_matter(text_of(asked, "id"))
    found = read_thread(matter, context=asked.context, officer=officer)
    return {"id": id_text(matter), "messages": [_message(one) for one in found]}


def _to(asked: Asked, said: str) -> str:
    """The head's desk to which it goes: of the agency or the desk that is said, else of the only partner. Raises BadInput, NotFound."""
    if "/" in said:
        return check_post(said)
    known = [one.agency for one in partners() if not one.is_self and one.confirmed_ms and head_desk_of(one.agency)]
    agency = said or (known[0] if len(known) == 1 else "")
    if not agency:
        raise BadInput("node.wrong-argument", name="to")
    post = head_desk_of(agency)
    if not post:
        raise NotFound("directory.unknown-post", post=f"{agency}/head")
    return post


def _draft(asked: Asked) -> tuple[dict[str, Any], str, str]:
    """The draft without its way, to whom it goes and its field of crime: what the arguments say goes before the draft."""
    draft = dict(table_of(asked, "draft"))
    said = {}
    for name in ("to", "field"):
        kept = draft.pop(name, "")
        said[name] = text_of(asked, name, default="") or kept
        if not isinstance(said[name], str):
            raise BadInput("node.wrong-argument", name=name)
    return draft, said["to"], said["field"]


def _written(draft: Mapping[str, Any], field: str, asked: Asked, officer: SignedIn) -> DirectMessage:
    plain = written(draft, DirectMessage)
    if isinstance(plain.get("law"), dict):
        plain["law"] = {"offence": field, **plain["law"]}
    return record_from(DirectMessage, plain, officer=officer.number, now_ms=asked.context.clock())


def write(asked: Asked) -> dict[str, Any]:
    """Says the message of ``draft`` to the head of a partner, in a new exchange about ``field``."""
    officer, _ = _sitting(asked)
    draft, to, field = _draft(asked)
    code_list("offences").require(field)
    message = _written(draft, field, asked, officer)
    matter, statement = say(message, to=_to(asked, to), field=field, context=asked.context, officer=officer)
    return {"id": id_text(matter), "message": id_text(statement)}


def answer(asked: Asked) -> dict[str, Any]:
    """Says the message of ``draft`` in the exchange ``id``, to whoever is on its other side."""
    officer, post = _sitting(asked)
    draft, _, _ = _draft(asked)
    matter = parse_matter(text_of(asked, "id"))
    words = thread(matter, [post])
    came = [one.statement for one in words if one.direction == IN]
    row = words[-1]
    _, statement = say(
        _written(draft, row.field, asked, officer), to=row.their_post, field=row.field, context=asked.context,
        officer=officer, matter=matter, answers=came[-1] if came else b"",
    )  # fmt: skip
    return {"id": id_text(matter), "message": id_text(statement)}


def delegate(asked: Asked) -> dict[str, Any]:
    """Names ``deputy`` from ``from_ms`` until ``until_ms`` (UTC milliseconds)."""
    officer = asked.require_officer()
    delegation = Delegation(
        deputy=text_of(asked, "deputy"),
        from_ms=number_of(asked, "from_ms", default=0, most=_MOST_MS) or asked.context.clock(),
        until_ms=number_of(asked, "until_ms", default=0, most=_MOST_MS) or None,
    )
    return {"id": id_text(direct_delegating.delegate(delegation, context=asked.context, officer=officer))}


def withdraw(asked: Asked) -> dict[str, Any]:
    """Ends the delegation ``id`` now, on both sides."""
    matter = parse_matter(text_of(asked, "id"))
    direct_delegating.end(matter, context=asked.context, officer=asked.require_officer())
    return {"id": id_text(matter)}


def _check(draft: dict[str, Any], asked: Asked) -> IncomingCheck | None:
    """The answer about ill-treatment, taken out of the draft; None where there is none."""
    answer, reason = (str(draft.pop(name, "") or "") for name in ("obtained", "obtained_reason"))
    if not answer:
        return None
    return IncomingCheck(
        answer=code_list("ill_treatment").require(answer),
        officer=asked.require_officer().number,
        at_ms=asked.context.clock(),
        reason=Text(str(draft.get("language") or "en"), reason) if reason else None,
    )


def down(asked: Asked) -> dict[str, Any]:
    """Hands the item of ``draft`` down to ``desk``, out of the message ``id``, in a new case called ``title``.

    Beside the item's fields stand ``obtained``, the answer to 'may this have been obtained by ill-treatment?', and ``obtained_reason``.
    """
    officer, _ = _sitting(asked)
    draft = dict(table_of(asked, "draft"))
    desk, title = (text_of(asked, name, default="") or str(draft.pop(name, "")) for name in ("desk", "title"))
    for name in ("desk", "title"):
        draft.pop(name, None)
    if not desk or not title:
        raise BadInput("node.wrong-argument", name="title" if desk else "desk")
    language = str(draft.get("language") or "")
    check = _check(draft, asked)
    item = record_from(Item, written(draft, Item), officer=officer.number, now_ms=asked.context.clock())
    case = hand_down(
        parse_matter(text_of(asked, "id")), item, desk=desk if "/" in desk else f"{asked.context.agency}/{desk}",
        title=Text(language or (item.words.language if item.words else "en"), title), check=check, context=asked.context,
        officer=officer,
    )  # fmt: skip
    return {"id": text_of(asked, "id"), "case": id_text(case)}


DIRECT: Final[Mapping[str, Act]] = {
    "direct.answer": answer,
    "direct.delegate": delegate,
    "direct.hand-down": down,
    "direct.list": list_all,
    "direct.read": read,
    "direct.withdraw": withdraw,
    "direct.write": write,
}
"""The acts of this module, by name."""

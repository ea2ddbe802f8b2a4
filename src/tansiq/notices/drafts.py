"""Notices that are being written, for everybody at the bureau's desk: written, checked by a person, and only then sent.

Invariant: whoever checks answers in the own name for Article 2, for each question of Article 3 and for the purpose of Article 10;
a draft that is changed afterwards is unchecked again. A draft's content lies concealed under a key of its own, which goes
with it. INTERPOL's Rules on the Processing of Data, Articles 10, 34 and 37.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from django.db import connection, transaction

from tansiq.cases.sql import for_update, insert, marks
from tansiq.channels.officers import ActingOfficer
from tansiq.errors import Conflict, NotFound
from tansiq.exchange.context import Context
from tansiq.keystore.store import Contents
from tansiq.notices.asking import ask_publication, send_diffusion, update
from tansiq.notices.desks import BUREAU, require_post
from tansiq.policy.enquiry import LawBasis, Neutrality
from tansiq.policy.faults import Faults
from tansiq.policy.notice import Notice
from tansiq.policy.notice_course import Kind
from tansiq.policy.notice_law import CHECKED, notice_faults
from tansiq.policy.values import Attestation, Text
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.concealment import conceal, reveal
from tansiq.protocol.ids import IdMaker, id_text

__all__ = ["Checks", "DraftRow", "check_draft", "checked_notice", "draft_of", "drafts_of", "drop_draft", "keep_draft", "send_checked",
           "unchecked_faults"]  # fmt: skip

_maker = IdMaker()


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRow:
    """A row of `models.Draft`; the columns in this order."""

    id: bytes
    post: str
    kind: Kind
    colour: str
    matter: bytes
    officer: str
    version: int
    made_ms: int
    changed_ms: int
    checked_by: str
    checked_ms: int | None
    thing: bytes
    commitment: bytes
    concealed: bytes

    @property
    def state(self) -> str:
        """Where it stands: a code of the list ``notice_states``."""
        return "checked" if self.checked_ms is not None else "draft"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """What the person who checks says: the purpose, and yes or no to each question; ``note`` to Article 2."""

    rpd_purpose: str
    article_2: bool
    political: bool
    military: bool
    religious: bool
    racial: bool
    note: Text | None = None


_COLUMNS: Final = tuple(field.name for field in fields(DraftRow))
_PUT: Final = insert("notices_draft", _COLUMNS)


def _rows(where: str, values: Sequence[Any], *, lock: bool = False) -> list[DraftRow]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM notices_draft WHERE {where}{for_update() if lock else ''}", list(values)
        )
        found = [dict(zip(_COLUMNS, row, strict=True)) for row in cursor.fetchall()]
    return [
        DraftRow(
            **row
            | {name: bytes(row[name] or b"") for name in ("id", "matter", "thing", "commitment", "concealed")}
            | {"kind": Kind(row["kind"])}
        )
        for row in found
    ]


def drafts_of(posts: Sequence[str], *, limit: int = 100) -> list[DraftRow]:
    """The drafts of these desks, the latest first."""
    if not posts:
        return []
    return _rows(f"post IN ({marks(posts)}) ORDER BY changed_ms DESC LIMIT %s", [*posts, limit])


def draft_of(draft: bytes, posts: Sequence[str], *, context: Context, lock: bool = False) -> tuple[DraftRow, Notice]:
    """A draft of one of these desks, and what stands in it. Raises NotFound."""
    rows = _rows("id = %s", [draft], lock=lock)
    if not rows or rows[0].post not in posts:
        raise NotFound("notices.unknown", notice=id_text(draft))
    row = rows[0]
    key = context.keys.contents(row.thing)[0]
    if key is None:
        raise NotFound("notices.unknown", notice=id_text(draft))
    content, _ = reveal(row.concealed, key=key, statement_id=row.thing, place=0, commitment=row.commitment)
    return row, Notice.from_plain(decode(content))


def _forget(things: Sequence[bytes], context: Context) -> None:
    def forget() -> None:
        for thing in things:
            context.keys.erase(thing)

    transaction.on_commit(forget, robust=True)


def _hide(row: DraftRow, notice: Notice, *, context: Context) -> DraftRow:
    """The row with this content, under a new key, which is kept."""
    thing = _maker.make(context.clock())
    hidden = conceal(encode(notice.to_plain()), statement_id=thing, place=0)
    context.keys.put_contents([Contents(thing, row.id, (hidden.key,))])
    return replace(
        row, colour=notice.colour or "", thing=thing, commitment=hidden.commitment, concealed=hidden.ciphertext
    )


def _values(row: DraftRow) -> list[Any]:
    return [
        (row.matter or None) if name == "matter" else str(row.kind) if name == "kind" else getattr(row, name)
        for name in _COLUMNS
    ]


def _store(row: DraftRow) -> None:
    names = [name for name in _COLUMNS if name != "id"]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE notices_draft SET {', '.join(f'{name} = %s' for name in names)} WHERE id = %s",
            [*_values(row)[1:], row.id],
        )


def keep_draft(
    notice: Notice,
    *,
    officer: ActingOfficer,
    context: Context,
    kind: Kind = Kind.NOTICE,
    draft: bytes = b"",
    matter: bytes = b"",
) -> bytes:
    """Keeps a draft for the bureau's desk: a new one, or ``draft`` as it is now written; ``matter`` is the notice that it would
    update. What its checker had answered is taken away. Returns its id. Raises Refused, NotFound.
    """
    post, now_ms = require_post(officer, BUREAU), context.clock()
    bare = _unanswered(notice)
    with transaction.atomic():
        if draft:
            before, _ = draft_of(draft, [post], context=context, lock=True)
            row = replace(
                before, version=before.version + 1, changed_ms=now_ms, checked_by="", checked_ms=None, officer=officer.number
            )  # fmt: skip
            _store(_hide(row, bare, context=context))
            _forget([before.thing], context)
            return draft
        made = DraftRow(
            id=_maker.make(now_ms), post=post, kind=kind, colour="", matter=matter, officer=officer.number, version=1,
            made_ms=now_ms, changed_ms=now_ms, checked_by="", checked_ms=None, thing=b"", commitment=b"", concealed=b"",
        )  # fmt: skip
        row = _hide(made, bare, context=context)
        with connection.cursor() as cursor:
            cursor.execute(_PUT, _values(row))
    return row.id


def _unanswered(notice: Notice) -> Notice:
    """The notice without what the person who checks answers for."""
    law = replace(notice.law, neutrality=None) if notice.law is not None else None
    return replace(notice, law=law, article_2=None, rpd_purpose=None)


def unchecked_faults(notice: Notice, **more: Any) -> Faults:
    """What a draft lacks apart from its check."""
    return Faults(fault for fault in notice_faults(notice, **more) if fault.code not in CHECKED)


def checked_notice(notice: Notice, checks: Checks, *, officer: str, at_ms: int) -> Notice:
    """The notice with what a person answered for."""

    def said(*, answer: bool, note: Text | None = None) -> Attestation:
        return Attestation(answer=answer, officer=officer, at_ms=at_ms, note=note)

    neutrality = Neutrality(
        political=said(answer=checks.political),
        military=said(answer=checks.military),
        religious=said(answer=checks.religious),
        racial=said(answer=checks.racial),
    )
    return replace(
        notice,
        rpd_purpose=checks.rpd_purpose,
        article_2=said(answer=checks.article_2, note=checks.note),
        law=replace(notice.law or LawBasis(), neutrality=neutrality),
    )


def check_draft(draft: bytes, checks: Checks, *, version: int, officer: ActingOfficer, context: Context) -> None:
    """Records who answers for Articles 2, 3 and 10, and what; a 'yes' to a question of Article 3 is kept too, and stops it.

    Raises NotFound, Conflict (it was changed since it was read).
    """
    post, now_ms = require_post(officer, BUREAU), context.clock()
    with transaction.atomic():
        row, notice = draft_of(draft, [post], context=context, lock=True)
        if row.version != version:
            raise Conflict("web.changed-meanwhile")
        made = checked_notice(notice, checks, officer=officer.number, at_ms=now_ms)
        before = row.thing
        row = replace(row, checked_by=officer.number, checked_ms=now_ms, version=row.version + 1)
        _store(_hide(row, made, context=context))
        _forget([before], context)


def drop_draft(draft: bytes, *, officer: ActingOfficer, context: Context) -> None:
    """Throws a draft away, with its key. Raises NotFound."""
    post = require_post(officer, BUREAU)
    with transaction.atomic():
        row, _ = draft_of(draft, [post], context=context, lock=True)
        _delete(row, context)


def _delete(row: DraftRow, context: Context) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM notices_draft WHERE id = %s", (row.id,))
    _forget([row.thing], context)


def send_checked(
    draft: bytes,
    *,
    version: int,
    officer: ActingOfficer,
    context: Context,
    denied: Sequence[str] = (),
    to: Sequence[str] = (),
    words: Text | None = None,
) -> bytes:
    """Sends a checked draft: a notice to the hub, a diffusion to the members ``to``, an update of the notice that it is of.

    Returns the matter. Raises Conflict (not checked, or changed since it was read), and as what sends it does.
    """
    post = require_post(officer, BUREAU)
    with transaction.atomic():
        row, notice = draft_of(draft, [post], context=context, lock=True)
        if row.version != version:
            raise Conflict("web.changed-meanwhile")
        if row.checked_ms is None:
            raise Conflict("notices.not-checked")
        if row.matter:
            update(row.matter, notice, officer=officer, context=context)
            matter = row.matter
        elif row.kind is Kind.DIFFUSION:
            matter = send_diffusion(notice, to=to, officer=officer, context=context)
        else:
            matter = ask_publication(notice, denied=denied, words=words, officer=officer, context=context)
        _delete(row, context)
    return matter

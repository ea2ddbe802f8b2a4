"""Exits: whoever wants an item out of here, to read, show, print, export or hand on, asks here first.

Invariant: one decision for every use (`policy.handling`), from the conditions that the originator wrote, the posts that
it was sent to or handed down to, the reader's posts, compartment there, clearance and purpose. What a reader may not view is, to
that reader, not here: not listed, not counted, and named with the same words as what never was. A use that the law wants
logged is logged before anything leaves (Directive (EU) 2016/680, Article 25).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, TypeAlias

from django.db import connection

from tansiq.accounts.clearances import given_clearance
from tansiq.cases.contents import StoredStatement, open_statements
from tansiq.cases.queries import ItemRow, item_row, own_part
from tansiq.cases.sql import chunks, marks
from tansiq.channels.compartments import reads_body
from tansiq.directory.queries import own_directory
from tansiq.errors import Error, NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.answer import IncomingCheck, Item
from tansiq.policy.conditions import Conditions
from tansiq.policy.direct import DirectMessage
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.handling import Decision, Held, Reader, Use, decide
from tansiq.policy.liaison import LiaisonMessage
from tansiq.policy.notice import Notice, NoticeAnswer, StatusDeclaration
from tansiq.policy.report import StrategicReport
from tansiq.policy.ways import body_readers
from tansiq.protocol.cbor import decode
from tansiq.protocol.concealment import reveal
from tansiq.protocol.docket import ALL_MEMBERS, Docket
from tansiq.protocol.ids import id_text
from tansiq.protocol.manifest import PART_KIND as FILE
from tansiq.protocol.parts import Part

__all__ = [
    "Weighed", "clearance_of", "conditions_in", "incoming_of", "reader_of", "take_out", "visible", "weigh", "weigh_uses", "withheld_at",
]  # fmt: skip


class Officer(Protocol):
    """An officer as an exit needs one."""

    @property
    def number(self) -> str:
        """The service number."""

    @property
    def posts(self) -> tuple[str, ...]:
        """The posts, ``agency/name``."""


def clearance_of(officer: str, *, context: Context) -> str:
    """Up to what an officer is cleared: as was given to the officer, else as the node's configuration says for all."""
    return given_clearance(officer) or context.clearance


def reader_of(officer: Officer, *, context: Context, purpose: str = "") -> Reader:
    """The officer as a reader; without ``purpose`` each item is read for what it was given for."""
    return Reader(
        agency=context.agency,
        officer=officer.number,
        posts=frozenset(officer.posts),
        clearance=clearance_of(officer.number, context=context),
        purpose=purpose,
    )


# ---------------------------------------------------------------------------------------------------- what is held


_REPORT: Final = "report.strategic"
_Bearer: TypeAlias = (
    Enquiry | Item | Notice | NoticeAnswer | StatusDeclaration | LiaisonMessage | DirectMessage | StrategicReport
)
_CONDITIONS: Final[Mapping[str, type[_Bearer]]] = {
    "enquiry.request": Enquiry,
    "item": Item,
    "notice.notice": Notice,
    "notice.update": Notice,
    "notice.diffusion": Notice,
    "notice.answer": NoticeAnswer,
    "person.status": StatusDeclaration,
    "liaison.message": LiaisonMessage,
    "direct.message": DirectMessage,
    _REPORT: StrategicReport,
}
"""The kinds of parts that carry conditions of their own: every record of the policy that has ``conditions`` stands here."""
_RELAY: Final = "hub"
_ASK: Final = "policy.use.ask-originator"


def _conditions_of(part: Part | None) -> Conditions | None:
    """A part's own conditions. What a newer version wrote is not understood, and so read as none."""
    bearer = _CONDITIONS.get(part.kind) if part is not None else None
    try:
        return bearer.from_plain(part.content).conditions if bearer is not None and part is not None else None
    except Error:
        return None


def conditions_in(parts: Sequence[Part | None], place: int) -> Conditions | None:
    """The conditions of the part at a place: its own, or of a file those of the part that it belongs to; None for none."""
    part = parts[place] if 0 <= place < len(parts) else None
    if part is None:
        return None
    of = part.content.get(7) if part.kind == FILE else None
    owner = parts[of] if type(of) is int and 0 <= of < len(parts) else None
    return _conditions_of(part) or _conditions_of(owner)


def fields_of(docket: Docket, parts: Sequence[Part | None]) -> frozenset[str]:
    """Every field of crime of a statement: its docket names the first, a strategic report may be on more."""
    found = {docket.field}
    for part in parts:
        if part is not None and part.kind == _REPORT:
            try:
                found.update(StrategicReport.from_plain(part.content).fields)
            except Error:  # a newer version's: the docket's field then
                continue
    return frozenset(found - {""})


Asked: TypeAlias = dict[tuple[str, str, tuple[str, ...], frozenset[str]], bool]
"""What was asked of compartments for one page: desk, officer, ends and fields."""


def withheld_at(
    docket: Docket, parts: Sequence[Part | None], reader: Reader, *, posts: frozenset[str] = frozenset(), asked: Asked
) -> frozenset[str]:
    """The reader's desks at which the reader's compartment does not reach a statement: those that it passes, that are an end of it, and
    ``posts``, those of the case that it stands in.
    """
    desks = ({docket.sender, *docket.route, *docket.addressees} | posts) & reader.posts
    if not desks:
        return frozenset()
    ends, fields = (docket.sender, *docket.addressees), fields_of(docket, parts)
    for post in desks:
        if (post, reader.officer, ends, fields) not in asked:
            asked[post, reader.officer, ends, fields] = reads_body(post, reader.officer, ends=ends, fields=fields)
    return frozenset(post for post in desks if not asked[post, reader.officer, ends, fields])


def incoming_of(item: bytes, *, context: Context) -> IncomingCheck | None:
    """The last answer about how an item was obtained; None when nobody answered."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, commitment, concealed FROM cases_incoming_answer WHERE item = %s ORDER BY id DESC LIMIT 1",
            (item,),
        )
        row = cursor.fetchone()
    if row is None or row[2] is None:
        return None
    thing = bytes(row[0])
    key = context.keys.contents(thing)[0]
    if key is None:
        return None
    content, _ = reveal(bytes(row[2]), key=key, statement_id=thing, place=0, commitment=bytes(row[1]))
    return IncomingCheck.from_plain(decode(content))


@dataclass(frozen=True, slots=True)
class _CasePosts:
    """The posts that may know of what stands under a reference: those of the case that it is, and those of the case into which an officer
    put the matter that it is.
    """

    own: frozenset[str] = frozenset()
    linked: frozenset[str] = frozenset()

    def of(self, matter: bytes, reference: bytes) -> frozenset[str]:
        """Those for what was said in ``matter``: a case that bears a matter's own name, which its speaker chose, opens nothing of it."""
        return self.linked if matter == reference else self.own | self.linked


_NO_POSTS: Final = _CasePosts()


def _case_posts(rows: Sequence[ItemRow]) -> dict[bytes, _CasePosts]:
    """By the case (or matter) in which an item stands: the posts that may know of the case."""
    own: dict[bytes, set[str]] = {}
    linked: dict[bytes, set[str]] = {}
    for some in chunks(dict.fromkeys(row.case for row in rows)):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT 0, case_ref, post FROM cases_case_post WHERE case_ref IN ({marks(some)}) UNION ALL "
                "SELECT 1, m.matter, p.post FROM cases_case_matter m JOIN cases_case_post p ON p.case_ref = m.case_ref "
                f"WHERE m.matter IN ({marks(some)})",
                [*some, *some],
            )
            for by_link, case, post in cursor.fetchall():
                (linked if by_link else own).setdefault(bytes(case), set()).add(post)
    return {
        case: _CasePosts(frozenset(own.get(case, ())), frozenset(linked.get(case, ()))) for case in own.keys() | linked
    }


def _drafts(rows: Sequence[ItemRow]) -> dict[bytes, tuple[str, bytes | None]]:
    """Of own files: whose draft it is ('' when it is none), and the item that it belongs to."""
    found: dict[bytes, tuple[str, bytes | None]] = {}
    for some in chunks(row.id for row in rows if row.kind == FILE and row.statement is None):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT item, draft, officer, parent FROM cases_file WHERE item IN ({marks(some)})", some)
            for item, draft, officer, parent in cursor.fetchall():
                found[bytes(item)] = (officer if draft else "", None if parent is None else bytes(parent))
    return found


def _every_desk() -> frozenset[str]:
    """Our desks, for what is for all members: all but a hub's relay desk, which passes it on closed."""
    return frozenset(post.id for post in own_directory().posts if post.role != _RELAY)


@dataclass(frozen=True, slots=True)
class Weighed:
    """An item, its content (None: erased, or closed to this node) and what was decided of the use."""

    row: ItemRow
    decision: Decision
    part: Part | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Scales:
    """What is read once for many items."""

    stored: Mapping[bytes, StoredStatement]
    posts: Mapping[bytes, _CasePosts]
    drafts: Mapping[bytes, tuple[str, bytes | None]]
    context: Context
    asked: Asked = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Sequence[ItemRow], context: Context) -> _Scales:
        statements = list(dict.fromkeys(row.statement for row in rows if row.statement is not None))
        return cls(open_statements(statements, keys=context.keys), _case_posts(rows), _drafts(rows), context)

    def own(self, row: ItemRow) -> tuple[Held | None, Part | None]:
        """An item that was entered here: its case's posts gave it, or of a draft nobody but its officer."""
        posts = self.posts.get(row.case, _NO_POSTS).of(b"", row.case)
        part = None if row.erased else own_part(row.id, self.context.keys)
        draft, parent = self.drafts.get(row.id, ("", None))
        conditions = _conditions_of(part)
        if conditions is None and parent is not None:
            try:
                conditions = _conditions_of(own_part(parent, self.context.keys))
            except Error:
                conditions = None
        held = Held(
            originator=row.originator,
            origin_posts=frozenset((f"officer:{draft}",)) if draft else posts,
            addressees=frozenset() if draft else posts,
            purpose=row.purpose,
            conditions=replace(conditions or Conditions(), expires_at_ms=row.expires_ms),
        )
        return held, part

    def said(self, row: ItemRow, reader: Reader) -> tuple[Held | None, Part | None]:
        """An item that stands in a statement: who said it to whom is in the docket."""
        stored = self.stored.get(row.statement or b"")
        if stored is None or stored.docket is None:
            return None, None
        docket = stored.docket
        part = stored.parts[row.place] if row.place < len(stored.parts) else None
        own = conditions_in(stored.parts, row.place)
        strictest = Conditions(
            codes=docket.handling, classification=docket.classification or None, expires_at_ms=row.expires_ms
        )
        posts = self.posts.get(row.case, _NO_POSTS).of(docket.matter, row.case)
        withheld = withheld_at(docket, stored.parts, reader, posts=posts, asked=self.asked)
        held = Held(
            originator=row.originator,
            origin_posts=frozenset((docket.sender,)) - withheld,
            addressees=body_readers(docket.channel, docket.route, docket.addressees) - withheld
            | (_every_desk() if ALL_MEMBERS in docket.addressees else frozenset()),
            purpose=row.purpose,
            conditions=own or strictest,
        )
        handed = posts - withheld - held.addressees
        if handed & reader.posts and self._may_hand_down(held, handed):
            held = replace(held, addressees=held.addressees | handed)
        return held, part

    def _may_hand_down(self, held: Held, posts: frozenset[str]) -> bool:
        """Whether what stands in a case is for its posts too: not what its originator elsewhere lets nobody copy without being asked."""
        if held.originator == self.context.agency:
            return True
        one = Reader(agency=self.context.agency, officer="", posts=posts, clearance="", purpose="")
        asked = decide(Use.COPY, replace(held, addressees=posts), one, at_ms=self.context.clock())
        return _ASK not in asked.reasons


_CLOSED = Decision(allowed=False, reasons=("policy.use.not-addressed",))


def weigh_uses(
    rows: Sequence[ItemRow], uses: Sequence[Use], reader: Reader, *, context: Context, target: str = ""
) -> dict[Use, list[Weighed]]:
    """The decisions on several uses of each of ``rows``, all read once; see `weigh`."""
    scales = _Scales.of(rows, context)
    now_ms = context.clock()
    out: dict[Use, list[Weighed]] = {use: [] for use in uses}
    for row in rows:
        held, part = scales.own(row) if row.statement is None else scales.said(row, reader)
        if held is None:
            for use in uses:
                out[use].append(Weighed(row, _CLOSED, None))
            continue
        if held.originator != context.agency and any(use is not Use.VIEW for use in uses):
            held = replace(held, incoming=incoming_of(row.id, context=context))
        who = reader if reader.purpose else replace(reader, purpose=row.purpose)
        if row.statement is None:
            who = replace(who, posts=who.posts | {f"officer:{who.officer}"})
        for use in uses:
            out[use].append(Weighed(row, decide(use, held, who, at_ms=now_ms, target=target), part))
    return out


def weigh(rows: Sequence[ItemRow], use: Use, reader: Reader, *, context: Context, target: str = "") -> list[Weighed]:
    """The decision on this use of each of ``rows``, with the content where there is one; nothing is logged."""
    return weigh_uses(rows, (use,), reader, context=context, target=target)[use]


def visible(rows: Sequence[ItemRow], reader: Reader, *, context: Context) -> list[ItemRow]:
    """Those of ``rows`` that the reader may know of, in their order: filter first, then count and cut."""
    return [one.row for one in weigh(rows, Use.VIEW, reader, context=context) if one.decision.allowed]


_OPERATIONS: Final = {
    Use.VIEW: Operation.CONSULTATION,
    Use.COPY: Operation.COLLECTION,
    Use.PRINT: Operation.CONSULTATION,
    Use.PROGRAM: Operation.COMBINATION,
}
"""What the law calls a use; every other is a disclosure."""


def take_out(
    items: Sequence[bytes],
    use: Use,
    reader: Reader,
    *,
    context: Context,
    justification: str = "",
    target: str = "",
    recipients: Sequence[str] = (),
) -> list[Weighed]:
    """The items with their contents, for this use, logged; all of them or none.

    Raises NotFound ('cases.unknown-item') for one that is not here, or that the reader may not know of, and
    ('cases.erased'); Refused('policy.use') when it may be viewed but not used so.
    """
    rows = [item_row(item) for item in items]
    known = weigh(rows, Use.VIEW, reader, context=context)
    for one in known:
        if not one.decision.allowed:
            raise NotFound("cases.unknown-item", item=one.row.id.hex())
    weighed = known if use is Use.VIEW else weigh(rows, use, reader, context=context, target=target)
    for one in weighed:
        if not one.decision.allowed:
            reasons = ", ".join(one.decision.reasons)
            raise Refused("policy.use", use=use.value, count=len(one.decision.reasons), reasons=reasons)
        if one.part is None:
            raise NotFound("cases.erased", item=id_text(one.row.id))
    log_access(
        [
            Access(
                operation=_OPERATIONS.get(use, Operation.DISCLOSURE),
                officer=reader.officer,
                thing=one.row.id,
                purpose=reader.purpose or one.row.purpose,
                justification=justification,
                recipients=tuple(recipients) or ((target,) if target else ()),
                time_ms=context.clock(),
            )
            for one in weighed
        ],
        keys=context.keys,
    )
    return weighed

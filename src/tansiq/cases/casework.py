"""What officers do with cases: open, name, close, open again, say which posts may know of it, put a matter into it.

Invariant: whoever acts is in the case's compartment; every act is one commit with its leaf in the access journal
(Directive (EU) 2016/680, Article 25). A case always has a post that knows of it. A matter is put into a case, and a post
added to one, only if all that the officer may see of it may be copied into one (`policy.handling`).
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection, transaction

from tansiq.cases.cases import CLOSED, OPEN, CaseRow, case_posts, case_row
from tansiq.cases.exits import Officer, reader_of, visible, weigh
from tansiq.cases.items import DAY_MS, REVIEW_MS
from tansiq.cases.queries import ItemRow, is_matter, items_of
from tansiq.cases.registry import matter_may_join
from tansiq.cases.sql import insert
from tansiq.directory.queries import own_directory
from tansiq.errors import BadInput, Conflict, NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.journal.access import Access, Operation, log_access
from tansiq.keystore.store import Contents
from tansiq.policy.codes import code_list
from tansiq.policy.handling import Reader, Use
from tansiq.policy.values import Text
from tansiq.protocol.cbor import encode
from tansiq.protocol.concealment import conceal
from tansiq.protocol.docket import check_agency
from tansiq.protocol.ids import IdMaker, id_text

__all__ = [
    "CLOSED_REVIEW_MS", "NewCase", "add_post", "close_case", "link_matter", "open_case", "remove_post", "rename_case", "reopen_case",
    "require_no_matter", "unlink_matter",
]  # fmt: skip

CLOSED_REVIEW_MS = 183 * DAY_MS
"""A closed case is reviewed after half a year, an open one after three years."""
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_MOST_TITLE, _MOST_REFERENCE = 300, 64
_maker = IdMaker()


def _reference(context: Context) -> str:
    """A file number that tells nothing of how many there are: agency, year, six characters by chance (`secrets`)."""
    year = dt.datetime.fromtimestamp(context.clock() / 1000, dt.UTC).year
    return f"{context.agency.upper()}-{year}-{''.join(secrets.choice(_ALPHABET) for _ in range(6))}"


def _check_title(title: Text) -> None:
    if not title.value.strip() or len(title.value) > _MOST_TITLE:
        raise BadInput("cases.wrong-title", limit=_MOST_TITLE)


def _check_codes(name: str, codes: Sequence[str]) -> str:
    known = code_list(name)
    for code in codes:
        if code not in known:
            raise BadInput("cases.wrong-code", list=name)
    return " ".join(dict.fromkeys(codes))


def _check_own_posts(posts: Sequence[str]) -> list[str]:
    own = {post.id for post in own_directory().posts}
    for post in posts:
        if post not in own:
            raise NotFound("directory.unknown-post", post=post)
    return list(dict.fromkeys(posts))


def _log(case: bytes, operation: Operation, officer: Officer, context: Context, *, why: str = "") -> None:
    access = Access(
        operation=operation, officer=officer.number, thing=case, purpose="", justification=why, time_ms=context.clock()
    )
    log_access([access], keys=context.keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """A case to open. Without ``posts`` the officer's own may know of it, without ``reference`` it gets a file number,
    without ``lead`` we lead it; ``fields`` are those of crime, ``framework`` the legal bases (codes), ``agencies`` the
    partners; ``shared`` is the reference that a partner sent.
    """

    title: Text = field(repr=False)
    posts: Sequence[str] = ()
    reference: str = ""
    fields: Sequence[str] = ()
    agencies: Sequence[str] = ()
    framework: Sequence[str] = ()
    lead: str = ""
    shared: bytes = b""


def require_no_matter(shared: bytes, *, context: Context) -> None:
    """Raises Refused ('cases.reference-is-matter') for a shared reference that is a matter's: a case of that name would show its posts
    what others said in the matter.
    """
    if is_matter(shared, keys=context.keys):
        raise Refused("cases.reference-is-matter")


def open_case(new: NewCase, *, context: Context, officer: Officer) -> bytes:
    """Opens a case; returns its id, which is what travels where the case is shared.

    Raises BadInput (title, code, reference), NotFound (a post that is none), Refused (the officer would be outside it; the shared
    reference is a matter's), Conflict ('cases.case-known').
    """
    _check_title(new.title)
    chosen = _check_own_posts(list(new.posts) or list(officer.posts))
    if not set(chosen) & set(officer.posts):
        raise Refused("cases.outside-compartment")
    if len(new.reference) > _MOST_REFERENCE or not new.reference.isprintable() or len(new.shared) not in {0, 16}:
        raise BadInput("cases.wrong-reference", limit=_MOST_REFERENCE)
    if new.shared:
        require_no_matter(new.shared, context=context)
    lead = check_agency(new.lead or context.agency)
    agencies = " ".join(dict.fromkeys(map(check_agency, new.agencies)))
    now_ms = context.clock()
    case, thing = new.shared or _maker.make(now_ms), _maker.make(now_ms)
    concealed = conceal(encode(new.title.to_plain()), statement_id=thing, place=0)
    context.keys.put_contents([Contents(thing, case, (concealed.key,))])
    columns = (
        "id", "thing", "reference", "lead", "agencies", "fields", "framework", "state", "opened_ms", "closed_ms", "review_ms", "erase_ms",
        "officer", "commitment", "concealed",
    )  # fmt: skip
    values = (
        case, thing, new.reference.strip() or _reference(context), lead, agencies,
        _check_codes("offences", new.fields), _check_codes("legal_bases", new.framework), OPEN, now_ms, None, now_ms + REVIEW_MS, None,
        officer.number, concealed.commitment, concealed.ciphertext,
    )  # fmt: skip
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(insert("cases_case", columns, "ON CONFLICT DO NOTHING"), values)
            if not cursor.rowcount:
                raise Conflict("cases.case-known")
        for post in chosen:
            _insert_post(case, post, opened_ms=now_ms, is_open=True, officer=officer.number, now_ms=now_ms)
        _log(case, Operation.COLLECTION, officer, context)
    return case


def _insert_post(case: bytes, post: str, *, opened_ms: int, is_open: bool, officer: str, now_ms: int) -> None:
    columns = ("post", "case_ref", "is_open", "opened_ms", "since_ms", "officer")
    with connection.cursor() as cursor:
        cursor.execute(
            insert("cases_case_post", columns, "ON CONFLICT DO NOTHING"),
            (post, case, is_open, opened_ms, now_ms, officer),
        )


@contextmanager
def _working(case: bytes, officer: Officer, context: Context, *, why: str) -> Iterator[CaseRow]:
    """One act on a case of the officer's: its row is held, its leaf in the access journal goes with it."""
    with transaction.atomic():
        row = case_row(case, officer.posts, lock=True)
        yield row
        _log(case, Operation.ALTERATION, officer, context, why=why)


def rename_case(case: bytes, title: Text, *, context: Context, officer: Officer) -> None:
    """Gives a case another title; the old one is erased. Raises NotFound, BadInput."""
    _check_title(title)
    thing = _maker.make(context.clock())
    concealed = conceal(encode(title.to_plain()), statement_id=thing, place=0)
    with _working(case, officer, context, why="case.renamed") as row:
        context.keys.put_contents([Contents(thing, case, (concealed.key,))])
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE cases_case SET thing = %s, commitment = %s, concealed = %s WHERE id = %s",
                (thing, concealed.commitment, concealed.ciphertext, case),
            )
    context.keys.erase(row.thing)


def _settle(case: bytes, state: str, *, closed_ms: int | None, review_ms: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE cases_case SET state = %s, closed_ms = %s, review_ms = %s WHERE id = %s",
            (state, closed_ms, review_ms, case),
        )
        cursor.execute("UPDATE cases_case_post SET is_open = %s WHERE case_ref = %s", (state == OPEN, case))


def close_case(case: bytes, *, context: Context, officer: Officer) -> None:
    """Closes a case. Raises NotFound, Conflict ('cases.case-closed')."""
    with _working(case, officer, context, why="case.closed") as row:
        if not row.is_open:
            raise Conflict("cases.case-closed")
        now_ms = context.clock()
        _settle(case, CLOSED, closed_ms=now_ms, review_ms=min(row.review_ms, now_ms + CLOSED_REVIEW_MS))


def reopen_case(case: bytes, *, context: Context, officer: Officer) -> None:
    """Opens a closed case again. Raises NotFound, Conflict ('cases.case-open')."""
    with _working(case, officer, context, why="case.reopened") as row:
        if row.is_open:
            raise Conflict("cases.case-open")
        _settle(case, OPEN, closed_ms=None, review_ms=context.clock() + REVIEW_MS)


def _require_copied(rows: Sequence[ItemRow], reader: Reader, *, context: Context) -> None:
    """Raises Refused('policy.use') unless the reader may copy all of ``rows`` into a case, whose posts see them there."""
    for one in weigh([item for item in rows if not item.erased], Use.COPY, reader, context=context):
        if not one.decision.allowed:
            reasons = ", ".join(one.decision.reasons)
            raise Refused("policy.use", use=Use.COPY.value, count=len(one.decision.reasons), reasons=reasons)


def add_post(case: bytes, post: str, *, context: Context, officer: Officer) -> None:
    """Lets another post of ours know of a case: what stands in it is handed down to that post.

    Raises NotFound, Refused ('policy.use': an originator wants to be asked first before what the officer sees in it is copied).
    """
    _check_own_posts([post])
    reader = reader_of(officer, context=context)
    with _working(case, officer, context, why="case.post-added") as row:
        with connection.cursor() as cursor:
            cursor.execute("SELECT matter FROM cases_case_matter WHERE case_ref = %s", (case,))
            matters = [bytes(found[0]) for found in cursor.fetchall()]
        held = [item for reference in (case, *matters) for item in items_of(reference)]
        _require_copied(visible(held, reader, context=context), reader, context=context)
        _insert_post(
            case,
            post,
            opened_ms=row.opened_ms,
            is_open=row.is_open,
            officer=officer.number,
            now_ms=context.clock(),
        )


def remove_post(case: bytes, post: str, *, context: Context, officer: Officer) -> None:
    """A post knows of a case no longer. Raises NotFound, Conflict ('cases.last-post')."""
    with _working(case, officer, context, why="case.post-removed"):
        if set(case_posts(case)) <= {post}:
            raise Conflict("cases.last-post")
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM cases_case_post WHERE case_ref = %s AND post = %s", (case, post))


def link_matter(case: bytes, matter: bytes, *, context: Context, officer: Officer) -> None:
    """Puts a matter (an enquiry and all that follows) into a case.

    Raises NotFound (no such case, or no such matter of the officer's), Refused ('policy.use': an originator wants to be
    asked first), Conflict ('cases.matter-linked': it stands in another case, or the case is closed).
    """
    reader = reader_of(officer, context=context)
    with _working(case, officer, context, why="case.matter-linked") as row:
        if not row.is_open:
            raise Conflict("cases.case-closed")
        if not matter_may_join(matter, reader, context=context):
            raise NotFound("cases.unknown-matter", matter=id_text(matter))
        _require_copied(items_of(matter), reader, context=context)
        with connection.cursor() as cursor:
            cursor.execute(
                insert("cases_case_matter", ("matter", "case_ref", "linked_ms", "officer"), "ON CONFLICT DO NOTHING"),
                (matter, case, context.clock(), officer.number),
            )
            cursor.execute("SELECT case_ref FROM cases_case_matter WHERE matter = %s", (matter,))
            if bytes(cursor.fetchone()[0]) != case:
                raise Conflict("cases.matter-linked")


def unlink_matter(case: bytes, matter: bytes, *, context: Context, officer: Officer) -> None:
    """Takes a matter out of a case. Raises NotFound."""
    with _working(case, officer, context, why="case.matter-unlinked"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM cases_case_matter WHERE case_ref = %s AND matter = %s", (case, matter))
        if not cursor.rowcount:
            raise NotFound("cases.unknown-matter", matter=id_text(matter))

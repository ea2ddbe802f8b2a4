"""Papers of two services (agreements, meetings, contact points) and the words said of them: rows, written and read in one place.

Invariant: a row is made of all words that are here, so the same words give the same state on both nodes; what a paper says stands in its
statement, and the row holds codes, posts and times alone. A word is never deleted. What one side can say alone is bounded: its open proposals, its
words on one paper, the length of each; what is asked of agreements is asked of what both confirmed, however much a partner proposes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from django.db import connection

from tansiq.cases.contents import open_statements
from tansiq.cases.sql import for_update, insert
from tansiq.channels import sources
from tansiq.errors import NotFound, Refused, TooMuch
from tansiq.exchange.context import Context
from tansiq.policy.channel_matter import Agreement
from tansiq.policy.paper_course import AGREEMENT, CONTACTS, KINDS, MEETING, Said, Standing, Step, stand, step_of
from tansiq.policy.papers import PaperWord
from tansiq.policy.ways import state_of
from tansiq.protocol.cbor import encode
from tansiq.protocol.ids import id_text
from tansiq.relations.paging import Place

__all__ = [
    "MAX_OPEN", "MAX_WORDS", "MAX_WORD_BYTES", "OURS", "THEIRS", "PaperRow", "WordRow", "add_word", "agreements_with", "contact_lists",
    "content_of", "contents_of", "held_meetings", "paper_row", "papers", "papers_before", "register_sources", "require_open_left",
    "require_room", "standing_of", "state_at", "store", "waiting_papers", "words_of",
]  # fmt: skip

OURS: Final = 1
THEIRS: Final = 2
MAX_OPEN: Final = 64
"""Of one kind that one side may have proposed to the other, without an answer; of lists of contact points, that it may keep."""
MAX_WORDS: Final = 512
"""Words on one paper, half of them each side's own: what one says can't take away what the other may say. One more is for its end."""
MAX_WORD_BYTES: Final = 65_536
"""Of one word as it is signed."""
_PAPERS: Final = "relations_paper"
_WORDS: Final = "relations_paper_word"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRow:
    """A paper; the columns of `models.Paper`."""

    id: bytes
    kind: str
    direction: int
    partner: str
    own_post: str
    their_post: str
    code: str = ""
    fields: str = ""
    grounds: str = ""
    channels: str = ""
    state: str
    pending: int = 0
    proposal: bytes
    from_ms: int = 0
    until_ms: int | None = None
    said_ms: int
    changed_ms: int

    @property
    def side(self) -> int:
        """Our side at it: 1 when we said it first."""
        return self.direction

    @property
    def place(self) -> Place:
        """Where it stands in a list."""
        return Place(self.from_ms, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class WordRow:
    """A word; the columns of `models.PaperWord`."""

    statement: bytes
    paper: bytes
    kind: str
    side: int
    place: int
    number: int
    item: int = 0
    officer: str
    post: str
    reason: str = ""
    until_ms: int | None = None
    said_ms: int
    at_ms: int

    @property
    def step(self) -> Step:
        """What it does."""
        return step_of(self.kind)[1]


_PAPER_COLUMNS: Final = tuple(one.name for one in fields(PaperRow))
_WORD_COLUMNS: Final = tuple(one.name for one in fields(WordRow))


def _rows(columns: Sequence[str], table: str, where: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)} FROM {table} WHERE {where}", list(values))
        return [
            {
                name: bytes(value) if isinstance(value, memoryview) else value
                for name, value in zip(columns, row, strict=True)
            }
            for row in cursor.fetchall()
        ]


def papers(
    kind: str,
    *,
    partner: str = "",
    identifier: bytes = b"",
    state: str = "",
    from_ms: int = 0,
    lock: bool = False,
    limit: int = 500,
) -> list[PaperRow]:
    """The papers of a kind, what comes last first; of one partner, or one of them; in one state; from a moment on. ``lock`` holds them."""
    where, values = ["kind = %s"], [kind]
    more: list[Any] = []
    for column, value in (("partner", partner), ("id", identifier), ("state", state)):
        if value:
            where.append(f"{column} = %s")
            more.append(value)
    if from_ms:
        where.append("from_ms >= %s")
        more.append(from_ms)
    found = f"{' AND '.join(where)} ORDER BY from_ms DESC, id DESC LIMIT %s{for_update() if lock else ''}"
    return [PaperRow(**one) for one in _rows(_PAPER_COLUMNS, _PAPERS, found, [*values, *more, limit])]


def papers_before(kind: str, place: Place | None, limit: int) -> list[PaperRow]:
    """The papers of a kind of which nothing waits for a word, what comes last first, behind a place."""
    bound, more = "", []
    if place is not None:
        bound, more = " AND from_ms <= %s AND (from_ms < %s OR id < %s)", [place.ms, place.ms, place.id]
    where = f"kind = %s AND pending = 0{bound} ORDER BY from_ms DESC, id DESC LIMIT %s"
    return [PaperRow(**one) for one in _rows(_PAPER_COLUMNS, _PAPERS, where, [kind, *more, limit])]


def waiting_papers(kind: str) -> list[PaperRow]:
    """The papers of a kind that wait for a word of either side: as many as the sides may have proposed."""
    where = "pending > 0 AND kind = %s ORDER BY from_ms DESC, id DESC"
    return [PaperRow(**one) for one in _rows(_PAPER_COLUMNS, _PAPERS, where, [kind])]


def held_meetings() -> list[PaperRow]:
    """The meetings that were held, the last one first: each was agreed by both sides."""
    where = f"kind = '{MEETING}' AND state = 'held' ORDER BY from_ms DESC"  # the index wants the words themselves
    return [PaperRow(**one) for one in _rows(_PAPER_COLUMNS, _PAPERS, where, [])]


def contact_lists() -> list[PaperRow]:
    """The list of contact points that stands, of each side with each partner: the last one told."""
    latest: dict[tuple[str, int], PaperRow] = {}
    for row in papers(CONTACTS, limit=100_000):
        known = latest.get((row.partner, row.direction))
        if known is None or row.changed_ms > known.changed_ms:
            latest[row.partner, row.direction] = row
    return list(latest.values())


def paper_row(kind: str, identifier: bytes) -> PaperRow:
    """One paper. Raises NotFound ('relations.unknown-paper')."""
    for one in papers(kind, identifier=identifier):
        return one
    raise NotFound("relations.unknown-paper", paper=id_text(identifier))


def words_of(paper: bytes) -> list[WordRow]:
    """All that was said of a paper, as it was said."""
    where = "paper = %s ORDER BY said_ms, side, place"
    return [WordRow(**one) for one in _rows(_WORD_COLUMNS, _WORDS, where, [paper])]


def standing_of(kind: str, words: Sequence[WordRow]) -> Standing:
    """How a paper stands by these words."""
    return stand(kind, [Said(one.step, one.side, one.place, one.number, one.item, one.until_ms) for one in words])


def require_room(words: Sequence[WordRow], side: int, step: Step, word: PaperWord) -> None:
    """Raises Refused ('relations.too-many-words') where a side has said all that one paper holds of it, TooMuch
    ('relations.word-too-long') for a word that is longer than a word may be.
    """
    said, most = [one for one in words if one.side == side], MAX_WORDS // 2
    ended = any(one.step is Step.END for one in said)
    if len(said) >= most + (step is Step.END and not ended):
        raise Refused("relations.too-many-words", most=most)
    if len(encode(word.to_plain())) > MAX_WORD_BYTES:
        raise TooMuch("relations.word-too-long", most=MAX_WORD_BYTES // 1024)


def require_open_left(kind: str, partner: str, direction: int) -> None:
    """Raises Refused ('relations.too-many-proposals') where one side has proposed as much to the other as may wait for an answer."""
    waits = "state = 'agreed'" if kind == CONTACTS else "pending > 0 AND state = 'proposed'"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT COUNT(*) FROM {_PAPERS} WHERE kind = %s AND partner = %s AND direction = %s AND {waits}",
            (kind, partner, direction),
        )
        if cursor.fetchone()[0] >= MAX_OPEN:
            raise Refused("relations.too-many-proposals", most=MAX_OPEN, agency=partner)


def add_word(word: WordRow) -> None:
    """Adds a word, in the caller's transaction; one that is there stays."""
    with connection.cursor() as cursor:
        cursor.execute(
            insert(_WORDS, _WORD_COLUMNS, "ON CONFLICT DO NOTHING"), [getattr(word, name) for name in _WORD_COLUMNS]
        )


def store(row: PaperRow) -> None:
    """Writes a paper's row, in the caller's transaction."""
    changing = ", ".join(f"{name} = excluded.{name}" for name in _PAPER_COLUMNS if name != "id")
    with connection.cursor() as cursor:
        cursor.execute(
            insert(_PAPERS, _PAPER_COLUMNS, f"ON CONFLICT (id) DO UPDATE SET {changing}"),
            [getattr(row, name) for name in _PAPER_COLUMNS],
        )


def contents_of(words: Sequence[WordRow], *, context: Context) -> dict[bytes, PaperWord]:
    """What these words say, by their statements; one that was erased is not there."""
    found = open_statements([one.statement for one in words], keys=context.keys)
    out = {}
    for one in words:
        part = found[one.statement].part(one.kind) if one.statement in found else None
        if part is not None:
            out[one.statement] = PaperWord.from_plain(part.content)
    return out


def content_of(row: PaperRow, *, context: Context) -> PaperWord | None:
    """The proposal of a paper whose content stands; None where it was erased."""
    stored = open_statements([row.proposal], keys=context.keys).get(row.proposal)
    part = stored.part(KINDS[row.kind][Step.PROPOSE]) if stored is not None else None
    return PaperWord.from_plain(part.content) if part is not None else None


def state_at(row: PaperRow, at_ms: int) -> str:
    """How a paper stands at a moment: a code of ``paper_states``."""
    if row.kind != AGREEMENT or row.state not in {"agreed", "ended"}:
        return f"{row.kind}.{row.state}"
    if row.until_ms is not None and at_ms >= row.until_ms:
        return "agreement.ended"
    return "agreement.in-force" if at_ms >= row.from_ms else "agreement.coming"


# ------------------------------------------------------------------------------------------ what the channels ask


def agreements_with(partner: str) -> tuple[Agreement, ...]:
    """The agreements with the partner's state that both sides have confirmed, ended ones too."""
    state = state_of(partner)
    where = f"kind = '{AGREEMENT}' AND state IN ('agreed', 'ended') AND partner LIKE %s ORDER BY from_ms DESC, id"
    agreed = _rows(_PAPER_COLUMNS, _PAPERS, where, [f"{state}%"])  # the index wants the words themselves
    return tuple(
        Agreement(
            code=row.code or f"agreement.{row.id.hex()[:12]}",
            fields=frozenset(row.fields.split()),
            grounds=frozenset(row.grounds.split()),
            from_ms=row.from_ms,
            until_ms=row.until_ms or 0,
        )
        for row in (PaperRow(**one) for one in agreed)
        if state_of(row.partner) == state
    )


def is_shared(partner: str, case: bytes) -> bool:
    """Whether both know a case by its reference: a liaison officer carries it between the two, or the partner leads it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM relations_liaison_channel WHERE case_ref = %s AND partner = %s UNION ALL "
            "SELECT 1 FROM cases_case WHERE id = %s AND lead = %s LIMIT 1",
            [case, partner, case, partner],
        )
        return cursor.fetchone() is not None


def register_sources() -> None:
    """Lets the channels know of agreements and of cases that both know; again changes nothing."""
    sources.register(agreements=agreements_with, shared=is_shared)

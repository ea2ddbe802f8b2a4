"""How things stand with statements that came back after a restore: readable, to be opened again, erased, or lost.

Invariant: **the key store decides what may be read.** What it holds is read with its keys alone, also where the peer returned wraps that
open more; what it no longer holds, though its copy is newer than the thing, was erased and gets a tombstone, so an erasure outlives
every backup; only what is younger than the copy takes its keys from wraps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection

from tansiq.errors import Error, NotFound
from tansiq.exchange.context import Context
from tansiq.exchange.erasure import bury, tombstones
from tansiq.exchange.opening import open_statement, prove_parts
from tansiq.keystore.store import Contents, Kept
from tansiq.protocol.cbor import encode
from tansiq.protocol.concealment import DOCKET_PLACE, KEY_SIZE, reveal
from tansiq.protocol.docket import Docket, parse_docket
from tansiq.protocol.statement import PartProof, Statement
from tansiq.protocol.wraps import ContentKeys, open_own, parse_wrap, seal_wrap

__all__ = ["ERASED", "LOST", "MARGIN_MS", "Came", "Standing", "read_docket"]

MARGIN_MS = 60_000
"""So much older than the copy of the key store must a thing be before its key's absence means that it was erased."""
ERASED, LOST = "erased", "lost"
"""Reasons of tombstones: the key store had erased it; nobody could return its keys."""


@dataclass(frozen=True, slots=True)
class Came:
    """A verified statement that came back: its docket's ciphertext, the wraps beside it, when we made or received it; ``parts`` and
    ``proofs`` prove what its wraps open.
    """

    statement: Statement
    docket: bytes = field(repr=False)
    wraps: tuple[bytes, ...] = field(repr=False)
    known_ms: int
    parts: Sequence[bytes | None] = field(default=(), repr=False)
    proofs: Sequence[PartProof] = field(default=(), repr=False)


def read_docket(statement: Statement, ciphertext: bytes, key: bytes) -> Docket:
    """The docket, opened with its key. Raises NotProven or BadInput."""
    content, _ = reveal(
        ciphertext, key=key, statement_id=statement.id, place=DOCKET_PLACE, commitment=statement.docket_commitment
    )
    return parse_docket(content)


def _handled(things: Sequence[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    with connection.cursor() as cursor:
        for at in range(0, len(things), 500):
            chunk = list(things[at : at + 500])
            marks = ", ".join(["%s"] * len(chunk))
            cursor.execute(f"SELECT statement FROM exchange_handled WHERE statement IN ({marks})", chunk)
            found.update(bytes(row[0]) for row in cursor.fetchall())
    return found


class Standing:
    """Judges what came back from ``peer``, all at once; ``take_keys`` before the rows are stored, ``settle`` after.

    ``mirror_ms`` is when the key store that we have was copied (UTC milliseconds).
    """

    def __init__(self, came: Sequence[Came], *, peer: str, mirror_ms: int, context: Context) -> None:
        self._came = came
        self._peer = peer
        self._mirror_ms = mirror_ms
        self._context = context
        ids = [one.statement.id for one in came]
        self._has = context.keys.has_contents(ids)
        self._wraps = context.keys.wraps(ids, peer)
        self._buried = tombstones(ids)
        self._handled = _handled(ids)
        self._gone: dict[bytes, str] = {}
        self._blank: dict[bytes, set[int]] = {}

    def parts_of(self, statement: Statement, parts: Sequence[bytes | None]) -> list[bytes | None]:
        """The ciphertexts to store: those of erased parts stay away."""
        if self._gone.get(statement.id) == ERASED:
            return [None] * len(parts)
        blank = self._blank.get(statement.id, set())
        return [None if place in blank else part for place, part in enumerate(parts)]

    def take_keys(self) -> None:
        """Writes to the key store what may be read: content keys from the wraps, and the wraps themselves."""
        contents: list[Contents] = []
        kept: list[Kept] = []
        for one in self._came:
            thing = one.statement.id
            own = one.statement.agency == self._context.agency
            if thing in self._has:
                wraps = self._wraps_by_keys(one, own=own)
            elif thing in self._buried or self._was_erased(one, own=own):
                self._gone[thing] = ERASED
                continue
            else:
                wraps = list(one.wraps)
                try:
                    contents += self._opened(one, own=own)
                except Error:
                    self._gone[thing] = LOST
            if wraps and thing not in self._wraps and thing not in self._gone:
                kept.append(Kept(thing, self._peer, one.known_ms, encode(wraps)))
        self._context.keys.put_contents(contents)
        self._context.keys.keep_wraps(kept)

    def _was_erased(self, one: Came, *, own: bool) -> bool:
        """What is older than the key store left something there: our own its keys, a received one those or its wraps."""
        older = one.known_ms + MARGIN_MS < self._mirror_ms
        return older and (own or one.statement.id not in self._wraps)

    def _wraps_by_keys(self, one: Came, *, own: bool) -> list[bytes]:
        """The wraps to keep of what the key store can read; none when it was erased in part."""
        thing = one.statement.id
        keys = self._context.keys.contents(thing)
        if keys[0] is None:
            self._gone[thing] = ERASED
            return []
        self._blank[thing] = {place for place, key in enumerate(keys[1:]) if key is None}
        if own or thing in self._wraps or thing in self._handled:
            return [] if self._blank[thing] else list(one.wraps)
        docket = read_docket(one.statement, one.docket, keys[0])
        # An erased part has no ciphertext either, so what stands in its key's place opens nothing; where none is left, the
        # docket's key goes alone, as of a body that was closed here.
        left = tuple(key or bytes(KEY_SIZE) for key in keys[1:]) if any(keys[1:]) else ()
        return [self._sealed_to_us(one, docket, ContentKeys(keys[0], left))]

    def _sealed_to_us(self, one: Came, docket: Docket, keys: ContentKeys) -> bytes:
        """A wrap that the dispatch can open, made of the keys that are here, for the post that the docket names."""
        opening = list(self._context.opening.values())
        chosen = next(
            (key for key in opening if key.owner in docket.addressees),
            next((key for key in opening if key.owner in docket.route), None),
        ) or next(key for key in opening if key.owner == self._context.agency)
        return seal_wrap(keys, reader=chosen.key.public, statement_digest=one.statement.digest).encoded

    def _opened(self, one: Came, *, own: bool) -> list[Contents]:
        """The content keys that the returned wraps open: of our own statement, and of one that was handled before.

        What was not handled keeps its wraps for the dispatch. Raises what opening raises.
        """
        if own:
            for wrap in map(parse_wrap, one.wraps):
                if wrap.reader in self._context.owns:
                    keys = open_own(wrap, secrets_by_id=self._context.owns, statement_digest=one.statement.digest)
                    docket = read_docket(one.statement, one.docket, keys.docket)
                    prove_parts(one.statement, keys, parts=one.parts, proofs=one.proofs)
                    return [Contents(one.statement.id, docket.case or docket.matter, (keys.docket, *keys.parts))]
            raise NotFound("exchange.unopened")
        if one.statement.id not in self._handled:
            return []
        opened = open_statement(
            one.statement,
            docket=one.docket,
            parts=one.parts,
            proofs=one.proofs,
            wraps=list(one.wraps),
            context=self._context,
        )
        case = opened.docket.case or opened.docket.matter
        return [Contents(one.statement.id, case, (opened.keys.docket, *opened.keys.parts))]

    def settle(self, *, at_ms: dict[bytes, int], lane: dict[bytes, int], received: bool) -> None:
        """Tombstones for what is gone; the others wait: received ones for dispatch, our own for `own_again`."""
        now_ms = self._context.clock()
        for reason in (ERASED, LOST):
            bury([thing for thing, why in self._gone.items() if why == reason], reason=reason, now_ms=now_ms)
        gone, rows = [], []
        for one in self._came:
            thing = one.statement.id
            own = one.statement.agency == self._context.agency
            if thing in self._gone:
                gone.append((thing,))
            elif thing not in self._handled and own != received:
                rows.append((thing, self._peer, lane[thing], at_ms[thing], thing if own else None, thing))
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO exchange_handled (statement) VALUES (%s) ON CONFLICT DO NOTHING", gone)
            cursor.executemany(
                "INSERT INTO exchange_queue (statement, peer, lane, at_ms, waits_for) SELECT %s, %s, %s, %s, %s "
                "WHERE NOT EXISTS (SELECT 1 FROM exchange_handled WHERE statement = %s) ON CONFLICT DO NOTHING",
                rows,
            )

"""Madrid with a liaison officer in Tangier, Rabat with the desk that receives, and a case that the two share.

    @pytest.fixture
    def posted(node: Nodes) -> Posted:
        return posted_in(node)                        # proposed, accepted, and nothing said yet: a copy for each test

Invariant: what is said goes through the services; the two nodes are made and meet once per run (`Nodes.played`). The cast, all
invented: in Madrid a desk (ES-4017), the embassy's office (ES-3300), a head (ES-1001), the liaison officer ES-6100 and the successor
ES-6200, both with keys of their own behind the custodians ES-9001 and ES-9002; in Rabat a desk (MA-2210) and a head (MA-1001).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from support.matters import CONDITIONS, PERSON, law_of
from support.node import PASSPHRASE, Clock, Node, Nodes, carry
from tansiq.cases.casework import NewCase, open_case
from tansiq.directory.queries import sealing_key_of
from tansiq.exchange.drafts import Draft, Reader
from tansiq.node.creation import NewOfficer, NewPost
from tansiq.policy.accreditation import Accreditation, Grant
from tansiq.policy.accreditation_course import Move
from tansiq.policy.accreditation_words import Word
from tansiq.policy.liaison import LiaisonMessage
from tansiq.policy.values import Text
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import Handover
from tansiq.protocol.parts import Part
from tansiq.relations.accreditation_state import channel_matter
from tansiq.relations.accrediting import decide, propose
from tansiq.relations.liaison import Seat
from tansiq.relations.liaison_handing import hand_on
from tansiq.relations.liaison_reading import Thread, read_channel
from tansiq.relations.liaison_saying import say

__all__ = ["CASE", "Posted", "a_message", "accredited", "between", "met", "posted_in", "proposal_of",
           "word_draft"]  # fmt: skip

CASE: Final = bytes.fromhex("5c" * 16)
"""The shared reference of the case: fixed, so that nodes made once can be used by every test."""
YEAR_MS: Final = 365 * 86_400_000
_OWN: Final = {"eyes_only": True, "recovery": ("ES-9001", "ES-9002")}
_ES: Final = (
    (
        NewPost("counter-terrorism", "desk", {"es": "Unidad antiterrorista"}, ("es", "en", "fr", "ar")),
        NewPost("embassy-office", "office", {"es": "Consejería de Interior en Rabat"}, ("es", "fr", "ar")),
        NewPost("head", "head", {"es": "Jefatura"}, ("es", "fr")),
        NewPost(
            "liaison-tangier", "liaison", {"es": "Enlace en Tánger", "ar": "ضابط الاتصال بطنجة"}, ("es", "fr", "ar")
        ),
    ),
    (
        NewOfficer("ES-9001", ("counter-terrorism",), PASSPHRASE, custodian=True),
        NewOfficer("ES-9002", ("embassy-office",), PASSPHRASE, custodian=True),
        NewOfficer("ES-4017", ("counter-terrorism",), PASSPHRASE),
        NewOfficer("ES-3300", ("embassy-office",), PASSPHRASE),
        NewOfficer("ES-1001", ("head",), PASSPHRASE),
        NewOfficer("ES-6100", ("liaison-tangier",), PASSPHRASE, **_OWN),  # type: ignore[arg-type]
        NewOfficer("ES-6200", ("liaison-tangier",), PASSPHRASE, **_OWN),  # type: ignore[arg-type]
        NewOfficer("ES-6300", ("liaison-tangier",), PASSPHRASE),
    ),
)
_MA: Final = (
    (
        NewPost("counter-terrorism", "desk", {"ar": "مكتب مكافحة الإرهاب"}, ("ar", "fr", "es")),
        NewPost("head", "head", {"ar": "المدير العام"}, ("ar", "fr", "es")),
    ),
    (NewOfficer("MA-2210", ("counter-terrorism",), PASSPHRASE), NewOfficer("MA-1001", ("head",), PASSPHRASE)),
)


@dataclass(frozen=True, slots=True)
class Posted:
    """The two nodes, and what the liaison officer's channel in the case is."""

    es: Node
    ma: Node
    clock: Clock
    accreditation: bytes

    @property
    def matter(self) -> bytes:
        return channel_matter(self.accreditation, CASE)

    def carry(self) -> None:
        """Everything that waits goes to and fro; Madrid is bound afterwards."""
        carry(self.es, self.ma)

    def say(self, by: str, to: Seat, message: LiaisonMessage | None = None, *, words: str = "") -> bytes:
        """Somebody says something; that node stays bound."""
        node = self.node_of(by)
        made = message or a_message(by, words or "Vuelve el martes.")
        return say(self.matter, made, to=to, context=node.use(), officer=node.officer(by))

    def hand_on(self, statement: bytes, by: str = "ES-6100") -> None:
        hand_on(statement, context=self.es.use(), officer=self.es.officer(by))

    def read(self, by: str, *, matter: bytes = b"") -> Thread:
        """The channel as somebody reads it; that node stays bound."""
        node = self.node_of(by)
        return read_channel(matter or self.matter, context=node.use(), officer=node.officer(by))

    def words(self, by: str, *, matter: bytes = b"") -> list[str | None]:
        """The words of the messages as somebody reads them; None for one that does not open."""
        return [
            one.message.words.value if one.message is not None and one.message.words is not None else None
            for one in self.read(by, matter=matter).words
        ]

    def decide(self, by: str, move: Move, **more: Any) -> None:
        node = self.node_of(by)
        decide(self.accreditation, move, context=node.use(), officer=node.officer(by), **more)

    def node_of(self, officer: str) -> Node:
        return self.es if officer.startswith("ES-") else self.ma


def a_message(
    by: str, words: str = "Vuelve el martes.", *, language: str = "es", personal: bool = True, **more: Any
) -> LiaisonMessage:
    """A message of ``by``, complete in law; without personal data it needs no basis."""
    law = law_of(by) if personal else None
    return replace(
        LiaisonMessage(words=Text(language, words), personal=personal, law=law, conditions=CONDITIONS),
        subjects=(PERSON,) if personal else (),
        **more,
    )


def proposal_of(
    es: Node, ma: Node, *, now_ms: int, officer: str = "ES-6100", cases: Sequence[bytes] = (CASE,)
) -> Accreditation:
    """A whole proposal for ``officer`` and these cases, from now for a year."""
    return Accreditation(
        officer=officer,
        post=es.post("liaison-tangier"),
        host=ma.agency,
        fields=("offence.terrorism", "offence.migrant-smuggling"),
        languages=("es", "ar", "fr"),
        tasks=("task.case", "task.contact"),
        grants=tuple(
            Grant(
                case=case.hex(), field="offence.terrorism", desk=es.post(), counterpart=ma.post(), title=Text("es", "Célula inventada"),
            )
            for case in cases
        ),
        from_ms=now_ms,
        until_ms=now_ms + YEAR_MS,
        reach="reach.always",
        contacts=("+34 000 000 000",),
    )  # fmt: skip


def word_draft(
    node: Node, move: Move, word: Word, *, matter: bytes, by: str, to: str, channel: str, via: str = ""
) -> Draft:
    """A word on an accreditation, signed by ``by`` in the first post, as a node says it that asks nothing before."""
    context = node.use()
    officer = node.officer(by)
    route = tuple(post for post in (officer.posts[0], via, to) if post)
    return Draft(
        docket=Docket(
            kind=move, channel=channel, matter=matter, sender=officer.posts[0], route=route, addressees=(to,)
        ),
        parts=[Part(move, dict(word.to_plain()))],
        readers=[Reader(to.partition("/")[0], sealing_key_of(to, context.clock())[1])],
        act=officer.acting(move, post=officer.posts[0]),
        handovers=(Handover(via, 1, 1),) if via else (),
    )


def met(nodes: Nodes) -> tuple[Node, Node]:
    """Two nodes that know each other; in Madrid the case is open."""
    es, ma = nodes.new("es.cgi", posts=_ES[0], officers=_ES[1]), nodes.new("ma.dgst", posts=_MA[0], officers=_MA[1])
    nodes.meet(es, ma)
    context = es.use()
    new = NewCase(
        title=Text("es", "Célula inventada"), fields=("offence.terrorism",), agencies=("ma.dgst",), shared=CASE
    )
    open_case(new, context=context, officer=es.officer("ES-4017"))
    return es, ma


def accredited(es: Node, ma: Node, *, officer: str = "ES-6100", cases: Sequence[bytes] = (CASE,)) -> bytes:
    """Proposes an officer, lets the host accept, and returns the accreditation's id; Madrid is bound."""
    context = es.use()
    proposal = proposal_of(es, ma, now_ms=context.clock(), officer=officer, cases=cases)
    made = propose(proposal, to_post=ma.post("head"), context=context, officer=es.officer("ES-1001"))
    carry(es, ma)
    decide(made, Move.ACCEPT, context=ma.use(), officer=ma.officer("MA-1001"))
    carry(es, ma)
    return made


def _met(nodes: Nodes) -> Sequence[Node]:
    return met(nodes)


def _posted(nodes: Nodes) -> Sequence[Node]:
    es, ma = met(nodes)
    accredited(es, ma)
    return es, ma


def between(nodes: Nodes) -> tuple[Node, Node]:
    """Copies of the two nodes, before anybody is accredited."""
    es, ma = nodes.played(_met)
    _same_time(nodes, es, ma)
    return es, ma


def posted_in(nodes: Nodes) -> Posted:
    """Copies of the two nodes with the officer accredited; nothing was said yet."""
    es, ma = nodes.played(_posted)
    _same_time(nodes, es, ma)
    es.use()
    from tansiq.channels.accreditations import accreditation_rows

    return Posted(es, ma, nodes.clock, accreditation_rows()[0].id)


def _same_time(nodes: Nodes, *made: Node) -> None:
    """The clock of this test goes on after the one of the nodes that were made before it."""
    for one in made:
        nodes.clock.now_ms = max(nodes.clock.now_ms, one.use().directory.time_ms + 60_000)

"""Notices, words about them and declarations about invented persons, complete in law, for tests that exchange them.

Invariant: as in `support.matters`: what these functions make passes every check when the officer named says it; a test that wants
something refused changes one field with ``dataclasses.replace``.
"""

from __future__ import annotations

from dataclasses import replace

from support.matters import CONDITIONS, PERSON, law_of
from tansiq.policy.notice import (
    Appearance,
    Cancellation,
    Extension,
    HubRefusal,
    Notice,
    NoticeAnswer,
    Publication,
    StatusDeclaration,
    Warrant,
)
from tansiq.policy.subjects import Name, Place, Subject
from tansiq.policy.values import Attestation, PartialDate, Text

__all__ = [
    "DAY_MS", "MISSING", "WANTED", "a_declaration", "a_notice", "a_yellow_notice", "an_answer", "attested", "cancelled",
    "extended", "publication", "refused",
]  # fmt: skip

DAY_MS = 86_400_000
WANTED = replace(PERSON, category="category.wanted")
MISSING = Subject(
    kind="subject.person",
    names=(Name("سلمى المخترعة", "Arab"), Name("Salma el Mojtaráa", "Latn")),
    births=(PartialDate(year=2004, month=5, day=11),),
    nationalities=("MA",),
    sex="F",
    category="category.missing",
)
_AT_MS = 1_782_043_200_000


def attested(officer: str, *, answer: bool = True, at_ms: int = _AT_MS) -> Attestation:
    """An officer's word on a question of law."""
    return Attestation(answer=answer, officer=officer, at_ms=at_ms)


def a_notice(officer: str = "ES-5001", *, subject: Subject = WANTED, until_ms: int | None = None) -> Notice:
    """A red notice."""
    return Notice(
        colour="notice.red",
        reference="OCN-2026-118",
        subjects=(subject,),
        appearance=Appearance(height_cm=178, eyes=("BRO",), hair=("BLA",), speaks=("ar", "es"), marks=Text("es", "Cicatriz.")),
        warrants=(
            Warrant(
                country="ES",
                authority="Juzgado Central de Instrucción inventado",
                reference="DP 118/2026",
                issued=PartialDate(year=2026, month=6, day=2),
                charge=Text("es", "Pertenencia a organización terrorista inventada."),
                charge_translation=Text("fr", "Appartenance à une organisation terroriste inventée."),
                punishable_months=144,
            ),
        ),
        facts=Text("es", "Salió de Algeciras el día en que se dictó la orden."),
        caution=Text("es", "Puede ir armado."),
        actions=("action.locate", "action.arrest"),
        rpd_purpose="rpd.wanted",
        article_2=attested(officer),
        law=replace(law_of(officer), legal_basis="law.interpol"),
        conditions=CONDITIONS,
        public=True,
        until_ms=until_ms,
    )  # fmt: skip


def a_yellow_notice(officer: str = "MA-5001") -> Notice:
    """A notice about a missing person."""
    return Notice(
        colour="notice.yellow",
        subjects=(MISSING,),
        event_date=PartialDate(year=2026, month=9, day=3),
        event_place=Place(role="place.last-seen", name="طنجة", script="Arab", country="MA"),
        facts=Text("ar", "غادرت بيتها ولم تعد."),
        actions=("action.locate", "action.protect"),
        rpd_purpose="rpd.identify-interest",
        article_2=attested(officer),
        law=replace(
            law_of(officer, language="fr"), legal_basis="law.interpol", purpose="purpose.missing-person", offence=None
        ),
        conditions=CONDITIONS,
    )


def publication(officer: str, *, said_ms: int, days: int = 1800, number: str = "2026/1042") -> Publication:
    """The legal desk finds it lawful."""
    return Publication(number=number, until_ms=said_ms + days * DAY_MS, lawful=attested(officer, at_ms=said_ms))


def refused() -> HubRefusal:
    """The legal desk does not."""
    return HubRefusal(grounds=("hub.judicial-basis",), reasons=Text("en", "The invented order is not signed."))


def cancelled(reason: str = "cancel.executed") -> Cancellation:
    """It ends."""
    return Cancellation(reason=reason, on=PartialDate(year=2026, month=11, day=28))


def extended(officer: str, *, until_ms: int) -> Extension:
    """Its source needs it on."""
    return Extension(until_ms=until_ms, reason=Text("es", "La orden sigue en vigor."), examined=attested(officer))


def an_answer(officer: str = "MA-5001", *, result: str = "result.arrested") -> NoticeAnswer:
    """A member found the person."""
    return NoticeAnswer(
        result=result,
        on=PartialDate(year=2026, month=11, day=27),
        place=Place(role="place.other", name="Tanger", script="Latn", country="MA"),
        authority="Police judiciaire inventée",
        confirmed=True,
        law=replace(law_of(officer, language="fr"), legal_basis="law.interpol"),
        conditions=CONDITIONS,
    )


def a_declaration(
    officer: str = "MA-5001", *, status: str = "status.held", subject: Subject = WANTED
) -> StatusDeclaration:
    """A service holds somebody, and says so."""
    return StatusDeclaration(
        status=status,
        subjects=(subject,),
        since=PartialDate(year=2026, month=11, day=20),
        place=Place(role="place.other", name="Salé", script="Latn", country="MA"),
        authority="Établissement pénitentiaire inventé",
        law=law_of(officer, language="fr"),
        conditions=CONDITIONS,
    )

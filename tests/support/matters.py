"""Enquiries, answers and refusals about invented persons, complete in law, for tests that exchange them.

Invariant: what these functions make passes every check of law when it is said by the officers of `support.node`; a test
that wants something refused changes one field with ``dataclasses.replace``.
"""

from __future__ import annotations

from tansiq.policy.answer import Answer, Item, Refusal
from tansiq.policy.conditions import Conditions
from tansiq.policy.enquiry import Assurance, Enquiry, LawBasis, Neutrality, Transfer
from tansiq.policy.subjects import Identifier, Name, Place, Subject
from tansiq.policy.values import Attestation, PartialDate, Text

__all__ = ["CONDITIONS", "FACTS", "PERSON", "an_answer", "an_enquiry", "an_item", "law_of", "no_hit", "refusal"]

CONDITIONS = Conditions(codes=("H1", "H2"), classification="class.restricted")
FACTS = "El 3 de marzo se intervino un teléfono con contactos inventados en ambos países."
PERSON = Subject(
    kind="subject.person",
    names=(
        Name("Mojtar Benalí el Invento", "Latn"),
        Name("El Zurdo", "Latn", "name.nickname"),
        Name("Ahmed", "Latn", "name.father"),
    ),
    births=(PartialDate(year=1984, month=3), PartialDate(year=1983, until_year=1985, circa=True)),
    nationalities=("MA",),
    sex="M",
    places=(Place(role="place.birth", name="Nador", script="Latn", country="MA"),),
    identifiers=(Identifier(type="id.passport", number="QX 000000", country="MA"),),
    category="category.suspect",
)


def law_of(officer: str, *, at_ms: int = 1_782_043_200_000, language: str = "es") -> LawBasis:
    """A legal basis in which ``officer`` (a service number) answers every question of law."""

    def attested(*, answer: bool) -> Attestation:
        return Attestation(answer=answer, officer=officer, at_ms=at_ms)

    no = attested(answer=False)
    return LawBasis(
        legal_basis="law.es-ma-2019",
        purpose="purpose.investigation",
        offence="offence.terrorism",
        necessity=Text(language, "Sin ese dato no puede descartarse que sea la misma persona."),
        transfer=Transfer(
            ground="transfer.safeguards-instrument", recipient_competent=True, origin="origin.own", onward="onward.ask"
        ),
        assurance=Assurance(
            death_penalty=attested(answer=True),
            ill_treatment=attested(answer=True),
            reference=Text(language, "Convenio de 2019, canje de notas"),
        ),
        neutrality=Neutrality(political=no, military=no, religious=no, racial=no),
    )


def an_enquiry(officer: str = "ES-4017", *, subject: Subject = PERSON, urgent: bool = False) -> Enquiry:
    """An enquiry about ``subject``; ``urgent`` makes it due in eight hours instead of seven days."""
    return Enquiry(
        sought=("sought.identity", "sought.whereabouts"),
        subjects=(subject,),
        facts=Text("es", FACTS),
        reasons_held=Text("es", "Nació en Nador y renovó allí su pasaporte."),
        link=Text("es", "Titular del teléfono intervenido."),
        availability="available.direct",
        deadline_class="urgent-direct" if urgent else "normal",
        urgency_ground="urgency.life" if urgent else None,
        urgency_reason=Text("es", "Se anuncia un atentado inventado en días próximos.") if urgent else None,
        law=law_of(officer),
        conditions=CONDITIONS,
    )


def an_item(words: str = "يقيم بمدينة الناظور منذ سنة 2019.", *, originator: str = "ma.dgst") -> Item:
    """A piece of information, evaluated B2."""
    return Item(
        words=Text("ar", words),
        subjects=(PERSON,),
        source="B",
        information="2",
        basis="basis.fact",
        originator=originator,
        as_of=PartialDate(year=2026, month=5),
        conditions=CONDITIONS,
    )


def an_answer(officer: str = "MA-2210", *, outcome: str = "answer.full") -> Answer:
    """The cover of an answer that gives items."""
    return Answer(outcome=outcome, law=law_of(officer, language="fr"))


def no_hit() -> Answer:
    """The answer that nothing is held."""
    return Answer(outcome="answer.no-hit")


def refusal(*, partial: bool = False) -> Refusal:
    """A refusal on one ground."""
    return Refusal(
        grounds=("refusal.investigation",),
        reasons=Text("fr", "Une enquête inventée est en cours."),
        partial=partial,
    )

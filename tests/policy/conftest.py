"""One normal enquiry and one normal answer about an invented person, complete in law, for the tests of the policy."""

from __future__ import annotations

import pytest

from tansiq.policy.answer import Answer, Item
from tansiq.policy.conditions import Conditions
from tansiq.policy.enquiry import Assurance, Enquiry, LawBasis, Neutrality, Transfer
from tansiq.policy.subjects import Identifier, Name, Place, Subject
from tansiq.policy.values import Attestation, PartialDate, Text

NOON_MS = 1_782_043_200_000


def attested(*, answer: bool, words: str = "") -> Attestation:
    note = Text("es", words) if words else None
    return Attestation(answer=answer, officer="es.cgi/40172", at_ms=NOON_MS, note=note)


@pytest.fixture(scope="session")
def conditions() -> Conditions:
    return Conditions(codes=("H1", "H2"), classification="class.restricted")


@pytest.fixture(scope="session")
def law() -> LawBasis:
    no = attested(answer=False)
    return LawBasis(
        legal_basis="law.es-ma-2019",
        purpose="purpose.investigation",
        offence="offence.terrorism",
        necessity=Text("es", "Sin ese dato no puede descartarse que sea la misma persona."),
        transfer=Transfer(
            ground="transfer.safeguards-instrument", recipient_competent=True, origin="origin.own", onward="onward.ask"
        ),
        assurance=Assurance(
            death_penalty=attested(answer=True),
            ill_treatment=attested(answer=True),
            reference=Text("es", "Convenio de 2019, canje de notas"),
        ),
        neutrality=Neutrality(political=no, military=no, religious=no, racial=no),
    )


@pytest.fixture(scope="session")
def subject() -> Subject:
    return Subject(
        kind="subject.person",
        names=(
            Name("Mohamed Ben Ali el Invento", "Latn"),
            Name("محمد بنعلي", "Arab"),
            Name("El Zurdo", "Latn", "name.nickname"),
            Name("Ahmed", "Latn", "name.father"),
        ),
        births=(PartialDate(year=1984, month=3), PartialDate(year=1982, until_year=1986, circa=True)),
        nationalities=("MA",),
        sex="M",
        places=(Place(role="place.birth", name="Nador", script="Latn", country="MA"),),
        identifiers=(Identifier(type="id.passport", number="QX 000000", country="MA"),),
        category="category.suspect",
    )


@pytest.fixture(scope="session")
def enquiry(law: LawBasis, subject: Subject, conditions: Conditions) -> Enquiry:
    return Enquiry(
        sought=("sought.identity", "sought.whereabouts"),
        subjects=(subject,),
        facts=Text("es", "El 3 de marzo se intervino un teléfono con contactos en ambos países. " * 6),
        reasons_held=Text("es", "Nació en Nador y renovó allí su pasaporte."),
        link=Text("es", "Titular del teléfono intervenido."),
        availability="available.direct",
        deadline_class="urgent-direct",
        urgency_ground="urgency.life",
        urgency_reason=Text("es", "Se anuncia un atentado en días próximos."),
        law=law,
        conditions=conditions,
    )


@pytest.fixture(scope="session")
def item(subject: Subject, conditions: Conditions) -> Item:
    return Item(
        words=Text("ar", "يقيم بمدينة الناظور منذ سنة 2019."),
        subjects=(subject,),
        source="B",
        information="2",
        basis="basis.fact",
        originator="ma.dgst",
        as_of=PartialDate(year=2026, month=5),
        conditions=conditions,
    )


@pytest.fixture(scope="session")
def answer(law: LawBasis) -> Answer:
    return Answer(outcome="answer.full", law=law)

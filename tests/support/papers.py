"""Strategic reports and papers between two services, complete in law, for tests that exchange them; all invented.

Invariant: what these functions make passes every check of law when it is said by the officers of `support.liaison`; a test that wants
something refused changes one field with ``dataclasses.replace``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from support.matters import PERSON, law_of
from tansiq.policy.conditions import Conditions
from tansiq.policy.papers import Contact, Contacts, Decision, Meeting, Minutes, Treaty
from tansiq.policy.report import StrategicReport
from tansiq.policy.values import Text

__all__ = ["DAY_MS", "REPORT_CONDITIONS", "a_meeting", "a_report", "a_treaty", "contact_list", "the_minutes"]

DAY_MS: Final = 86_400_000
_FROM_MS: Final = 1_780_272_000_000
REPORT_CONDITIONS: Final = Conditions(codes=("H2",), classification="class.restricted")


def a_report(
    title: str = "Rutas inventadas del Estrecho", *, language: str = "es", personal: str = "", **more: Any
) -> StrategicReport:
    """A report on migrant smuggling in a quarter; ``personal`` is the officer who answers for the law of one with personal data."""
    made = StrategicReport(
        title=Text(language, title),
        fields=("offence.migrant-smuggling", "offence.terrorism"),
        from_ms=_FROM_MS,
        until_ms=_FROM_MS + 91 * DAY_MS,
        summary=Text(language, "Las salidas inventadas se desplazan hacia el oeste."),
        words=Text(language, "Desde el verano las salidas se concentran en dos playas inventadas."),
        source="B",
        information="2",
        personal=bool(personal),
        purpose="purpose.prevention",
        law=law_of(personal) if personal else None,
        subjects=(PERSON,) if personal else (),
        conditions=REPORT_CONDITIONS,
    )
    return replace(made, **more)


def a_treaty(title: str = "Convenio inventado de seguridad", *, language: str = "es", **more: Any) -> Treaty:
    """An agreement between the two states on terrorism and smuggling, in force for long."""
    made = Treaty(
        title=Text(language, title),
        code="law.es-ma-2019",
        parties=("ES", "MA"),
        from_ms=_FROM_MS - 1_000 * DAY_MS,
        fields=("offence.terrorism", "offence.migrant-smuggling"),
        grounds=("transfer.safeguards-instrument",),
        channels=("embassy", "direct"),
        reference="BOE inventado 26/0417",
    )
    return replace(made, **more)


def a_meeting(*, at_ms: int = _FROM_MS + 200 * DAY_MS, posts: Sequence[str] = (), **more: Any) -> Meeting:
    """A meeting in Tangier of both heads, unless other posts are named."""
    made = Meeting(
        title=Text("es", "Reunión semestral inventada"),
        at_ms=at_ms,
        place="Tánger",
        posts=tuple(posts) or ("es.cgi/head", "ma.dgst/head"),
        agenda=(Text("es", "Balance del semestre"), Text("es", "Puntos de contacto")),
    )
    return replace(made, **more)


def the_minutes(*, post: str = "es.cgi/head", due_ms: int = _FROM_MS + 230 * DAY_MS) -> Minutes:
    """Minutes with one decision, for ``post``."""
    decision = Decision(words=Text("es", "Enviar la lista de puntos de contacto."), post=post, due_ms=due_ms)
    return Minutes(
        words=Text("es", "Se revisó el semestre inventado."),
        posts=("es.cgi/head", "ma.dgst/head"),
        decisions=(decision,),
    )


def contact_list(agency: str, *, post: str = "head") -> Contacts:
    """One contact point of an agency."""
    point = Contact(
        post=f"{agency}/{post}",
        function=Text("es", "Urgencias a cualquier hora"),
        languages=("es", "fr"),
        reach="reach.always",
        ways=("+34 000 000 000",),
    )
    return Contacts(points=(point,))

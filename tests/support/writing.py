"""What an officer writes into the forms of enquiries, for tests: field by field as the pages name them; invented.

Invariant: `ENQUIRY` and `ANSWER` are complete in law; a test that wants something lacking takes a field away.
"""

from __future__ import annotations

import re
from typing import Any, Final

from support.browsing import Browser

__all__ = ["ANSWER", "ENQUIRY", "LAW", "compose", "hidden", "messages"]

LAW: Final[dict[str, Any]] = {
    "law.purpose": "purpose.investigation",
    "law.offence": "offence.terrorism",
    "law.legal_basis": "law.es-ma-2019",
    "law.necessity": "Sin ese dato no puede descartarse que sea la misma persona.",
    "law.necessity.language": "es",
    "law.transfer.ground": "transfer.safeguards-instrument",
    "law.transfer.recipient_competent": "yes",
    "law.transfer.origin": "origin.own",
    "law.transfer.onward": "onward.ask",
    "law.assurance.death_penalty": "yes",
    "law.assurance.ill_treatment": "yes",
    "law.assurance.reference": "Convenio de 2019",
    "law.assurance.reference.language": "es",
    "law.neutrality.political": "no",
    "law.neutrality.military": "no",
    "law.neutrality.religious": "no",
    "law.neutrality.racial": "no",
}
ENQUIRY: Final[dict[str, Any]] = {
    "to": "ma.dgst/counter-terrorism",
    "via": "es.cgi/embassy-office",
    "sought": ["sought.identity", "sought.whereabouts"],
    "subjects.0.kind": "subject.person",
    "subjects.0.category": "category.suspect",
    "subjects.0.sex": "M",
    "subjects.0.names.0.value": "Mojtar Benalí el Invento",
    "subjects.0.names.0.script": "Latn",
    "subjects.0.names.0.role": "name.full",
    "subjects.0.births.0": "1983-1985",
    "subjects.0.nationalities.0": "Marruecos",
    "subjects.0.identifiers.0.type": "id.passport",
    "subjects.0.identifiers.0.number": "QX 000000",
    "subjects.0.identifiers.0.country": "MA",
    "facts": "Se intervino un teléfono con contactos inventados.",
    "facts.language": "es",
    "reasons_held": "Nació en Nador.",
    "reasons_held.language": "es",
    "link": "Titular del teléfono.",
    "link.language": "es",
    "availability": "available.direct",
    "urgency_ground": "urgency.life",
    "urgency_reason": "Se anuncia un atentado inventado.",
    "urgency_reason.language": "es",
    "conditions.codes": ["H1"],
    "conditions.classification": "class.restricted",
    "nature": "operational",
    "sensitive": "yes",
    "channel": "embassy",
    **LAW,
}
ANSWER: Final[dict[str, Any]] = {
    "outcome": "answer.full",
    "items.0.words": "يقيم بمدينة الناظور منذ سنة 2019.",
    "items.0.words.language": "ar",
    "items.0.source": "B",
    "items.0.information": "2",
    "items.0.basis": "basis.fact",
    "items.0.as_of": "2026-05",
    "items.0.conditions.codes": ["H1"],
    "items.0.conditions.classification": "class.restricted",
    **LAW,
}


def hidden(answer: Any, name: str) -> str:
    """The value of a hidden field on a page."""
    found = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', answer.content.decode())
    assert found is not None, name
    return found[1]


def messages(answer: Any) -> dict[str, str]:
    """What is wrong on a page, by the field to which the summary leads."""
    return dict(re.findall(r'<li><a href="#f-([^"]+)">([^<]*)</a>', answer.content.decode()))


def compose(browser: Browser, data: dict[str, Any], *, path: str = "") -> Any:
    """Writes ``data`` into a form and asks for the preview: the answer after that."""
    here = path or browser.get("/enquiries/new/")["Location"]
    page = browser.get(here)
    assert page.status_code == 200, page.content.decode()[:2000]
    return browser.post(here, {**data, "version": hidden(page, "version"), "preview": "1"})

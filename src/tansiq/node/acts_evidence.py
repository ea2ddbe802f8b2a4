"""The act that makes an evidence file, with the contents that an officer discloses in it.

Invariant: the file comes back to whoever asked and is written by them, so that the node writes nowhere but in its home. Without an officer
nothing is disclosed; with one, `policy.handling` decides on each content and the disclosure is logged.
"""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from django.db import connection

from tansiq.cases.exits import clearance_of
from tansiq.enquiries.reading import parse_matter
from tansiq.enquiries.rows import enquiry_rows, replies_of
from tansiq.errors import BadInput, NotFound
from tansiq.node.acts import Asked
from tansiq.node.arguments import text_of, texts_of
from tansiq.node.evidence import export_evidence
from tansiq.node.evidence_holding import DISCLOSES, disclosing
from tansiq.policy.handling import Use
from tansiq.protocol.cbor import decode
from tansiq.protocol.evidence_report import utc_text
from tansiq.protocol.ids import id_text
from tansiq.protocol.statement import parse_part_proofs

__all__ = ["export"]


def _places(statement: bytes) -> list[tuple[bytes, int]]:
    """Every place of a statement: its docket and its parts. Raises NotFound."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT proofs FROM exchange_statement WHERE id = %s", (statement,))
        row = cursor.fetchone()
    if row is None:
        raise NotFound("evidence.unknown-statement", statement=id_text(statement))
    return [(statement, place) for place in range(-1, len(parse_part_proofs(decode(bytes(row[0])))))]


def _chosen(names: Sequence[str], matter: bytes) -> list[tuple[bytes, int]]:
    """What ``names`` name: 'request' and 'answer' of the matter, a statement, or a place of one (``STATEMENT:PLACE``)."""
    found: list[tuple[bytes, int]] = []
    for name in names:
        if name in {"request", "answer"}:
            rows = enquiry_rows("matter = %s", (matter,)) if matter else []
            if not rows:
                raise BadInput("node.disclose-what", name=name)
            statements = [rows[0].request] if name == "request" else [reply.statement for reply in replies_of([matter])]
            found += [place for statement in statements for place in _places(statement)]
            continue
        statement, _, place = name.partition(":")
        try:
            found += [(parse_matter(statement), int(place))] if place else _places(parse_matter(statement))
        except ValueError as error:
            raise BadInput("node.disclose-what", name=name[:64]) from error
    return list(dict.fromkeys(found))


def _use(asked: Asked) -> Use:
    """For which use: `DISCLOSES`, no other makes an archive. Raises BadInput."""
    try:
        use = Use(text_of(asked, "use", default=Use.EXPORT.value))
    except ValueError as error:
        raise BadInput("node.wrong-argument", name="use") from error
    if use not in DISCLOSES:
        raise BadInput("node.wrong-argument", name="use")
    return use


def export(asked: Asked) -> dict[str, Any]:
    """An evidence file (base64) of an ``enquiry``, of ``statements``, or of everything exchanged (with ``peer``).

    ``disclose`` names contents that are shown in it (see `_chosen`), for a ``use`` and a ``purpose``.
    """
    named = text_of(asked, "enquiry", default="")
    matter = parse_matter(named) if named else b""
    places, use = _chosen(texts_of(asked, "disclose"), matter), _use(asked)
    shown = None
    if places:
        rows = enquiry_rows("matter = %s", (matter,)) if matter else []
        officer = asked.require_officer()
        shown = disclosing(
            officer,
            context=asked.context,
            purpose=text_of(asked, "purpose", default="") or (rows[0].purpose if rows else ""),
            clearance=clearance_of(officer.number, context=asked.context),
            use=use,
            justification=text_of(asked, "justification", default=""),
            ordered_by=text_of(asked, "ordered_by", default=""),
            recipients=tuple(texts_of(asked, "recipients")),
        )
    archive = io.BytesIO()
    made = export_evidence(
        asked.context,
        out=archive,
        statements=[parse_matter(one) for one in texts_of(asked, "statements")],
        matter=matter,
        peer=text_of(asked, "peer", default="") or None,
        disclose=places,
        disclosing=shown,
    )
    return {
        "exporter": made.exporter,
        "exported": utc_text(made.exported_ms),
        "statements": made.statements,
        "envelopes": made.hops,
        "receipts": made.receipts,
        "disclosed": made.disclosed,
        "missing": [
            {"code": one.code, "statement": id_text(one.statement), "from": one.sender, "to": one.receiver}
            for one in made.missing
        ],
        "size": made.size,
        "sha256": made.sha256.hex(),
        "archive": b64encode(archive.getvalue()).decode(),
    }

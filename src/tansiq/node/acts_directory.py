"""Acts on the directory: give our document, take a partner's, show and confirm its words.

Invariant: a document is public and may be carried by anybody; to confirm that its words were compared aloud is an officer's word and
stands beside the partner with the service number.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

from tansiq.directory.officers import officer_names
from tansiq.directory.queries import current_directory, own_directory, partners
from tansiq.directory.services import confirm_partner, take_directory
from tansiq.errors import BadInput, Error
from tansiq.node.acts import Asked
from tansiq.node.arguments import text_of
from tansiq.protocol.directory import Directory, fingerprint
from tansiq.protocol.words import fingerprint_words, words_to_bytes
from tansiq.texts import LANGUAGES

__all__ = ["confirm", "export", "list_all", "show_fingerprint", "take"]


def _shown(directory: Directory) -> dict[str, Any]:
    """An agency as people compare it: its fingerprint in hexadecimal and in words."""
    known = {partner.agency: partner for partner in partners()}.get(directory.agency)
    digest = fingerprint(directory.identity)
    return {
        "agency": directory.agency,
        "number": directory.number,
        "fingerprint": digest.hex(),
        "words": {language: list(fingerprint_words(digest, language)) for language in LANGUAGES},
        "own": bool(known and known.is_self),
        "confirmed": bool(known and (known.is_self or known.confirmed_ms)),
    }


def export(asked: Asked) -> dict[str, Any]:
    """Our current document, in base64."""
    directory = own_directory()
    return _shown(directory) | {"document": b64encode(directory.encoded).decode()}


def take(asked: Asked) -> dict[str, Any]:
    """Takes a partner's ``document`` (base64)."""
    try:
        encoded = b64decode(text_of(asked, "document"), validate=True)
    except ValueError as error:
        raise BadInput("node.wrong-argument", name="document") from error
    return _shown(take_directory(encoded, now_ms=asked.context.clock(), met=True))


def show_fingerprint(asked: Asked) -> dict[str, Any]:
    """The fingerprint of ``agency``, or our own."""
    agency = text_of(asked, "agency", default="")
    return _shown(current_directory(agency) if agency else own_directory())


def _language_of(words: str, preferred: str) -> str:
    """The language in which all of ``words`` are words of a fingerprint. Raises BadInput as for ``preferred``."""
    for language in dict.fromkeys((preferred, *LANGUAGES)):
        try:
            words_to_bytes(words, language)
        except Error:
            continue
        return language
    words_to_bytes(words, preferred)
    return preferred


def confirm(asked: Asked) -> dict[str, Any]:
    """An officer's word that the ``words`` of ``agency`` were compared aloud."""
    officer = asked.require_officer()
    agency, words = text_of(asked, "agency"), text_of(asked, "words")
    preferred = text_of(asked, "language", default="en")
    language = _language_of(words, preferred if preferred in LANGUAGES else "en")
    current = current_directory(agency)
    octets = words_to_bytes(words, language)
    confirm_partner(
        agency,
        words=list(fingerprint_words(octets, language)),
        language=language,
        officer=officer.number,
        now_ms=asked.context.clock(),
    )
    return _shown(current)


def list_all(asked: Asked) -> list[dict[str, Any]]:
    """Every agency that we know, with its posts and its officers' numbers; the names of our own officers."""
    names = officer_names(keys=asked.context.keys)
    out = []
    for partner in partners():
        directory = current_directory(partner.agency)
        posts = [
            {"post": post.id, "role": post.role, "names": dict(post.names), "languages": list(post.languages)}
            for post in directory.posts
        ]
        officers = [
            {"number": one.number, "posts": list(one.posts)}
            | ({"name": names.get(one.number, "")} if partner.is_self else {})
            for one in directory.officers
        ]
        addresses = {"addresses": list(directory.addresses), "pulls": directory.pulls}
        out.append(
            _shown(directory) | {"names": dict(directory.names), "posts": posts, "officers": officers} | addresses
        )
    return out

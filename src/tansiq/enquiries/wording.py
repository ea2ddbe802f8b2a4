"""The language of what leaves: whether the desk that gets it reads it, and the translations attached.

Invariant: nothing leaves in a language that the addressed desk has not published unless a translation of it travels
along, or it is urgent and a reason was given. A translation names its translator, an officer of ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tansiq.directory.queries import current_directory
from tansiq.enquiries.drafts import languages_of
from tansiq.errors import BadInput, Refused
from tansiq.policy.answer import Item
from tansiq.policy.correspondence import Translation
from tansiq.policy.faults import Fault, Faults, refuse
from tansiq.policy.languages import language_faults, reads, texts_in
from tansiq.policy.plain import Record
from tansiq.protocol.directory import Directory
from tansiq.protocol.docket import agency_of

__all__ = ["check_wording", "languages_read", "wording_faults"]


def languages_read(post: str) -> tuple[str, ...]:
    """The languages that the desk ``post`` has published; none: it is not asked. Raises NotFound (no such agency)."""
    posts = current_directory(agency_of(post)).posts
    return next((one.languages for one in posts if one.id == post), ())


def _by_part(translations: Sequence[Translation], part: int) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in translations:
        if one.part == part:
            found.setdefault(one.field, []).append(one.text.language)
    return found


def wording_faults(
    cover: Record,
    items: Sequence[Item] = (),
    *,
    languages: Sequence[str],
    urgent: bool,
    translations: Sequence[Translation] = (),
    tags: Sequence[str] | None = None,
) -> Faults:
    """The faults of language of a draft for a desk that reads ``languages``: one for each text, by its field.

    ``translations`` name the texts by part (0: the cover, then the items) and field; ``tags`` are the languages of all
    texts where they are known already.
    """
    exception: str | None = getattr(cover, "language_exception", None)
    if exception is None:
        found = languages_of([one.to_plain() for one in (cover, *items)]) if tags is None else tags
        if all(reads(languages, tag) for tag in found):
            return Faults()
    faults: list[Fault] = list(
        language_faults(
            cover, languages=languages, translated=_by_part(translations, 0), urgent=urgent, exception=exception
        )
    )
    if exception is None:
        for at, item in enumerate(items):
            translated = _by_part(translations, at + 1)
            faults += language_faults(item, languages=languages, translated=translated, path=f"items.{at}.")
    return Faults(faults)


def check_wording(
    cover: Record,
    items: Sequence[Item] = (),
    *,
    languages: Sequence[str],
    urgent: bool,
    translations: Sequence[Translation],
    own: Directory,
    tags: Sequence[str] | None = None,
) -> None:
    """Raises Refused('policy.law') for a text that the desk does not read, BadInput('enquiries.translates-nothing') and
    Refused('enquiries.translator-not-ours') for a translation that is none of ours; ``own`` is our directory document.
    """
    refuse(wording_faults(cover, items, languages=languages, urgent=urgent, translations=translations, tags=tags))
    records: Sequence[Record] = (cover, *items)
    officers = {officer.number for officer in own.officers} if translations else set()
    for one in translations:
        texts = dict(texts_in(records[one.part])) if one.part < len(records) else {}
        if one.field not in texts or texts[one.field].language == one.text.language:
            raise BadInput("enquiries.translates-nothing", field=one.field)
        if one.translator not in officers:
            raise Refused("enquiries.translator-not-ours", officer=one.translator)

"""The parts that several forms have in common: fields with their labels, a subject, a basis in law, conditions.

Invariant: the name of a field is its path in the record; nothing of law is chosen beforehand, for a person says it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tansiq.enquiries.forms import Data, Part, Section, count_of
from tansiq.policy.codes import code_list
from tansiq.texts import LANGUAGES, catalogue, text
from tansiq.web.forms import Field, choices_of

__all__ = ["KINDS", "Making", "basis_sections", "conditions_part", "subject_parts", "translations_section"]

KINDS: Final = (
    "subject.person",
    "subject.vehicle",
    "subject.phone",
    "subject.document",
    "subject.account",
    "subject.place",
)
"""What one can ask about, in the order of the buttons."""
_FIRST_NUMBER: Final = {
    "subject.vehicle": "id.vehicle-plate",
    "subject.phone": "id.phone",
    "subject.document": "id.passport",
    "subject.account": "id.online-account",
}
_LANGUAGES: Final = (*LANGUAGES, "zgh", "ary", "rif", "ca", "eu", "gl", "de", "it", "nl", "pt")


@dataclass(frozen=True, slots=True)
class Making:
    """Makes fields for a reader of ``language``."""

    language: str

    def field(self, name: str, kind: str = "text", **more: Any) -> Field:
        """The field ``name``; its label and help are those of its last word, unless said otherwise."""
        label = more.pop("label", "") or next(part for part in reversed(name.split(".")) if not part.isdigit())
        helped = f"enquiries.help.{label}"
        more.setdefault("help", helped if helped in catalogue() else "")
        return Field(name=name, label=f"enquiries.field.{label}", kind=kind, **more)

    def coded(self, name: str, listed: str, kind: str = "select", **more: Any) -> Field:
        """A choice from the list of codes ``listed``; ``only`` some of them."""
        only: Sequence[str] | None = more.pop("only", None)
        return self.field(name, kind, choices=choices_of(listed, self.language, only=only), **more)

    def words(self, name: str, **more: Any) -> Field:
        """Words whose language is said."""
        tongues = choices_of("languages", self.language, only=_LANGUAGES)
        return self.field(name, "words", language=self.language, languages=tongues, **more)

    def yes_or_no(self, name: str, **more: Any) -> Field:
        """A question that a person answers."""
        choices = (
            ("yes", text("enquiries.form.yes", self.language)),
            ("no", text("enquiries.form.no", self.language)),
        )
        return self.field(name, "radio", choices=choices, required=True, **more)


def _repeated(
    making: Making, data: Data, group: str, fields: Any, *, label: str, least: int = 1, beside: bool = True
) -> Iterator[Part]:
    """The parts of a group, each with a button that takes it away, the last with one that adds another."""
    count = count_of(data, group, least=least)
    for place in range(count):
        yield Part(
            fields=tuple(fields(f"{group}.{place}")),
            remove=f"{group}:{place}" if count > least or place else "",
            add=group if place == count - 1 else "",
            add_label=f"enquiries.add.{label}",
            beside=beside,
        )
    if not count:
        yield Part(fields=(), add=group, add_label=f"enquiries.add.{label}")


def subject_parts(
    making: Making, data: Data, group: str, *, head: bool = False, least: int = 0, plain: bool = False
) -> tuple[Part, ...]:
    """The parts in which the subjects of ``group`` are written. ``head``: a head of service may decide on a protected
    person; ``plain``: without what only a request needs.
    """
    parts: list[Part] = []
    for number in range(count_of(data, group, least=least)):
        at = f"{group}.{number}"
        said = str(data.get(f"{at}.kind"))
        kind = said if said in code_list("subject_kinds") else "subject.person"
        parts += _subject(making, data, at, kind=kind, number=number + 1, head=head, plain=plain)
    return tuple(parts)


def _subject(making: Making, data: Data, at: str, *, kind: str, number: int, head: bool, plain: bool) -> list[Part]:
    person = kind == "subject.person"
    group, _, place = at.rpartition(".")
    script = "Arab" if making.language == "ar" else "Latn"
    top = [making.field(f"{at}.kind", "hidden", value=kind, label="kind")]
    if person:
        top.append(making.coded(f"{at}.category", "data_subject_category", required=True, size="middle"))
        top.append(making.coded(f"{at}.sex", "sexes", size="short"))
    parts = [
        Part(
            fields=tuple(top), title=f"enquiries.kind.{kind.removeprefix('subject.')}", number=number,
            remove=f"{group}:{place}", beside=True,
        )
    ]  # fmt: skip
    if person:
        parts += _repeated(
            making, data, f"{at}.names",
            lambda name: (
                making.field(f"{name}.value", label="name", longest=200),
                making.coded(f"{name}.script", "scripts", value=script, required=True),
                making.coded(f"{name}.role", "name_roles", value="name.full", required=True, label="name-role"),
            ),
            label="name",
        )  # fmt: skip
        parts.append(
            Part(
                fields=(
                    making.field(f"{at}.births.0", label="birth", size="middle"),
                    making.field(f"{at}.nationalities.0", "country", label="nationality", size="middle"),
                    making.field(f"{at}.nationalities.1", "country", label="nationality-other", size="middle"),
                ),
                beside=True,
            )
        )
    parts += _repeated(
        making, data, f"{at}.identifiers",
        lambda name: (
            making.coded(
                f"{name}.type", "identifier_types", label="identifier-type", value=_FIRST_NUMBER.get(kind, "id.passport"), required=True,
            ),
            making.field(f"{name}.number", label="number", longest=64),
            making.field(f"{name}.country", "country", label="issued-by"),
        ),
        label="identifier",
    )  # fmt: skip
    parts += _repeated(
        making, data, f"{at}.places",
        lambda name: (
            making.coded(
                f"{name}.role", "place_roles", label="place-role", value="place.residence" if person else "place.other", required=True,
            ),
            making.field(f"{name}.name", label="place", longest=200),
            making.field(f"{name}.country", "country", label="country"),
        ),
        label="place",
    )  # fmt: skip
    parts.append(Part(fields=(making.words(f"{at}.description", rows=2),)))
    parts += _repeated(
        making, data, f"{at}.special",
        lambda name: (
            making.coded(f"{name}.category", "special_category", label="special-category", required=True),
            making.words(f"{name}.reason", label="special-reason", rows=2),
        ),
        label="special", least=0, beside=False,
    )  # fmt: skip
    if person and not plain:
        fields = [making.coded(f"{at}.protected", "protected_person", "ticks")]
        if head and data.get(f"{at}.protected"):
            fields += [
                making.yes_or_no(f"{at}.decision", label="protected-decision"),
                making.words(f"{at}.decision.note", label="protected-note", rows=2),
            ]
        parts.append(Part(fields=tuple(fields)))
    return parts


def basis_sections(making: Making, *, at: str = "law.") -> tuple[Section, ...]:
    """The basis in law, the transfer to another state, and the questions that a person answers."""
    law = Section(
        name="law",
        title="enquiries.ask.law",
        parts=(
            Part(
                fields=(
                    making.coded(f"{at}purpose", "purposes", required=True),
                    making.coded(f"{at}offence", "offences", required=True),
                    making.coded(f"{at}legal_basis", "legal_bases", required=True),
                    making.words(f"{at}legal_reference", rows=2),
                    making.words(f"{at}necessity", required=True, rows=3),
                )
            ),
        ),
    )
    transfer = Section(
        name="transfer",
        title="enquiries.ask.transfer",
        parts=(
            Part(
                fields=(
                    making.coded(f"{at}transfer.ground", "transfer_ground", required=True, label="transfer-ground"),
                    making.words(f"{at}transfer.reason", rows=2, label="transfer-reason"),
                    making.field(f"{at}transfer.recipient_competent", "tick"),
                    making.coded(f"{at}transfer.origin", "origin_authorisation", required=True, label="origin"),
                    making.words(f"{at}transfer.origin_reference", rows=2),
                    making.field(f"{at}transfer.origin_informed", "tick"),
                    making.coded(f"{at}transfer.onward", "onward_transfer", "radio", required=True, label="onward"),
                )
            ),
        ),
    )
    sworn = Section(
        name="sworn",
        title="enquiries.ask.sworn",
        help="enquiries.ask.sworn-help",
        parts=(
            Part(
                fields=(
                    making.yes_or_no(f"{at}assurance.death_penalty"),
                    making.yes_or_no(f"{at}assurance.ill_treatment"),
                    making.words(f"{at}assurance.reference", label="assurance-reference", required=True, rows=2),
                )
            ),
            Part(
                fields=tuple(
                    making.yes_or_no(f"{at}neutrality.{name}")
                    for name in ("political", "military", "religious", "racial")
                ),
                beside=True,
            ),
        ),
    )
    return law, transfer, sworn


def conditions_part(making: Making, at: str = "conditions.", *, title: str = "") -> Part:
    """What the reader of it may do with it."""
    return Part(
        fields=(
            making.coded(f"{at}codes", "handling", "ticks", required=True, label="handling"),
            making.words(f"{at}words", label="condition-words", rows=2),
            making.coded(f"{at}classification", "classification", required=True, size="middle"),
            making.field(
                f"{at}expires_at_ms", "date", label="expires", size="short", calendars=making.language == "ar"
            ),
        ),
        title=title,
    )


def translations_section(making: Making, data: Data) -> tuple[Section, ...]:
    """The texts that the addressed desk doesn't read, each with a field for its translation; nothing when there is none."""
    wanted = [name for name in data if name.startswith("translation.") and not name.endswith(".language")]
    if not wanted:
        return ()
    fields = []
    for name in wanted:
        path = name.split(".", 2)[2]
        label = next((part for part in reversed(path.split(".")) if not part.isdigit()), path)
        fields.append(making.words(name, label=label, rows=3, help=""))
    section = Section(
        name="translations",
        title="enquiries.ask.translations",
        help="enquiries.ask.translations-help",
        parts=tuple(Part(fields=(one,)) for one in fields),
    )
    return (section,)

"""What somebody asks the registers, and why: the values of a search.

Invariant: no search without its justification (Regulation (EU) 2024/982, Article 33): the purpose with the matter or the offence that it
serves, what the person searched for is in it, and whether somebody is to be identified or more is to be learnt of somebody
known. What is asked names a person and stands in no address, log or journal; its justification names none.

>>> why = Why(purpose="purpose.investigation", aim="aim.identify", category="category.suspect", matter="26-0417")
>>> why.justification("register.search")
'register.search aim.identify category.suspect matter:26-0417'
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

from tansiq.errors import BadInput
from tansiq.names import MAX_NAME
from tansiq.policy.codes import code_list
from tansiq.policy.subjects import Identifier, Name, Subject
from tansiq.registers.nations import nation_of
from tansiq.web.written import date_of

__all__ = ["Asked", "Why", "matter_of"]

_MATTER: Final = re.compile(r"(?=.*\d)[\w./:+ -]{1,64}")
_OFFICER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", re.ASCII)
_LISTS: Final = {
    "purpose": "purposes", "aim": "search_aims", "category": "data_subject_category", "offence": "offences",
}  # fmt: skip


def matter_of(said: str) -> str:
    """The reference of a case, an enquiry or a file as it was written; "" for what holds no number, so is none."""
    plain = " ".join(said.split())
    return plain if _MATTER.fullmatch(plain) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plain:
    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """The value of which ``to_plain`` made a map; what is lacking is empty."""
        return cls(**{one.name: str(plain.get(one.name) or "") for one in fields(cls)})

    def to_plain(self) -> dict[str, str]:
        """What is said, by name."""
        return {one.name: value for one in fields(self) if (value := getattr(self, one.name))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Why(_Plain):
    """The justification of a search, in codes: ``purpose``, ``aim``, the person's ``category``, the ``matter`` or the ``offence`` or
    both, and the officer who ``ordered`` it, where somebody else did.
    """

    purpose: str
    aim: str
    category: str
    matter: str = ""
    offence: str = ""
    ordered: str = ""

    def verify(self) -> None:
        """Raises BadInput ('registers.no-reason') unless it says all that the law wants said."""
        for name, listed in _LISTS.items():
            code = str(getattr(self, name))
            if (code or name != "offence") and code not in code_list(listed).entries:
                raise BadInput("registers.no-reason", field=name)
        if not (self.offence or self.matter) or (self.matter and matter_of(self.matter) != self.matter):
            raise BadInput("registers.no-reason", field="matter")
        if self.ordered and not _OFFICER.fullmatch(self.ordered):
            raise BadInput("registers.no-reason", field="ordered")

    def justification(self, deed: str) -> str:
        """The codes of it as the access journal keeps them; ``deed`` is what was done."""
        matter = f"matter:{self.matter}" if self.matter else ""
        return " ".join(code for code in (deed, self.aim, self.category, self.offence, matter) if code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(_Plain):
    """Who is searched for, as it was written: a ``name`` in any script or a document's ``number``, and whatever else is known."""

    name: str = ""
    birth: str = ""
    nationality: str = ""
    sex: str = ""
    number: str = ""

    @property
    def subject(self) -> Subject:
        """The person as the registers compare one. What can't be read is left out: a form finds that before."""
        born, nation = date_of(self.birth), nation_of(self.nationality)
        name, number = self.name[:MAX_NAME], self.number[:64]
        return Subject(
            kind="subject.person",
            names=(Name(name, _script(name)),) if name else (),
            births=(born,) if born is not None else (),
            nationalities=(nation,) if nation else (),
            sex=self.sex or None,
            identifiers=(Identifier(type="id.other", number=number),) if number else (),
        )


def _script(name: str) -> str:
    """The script of most letters of a name: Arab, Latn or another's code 'Zyyy'."""
    told = [unicodedata.name(letter, "").partition(" ")[0] for letter in name if letter.isalpha()]
    arabic, latin = told.count("ARABIC"), told.count("LATIN")
    return "Zyyy" if not arabic + latin else "Arab" if arabic > latin else "Latn"

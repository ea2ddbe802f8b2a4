"""What the pages of this room share: who may open them, and codes in words.

Invariant: a code that this version does not know reads as itself; words that a person wrote are never taken for a code.
"""

from __future__ import annotations

import re
from typing import Final, cast

from tansiq.exchange.context import Context
from tansiq.policy.codes import code_list
from tansiq.texts import catalogue, text
from tansiq.web.access import Role
from tansiq.web.visitor import Request

__all__ = ["WATCHES", "category_in_words", "justified", "kind_in_words", "node_of"]

WATCHES: Final = (Role.DATA_PROTECTION, Role.AUDITOR)
"""Who may open the pages of this room; nobody else."""
_CODE: Final = re.compile(r"[a-z][a-z-]*\.[a-z0-9][a-z0-9.-]*")
_LISTS: Final = {
    "law": "legal_bases", "offence": "offences", "purpose": "purposes", "obtained": "ill_treatment", "aim": "search_aims",
    "category": "data_subject_category",
}  # fmt: skip
_MATTER: Final = " matter:"


def node_of(request: Request) -> Context:
    """The node at work."""
    return cast(Context, request.node)


def _label(code: str, language: str) -> str:
    known = _LISTS.get(code.partition(".")[0], "")
    if known:
        return code_list(known).label(code, language)
    head, _, rest = code.partition(".")
    if head == "register" and f"registers.called.{rest}" in catalogue():
        return text("oversight.why.register", language, register=text(f"registers.called.{rest}", language))
    for key in (f"oversight.why.{code.replace('.', '-')}", code):
        if key in catalogue():
            return text(key, language)
    return code


def justified(said: str, language: str) -> tuple[str, bool]:
    """A justification in words, and whether a person wrote it: codes are put into the reader's language, with the reference of the
    matter behind them.
    """
    codes, _, matter = said.partition(_MATTER)
    words = codes.split()
    if not words or not all(_CODE.fullmatch(word) for word in words):
        return said, bool(said)
    told = [_label(word, language) for word in words]
    if matter:
        told.append(text("oversight.why.matter", language, matter=matter))
    return " · ".join(told), False


def kind_in_words(kind: str, language: str) -> str:
    """What sort of thing an item is."""
    if kind == "item":
        return text("cases.item.kind", language)
    return code_list("message_kinds").label(kind, language)


def category_in_words(categories: str, language: str) -> str:
    """The categories of the persons whom an item is about."""
    return " · ".join(code_list("data_subject_category").label(code, language) for code in categories.split())

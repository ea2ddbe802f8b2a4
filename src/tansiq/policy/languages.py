"""Whether the desk that gets something reads it: each free text in a language that the desk published, or translated.

Invariant: a desk that publishes no language is asked nothing. Languages are compared by their first subtag (``ar`` reads
``ar-Latn``). What is urgent may leave all the same, with a coded reason. Directive (EU) 2023/977, Article 11.

>>> [path for path, _ in texts_in(Text("es", "Visto en Nador."))]
['']
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from tansiq.policy.faults import Fault, Faults
from tansiq.policy.plain import Many, One, Record, slots_of
from tansiq.policy.values import Text

__all__ = ["language_faults", "reads", "texts_in"]

_SOURCE: Final = "Directive (EU) 2023/977, Article 11"


def texts_in(record: Record, path: str = "") -> Iterator[tuple[str, Text]]:
    """Every free text in ``record`` with the path of its field."""
    if isinstance(record, Text):
        yield path, record
        return
    for slot in slots_of(type(record)):
        if not isinstance(slot.inner, One):
            continue
        here = f"{path}.{slot.name}" if path else slot.name
        value = getattr(record, slot.name)
        if isinstance(slot.shape, Many):
            for at, one in enumerate(value):
                yield from texts_in(one, f"{here}.{at}")
        elif value is not None:
            yield from texts_in(value, here)


def reads(languages: Collection[str], tag: str) -> bool:
    """Whether a desk that published ``languages`` reads what is tagged ``tag``; one that published none is not asked."""
    return not languages or tag.partition("-")[0] in {one.partition("-")[0] for one in languages}


def language_faults(
    record: Record,
    *,
    languages: Collection[str],
    translated: Mapping[str, Collection[str]],
    urgent: bool = False,
    exception: str | None = None,
    path: str = "",
) -> Faults:
    """A fault for each text of ``record`` that the desk does not read, and one for an ``exception`` that is none.

    ``languages`` are those that the desk published, ``translated`` the languages of the translations at hand by path;
    ``exception`` (a code) excuses what is ``urgent``.
    """
    if exception is not None and not urgent:
        return Faults([Fault("policy.law.language-exception-not-urgent", path + "language_exception", 12, _SOURCE)])
    if exception is not None or not languages:
        return Faults()
    return Faults(
        Fault("policy.law.language-not-read", path + where, 12, _SOURCE)
        for where, text in texts_in(record)
        if not reads(languages, text.language) and not any(reads(languages, tag) for tag in translated.get(where, ()))
    )

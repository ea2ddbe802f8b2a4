"""What two services keep of their relation: agreements in force, meetings with their minutes and decisions, contact points; and the
checks on each word.

Invariant: none of it holds personal data: who takes part, decides or is reached is a post, never a person. An agreement names both states,
and what holds of it is what both sides have confirmed. Directive (EU) 2016/680, Articles 35 to 37; Council Decision 2003/170/JHA,
Article 5 (meetings of liaison officers); the rest is practice of the services.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final

from tansiq.policy.codes import code_list
from tansiq.policy.faults import Fault, Faults, Lists, Rule, find, refuse, unknown_codes
from tansiq.policy.paper_course import AGREEMENT, CONTACTS, Step
from tansiq.policy.plain import Code, Line, Many, One, Record, Whole
from tansiq.policy.values import COUNTRY, LANGUAGE_TAG, MOMENT, REFERENCE, Text

__all__ = [
    "Contact", "Contacts", "Decision", "Meeting", "Minutes", "PaperWord", "Treaty", "check_paper_word", "paper_word_faults",
]  # fmt: skip

_TRANSFER: Final = "Directive (EU) 2016/680, Articles 35 to 37"
_MEETINGS: Final = "Council Decision 2003/170/JHA, Article 5"
_PRACTICE: Final = "Practice"
_LEAST_PARTIES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Treaty(Record):
    """An agreement between states. ``code`` is that of the legal bases where it has one; ``fields`` its crime list (none: every
    field), ``grounds`` the grounds for a transfer that it gives, ``channels`` those that it names; ``reference`` where its text
    stands. It holds from ``from_ms`` until ``until_ms`` (no longer within; None: without end).
    """

    title: Annotated[Text | None, One(Text)] = None
    code: Annotated[str | None, Code("legal_bases")] = None
    parties: Annotated[tuple[str, ...], Many(COUNTRY, 16)] = ()
    from_ms: Annotated[int | None, MOMENT] = None
    until_ms: Annotated[int | None, MOMENT] = None
    fields: Annotated[tuple[str, ...], Many(Code("offences"), 64)] = ()
    grounds: Annotated[tuple[str, ...], Many(Code("transfer_ground"), 16)] = ()
    channels: Annotated[tuple[str, ...], Many(Code("channels"), 4)] = ()
    reference: Annotated[str | None, Line(200)] = None
    note: Annotated[Text | None, One(Text)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting(Record):
    """A meeting: what it is about, when it begins, where, which posts take part, what is on the agenda."""

    title: Annotated[Text | None, One(Text)] = None
    at_ms: Annotated[int | None, MOMENT] = None
    place: Annotated[str | None, Line(200)] = None
    posts: Annotated[tuple[str, ...], Many(REFERENCE, 32)] = ()
    agenda: Annotated[tuple[Text, ...], Many(One(Text), 32)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(Record):
    """Something that a meeting decided: what is to be done, by which post, until when."""

    words: Annotated[Text | None, One(Text)] = None
    post: Annotated[str | None, REFERENCE] = None
    due_ms: Annotated[int | None, MOMENT] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Minutes(Record):
    """What was said at a meeting, which posts were there, what was decided."""

    words: Annotated[Text | None, One(Text)] = None
    posts: Annotated[tuple[str, ...], Many(REFERENCE, 32)] = ()
    decisions: Annotated[tuple[Decision, ...], Many(One(Decision), 32)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(Record):
    """A contact point: a post, what it is reached for, in which languages, when and how (a number, an address; the post's)."""

    post: Annotated[str | None, REFERENCE] = None
    function: Annotated[Text | None, One(Text)] = None
    languages: Annotated[tuple[str, ...], Many(LANGUAGE_TAG, 8)] = ()
    reach: Annotated[str | None, Code("reachability")] = None
    ways: Annotated[tuple[str, ...], Many(Line(200), 4)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts(Record):
    """All contact points of one service for another; a later list takes the place of an earlier one."""

    points: Annotated[tuple[Contact, ...], Many(One(Contact), 32)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperWord(Record):
    """One word on a paper: its ``place`` among its side's words, the ``number`` that it is about (see ``paper_course.Said``); then what
    its step wants: what is proposed, the minutes, a ``reason`` with ``words``, when an end takes effect, which decision was carried out.
    """

    place: Annotated[int, Whole(1, 1_000_000)]
    number: Annotated[int, Whole(1, 1_000_000)]
    agreement: Annotated[Treaty | None, One(Treaty)] = None
    meeting: Annotated[Meeting | None, One(Meeting)] = None
    contacts: Annotated[Contacts | None, One(Contacts)] = None
    minutes: Annotated[Minutes | None, One(Minutes)] = None
    reason: Annotated[str | None, Code("paper_reasons")] = None
    words: Annotated[Text | None, One(Text)] = None
    until_ms: Annotated[int | None, MOMENT] = None
    item: Annotated[int | None, Whole(1, 32)] = None


_TREATY: Final[tuple[Rule[Treaty], ...]] = (
    Rule("policy.law.agreement-title-missing", "title", 60, _TRANSFER, lambda one, _: one.title is None),
    Rule("policy.law.agreement-parties-missing", "parties", 60, _TRANSFER,
         lambda one, _: len(set(one.parties)) < _LEAST_PARTIES),
    Rule("policy.law.agreement-from-missing", "from_ms", 60, _TRANSFER, lambda one, _: one.from_ms is None),
    Rule("policy.law.agreement-time-wrong", "until_ms", 60, _TRANSFER,
         lambda one, _: one.from_ms is not None and one.until_ms is not None and one.until_ms <= one.from_ms),
    Rule("policy.law.agreement-reference-missing", "reference", 60, _TRANSFER, lambda one, _: one.reference is None),
)  # fmt: skip

_MEETING: Final[tuple[Rule[Meeting], ...]] = (
    Rule("policy.law.meeting-title-missing", "title", 59, _MEETINGS, lambda one, _: one.title is None),
    Rule("policy.law.meeting-time-missing", "at_ms", 59, _MEETINGS, lambda one, _: one.at_ms is None),
    Rule("policy.law.meeting-place-missing", "place", 59, _MEETINGS, lambda one, _: one.place is None),
    Rule("policy.law.meeting-posts-missing", "posts", 59, _MEETINGS, lambda one, _: not one.posts),
    Rule("policy.law.meeting-agenda-missing", "agenda", 59, _MEETINGS, lambda one, _: not one.agenda),
)  # fmt: skip

_MINUTES: Final[tuple[Rule[Minutes], ...]] = (
    Rule("policy.law.minutes-missing", "words", 59, _MEETINGS, lambda one, _: one.words is None),
    Rule("policy.law.minutes-posts-missing", "posts", 59, _MEETINGS, lambda one, _: not one.posts),
)  # fmt: skip
_DECISION: Final[tuple[Rule[Decision], ...]] = (
    Rule("policy.law.decision-words-missing", "words", 59, _MEETINGS, lambda one, _: one.words is None),
    Rule("policy.law.decision-post-missing", "post", 59, _MEETINGS, lambda one, _: one.post is None),
    Rule("policy.law.decision-due-missing", "due_ms", 59, _MEETINGS, lambda one, _: one.due_ms is None),
)  # fmt: skip

_CONTACT: Final[tuple[Rule[Contact], ...]] = (
    Rule("policy.law.contact-post-missing", "post", 57, _PRACTICE, lambda one, _: one.post is None),
    Rule("policy.law.contact-function-missing", "function", 57, _PRACTICE, lambda one, _: one.function is None),
    Rule("policy.law.contact-languages-missing", "languages", 57, _PRACTICE, lambda one, _: not one.languages),
    Rule("policy.law.contact-reach-missing", "reach", 57, _PRACTICE, lambda one, _: one.reach is None),
    Rule("policy.law.contact-ways-missing", "ways", 57, _PRACTICE, lambda one, _: not one.ways),
)  # fmt: skip

_REASONED: Final = frozenset({Step.REFUSE, Step.END})
_WORD: Final[tuple[Rule[tuple[PaperWord, str, Step]], ...]] = (
    Rule("policy.law.paper-reason-missing", "reason", 60, _PRACTICE,
         lambda one, _: one[2] in _REASONED and one[0].reason is None),
    Rule("policy.law.paper-words-missing", "words", 60, _PRACTICE,
         lambda one, lists: one[0].words is None and lists("paper_reasons").text_required(one[0].reason or "")),
    Rule("policy.law.agreement-end-missing", "until_ms", 60, _TRANSFER,
         lambda one, _: one[1:] == (AGREEMENT, Step.END) and one[0].until_ms is None),
    Rule("policy.law.decision-unnamed", "item", 59, _MEETINGS,
         lambda one, _: one[2] is Step.DONE and one[0].item is None),
    Rule("policy.law.contacts-missing", "points", 57, _PRACTICE,
         lambda one, _: one[1] == CONTACTS and not (one[0].contacts is not None and one[0].contacts.points)),
)  # fmt: skip


def _content(word: PaperWord, paper: str, step: Step, lists: Lists) -> Iterator[Fault]:
    if step is Step.RECORD:
        minutes = word.minutes or Minutes()
        yield from find(_MINUTES, minutes, lists)
        for place, decision in enumerate(minutes.decisions):
            yield from find(_DECISION, decision, lists, f"decisions.{place}.")
    if step is not Step.PROPOSE:
        return
    match paper:
        case "agreement":
            yield from find(_TREATY, word.agreement or Treaty(), lists)
        case "meeting":
            yield from find(_MEETING, word.meeting or Meeting(), lists)
        case _:
            for place, point in enumerate(word.contacts.points if word.contacts is not None else ()):
                yield from find(_CONTACT, point, lists, f"points.{place}.")


def paper_word_faults(word: PaperWord, paper: str, step: Step, *, lists: Lists = code_list) -> Faults:
    """All that a word lacks for what it is to do; what it proposes or records is judged whole, its fields named as its own."""

    def found() -> Iterator[Fault]:
        yield from find(_WORD, (word, paper, step), lists)
        yield from _content(word, paper, step, lists)
        for inner in (word.agreement, word.meeting, word.contacts, word.minutes):
            if inner is not None:
                yield from unknown_codes(inner, lists)
        if word.reason is not None and word.reason not in lists("paper_reasons"):
            yield Fault("policy.law.code-unknown", "reason", 4, _PRACTICE)

    return Faults(dict.fromkeys(found()))


def check_paper_word(word: PaperWord, paper: str, step: Step, *, lists: Lists = code_list) -> None:
    """Raises Refused('policy.law', count, faults) unless the word may be said."""
    refuse(paper_word_faults(word, paper, step, lists=lists))

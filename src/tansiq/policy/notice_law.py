"""The checks of law on a notice and on every word about it: before it is asked for, by the hub, and on what comes in.

Invariant: no notice leaves without a purpose of Article 10 that suits its colour, without a person's word on Article 2 and on
Article 3, without what its colour needs, and without the law that belongs to every channel (``law``). As there, a check tells
all that is wrong. INTERPOL's Constitution, Articles 2 and 3; its Rules on the Processing of Data, Articles 10, 34, 49 to 51
and 82 to 96.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final, TypeAlias

from tansiq.policy.codes import code_list
from tansiq.policy.faults import Fault, Faults, Lists, Rule, find, unknown_codes
from tansiq.policy.notice import (
    Cancellation,
    Extension,
    HubRefusal,
    Notice,
    NoticeAnswer,
    NoticeRequest,
    Publication,
    Restriction,
    StatusDeclaration,
    Warrant,
)
from tansiq.policy.notice_needs import Needs, needs
from tansiq.policy.rules import basis_faults, conditions_faults, subject_faults
from tansiq.policy.subjects import Subject

__all__ = ["CHECKED", "NoticeWord", "notice_faults", "notice_word_faults"]

NoticeWord: TypeAlias = (
    NoticeRequest | Restriction | Publication | HubRefusal | Cancellation | Extension | NoticeAnswer | StatusDeclaration
)
"""One word about a notice or a person, beside the notice itself."""

CHECKED: Final = (
    "policy.law.rpd-purpose-missing", "policy.law.rpd-purpose-unsuited", "policy.law.article-2-unanswered",
    "policy.law.article-2", "policy.law.political-unanswered", "policy.law.political", "policy.law.military-unanswered",
    "policy.law.military", "policy.law.religious-unanswered", "policy.law.religious", "policy.law.racial-unanswered",
    "policy.law.racial",
)  # fmt: skip
"""What the person who checks a draft answers for; all else is the writer's."""

_PURPOSE: Final = "INTERPOL's Rules on the Processing of Data, Article 10"
_ARTICLE_2: Final = "INTERPOL's Constitution, Article 2"
_NOTICE: Final = "INTERPOL's Rules on the Processing of Data, Articles 82 to 96"
_RED: Final = "INTERPOL's Rules on the Processing of Data, Article 83"
_RETENTION: Final = "INTERPOL's Rules on the Processing of Data, Articles 49 and 50"
_REFUSED: Final = "INTERPOL's Rules on the Processing of Data, Articles 76 and 86"
_ENDED: Final = "INTERPOL's Rules on the Processing of Data, Articles 51 and 81"
_ANSWER: Final = "INTERPOL's Rules on the Processing of Data, Article 87"
_PRACTICE: Final = "Practice"
_ASSETS: Final = frozenset({"subject.account", "subject.vehicle", "subject.place", "subject.document"})
_ALONE: Final = frozenset({"result.not-followed"})
"""Results that give away nothing about a person."""


def _persons(one: Notice) -> list[Subject]:
    return [subject for subject in one.subjects if subject.is_person]


def _is_identified(one: Subject, *, described: bool) -> bool:
    """A name, and one thing more that tells bearers of it apart."""
    return bool(one.names) and bool(one.births or one.identifiers or one.nationalities or described)


def _is_weighty(one: Warrant, table: Needs) -> bool:
    return (one.punishable_months or 0) >= table.punishable_months or (
        (one.remaining_months or 0) >= table.remaining_months
    )


_RULES: Final[tuple[Rule[Notice], ...]] = (
    Rule("policy.law.colour-missing", "colour", 67, _NOTICE, lambda one, _: one.colour is None),
    Rule("policy.law.notice-facts-missing", "facts", 67, _NOTICE, lambda one, _: one.facts is None),
    Rule("policy.law.rpd-purpose-missing", "rpd_purpose", 67, _PURPOSE, lambda one, _: one.rpd_purpose is None),
    Rule("policy.law.article-2-unanswered", "article_2", 68, _ARTICLE_2, lambda one, _: one.article_2 is None),
    Rule("policy.law.article-2", "article_2", 68, _ARTICLE_2,
         lambda one, _: one.article_2 is not None and not one.article_2.answer),
    Rule("policy.law.actions-missing", "actions", 67, _NOTICE, lambda one, _: not one.actions),
)  # fmt: skip

_NEEDED: Final[dict[str, tuple[Rule[tuple[Notice, Needs]], ...]]] = {
    "person": (
        Rule("policy.law.notice-person-missing", "subjects", 67, _NOTICE, lambda one, _: not _persons(one[0])),
    ),
    "person-or-group": (
        Rule("policy.law.notice-person-missing", "subjects", 67, _NOTICE,
             lambda one, _: not any(s.is_person or s.kind == "subject.group" for s in one[0].subjects)),
    ),
    "identity": (
        Rule("policy.law.notice-identity", "subjects", 67, _NOTICE,
             lambda one, _: bool(_persons(one[0])) and not any(
                 _is_identified(s, described=one[0].appearance is not None) for s in _persons(one[0]))),
    ),
    "warrant": (
        Rule("policy.law.warrants-missing", "warrants", 72, _RED, lambda one, _: not one[0].warrants),
        Rule("policy.law.warrant-country-missing", "warrants.0.country", 72, _RED,
             lambda one, _: any(w.country is None for w in one[0].warrants)),
        Rule("policy.law.warrant-charge-missing", "warrants.0.charge", 72, _RED,
             lambda one, _: any(w.charge is None for w in one[0].warrants)),
    ),
    "threshold": (
        Rule("policy.law.warrant-threshold", "warrants.0.punishable_months", 72, _RED,
             lambda one, _: bool(one[0].warrants) and not any(_is_weighty(w, one[1]) for w in one[0].warrants)),
    ),
    "event": (
        Rule("policy.law.event-missing", "event_date", 67, _NOTICE,
             lambda one, _: one[0].event_date is None and one[0].event_place is None),
    ),
    "assets": (
        Rule("policy.law.assets-missing", "subjects", 67, _NOTICE,
             lambda one, _: not any(s.kind in _ASSETS for s in one[0].subjects)),
    ),
    "reference": (
        Rule("policy.law.un-reference-missing", "un_reference", 67, _NOTICE,
             lambda one, _: one[0].un_reference is None),
    ),
}  # fmt: skip


def _unsuited(one: Notice, table: Needs, lists: Lists) -> Iterator[Fault]:
    """Purposes and actions that are known but do not suit the colour."""
    need = table.of(one.colour)
    if one.colour not in table.colours:
        return
    if one.rpd_purpose in lists("rpd_purposes") and one.rpd_purpose not in need.purposes:
        yield Fault("policy.law.rpd-purpose-unsuited", "rpd_purpose", 67, _PURPOSE)
    if any(action in lists("notice_actions") and action not in need.actions for action in one.actions):
        yield Fault("policy.law.actions-unsuited", "actions", 67, _NOTICE)


def notice_faults(
    notice: Notice,
    *,
    lists: Lists = code_list,
    today: date | None = None,
    said_ms: int | None = None,
    table: Needs | None = None,
) -> Faults:
    """All that a notice lacks in law, in the order of its fields.

    Arguments: ``today`` lets a minor by the date of birth be found; ``said_ms`` lets its end be judged; ``table`` are the
    needs of another bureau.
    """
    table = table or needs()

    def found() -> Iterator[Fault]:
        yield from find(_RULES, notice, lists)
        for name, rules in _NEEDED.items():
            if name in table.of(notice.colour).needs:
                yield from find(rules, (notice, table), lists)
        yield from _unsuited(notice, table, lists)
        if (
            said_ms is not None
            and notice.until_ms is not None
            and not 0 < notice.until_ms - said_ms <= table.longest_ms
        ):
            yield Fault("policy.law.notice-until", "until_ms", 71, _RETENTION)
        yield from subject_faults(notice.subjects, lists=lists, today=today)
        yield from basis_faults(notice.law, lists=lists, crosses_border=True)
        yield from conditions_faults(notice.conditions, lists=lists, path="conditions.")
        yield from unknown_codes(notice, lists)

    return Faults(found())


# ---------------------------------------------------------------------------------------------------- words about it

_PUBLISH: Final[tuple[Rule[tuple[Publication, int, Needs]], ...]] = (
    Rule("policy.law.notice-until", "until_ms", 71, _RETENTION,
         lambda one, _: not 0 < one[0].until_ms - one[1] <= one[2].longest_ms),
    Rule("policy.law.hub-not-lawful", "lawful", 68, _REFUSED, lambda one, _: not one[0].lawful.answer),
)  # fmt: skip
_REFUSE: Final[tuple[Rule[HubRefusal], ...]] = (
    Rule("policy.law.hub-grounds-missing", "grounds", 68, _REFUSED, lambda one, _: not one.grounds),
    Rule("policy.law.reasons-missing", "reasons", 68, _REFUSED,
         lambda one, lists: one.reasons is None and any(map(lists("notice_refusals").text_required, one.grounds))),
)  # fmt: skip
_CANCEL: Final[tuple[Rule[Cancellation], ...]] = (
    Rule("policy.law.cancellation-reason-missing", "reason", 71, _ENDED, lambda one, _: one.reason is None),
    Rule("policy.law.cancellation-words-missing", "words", 71, _ENDED,
         lambda one, lists: one.words is None and lists("cancellation_reasons").text_required(one.reason or "")),
)  # fmt: skip
_EXTEND: Final[tuple[Rule[tuple[Extension, int, Needs]], ...]] = (
    Rule("policy.law.notice-until", "until_ms", 71, _RETENTION,
         lambda one, _: one[0].until_ms is None or not 0 < one[0].until_ms - one[1] <= one[2].longest_ms),
    Rule("policy.law.extension-reason-missing", "reason", 71, _RETENTION, lambda one, _: one[0].reason is None),
    Rule("policy.law.extension-not-examined", "examined", 71, _RETENTION,
         lambda one, _: one[0].examined is None or not one[0].examined.answer),
)  # fmt: skip
_ANSWERED: Final[tuple[Rule[NoticeAnswer], ...]] = (
    Rule("policy.law.result-missing", "result", 17, _ANSWER, lambda one, _: one.result is None),
    Rule("policy.law.result-words-missing", "words", 17, _ANSWER,
         lambda one, lists: one.words is None and lists("notice_results").text_required(one.result or "")),
    Rule("policy.law.result-place-missing", "place", 17, _ANSWER,
         lambda one, _: one.place is None and one.result in {
             "result.located", "result.hit", "result.arrested", "result.held", "result.found"}),
    Rule("policy.law.result-date-missing", "on", 17, _ANSWER,
         lambda one, _: one.on is None and one.result in {
             "result.hit", "result.arrested", "result.found", "result.deceased"}),
)  # fmt: skip
_DECLARED: Final[tuple[Rule[StatusDeclaration], ...]] = (
    Rule("policy.law.status-missing", "status", 1, _PRACTICE, lambda one, _: one.status is None),
    Rule("policy.law.status-subject-missing", "subjects", 1, _PRACTICE,
         lambda one, _: not any(subject.is_person for subject in one.subjects)),
    Rule("policy.law.status-since-missing", "since", 1, _PRACTICE, lambda one, _: one.since is None),
)  # fmt: skip


def _found(word: NoticeWord, *, said_ms: int, lists: Lists, today: date | None, table: Needs) -> Iterator[Fault]:
    match word:
        case Publication():
            yield from find(_PUBLISH, (word, said_ms, table), lists)
        case HubRefusal():
            yield from find(_REFUSE, word, lists)
        case Cancellation():
            yield from find(_CANCEL, word, lists)
        case Extension():
            yield from find(_EXTEND, (word, said_ms, table), lists)
        case NoticeAnswer():
            yield from find(_ANSWERED, word, lists)
            if word.result not in _ALONE:
                yield from basis_faults(word.law, lists=lists, crosses_border=True)
                yield from conditions_faults(word.conditions, lists=lists, path="conditions.")
        case StatusDeclaration():
            yield from find(_DECLARED, word, lists)
            yield from subject_faults(word.subjects, lists=lists, today=today)
            yield from basis_faults(word.law, lists=lists, crosses_border=True)
            yield from conditions_faults(word.conditions, lists=lists, path="conditions.")
        case NoticeRequest() | Restriction():
            pass
    yield from unknown_codes(word, lists)


def notice_word_faults(
    word: NoticeWord,
    *,
    said_ms: int,
    lists: Lists = code_list,
    today: date | None = None,
    table: Needs | None = None,
) -> Faults:
    """All that a word about a notice, said at ``said_ms``, lacks in law; arguments as `notice_faults`."""
    return Faults(_found(word, said_ms=said_ms, lists=lists, today=today, table=table or needs()))

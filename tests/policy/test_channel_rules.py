"""Rules from a file: a whole set or none, every mistake with its line; and two sides' rules beside each other."""

from __future__ import annotations

import pytest

from tansiq.errors import BadInput
from tansiq.policy.channel_advice import advise
from tansiq.policy.channel_compare import compare
from tansiq.policy.channel_matter import Channel, Matter, World
from tansiq.policy.channel_reading import default_rules, parse_rules, read_rules
from tansiq.policy.channel_showing import as_plain, condition_words, feature_words
from tansiq.policy.channel_values import Verdict
from tansiq.texts import LANGUAGES

HEAD = """profile = "pt-tn"
title = { ar = "قواعد", es = "Reglas", fr = "Règles", en = "Rules" }
"""
RULE = """
[[rule]]
id = "one"
channels = ["direct"]
effect = "prefer"
rank = 3
when.nature = ["operational"]
reason = "reason.operational"
source = "A treaty"
"""
SECOND = """
[[rule]]
id = "two"
channels = ["embassy"]
effect = "carry"
reason = "reason.institutional"
source = "A treaty"
"""
WHOLE = HEAD + RULE + SECOND


def wrong(source: str) -> list[tuple[int, str, str]]:
    """Line, key and kind of everything that is wrong."""
    book = read_rules(source)
    assert book.rules is None
    return [(one.line, one.key, one.code.removeprefix("policy.channel.")) for one in book.faults]


def line_of(source: str, words: str) -> int:
    return next(place for place, line in enumerate(source.splitlines(), 1) if words in line)


def test_a_whole_file_is_read() -> None:
    rules = parse_rules(WHOLE)
    assert rules.profile == "pt-tn"
    assert [rule.id for rule in rules.rules] == ["one", "two"]
    assert rules.rules[0].when == {"nature": ("operational",)}
    assert rules.rules[0].line == line_of(WHOLE, "[[rule]]")
    assert rules.emergency.allowed
    assert rules.emergency.review_hours == 24
    assert rules.find("two") is rules.rules[1]
    assert rules.find("three") is None


def test_the_digest_names_exactly_this_file() -> None:
    assert parse_rules(WHOLE).digest == parse_rules(WHOLE).digest
    assert parse_rules(WHOLE).digest != parse_rules(WHOLE + "# another word\n").digest


ONE, TWO = "[[rule]]", 'id = "two"'
NATURE, PREFER = 'when.nature = ["operational"]', 'effect = "prefer"\nrank = 3'
CHANGES = [
    # what stands there, what is put in its place, words of the line that is named, the key and the kind of the fault
    ('profile = "pt-tn"', "", "", "profile", "key-missing"),
    ('profile = "pt-tn"', "profile = 3", "profile", "profile", "value-wrong"),
    (', en = "Rules"', "", "title", "title", "labels-missing"),
    ('id = "one"\n', "", ONE, "id", "key-missing"),
    ('id = "one"', 'id = "a b"', "a b", "id", "value-wrong"),
    (TWO, 'id = "one" # again', "again", "id", "id-twice"),
    ('channels = ["direct"]', 'channels = ["direct", "pigeon"]', "pigeon", "channels", "code-unknown"),
    ('channels = ["direct"]', "channels = []", "channels", "channels", "value-wrong"),
    ('effect = "prefer"', 'effect = "perhaps"', "perhaps", "effect", "value-wrong"),
    ("rank = 3", "", ONE, "rank", "value-wrong"),
    ("rank = 3", "rank = 10", "rank", "rank", "value-wrong"),
    ("rank = 3", "rank = true", "rank", "rank", "value-wrong"),
    ("rank = 3", 'rank = 3\napprover = "head"', "approver", "approver", "key-not-here"),
    ("reason.operational", "reason.whim", "whim", "reason", "code-unknown"),
    ('source = "A treaty"', 'source = " "', "source", "source", "value-wrong"),
    ('source = "A treaty"', 'source = "A treaty"\nsauce = 1', "sauce", "sauce", "key-unknown"),
    (NATURE, 'when.nature = ["funny"]', "funny", "when.nature", "code-unknown"),
    (NATURE, "when.nature = []", "nature", "when.nature", "value-wrong"),
    (NATURE, 'when.mood = "good"', "mood", "when.mood", "key-unknown"),
    (NATURE, 'when.sensitive = "yes"', "sensitive", "when.sensitive", "value-wrong"),
    (NATURE, 'when.field = ["offence.jaywalking"]', "jaywalking", "when.field", "code-unknown"),
    (NATURE, 'when.kind = ["*"]', "when.kind", "when.kind", "value-wrong"),
    (NATURE, 'when.classification_to = ["class.none"]', "class.none", "when.classification_to", "value-wrong"),
    (NATURE, 'when.classification_from = "class.secret"', "class.secret", "when.classification_from", "only-narrows"),
    (NATURE, 'when.state_from = "strained"', "strained", "when.state_from", "only-narrows"),
    (PREFER, 'effect = "refuse"\nwhen.classification_to = "class.none"', "class.none",
     "when.classification_to", "only-opens"),
    (PREFER, 'effect = "approve"', ONE, "approver", "value-wrong"),
    (PREFER, 'effect = "approve"\napprover = "administrator"', "administrator", "approver", "value-wrong"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("was", "then", "words", "key", "kind"),
    CHANGES,
    ids=[f"{row[3]} {row[4]} {place}" for place, row in enumerate(CHANGES)],
)
def test_every_mistake_is_named_with_its_line(was: str, then: str, words: str, key: str, kind: str) -> None:
    source = WHOLE.replace(was, then, 1)
    assert source != WHOLE
    assert wrong(source) == [(line_of(source, words), key, kind)]


def test_all_mistakes_are_told_at_once() -> None:
    source = WHOLE.replace('effect = "prefer"', 'effect = "maybe"').replace("institutional", "whim")
    assert [key for _, key, _ in wrong(source)] == ["effect", "reason"]
    with pytest.raises(BadInput) as caught:
        parse_rules(source)
    assert caught.value.values["lines"] == f"{line_of(source, 'maybe')} (effect), {line_of(source, 'whim')} (reason)"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mistake_is_a_sentence_with_its_line(language: str) -> None:
    source = WHOLE.replace("institutional", "whim")
    told = read_rules(source).faults[0].sentence(language)
    assert str(line_of(source, "whim")) in told
    assert "reason.whim" in told


def test_what_is_no_code_is_not_shown() -> None:
    source = WHOLE.replace("reason.institutional", "Benalí lives in Nador")
    assert "Benal" not in read_rules(source).faults[0].sentence("en")


def test_what_is_no_toml_is_named_with_its_line() -> None:
    assert wrong("profile = \n") == [(1, "TOML", "toml")]
    opened = WHOLE + "[[rule]]\nid = 'x\n"
    assert wrong(opened) == [(line_of(opened, "id = 'x"), "TOML", "toml")]
    assert {key for _, key, _ in wrong("")} == {"profile", "title", "rule"}


def test_a_string_over_several_lines_is_refused_for_its_lines_could_not_be_told() -> None:
    assert wrong(f'{HEAD}note = """\n[[rule]]\n"""\n{RULE}') == [(3, "TOML", "multiline")]


def test_conditions_may_stand_in_a_table_or_in_one_line() -> None:
    inline = WHOLE.replace('when.nature = ["operational"]', 'when = { nature = ["operational"], sensitive = "x" }')
    assert wrong(inline) == [(line_of(inline, "when = "), "when.sensitive", "value-wrong")]
    table = WHOLE.replace('when.nature = ["operational"]\n', "").replace(
        'source = "A treaty"\n', 'source = "A treaty"\n[rule.when]\nnature = ["funny"]\n', 1
    )
    assert wrong(table) == [(line_of(table, "funny"), "when.nature", "code-unknown")]


def test_an_agency_brings_reasons_of_its_own_but_changes_none() -> None:
    labels = '{ ar = "سبب", es = "Motivo", fr = "Motif", en = "Reason of ours" }'
    own = f'{HEAD}[reasons]\n"reason.treaty" = {labels}\n{RULE.replace("reason.operational", "reason.treaty")}'
    rules = parse_rules(own)
    assert rules.reasons.label("reason.treaty", "en") == "Reason of ours"
    taken = own.replace('"reason.treaty" =', '"reason.urgent" =')
    assert (line_of(taken, '"reason.urgent"'), "reasons.reason.urgent", "reason-taken") in wrong(taken)
    lacking = own.replace('en = "Reason of ours"', 'en = ""')
    assert (line_of(lacking, '"reason.treaty" ='), "reasons.reason.treaty", "labels-missing") in wrong(lacking)


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("review_hours = 25", "emergency.review_hours"),
        ("review_hours = 0", "emergency.review_hours"),
        ('allowed = "yes"', "emergency.allowed"),
        ("always = true", "emergency.always"),
    ],
)
def test_the_emergency_rule_is_reviewed_within_a_day(table: str, key: str) -> None:
    source = f"{HEAD}[emergency]\n{table}\n{RULE}"
    found = wrong(source)
    assert [(line, name) for line, name, _ in found] == [(line_of(source, table.split(maxsplit=1)[0]), key)]


def test_no_other_channel_with_more_readers_takes_the_place_of_one_that_a_classification_closed() -> None:
    source = HEAD + RULE + SECOND.replace('effect = "carry"', 'effect = "prefer"\nrank = 5')
    source += """
[[rule]]
id = "three"
channels = ["direct"]
effect = "refuse"
when.classification_from = "class.secret"
reason = "reason.classified"
source = "A treaty"
"""
    rules, world = parse_rules(source), World(partner="tn.dgsn", now_ms=0)

    def verdicts(classification: str) -> dict[Channel, Verdict]:
        matter = Matter(kind="enquiry.request", classification=classification)
        return {one.channel: one.verdict for one in advise(matter, world, rules)}

    assert verdicts("class.none")[Channel.DIRECT] is Verdict.RECOMMENDED
    found = verdicts("class.secret")
    assert found[Channel.DIRECT] is Verdict.REFUSED
    assert found[Channel.EMBASSY] is Verdict.PERMITTED, "open, but not recommended: more would read it"


def test_the_same_rules_in_another_order_are_the_same() -> None:
    found = compare(parse_rules(WHOLE), parse_rules(HEAD + SECOND + RULE))
    assert found.same
    assert found.situations > 1_000


def test_differences_are_found_rule_by_rule_and_in_what_comes_of_them() -> None:
    theirs = parse_rules(
        HEAD
        + "[emergency]\nallowed = false\n"
        + RULE.replace("rank = 3", "rank = 4")
        + SECOND.replace('"two"', '"deux"').replace('"carry"', '"refuse"')
    )
    found = compare(parse_rules(WHOLE), theirs)
    assert [(one.rule, one.key, one.ours, one.theirs) for one in found.differences] == [
        ("", "emergency.allowed", "true", "false"),
        ("deux", "", "", "refuse embassy"),
        ("one", "rank", "3", "4"),
        ("two", "", "carry embassy", ""),
    ]
    assert [(one.channel, one.ours, one.theirs, dict(one.example)) for one in found.divergences] == [
        (Channel.EMBASSY, Verdict.PERMITTED, Verdict.REFUSED, {})
    ]


def test_a_rule_that_only_a_rare_matter_meets_is_found_all_the_same() -> None:
    rare = """
[[rule]]
id = "rare"
channels = ["direct"]
effect = "refuse"
when.field = ["offence.hormones"]
when.agreement = true
when.personal_data = false
when.on_duty = false
when.partner = ["tn.*"]
reason = "reason.classified"
source = "A treaty"
"""
    found = compare(parse_rules(WHOLE), parse_rules(WHOLE + rare)).divergences
    assert [(one.channel, one.count) for one in found] == [(Channel.DIRECT, 1)]
    assert set(found[0].example) == {"field", "agreement", "personal_data", "on_duty", "partner"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_condition_and_every_advice_has_its_words(language: str) -> None:
    for rule in default_rules().rules:
        for name, values in rule.when.items():
            assert ":" in condition_words(name, values, language)
    assert feature_words({}, language)
    assert feature_words({"classification": "class.secret", "state": "strained"}, language).count(";") == 1
    found = advise(Matter(kind="enquiry.request"), World(partner="ma.dgst", now_ms=0), default_rules())
    plain = [as_plain(one, default_rules(), languages=(language,)) for one in found]
    assert [one["channel"] for one in plain] == ["interpol", "embassy", "liaison", "direct"]
    assert all(one["reasons"] and all(reason["words"][language] for reason in one["reasons"]) for one in plain)

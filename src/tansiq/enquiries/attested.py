"""Who may answer a question of law: an officer of this agency, and for a protected person a head of service.

Invariant: the policy requires that a person has answered; this room holds that it was one of ours, in the right post.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tansiq.errors import Refused
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.subjects import Subject
from tansiq.policy.values import Attestation
from tansiq.protocol.directory import Directory

__all__ = ["HEAD", "check_attested"]

HEAD = "head"
"""The role of a post whose members are heads of service."""


def _attestations(law: LawBasis | None) -> Iterator[Attestation | None]:
    if law is not None and law.assurance is not None:
        yield from (law.assurance.death_penalty, law.assurance.ill_treatment)
    if law is not None and law.neutrality is not None:
        yield from (law.neutrality.political, law.neutrality.military, law.neutrality.religious, law.neutrality.racial)


def check_attested(law: LawBasis | None, subjects: Sequence[Subject], own: Directory) -> None:
    """Raises Refused unless officers of ours gave every answer, and a head of service every word on a protected person.

    ``own`` is our directory document.
    """
    posts = {officer.number: officer.posts for officer in own.officers}
    for one in _attestations(law):
        if one is not None and one.officer not in posts:
            raise Refused("enquiries.not-attested-here", officer=one.officer)
    decisions = [subject.decision for subject in subjects if subject.decision is not None]
    if decisions:
        heads = {post.id for post in own.posts if post.role == HEAD}
        for decision in decisions:
            if heads.isdisjoint(posts.get(decision.officer, ())):
                raise Refused("enquiries.no-head", officer=decision.officer)

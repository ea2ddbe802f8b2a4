"""The addresses of this room's pages, and what it shows in the frame."""

from __future__ import annotations

from django.urls import URLPattern, path

from tansiq.accounts import pages_members, pages_own, pages_roster, pages_sign_in
from tansiq.web.access import Role
from tansiq.web.addresses import WHOLE
from tansiq.web.registry import LANGUAGE, NAVIGATION, Entry

__all__ = ["register_frame", "urlpatterns"]

urlpatterns: list[URLPattern] = [
    path("sign-in/", pages_sign_in.sign_in, name="sign-in"),
    path("sign-in/", pages_sign_in.sign_in, name="account_login"),
    path("sign-in/code/", pages_sign_in.code, name="mfa_authenticate"),
    path("sign-out/", pages_sign_in.sign_out, name="sign-out"),
    path("set-up/", pages_sign_in.set_up, name="set-up"),
    path("set-up/picture.svg", pages_sign_in.picture, name="set-up-picture"),
    path("set-up/codes/", pages_sign_in.codes, name="recovery-codes"),
    path("invitation/", pages_sign_in.invitation, name="invitation"),
    path("account/", pages_own.account, name="account"),
    path("account/passphrase/", pages_own.passphrase, name="passphrase"),
    path("account/factor/", pages_own.factor, name="factor"),
    path("account/codes/", pages_own.fresh_codes, name="fresh-codes"),
    path("account/sessions/", pages_own.sessions, name="sessions"),
    path("account/sessions/end/", pages_own.end_others, name="end-other-sessions"),
    path("members/", pages_members.members, name="members"),
    path("members/invite/", pages_members.invite_member, name="invite"),
    path("members/invitations/<str:number>/end/", pages_members.invitations_end, name="invitation-end"),
    path("members/locks/<str:key>/lift/", pages_members.lift_lock, name="lift-lock"),
    path("members/<str:number>/", pages_members.member, name="member"),
    path("roster/", pages_roster.roster, name="roster"),
    path(f"roster/<{WHOLE}:identifier>/drop/", pages_roster.drop, name="turn-drop"),
    path("substitutes/", pages_roster.substitute_list, name="substitutes"),
    path(f"substitutes/<{WHOLE}:identifier>/end/", pages_roster.end, name="substitute-end"),
]


def register_frame() -> None:
    """Registers the entries of the navigation; again does nothing new."""
    posted = frozenset({Role.OFFICER, Role.SUPERVISOR, Role.HEAD, Role.LIAISON, Role.BUREAU, Role.ADMINISTRATOR})
    NAVIGATION.register(
        "members",
        Entry(label="accounts.members.entry", url="members", roles=frozenset({Role.ADMINISTRATOR})),
        order=800,
    )
    NAVIGATION.register("roster", Entry(label="accounts.roster.entry", url="roster", roles=posted), order=810)
    NAVIGATION.register(
        "substitutes", Entry(label="accounts.substitutes.entry", url="substitutes", roles=posted), order=820
    )
    LANGUAGE.register("accounts", pages_own.remember_language)

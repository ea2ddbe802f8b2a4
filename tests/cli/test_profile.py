"""Profiles: those that come along are good, one that is wrong is told by its field."""

from __future__ import annotations

from pathlib import Path

import pytest

from tansiq.cli.profile import built_in, load_profile
from tansiq.errors import BadInput, NotFound

POST = '[[posts]]\nname = "desk"\nrole = "desk"\n'


def test_the_profiles_that_come_along_are_good() -> None:
    assert set(built_in()) >= {"es.cgi", "ma.dgst", "general"}
    for agency in ("es.cgi", "ma.dgst"):
        profile = load_profile("", agency)
        assert {post.role for post in profile.posts} >= {"head", "desk", "bureau"}
        assert {post.name for post in profile.posts} >= {"head", "counter-terrorism", "national-bureau"}
        assert all(set(post.names) == {"ar", "es", "fr", "en"} for post in profile.posts)
        assert profile.officers
    assert "embassy-office" in {post.name for post in load_profile("es.cgi", "es.cgi").posts}
    assert not load_profile("", "fr.dgsi").officers


def test_a_profile_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "profile.toml"
    file.write_text(
        f'agency = "fr.dgsi"\nnames = {{ fr = "Invention" }}\n{POST}languages = ["fr"]\n'
        '[[officers]]\nnumber = "FR-1"\nname = "Une Invention"\nposts = ["desk"]\neyes_only = true\n'
    )
    profile = load_profile(str(file), "fr.dgsi")
    assert profile.officers[0].eyes_only
    assert profile.posts[0].languages == ("fr",)
    assert "Une Invention" not in repr(profile)


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ("agency = ", "TOML"),
        ("", "posts"),
        ('colour = "blue"\n' + POST, "colour"),
        ('[[posts]]\nname = "Desk One"\nrole = "desk"\n', "posts.name"),
        ('[[posts]]\nname = "desk"\n', "posts.role"),
        (POST + POST, "posts"),
        (POST + "languages = 3\n", "posts.languages"),
        (POST + "colour = 3\n", "posts"),
        (POST + "[posts.names]\nes = 3\n", "posts.names"),
        (POST + '[[officers]]\nnumber = "FR 1"\nposts = ["desk"]\n', "officers.number"),
        (POST + '[[officers]]\nnumber = "FR-1"\n', "officers.posts"),
        (POST + '[[officers]]\nnumber = "FR-1"\nposts = ["head"]\n', "officers.posts"),
        (POST + '[[officers]]\nnumber = "FR-1"\nposts = ["desk"]\nname = 3\n', "officers.name"),
        (POST + '[[officers]]\nnumber = "FR-1"\nposts = ["desk"]\n' * 2, "posts"),
        ("names = 3\n" + POST, "names"),
    ],
)
def test_what_is_wrong_in_a_profile_is_named(content: str, field: str, tmp_path: Path) -> None:
    file = tmp_path / "profile.toml"
    file.write_text(content)
    with pytest.raises(BadInput) as caught:
        load_profile(str(file), "fr.dgsi")
    assert caught.value.code == "cli.wrong-profile"
    assert caught.value.values["field"] == field


def test_a_profile_of_another_agency_or_none_at_all(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as other:
        load_profile("es.cgi", "ma.dgst")
    assert other.value.code == "cli.other-profile"
    with pytest.raises(NotFound) as none:
        load_profile(str(tmp_path / "none"), "es.cgi")
    assert none.value.code == "cli.no-profile"
    (tmp_path / "latin").write_bytes(b'names = { es = "Comisar\xeda" }')
    with pytest.raises(BadInput):
        load_profile(str(tmp_path / "latin"), "es.cgi")

"""The forms of this room: a case, its title, a post, a file.

Invariant: a form judges nothing but its own fields; what it makes is judged by `casework` and `files`.
"""

from __future__ import annotations

from tansiq.cases.media import MEDIA
from tansiq.directory.queries import own_directory, partners
from tansiq.policy.values import Text
from tansiq.texts import LANGUAGES
from tansiq.web.forms import Field, Form, choices_of
from tansiq.web.languages import NAMES

__all__ = ["case_form", "codes_posted", "file_form", "post_form", "post_name", "title_form", "title_of"]

_TONGUES = tuple((code, NAMES[code]) for code in LANGUAGES)


def post_name(post: str, language: str) -> str:
    """The name of one of our desks in the reader's language; its identifier when it is not known."""
    found = next((one for one in own_directory().posts if one.id == post), None)
    if found is None:
        return post
    return found.names.get(language) or found.names.get("en") or next(iter(found.names.values()), post)


def _title(language: str) -> Field:
    return Field(
        name="title", label="cases.field.title", kind="words", required=True, longest=300, rows=2, language=language,
        languages=_TONGUES, help="cases.help.title",
    )  # fmt: skip


def case_form(language: str, posts: tuple[str, ...]) -> Form:
    """A new case; ``posts`` are those of whoever opens it."""
    own = own_directory()
    agencies = tuple((one.agency, one.agency) for one in partners() if not one.is_self)
    return Form(
        (
            _title(language),
            Field(
                name="fields", label="cases.field.fields", kind="select", size="middle", choices=choices_of("offences", language)
            ),
            Field(
                name="framework", label="cases.field.framework", kind="select", size="middle",
                choices=choices_of("legal_bases", language),
            ),
            Field(name="agencies", label="cases.field.agencies", kind="ticks", choices=agencies),
            Field(
                name="posts", label="cases.field.posts", help="cases.help.posts", kind="ticks", required=True,
                value=tuple(posts), choices=tuple((post.id, post_name(post.id, language)) for post in own.posts),
            ),
            Field(name="reference", label="cases.field.reference", help="cases.help.reference", longest=64, size="middle"),
        )
    )  # fmt: skip


def title_form(language: str, title: Text | None) -> Form:
    """Another title."""
    form = Form((_title(title.language if title is not None else language),))
    return form.bound({"title": title.value, "title.language": title.language} if title else {}, language=language)


def title_of(form: Form) -> Text:
    """The title as it was written."""
    return Text(form["title"].language or "en", " ".join(str(form["title"].value).split()))


def post_form(language: str, known: tuple[str, ...]) -> Form:
    """One more post that may know of a case."""
    choices = tuple((one.id, post_name(one.id, language)) for one in own_directory().posts if one.id not in known)
    return Form((Field(name="post", label="cases.field.post", kind="select", required=True, choices=choices),))


def codes_posted(form: Form, name: str) -> tuple[str, ...]:
    """The codes of a field with one choice or several."""
    value = form[name].value
    return tuple(one for one in ((value,) if isinstance(value, str) else value or ()) if one)


def file_form(language: str) -> Form:
    """A file to take in."""
    return Form(
        (
            Field(
                name="purpose", label="cases.field.purpose", kind="select", required=True, value="purpose.investigation",
                choices=choices_of("purposes", language), size="middle",
            ),
            Field(
                name="file", label="cases.field.file", help="cases.help.file", kind="file", required=True, accept=",".join(MEDIA)
            ),
        )
    )  # fmt: skip

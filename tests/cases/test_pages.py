"""The pages of cases, items and files: what each role may open, what a file is served as, uploads by hand and in slices."""

from __future__ import annotations

import os
import re
from typing import Any

import django
import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
django.setup()  # the models of other rooms are imported by this module

from django.conf import settings  # noqa: E402
from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: E402

from support.browsing import Browser  # noqa: E402
from support.files import PURPOSE, a_text, chunk_count, put_in  # noqa: E402
from support.matters import an_item  # noqa: E402
from support.node import Node, Nodes, clock, node  # noqa: E402
from support.pictures import exif, jpeg, pdf, png  # noqa: E402
from tansiq.cases.casework import NewCase, open_case  # noqa: E402
from tansiq.cases.files import SLICE  # noqa: E402
from tansiq.cases.pages_files import _disposition  # noqa: E402
from tansiq.cases.services import add_own_item  # noqa: E402
from tansiq.node.site import bind_site  # noqa: E402
from tansiq.policy.values import Text  # noqa: E402
from tansiq.protocol.ids import id_text  # noqa: E402

pytestmark = pytest.mark.storage
__all__ = ["clock", "node"]

TITLE = Text("es", "Operación inventada Poniente")


@pytest.fixture
def es(node: Nodes) -> Node:
    made = node("es.cgi")
    bind_site(made.home)
    settings.ALLOWED_HOSTS = ["testserver"]
    return made


def signed_in(es: Node, number: str = "ES-4017", language: str = "en") -> Browser:
    made = Browser(language=language)
    answer = made.sign_in(number, clock=es.context.clock)  # type: ignore[arg-type]
    assert answer.status_code == 302
    return made


@pytest.fixture
def desk(es: Node) -> Browser:
    return signed_in(es)


def case_in(es: Node, number: str = "ES-4017") -> bytes:
    return open_case(NewCase(title=TITLE), context=es.context, officer=es.officer(number))


def read(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def send(browser: Browser, address: str, data: bytes, name: str = "foto.jpg") -> Any:
    return browser.post(address, {"purpose": PURPOSE, "file": SimpleUploadedFile(name, data)})


def test_a_case_is_opened_found_named_and_closed_by_hand(es: Node, desk: Browser) -> None:
    assert "No cases here" in desk.get("/cases/").content.decode()
    wrong = desk.post("/cases/new/", {"title": "", "posts": ["es.cgi/counter-terrorism"]})
    assert wrong.status_code == 422
    answer = desk.post(
        "/cases/new/",
        {
            "title": TITLE.value,
            "title.language": "es",
            "posts": ["es.cgi/counter-terrorism"],
            "fields": "offence.terrorism",
        },
    )
    assert answer.status_code == 302
    at = answer["Location"]
    for page in (at, f"{at}items/", f"{at}files/", f"{at}timeline/", f"{at}enquiries/", f"{at}rename/", "/cases/"):
        shown = desk.get(page)
        assert shown.status_code == 200, page
        assert TITLE.value in shown.content.decode(), page
    assert desk.get(f"{at}nothing/").status_code == 404
    assert desk.post(f"{at}rename/", {"title": "Otro inventado", "title.language": "es"}).status_code == 302
    assert desk.post(f"{at}do/close/").status_code == 302
    assert "Otro inventado" not in desk.get("/cases/").content.decode()
    assert "Otro inventado" in desk.get("/cases/?state=closed").content.decode()
    assert desk.post(f"{at}do/close/").status_code == 409
    assert desk.post(f"{at}do/burn/").status_code == 400
    assert desk.post(f"{at}do/reopen/").status_code == 302
    assert desk.post(f"{at}do/remove-post/", {"post": "es.cgi/counter-terrorism"}).status_code == 409
    assert desk.post(f"{at}do/add-post/", {"post": "es.cgi/head"}).status_code == 302
    assert desk.post(f"{at}do/remove-post/", {"post": "es.cgi/counter-terrorism"})["Location"] == "/cases/"
    assert desk.get(at).status_code == 404


def test_what_is_others_is_answered_like_what_never_was(es: Node, desk: Browser) -> None:
    theirs, never = case_in(es, "ES-1001"), os.urandom(16)
    item = put_in(es, a_text(500), officer="ES-1001")

    def masked(answer: Any, identifier: bytes) -> str:
        text = answer.content.decode().replace(id_text(identifier), "ID").replace(identifier.hex(), "ID")
        return re.sub(r'csrf[^>]*|X-CSRFToken[^}]*|value="[^"]*"', "", text)

    for way, one in (("cases", theirs), ("items", item), ("files", item)):
        answers = [desk.get(f"/{way}/{id_text(identifier)}/") for identifier in (one, never)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert masked(answers[0], one) == masked(answers[1], never)
    for path in ("show", "content"):
        assert desk.get(f"/files/{id_text(item)}/{path}/").status_code == 404
    assert send(desk, f"/cases/{id_text(theirs)}/add-file/", jpeg()).status_code == 404


def test_a_picture_is_taken_in_by_a_form_shown_and_stripped(es: Node, desk: Browser) -> None:
    case = case_in(es)
    told = jpeg(length=SLICE * 2, tells=exif())
    answer = send(desk, f"/cases/{id_text(case)}/add-file/", told, "Foto de la playa.jpg")
    assert answer.status_code == 302
    at = answer["Location"]
    page = desk.get(at).content.decode()
    assert "Foto de la playa.jpg" in page and "where it was taken" in page and f'src="{at}show/"' in page
    shown = desk.get(f"{at}show/")
    assert read(shown) == told
    assert shown["Content-Type"] == "image/jpeg"
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert shown["Content-Security-Policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
    assert shown["Content-Disposition"].startswith("inline;")
    assert desk.get(f"{at}content/").status_code == 200
    copy = desk.post(f"{at}strip/")
    assert copy.status_code == 302
    assert "where it was taken" not in desk.get(copy["Location"]).content.decode()
    assert "Foto de la playa" not in desk.get(f"/cases/{id_text(case)}/files/").content.decode()
    assert desk.get(f"/cases/{id_text(case)}/files/").content.decode().count("JPEG picture") == 2


@pytest.mark.parametrize(
    ("data", "name", "status"),
    [
        (b"", "vacio.jpg", 422),
        (b"PK\x03\x04" + bytes(100), "bomba.jpg", 422),
        (b"<html><script>alert(1)</script>", "foto.jpg", 422),
        (jpeg() + b"<script>", "../../foto.jpg", 422),
        (png()[:-5], "foto.png", 422),
        (png(width=30_000, height=30_000), "foto.png", 413),
    ],
)
def test_what_is_refused_by_the_form_leaves_nothing(
    es: Node, desk: Browser, data: bytes, name: str, status: int
) -> None:
    answer = send(desk, "/files/add/", data, name)
    assert answer.status_code == status
    assert 'class="summary"' in answer.content.decode()
    assert chunk_count(es) == 0


def test_an_upload_without_the_forms_token_leaves_nothing(es: Node, desk: Browser) -> None:
    answer = desk.client.post(
        "/files/add/", {"purpose": PURPOSE, "file": SimpleUploadedFile("a.jpg", jpeg(length=SLICE * 2))}
    )
    assert answer.status_code == 403
    assert chunk_count(es) == 0


def test_no_file_in_the_form_is_said(es: Node, desk: Browser) -> None:
    assert desk.post("/files/add/", {"purpose": PURPOSE}).status_code == 422
    assert desk.get("/files/add/").status_code == 200


def test_an_upload_in_slices_is_told_where_to_go_on(es: Node, desk: Browser) -> None:
    data = a_text(2 * SLICE + 100)
    token = next(cookie.value for name, cookie in desk.client.cookies.items() if name.endswith("-form"))
    head = {"x-csrftoken": token}

    def put(at: int, body: bytes) -> Any:
        return desk.client.post(f"{way}slice/?at={at}", body, content_type="application/octet-stream", headers=head)

    begun = desk.post("/files/begin/", {"size": str(len(data)), "name": "nota.txt", "purpose": PURPOSE}).json()
    assert (begun["slice"], begun["received"]) == (SLICE, 0)
    way = f"/files/{begun['upload']}/"
    assert put(0, data[: SLICE + 50]).json() == {"received": SLICE, "complete": False}
    assert put(SLICE + 50, data[SLICE + 50 :]).json()["received"] == SLICE
    assert put(SLICE + 50, data[SLICE + 50 :]).status_code == 409
    assert desk.get(f"{way}state/").json() == {"received": SLICE, "size": len(data), "complete": False}
    assert put(SLICE, data[SLICE:]).json() == {"received": len(data), "complete": True}
    made = desk.post(f"{way}finish/").json()["file"]
    assert desk.post(f"{way}finish/").json()["file"] == made
    assert read(desk.get(f"{made}content/")) == data
    for body, status in (({"size": "x"}, 400), ({"size": "0"}, 400), ({"size": "99999999999"}, 413)):
        assert desk.post("/files/begin/", body).status_code == status
    assert put(-1, b"x").status_code == 400
    assert desk.client.post("/files/begin/", {"size": "5"}).status_code == 403


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ("bytes=0-9", 206, 0, 9),
        ("bytes=5-", 206, 5, 999),
        ("bytes=-10", 206, 990, 999),
        ("bytes=990-5000", 206, 990, 999),
        ("bytes=0-0", 206, 0, 0),
        ("bytes=1000-", 416, 0, 0),
        ("bytes=9-5", 416, 0, 0),
        ("bytes=0-1,5-6", 200, 0, 999),
        ("lines=1-2", 200, 0, 999),
        ("bytes=-", 200, 0, 999),
    ],
)
def test_ranges(es: Node, desk: Browser, asked: str, status: int, first: int, last: int) -> None:
    data = a_text(1000)
    at = f"/files/{id_text(put_in(es, data))}/content/"
    answer = desk.get(at, headers={"range": asked})
    assert answer.status_code == status
    if status != 416:
        assert read(answer) == data[first : last + 1]
        assert int(answer["Content-Length"]) == last - first + 1
    if status == 206:
        assert answer["Content-Range"] == f"bytes {first}-{last}/1000"


@pytest.mark.parametrize(
    ("name", "media", "told"),
    [
        ("foto.jpg", "image/jpeg", "attachment; filename=\"foto.jpg\"; filename*=UTF-8''foto.jpg"),
        (
            "جواز.pdf",
            "application/pdf",
            "attachment; filename=\"file.pdf\"; filename*=UTF-8''%D8%AC%D9%88%D8%A7%D8%B2.pdf",
        ),
        ('a"b;c\\.png', "image/png", "attachment; filename=\"a_b_c.png\"; filename*=UTF-8''a%22b%3Bc%5C.png"),
        ("virus.exe", "text/plain", "attachment; filename=\"virus.exe.txt\"; filename*=UTF-8''virus.exe.txt"),
        ("", "image/webp", "attachment; filename=\"file.webp\"; filename*=UTF-8''file.webp"),
    ],
)
def test_the_name_of_a_download_is_safe(name: str, media: str, told: str) -> None:
    assert _disposition(name, media, attached=True) == told


def test_only_pictures_are_shown_by_a_page(es: Node, desk: Browser) -> None:
    for data in (pdf(active=True), a_text(100)):
        at = f"/files/{id_text(put_in(es, data))}/"
        page = desk.get(at).content.decode()
        assert "<img" not in page
        assert desk.get(f"{at}show/").status_code == 404
        assert desk.get(f"{at}content/")["Content-Disposition"].startswith("attachment;")
    assert "instructions that run" in desk.get(f"/files/{id_text(put_in(es, pdf(active=True)))}/").content.decode()


def test_an_item_is_read_under_its_handling(es: Node, desk: Browser) -> None:
    case = case_in(es)
    item = add_own_item(an_item(originator="es.cgi"), case=case, context=es.context, officer="ES-4017", purpose=PURPOSE)
    page = desk.get(f"/items/{id_text(item)}/")
    assert page.status_code == 200
    words = page.content.decode()
    assert "يقيم بمدينة الناظور" in words and "H1" in words and 'class="band' in words
    assert '<bdi dir="auto">es.cgi</bdi>' in words, "the originator by the name that its document has"
    assert id_text(item) in desk.get(f"/cases/{id_text(case)}/items/").content.decode()


@pytest.mark.parametrize("path", ["/cases/", "/cases/new/", "/files/add/"])
def test_who_is_not_signed_in_is_led_to_the_sign_in(es: Node, path: str) -> None:
    answer = Browser().get(path)
    assert answer.status_code == 302 and answer["Location"].startswith("/sign-in/")


def test_the_enquiries_of_a_case_stand_in_it_with_their_files(node: Nodes, es: Node, desk: Browser) -> None:
    from support.matters import an_enquiry
    from tansiq.enquiries.services import send_enquiry

    ma = node("ma.dgst")
    es.use()
    case = case_in(es)
    photo = put_in(es, jpeg())
    way = {"from_post": es.post(), "to_post": ma.post(), "via_office_post": es.post("embassy-office")}
    inside = send_enquiry(an_enquiry(), context=es.context, officer=es.officer(), case=case, files=[(photo, 0)], **way)
    outside = send_enquiry(an_enquiry(), context=es.context, officer=es.officer(), **way)
    at = f"/cases/{id_text(case)}/"
    page = desk.get(f"{at}enquiries/").content.decode()
    assert id_text(inside) in page and id_text(outside) not in page
    assert desk.post(f"{at}do/link/", {"matter": id_text(outside)}).status_code == 302
    assert id_text(outside) in desk.get(f"{at}enquiries/").content.decode()
    assert desk.get(f"{at}timeline/").content.decode().count("An enquiry was sent to") == 2
    assert "JPEG picture" in desk.get(f"{at}files/").content.decode()
    matter = f"/enquiries/{id_text(inside)}/"
    assert f"{matter}files/" in desk.get(matter).content.decode()
    assert "JPEG picture" in desk.get(f"{matter}files/").content.decode()
    assert f"/enquiries/{id_text(outside)}/files/" not in desk.get(f"/enquiries/{id_text(outside)}/").content.decode()

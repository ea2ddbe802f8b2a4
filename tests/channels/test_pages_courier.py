"""The pages of the courier: what would be carried, a file made and taken in by a browser, and everything that is no such file."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

import django
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
django.setup()  # the models of other rooms are imported by this module

from support.browsing import Browser  # noqa: E402
from support.hand import frames, joined, made, taken  # noqa: E402
from support.node import Node  # noqa: E402
from support.notes_said import Notes, matter_of  # noqa: E402
from tansiq.channels.courier import load_of  # noqa: E402
from tansiq.exchange.carried import courier_files  # noqa: E402
from tansiq.exchange.dispatch import dispatch_once  # noqa: E402
from tansiq.exchange.queries import counts  # noqa: E402
from tansiq.node.site import bind_site  # noqa: E402
from tansiq.protocol.courier import HEADER_SIZE  # noqa: E402

pytestmark = pytest.mark.storage
COURIER, TAKE, PART = "/channels/courier/", "/channels/courier/take/", "/channels/courier/take/part/"
SignsIn = Callable[..., Browser]


@pytest.fixture
def signs_in(notes: Notes) -> SignsIn:
    """A browser of an officer, signed in at a node, which stays bound."""

    def sign_in(node: Node, number: str, language: str = "es") -> Browser:
        node.use()
        bind_site(node.home)
        settings.ALLOWED_HOSTS = ["testserver"]
        browser = Browser(language=language)
        browser.sign_in(number, clock=node.context.clock)
        browser.post("/choose/", {"language": language, "next": "/"})
        return browser

    return sign_in


def words(answer: Any, status: int = 200) -> str:
    """What the page says, without its markup."""
    assert answer.status_code == status, answer.content.decode()[:2000]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def token_of(browser: Browser) -> str:
    return next(cookie.value for name, cookie in browser.client.cookies.items() if name.endswith("-form"))


def upload(browser: Browser, content: bytes) -> Any:
    """The file by the form, whole, as a browser without a script sends it: the token stands before it."""
    data = {"csrfmiddlewaretoken": token_of(browser), "file": SimpleUploadedFile("madrid.courier", content)}
    return browser.client.post(TAKE, data)


def part(browser: Browser, file: bytes, number: int, sealed: bytes, *, size: int | None = None) -> Any:
    """One frame, as the script sends it."""
    return browser.client.post(
        f"{PART}?number={number}&size={len(sealed) if size is None else size}",
        data=file[:HEADER_SIZE] + sealed,
        content_type="application/octet-stream",
        headers={"X-CSRFToken": token_of(browser)},
    )


def test_a_file_is_made_and_taken_in_by_browsers_and_the_receipts_come_back(notes: Notes, signs_in: SignsIn) -> None:
    notes.set_state("suspended")
    notes.say("uno", matter="a")
    notes.say("dos", matter="b")
    officer = signs_in(notes.es, "ES-4017")
    assert "2 mensajes se quedan" in words(officer.get(COURIER)) or "Dos mensajes se quedan" in words(
        officer.get(COURIER)
    )
    assert load_of("ma.dgst").empty
    waiting = f"/channels/waiting/{matter_of('a').hex()}/"
    assert COURIER in officer.get(waiting).content.decode(), "offered where a matter waits"
    assert officer.post(f"{waiting}by-hand/").status_code == 302
    listed = words(officer.get(COURIER))
    assert "un mensaje de un canal suspendido que va con el correo" in listed
    assert "Un mensaje se queda a la espera" in listed
    answer = officer.post(f"{COURIER}to/ma.dgst/")
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith('attachment; filename="ma.dgst-')
    assert answer["Cache-Control"] == "no-store"
    file = b"".join(answer.streaming_content)
    assert "Aún sin confirmar" in words(officer.get(COURIER))

    other = signs_in(notes.ma, "MA-2210", "fr")
    answer = upload(other, file)
    assert answer.status_code == 302, words(answer, 422)
    while dispatch_once(context=notes.ma.context):
        continue
    assert notes.heard() == ["uno"], "what nobody chose stayed at home"
    said = words(other.get(answer["Location"]))
    assert "Importé en entier" in said
    assert "les accusés d’un lot" in said
    back = b"".join(other.post(f"{COURIER}to/es.cgi/").streaming_content)

    notes.es.use()
    bind_site(notes.es.home)
    settings.ALLOWED_HOSTS = ["testserver"]
    answer = upload(officer, back)
    assert answer.status_code == 302
    assert counts("ma.dgst").pending == 0
    assert "El servicio homólogo lo tiene" in words(officer.get(COURIER))
    assert officer.get(f"{COURIER}files/ma.dgst/{courier_files()[0].file.hex()}/").status_code == 200


def test_part_by_part_it_does_the_same_and_goes_on_after_a_break(notes: Notes, signs_in: SignsIn) -> None:
    notes.say("uno")
    file = made(notes.es, "ma.dgst")
    browser = signs_in(notes.ma, "MA-2210")
    sealed = list(frames(file))
    told = [part(browser, file, number, one) for number, one in enumerate(sealed)]
    assert [one.status_code for one in told] == [200] * len(sealed)
    assert [one.json()["last"] for one in told] == [False] * (len(sealed) - 1) + [True]
    assert "Importado entero" in words(browser.get(told[-1].json()["url"]))
    again = [part(browser, file, number, one) for number, one in enumerate(sealed)]
    assert again[-1].json()["last"]
    assert len(courier_files()) == 1


def no_courier_file(file: bytes) -> bytes:
    return b"%PDF-1.7 " + file


def empty(file: bytes) -> bytes:
    return b""


def the_first_bytes(file: bytes) -> bytes:
    return file[: HEADER_SIZE - 1]


def the_header_alone(file: bytes) -> bytes:
    return file[:HEADER_SIZE]


def cut_in_a_frame(file: bytes) -> bytes:
    return file[:-7]


def without_its_end(file: bytes) -> bytes:
    return joined(file, list(frames(file))[:-1])


def a_frame_left_out(file: bytes) -> bytes:
    sealed = list(frames(file))
    return joined(file, [*sealed[:1], *sealed[2:]])


def altered(file: bytes) -> bytes:
    at = HEADER_SIZE + 100
    return file[:at] + bytes([file[at] ^ 1]) + file[at + 1 :]


def more_after_its_end(file: bytes) -> bytes:
    return file + file[HEADER_SIZE:]


def a_few_bytes_after_its_end(file: bytes) -> bytes:
    return file + b"\0\0"


def of_a_frame_without_end(file: bytes) -> bytes:
    return file[:HEADER_SIZE] + b"\xff\xff\xff\xff" + b"\0" * 4096


def of_another_suite(file: bytes) -> bytes:
    return file[:17] + b"\x7f" + file[18:]


HOSTILE: dict[Callable[[bytes], bytes], str] = {
    no_courier_file: "Esto no es un fichero del correo",
    empty: "No ha llegado ningún fichero",
    the_first_bytes: "Esto no es un fichero del correo",
    the_header_alone: "está cortado",
    cut_in_a_frame: "está cortado",
    without_its_end: "está cortado",
    a_frame_left_out: "no se abre",
    altered: "no se abre",
    more_after_its_end: "no se abre",
    a_few_bytes_after_its_end: "está cortado",
    of_a_frame_without_end: "supera el máximo",
    of_another_suite: "",
}


@pytest.mark.parametrize("spoil", HOSTILE, ids=lambda spoil: spoil.__name__)
def test_what_is_no_whole_courier_file_is_refused_and_says_why(
    notes: Notes, signs_in: SignsIn, spoil: Callable[[bytes], bytes]
) -> None:
    notes.say("uno")
    file = spoil(made(notes.es, "ma.dgst"))
    browser = signs_in(notes.ma, "MA-2210", "es")
    said = words(upload(browser, file), 422)
    assert HOSTILE[spoil] in said
    assert "{" not in said


def test_a_file_of_another_node_is_refused(notes: Notes, signs_in: SignsIn) -> None:
    notes.say("uno")
    file = made(notes.es, "ma.dgst")
    own = signs_in(notes.es, "ES-4017")
    assert "sellado para otro nodo" in words(upload(own, file), 422)
    assert "No ha llegado ningún fichero" in words(own.post(TAKE, {}), 422)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("number=0&size=999999999", 413, "courier.frame-too-large"),
        ("number=0&size=0", 400, "courier.cut-off"),
        ("number=0&size=100000", 400, "courier.cut-off"),
        ("number=x&size=1", 400, "courier.no-courier-file"),
        ("number=99999999999999999999999&size=1", 400, "courier.no-courier-file"),
        ("", 400, "courier.no-courier-file"),
    ],
)
def test_a_part_that_claims_what_it_is_not_is_refused(
    notes: Notes, signs_in: SignsIn, query: str, status: int, code: str
) -> None:
    file = made(notes.es, "ma.dgst")
    browser = signs_in(notes.ma, "MA-2210")
    answer = browser.client.post(
        f"{PART}?{query}",
        data=file[:2000],
        content_type="application/octet-stream",
        headers={"X-CSRFToken": token_of(browser)},
    )
    assert answer.json()["code"] == code
    assert answer.status_code == status
    assert not courier_files()


def test_a_form_of_elsewhere_takes_nothing_in(notes: Notes, signs_in: SignsIn) -> None:
    notes.say("uno")
    file = made(notes.es, "ma.dgst")
    browser = signs_in(notes.ma, "MA-2210")
    content = SimpleUploadedFile("madrid.courier", file)
    answer = browser.client.post(TAKE, {"file": content}, headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 403
    assert not courier_files(), "the origin is asked before the first byte is read"
    answer = browser.client.post(
        f"{PART}?number=0&size=10", data=file, content_type="application/octet-stream"
    )  # no token
    assert answer.status_code == 403


def test_whoever_only_looks_makes_nothing(notes: Notes, signs_in: SignsIn) -> None:
    browser = signs_in(notes.es, "ES-4017")
    assert browser.post(f"{COURIER}to/fr.dgsi/").status_code == 404
    assert browser.get(f"{COURIER}to/ma.dgst/").status_code == 405
    assert browser.get(f"{COURIER}files/ma.dgst/{'0' * 32}/").status_code == 404
    assert browser.get(f"{COURIER}files/ma.dgst/zz/").status_code == 404


def test_a_file_that_was_cut_off_is_shown_so_and_the_whole_one_mends_it(notes: Notes, signs_in: SignsIn) -> None:
    notes.say("uno")
    file = made(notes.es, "ma.dgst")
    browser = signs_in(notes.ma, "MA-2210")
    upload(browser, without_its_end(file))
    [one] = courier_files()
    assert "Falta el final" in words(browser.get(f"{COURIER}files/es.cgi/{one.file.hex()}/"))
    assert upload(browser, file).status_code == 302
    assert "Importado entero" in words(browser.get(f"{COURIER}files/es.cgi/{one.file.hex()}/"))
    assert taken(notes.ma, file)[-1].last


@pytest.mark.parametrize("language", ["es", "ar", "fr", "en"])
def test_the_pages_open_in_every_language(notes: Notes, signs_in: SignsIn, language: str) -> None:
    notes.set_state("suspended")
    notes.say("uno", matter="a")
    file = made(notes.es, "ma.dgst")
    browser = signs_in(notes.es, "ES-4017", language)
    for address in (
        COURIER, TAKE, f"{COURIER}files/ma.dgst/{courier_files()[0].file.hex()}/", "/channels/with/ma.dgst/", "/channels/", "/channels/with/ma.dgst/embassy/",
    ):  # fmt: skip
        said = words(browser.get(address))
        assert "{" not in said, address
    taken(notes.ma, file)

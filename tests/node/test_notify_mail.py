"""A mail to an officer: one sentence, over TLS alone, however the server behaves."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import replace
from pathlib import Path

import pytest

from support.smtp import Post, authority, mail_server
from tansiq.errors import BadInput, Refused, Unavailable
from tansiq.node import notify_mail
from tansiq.node.home import Home
from tansiq.node.notify_mail import Mail, Message, mail_of

MESSAGE = Message(
    "ES-4017",
    "officer@interior.example",
    "es",
    "es.cgi/counter-terrorism",
    "notice.due",
    "Un asunto espera en la mesa Unidad antiterrorista.",
)
SENDER = "tansiq@interior.example"


@pytest.fixture
def trusted(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    return authority(tmp_path)


def mail(post: Post, scheme: str, file: Path | None, **more: str) -> Mail:
    return Mail(scheme, "127.0.0.1", post.port, SENDER, str(file or ""), **more)


@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
def test_a_mail_arrives_over_tls_and_says_one_sentence(scheme: str, trusted: tuple[Path, ssl.SSLContext]) -> None:
    file, tls = trusted
    with mail_server(Post(implicit=scheme == "smtps"), tls) as post:
        mail(post, scheme, file, user="tansiq", password="an invented password").send(MESSAGE)
    [arrived] = post.mails
    assert arrived.get_content() == MESSAGE.words + "\n"
    assert post.recipients == [MESSAGE.address] == [arrived["To"]]
    assert (arrived["From"], arrived["Subject"], arrived["Content-Language"]) == (SENDER, "Tansiq", "es")
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert arrived["Message-ID"].endswith("@interior.example>")
    told = b"".join(post.raw)
    for secret in (MESSAGE.officer, MESSAGE.post, MESSAGE.code, socket.gethostname(), "127.0.0.1", "Python"):
        assert secret.encode() not in told
    assert "AUTH" in post.said
    assert all(line.split()[0].upper() in {b"EHLO", b"STARTTLS"} for line in post.in_clear)


def test_arabic_words_arrive_as_they_were(trusted: tuple[Path, ssl.SSLContext]) -> None:
    file, tls = trusted
    words = "مسألة تنتظر في مكتب مكافحة الإرهاب."
    with mail_server(Post(implicit=True), tls) as post:
        mail(post, "smtps", file).send(replace(MESSAGE, language="ar", words=words))
    assert post.mails[0].get_content() == words + "\n"
    assert post.mails[0]["Subject"] == "تنسيق"


@pytest.mark.parametrize("manner", ["no-tls", "strip"])
def test_nothing_is_said_in_clear_when_the_server_has_no_tls(manner: str, trusted: tuple[Path, ssl.SSLContext]) -> None:
    file, tls = trusted
    with mail_server(Post(manner), tls) as post, pytest.raises(Unavailable):
        mail(post, "smtp", file, user="tansiq", password="an invented password").send(MESSAGE)
    assert not post.mails
    assert not {"AUTH", "MAIL", "RCPT", "DATA"} & set(post.said)


def test_a_certificate_of_somebody_else_is_not_believed(trusted: tuple[Path, ssl.SSLContext], tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other, _ = authority(tmp_path / "other")
    with mail_server(Post(implicit=True), trusted[1]) as post, pytest.raises(Unavailable) as refused:
        mail(post, "smtps", other).send(MESSAGE)
    assert refused.value.values["reason"] == "SSLCertVerificationError"
    assert not post.said


@pytest.mark.parametrize(
    ("manner", "kind"), [("refuses", Refused), ("busy", Unavailable), ("drops", Unavailable), ("noise", Unavailable)]
)
def test_a_server_that_misbehaves_is_told_apart(manner: str, kind: type[Exception]) -> None:
    with mail_server(Post(manner)) as post, pytest.raises(kind):
        mail(post, "smtp+plain", None).send(MESSAGE)
    assert not post.mails


def test_a_server_that_stalls_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify_mail, "_SECONDS", 0.2)
    with mail_server(Post("stalls")) as post:
        started = time.monotonic()
        with pytest.raises(Unavailable):
            mail(post, "smtp+plain", None).send(MESSAGE)
        assert time.monotonic() - started < 60


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unavailable):
        Mail("smtp+plain", "127.0.0.1", port, SENDER).send(MESSAGE)


@pytest.mark.parametrize("address", ["two\nlines@interior.example", "nobody", "", "a@b@c", "a b@c.example"])
def test_an_address_that_is_none_is_refused_for_good(address: str) -> None:
    with pytest.raises(Refused):
        Mail("smtp+plain", "127.0.0.1", 9, SENDER).send(replace(MESSAGE, address=address))


# ---------------------------------------------------------------------------------------------------- settings


def home(tmp_path: Path, **values: str) -> Home:
    path = tmp_path / "home"
    path.mkdir(exist_ok=True)
    return Home(path=path, agency="es.cgi", mail_from=values.pop("mail_from", SENDER), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("smtps://mail.interior.example", ("smtps", "mail.interior.example", 465)),
        ("smtp://mail.interior.example", ("smtp", "mail.interior.example", 587)),
        ("smtp://mail.interior.example:25", ("smtp", "mail.interior.example", 25)),
        ("smtp+plain://127.0.0.1", ("smtp+plain", "127.0.0.1", 25)),
        ("smtp+plain://[::1]:2525", ("smtp+plain", "::1", 2525)),
        ("smtp+plain://localhost", ("smtp+plain", "localhost", 25)),
    ],
)
def test_an_address_of_a_mail_server_is_understood(
    tmp_path: Path, address: str, expected: tuple[str, str, int]
) -> None:
    found = mail_of(home(tmp_path, mail=address))
    assert (found.scheme, found.host, found.port) == expected
    assert (found.user, found.password) == ("", "")


@pytest.mark.parametrize(
    "values",
    [
        {"mail": "smtp+plain://mail.interior.example"},
        {"mail": "smtp+plain://127.0.0.1.interior.example"},
        {"mail": "mail.interior.example:25"},
        {"mail": "http://mail.interior.example"},
        {"mail": "smtps://"},
        {"mail": "smtps://mail.interior.example:99999"},
        {"mail": "smtps://user:password@mail.interior.example"},
        {"mail": "smtps://mail.interior.example/path"},
        {"mail": "smtps://mail.interior.example", "mail_from": "tansiq"},
        {"mail": "smtps://mail.interior.example", "mail_from": "a@b.example\nBcc: c@d.example"},
        {"mail": "smtps://mail.interior.example", "mail_authority": "/nowhere/authority.pem"},
        {"mail": "smtps://mail.interior.example", "mail_credentials": "/nowhere/mail"},
    ],
)  # fmt: skip
def test_a_setting_that_is_wrong_is_refused(tmp_path: Path, values: dict[str, str]) -> None:
    with pytest.raises(BadInput) as wrong:
        mail_of(home(tmp_path, **values))
    assert wrong.value.code == "node.mail-settings"
    assert "password" not in str(wrong.value)


def test_credentials_come_from_outside_and_are_nobody_elses_business(tmp_path: Path) -> None:
    file = tmp_path / "mail"
    file.write_text("tansiq\nan invented password\n", encoding="utf-8")
    file.chmod(0o600)
    settings = home(tmp_path, mail="smtps://mail.interior.example", mail_credentials=str(file))
    found = mail_of(settings)
    assert (found.user, found.password) == ("tansiq", "an invented password")
    file.chmod(0o640)
    with pytest.raises(Refused, match="mail-credentials-open"):
        mail_of(settings)
    inside = settings.path / "mail"
    inside.write_text("tansiq\nan invented password\n", encoding="utf-8")
    inside.chmod(0o600)
    with pytest.raises(Refused, match="mail-credentials-open"):
        mail_of(replace(settings, mail_credentials=str(inside)))


def test_credentials_of_systemd_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "tansiq-mail").write_text("unit\nanother\n", encoding="utf-8")
    (tmp_path / "tansiq-mail").chmod(0o400)
    assert mail_of(home(tmp_path, mail="smtps://mail.interior.example")).user == "unit"


@pytest.mark.parametrize("content", [b"", b"only a name\n", b"\nno name\n", b"\xff\xfe\n\n"])
def test_credentials_that_are_none_are_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "mail"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(BadInput):
        mail_of(home(tmp_path, mail="smtps://mail.interior.example", mail_credentials=str(file)))

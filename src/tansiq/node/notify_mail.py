"""Messages to officers by mail: one sentence, to one address, over TLS (RFC 5321, RFC 3207, RFC 8314).

Invariant: nothing goes over the network in clear. ``smtps://HOST`` speaks TLS from the first byte, ``smtp://HOST`` insists on STARTTLS before
it says anything else, ``smtp+plain://`` is for a mail server on this machine alone. Certificates are verified. The name and password come
from a file outside the home, and the mail says nothing of this machine: neither its name nor its software.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import smtplib
import ssl
import stat
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from tansiq.errors import BadInput, Refused, Unavailable
from tansiq.node.home import Home, is_this_machine
from tansiq.texts import text

__all__ = ["Mail", "Message", "Transport", "mail_of"]

CREDENTIAL: Final = "tansiq-mail"
_PORTS: Final = {"smtps": 465, "smtp": 587, "smtp+plain": 25}
_SECONDS: Final = 20.0
_FOREVER: Final = range(500, 600)


@dataclass(frozen=True, slots=True)
class Message:
    """What is told to one officer: ``words`` is the whole of it. ``address`` is '' for who gave none."""

    officer: str
    address: str
    language: str
    post: str
    code: str
    words: str


class Transport(Protocol):
    """A way to tell somebody."""

    @property
    def needs_address(self) -> bool:
        """Whether it is of use only for who gave an address."""

    def send(self, message: Message) -> None:
        """Tells it. Raises Unavailable (try again later) and Refused (trying again is of no use)."""


def _address(text: str) -> Address:
    """A mail address. Raises ValueError for anything else."""
    try:
        return Address(addr_spec=text)
    except (IndexError, MessageError) as error:  # what the parser raises for '' and for what is no address
        raise ValueError(text) from error


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail server, how to speak with it, and who we are there."""

    scheme: str
    host: str
    port: int
    sender: str
    authority: str = ""
    user: str = ""
    password: str = ""
    needs_address: bool = True

    def compose(self, message: Message) -> EmailMessage:
        """The mail."""
        mail = EmailMessage()
        mail["Subject"] = text("node.notice.subject", message.language)
        mail["From"] = self.sender
        mail["To"] = _address(message.address)
        mail["Date"] = format_datetime(dt.datetime.now(dt.UTC))
        mail["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2])
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.words + "\n", cte="base64")
        mail["Content-Language"] = message.language
        return mail

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.authority or None)

    def _connect(self) -> smtplib.SMTP:
        domain = self.sender.rpartition("@")[2]
        if self.scheme == "smtps":
            return smtplib.SMTP_SSL(self.host, self.port, domain, timeout=_SECONDS, context=self._tls())
        plain = smtplib.SMTP(self.host, self.port, domain, timeout=_SECONDS)
        if self.scheme == "smtp":
            try:
                plain.starttls(context=self._tls())
            except BaseException:
                plain.close()
                raise
        return plain

    def send(self, message: Message) -> None:
        """Hands the mail to the server. Raises Unavailable and Refused."""
        try:
            mail = self.compose(message)
        except ValueError as error:
            raise Refused("node.notice-refused", reply="address") from error
        try:
            server = self._connect()
            try:
                if self.user:
                    server.login(self.user, self.password)
                server.send_message(mail, self.sender, [message.address])
            finally:
                with contextlib.suppress(OSError, smtplib.SMTPException):
                    server.quit()
                server.close()
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            if codes and all(code in _FOREVER for code in codes):
                raise Refused("node.notice-refused", reply=codes[0]) from error
            raise Unavailable("node.notice-failed", reason="SMTPRecipientsRefused") from error
        except (OSError, smtplib.SMTPException) as error:
            raise Unavailable("node.notice-failed", reason=type(error).__name__) from error


def _credentials(home: Home) -> tuple[str, str]:
    """Name and password: two lines of a systemd credential or of the configured file. Raises BadInput and Refused."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    candidates = [Path(folder) / CREDENTIAL] if folder else []
    candidates += [Path(home.mail_credentials)] if home.mail_credentials else []
    for file in candidates:
        try:
            if file.resolve().is_relative_to(home.path) or stat.S_IMODE(file.stat().st_mode) & 0o077:
                raise Refused("node.mail-credentials-open", file=str(file))
            lines = file.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput("node.mail-settings", name="mail_credentials") from error
        if len(lines) < 2 or not lines[0]:
            raise BadInput("node.mail-settings", name="mail_credentials")
        return lines[0], lines[1]
    if home.mail_credentials:
        raise BadInput("node.mail-settings", name="mail_credentials")
    return "", ""


def mail_of(home: Home) -> Mail:
    """The mail server that the home names. Raises BadInput (a setting is wrong) and Refused (the password lies open)."""
    try:
        parts = urlsplit(home.mail)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise BadInput("node.mail-settings", name="mail") from error
    host = parts.hostname or ""
    beside = parts.path.strip("/") or parts.query or parts.username or parts.password
    if parts.scheme not in _PORTS or not host or beside or (parts.scheme == "smtp+plain" and not is_this_machine(host)):
        raise BadInput("node.mail-settings", name="mail")
    try:
        sender = _address(home.mail_from)
    except ValueError as error:
        raise BadInput("node.mail-settings", name="mail_from") from error
    if not sender.domain or not home.mail_from.isascii():
        raise BadInput("node.mail-settings", name="mail_from")
    if home.mail_authority and not Path(home.mail_authority).is_file():
        raise BadInput("node.mail-settings", name="mail_authority")
    user, password = _credentials(home)
    return Mail(parts.scheme, host, port, home.mail_from, home.mail_authority, user, password)

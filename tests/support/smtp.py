"""A mail server for tests: a thread that speaks as much SMTP as a client needs, over TLS or in clear, and misbehaves on request.

Invariant: it listens on loopback only, keeps what it was told in memory, and ends with its test.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from tansiq.exchange.context import system_clock
from tansiq.node.certificate import make_certificate, server_context

__all__ = ["Post", "authority", "mail_server"]


@dataclass
class Post:
    """What the server is to do, and what it has seen. ``manner``: good, refuses (550), busy (451), stalls, drops, noise,
    no-tls (offers no STARTTLS), strip (offers it and then speaks in clear).
    """

    manner: str = "good"
    implicit: bool = False
    port: int = 0
    said: list[str] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    in_clear: list[bytes] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)


def authority(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A file with the certificate that clients are to trust, and the server's side of it."""
    certificate, private = make_certificate("test.mail", ["127.0.0.1", "localhost"], now_ms=system_clock())
    file = folder / "authority.pem"
    file.write_text(ssl.DER_cert_to_PEM_cert(certificate), encoding="ascii")
    return file, server_context(certificate, private)


class _Talk:
    """One conversation."""

    def __init__(self, connection: socket.socket, post: Post, tls: ssl.SSLContext | None) -> None:
        self._connection, self._post, self._tls = connection, post, tls
        self._secure = post.implicit

    def _say(self, words: str) -> None:
        self._connection.sendall(words.encode() + b"\r\n")

    def _line(self) -> bytes:
        line = bytearray()
        while not line.endswith(b"\r\n"):
            byte = self._connection.recv(1)
            if not byte:
                raise ConnectionError
            line += byte
        if not self._secure:
            self._post.in_clear.append(bytes(line))
        return bytes(line)

    def hold(self, ended: threading.Event) -> None:
        """Speaks until the client leaves."""
        if self._post.manner == "stalls":
            ended.wait(30)
        elif self._post.manner == "noise":
            self._connection.sendall(b"\x16\x03\x01 this is no mail server\r\n" * 3)
        else:
            self._say("220 test.mail ESMTP")
            try:
                while self._answer(self._line()):
                    pass
            finally:
                self._connection.close()  # STARTTLS has made another one of it

    def _answer(self, line: bytes) -> bool:
        """Answers one command; False when the talk is over."""
        word = line.split()[0].upper().decode("ascii", "replace") if line.split() else ""
        self._post.said.append(word)
        answers = {"EHLO": self._ehlo, "STARTTLS": self._starttls, "DATA": self._data}
        if word in answers:
            return answers[word]()
        if word == "RCPT":
            self._post.recipients.append(line.decode().partition("<")[2].partition(">")[0])
            self._say({"refuses": "550 nobody of that name", "busy": "451 later"}.get(self._post.manner, "250 ok"))
        else:
            self._say({"AUTH": "235 you are known", "QUIT": "221 bye"}.get(word, "250 ok"))
        return word != "QUIT"

    def _ehlo(self) -> bool:
        offers = ["250-test.mail", "250-AUTH PLAIN"]
        if self._tls is not None and not self._secure and self._post.manner != "no-tls":
            offers.append("250-STARTTLS")
        self._say("\r\n".join([*offers, "250 SIZE 1000000"]))
        return True

    def _starttls(self) -> bool:
        self._say("220 go on")
        if self._tls is None or self._post.manner == "strip":
            self._connection.sendall(b"250 in clear is fine\r\n")
            return False
        self._connection = self._tls.wrap_socket(self._connection, server_side=True)
        self._secure = True
        return True

    def _data(self) -> bool:
        if self._post.manner == "drops":
            return False
        self._say("354 go on")
        data = bytearray()
        while not data.endswith(b"\r\n.\r\n"):
            data += self._line()
        self._post.raw.append(bytes(data))
        self._post.mails.append(message_from_bytes(bytes(data[:-5]), policy=default))  # type: ignore[arg-type]
        self._say("250 taken")
        return True


@contextmanager
def mail_server(post: Post, tls: ssl.SSLContext | None = None) -> Iterator[Post]:
    """The server, while the block lasts; ``post.port`` says where."""
    ended = threading.Event()
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)
        post.port = listening.getsockname()[1]

        def talk(connection: socket.socket) -> None:
            with suppress(OSError), connection:
                connection.settimeout(10)
                if post.implicit and tls is not None:
                    with tls.wrap_socket(connection, server_side=True) as secured:
                        _Talk(secured, post, tls).hold(ended)
                else:
                    _Talk(connection, post, tls).hold(ended)

        def accept() -> None:
            while not ended.is_set():
                with suppress(TimeoutError):
                    connection, _ = listening.accept()
                    threads.append(threading.Thread(target=talk, args=(connection,)))
                    threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield post
        finally:
            ended.set()
            accepting.join()
            for thread in threads:
                thread.join()

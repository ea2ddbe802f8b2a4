"""The one tree of errors: each says what happened, what it means and what to do.

    Error
    ├── BadInput          what came from outside is not well formed         exit 2, HTTP 400
    ├── TooMuch           a limit on size, depth, count or rate is passed   exit 2, HTTP 413
    ├── NotProven         a signature, proof or commitment does not hold    exit 1, HTTP 422
    ├── Refused           a rule of law, policy or rights says no           exit 3, HTTP 403
    ├── NotFound          what was named is not here                        exit 4, HTTP 404
    ├── Conflict          the state of things does not allow it now         exit 5, HTTP 409
    └── Unavailable       something outside this process does not work      exit 6, HTTP 503

An error carries a *code* (``room.name``) and values; its three sentences stand in ``texts/*.toml`` in Arabic,
Spanish, French and English, so that the reader's language is chosen where the error is shown, never where it is raised.
Values are shown to people and may be logged: never put a name, a key or free text of a matter into them.

>>> BadInput("protocol.truncated", at=12).code
'protocol.truncated'
"""

from __future__ import annotations

from typing import ClassVar

from tansiq.texts import Advice, advice

__all__ = ["BadInput", "Conflict", "Error", "NotFound", "NotProven", "Refused", "TooMuch", "Unavailable"]


class Error(Exception):
    """Base of all errors that a person may see.

    Arguments: ``code`` names the entry in the catalogue of texts; ``values`` fill its placeholders.
    """

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code, values)
        self.code = code
        self.values = values

    def advice(self, language: str = "en") -> Advice:
        """What happened, what it means and what to do, in ``language`` (ar, es, fr or en)."""
        return advice(self.code, language, self.values)

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value}" for name, value in self.values.items())
        return f"{self.code}({told})" if told else self.code


class BadInput(Error):
    """What came from outside is not well formed; nothing was changed."""

    exit_code = 2
    http_status = 400


class TooMuch(Error):
    """A limit on size, depth, count or rate is passed; nothing was changed."""

    exit_code = 2
    http_status = 413


class NotProven(Error):
    """A signature, a proof, a commitment or a hash does not hold."""

    exit_code = 1
    http_status = 422


class Refused(Error):
    """A rule of law, of policy or of rights says no."""

    exit_code = 3
    http_status = 403


class NotFound(Error):
    """What was named is not here."""

    exit_code = 4
    http_status = 404


class Conflict(Error):
    """The present state of things does not allow it."""

    exit_code = 5
    http_status = 409


class Unavailable(Error):
    """Something outside this process does not work: a disk, a database, a peer, a clock."""

    exit_code = 6
    http_status = 503

"""The cast of the demonstration: two agencies, and everybody who signs in there.

Invariant: everybody is invented. Passphrases and second factors are part of the demonstration and are shown; they protect nothing but
invented persons. Who sits at which post, and by which name, stands in ``cast/*.toml``, which are ordinary profiles.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

__all__ = ["CAST", "Member", "Person"]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in: service number, the role shown beside it, passphrase; ``apart``: an account without a post or a key."""

    number: str
    role: str
    passphrase: str
    apart: bool = False

    @property
    def factor(self) -> str:
        """The secret of the second factor (base32), the same at every demonstration, so that an authenticator can keep it."""
        return base64.b32encode(hashlib.sha256(f"tansiq demo {self.number}".encode()).digest()[:20]).decode()


@dataclass(frozen=True, slots=True)
class Member:
    """An agency of the story: the language and zone of its desk, who acts there, and who signs in."""

    agency: str
    language: str
    zone: str
    officer: str
    post: str
    identity_passphrase: str
    people: tuple[Person, ...]

    @property
    def passphrases(self) -> Mapping[str, str]:
        """Passphrases by service number."""
        return {one.number: one.passphrase for one in self.people}

    @property
    def profile(self) -> Path:
        """The profile that its node is made with."""
        return Path(str(resources.files("tansiq.demo").joinpath("cast", f"{self.agency}.toml")))

    @property
    def host(self) -> str:
        """The name under which a browser finds its pages: one for each node, so that their cookies stay apart."""
        return f"{self.agency.replace('.', '-')}.localhost"


CAST: Final = (
    Member(
        "es.cgi",
        "es",
        "Europe/Madrid",
        "ES-4017",
        "es.cgi/counter-terrorism",
        "tres llaves bajo el olivo de la demostración",
        (
            Person("ES-4017", "officer", "cuatro gaviotas sobre el faro viejo"),
            Person("ES-4002", "supervisor", "nueve tejas en el alero de poniente"),
            Person("ES-3300", "officer", "siete barcas en la dársena chica"),
            Person("ES-1001", "head", "dos cipreses junto a la verja verde"),
            Person("ES-6100", "liaison", "seis faroles en la cuesta del zoco"),
            Person("ES-5200", "bureau", "ocho relojes parados en la estación"),
            Person("ES-9001", "data-protection", "una lámpara sobre la mesa del archivo", apart=True),
            Person("ES-9100", "auditor", "cinco sillas vacías en la sala larga", apart=True),
            Person("ES-0007", "administrator", "diez tornillos en la caja de latón", apart=True),
        ),
    ),
    Member(
        "ma.dgst",
        "ar",
        "Africa/Casablanca",
        "MA-2210",
        "ma.dgst/counter-terrorism",
        "trois amandiers derrière le mur de la démonstration",
        (
            Person("MA-2210", "officer", "خمس نخلات عند الباب الكبير للعرض"),
            Person("MA-2201", "supervisor", "سبع قناطر فوق الوادي القديم للعرض"),
            Person("MA-1001", "head", "أربع نوافذ تطل على الحديقة للعرض"),
            Person("MA-5100", "bureau", "ثلاث سفن راسية في الميناء للعرض"),
            Person("MA-9001", "data-protection", "مصباح واحد فوق رف السجلات للعرض", apart=True),
            Person("MA-9100", "auditor", "ستة كراسي فارغة في القاعة للعرض", apart=True),
            Person("MA-0007", "administrator", "عشرة مسامير في علبة النحاس للعرض", apart=True),
        ),
    ),
)

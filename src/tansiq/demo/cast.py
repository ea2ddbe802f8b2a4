"""The cast of the demonstration: two agencies with all who sign in there, and their fellows: four bureaux, the hub, an office abroad.

Invariant: everybody is invented. Passphrases and second factors are part of the demonstration and are shown; they protect nothing but
invented persons. Who sits at which post, and by which name, stands in ``cast/*.toml``, which are ordinary profiles.
"""

from __future__ import annotations

import base64
import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Final

__all__ = ["CAST", "FELLOWS", "HUB", "Member", "Person"]

HUB: Final = "int.hub/centre"
"""The desk of the organisation by which everything between bureaux passes."""


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
    """An agency of the story: the language and zone of its desk, who acts there, and who signs in.

    ``settings`` is what its operator writes into ``node.toml`` where the fellows play too; ``pulls``: it can't be called, and
    fetches what is for it.
    """

    agency: str
    language: str
    zone: str
    officer: str
    post: str
    identity_passphrase: str
    people: tuple[Person, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    pulls: bool = False

    @property
    def passphrases(self) -> Mapping[str, str]:
        """Passphrases by service number."""
        return {one.number: one.passphrase for one in self.people}

    @property
    def profile(self) -> Path:
        """The profile that its node is made with."""
        return Path(str(resources.files("tansiq.demo").joinpath("cast", f"{self.agency}.toml")))

    def desk_of(self, number: str, language: str) -> str:
        """The name of the desk where somebody sits, in ``language``; '' for an account without a post."""
        profile = tomllib.loads(self.profile.read_text(encoding="utf-8"))
        names = {post["name"]: post["names"][language] for post in profile["posts"]}
        posts: list[str] = next(
            (officer["posts"] for officer in profile["officers"] if officer["number"] == number), []
        )
        return " · ".join(names[post] for post in posts)

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
            Person("ES-6200", "liaison", "doce azulejos en el patio de la fuente"),
            Person("ES-5200", "bureau", "ocho relojes parados en la estación"),
            Person("ES-9001", "data-protection", "una lámpara sobre la mesa del archivo", apart=True),
            Person("ES-9100", "auditor", "cinco sillas vacías en la sala larga", apart=True),
            Person("ES-0007", "administrator", "diez tornillos en la caja de latón", apart=True),
        ),
        settings={"hub": HUB, "bureau": "es.ncb/bureau"},
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
        settings={"hub": HUB, "bureau": "ma.ncb/bureau"},
    ),
)

FELLOWS: Final = (
    Member(
        "es.ncb",
        "es",
        "Europe/Madrid",
        "ES-5301",
        "es.ncb/bureau",
        "cuatro sellos de caucho en el cajón de la demostración",
        (Person("ES-5301", "bureau", "once escalones hasta la terraza azul"),),
        settings={"hub": HUB},
    ),
    Member(
        "ma.ncb",
        "ar",
        "Africa/Casablanca",
        "MA-5301",
        "ma.ncb/bureau",
        "cinq lanternes dans la cour de la démonstration",
        (Person("MA-5301", "bureau", "ثماني حمامات على السطح الأبيض للعرض"),),
        settings={"hub": HUB},
    ),
    Member(
        "mt.ncb",
        "en",
        "Europe/Malta",
        "MT-5001",
        "mt.ncb/bureau",
        "three anchors under the limestone of the demonstration",
        (Person("MT-5001", "bureau", "seven balconies above the narrow harbour"),),
        settings={"hub": HUB},
    ),
    Member(
        "sn.ncb",
        "fr",
        "Africa/Dakar",
        "SN-5001",
        "sn.ncb/bureau",
        "six pirogues sur le sable de la démonstration",
        (Person("SN-5001", "bureau", "quatre baobabs le long de la corniche"),),
        settings={"hub": HUB},
    ),
    Member(
        "int.hub",
        "en",
        "UTC",
        "IX-0001",
        "int.hub/legal",
        "nine bridges over the river of the demonstration",
        (
            Person("IX-0001", "officer", "two scales on the windowsill at noon"),
            Person("IX-0002", "officer", "twelve switchboards humming in the cellar"),
        ),
    ),
    Member(
        "es.rabat",
        "es",
        "Africa/Casablanca",
        "ES-3401",
        "es.rabat/office",
        "dos naranjos en el jardín de la demostración",
        (Person("ES-3401", "officer", "trece cartas sobre el velador de mármol"),),
        settings={"pull_seconds": 0.3},
        pulls=True,
    ),
)
"""Who plays beside the two agencies: a bureau in each of four states, the hub between them, and Spain's office in Rabat."""

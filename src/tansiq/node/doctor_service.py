"""Checks of what the node offers beside the exchange: its pages and their TLS, their typefaces, its metrics, messages to officers.

Invariant: as in `doctor`. Pages that leave this machine in clear are a fault; a node without pages or metrics is as somebody wanted it.
"""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tansiq.errors import Error
from tansiq.node.certificate import expires_ms
from tansiq.node.checks import DAY_MS, HOUR_MS, Check, Patient
from tansiq.node.health import LIVE
from tansiq.node.home import Home, is_this_machine
from tansiq.node.metrics import parse_place
from tansiq.node.notify import read_standing, transport_of
from tansiq.node.running import answers, is_running

__all__ = ["check_fonts", "check_metrics", "check_notices", "check_pages"]

_SOON_MS: Final = 21 * DAY_MS
_FONTS: Final = ("sans-400", "sans-600", "arabic-400", "arabic-600", "mono-400")
_SECONDS: Final = 3.0


def _in_clear(home: Home) -> bool:
    """Whether what officers read and write leaves this machine without TLS."""
    known = urlsplit(home.pages_address)
    beyond = not is_this_machine(home.pages.rpartition(":")[0].strip("[]"))
    return beyond or (known.scheme == "http" and not is_this_machine(known.hostname or ""))


def _certificate(home: Home, now_ms: int) -> Iterator[Check]:
    """The pages' certificate can be used, and for some time yet."""
    values = {"file": home.pages_certificate}
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(home.pages_certificate, home.pages_key or None)
        first = Path(home.pages_certificate).read_text(encoding="ascii").partition("-----END CERTIFICATE-----")
        left = expires_ms(ssl.PEM_cert_to_DER_cert(first[0][first[0].index("-----BEGIN") :] + first[1])) - now_ms
    except (OSError, ValueError) as error:
        yield Check("pages", "fail", "pages-certificate", values | {"reason": type(error).__name__})
        return
    if left < _SOON_MS:
        yield Check("pages", "warn" if left > 0 else "fail", "pages-certificate-soon", {"days": left // DAY_MS})


def _reach(home: Home) -> str:
    """Asks the pages whether they live, as a browser would; '' or why not."""
    scheme = "https" if home.pages_certificate else "http"
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE  # who answers is this machine; what it shows was checked
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls))
    host, _, port = home.pages.rpartition(":")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "[::]": "[::1]"}.get(host, host)  # noqa: S104 (where everybody may come in)
    try:
        with opener.open(f"{scheme}://{host}:{port}{LIVE}", timeout=_SECONDS) as answer:
            return "" if answer.status == http.client.OK else str(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return str(error.code)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return type(getattr(error, "reason", error)).__name__


def check_pages(patient: Patient) -> Iterator[Check]:
    """The pages answer, and leave this machine over TLS alone."""
    home = patient.home
    if not home.pages:
        yield Check("pages", "ok", "pages-none")
        return
    bad = False
    if home.pages_certificate:
        for check in _certificate(home, patient.now_ms):
            bad = True
            yield check
    elif _in_clear(home):
        bad = True
        yield Check("pages", "fail", "pages-clear", {"address": home.pages_origin})
    if not is_running(home):
        if not bad:
            yield Check("pages", "ok", "pages-waiting", {"address": home.pages_origin})
    elif reason := _reach(home):
        yield Check("pages", "fail", "pages-silent", {"address": home.pages, "reason": reason})
    elif not bad:
        yield Check("pages", "ok", "pages-ok", {"address": home.pages_origin})


def check_fonts(patient: Patient) -> Iterator[Check]:
    """The typefaces that the pages are set in are here."""
    if not patient.home.pages:
        return
    folder = resources.files("tansiq.web").joinpath("static", "web", "fonts")
    whole = all(folder.joinpath(f"{name}.woff2").is_file() for name in _FONTS)
    yield Check("fonts", "ok", "fonts-ok") if whole else Check("fonts", "warn", "fonts-missing")


def check_metrics(patient: Patient) -> Iterator[Check]:
    """The numbers are served where the home says, and nowhere else."""
    place = patient.home.metrics
    if not place:
        yield Check("metrics", "ok", "metrics-none")
        return
    try:
        parsed = parse_place(place)
    except Error:
        yield Check("metrics", "fail", "metrics-wrong", {"place": place})
        return
    if is_running(patient.home) and not answers(parsed.path or f"{parsed.host}:{parsed.port}"):
        yield Check("metrics", "fail", "metrics-silent", {"place": place})
    else:
        yield Check("metrics", "ok", "metrics-ok", {"place": place})


def check_notices(patient: Patient) -> Iterator[Check]:
    """Officers are told that something waits, and the last message went out."""
    home = patient.home
    try:
        transport = transport_of(home)
    except Error as error:
        yield Check("notices", "fail", "notices-wrong", {"reason": error.code})
        return
    if transport is None:
        yield Check("notices", "warn" if home.pages else "ok", "notices-none")
        return
    standing = read_standing(home)
    waiting = sum(1 for one in standing.waiting if one.tries)
    if waiting or standing.failed_ms > standing.succeeded_ms:
        yield Check("notices", "warn", "notices-failing", {"count": waiting, "reason": standing.reason})
    elif standing.succeeded_ms:
        yield Check("notices", "ok", "notices-ok", {"hours": max(patient.now_ms - standing.succeeded_ms, 0) // HOUR_MS})
    else:
        yield Check("notices", "ok", "notices-untried")

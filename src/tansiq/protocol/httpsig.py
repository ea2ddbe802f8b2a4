"""The signature on a request, judged at the door before a body is read (RFC 9421, with RFC 9530's Content-Digest).

Invariant: whoever passes has signed this method, this address, the body's hash, type and length, in this one form:

    Signature-Input: tansiq=("@method" "@target-uri" "content-digest" "content-type" "content-length")
                     ;created=…;keyid="…";tag="tansiq-exchange";alg="ed25519"        (nonce="…" may be added)
    Signature:       tansiq=:…:
    Content-Digest:  sha-256=:…:

The order: ``verify_request`` over the headers; then the caller reads at most ``Verified.length`` bytes and hashes them;
then ``check_digest``. A request without content signs the hash of no bytes and a length of 0. The components come in
this order and each header once; parameters may come in any order. Two signatures, other components and other
spellings of the same value are refused: what is verified can be read in one way only. ``created`` is handed on,
not judged, because replay is judged by numbers.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tansiq.errors import BadInput, NotProven, TooMuch

__all__ = [
    "COMPONENTS", "TAG", "Headers", "ParsedSignature", "Verified", "check_digest", "parse", "sign_request",
    "signature_base", "signature_params", "verify_request",
]  # fmt: skip

Headers: TypeAlias = Mapping[str, str] | Iterable[tuple[str | bytes, str | bytes]]
"""A mapping, or pairs as they came (text or bytes), in which a doubled header can be seen."""

COMPONENTS: Final = ("@method", "@target-uri", "content-digest", "content-type", "content-length")
TAG: Final = "tansiq-exchange"

_ALG: Final = "ed25519"
_LABEL: Final = "tansiq"
_DIGEST_START: Final = "sha-256=:"
_DIGEST_SIZE: Final = 32
_SIGNATURE_SIZE: Final = 64
_MAX_HEADERS: Final = 128
_MAX_LABEL: Final = 32
_MAX_METHOD: Final = 16
_MAX_TARGET: Final = 2_048
_MAX_KEYID: Final = 256
_MAX_NONCE: Final = 128
_MAX_DIGITS: Final = 15  # RFC 9651: an Integer has at most fifteen
_LIMITS: Final = {
    "content-digest": 256,
    "content-type": 256,
    "content-length": _MAX_DIGITS,
    "signature-input": 2_048,
    "signature": 512,
}
_STRING_LIMITS: Final = {"keyid": _MAX_KEYID, "nonce": _MAX_NONCE, "tag": len(TAG), "alg": len(_ALG)}
_REQUIRED: Final = ("created", "keyid", "tag", "alg")
_LABEL_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-.*")


@dataclass(frozen=True, slots=True)
class ParsedSignature:
    """The signature of a request as it was written, well formed, nothing proven yet.

    ``params`` is the text of its parameters that was signed; ``created`` in seconds since 1970; ``length`` in bytes.
    """

    label: str
    keyid: str
    created: int
    nonce: str | None
    params: str
    signature: bytes
    digest: bytes
    content_digest: str
    content_type: str
    length: int


@dataclass(frozen=True, slots=True)
class Verified:
    """What the holder of ``keyid`` has signed: ``digest`` is the body's SHA-256, ``length`` its bytes.

    ``created`` (seconds since 1970) is the signer's word.
    """

    keyid: str
    created: int
    digest: bytes
    length: int
    nonce: str | None = None


def signature_params(components: Iterable[str], parameters: Mapping[str, int | str]) -> str:
    """The text of ``@signature-params`` (RFC 9421, section 2.3) for these names and parameters, in their order.

    Texts are written as Strings; the caller has made sure that they hold neither quotes nor backslashes.
    """
    names = " ".join(f'"{name}"' for name in components)
    told = (f"{key}={value}" if isinstance(value, int) else f'{key}="{value}"' for key, value in parameters.items())
    return ";".join((f"({names})", *told))


def signature_base(components: Iterable[tuple[str, str]], params: str) -> bytes:
    """What is signed (RFC 9421, section 2.5): one line for each component and its value, then the parameters.

    The caller has made sure that no value holds a line break.
    """
    lines = [f'"{name}": {value}' for name, value in components]
    lines.append(f'"@signature-params": {params}')
    return "\n".join(lines).encode("ascii")


_COVERED: Final = signature_params(COMPONENTS, {})


def sign_request(
    *,
    method: str,
    target_uri: str,
    headers: Headers,
    body_digest: bytes,
    key: Ed25519PrivateKey,
    keyid: str,
    created: int,
    nonce: str | None = None,
) -> dict[str, str]:
    """The headers to add to a request: Content-Digest, Signature-Input, Signature.

    Arguments: ``target_uri`` is the full address as the receiver knows it; ``headers`` must hold Content-Type and
    Content-Length and no signature; ``body_digest`` is the body's SHA-256; ``created`` in seconds since 1970.
    Raises BadInput or TooMuch when the other side would refuse what this would write.
    """
    found = _gather(headers)
    for name in ("signature-input", "signature"):
        if name in found:
            raise BadInput("httpsig.duplicate", part=name)
    if len(body_digest) != _DIGEST_SIZE:
        raise BadInput("httpsig.malformed", part="content-digest")
    content_digest = f"{_DIGEST_START}{b64encode(body_digest).decode()}:"
    if found.get("content-digest", content_digest) != content_digest:
        raise BadInput("httpsig.malformed", part="content-digest")
    _integer(_need(found, "content-length"), "content-length")
    _integer(str(created), "created")
    parameters: dict[str, int | str] = {"created": created, "keyid": _plain(keyid, "keyid")}
    if nonce is not None:
        parameters["nonce"] = _plain(nonce, "nonce")
    params = signature_params(COMPONENTS, {**parameters, "tag": TAG, "alg": _ALG})
    content_type, length = _need(found, "content-type"), found["content-length"]
    signature = key.sign(_base(method, target_uri, content_digest, content_type, length, params))
    return {
        "Content-Digest": content_digest,
        "Signature-Input": f"{_LABEL}={params}",
        "Signature": f"{_LABEL}=:{b64encode(signature).decode()}:",
    }


def parse(headers: Headers) -> ParsedSignature:
    """Reads the one signature of a request.

    Raises BadInput, naming the part, for all that is not exactly the profile, and TooMuch for what is longer than its
    limit; so time and memory are bounded too.
    """
    found = _gather(headers)
    label, params = _member(_need(found, "signature-input"), "signature-input")
    signed_label, written = _member(_need(found, "signature"), "signature")
    if signed_label != label:
        raise BadInput("httpsig.malformed", part="signature")
    if not params.startswith(_COVERED):
        raise BadInput("httpsig.profile", part="components")
    parameters = _parameters(params[len(_COVERED) :])
    content_digest = _need(found, "content-digest")
    if not content_digest.startswith(_DIGEST_START):
        raise BadInput("httpsig.profile", part="content-digest")
    return ParsedSignature(
        label=label,
        keyid=parameters["keyid"],
        created=_integer(parameters["created"], "created"),
        nonce=parameters.get("nonce"),
        params=params,
        signature=_binary(written, _SIGNATURE_SIZE, "signature"),
        digest=_binary(content_digest[len(_DIGEST_START) - 1 :], _DIGEST_SIZE, "content-digest"),
        content_digest=content_digest,
        content_type=_need(found, "content-type"),
        length=_integer(_need(found, "content-length"), "content-length"),
    )


def verify_request(
    *, method: str, target_uri: str, headers: Headers, resolve: Callable[[str], Ed25519PublicKey | None]
) -> Verified:
    """Proves who signed the request, from its headers alone.

    Arguments: ``target_uri`` is the full address that this node answers to, never taken from the request's own Host;
    ``resolve`` gives the key for a ``keyid``, or None when nobody may use that name.
    Raises BadInput or TooMuch as ``parse`` does, NotProven when the key is unknown or the signature does not hold.
    """
    parsed = parse(headers)
    key = resolve(parsed.keyid)
    if key is None:
        raise NotProven("httpsig.unknown-key")
    base = _base(method, target_uri, parsed.content_digest, parsed.content_type, str(parsed.length), parsed.params)
    try:
        key.verify(parsed.signature, base)
    except InvalidSignature:
        raise NotProven("httpsig.wrong-signature") from None
    return Verified(parsed.keyid, parsed.created, parsed.digest, parsed.length, parsed.nonce)


def check_digest(verified: Verified, body_sha256: bytes) -> None:
    """Raises NotProven unless the body that was read has the hash that was signed."""
    if not hmac.compare_digest(verified.digest, body_sha256):
        raise NotProven("httpsig.wrong-digest")


def _base(method: str, target_uri: str, digest: str, content_type: str, length: str, params: str) -> bytes:
    _bounded(method, _MAX_METHOD, "@method")
    if not (method.isalpha() and method.isupper()):
        raise BadInput("httpsig.malformed", part="@method")
    _bounded(target_uri, _MAX_TARGET, "@target-uri")
    if " " in target_uri or "://" not in target_uri:
        raise BadInput("httpsig.malformed", part="@target-uri")
    return signature_base(zip(COMPONENTS, (method, target_uri, digest, content_type, length), strict=True), params)


def _gather(headers: Headers) -> dict[str, str]:
    """The headers that count here, each at most once, within their limits, printable."""
    pairs: Iterable[tuple[str | bytes, str | bytes]] = headers.items() if isinstance(headers, Mapping) else headers
    found: dict[str, str] = {}
    for count, (raw_name, raw_value) in enumerate(pairs):
        if count == _MAX_HEADERS:
            raise TooMuch("httpsig.too-long", part="headers", limit=_MAX_HEADERS)
        name = (raw_name if isinstance(raw_name, str) else raw_name.decode("latin-1")).lower()
        limit = _LIMITS.get(name)
        if limit is None:
            continue
        if name in found:
            raise BadInput("httpsig.duplicate", part=name)
        value = raw_value if isinstance(raw_value, str) else raw_value.decode("latin-1")
        found[name] = _bounded(value.strip(" \t"), limit, name)
    return found


def _bounded(value: str, limit: int, part: str) -> str:
    if len(value) > limit:
        raise TooMuch("httpsig.too-long", part=part, limit=limit)
    # No line break may reach the signature base, or one component could pass for two.
    if not value or not (value.isascii() and value.isprintable()):
        raise BadInput("httpsig.malformed", part=part)
    return value


def _need(found: Mapping[str, str], part: str) -> str:
    try:
        return found[part]
    except KeyError:
        raise BadInput("httpsig.missing", part=part) from None


def _member(text: str, part: str) -> tuple[str, str]:
    """Label and value of a dictionary (RFC 9651) that has one member."""
    label, equals, value = text.partition("=")
    if len(label) > _MAX_LABEL:
        raise TooMuch("httpsig.too-long", part=part, limit=_MAX_LABEL)
    if not equals or not _LABEL_CHARACTERS.issuperset(label) or not (label[:1].isalpha() or label[:1] == "*"):
        raise BadInput("httpsig.malformed", part=part)
    return label, value


def _parameters(text: str) -> dict[str, str]:
    """The parameters after the components: known ones, each once, nothing between or behind them."""
    found: dict[str, str] = {}
    rest = text
    while rest:
        name, equals, after = rest[1:].partition("=")
        if rest[0] == ",":
            raise BadInput("httpsig.duplicate", part="signature-input")
        if rest[0] != ";" or not equals:
            raise BadInput("httpsig.malformed", part="signature-input")
        if name not in _REQUIRED and name != "nonce":
            raise BadInput("httpsig.profile", part="signature-input")
        if name in found:
            raise BadInput("httpsig.duplicate", part=name)
        if name == "created":
            stop = next((at for at, character in enumerate(after) if character in ";,"), len(after))
            found[name], rest = after[:stop], after[stop:]
            continue
        value, quote, rest = after[1:].partition('"')
        if after[:1] != '"' or not quote:
            raise BadInput("httpsig.malformed", part=name)
        found[name] = _plain(value, name)
    for name in _REQUIRED:
        _need(found, name)
    if found["tag"] != TAG:
        raise BadInput("httpsig.profile", part="tag")
    if found["alg"] != _ALG:
        raise BadInput("httpsig.profile", part="alg")
    return found


def _plain(value: str, part: str) -> str:
    """A String without escapes: two spellings of one value would be two names for one key."""
    _bounded(value, _STRING_LIMITS[part], part)
    if '"' in value or "\\" in value:
        raise BadInput("httpsig.malformed", part=part)
    return value


def _integer(text: str, part: str) -> int:
    """A number from 0, written as numbers are: digits alone, no zero in front."""
    if len(text) > _MAX_DIGITS:
        raise TooMuch("httpsig.too-long", part=part, limit=_MAX_DIGITS)
    if not (text.isascii() and text.isdigit()) or (text[0] == "0" and text != "0"):
        raise BadInput("httpsig.malformed", part=part)
    return int(text)


def _binary(text: str, size: int, part: str) -> bytes:
    """A Byte Sequence of exactly ``size`` bytes, in the one spelling that base64 has for them, nothing behind it."""
    if text.count(":") > 2:
        raise BadInput("httpsig.duplicate", part=part)
    try:
        # What a lenient reader passes over does not come out again when it is written.
        value = binascii.a2b_base64(text[1:-1])
    except ValueError:
        raise BadInput("httpsig.malformed", part=part) from None
    if len(value) != size or text != f":{b64encode(value).decode()}:":
        raise BadInput("httpsig.malformed", part=part)
    return value

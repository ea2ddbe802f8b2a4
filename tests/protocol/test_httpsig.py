"""The signature at the door: the RFC's vector, an implementation that is not ours both ways, hostile requests."""

import base64
import datetime as dt
import hashlib
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tansiq.errors import BadInput, Error, NotProven, TooMuch
from tansiq.protocol import httpsig
from tansiq.protocol.httpsig import check_digest, parse, sign_request, verify_request

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from http_message_signatures import (
        HTTPMessageSigner,
        HTTPMessageVerifier,
        HTTPSignatureKeyResolver,
        InvalidSignature,
        algorithms,
    )

KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"node of es.cgi").digest())
OTHER = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"node of ma.dgst").digest())
KEYID = "es.cgi/3f9c0d"
URI = "https://ma-dgst.example:8443/exchange/push?lane=urgent"
BODY = b"a parcel"
DIGEST = hashlib.sha256(BODY).digest()
PLAIN = {"Content-Type": "application/tansiq+cbor", "Content-Length": str(len(BODY))}
CREATED = 1_700_000_000


def resolve(keyid: str) -> Ed25519PublicKey | None:
    return KEY.public_key() if keyid == KEYID else None


def signed(**changed: object) -> dict[str, str]:
    values: dict[str, Any] = {
        "method": "POST", "target_uri": URI, "headers": PLAIN, "body_digest": DIGEST, "key": KEY, "keyid": KEYID,
        "created": CREATED,
    }  # fmt: skip
    return {**PLAIN, **sign_request(**{**values, **changed})}


def verify(headers: httpsig.Headers, method: str = "POST", target_uri: str = URI) -> httpsig.Verified:
    return verify_request(method=method, target_uri=target_uri, headers=headers, resolve=resolve)


def coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def signature_input(headers: Mapping[str, str], old: str, new: str) -> dict[str, str]:
    """The request with its Signature-Input edited, and signed anew over the edited parameters by the right key."""
    edited = headers["Signature-Input"].replace(old, new, 1)
    assert edited != headers["Signature-Input"]
    values = ("POST", URI, headers["Content-Digest"], headers["Content-Type"], headers["Content-Length"])
    base = httpsig.signature_base(zip(httpsig.COMPONENTS, values, strict=True), edited.partition("=")[2])
    return {**headers, "Signature-Input": edited, "Signature": f"tansiq=:{coded(KEY.sign(base))}:"}


# RFC 9421, appendix B.1.4 (the key, as its JWK members d and x) and B.2.6 (base, parameters, signature).
RFC_PRIVATE = base64.urlsafe_b64decode("n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU=")
RFC_PUBLIC = base64.urlsafe_b64decode("JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs=")
RFC_COMPONENTS = (
    ("date", "Tue, 20 Apr 2021 02:07:55 GMT"), ("@method", "POST"), ("@path", "/foo"), ("@authority", "example.com"),
    ("content-type", "application/json"), ("content-length", "18"),
)  # fmt: skip
RFC_BASE = b"""\
"date": Tue, 20 Apr 2021 02:07:55 GMT
"@method": POST
"@path": /foo
"@authority": example.com
"content-type": application/json
"content-length": 18
"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length")\
;created=1618884473;keyid="test-key-ed25519\""""
RFC_SIGNATURE = base64.b64decode(
    "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
)


def test_the_vector_of_the_rfc() -> None:
    key = Ed25519PrivateKey.from_private_bytes(RFC_PRIVATE)
    assert key.public_key().public_bytes_raw() == RFC_PUBLIC
    params = httpsig.signature_params(
        [name for name, _ in RFC_COMPONENTS], {"created": 1_618_884_473, "keyid": "test-key-ed25519"}
    )
    base = httpsig.signature_base(RFC_COMPONENTS, params)
    assert base == RFC_BASE
    assert key.sign(base) == RFC_SIGNATURE


def test_a_request_is_proven_before_its_body_is_read() -> None:
    verified = verify(signed())
    assert verified == httpsig.Verified(KEYID, CREATED, DIGEST, len(BODY))
    check_digest(verified, hashlib.sha256(BODY).digest())
    for wrong in (hashlib.sha256(BODY + b"\n").digest(), DIGEST[:-1], b""):
        with pytest.raises(NotProven) as caught:
            check_digest(verified, wrong)
        assert caught.value.code == "httpsig.wrong-digest"


def test_what_is_written_is_the_profile() -> None:
    headers = signed(nonce="n1")
    assert list(headers) == [*PLAIN, "Content-Digest", "Signature-Input", "Signature"]
    assert headers["Signature-Input"] == (
        'tansiq=("@method" "@target-uri" "content-digest" "content-type" "content-length")'
        ';created=1700000000;keyid="es.cgi/3f9c0d";nonce="n1";tag="tansiq-exchange";alg="ed25519"'
    )
    parsed = parse(headers)
    assert (parsed.label, parsed.keyid, parsed.created, parsed.nonce) == ("tansiq", KEYID, CREATED, "n1")
    assert (parsed.digest, parsed.length, parsed.content_type) == (DIGEST, len(BODY), "application/tansiq+cbor")
    assert verify(headers).nonce == "n1"


def test_headers_may_come_as_servers_give_them() -> None:
    headers = signed()
    proven = verify(headers)
    assert verify(list(headers.items())) == proven
    assert verify([(name.lower().encode(), value.encode()) for name, value in headers.items()]) == proven
    assert verify({name.upper(): f" {value}\t" for name, value in headers.items()}) == proven
    assert verify([("Host", "elsewhere"), ("Accept", "*/*"), ("Accept", "text/html"), *headers.items()]) == proven


def test_a_request_without_content_is_signed_too() -> None:
    nothing = hashlib.sha256(b"").digest()
    headers = {"Content-Type": "application/tansiq+cbor", "Content-Length": "0"}
    added = sign_request(
        method="GET", target_uri=URI, headers=headers, body_digest=nothing, key=KEY, keyid=KEYID, created=0
    )
    verified = verify({**headers, **added}, method="GET")
    assert (verified.length, verified.created) == (0, 0)
    check_digest(verified, nothing)


# An implementation that is not ours, both ways.


@dataclass
class Request:
    """A request as the other implementation wants to see it."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


class Keys(HTTPSignatureKeyResolver):
    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey:
        return KEY

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey:
        return KEY.public_key()


def other_verifies(request: Request, body: bytes = BODY) -> dict[str, object]:
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=Keys())
    (result,) = verifier.verify(
        request, max_age=None, expect_tag=httpsig.TAG, require_components=httpsig.COMPONENTS, body=body
    )
    return dict(result.parameters)


def other_signs(**changed: object) -> dict[str, str]:
    request = Request("POST", URI, {**PLAIN, "Content-Digest": signed()["Content-Digest"]})
    values: dict[str, Any] = {
        "key_id": KEYID, "created": dt.datetime.fromtimestamp(CREATED, dt.UTC), "label": "pyhms",
        "tag": httpsig.TAG, "covered_component_ids": httpsig.COMPONENTS,
        "use_existing_digest": True,
    }  # fmt: skip
    signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=Keys())
    signer.sign(request, **{**values, **changed})
    return request.headers


def test_another_implementation_verifies_what_we_sign() -> None:
    told = other_verifies(Request("POST", URI, signed(nonce="n2")))
    assert told == {"created": CREATED, "keyid": KEYID, "nonce": "n2", "tag": httpsig.TAG, "alg": "ed25519"}


def test_we_verify_what_another_implementation_signs() -> None:
    headers = other_signs()
    assert headers["Signature-Input"].startswith("pyhms=(")
    verified = verify(headers)
    assert verified == httpsig.Verified(KEYID, CREATED, DIGEST, len(BODY))
    assert verify(other_signs(nonce="n3")).nonce == "n3"


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "PUT"}, {"url": URI + "x"}, {"url": URI.replace("https", "http")},
        {"Content-Type": "application/json"}, {"Content-Length": "9"},
        {"Content-Digest": f"sha-256=:{coded(bytes(32))}:"},
        {"Signature": f"tansiq=:{coded(bytes(64))}:"},
    ],
)  # fmt: skip
def test_both_implementations_refuse_the_same_tampering(changed: dict[str, str]) -> None:
    request = Request("POST", URI, signed())
    other_verifies(request)
    request.method = changed.get("method", request.method)
    request.url = changed.get("url", request.url)
    request.headers.update({name: value for name, value in changed.items() if name[0].isupper()})
    with pytest.raises(InvalidSignature):
        other_verifies(request)
    with pytest.raises(NotProven) as caught:
        verify(request.headers, request.method, request.url)
    assert caught.value.code == "httpsig.wrong-signature"


@pytest.mark.parametrize(
    ("changed", "code", "part"),
    [
        ({"covered_component_ids": httpsig.COMPONENTS[:-1]}, "httpsig.profile", "components"),
        ({"covered_component_ids": (*httpsig.COMPONENTS, "@authority")}, "httpsig.profile", "components"),
        ({"covered_component_ids": httpsig.COMPONENTS[::-1]}, "httpsig.profile", "components"),
        ({"covered_component_ids": ("@method", "content-digest")}, "httpsig.profile", "components"),
        ({"tag": "another"}, "httpsig.profile", "tag"),
        ({"tag": None}, "httpsig.missing", "tag"),
        ({"include_alg": False}, "httpsig.missing", "alg"),
        ({"expires": dt.datetime.fromtimestamp(CREATED + 9, dt.UTC)}, "httpsig.profile", "signature-input"),
    ],
)
def test_a_good_signature_of_another_profile_is_refused(changed: dict[str, object], code: str, part: str) -> None:
    with pytest.raises((BadInput, TooMuch)) as caught:
        verify(other_signs(**changed))
    assert (caught.value.code, caught.value.values["part"]) == (code, part)


# Hostile requests.


@pytest.mark.parametrize("name", [*PLAIN, "Content-Digest", "Signature-Input", "Signature"])
def test_every_byte_of_every_header_counts(name: str) -> None:
    headers = signed(nonce="n4")
    for at, character in enumerate(headers[name]):
        for other in {chr(ord(character) ^ 1), "A", '"', ":", "\n", "é"} - {character}:
            altered = headers[name][:at] + other + headers[name][at + 1 :]
            with pytest.raises((BadInput, NotProven, TooMuch)):
                verify({**headers, name: altered})
        with pytest.raises((BadInput, NotProven, TooMuch)):
            verify({**headers, name: headers[name][:at] + headers[name][at + 1 :]})
        with pytest.raises((BadInput, NotProven, TooMuch)):
            verify({**headers, name: headers[name][:at] + "0" + headers[name][at:]})


@pytest.mark.parametrize(
    ("method", "target_uri", "code"),
    [
        ("PUT", URI, "httpsig.wrong-signature"), ("GET", URI, "httpsig.wrong-signature"),
        ("post", URI, "httpsig.malformed"), ("", URI, "httpsig.malformed"), ('POST\n"x": y', URI, "httpsig.malformed"),
        ("P" * 17, URI, "httpsig.too-long"),
        ("POST", URI + "&more", "httpsig.wrong-signature"), ("POST", URI.upper(), "httpsig.wrong-signature"),
        ("POST", URI.replace("ma-dgst", "es-cgi"), "httpsig.wrong-signature"),
        ("POST", "/exchange/push", "httpsig.malformed"),
        ("POST", "", "httpsig.malformed"), ("POST", URI + '\n"content-digest": x', "httpsig.malformed"),
        ("POST", URI + " ", "httpsig.malformed"), ("POST", "https://ma-dgst.example/ü", "httpsig.malformed"),
        ("POST", "https://" + "a" * 2_041, "httpsig.too-long"),
    ],
)  # fmt: skip
def test_another_method_or_address_is_not_what_was_signed(method: str, target_uri: str, code: str) -> None:
    with pytest.raises(Error) as caught:
        verify(signed(), method, target_uri)
    assert caught.value.code == code


def test_another_node_s_key_does_not_pass() -> None:
    with pytest.raises(NotProven) as caught:
        verify(signed(key=OTHER))
    assert caught.value.code == "httpsig.wrong-signature"
    with pytest.raises(NotProven) as caught:
        verify(signed(keyid="es.cgi/unknown"))
    assert caught.value.code == "httpsig.unknown-key"


@pytest.mark.parametrize("name", [*PLAIN, "Content-Digest", "Signature-Input", "Signature"])
def test_each_part_is_needed_once(name: str) -> None:
    headers = signed()
    without = {other: value for other, value in headers.items() if other != name}
    with pytest.raises(BadInput) as caught:
        verify(without)
    assert (caught.value.code, caught.value.values["part"]) == ("httpsig.missing", name.lower())
    for second in (headers[name], "x"):
        with pytest.raises(BadInput) as caught:
            verify([*headers.items(), (name.upper(), second)])
        assert (caught.value.code, caught.value.values["part"]) == ("httpsig.duplicate", name.lower())
    with pytest.raises((BadInput, NotProven)):
        verify({**headers, name: f"{headers[name]}, {headers[name]}"})
    with pytest.raises(BadInput):
        verify({**headers, name: ""})


def test_two_signatures_are_refused_even_if_both_hold() -> None:
    headers, others = signed(), other_signs()
    both = {
        **headers,
        "Signature-Input": f"{headers['Signature-Input']}, {others['Signature-Input']}",
        "Signature": f"{headers['Signature']}, {others['Signature']}",
    }
    with pytest.raises(BadInput) as caught:
        verify(both)
    assert caught.value.code == "httpsig.duplicate"
    with pytest.raises(BadInput) as caught:
        verify({**headers, "Signature": both["Signature"]})
    assert caught.value.code == "httpsig.duplicate"
    with pytest.raises(BadInput) as caught:
        verify({**headers, "Signature": others["Signature"]})
    assert (caught.value.code, caught.value.values["part"]) == ("httpsig.malformed", "signature")


@pytest.mark.parametrize(
    ("old", "new", "code", "part"),
    [
        ('tag="tansiq-exchange"', 'tag="tansiq-exchangf"', "httpsig.profile", "tag"),
        ('tag="tansiq-exchange"', 'tag="tansiq-exchange2"', "httpsig.too-long", "tag"),
        ('tag="tansiq-exchange"', "tag=tansiq-exchange", "httpsig.malformed", "tag"),
        ('alg="ed25519"', 'alg="ed2551x"', "httpsig.profile", "alg"),
        ('alg="ed25519"', 'alg="hmac-sha256"', "httpsig.too-long", "alg"),
        ('alg="ed25519"', 'alg="rsa"', "httpsig.profile", "alg"),
        ('alg="ed25519"', 'alg="ED25519"', "httpsig.profile", "alg"),
        (';alg="ed25519"', "", "httpsig.missing", "alg"),
        (";created=1700000000", "", "httpsig.missing", "created"),
        ('keyid="es.cgi/3f9c0d"', 'keyid=""', "httpsig.malformed", "keyid"),
        ('keyid="es.cgi/3f9c0d"', 'keyid="es.cgi\\/3f9c0d"', "httpsig.malformed", "keyid"),
        ('keyid="es.cgi/3f9c0d"', 'keyid="es.cgi\\"3f9c0d"', "httpsig.malformed", "keyid"),
        ('keyid="es.cgi/3f9c0d"', f'keyid="{"k" * 257}"', "httpsig.too-long", "keyid"),
        ('keyid="es.cgi/3f9c0d"', 'keyid="es.cgi/3f9c0d', "httpsig.malformed", "signature-input"),
        (';keyid="es.cgi/3f9c0d"', ';keyid="es.cgi/3f9c0d";keyid="es.cgi/3f9c0d"', "httpsig.duplicate", "keyid"),
        (";created=1700000000", ";created=1700000000;created=1", "httpsig.duplicate", "created"),
        ("created=1700000000", "created=01700000000", "httpsig.malformed", "created"),
        ("created=1700000000", "created=-1700000000", "httpsig.malformed", "created"),
        ("created=1700000000", "created=1700000000.0", "httpsig.malformed", "created"),
        ("created=1700000000", "created=1e9", "httpsig.malformed", "created"),
        ("created=1700000000", 'created="1700000000"', "httpsig.malformed", "created"),
        ("created=1700000000", "created=", "httpsig.malformed", "created"),
        ("created=1700000000", "created=" + "9" * 16, "httpsig.too-long", "created"),
        ("created=1700000000", "created", "httpsig.profile", "signature-input"),
        (";created", "; created", "httpsig.profile", "signature-input"),
        (";created", " ;created", "httpsig.malformed", "signature-input"),
        (";created", ";expires=1;created", "httpsig.profile", "signature-input"),
        (";created", ";CREATED", "httpsig.profile", "signature-input"),
        (";created", f';nonce="{"n" * 129}";created', "httpsig.too-long", "nonce"),
        (";created", ";" * 1_500 + "created", "httpsig.profile", "signature-input"),
        (";created", ";" * 5_000 + "created", "httpsig.too-long", "signature-input"),
        ('" "@target-uri', '"  "@target-uri', "httpsig.profile", "components"),
        ('"content-digest" ', "", "httpsig.profile", "components"),
        ('"content-digest"', '"content-digest";sf', "httpsig.profile", "components"),
        ('"content-digest"', '"Content-Digest"', "httpsig.profile", "components"),
        ("tansiq=(", "(", "httpsig.too-long", "signature-input"),
        ("tansiq=(", "Tansiq=(", "httpsig.malformed", "signature-input"),
        ("tansiq=(", "1ansiq=(", "httpsig.malformed", "signature-input"),
        ("tansiq=(", "t" * 33 + "=(", "httpsig.too-long", "signature-input"),
    ],
)  # fmt: skip
def test_other_parameters_are_refused_even_if_rightly_signed(old: str, new: str, code: str, part: str) -> None:
    with pytest.raises(Error) as caught:
        verify(signature_input(signed(), old, new))
    assert (caught.value.code, caught.value.values["part"]) == (code, part)
    for language in ("ar", "es", "fr", "en"):
        told = caught.value.advice(language)
        assert part in told.what
        assert all((told.means, told.do))


def test_parameters_may_come_in_any_order_if_rightly_signed() -> None:
    created, keyid = ";created=1700000000", ';keyid="es.cgi/3f9c0d"'
    moved = signature_input(signed(), created + keyid, keyid + created)
    assert verify(moved) == verify(signed())


@pytest.mark.parametrize(
    "digest",
    [
        f"sha-512=:{coded(hashlib.sha512(BODY).digest())}:", f"SHA-256=:{coded(DIGEST)}:", f"sha-256={coded(DIGEST)}",
        f"sha-256=:{coded(DIGEST[:-1])}:", f"sha-256=:{coded(DIGEST).rstrip('=')}:", "sha-256=:" + "_" * 42 + "8=:",
        "sha-256=::", "sha-256=:", "sha-256=:====:", f"sha-256=:{coded(DIGEST)}:;a=1",
        f"sha-256=:{coded(DIGEST)}:, sha-256=::",
    ],
)  # fmt: skip
def test_another_digest_is_refused(digest: str) -> None:
    with pytest.raises(BadInput) as caught:
        verify({**signed(), "Content-Digest": digest})
    assert caught.value.values["part"] == "content-digest"


def test_base64_has_one_spelling() -> None:
    headers = signed()
    start, last = headers["Content-Digest"][:-3], headers["Content-Digest"][-3]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    alias = alphabet[alphabet.index(last) ^ 1]
    assert base64.b64decode(start[9:] + alias + "=") == DIGEST, "the same bytes to a lenient reader"
    with pytest.raises(BadInput) as caught:
        verify({**headers, "Content-Digest": f"{start}{alias}=:"})
    assert caught.value.code == "httpsig.malformed"


@pytest.mark.parametrize("length", ["", "08", "-8", "+8", "8.0", "8 ", "0x8", "٨", "8, 8", "9" * 16])
def test_the_length_is_a_plain_number(length: str) -> None:
    headers = {**signed(), "Content-Length": length}
    if length == "8 ":
        assert verify(headers).length == 8
        return
    with pytest.raises((BadInput, TooMuch)) as caught:
        verify(headers)
    assert caught.value.values["part"] == "content-length"


@pytest.mark.parametrize("name", [*PLAIN, "Content-Digest", "Signature-Input", "Signature"])
def test_very_long_headers_are_refused_at_once(name: str) -> None:
    for filler in ("a", '"', ";", ",", ":", "\\", " ", "=", ';a="', '("'):
        headers = {**signed(), name: signed()[name] + filler * 200_000 + "x"}
        began = time.process_time()
        with pytest.raises(TooMuch) as caught:
            verify(headers)
        assert time.process_time() - began < 0.5
        assert caught.value.code == "httpsig.too-long"


def test_very_many_headers_are_refused() -> None:
    with pytest.raises(TooMuch):
        verify([*((f"x-{number}", "y") for number in range(200)), *signed().items()])


@given(
    name=st.sampled_from(["Content-Digest", "Signature-Input", "Signature", "Content-Length", "Content-Type"]),
    value=st.one_of(st.text(max_size=80), st.from_regex(r'[a-z]{1,3}=[(:"]?[a-z@;="\\ :,0-9]{0,60}', fullmatch=True)),
)
@settings(max_examples=400, deadline=None)
def test_no_header_makes_it_stumble(name: str, value: str) -> None:
    headers = signed()
    if value.strip(" \t") == headers[name]:
        return
    with pytest.raises((BadInput, NotProven, TooMuch)):
        verify({**headers, name: value})


@given(at=st.integers(min_value=0), extra=st.text(alphabet=';,="\\()@: a1', min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_nothing_can_be_put_into_the_parameters(at: int, extra: str) -> None:
    headers = signed()
    text = headers["Signature-Input"]
    at %= len(text) + 1
    if f"{text[:at]}{extra}{text[at:]}".strip() == text:
        return
    with pytest.raises((BadInput, NotProven, TooMuch)):
        verify({**headers, "Signature-Input": text[:at] + extra + text[at:]})


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"keyid": ""}, "keyid"), ({"keyid": 'a"b'}, "keyid"), ({"keyid": "a\nb"}, "keyid"),
        ({"keyid": "k" * 257}, "keyid"),
        ({"nonce": ""}, "nonce"), ({"nonce": "n" * 129}, "nonce"), ({"created": -1}, "created"),
        ({"created": 10**15}, "created"),
        ({"body_digest": b"short"}, "content-digest"), ({"method": "post"}, "@method"),
        ({"target_uri": "/push"}, "@target-uri"),
        ({"headers": {}}, "content-length"), ({"headers": {"Content-Length": "8"}}, "content-type"),
        ({"headers": {**PLAIN, "Content-Length": "eight"}}, "content-length"),
        ({"headers": {**PLAIN, "Content-Digest": "sha-256=:x:"}}, "content-digest"),
        ({"headers": {**PLAIN, "Signature": "a=:b:"}}, "signature"),
        ({"headers": {**PLAIN, "Content-Type": "a\r\nb"}}, "content-type"),
    ],
)  # fmt: skip
def test_nothing_is_signed_that_would_be_refused(changed: dict[str, object], part: str) -> None:
    with pytest.raises((BadInput, TooMuch)) as caught:
        signed(**changed)
    assert caught.value.values["part"] == part


def test_a_digest_header_that_is_already_right_stays() -> None:
    headers = {**PLAIN, "content-digest": signed()["Content-Digest"]}
    assert signed(headers=headers) == signed()

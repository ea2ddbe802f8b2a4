"""The node's TLS certificate: self-signed, pinned by the directory document, its key in the key store.

Invariant: no certificate authority is trusted; the private key is given to the TLS library through memory, never
through a file on disk.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import os
import ssl

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tansiq.keystore.store import KeyStore
from tansiq.protocol.cbor import decode, encode

__all__ = ["expires_ms", "held_certificates", "keep_certificate", "make_certificate", "server_context"]

DAYS = 825
_USE = "tls"


def make_certificate(agency: str, hosts: list[str], *, now_ms: int) -> tuple[bytes, bytes]:
    """``(certificate as DER, private key as PEM)`` of a new key for ``hosts``, valid from a day before ``now_ms``."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, agency)])
    now = dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC)
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.DER), private


def keep_certificate(keys: KeyStore, agency: str, certificate: bytes, private: bytes) -> None:
    """Puts a certificate and its private key into the key store."""
    keys.put_secret(
        identifier=hashlib.sha256(certificate).digest(), use=_USE, owner=agency, private=encode([certificate, private])
    )


def held_certificates(keys: KeyStore) -> dict[bytes, bytes]:
    """Certificate (DER) → private key (PEM) of all that the key store holds."""
    return dict(decode(pair) for _, _, pair in keys.secrets(_USE))


def expires_ms(certificate: bytes) -> int:
    """Until when a certificate (DER) is valid, UTC milliseconds."""
    return int(x509.load_der_x509_certificate(certificate).not_valid_after_utc.timestamp() * 1000)


def server_context(certificate: bytes, private: bytes) -> ssl.SSLContext:
    """A TLS 1.3 server context that shows ``certificate``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    descriptor = os.memfd_create("tansiq-tls", os.MFD_CLOEXEC)
    try:
        pem = x509.load_der_x509_certificate(certificate).public_bytes(Encoding.PEM)
        os.write(descriptor, pem + private)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
    return context

"""A certificate for 127.0.0.1, signed by itself, made when asked: no key lies in the repository.

On pycryptodome, which the minio client brings; the few lines of DER are X.509's least (RFC 5280).
"""

from __future__ import annotations

from base64 import encodebytes
from datetime import UTC, datetime, timedelta
from pathlib import Path

from Crypto.Hash import SHA256
from Crypto.PublicKey import ECC
from Crypto.Signature import DSS

_INTEGER, _BIT_STRING, _OCTET_STRING, _UTF8_STRING = 0x02, 0x03, 0x04, 0x0C
_UTC_TIME, _SEQUENCE, _SET, _VERSION, _EXTENSIONS, _IP_ADDRESS = 0x17, 0x30, 0x31, 0xA0, 0xA3, 0x87
_TRUE = b"\x01\x01\xff"
_COMMON_NAME = bytes.fromhex("0603550403")
_SUBJECT_ALTERNATIVE_NAME = bytes.fromhex("0603551d11")
_BASIC_CONSTRAINTS = bytes.fromhex("0603551d13")
_ECDSA_WITH_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")


def write_certificate(directory: Path) -> tuple[Path, Path]:
    """Write `certificate.pem` and `key.pem`; the certificate is its own authority."""
    key = ECC.generate(curve="P-256")
    public = key.public_key().export_key(format="DER")
    assert isinstance(public, bytes)
    unsigned = _to_be_signed(public)
    signature = DSS.new(key, "fips-186-3", encoding="der").sign(SHA256.new(unsigned))
    certificate = _der(
        _SEQUENCE, unsigned, _ECDSA_WITH_SHA256, _der(_BIT_STRING, b"\x00", signature)
    )
    body = encodebytes(certificate).decode()
    paths = directory / "certificate.pem", directory / "key.pem"
    paths[0].write_text(f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n")
    paths[1].write_text(str(key.export_key(format="PEM")))
    return paths


def _to_be_signed(public_key: bytes) -> bytes:
    now = datetime.now(UTC)
    name_part = _der(_SEQUENCE, _COMMON_NAME, _der(_UTF8_STRING, b"test server"))
    name = _der(_SEQUENCE, _der(_SET, name_part))
    addresses = _der(_SEQUENCE, _der(_IP_ADDRESS, bytes([127, 0, 0, 1])))
    extensions = _der(
        _SEQUENCE,
        _der(_SEQUENCE, _SUBJECT_ALTERNATIVE_NAME, _der(_OCTET_STRING, addresses)),
        _der(_SEQUENCE, _BASIC_CONSTRAINTS, _TRUE, _der(_OCTET_STRING, _der(_SEQUENCE, _TRUE))),
    )
    return _der(
        _SEQUENCE,
        _der(_VERSION, _der(_INTEGER, b"\x02")),
        _der(_INTEGER, b"\x01"),
        _ECDSA_WITH_SHA256,
        name,
        _der(_SEQUENCE, _time(now - timedelta(days=1)), _time(now + timedelta(days=1))),
        name,
        public_key,
        _der(_EXTENSIONS, extensions),
    )


def _time(moment: datetime) -> bytes:
    return _der(_UTC_TIME, moment.strftime("%y%m%d%H%M%SZ").encode())


def _der(tag: int, *parts: bytes) -> bytes:
    """A tag, the length of the parts, the parts."""
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content

"""The server's side of the encrypted transport; written apart from the client's."""

import base64
import json
import re
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .envelope import Refusal

SKEW = 300.0
_BLOCK = 16


def make_key() -> rsa.RSAPrivateKey:
    """Return a key pair as small as the portal's."""
    return rsa.generate_private_key(public_exponent=65537, key_size=1024)


def public_text(key: rsa.RSAPrivateKey) -> str:
    """Return the public key as the portal shows it: one line."""
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def unwrap(key: rsa.RSAPrivateKey, header: str) -> bytes:
    """Return the key of a request; standard and URL-safe letters, padded or not."""
    bare = header.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        wrapped = base64.b64decode(bare + "=" * (-len(bare) % 4))
        plain = key.decrypt(wrapped, padding.PKCS1v15())
    except ValueError:
        raise Refusal("E906") from None
    if len(plain) != _BLOCK:
        raise Refusal("E907")
    return plain


def open_body(key: bytes, body: str) -> dict[str, Any]:
    """Decrypt a request."""
    try:
        decryptor = Cipher(algorithms.AES(key), modes.ECB()).decryptor()
        padded = decryptor.update(bytes.fromhex(body)) + decryptor.finalize()
        if not 1 <= padded[-1] <= _BLOCK:
            raise Refusal("E905")
        parsed = json.loads(padded[: -padded[-1]].decode())
    except ValueError, IndexError:
        raise Refusal("E905") from None
    if not isinstance(parsed, dict):
        raise Refusal("E905")
    return parsed


def seal(key: bytes, text: str, *, lower: bool = False) -> str:
    """Encrypt an answer."""
    plain = text.encode()
    filler = _BLOCK - len(plain) % _BLOCK
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    sealed = encryptor.update(plain + bytes([filler]) * filler) + encryptor.finalize()
    return sealed.hex() if lower else sealed.hex().upper()


def check_param(
    param: object, server_time: float, seen: dict[str, float]
) -> dict[str, Any]:
    """Check nonce and time stamp."""
    if not isinstance(param, dict):
        raise Refusal("E908")
    nonce, stamp = str(param.get("nonce")), str(param.get("timestamp"))
    if not re.fullmatch(r"[0-9A-Za-z]{32}", nonce):
        raise Refusal("E909")
    if not stamp.isdecimal() or abs(int(stamp) / 1000 - server_time) > SKEW:
        raise Refusal("E913")
    if nonce in seen:
        raise Refusal("E910")
    seen[nonce] = server_time
    return param

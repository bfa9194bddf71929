"""The encrypted transport: AES-128-ECB bodies in hex, their key wrapped with the portal's RSA key (sungrow.md §3).

ECB and PKCS#1 v1.5 are the vendor's choice, inside TLS.
"""

import base64
import binascii
from dataclasses import dataclass, field
import secrets
import string
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ..errors import CredentialsRejected, UnexpectedAnswer

LETTERS: Final = string.ascii_letters + string.digits
KEY_LENGTH: Final = 16
NONCE_LENGTH: Final = 32
BLOCK_BITS: Final = 128


def random_text(length: int) -> str:
    """Return random letters and digits, from the system's secure source."""
    return "".join(secrets.choice(LETTERS) for _ in range(length))


def key_bytes(key: str) -> bytes:
    """Fill up with zeros or cut to the sixteen bytes the server demands."""
    return key.encode("ascii").ljust(KEY_LENGTH, b"0")[:KEY_LENGTH]


def encrypt(text: str, key: str) -> str:
    """Return the text as upper-case hex."""
    padder = PKCS7(BLOCK_BITS).padder()
    padded = padder.update(text.encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES(key_bytes(key)), modes.ECB()).encryptor()
    return (encryptor.update(padded) + encryptor.finalize()).hex().upper()


def decrypt(hexadecimal: str, key: str) -> str:
    """Undo ``encrypt``; raises ``ValueError`` for anything it did not produce."""
    decryptor = Cipher(algorithms.AES(key_bytes(key)), modes.ECB()).decryptor()
    padded = decryptor.update(bytes.fromhex(hexadecimal)) + decryptor.finalize()
    unpadder = PKCS7(BLOCK_BITS).unpadder()
    return (unpadder.update(padded) + unpadder.finalize()).decode()


def is_hex(body: str) -> bool:
    """Whether a body looks encrypted."""
    text = body.strip()
    return len(text) >= BLOCK_BITS // 4 and all(
        letter in string.hexdigits for letter in text
    )


def load_public_key(text: str) -> RSAPublicKey:
    """Read the portal's one-line key, PEM lines or not; raises ``CredentialsRejected("invalid_rsa_key")``."""
    lines = [line for line in text.split("\n") if not line.startswith("-----")]
    bare = "".join("".join(lines).split()).replace("-", "+").replace("_", "/")
    try:
        key = load_der_public_key(
            base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
        )
    except ValueError, binascii.Error, UnsupportedAlgorithm:
        raise CredentialsRejected("invalid_rsa_key") from None
    if not isinstance(key, RSAPublicKey):
        raise CredentialsRejected("invalid_rsa_key")
    return key


@dataclass(frozen=True, slots=True)
class EncryptionEnvelope:
    """The key of one request and its answer."""

    key: str = field(repr=False)
    header: str = field(repr=False)
    """The wrapped key, for ``x-random-secret-key``."""

    @classmethod
    def fresh(cls, public_key: RSAPublicKey) -> EncryptionEnvelope:
        """Make a key for one request."""
        key = random_text(KEY_LENGTH)
        wrapped = public_key.encrypt(key.encode("ascii"), rsa_padding.PKCS1v15())
        return cls(key, base64.urlsafe_b64encode(wrapped).decode().rstrip("="))

    def seal(self, text: str) -> str:
        """Encrypt a request body."""
        return encrypt(text, self.key)

    def open(self, body: str) -> str:
        """Decrypt an answer; plain ones pass, for errors that precede the key are plain. Raises ``UnexpectedAnswer``."""
        if not is_hex(body):
            return body
        try:
            return decrypt(body.strip(), self.key)
        except ValueError:
            raise UnexpectedAnswer("answer_not_decrypted") from None

"""The encrypted transport against the vectors of sungrow.md §3.2, which OpenSSL confirmed."""

import base64

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
import pytest

from custom_components.solar_cloud.cloud.errors import (
    CredentialsRejected,
    UnexpectedAnswer,
)
from custom_components.solar_cloud.cloud.sungrow.crypto import (
    EncryptionEnvelope,
    decrypt,
    encrypt,
    is_hex,
    load_public_key,
    random_text,
)

KEY = "A123456zA123456z"
REQUEST = (
    '{"appkey":"0123456789ABCDEF0123456789ABCDEF","api_key_param":'
    '{"nonce":"a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6","timestamp":"1767225600000"},"lang":"_en_US"}'
)
REQUEST_HEX = (
    "F08992BF2B16319297AB0578A103D42BCA6719347FC340666C5EE355159D65A5DA1583E5645AC056"
    "B9ECC8666CA3E208DFF6F5EC72B0A54319AC650E200E6473FC082DEFFBFA6B32426FA8BCD8A6ACF3"
    "6336DC4DD1B00955D9774E46F6B2CD2C044D494C06E73723AC62D7E2169C8CC076494B28A84E6B69"
    "C9D1AEFF2204E5C413E1DBC6CB4F9DF396C87252168C7D140474D6C509C67544D58BD47FAF41CD65"
)
ANSWER = (
    '{"req_serial_num":"20260101aaaaaaaaaaaaaaaaaaaaaaaa","result_code":"1",'
    '"result_msg":"success","result_data":{"ps_name":"Zuhause – Süd"}}'
)
ANSWER_HEX = (
    "9A735FE9E9474F2F3EB9DEE6BB83C7239BAFDD4B028D03025079692803E47406C33E1A928A1D2D9D"
    "AC9C4ECB03D9A0923B3E55BB37086F33CC841BCDF1A399B65F177263CE6179B109B7CE917F21A487"
    "5DBA858CBE58C069F021DB5CF326DA5DE8940D6FE37400CE8835FBFBF17806CA1861EFBA7E66EF58"
    "61886AB5FEED443EC85213B4881D144045555D088F4F8D5F"
)
P = int(
    "ec83f2d3ac4687397d1dc97e7791746089d9229215ecfb3b7c8d3d1b276541f3"
    "5e56b6487a610f7bba1bb27a45ac86cdbf2943ec7a78ee65d44664d0f1d7634b",
    16,
)
Q = int(
    "e62b49c050087fccb5665ce57f7ee435c3fd2361bb245bf681200f1c3158fa0f"
    "47030d237b3774959f54c1c57c177be1a461710733a530364086ad1de440c68d",
    16,
)
PUBLIC = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDUpop3Q3reTAEtY4Qe4O3ubLYIFQiUmuPtQ3DGEVYVxUrbUbwed5Cfolxh1g76uqLE"
    "BHHf0uRdRE9TkRciMOCEpmDwBuhKHBVFbevZ7B8Rxu1YmbYNpzjFAShTuDXmuYRD3xspaQgQHXnZVYWlW+TGk182pD3U5CRVIVroaS2y"
    "TwIDAQAB"
)
HEADER = (
    "hjlkIhP4fRTcNwakZMgbKcH2QsX2VzDhyUyFv3JJzW0o4plcDpEmd_HechWVXKpUGfy2y4YtJmvudD9OhThtYki3cMyFNI7IcwVs32uj"
    "4EppY-xmLBaUeH6ItSjwY8TWkYFHiI5uVSnZw2xejrVoAlKKi5Bfb_ryBhLOCHI9eLU"
)


@pytest.fixture(scope="module")
def private_key() -> rsa.RSAPrivateKey:
    """The key pair the vectors were made with."""
    exponent = 0x10001
    private = pow(exponent, -1, (P - 1) * (Q - 1))
    public = rsa.RSAPublicNumbers(exponent, P * Q)
    return rsa.RSAPrivateNumbers(
        P,
        Q,
        private,
        rsa.rsa_crt_dmp1(private, P),
        rsa.rsa_crt_dmq1(private, Q),
        rsa.rsa_crt_iqmp(P, Q),
        public,
    ).private_key()


def _unwrap(private_key: rsa.RSAPrivateKey, header: str) -> str:
    wrapped = base64.urlsafe_b64decode(header + "=" * (-len(header) % 4))
    return private_key.decrypt(wrapped, padding.PKCS1v15()).decode()


@pytest.mark.parametrize(
    ("key", "text", "hexadecimal"),
    [
        pytest.param(KEY, '{"a":1}', "BCAE6E399B9C79AFC9249934A3372F4F", id="A"),
        pytest.param("abc", '{"a":1}', "FDFC2CD3B3D6D5C74971B8A6F80CDADD", id="B"),
        pytest.param(
            "abcdefghijklmnopqrstuvwxyz",
            '{"a":1}',
            "5548A15286C1D0F2FC6BF75865E475E3",
            id="C",
        ),
        pytest.param(KEY, REQUEST, REQUEST_HEX, id="D"),
        pytest.param(KEY, ANSWER, ANSWER_HEX, id="E"),
    ],
)
def test_bodies_match_the_vectors(key: str, text: str, hexadecimal: str) -> None:
    """Both ways, in upper and lower case."""
    assert encrypt(text, key) == hexadecimal
    assert decrypt(hexadecimal, key) == text
    assert decrypt(hexadecimal.lower(), key) == text


def test_vector_f_is_the_wrapped_key(private_key: rsa.RSAPrivateKey) -> None:
    """The header is URL-safe base64 without padding."""
    assert _unwrap(private_key, HEADER) == KEY


def test_each_request_has_a_key_of_its_own(private_key: rsa.RSAPrivateKey) -> None:
    """Sixteen letters and digits that the portal's private key unwraps."""
    public_key = load_public_key(PUBLIC)
    first, second = (
        EncryptionEnvelope.fresh(public_key),
        EncryptionEnvelope.fresh(public_key),
    )
    assert _unwrap(private_key, first.header) == first.key != second.key
    assert len(first.key) == 16
    assert first.key.isalnum()
    assert set(first.header) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    )
    assert first.open(first.seal(REQUEST)) == REQUEST


def test_an_envelope_prints_no_key() -> None:
    """The key opens request and answer."""
    envelope = EncryptionEnvelope.fresh(load_public_key(PUBLIC))
    assert envelope.key not in repr(envelope)
    assert envelope.header not in repr(envelope)


@pytest.mark.parametrize(
    "text",
    [
        PUBLIC,
        f" {PUBLIC}\n",
        f"-----BEGIN PUBLIC KEY-----\n{PUBLIC[:64]}\n{PUBLIC[64:]}\n-----END PUBLIC KEY-----",
        PUBLIC.replace("+", "-").replace("/", "_"),
    ],
)
def test_a_public_key_is_read_however_it_was_copied(text: str) -> None:
    """One line, several lines, with its frame, URL-safe."""
    assert load_public_key(text).public_numbers().n == P * Q


def _not_rsa() -> str:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


@pytest.mark.parametrize(
    "text", ["nonsense", "!!!", PUBLIC[:40], "AAAA", _not_rsa()], ids=range(5)
)
def test_what_is_no_public_key_is_refused(text: str) -> None:
    """Before anything is sent."""
    with pytest.raises(CredentialsRejected, match="invalid_rsa_key"):
        load_public_key(text)


def test_plain_answers_pass_and_damaged_ones_are_refused() -> None:
    """Errors that precede the key are plain; a foreign key's answer is not garbage to be read."""
    envelope = EncryptionEnvelope.fresh(load_public_key(PUBLIC))
    assert envelope.open('{"result_code":"E906"}') == '{"result_code":"E906"}'
    for damaged in (encrypt(ANSWER, KEY), "AB" * 20):
        with pytest.raises(UnexpectedAnswer, match="answer_not_decrypted"):
            envelope.open(damaged)


def test_hex_is_told_from_text() -> None:
    """A short number is no encrypted body."""
    assert is_hex(ANSWER_HEX)
    assert is_hex(f"{ANSWER_HEX.lower()}\n")
    assert not is_hex("1767225600000")
    assert not is_hex("<html>")


def test_random_text_is_random() -> None:
    """Nonces are never reused."""
    assert len({random_text(32) for _ in range(200)}) == 200

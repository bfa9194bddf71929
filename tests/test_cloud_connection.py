"""What a user sees while the cloud gives nothing: that it does not, why, and since when."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
import ipaddress
from pathlib import Path
import socket
import ssl
from typing import Any

from aiohttp import web
from aiohttp.resolver import AsyncResolver
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    get_system_health_info,
)
from yarl import URL

from custom_components.solar_cloud.cloud.errors import NotConnected
from custom_components.solar_cloud.const import DOMAIN
from custom_components.solar_cloud.session import get_transport
from homeassistant.config_entries import ConfigEntryState
from homeassistant.setup import async_setup_component

from .emulators.solax import SolaxCloud
from .helpers.accounts import account_entry
from .helpers.flow import Flow, reach_base_url
from .helpers.home import Home, solax_id

OUTAGE = 2400.0
"""Seconds after which nothing is shown as the present any more."""


@pytest.mark.parametrize(
    ("language", "said"), [("en", "internal error"), ("de", "internen Fehler")]
)
async def test_the_reason_of_an_outage_is_one_click_away(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home, language: str, said: str
) -> None:
    """Off with the reason in the user's language and the time of the last values, and on again by itself."""
    home.hass.config.language = language
    await home.start(entry)
    await home.pass_time(600)
    connection = solax_id(solax, None, "cloud_connection")
    state = home.state(connection, "binary_sensor")
    assert state.state == "on"
    assert state.attributes["reason"] is None
    down = home.freezer().astimezone()
    solax.fault(http=503, times=None)
    await home.pass_time(OUTAGE)
    assert home.state(solax_id(solax, None, "pv_power")).state == "unavailable"
    state = home.state(connection, "binary_sensor")
    assert state.state == "off"
    assert said in state.attributes["reason"]
    since = state.attributes["since"]
    assert isinstance(since, datetime)
    assert abs((since - down).total_seconds()) <= 300
    solax.faults.clear()
    await home.pass_time(OUTAGE)
    assert home.state(connection, "binary_sensor").state == "on"


async def test_a_wrong_secret_is_named_as_the_reason(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """It is no outage, and waiting does not help."""
    await home.start(entry)
    await home.pass_time(600)
    solax.fault(code=10402, times=None)
    await home.pass_time(OUTAGE)
    state = home.state(solax_id(solax, None, "cloud_connection"), "binary_sensor")
    assert state.state == "off"
    assert state.attributes["reason"]


async def test_system_information_shows_each_account_without_naming_it(
    entry: MockConfigEntry, solax: SolaxCloud, home: Home
) -> None:
    """What a report needs, and nothing that tells whose it is."""
    assert await async_setup_component(home.hass, "system_health", {})
    await home.start(entry)
    await home.pass_time(600)
    info = await get_system_health_info(home.hass, DOMAIN)
    assert await info.pop("SolaX: cloud reachable") == "ok"
    assert info.keys() == {
        "SolaX: calls by kind",
        "SolaX: calls left",
        "SolaX: calls within 24 hours",
        "SolaX: next call given back",
        "SolaX: token valid until",
        "SolaX: data age",
        "SolaX: last error",
        "SolaX: next poll",
    }
    assert info["SolaX: calls left"] + info["SolaX: calls within 24 hours"] == 10**6
    assert "/" in info["SolaX: calls by kind"]
    assert datetime.fromisoformat(info["SolaX: token valid until"]) > (
        home.freezer().astimezone()
    )
    assert info["SolaX: last error"] is None
    assert (
        datetime.fromisoformat(info["SolaX: next poll"]) > home.freezer().astimezone()
    )
    told = str(info)
    for secret in (*solax.credentials.values(), solax.plant.plant_id, "Demo House"):
        assert secret not in told


@pytest.fixture
def rebound(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The numbers that a name server answers with, whatever it is asked for."""
    numbers = ["127.0.0.1"]

    async def resolve(
        _: AsyncResolver, host: str, port: int = 0, **__: Any
    ) -> list[dict[str, Any]]:
        return [
            {
                "hostname": host,
                "host": number,
                "port": port,
                "family": socket.AF_INET6 if ":" in number else socket.AF_INET,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST,
            }
            for number in numbers
        ]

    monkeypatch.setattr(AsyncResolver, "resolve", resolve)
    return numbers


@pytest.mark.parametrize("number", ["127.0.0.1", "::ffff:127.0.0.1"])
async def test_a_name_that_suddenly_means_this_machine_gets_no_secret(
    solax: SolaxCloud, home: Home, rebound: list[str], number: str
) -> None:
    """It was checked when it was typed; what counts is where it leads when a call is made."""
    rebound[:] = [number]
    address = str(URL(solax.url).with_host("api.example.com"))
    entry = account_entry(solax, "solax", base_url=address)
    await home.start(entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert "private network" in (entry.reason or "")
    assert len(solax.calls) == 0


async def test_the_form_refuses_a_name_that_means_this_machine(
    flow: Flow, solax: SolaxCloud, rebound: list[str]
) -> None:
    """With the words for an address that cannot be right, not those for an outage."""
    await reach_base_url(flow, solax)
    await flow.submit(base_url="https://api.example.com")
    assert flow.at("base_url", base="invalid_host")


async def test_this_machine_is_reached_where_it_was_named(
    solax: SolaxCloud, home: Home, rebound: list[str]
) -> None:
    """As the emulated clouds are."""
    address = str(URL(solax.url).with_host("localhost"))
    entry = account_entry(solax, "solax", base_url=address)
    await home.start(entry)
    assert entry.state is ConfigEntryState.LOADED


class Stranger:
    """A server that is not the vendor's, with a certificate that nobody vouches for."""

    def __init__(self) -> None:
        """Not started yet."""
        self.seen: list[str | None] = []

    async def answer(self, request: web.Request) -> web.Response:
        """Note what was sent, and set a cookie."""
        self.seen.append(request.headers.get("Cookie"))
        answer = web.Response(text="{}")
        answer.set_cookie("session", "of one account")
        return answer

    @staticmethod
    def context(folder: Path) -> ssl.SSLContext:
        """Return what speaks TLS for this machine."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
        now = datetime.now(UTC)
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=3650))
            .not_valid_after(now + timedelta(days=3650))
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .sign(key, hashes.SHA256())
        )
        pem = folder / "own.pem"
        pem.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pem)
        return context

    async def start(self, context: ssl.SSLContext | None) -> tuple[web.AppRunner, URL]:
        """Listen, with TLS or without."""
        app = web.Application()
        app.router.add_get("/", self.answer)
        runner = web.AppRunner(app, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        scheme = "https" if context else "http"
        return runner, URL(f"{scheme}://127.0.0.1:{runner.addresses[0][1]}/")


@pytest.fixture
async def stranger(
    request: pytest.FixtureRequest, tmp_path: Path, socket_enabled: None
) -> AsyncIterator[tuple[Stranger, URL]]:
    """It listens; with TLS by indirect parameter."""
    stranger = Stranger()
    runner, url = await stranger.start(
        stranger.context(tmp_path) if request.param == "tls" else None
    )
    yield stranger, url
    await runner.cleanup()


@pytest.mark.parametrize("stranger", ["tls"], indirect=True)
async def test_a_certificate_that_nobody_vouches_for_is_sent_nothing(
    stranger: tuple[Stranger, URL], home: Home
) -> None:
    """Encrypted alone is not enough; nothing turns that off."""
    server, url = stranger
    with pytest.raises(NotConnected):
        await get_transport(home.hass).send("GET", url)
    assert server.seen == []


@pytest.mark.parametrize("stranger", ["plain"], indirect=True)
async def test_no_account_sends_the_cookie_of_another(
    stranger: tuple[Stranger, URL], home: Home, rebound: list[str]
) -> None:
    """They share a session, which keeps none."""
    server, url = stranger
    for _ in range(2):
        await get_transport(home.hass).send("GET", url.with_host("localhost"))
    assert server.seen == [None, None]

"""How each vendor's emulated cloud is made to do what the contract is about."""

from abc import ABC
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, override
from zoneinfo import ZoneInfo

import pytest

from custom_components.solar_cloud.cloud.control import Control
from custom_components.solar_cloud.cloud.model import Quantity
from custom_components.solar_cloud.cloud.registry import VENDORS
from custom_components.solar_cloud.cloud.serialization import to_json
from custom_components.solar_cloud.cloud.token import SECTION
from custom_components.solar_cloud.cloud.vendor import Vendor
from tests.emulators.fusionsolar import FusionSolarCloud
from tests.emulators.solax import SolaxCloud
from tests.emulators.sungrow import SungrowCloud
from tests.emulators.world import Site
from tests.toy_vendor.emulator import ToyCloud
from tests.toy_vendor.toy import VENDOR as TOY

from .account import Account, AnyEmulator, Past, Setting

ZONE = ZoneInfo("Europe/Berlin")
DAY, SHORT_DAY = 86400.0, 82800.0
"""A day, and the one on which the clocks go forward."""
PV = frozenset({Quantity.PV_ENERGY_TOTAL})
GRID = frozenset({Quantity.GRID_IMPORT_ENERGY_TOTAL, Quantity.GRID_EXPORT_ENERGY_TOTAL})


class Consented(Account, ABC):
    """A sign-in that begins with the owner's consent in a browser."""

    redirect: ClassVar[str] = "https://my.home-assistant.io/redirect/oauth"

    @override
    async def consent(self, **changes: str) -> None:
        oauth = self.sign_in.oauth
        assert oauth is not None
        token = await oauth.exchange(
            self.credentials(**changes),
            self.cloud.consent(),
            self.redirect,
            self.transport,
        )
        await self.storage.save(SECTION, to_json(token))
        self.connect()

    def revoke(self) -> None:
        """Let the owner take the consent back."""
        self.cloud.revoke()


class Solax(Account):
    """SolaX's client credentials."""

    vendor: ClassVar[Vendor] = VENDORS["solax"]
    key: ClassVar[str] = "solax"
    emulator: ClassVar[type[AnyEmulator]] = SolaxCloud
    home: ClassVar[str] = "home-hybrid"
    several: ClassVar[str] = "commercial-twin"
    lists: ClassVar[str] = "page_plant_info"
    live: ClassVar[str] = "device/realtime_data"
    wrong: ClassVar[Mapping[str, str]] = {"client_secret": "wrong"}
    too_many: ClassVar[Mapping[str, Any]] = {"code": 10406}
    past: ClassVar[Past | None] = Past(
        end=datetime(2026, 4, 1, tzinfo=ZONE),
        rows=31,
        lengths=frozenset({DAY, SHORT_DAY}),
        calls=10,
        wait=61,
        counters=GRID,
        reported=GRID,
        reading_error=0.11,
        report_error=0.02,
        month_error=0.02,
    )
    setting: ClassVar[Setting | None] = Setting(
        control=Control.CHARGE_CURRENT_LIMIT,
        value=10.0,
        endpoint="set_evc_current_limit",
        refusing={"command_outcome": 5},
    )

    @property
    @override
    def tokens(self) -> int:
        return len(self.cloud.token_calls)

    @property
    @override
    def secrets(self) -> set[str]:
        return {one.value for one in self.cloud.application.tokens}

    @override
    def lose_token(self) -> None:
        self.cloud.steal_token()

    @override
    def refuse_tokens(self) -> None:
        self.cloud.fault("realtime_data", code=10402, times=None)

    @override
    def spoil_next_token(self) -> None:
        self.cloud.fault("oauth/token", body="bad-token")

    @property
    @override
    def target(self) -> str:
        return "C3DEMO00000001"

    @property
    @override
    def carried_out(self) -> int:
        return len(self.cloud.command_queue.carried_out)


class Sungrow(Account, ABC):
    """What both editions of Sungrow's interface share."""

    vendor: ClassVar[Vendor] = VENDORS["sungrow"]
    emulator: ClassVar[type[AnyEmulator]] = SungrowCloud
    home: ClassVar[str] = "home-hybrid"
    several: ClassVar[str] = "all"
    live: ClassVar[str] = "RealTimeData"
    too_many: ClassVar[Mapping[str, Any]] = {"code": "E999"}
    past: ClassVar[Past | None] = Past(
        end=datetime(2026, 6, 10, tzinfo=ZONE),
        rows=100,
        lengths=frozenset({DAY, SHORT_DAY}),
        calls=100,
        wait=3700,
        counters=GRID | PV,
        reported=GRID | PV,
        reading_error=0.3,
        report_error=0.2,
        month_error=31 * 0.1,
    )
    setting: ClassVar[Setting | None] = Setting(
        control=Control.BATTERY_MIN_SOC,
        value=20.0,
        endpoint="paramSetting",
        refusing={"refused_codes": frozenset(map(str, range(10001, 10100)))},
    )

    @property
    @override
    def secrets(self) -> set[str]:
        application = self.cloud.application
        grants = (
            secret for one in application.grants for secret in (one.access, one.refresh)
        )
        return {*application.sessions, *application.codes, *grants}

    @override
    def refuse_tokens(self) -> None:
        self.cloud.fault(self.live, http=401, times=None)

    @property
    @override
    def target(self) -> str:
        return "ADEMO0010002"

    @property
    @override
    def written(self) -> int:
        return len(self.cloud.settings_sent)

    @property
    @override
    def carried_out(self) -> int:
        self.cloud.tasks.catch_up(self.cloud.now())
        return len(self.cloud.tasks.written)


class SungrowAccount(Sungrow):
    """Sungrow with an account's password."""

    key: ClassVar[str] = "sungrow_account"
    lists: ClassVar[str] = "getPowerStationList"
    wrong: ClassVar[Mapping[str, str]] = {"password": "wrong"}

    @property
    @override
    def tokens(self) -> int:
        return len(self.cloud.logins)

    @override
    def lose_token(self) -> None:
        self.cloud.end_sessions()

    @override
    def spoil_next_token(self) -> None:
        self.cloud.fault("openapi/login", body="bad-token")


class SungrowConsent(Sungrow, Consented):
    """Sungrow by the owner's consent."""

    key: ClassVar[str] = "sungrow_oauth"
    lists: ClassVar[str] = "queryPowerStationList"
    wrong: ClassVar[Mapping[str, str]] = {"secret_key": "wrong"}

    @property
    @override
    def typed(self) -> dict[str, str]:
        typed: dict[str, str] = self.cloud.consent_credentials
        return typed

    @property
    @override
    def tokens(self) -> int:
        calls = self.cloud.calls
        return int(calls.count("apiManage/token") + calls.count("refreshToken"))

    @override
    def lose_token(self) -> None:
        self.cloud.grant.access_expires = self.clock.now - 1

    @override
    def spoil_next_token(self) -> None:
        self.cloud.fault("refreshToken", body="bad-token")


class FusionSolar(Account, ABC):
    """What both ways into FusionSolar share."""

    vendor: ClassVar[Vendor] = VENDORS["fusionsolar"]
    emulator: ClassVar[type[AnyEmulator]] = FusionSolarCloud
    home: ClassVar[str] = "home"
    several: ClassVar[str] = "two-plants"
    lists: ClassVar[str] = "stations"
    live: ClassVar[str] = "getDevRealKpi"
    too_many: ClassVar[Mapping[str, Any]] = {"code": 407}
    tells_times: ClassVar[bool] = False
    past: ClassVar[Past | None] = Past(
        end=datetime(2026, 3, 30, tzinfo=ZONE),
        rows=23,
        lengths=frozenset({3600.0}),
        calls=1,
        wait=70,
        counters=GRID,
        reported=GRID | PV,
        reading_error=0.1,
        report_error=0.02,
        month_error=0.02,
    )
    setting: ClassVar[Setting | None] = Setting(
        control=Control.EXPORT_LIMIT,
        value=1500.0,
        endpoint="active-power-control/async-task",
        refusing={"task_outcome": "FAILURE"},
    )

    @property
    @override
    def secrets(self) -> set[str]:
        grants = (
            secret
            for one in self.cloud.client.grants
            for secret in (one.access, one.refresh)
        )
        return {*grants, *filter(None, (self.cloud.account.token,))}

    @override
    def refuse_tokens(self) -> None:
        self.cloud.fault(self.live, code=305, times=None)

    @property
    @override
    def target(self) -> str:
        plant: str = self.cloud.plant.code
        return plant

    @property
    @override
    def carried_out(self) -> int:
        return len(self.cloud.desk.carried_out)


class FusionSolarAccount(FusionSolar):
    """FusionSolar with an API account."""

    key: ClassVar[str] = "fusionsolar_account"
    wrong: ClassVar[Mapping[str, str]] = {"password": "wrong"}

    @property
    @override
    def tokens(self) -> int:
        return int(self.cloud.calls.count("/login"))

    @override
    def lose_token(self) -> None:
        self.cloud.kill_session()

    @override
    def spoil_next_token(self) -> None:
        self.cloud.fault("login", body="bad-token")


class FusionSolarConsent(FusionSolar, Consented):
    """FusionSolar by the owner's consent."""

    key: ClassVar[str] = "fusionsolar_oauth"
    wrong: ClassVar[Mapping[str, str]] = {"client_secret": "wrong"}

    @property
    @override
    def typed(self) -> dict[str, str]:
        typed: dict[str, str] = self.cloud.oauth_credentials
        return typed

    @property
    @override
    def tokens(self) -> int:
        return int(self.cloud.calls.count("/token"))

    @override
    def lose_token(self) -> None:
        self.cloud.kill_tokens()

    @override
    def spoil_next_token(self) -> None:
        self.cloud.fault("token", body="bad-token")


class Toy(Account):
    """The vendor of the tutorial, which can only be read."""

    vendor: ClassVar[Vendor] = TOY
    key: ClassVar[str] = "toy"
    emulator: ClassVar[type[AnyEmulator]] = ToyCloud
    home: ClassVar[str] = "home"
    several: ClassVar[str] = "two-homes"
    lists: ClassVar[str] = "plants"
    live: ClassVar[str] = "live"
    wrong: ClassVar[Mapping[str, str]] = {"password": "wrong"}
    too_many: ClassVar[Mapping[str, Any]] = {"http": 429}

    @property
    @override
    def site(self) -> Site:
        site: Site = self.cloud.sites[0]
        return site

    @property
    @override
    def tokens(self) -> int:
        return int(self.cloud.calls.count("login"))

    @property
    @override
    def secrets(self) -> set[str]:
        return set(self.cloud.tokens)

    @override
    def lose_token(self) -> None:
        self.cloud.tokens.clear()

    @override
    def refuse_tokens(self) -> None:
        self.cloud.fault(self.live, http=401, times=None)

    @override
    def spoil_next_token(self) -> None:
        self.cloud.fault("login", body="bad-token")


ACCOUNTS: dict[str, type[Account]] = {
    account.key: account
    for account in (
        Solax,
        SungrowAccount,
        SungrowConsent,
        FusionSolarAccount,
        FusionSolarConsent,
        Toy,
    )
}


def _of(kinds: Iterable[type[Account]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "new_account", [kind.key for kind in kinds], indirect=True
    )


every: Final = _of(ACCOUNTS.values())
by_secret: Final = _of(
    kind for kind in ACCOUNTS.values() if not issubclass(kind, Consented)
)
consented: Final = _of(
    kind for kind in ACCOUNTS.values() if issubclass(kind, Consented)
)
with_a_past: Final = _of(kind for kind in ACCOUNTS.values() if kind.past)
with_settings: Final = _of(kind for kind in ACCOUNTS.values() if kind.setting)
"""Which sign-ins a case is for."""

"""The Sungrow cloud and what tests can do to it."""

from typing import Any, ClassVar, override

from ..calls import Call
from ..world import Energies
from .application import Application, Grant, User
from .knobs import Knobs
from .plant import Device, Plant
from .scenarios import SCENARIOS
from .server import SECRET, SungrowServer
from .steered import SteeredInverter
from .tasks import Tasks

APP_KEY = "0123456789ABCDEF0123456789ABCDEF"
SECRET_KEY = "demosecretdemosecretdemosecret01"
APPLICATION_ID = "1234"
REDIRECT = "https://my.home-assistant.io/redirect/oauth"
ACCOUNT = "demo@example.org"
PASSWORD = "demo-password"


class SungrowCloud(SungrowServer):
    """Both editions of the OpenAPI with one account's plants behind them."""

    name: ClassVar[str] = "sungrow"
    scenarios: ClassVar[tuple[str, ...]] = tuple(SCENARIOS)
    secret_fields: ClassVar[frozenset[str]] = SECRET

    # Building

    @staticmethod
    @override
    def make_knobs() -> Knobs:
        return Knobs()

    @override
    def load(self, scenario: str) -> None:
        build = SCENARIOS[scenario]
        for plant in getattr(self, "plants", ()):
            self.world.remove(plant.site.spec.id)
        application = Application(APP_KEY, SECRET_KEY, APPLICATION_ID, REDIRECT)
        self.applications = {application.app_key: application}
        self.users = {ACCOUNT: User(ACCOUNT, PASSWORD, 800_100)}
        self.tasks = Tasks(self.knobs)
        self.plants = build(self.world, self.knobs)

    # Looking

    @property
    @override
    def credentials(self) -> dict[str, str]:
        return {
            "app_key": self.application.app_key,
            "secret_key": self.application.secret_key,
            "username": self.user.account,
            "password": self.user.password,
        }

    @property
    def consent_credentials(self) -> dict[str, str]:
        """What a user would type in before the page of consent."""
        return {
            "app_key": self.application.app_key,
            "secret_key": self.application.secret_key,
            "application_id": self.application.application_id,
        }

    @property
    def application(self) -> Application:
        """The first application."""
        return next(iter(self.applications.values()))

    @property
    def user(self) -> User:
        """The first user."""
        return next(iter(self.users.values()))

    @property
    def plant(self) -> Plant:
        """The first plant."""
        return self.plants[0]

    @property
    def grant(self) -> Grant:
        """The newest consent."""
        return self.application.grants[-1]

    @property
    def logins(self) -> list[Call]:
        """All logins with a password."""
        return self.calls.of("openapi/login")

    @property
    def data_calls(self) -> list[Call]:
        """All calls that count."""
        return [
            call
            for call in self.calls
            if call.path.startswith("/openapi/")
            and not call.path.endswith(("/login", "/token", "/refreshToken"))
        ]

    def device(self, ps_key: str) -> Device:
        """Return a device by its key."""
        return self._find_device(ps_key)[1]

    def first(self, kind: int) -> Device:
        """Return the first device of a type."""
        return next(device for plant in self.plants for device in plant.of(kind))

    def told(self, device: Device) -> SteeredInverter:
        """Return what an inverter was told, up to now."""
        self.tasks.catch_up(self.now())
        plant = next(one for one in self.plants if device in one.devices)
        return self.tasks.steered(plant, device)

    @property
    def settings_sent(self) -> list[Call]:
        """All requests that were to change something, whatever came of them."""
        return self.calls.of("paramSetting", set_type=0)

    def truth_at_last_upload(self, ps_key: str) -> Energies | None:
        """Return the exact energies of a device's site at its newest upload."""
        return self._find_device(ps_key)[0].site.truth_at_last_upload(ps_key)

    # The application

    def add_application(self, app_key: str, secret_key: str) -> Application:
        """Register a second application."""
        self.applications[app_key] = Application(
            app_key, secret_key, "5678", self.application.redirect_url
        )
        return self.applications[app_key]

    def consent(self, *plants: str) -> str:
        """Give consent to plants (all if none is named) and return the code."""
        ids = plants or tuple(plant.ps_id for plant in self.plants)
        return self.application.consent(self.user, ids, self.now()).value

    def revoke(self) -> None:
        """Let the owner take the newest consent back."""
        self.grant.revoked = True

    def end_sessions(self) -> None:
        """Let all V1 tokens die."""
        self.application.sessions.clear()

    # The devices

    def set_online(self, online: bool, *ps_keys: str) -> None:
        """Cut the dongles of devices off, or connect them; all devices if none is named."""
        for plant in self.plants:
            for device in plant.devices:
                if not ps_keys or device.ps_key in ps_keys:
                    plant.dongle(device).online.set(self.now(), online)

    @override
    def change_device(self, device_id: str, changes: dict[str, Any]) -> None:
        plant, device = self._find_device(device_id)
        for name, value in changes.items():
            match name:
                case "online":
                    plant.dongle(device).online.set(self.now(), bool(value))
                case "listed":
                    device.listed = bool(value)
                case "absent":
                    device.absent = {str(point) for point in value}
                case "values":
                    device.values = {str(point): one for point, one in value.items()}
                case "soc":
                    plant.site.set_soc(float(value))
                case "load_w":
                    plant.site.override_load(value)
                case "fault" if value is None:
                    for fault in plant.site.faults:
                        if fault.device_id == device.part and fault.until is None:
                            plant.site.repair(fault)
                case "fault":
                    plant.site.fail(
                        device.part,
                        str(value),
                        "13822",
                        cause="The inverter cannot reach the battery.",
                    )
                case _:
                    raise ValueError(f"There is no such change: {name}")

    # For people and for tests in other processes

    @override
    def state(self) -> dict[str, Any]:
        return {
            "now": self.world.clock.now().isoformat(),
            "applications": [
                {
                    "app_key": one.app_key,
                    "application_id": one.application_id,
                    "redirect_url": one.redirect_url,
                    "rsa_public_key": one.rsa_public_key,
                    "sessions": len(one.sessions),
                    "consents": len(one.grants),
                }
                for one in self.applications.values()
            ],
            "plants": [
                {
                    "ps_id": plant.ps_id,
                    "site": plant.site.spec.id,
                    "devices": {
                        device.ps_key: {
                            "model": device.model,
                            "online": plant.online(device),
                            "uploaded": plant.uploaded_at(device),
                        }
                        for device in plant.devices
                    },
                }
                for plant in self.plants
            ],
        }

    def _find_device(self, ps_key: str) -> tuple[Plant, Device]:
        for plant in self.plants:
            for device in plant.devices:
                if device.ps_key == ps_key:
                    return plant, device
        raise KeyError(ps_key)

"""The SolaX cloud and what tests can do to it."""

from typing import Any, ClassVar, override

from aiohttp import web

from ..calls import Call
from ..world import Array, Charger, Energies, Inverter
from .admin import routes
from .application import Application
from .builder import Builder
from .commands import CommandQueue
from .control_rules import RULES
from .device_admin import change, distort, reset_counter
from .envelope import SUCCESS
from .knobs import Knobs
from .plant import Device, Distortion, Kind, Plant
from .scenarios import SCENARIOS
from .server import OLD_TOKEN, TOKEN, SolaxServer

CLIENT_ID = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
CLIENT_SECRET = "EXAMPLEsecretEXAMPLEsecretEXAMPLEsecret0001"


class SolaxCloud(SolaxServer):
    """SolaX's open API with one account's plants behind it."""

    name: ClassVar[str] = "solax"
    scenarios: ClassVar[tuple[str, ...]] = tuple(SCENARIOS)
    secret_fields: ClassVar[frozenset[str]] = frozenset({"client_secret"})

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
        application = Application(CLIENT_ID, CLIENT_SECRET)
        self.applications = {application.client_id: application}
        self.command_queue = CommandQueue(self.knobs)
        self.plants = build(self.world, self.knobs)

    # Looking

    @property
    @override
    def credentials(self) -> dict[str, str]:
        return {
            "client_id": self.application.client_id,
            "client_secret": self.application.client_secret,
        }

    @property
    def application(self) -> Application:
        """The account's first application."""
        return next(iter(self.applications.values()))

    @property
    def plant(self) -> Plant:
        """The first plant."""
        return self.plants[0]

    @property
    def token_calls(self) -> list[Call]:
        """All requests for tokens, at the old endpoint too."""
        return [call for call in self.calls if call.path in {TOKEN, OLD_TOKEN}]

    def told(self, kind: Kind) -> Any:
        """Return what the first device of a kind was told, when everything due has happened."""
        self.command_queue.catch_up(self.now())
        plant, device = self._find(self.first(kind).sn)
        return self.command_queue.steered(plant, device)

    def commands(self, *, refused: bool = True) -> list[Call]:
        """All calls that wanted to change something, refused ones too unless told otherwise."""
        return [
            call
            for call in self.calls
            if call.path in RULES and (refused or call.code == SUCCESS)
        ]

    def device(self, sn: str) -> Device:
        """Return a device by its serial."""
        return self._find(sn)[1]

    def first(self, kind: Kind) -> Device:
        """Return the first device of a kind."""
        return next(device for plant in self.plants for device in plant.of(kind))

    def truth_at_last_upload(self, sn: str) -> Energies | None:
        """Return the exact energies of a device's site at its newest upload."""
        return self._find(sn)[0].site.truth_at_last_upload(sn)

    # The application

    def add_application(self, client_id: str, client_secret: str) -> Application:
        """Register a second application of the same account."""
        self.applications[client_id] = Application(client_id, client_secret)
        return self.applications[client_id]

    def steal_token(self, client_id: str | None = None) -> str:
        """Let another program of the same application ask for a token."""
        application = self.applications[client_id or self.application.client_id]
        lifetime = self.knobs.token_lifetime
        return application.issue(self.now(), lifetime, holder="rival").value

    def rotate_secret(self, client_id: str | None = None) -> str:
        """Press the portal's button for a new secret and return it."""
        application = self.applications[client_id or self.application.client_id]
        return application.rotate(kill=self.knobs.rotation_kills_token)

    def withdraw(self, *packs: str) -> None:
        """Withdraw service packs from the application."""
        self.application.packs -= set(packs)

    def authorise(self, *packs: str) -> None:
        """Authorise service packs."""
        self.application.packs |= set(packs)

    # The devices

    def set_online(self, online: bool, *serials: str) -> None:
        """Cut the dongles of devices off, or connect them; all devices if none is named."""
        for plant in self.plants:
            for device in plant.devices:
                if not serials or device.sn in serials:
                    plant.dongle(device).online.set(self.now(), online)

    def distort(
        self,
        sn: str,
        field: str,
        *,
        value: Any = None,
        add: float | None = None,
        uploads: int | None = 1,
    ) -> Distortion:
        """Let the next uploads carry a wrong value; `uploads=None` lasts for ever."""
        plant, device = self._find(sn)
        return distort(
            plant, device, self.now(), field, value=value, add=add, uploads=uploads
        )

    def reset_counter(self, sn: str, field: str) -> Distortion:
        """Let a counter begin again at zero, as that of a replaced device does."""
        plant, device = self._find(sn)
        return reset_counter(plant, device, self.now(), field, self.knobs)

    def add_inverter(self, part: str, peak_w: float = 5000.0) -> Device:
        """Install another inverter at the first plant."""
        self.plant.site.add_inverter(
            Inverter(id=part, arrays=(Array(peak_w=peak_w),), rated_w=peak_w)
        )
        device = Builder(self.plant).inverter(part, model=16)
        device.master = False
        return device

    def add_charger(self, part: str) -> Device:
        """Install another charger at the first plant."""
        self.plant.site.add_charger(Charger(id=part, commuter=False))
        return Builder(self.plant).charger(part)

    def remove_device(self, sn: str) -> None:
        """Take a device away for good."""
        plant, device = self._find(sn)
        plant.devices.remove(device)
        if device.kind in {Kind.INVERTER, Kind.CHARGER}:
            plant.site.remove(device.part)

    @override
    def change_device(self, device_id: str, changes: dict[str, Any]) -> None:
        plant, device = self._find(device_id)
        change(plant, device, changes, self.now(), self.knobs)

    # For people and for tests in other processes

    @override
    def admin_routes(self) -> list[web.RouteDef]:
        return routes(self)

    @override
    def state(self) -> dict[str, Any]:
        return {
            "now": self.world.clock.now().isoformat(),
            "applications": [
                self._application_state(one) for one in self.applications.values()
            ],
            "plants": [_plant_state(plant) for plant in self.plants],
        }

    def _application_state(self, one: Application) -> dict[str, Any]:
        return {
            "client_id": one.client_id,
            "packs": sorted(one.packs),
            "generation": len(one.tokens),
            "holder": one.live.holder if one.live else None,
            "calls_last_minute": one.minute.used(self.now()),
            "calls_today": one.day.used(self.now()),
        }

    def _find(self, sn: str) -> tuple[Plant, Device]:
        for plant in self.plants:
            for device in plant.devices:
                if device.sn == sn:
                    return plant, device
        raise KeyError(sn)


def _plant_state(plant: Plant) -> dict[str, Any]:
    return {
        "plantId": plant.plant_id,
        "site": plant.site.spec.id,
        "businessType": plant.business_type,
        "devices": {
            device.sn: {
                "kind": device.kind.name.lower(),
                "online": plant.online(device),
                "uploaded": plant.uploaded_at(device),
            }
            for device in plant.devices
        },
    }

"""The FusionSolar cloud and what tests can do to it."""

from typing import Any, ClassVar, override

from ..world import Energies
from .accounts import ApiAccount, Client, Owner, secret
from .control_tasks import Desk
from .knobs import Knobs
from .plant import Device, Plant
from .scenarios import SCENARIOS
from .server import FusionSolarServer

USERNAME, PASSWORD = "demo_api", "EXAMPLE-system-code-1"
CLIENT_ID, CLIENT_SECRET = "EXAMPLE-client-0001", "EXAMPLE-client-secret-0001"
REDIRECT = "https://my.home-assistant.io/redirect/oauth"


class FusionSolarCloud(FusionSolarServer):
    """The Northbound API with one API account, and one owner who may consent, over the same plants."""

    name: ClassVar[str] = "fusionsolar"
    scenarios: ClassVar[tuple[str, ...]] = tuple(SCENARIOS)
    secret_fields: ClassVar[frozenset[str]] = frozenset(
        {"systemCode", "client_secret", "refresh_token", "code", "xsrfToken"}
    )

    # Building

    @staticmethod
    @override
    def make_knobs() -> Knobs:
        return Knobs()

    @override
    def load(self, scenario: str) -> None:
        for plant in getattr(self, "plants", ()):
            self.world.remove(plant.site.spec.id)
        self.plants = SCENARIOS[scenario](self.world)
        self.accounts = {USERNAME: ApiAccount(USERNAME, PASSWORD, self.plants)}
        self.owner = Owner("demo", self.plants)
        self.desk = Desk(self.knobs)
        self.clients = {CLIENT_ID: Client(CLIENT_ID, CLIENT_SECRET, self.owner)}

    # Looking

    @property
    @override
    def credentials(self) -> dict[str, str]:
        return {"username": USERNAME, "password": self.account.password}

    @property
    def oauth_credentials(self) -> dict[str, str]:
        """What a user would type in to ask for an owner's consent."""
        return {
            "client_id": CLIENT_ID,
            "client_secret": self.client.client_secret,
        }

    @property
    def account(self) -> ApiAccount:
        """The API account."""
        return self.accounts[USERNAME]

    @property
    def client(self) -> Client:
        """The OAuth client."""
        return self.clients[CLIENT_ID]

    @property
    def plant(self) -> Plant:
        """The first plant."""
        return self.plants[0]

    def first(self, *types: int) -> Device:
        """Return the first device of some types."""
        return next(one for plant in self.plants for one in plant.of(*types))

    def find(self, device_id: str) -> tuple[Plant, Device]:
        """Return a device by its id or its serial."""
        for plant in self.plants:
            for one in plant.devices:
                if device_id in (str(one.id), one.serial, one.dn):
                    return plant, one
        raise KeyError(device_id)

    def truth_at_last_upload(self, device_id: str) -> Energies | None:
        """Return the exact energies of a device's site at its newest upload."""
        plant, one = self.find(device_id)
        return plant.site.truth_at_last_upload(plant.key(one))

    @property
    def violations(self) -> dict[str, int]:
        """Calls beyond the limits so far, by interface."""
        return dict(self.account.budget.exceeded + self.owner.budget.exceeded)

    # Doing

    def rival_login(self) -> str:
        """Let another program sign in with the same account."""
        return self.account.login(self.account.password, self.now(), self.knobs)

    def take_over(self, other: FusionSolarCloud) -> None:
        """Know the accounts, consents and plants of another host, sessions too."""
        self.plants, self.accounts = other.plants, other.accounts
        self.owner, self.clients = other.owner, other.clients

    def kill_session(self) -> None:
        """End the session, as a restart of the service does."""
        self.account.token = None

    def consent(self, redirect_uri: str = REDIRECT, *scopes: str) -> str:
        """Approve as the owner would, and return the code."""
        wanted = frozenset(scopes or ("pvms.openapi.basic", "pvms.openapi.control"))
        return self.client.code(redirect_uri, wanted, self.now())

    def revoke(self) -> None:
        """Take all consents back."""
        for grant in self.client.grants:
            grant.revoked = True

    def kill_tokens(self) -> None:
        """Let all access tokens die, as one expects of the gateway now and then."""
        for grant in self.client.grants:
            grant.access = secret("dead", grant.access)

    def set_online(self, online: bool, *devices: Device) -> None:
        """Cut devices off, or connect them; all if none is named."""
        for plant in self.plants:
            for one in devices or plant.devices:
                if one in plant.devices:
                    plant.dongle(one).online.set(self.now(), online)

    def raise_alarm(self, device: Device, name: str, level: int = 2) -> dict[str, Any]:
        """Report an alarm of a device."""
        plant, _ = self.find(str(device.id))
        alarm: dict[str, Any] = {
            "alarmId": 3011,
            "alarmName": name,
            "alarmType": 2,
            "alarmCause": "Voltage below threshold",
            "causeId": 1,
            "repairSuggestion": "1. Charge the battery.\n2. Contact the installer.",
            "devName": device.name,
            "devTypeId": device.type,
            "esnCode": device.serial,
            "lev": level,
            "status": 1,
            "raiseTime": int(self.now() * 1000),
        }
        plant.alarms.append(alarm)
        return alarm

    def clear_alarms(self, device: Device) -> None:
        """End the alarms of a device: what is over is not listed any more."""
        plant, _ = self.find(str(device.id))
        plant.alarms = [
            alarm for alarm in plant.alarms if alarm["esnCode"] != device.serial
        ]

    def replace_device(self, device: Device) -> None:
        """Register a device anew: its serial stays, its id does not."""
        plant, _ = self.find(str(device.id))
        online = plant.dongle(device)
        device.id += 500_000
        plant.site.attach(online, plant.key(device))

    @override
    def change_device(self, device_id: str, changes: dict[str, Any]) -> None:
        plant, one = self.find(device_id)
        for name, value in changes.items():
            match name:
                case "online":
                    self.set_online(bool(value), one)
                case "authorized":
                    plant.authorized = bool(value)
                case "listed":
                    one.listed = bool(value)
                case "alarm" if value is None:
                    self.clear_alarms(one)
                case "alarm":
                    self.raise_alarm(one, str(value))
                case "load_w":
                    plant.site.override_load(value)
                case "soc":
                    plant.site.set_soc(float(value))
                case _:
                    raise ValueError(f"There is nothing called {name} to change")

    @override
    def state(self) -> dict[str, Any]:
        now = self.now()
        return {
            "now": self.world.clock.now().isoformat(),
            "account": {
                "session": self.account.token is not None
                and now < self.account.expires_at,
                "logins": self.account.logins.used(now),
                "calls": dict(self.account.budget.calls),
            },
            "owner": {
                "day": self.owner.used(now, self.knobs),
                "calls": dict(self.owner.budget.calls),
            },
            "violations": self.violations,
            "plants": {
                plant.code: {
                    "authorized": plant.authorized,
                    "devices": {
                        str(one.id): {"type": one.type, "online": plant.online(one)}
                        for one in plant.devices
                    },
                }
                for plant in self.plants
            },
        }

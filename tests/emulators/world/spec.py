"""What a site is built of: facts that do not change while the world runs."""

from dataclasses import dataclass, field

from .sun import Direction, facing


@dataclass(frozen=True, kw_only=True)
class Array:
    """Modules behind one tracker (MPPT)."""

    peak_w: float
    tilt: float = 35.0
    azimuth: float = 180.0
    volts: float = 410.0

    @property
    def normal(self) -> Direction:
        """Where the modules look."""
        return facing(self.tilt, self.azimuth)


@dataclass(frozen=True, kw_only=True)
class Battery:
    """A battery on the direct current side of its inverter."""

    id: str
    capacity_kwh: float = 10.0
    charge_w: float = 5000.0
    discharge_w: float = 5000.0
    efficiency: float = 0.95  # each way
    volts: float = 310.0
    soc: float = 0.45  # when the world begins
    soh: float = 0.99


@dataclass(frozen=True, kw_only=True)
class Inverter:
    """An inverter with its modules and perhaps a battery."""

    id: str
    arrays: tuple[Array, ...]
    rated_w: float = 10000.0
    phases: int = 3
    battery: Battery | None = None
    efficiency: float = 0.97


@dataclass(frozen=True, kw_only=True)
class Charger:
    """A wall box; with `commuter` a car comes home most evenings."""

    id: str
    rated_w: float = 11000.0
    phases: int = 3
    commuter: bool = True


@dataclass(frozen=True, kw_only=True)
class Habits:
    """What the house draws."""

    base_w: float = 380.0
    peak_w: float = 1900.0


@dataclass(frozen=True, kw_only=True)
class SiteSpec:
    """One place with one grid connection."""

    id: str
    latitude: float = 48.1
    longitude: float = 11.5
    zone: str = "Europe/Berlin"
    inverters: tuple[Inverter, ...] = ()
    chargers: tuple[Charger, ...] = ()
    habits: Habits = Habits()
    age_years: float = 1.6  # how long the counters ran before the world began
    seed: int = 0  # added to the world's seed

    @property
    def batteries(self) -> tuple[Battery, ...]:
        """All batteries, in the order of their inverters."""
        return tuple(one.battery for one in self.inverters if one.battery)

    @property
    def peak_w(self) -> float:
        """All modules together."""
        return sum(array.peak_w for one in self.inverters for array in one.arrays)


@dataclass(frozen=True, kw_only=True)
class ChargerControls:
    """How a charger is told to behave."""

    mode: str = "fast"  # stop, fast, eco, green
    limit_a: float = 16.0
    gear_a: float = 6.0
    paused: bool = False
    plugged: bool | None = None  # None: the commuter's habits decide
    car_needs_kwh: float = 15.0  # for a car plugged in by hand


@dataclass(frozen=True, kw_only=True)
class Controls:
    """Everything somebody can change while the world runs."""

    load_w: float | None = None  # instead of the household's habits
    clearness: float | None = None  # instead of the weather; 0 is darkness
    min_soc: float = 0.10
    max_soc: float = 1.0
    battery_w: float | None = None  # forced, positive discharges
    export_limit_w: float | None = None
    charge_w: float | None = None  # instead of the battery's own limit
    discharge_w: float | None = None
    power_share: float = 1.0  # of the inverters' rated power
    stopped: frozenset[str] = frozenset()  # inverters that do not work
    chargers: dict[str, ChargerControls] = field(default_factory=dict)

    def charger(self, charger_id: str) -> ChargerControls:
        """Return what one charger was told."""
        return self.chargers.get(charger_id, _UNTOLD)


_UNTOLD = ChargerControls()

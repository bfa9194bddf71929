"""What a site looked like at one instant, in words that every vendor can use."""

from dataclasses import dataclass

from .charging import Plug, Session, status
from .segment import LEVEL, Moment
from .spec import Battery, Charger, Controls, Inverter, SiteSpec


@dataclass(frozen=True)
class Energies:
    """Lifetime energies of a whole site in kWh."""

    pv: float
    load: float
    grid_import: float
    grid_export: float
    battery_charge: float
    battery_discharge: float
    charger: float
    loss: float

    @property
    def balance(self) -> float:
        """What came minus what went; zero but for rounding."""
        came = self.pv + self.grid_import + self.battery_discharge
        went = (
            self.load
            + self.charger
            + self.grid_export
            + self.battery_charge
            + self.loss
        )
        return came - went

    def since(self, earlier: Energies) -> Energies:
        """Return what was added since an earlier instant."""
        return Energies(
            self.pv - earlier.pv,
            self.load - earlier.load,
            self.grid_import - earlier.grid_import,
            self.grid_export - earlier.grid_export,
            self.battery_charge - earlier.battery_charge,
            self.battery_discharge - earlier.battery_discharge,
            self.charger - earlier.charger,
            self.loss - earlier.loss,
        )


@dataclass(frozen=True)
class Powers:
    """Powers of a whole site in watts, positive towards the house."""

    pv: float
    load: float
    grid: float
    battery: float
    charger: float


@dataclass(frozen=True)
class InverterSample:
    """One inverter: trackers in their order, alternating current side with its sign."""

    spec: Inverter
    running: bool
    array_w: tuple[float, ...]
    array_kwh: tuple[float, ...]
    ac_w: float  # positive to the house, negative when it charges from the grid
    ac_out_kwh: float
    ac_in_kwh: float

    @property
    def pv_w(self) -> float:
        """Power of all modules."""
        return sum(self.array_w)

    @property
    def pv_kwh(self) -> float:
        """Energy of all modules."""
        return sum(self.array_kwh)


@dataclass(frozen=True)
class BatterySample:
    """One battery."""

    spec: Battery
    stored_kwh: float
    watts: float  # positive when it discharges
    charge_kwh: float
    discharge_kwh: float

    @property
    def soc(self) -> float:
        """State of charge between 0 and 1."""
        return self.stored_kwh / self.spec.capacity_kwh

    @property
    def cycles(self) -> int:
        """Full discharges so far."""
        return int(self.discharge_kwh / self.spec.capacity_kwh)


@dataclass(frozen=True)
class ChargerSample:
    """One charger and its newest session."""

    spec: Charger
    mode: str
    status: str  # see charging.status
    watts: float
    total_kwh: float
    session_since: float | None
    session_kwh: float
    session_seconds: float

    @property
    def amps(self) -> float:
        """Current per phase in use."""
        return self.watts / (230.0 * self.spec.phases)


class Sample:
    """Everything about one site at one instant."""

    def __init__(self, spec: SiteSpec, moment: Moment, controls: Controls) -> None:
        """Look through a moment with the knowledge of what stood there then."""
        self.spec = spec
        self.controls = controls
        self._moment = moment

    @property
    def at(self) -> float:
        """The instant, in seconds since 1970."""
        return self._moment.at

    @property
    def energies(self) -> Energies:
        """The exact lifetime energies."""
        counter, counters = self._moment.counter, self._moment.counters
        return Energies(
            pv=counters("pv."),
            load=counter("load"),
            grid_import=counter("import"),
            grid_export=counter("export"),
            battery_charge=counters("charge."),
            battery_discharge=counters("discharge."),
            charger=counters("charger."),
            loss=counter("loss"),
        )

    @property
    def powers(self) -> Powers:
        """The powers at this instant."""
        watts = self._moment.watts
        return Powers(
            pv=sum(one.pv_w for one in self.inverters),
            load=watts("load"),
            grid=watts("import") - watts("export"),
            battery=sum(one.watts for one in self.batteries),
            charger=sum(one.watts for one in self.chargers),
        )

    @property
    def inverters(self) -> list[InverterSample]:
        """All inverters."""
        return [self.inverter(one.id) for one in self.spec.inverters]

    @property
    def batteries(self) -> list[BatterySample]:
        """All batteries."""
        return [self.battery(one.id) for one in self.spec.batteries]

    @property
    def chargers(self) -> list[ChargerSample]:
        """All chargers."""
        return [self.charger(one.id) for one in self.spec.chargers]

    def has(self, device_id: str) -> bool:
        """Say whether a device stood there then."""
        spec = self.spec
        names = [one.id for one in spec.inverters] + [one.id for one in spec.batteries]
        return device_id in names or any(one.id == device_id for one in spec.chargers)

    def counter(self, name: str) -> float:
        """Return a running sum by its name (see engine.column_names); 0 if it never was."""
        return self._moment.counter(name)

    def inverter(self, inverter_id: str) -> InverterSample:
        """Look at one inverter."""
        spec = next(one for one in self.spec.inverters if one.id == inverter_id)
        moment = self._moment
        names = [f"pv.{inverter_id}.{number}" for number in range(len(spec.arrays))]
        return InverterSample(
            spec,
            inverter_id not in self.controls.stopped,
            tuple(moment.watts(name) for name in names),
            tuple(moment.counter(name) for name in names),
            moment.watts(f"ac_out.{inverter_id}")
            - moment.watts(f"ac_in.{inverter_id}"),
            moment.counter(f"ac_out.{inverter_id}"),
            moment.counter(f"ac_in.{inverter_id}"),
        )

    def battery(self, battery_id: str) -> BatterySample:
        """Look at one battery."""
        spec = next(one for one in self.spec.batteries if one.id == battery_id)
        moment = self._moment
        charge, discharge = f"charge.{battery_id}", f"discharge.{battery_id}"
        return BatterySample(
            spec,
            moment.sum(f"{LEVEL}{battery_id}"),
            moment.watts(discharge) - moment.watts(charge),
            moment.counter(charge),
            moment.counter(discharge),
        )

    def charger(self, charger_id: str) -> ChargerSample:
        """Look at one charger."""
        spec = next(one for one in self.spec.chargers if one.id == charger_id)
        moment = self._moment
        name = f"charger.{charger_id}"
        drawn, charged = moment.sum(name), moment.sum(f"charging_s.{charger_id}")
        plug, session = self._socket(charger_id)
        told = self.controls.charger(charger_id)
        watts = moment.watts(name)
        return ChargerSample(
            spec,
            told.mode,
            status(plug, session, told, watts, drawn),
            watts,
            moment.counter(name),
            session.since if session else None,
            drawn - session.energy if session else 0.0,
            charged - session.seconds if session else 0.0,
        )

    def _socket(self, charger_id: str) -> tuple[Plug | None, Session | None]:
        socket = self._moment.socket(charger_id)
        if socket is None:
            return None, None
        return socket.plug.at(self.at), socket.session.at(self.at)

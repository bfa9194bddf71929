"""Cars and wall boxes: who is plugged in, how much flows, and what that is called."""

from dataclasses import dataclass, replace

from .household import LocalTime
from .noise import chance, seed_of
from .spec import Charger, ChargerControls
from .timed import Timed

_VOLTS = 230.0
_TAPER_KWH = 4.0  # a nearly full car takes less and less
_FULL_KWH = 0.01
_BUCKET = 300.0


@dataclass(frozen=True)
class Plug:
    """A car at the socket; energies count from the start of the segment."""

    since: float
    needs_kwh: float
    energy: float


@dataclass(frozen=True)
class Session:
    """One charge, from the first flow of current."""

    since: float
    energy: float
    seconds: float


class Socket:
    """What happened at one charger."""

    def __init__(
        self, plug: Plug | None = None, session: Session | None = None
    ) -> None:
        """Begin with what is already there."""
        self.plug: Timed[Plug | None] = Timed(plug)
        self.session: Timed[Session | None] = Timed(session)

    def cut(self, at: float) -> None:
        """Forget what happened at this instant or later."""
        self.plug.cut(at)
        self.session.cut(at)

    def handed_over(self, energy: float, seconds: float) -> Socket:
        """Return the same situation for a segment whose counters begin at zero."""
        plug, session = self.plug.latest, self.session.latest
        return Socket(
            plug and replace(plug, energy=plug.energy - energy),
            session
            and replace(
                session,
                energy=session.energy - energy,
                seconds=session.seconds - seconds,
            ),
        )


class Commuter:
    """A car that is away by day and comes home to charge most evenings."""

    def __init__(self, seed: int, local: LocalTime) -> None:
        """Give a seed's habits to a driver who lives by local time."""
        self._seed = seed_of(seed, "commuter")
        self._local = local
        self._bucket: float | None = None
        self._needs: float | None = None

    def needs_kwh(self, at: float) -> float | None:
        """Return what the car at home came home for; None while it is away."""
        bucket = at // _BUCKET
        if bucket != self._bucket:
            self._bucket = bucket
            self._needs = self._look(bucket * _BUCKET)
        return self._needs

    def _look(self, at: float) -> float | None:
        day, second = self._local.clock(at)
        if second >= self._arrives(day):
            return self._evening(day)
        if second < self._leaves(day):
            return self._evening(day - 1)
        return None

    def _arrives(self, day: int) -> float:
        return (17.0 + 2.5 * chance(self._seed, 3 * day)) * 3600

    def _leaves(self, day: int) -> float:
        return (6.5 + 1.5 * chance(self._seed, 3 * day + 1)) * 3600

    def _evening(self, day: int) -> float | None:
        mood = chance(self._seed, 3 * day + 2)
        return None if mood < 0.3 else 5.0 + 16.0 * (mood - 0.3)


class WallBox:
    """One charger at work."""

    def __init__(
        self, spec: Charger, socket: Socket, commuter: Commuter | None
    ) -> None:
        """Serve a socket; without a commuter cars are plugged in by hand only."""
        self._spec = spec
        self._socket = socket
        self._commuter = commuter

    def draw_w(
        self,
        at: float,
        told: ChargerControls,
        surplus_w: float,
        energy: float,
        charged: float,
    ) -> float:
        """Return the charging power from an instant on, noting plugs and sessions."""
        plug = self._watch(at, told, energy)
        if plug is None:
            return 0.0
        missing = plug.needs_kwh - (energy - plug.energy)
        if missing <= _FULL_KWH or told.paused:
            return 0.0
        per_amp = _VOLTS * self._spec.phases
        amps = min(_allowed_a(told, surplus_w / per_amp), self._spec.rated_w / per_amp)
        if amps <= 0.0:
            return 0.0
        session = self._socket.session.latest
        if session is None or session.since < plug.since:
            self._socket.session.set(at, Session(at, energy, charged))
        return amps * per_amp * min(1.0, max(0.1, missing / _TAPER_KWH))

    def _watch(self, at: float, told: ChargerControls, energy: float) -> Plug | None:
        plug = self._socket.plug.latest
        needs = self._car(at, told)
        if needs is None:
            if plug is not None:
                self._socket.plug.set(at, None)
            return None
        if plug is None:
            plug = Plug(at, needs, energy)
            self._socket.plug.set(at, plug)
        return plug

    def _car(self, at: float, told: ChargerControls) -> float | None:
        if told.plugged is not None:
            return told.car_needs_kwh if told.plugged else None
        return self._commuter.needs_kwh(at) if self._commuter else None


def _allowed_a(told: ChargerControls, surplus_a: float) -> float:
    if told.mode == "fast":
        return told.limit_a
    if told.mode == "eco":
        return min(told.limit_a, max(told.gear_a, surplus_a))
    if told.mode == "green" and surplus_a >= told.gear_a:
        return min(told.limit_a, surplus_a)
    return 0.0


def status(
    plug: Plug | None,
    session: Session | None,
    told: ChargerControls,
    watts: float,
    energy: float,
) -> str:
    """Name the situation: available, preparing, charging, full, stopped, paused or waiting."""
    if plug is None:
        return "available"
    if watts > 0.0:
        return "charging"
    if plug.needs_kwh - (energy - plug.energy) <= _FULL_KWH:
        return "full"
    if session is None or session.since < plug.since:
        return "preparing"
    if told.mode == "stop":
        return "stopped"
    return "paused" if told.paused else "waiting"

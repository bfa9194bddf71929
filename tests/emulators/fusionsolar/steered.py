"""What a plant was told, and what it makes of its site."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ..world import Battery
from .plant import Plant

SELF_CONSUMPTION, TOU = "maximumSelfConsumption", "TOU"
FULLY_FED, THIRD_PARTY = "fullyFidToGrid", "thirdPartyDispatch"
MODELS = {SELF_CONSUMPTION: 4.0, FULLY_FED: 5.0, TOU: 6.0, THIRD_PARTY: 12.0}
FORCED = 1.0
TIMES = "chargingAndDischargingTimeWindow"


@dataclass
class Forced:
    """A forced charge or discharge under way."""

    watts: float  # positive discharges
    since: float
    until: float | None = None
    target_soc: float | None = None


@dataclass
class SteeredPlant:
    """One plant's settings."""

    plant: Plant
    mode: str = SELF_CONSUMPTION
    times: dict[str, Any] | None = None
    parameters: dict[str, float] = field(
        default_factory=lambda: {"endOfChargeSoc": 100.0, "endOfDischargeSoc": 10.0}
    )
    limit_kw: float | None = None
    limitation: str = "totalPower"
    grid_mode: str | None = None  # reported instead of what limit_kw says
    forced: Forced | None = None
    setpoint: float = 0.0  # W, positive charges
    steered_at: float = 0.0
    said: list[tuple[float, tuple[dict[str, Any], dict[str, Any]]]] = field(
        default_factory=list
    )
    """From when on what was answered about its mode and its feed-in."""

    @property
    def battery(self) -> Battery | None:
        """The plant's battery."""
        return next(iter(self.plant.site.spec.batteries), None)

    def clamp(self, parameters: Mapping[str, float]) -> dict[str, float]:
        """Return parameters as the device takes them: no power beyond its own."""
        battery = self.battery
        most = {
            "maximumChargePower": battery.charge_w if battery else 0.0,
            "maximumDischargePower": battery.discharge_w if battery else 0.0,
        }
        return {
            name: min(value, most.get(name, value))
            for name, value in parameters.items()
        }

    def note(self, at: float) -> None:
        """Remember what is answered from an instant on."""
        self.said.append((at, (self.configuration(), self.grid_configuration())))

    def answer(self, which: int, at: float, lag: float) -> dict[str, Any]:
        """Return what is answered about its mode (0) or its feed-in (1), which may be what it was a while ago."""
        then = (said for since, said in reversed(self.said) if since <= at - lag)
        now = (self.configuration(), self.grid_configuration())
        return (next(then, now) if lag else now)[which]

    def configuration(self) -> dict[str, Any]:
        """Answer the question about the mode."""
        return {
            "plantCode": self.plant.code,
            "operationMode": self.mode,
            "touOperationModeParamDetail": self.times if self.mode == TOU else None,
        }

    def grid_configuration(self) -> dict[str, Any]:
        """Answer the question about the feed-in."""
        answer: dict[str, Any] = {
            "plantCode": self.plant.code,
            "controlMode": self.grid_mode or "noLimit",
            "zeroExportLimitationParam": None,
            "limitedPowerGridValueParam": None,
            "limitedPowerGridPercentParam": None,
        }
        if self.limit_kw is not None:
            answer["controlMode"] = "limitedPowerGridKW"
            answer["limitedPowerGridValueParam"] = {
                "limitationMode": self.limitation,
                "maxGridFeedInPowerValue": self.limit_kw,
            }
        return answer

    # Time

    def catch_up(self, now: float) -> None:
        """Let what was due since the last look happen, in its order."""
        at = self.steered_at
        while (due := min(self._edges(at, now), default=None)) is not None:
            if self.forced and self.forced.until is not None:
                self.forced = None if due >= self.forced.until else self.forced
            self.steer(due)
            at = due
        if self.reached(now):
            self.forced = None
            self.steer(now)

    def _edges(self, after: float, now: float) -> Iterator[float]:
        if self.forced and self.forced.until and after < self.forced.until <= now:
            yield self.forced.until
        if self.mode != TOU or self.times is None:
            return
        midnight = self.plant.site.local.at(after).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        for window in self.times[TIMES]:
            for name in ("startTime", "endTime"):
                hours, minutes = map(int, window[name].split(":"))
                for day in (0, 1):
                    edge = midnight + timedelta(days=day, hours=hours, minutes=minutes)
                    if after < edge.timestamp() <= now:
                        yield edge.timestamp()

    def reached(self, at: float) -> bool:
        """Say whether a forced mode has met its target."""
        forced, battery = self.forced, self.battery
        if forced is None or forced.target_soc is None or battery is None:
            return False
        soc = 100 * self.plant.site.sample(at).battery(battery.id).soc
        if forced.watts < 0:
            return soc >= forced.target_soc - 0.1
        return soc <= forced.target_soc + 0.1

    # Effects

    def steer(self, at: float) -> None:
        """Set the world to what holds from an instant on."""
        self.steered_at = at
        low = self.parameters["endOfDischargeSoc"] / 100
        high = self.parameters["endOfChargeSoc"] / 100
        watts: float | None = None
        if self.forced:
            watts = self.forced.watts
            if self.forced.target_soc is not None:
                target = self.forced.target_soc / 100
                low, high = (low, target) if watts < 0 else (target, high)
        elif self.mode == FULLY_FED:
            high = 0.0
        elif self.mode == THIRD_PARTY:
            watts = -self.setpoint
        elif self.mode == TOU and self._charges(at) and self.times:
            grid = 1000 * float(self.times["allowedAcChargePower"])
            low, watts = 1.0, -grid if grid else None
        self.plant.model.set(at, FORCED if self.forced else MODELS[self.mode])
        limit = None if self.limit_kw is None else 1000 * self.limit_kw
        self.plant.site.change(
            since=at,
            battery_w=watts,
            min_soc=low,
            max_soc=high,
            export_limit_w=0.0 if self.grid_mode == "zeroExportLimitation" else limit,
            charge_w=self.parameters.get("maximumChargePower"),
            discharge_w=self.parameters.get("maximumDischargePower"),
        )

    def _charges(self, at: float) -> bool:
        local = self.plant.site.local.at(at + 1)
        clock, day = local.strftime("%H:%M"), local.isoweekday()
        return any(
            window["chargeOrDischarge"] == "charge"
            and day in window["repeat"]
            and window["startTime"] <= clock < window["endTime"]
            for window in (self.times or {}).get(TIMES, ())
        )

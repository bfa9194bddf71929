"""Which settings each plant has, within which limits, and why it lacks the others (fusionsolar.md §11)."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from ...control import (
    Capabilities,
    ChargeBattery,
    Control,
    ControlAction,
    ControlSpec,
    DischargeBattery,
    SetBatterySchedule,
    SetWorkMode,
    StopBattery,
)
from ...model import Inventory
from ...states import BatteryMode
from ..sources import PlantHardware
from .state import ControlStates, PlantControlState

SCOPE: Final = "pvms.openapi.control"
SETTLE: Final = 30.0
"""Seconds. A read-back counts as soon as its task is over: until then nothing is said about the setting."""
USUAL_WATTS: Final = 5000.0
"""What batteries are taken to be capable of until they have said so."""
LEAST_MAX_SOC: Final = 90.0
MOST_MIN_SOC: Final = 20.0
CHARGE: Final = "charge"
DISCHARGE: Final = "discharge"

SELF_CONSUMPTION: Final = "maximumSelfConsumption"
TIME_OF_USE: Final = "TOU"
THIRD_PARTY: Final = "thirdPartyDispatch"
MODES: Final = {
    SELF_CONSUMPTION: str(BatteryMode.SELF_CONSUMPTION),
    TIME_OF_USE: str(BatteryMode.TIME_OF_USE),
    "fullyFidToGrid": "fully_fed_to_grid",
    "fullyFedToGrid": "fully_fed_to_grid",
    THIRD_PARTY: str(BatteryMode.EXTERNAL_CONTROL),
}
"""The vendor's words; of one mode two spellings are about."""
USUAL_MODES: Final = (SELF_CONSUMPTION, TIME_OF_USE)
SURPLUS: Final = {"charge": "chargePreference", "feed_in": "fedToGridPreference"}

BATTERY_CONTROLS: Final = (
    Control.WORK_MODE,
    Control.SURPLUS_PRIORITY,
    Control.GRID_CHARGE_POWER_LIMIT,
    Control.BATTERY_MIN_SOC,
    Control.BATTERY_MAX_SOC,
    Control.BATTERY_CHARGE_POWER_LIMIT,
    Control.BATTERY_DISCHARGE_POWER_LIMIT,
    Control.STOP_FORCED_CHARGE,
)
BATTERY_ORDERS: Final[tuple[type[ControlAction], ...]] = (
    ChargeBattery,
    DischargeBattery,
    StopBattery,
    SetWorkMode,
    SetBatterySchedule,
)


def words(known: PlantControlState) -> dict[str, str]:
    """Return the modes a plant can be set to, by our word: two that all take, and those it was seen in."""
    found = {MODES[word]: word for word in USUAL_MODES}
    return found | {MODES[word]: word for word in known.modes if word in MODES}


def highest_power(known: PlantControlState, direction: str) -> float:
    """Return the most W a plant's batteries take or give."""
    return known.highest.get(direction, USUAL_WATTS)


def _number(
    control: Control,
    minimum: float,
    maximum: float,
    step: float,
    *,
    reads_back: bool = False,
    rare: bool = False,
) -> ControlSpec:
    return ControlSpec(
        control=control,
        minimum=minimum,
        maximum=maximum,
        step=step,
        reads_back=reads_back,
        settle=SETTLE,
        rare=rare,
    )


def _other(
    control: Control, *options: str, reads_back: bool = True, rare: bool = False
) -> ControlSpec:
    return ControlSpec(
        control=control,
        options=options,
        reads_back=reads_back,
        settle=SETTLE,
        rare=rare,
    )


@dataclass(slots=True)
class _FusionSolarOffer:
    """What one plant gets."""

    specs: list[ControlSpec] = field(default_factory=list)
    orders: set[type[ControlAction]] = field(default_factory=set)
    unavailable_reasons: dict[str, str] = field(default_factory=dict)

    def withhold(self, reason: str, *what: str) -> None:
        self.unavailable_reasons |= dict.fromkeys(what, reason)


class FusionSolarControlCatalog:
    """Decides by permission, by what plants answered, and by their hardware."""

    def __init__(
        self, scope: Collection[str] | None, memory: ControlStates, *, owner: bool
    ) -> None:
        """Know what was granted; ``None`` when the cloud did not say. An API account's permission shows in an answer only."""
        self._granted: Final = scope is None or SCOPE in scope
        self._memory: Final = memory
        self._owner: Final = owner

    def available(self, inventory: Inventory) -> Capabilities:
        """Describe all plants."""
        offers = {
            plant_id: self._offer(PlantHardware.of(plant_id, inventory))
            for plant_id in inventory.plants
        }
        return Capabilities(
            {key: tuple(offer.specs) for key, offer in offers.items()},
            {key: frozenset(offer.orders) for key, offer in offers.items()},
            {
                key: offer.unavailable_reasons
                for key, offer in offers.items()
                if offer.unavailable_reasons
            },
        )

    def _offer(self, house: PlantHardware) -> _FusionSolarOffer:
        offer = _FusionSolarOffer()
        known = self._memory.plant(house.plant.id)
        if not self._granted:
            offer.withhold("no_permission", "all")
        elif known.refused is not None:
            offer.withhold(known.refused, "all")
        elif not (self._owner or known.answered):
            offer.withhold("not_proven", "all")
        else:
            self._battery(house, known, offer)
            self._grid(house, offer)
        return offer

    def _battery(
        self, house: PlantHardware, known: PlantControlState, offer: _FusionSolarOffer
    ) -> None:
        if not house.batteries:
            names = (order.__name__ for order in BATTERY_ORDERS)
            offer.withhold("no_battery", *map(str, BATTERY_CONTROLS), *names)
            return
        offer.orders.update(BATTERY_ORDERS)
        offer.specs += [
            _other(Control.WORK_MODE, *words(known)),
            _other(Control.SURPLUS_PRIORITY, *SURPLUS, rare=True),
            _other(Control.STOP_FORCED_CHARGE, reads_back=False),
            _number(Control.BATTERY_MIN_SOC, 0.0, MOST_MIN_SOC, 1.0),
            _number(Control.BATTERY_MAX_SOC, LEAST_MAX_SOC, 100.0, 1.0),
            _number(
                Control.BATTERY_CHARGE_POWER_LIMIT,
                0.0,
                highest_power(known, CHARGE),
                50.0,
                rare=True,
            ),
            _number(
                Control.BATTERY_DISCHARGE_POWER_LIMIT,
                0.0,
                highest_power(known, DISCHARGE),
                50.0,
                rare=True,
            ),
        ]
        if (most := house.most_grid_charge) is None:
            offer.withhold("no_rating", str(Control.GRID_CHARGE_POWER_LIMIT))
        else:
            offer.specs.append(
                _number(
                    Control.GRID_CHARGE_POWER_LIMIT,
                    0.0,
                    most,
                    100.0,
                    reads_back=True,
                    rare=True,
                )
            )

    @staticmethod
    def _grid(house: PlantHardware, offer: _FusionSolarOffer) -> None:
        """Off by default: a grid operator or a contract may ask for the limit that is set."""
        if (most := house.most_export) is None:
            offer.withhold(
                "no_rating", Control.EXPORT_LIMIT, Control.EXPORT_LIMIT_ENABLED
            )
            return
        offer.specs += [
            _number(Control.EXPORT_LIMIT, 0.0, most, 100.0, reads_back=True, rare=True),
            _other(Control.EXPORT_LIMIT_ENABLED, rare=True),
        ]

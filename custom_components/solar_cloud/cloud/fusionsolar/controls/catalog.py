"""Which settings each plant has, within which limits, and why it lacks the others (fusionsolar.md §11)."""

from collections.abc import Collection
from functools import partial
from typing import Final

from ...control import (
    Capabilities,
    ChargeBattery,
    ChargeBatteryFromSun,
    Control,
    ControlAction,
    ControlSpec,
    DischargeBattery,
    HoldBattery,
    SetBatterySchedule,
    SetWorkMode,
    StopBattery,
)
from ...control_kit import DeviceOffer, capabilities, offer_battery_modes
from ...model import Inventory
from ...states import BatteryMode
from ..sources import PlantHardware
from .state import MODE, ControlStates, PlantControlState

SCOPE: Final = "pvms.openapi.control"
SETTLE: Final = 30.0
"""Seconds. A read-back counts as soon as its task is over: until then the setting is not reported."""
USUAL_WATTS: Final = 5000.0
"""What batteries are taken to be capable of until they have reported it."""
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
"""The vendor's names; of one mode there are two spellings."""
USUAL_MODES: Final = (SELF_CONSUMPTION, TIME_OF_USE)
SURPLUS: Final = {"charge": "chargePreference", "feed_in": "fedToGridPreference"}

LIMITED: Final = "limited"
"""The way to keep batteries from discharging: a limit of 0 W (fusionsolar.md §4.4)."""
WITHOUT_DISCHARGE: Final = (HoldBattery, ChargeBatteryFromSun)

BATTERY_CONTROLS: Final = (
    Control.BATTERY_MODE,
    Control.WORK_MODE,
    Control.SURPLUS_PRIORITY,
    Control.GRID_CHARGE_POWER_LIMIT,
    Control.BATTERY_MIN_SOC,
    Control.BATTERY_MAX_SOC,
    Control.BATTERY_CHARGE_POWER_LIMIT,
    Control.BATTERY_DISCHARGE_POWER_LIMIT,
    Control.STOP_FORCED_CHARGE,
)
BATTERY_ACTIONS: Final[tuple[type[ControlAction], ...]] = (
    ChargeBattery,
    DischargeBattery,
    StopBattery,
    SetWorkMode,
    SetBatterySchedule,
)


def why_not(
    action: type[ControlAction], known: PlantControlState, *, refused: bool
) -> str | None:
    """Say why a plant is not offered a mode in which its batteries give nothing, ``None`` when it is."""
    told = known.value(Control.BATTERY_DISCHARGE_POWER_LIMIT)
    if told is None and DISCHARGE not in known.highest:
        return "not_read_yet"  # nobody knows which limit to set back
    match known.mode.get(MODE):
        case None:
            return "not_read_yet"
        case mode if refused or mode == THIRD_PARTY:
            return "not_supported"
        case mode if action is ChargeBatteryFromSun and mode not in USUAL_MODES:
            return "not_supported"  # the sun goes to the grid first
    return None


def offered_modes(known: PlantControlState) -> dict[str, str]:
    """Return the vendor's names of the modes a plant can be set to, by ours: two that all take, and those it was seen in."""
    found = {MODES[mode]: mode for mode in USUAL_MODES}
    return found | {MODES[mode]: mode for mode in known.modes if mode in MODES}


def highest_power(known: PlantControlState, direction: str) -> float:
    """Return the most W a plant's batteries take or give."""
    return known.highest.get(direction, USUAL_WATTS)


_spec = partial(ControlSpec, settle=SETTLE)


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
        return capabilities(
            {
                plant_id: self._offer(PlantHardware.of(plant_id, inventory))
                for plant_id in inventory.plants
            }
        )

    def _offer(self, house: PlantHardware) -> DeviceOffer:
        offer = DeviceOffer()
        known = self._memory.of(house.plant.id)
        if not self._granted:
            offer.withhold("no_permission")
        elif known.refused is not None:
            offer.withhold(known.refused)
        elif not (self._owner or known.answered):
            offer.withhold("not_proven")
        else:
            refused = self._memory.lacks(house.plant.id, LIMITED)
            self._battery(house, known, offer, refused=refused)
            self._grid(house, offer)
        return offer

    @staticmethod
    def _battery(
        house: PlantHardware,
        known: PlantControlState,
        offer: DeviceOffer,
        *,
        refused: bool,
    ) -> None:
        if not house.batteries:
            actions = (*BATTERY_ACTIONS, *WITHOUT_DISCHARGE)
            offer.withhold("no_battery", *BATTERY_CONTROLS, *actions)
            return
        offer.actions.update(BATTERY_ACTIONS)
        for action in WITHOUT_DISCHARGE:
            if reason := why_not(action, known, refused=refused):
                offer.withhold(reason, action)
            else:
                offer.actions.add(action)
        told = partial(_spec, reads_back=False)
        offer.specs += [
            _spec(Control.WORK_MODE, options=(*offered_modes(known),)),
            _spec(Control.SURPLUS_PRIORITY, options=(*SURPLUS,)),
            told(Control.STOP_FORCED_CHARGE),
            told(Control.BATTERY_MIN_SOC, maximum=MOST_MIN_SOC),
            told(Control.BATTERY_MAX_SOC, minimum=LEAST_MAX_SOC, maximum=100.0),
            *(
                told(
                    control,
                    maximum=highest_power(known, way),
                    step=50.0,
                )
                for control, way in (
                    (Control.BATTERY_CHARGE_POWER_LIMIT, CHARGE),
                    (Control.BATTERY_DISCHARGE_POWER_LIMIT, DISCHARGE),
                )
            ),
        ]
        powers = [highest_power(known, way) for way in (CHARGE, DISCHARGE)]
        offer_battery_modes(offer, max(powers), SETTLE)
        limit = Control.GRID_CHARGE_POWER_LIMIT
        if (most := house.most_grid_charge) is None:
            offer.withhold("no_rating", limit)
        else:
            offer.specs.append(_spec(limit, maximum=most, step=100.0))

    @staticmethod
    def _grid(house: PlantHardware, offer: DeviceOffer) -> None:
        limit, switch = Control.EXPORT_LIMIT, Control.EXPORT_LIMIT_ENABLED
        if (most := house.most_export) is None:
            offer.withhold("no_rating", limit, switch)
        else:
            offer.specs += [
                _spec(limit, maximum=most, step=100.0),
                _spec(switch),
            ]

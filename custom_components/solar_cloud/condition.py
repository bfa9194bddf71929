"""Conditions: whether there is surplus, how full the battery is, whether a device is silent or a forced mode on."""

from abc import abstractmethod
from collections.abc import Callable, Iterator
import operator
from typing import Any, ClassVar, Final, Unpack, override

import voluptuous as vol

from homeassistant.const import CONF_FOR, CONF_MODE
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.condition import (
    ATTR_BEHAVIOR,
    BEHAVIOR_ALL,
    BEHAVIOR_ANY,
    Condition,
    ConditionCheckParams,
    ConditionConfig,
)
from homeassistant.helpers.target import TargetSelection
from homeassistant.helpers.typing import ConfigType
from homeassistant.util import dt as dt_util

from . import watch
from .watch import CONF_LEVEL, SurplusWatch, Watch

BEHAVIOR: Final[dict[vol.Marker, Any]] = {
    vol.Optional(ATTR_BEHAVIOR, default=BEHAVIOR_ANY): vol.In(
        (BEHAVIOR_ANY, BEHAVIOR_ALL)
    )
}


class SolarCloudCondition(Condition):
    """A condition about plants and devices of ours; whatever is not known counts for nothing."""

    _schema: ClassVar[vol.Schema]

    @override
    @classmethod
    async def async_validate_config(
        cls, hass: HomeAssistant, config: ConfigType
    ) -> ConfigType:
        """Validate what was chosen."""
        validated: ConfigType = cls._schema(config)
        return validated

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Be about what was chosen."""
        super().__init__(hass, config)
        self._selection: Final = TargetSelection(config.target or {})
        self._options: Final = config.options or {}

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        """Whether it holds for any or for all of which it is known."""
        known = list(self._answers())
        if self._options[ATTR_BEHAVIOR] == BEHAVIOR_ALL:
            return bool(known) and all(known)
        return any(known)

    @abstractmethod
    def _answers(self) -> Iterator[bool]:
        """Yield for each plant or device of which it is known whether it holds."""


class SurplusCondition(SolarCloudCondition):
    """The surplus of a plant has been beyond a power for a time."""

    _schema = watch.schema({**BEHAVIOR, **watch.SURPLUS_OPTIONS})
    _meets: ClassVar[Callable[[float, float], bool]]

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Compare with the power that was chosen."""
        super().__init__(hass, config)
        self._watch: Final = SurplusWatch(self._options, type(self)._meets)  # noqa: SLF001
        self._stop: CALLBACK_TYPE | None = None

    @override
    async def _async_setup(self) -> None:
        """Follow the uploads, if it is to have lasted."""
        if self._options[CONF_FOR]:
            self._stop = Watch(self._hass, self._look).start()

    @override
    def _async_unload(self) -> None:
        if self._stop is not None:
            self._stop()
        self._stop = None

    @callback
    def _look(self) -> None:
        for _ in self._answers():
            pass

    @override
    def _answers(self) -> Iterator[bool]:
        for plant in watch.plants(self._hass, self._selection):
            told, _, lasted = self._watch.look(plant)
            if told is not None:
                yield lasted


class SurplusIsAbove(SurplusCondition):
    """There is enough to spare."""

    _meets = operator.gt


class SurplusIsBelow(SurplusCondition):
    """There is not enough to spare."""

    _meets = operator.lt


class BatteryCondition(SolarCloudCondition):
    """The state of charge is beyond a level."""

    _schema = watch.schema(
        {**BEHAVIOR, vol.Required(CONF_LEVEL): watch.PERCENTAGE_OPTION}
    )
    _meets: ClassVar[Callable[[float, float], bool]]

    @override
    def _answers(self) -> Iterator[bool]:
        meets = type(self)._meets  # noqa: SLF001
        for owner in watch.distinct(self._hass, self._selection):
            if (soc := watch.state_of_charge(owner)) is not None:
                yield meets(soc, self._options[CONF_LEVEL])


class BatteryIsAbove(BatteryCondition):
    """The battery is fuller."""

    _meets = operator.gt


class BatteryIsBelow(BatteryCondition):
    """The battery is emptier."""

    _meets = operator.lt


class DeviceIsSilent(SolarCloudCondition):
    """Nothing has been heard of a plant or device for a time."""

    _schema = watch.schema({**BEHAVIOR, **watch.SILENT_OPTIONS})

    @override
    def _answers(self) -> Iterator[bool]:
        for owner in watch.chosen(self._hass, self._selection):
            if (heard := watch.is_heard(owner)) is None:
                continue
            lasted = self._options[CONF_FOR]
            yield not heard and watch.silent_since(owner) + lasted <= dt_util.utcnow()


class ForcedModeIsOn(SolarCloudCondition):
    """A forced mode is on, of those that were chosen."""

    _schema = watch.schema({**BEHAVIOR, **watch.MODE_OPTIONS})

    @override
    def _answers(self) -> Iterator[bool]:
        wanted = self._options[CONF_MODE]
        for owner in watch.steered(self._hass, self._selection):
            mode = watch.forced_mode(owner)
            yield mode is not None and (not wanted or mode in wanted)


CONDITIONS: Final[dict[str, type[Condition]]] = {
    "battery_is_above": BatteryIsAbove,
    "battery_is_below": BatteryIsBelow,
    "device_is_silent": DeviceIsSilent,
    "forced_mode_is_on": ForcedModeIsOn,
    "surplus_is_above": SurplusIsAbove,
    "surplus_is_below": SurplusIsBelow,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions by their keys."""
    return CONDITIONS

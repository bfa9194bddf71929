"""Triggers: a surplus that lasts, a state of charge that is reached, a device that falls silent, forced modes and alarms."""

from abc import abstractmethod
from collections.abc import Callable
from datetime import timedelta
import operator
from typing import Any, ClassVar, Final, override

import voluptuous as vol

from homeassistant.const import ATTR_DEVICE_ID, CONF_FOR, CONF_MODE
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.target import TargetSelection
from homeassistant.helpers.trigger import (
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType
from homeassistant.util import dt as dt_util

from . import watch
from .cloud.model import RANKS, AlarmLevel
from .event import ATTR_ABOUT, ATTR_NEWS, EVENT_ALARM
from .pipeline.alarms import AlarmNews
from .watch import CONF_LEVEL, CONF_POWER, Owner, SurplusWatch, Watch

CONF_DIRECTION: Final = "direction"
CONF_LEAST: Final = "least_level"
RISING: Final = "rising"
FALLING: Final = "falling"


class SolarCloudTrigger(Trigger):
    """A trigger about plants and devices of ours."""

    _schema: ClassVar[vol.Schema]
    _run: TriggerActionRunner

    @override
    @classmethod
    async def async_validate_config(
        cls, hass: HomeAssistant, config: ConfigType
    ) -> ConfigType:
        """Validate what was chosen."""
        validated: ConfigType = cls._schema(config)
        return validated

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Be about what was chosen."""
        super().__init__(hass, config)
        self._selection: Final = TargetSelection(config.target or {})
        self._options: Final = config.options or {}

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Look at whatever is told from now on."""
        self._run = run_action
        return Watch(self._hass, self._look).start()

    @callback
    @abstractmethod
    def _look(self) -> None:
        """Look whether it is time; what is so at the first look is how it stands, and no news."""


class SurplusTrigger(SolarCloudTrigger):
    """The surplus of a plant has been beyond a power for a time, after it had not been."""

    _schema = watch.schema(watch.SURPLUS_OPTIONS)
    _meets: ClassVar[Callable[[float, float], bool]]
    _words: ClassVar[str]

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Compare with the power that was chosen."""
        super().__init__(hass, config)
        self._watch: Final = SurplusWatch(self._options, type(self)._meets)  # noqa: SLF001
        self._armed: Final[set[str]] = set()

    @callback
    @override
    def _look(self) -> None:
        for plant in watch.plants(self._hass, self._selection):
            told, met, lasted = self._watch.look(plant)
            if told is None:
                continue
            if not met:
                self._armed.add(plant.device.id)
            elif lasted and plant.device.id in self._armed:
                self._armed.discard(plant.device.id)
                self._run(
                    {
                        ATTR_DEVICE_ID: plant.device.id,
                        "surplus": round(told.watts),
                        "measured_at": dt_util.utc_from_timestamp(told.made_at),
                        CONF_FOR: self._options[CONF_FOR],
                    },
                    f"surplus of {plant.name} {self._words} {self._options[CONF_POWER]:g} W",
                )


class SurplusRoseAbove(SurplusTrigger):
    """There is enough to spare."""

    _meets = operator.gt
    _words = "above"


class SurplusFellBelow(SurplusTrigger):
    """There is not enough to spare any more."""

    _meets = operator.lt
    _words = "below"


class BatteryReached(SolarCloudTrigger):
    """A battery got to a state of charge, from below or from above."""

    _schema = watch.schema(
        {
            vol.Required(CONF_LEVEL): watch.PERCENTAGE_OPTION,
            vol.Optional(CONF_DIRECTION, default=RISING): vol.In((RISING, FALLING)),
        }
    )

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Know no state of charge yet."""
        super().__init__(hass, config)
        self._before: Final[dict[str, float]] = {}

    @callback
    @override
    def _look(self) -> None:
        level: float = self._options[CONF_LEVEL]
        falling = self._options[CONF_DIRECTION] == FALLING
        for owner in watch.distinct(self._hass, self._selection):
            if (soc := watch.state_of_charge(owner)) is None:
                continue
            before = self._before.get(owner.device.id, soc)
            self._before[owner.device.id] = soc
            if soc <= level < before if falling else before < level <= soc:
                self._run(
                    {
                        ATTR_DEVICE_ID: owner.device.id,
                        "state_of_charge": soc,
                        "before": before,
                    },
                    f"battery of {owner.name} at {soc:g} %",
                )


class DeviceFellSilent(SolarCloudTrigger):
    """Nothing has been heard of a plant or device for a time, by when what it told last was made."""

    _schema = watch.schema(watch.SILENT_OPTIONS)

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Wait for silence."""
        super().__init__(hass, config)
        self._armed: Final[dict[str, bool]] = {}
        self._cancel: CALLBACK_TYPE | None = None

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Look at whatever is told, and when a silence has lasted."""
        stop = await super().async_attach_runner(run_action, did_not_trigger)

        @callback
        def stop_all() -> None:
            stop()
            self._look_later(None)

        return stop_all

    @callback
    @override
    def _look(self) -> None:
        least: timedelta = self._options[CONF_FOR]
        waits: list[timedelta] = []
        for owner in watch.chosen(self._hass, self._selection):
            key, heard = owner.device.id, watch.is_heard(owner)
            if heard is not False:
                if heard:
                    self._armed[key] = True
                continue
            since = watch.silent_since(owner)
            left = since + least - dt_util.utcnow()
            if left > timedelta():
                self._armed.setdefault(key, True)
                waits.append(left)
            elif self._armed.setdefault(key, False):
                self._armed[key] = False
                self._run(
                    {ATTR_DEVICE_ID: key, "since": since, CONF_FOR: least},
                    f"{owner.name} silent",
                )
        self._look_later(min(waits, default=None))

    def _look_later(self, wait: timedelta | None) -> None:
        if self._cancel is not None:
            self._cancel()
        self._cancel = None
        if wait is not None:

            @callback
            def look(_: Any) -> None:
                self._cancel = None
                self._look()

            self._cancel = async_call_later(self._hass, wait, look)


class ForcedModeTrigger(SolarCloudTrigger):
    """A forced mode began or ended."""

    _schema = watch.schema(watch.MODE_OPTIONS)
    _begins: ClassVar[bool]

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Know of no mode yet."""
        super().__init__(hass, config)
        self._on: Final[dict[str, str | None]] = {}

    @callback
    @override
    def _look(self) -> None:
        for owner in watch.steered(self._hass, self._selection):
            if watch.is_steering(owner):
                continue
            mode = watch.forced_mode(owner)
            before = self._on.get(owner.device.id, mode)
            self._on[owner.device.id] = mode
            about = mode if self._begins else before
            if mode == before or about is None:
                continue
            if not self._options[CONF_MODE] or about in self._options[CONF_MODE]:
                self._run(
                    {ATTR_DEVICE_ID: owner.device.id, CONF_MODE: about or None},
                    f"forced mode of {owner.name} {'began' if self._begins else 'ended'}",
                )


class ForcedModeBegan(ForcedModeTrigger):
    """A forced mode is on that was not."""

    _begins = True


class ForcedModeEnded(ForcedModeTrigger):
    """A forced mode is not on any more."""

    _begins = False


class AlarmRaised(SolarCloudTrigger):
    """An alarm was raised at a plant or one of its devices, or at the one that was chosen."""

    _schema = watch.schema(
        {
            vol.Optional(CONF_LEAST, default=str(AlarmLevel.NOTICE)): vol.In(
                [str(each) for each in AlarmLevel]
            )
        }
    )

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Hear of what is told of alarms."""
        self._run = run_action
        return self._hass.bus.async_listen(EVENT_ALARM, self._hear)

    @callback
    @override
    def _look(self) -> None:
        """Alarms are told as events; there is nothing to look at."""

    @callback
    def _hear(self, event: Event[dict[str, Any]]) -> None:
        told = event.data
        about = {told[ATTR_DEVICE_ID], told[ATTR_ABOUT]}
        if told[ATTR_NEWS] != AlarmNews.RAISED or not self._is_bad(told["level"]):
            return
        owners: list[Owner] = watch.chosen(self._hass, self._selection)
        if about.isdisjoint(owner.device.id for owner in owners):
            return
        hidden = {ATTR_NEWS, ATTR_ABOUT}
        self._run(
            {
                **{key: each for key, each in told.items() if key not in hidden},
                ATTR_DEVICE_ID: told[ATTR_ABOUT] or told[ATTR_DEVICE_ID],
            },
            f"alarm {told['name']}",
            event.context,
        )

    def _is_bad(self, level: str | None) -> bool:
        """Whether an alarm is bad enough; one whose level nobody knows is."""
        least = AlarmLevel(self._options[CONF_LEAST])
        return level is None or RANKS[AlarmLevel(level)] <= RANKS[least]


TRIGGERS: Final[dict[str, type[Trigger]]] = {
    "alarm_raised": AlarmRaised,
    "battery_reached": BatteryReached,
    "device_fell_silent": DeviceFellSilent,
    "forced_mode_began": ForcedModeBegan,
    "forced_mode_ended": ForcedModeEnded,
    "surplus_fell_below": SurplusFellBelow,
    "surplus_rose_above": SurplusRoseAbove,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers by their keys."""
    return TRIGGERS

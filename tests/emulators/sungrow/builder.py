"""Registering a site's devices with Sungrow, under serials that are plainly invented."""

from ..world import Dongle, Site
from .plant import (
    BATTERY,
    CHARGER,
    HYBRID,
    LOGGER,
    MANAGER,
    METER,
    MICRO,
    MODULE,
    OPTIMIZER,
    PV,
    WEATHER,
    Device,
    Plant,
)


class Builder:
    """Registers devices one by one, all behind one dongle."""

    def __init__(self, plant: Plant, delay: float, module: str = "WiNet-S2") -> None:
        """Begin with the dongle."""
        self.plant = plant
        self._count = 0
        self._dongle = Dongle(f"sungrow-{plant.ps_id}", phase=0.0, delay=delay)
        if module:
            kind = LOGGER if module.startswith("Logger") else MODULE
            self._add(kind, "", module, "B", code=247)

    def _add(
        self,
        kind: int,
        part: str,
        model: str,
        serial: str | None,
        *,
        code: int | None = None,
    ) -> Device:
        plant = self.plant
        number = int(plant.ps_id) % 1000
        self._count += 1
        channel = 1
        code = code or 1 + len(plant.of(kind))
        device = Device(
            ps_key=f"{plant.ps_id}_{kind}_{code}_{channel}",
            kind=kind,
            part=part,
            model=model,
            uuid=2_000_000 + number * 100 + self._count,
            sn=f"{serial}DEMO{number:03d}{self._count:04d}" if serial else None,
        )
        plant.devices.append(device)
        plant.site.attach(self._dongle, device.ps_key)
        return device

    def hybrid(self, part: str, model: str = "SH10RT-V112") -> Device:
        """Add a hybrid inverter, with the battery it has in the world."""
        device = self._add(HYBRID, part, model, "A")
        spec = next(one for one in self.site.spec.inverters if one.id == part)
        if spec.battery:
            size = round(spec.battery.capacity_kwh * 10)
            self._add(BATTERY, spec.battery.id, f"SBR{size:03d}", "S")
        return device

    @property
    def site(self) -> Site:
        """Where all this stands."""
        return self.plant.site

    def string(self, part: str, model: str = "SG8K-D") -> Device:
        """Add an inverter that sleeps at night."""
        device = self._add(PV, part, model, "A")
        device.sleeps = True
        return device

    def micro(self, part: str) -> Device:
        """Add a micro-inverter."""
        device = self._add(MICRO, part, "S1600S", "N")
        device.sleeps = True
        return device

    def optimizers(self, part: str) -> None:
        """Add an optimizer for each array of an inverter."""
        spec = next(one for one in self.site.spec.inverters if one.id == part)
        for number in range(len(spec.arrays)):
            device = self._add(OPTIMIZER, part, "SP600S", "O", code=10011 + number)
            device.array = number
            device.sleeps = True

    def meter(self) -> Device:
        """Add the grid meter, which has no serial."""
        return self._add(METER, "", "DTSU666", None)

    def charger(self, part: str) -> Device:
        """Add an EV charger."""
        return self._add(CHARGER, part, "AC011E-01", "C")

    def manager(self) -> Device:
        """Add an iHomeManager."""
        return self._add(MANAGER, "", "iHomeManager", "H", code=247)

    def weather(self) -> Device:
        """Add a weather station."""
        return self._add(WEATHER, "", "PVMet-150", None, code=7)

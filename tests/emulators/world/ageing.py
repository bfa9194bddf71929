"""What the counters of a site show when the world begins."""

from .spec import SiteSpec

_PV_KWH_PER_KW_YEAR = 1000.0
_FULL_CYCLES_YEAR = 350.0
_SHARE_STORED = 0.35  # of the sun's energy, at most
_ROUND_TRIP = 0.88
_CAR_KWH_YEAR = 1900.0


def initial_counters(spec: SiteSpec) -> dict[str, float]:
    """Return plausible lifetime sums that balance like everything that follows."""
    pv = spec.peak_w / 1000 * _PV_KWH_PER_KW_YEAR * spec.age_years
    counters = _inverters(spec, pv)
    for charger in spec.chargers:
        counters[f"charger.{charger.id}"] = _CAR_KWH_YEAR * spec.age_years
    charge = sum(
        value for name, value in counters.items() if name.startswith("charge.")
    )
    discharge = charge * _ROUND_TRIP
    cars = sum(value for name, value in counters.items() if name.startswith("charger."))
    load = 8.8 * (spec.habits.base_w + 0.22 * spec.habits.peak_w) * spec.age_years
    loss = 0.03 * (pv + discharge - charge)
    surplus = pv + discharge - load - cars - charge - loss
    bought = 0.55 * (load + cars)
    counters |= {"load": load, "loss": loss}
    counters["import"] = bought if surplus + bought > 0 else -surplus + 500.0
    counters["export"] = surplus + counters["import"]
    return counters


def _inverters(spec: SiteSpec, pv: float) -> dict[str, float]:
    counters: dict[str, float] = {}
    for inverter in spec.inverters:
        own = 0.0
        for number, array in enumerate(inverter.arrays):
            share = pv * array.peak_w / spec.peak_w
            counters[f"pv.{inverter.id}.{number}"] = share
            own += share
        battery = inverter.battery
        if battery:
            cycled = battery.capacity_kwh * _FULL_CYCLES_YEAR * spec.age_years
            charge = min(cycled, own * _SHARE_STORED)
            counters[f"charge.{battery.id}"] = charge
            counters[f"discharge.{battery.id}"] = charge * _ROUND_TRIP
            own -= charge * (1 - _ROUND_TRIP)
        counters[f"ac_out.{inverter.id}"] = own * inverter.efficiency
        counters[f"ac_in.{inverter.id}"] = 0.0
    return counters

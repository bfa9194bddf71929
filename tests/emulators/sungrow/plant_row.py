"""The plant's own points (sungrow.md §5.4)."""

from .energies import Moment, watt_hours
from .plant import HYBRID, MANAGER, METER, MICRO, PV, WEATHER, Plant
from .rows import Values


def plant_values(moment: Moment, plant: Plant) -> Values:
    """Return everything a plant knows of itself; null where it has nothing to know it from."""
    values: Values = {
        "83033": sum(
            max(0.0, one.ac_w) if one.spec.battery is None else one.ac_w
            for one in moment.now.inverters
        ),
        **_yield(moment, plant),
        **_storage(moment, plant),
    }
    hybrids = [one for one in plant.of(HYBRID) if one.master]
    if hybrids or plant.of(METER) or plant.of(MANAGER):
        load, load_today = moment.load_wh()
        bought, bought_today = moment.import_wh()
        sold, sold_today = moment.export_wh()
        values |= {
            "83106": moment.load_w,
            "83118": load_today,
            "83124": load,
            "83102": bought_today,
            "83105": bought,
            "83072": sold_today,
            "83075": sold,
        }
    if plant.of(WEATHER):
        light = 1000 * moment.now.powers.pv / max(1.0, moment.now.spec.peak_w)
        values |= {"83012": light, "83016": 21.0, "83017": 21.0 + light / 40}
    return values


def _yield(moment: Moment, plant: Plant) -> Values:
    total = today = watts = hours = output = output_today = 0.0
    for device in plant.of(PV, MICRO, HYBRID):
        now, start = moment.inverter(device)
        dc_side = device.kind == HYBRID
        reached = now.pv_kwh if dc_side else now.ac_out_kwh
        began = start.pv_kwh if dc_side else start.ac_out_kwh
        total, today = total + reached, today + max(0.0, reached - began)
        output += now.ac_out_kwh
        output_today += max(0.0, now.ac_out_kwh - start.ac_out_kwh)
        watts += now.pv_w
    if plant.site.spec.peak_w:
        hours = today / (plant.site.spec.peak_w / 1000)
    return {
        "83022": watt_hours(today),
        "83024": watt_hours(total),
        "83067": watts if plant.of(HYBRID) else None,
        "83025": round(hours, 2),
        "83004": watt_hours(output),
        "83009": watt_hours(output_today),
        "83019": round(watts / max(1.0, plant.site.spec.peak_w), 3),
    }


def _storage(moment: Moment, plant: Plant) -> Values:
    batteries = moment.now.batteries
    ids = (
        *("83238", "83549", "83241", "83242", "83243", "83244", "83334", "83232"),
        *("83233", "83234", "83548"),
    )
    if not batteries or not plant.of(HYBRID):
        return dict.fromkeys(("83252", *ids))
    stored = sum(one.stored_kwh for one in batteries)
    capacity = sum(one.spec.capacity_kwh for one in batteries)
    values: Values = {"83252": round(stored / capacity, 3), **dict.fromkeys(ids)}
    if plant.industrial:
        values |= {
            "83233": 5000.0,
            "83234": 6000.0,
            "83548": 211,
            "83238": -moment.now.powers.battery,
            "83549": moment.now.powers.grid,
            "83241": watt_hours(sum(one.charge_kwh for one in batteries)),
            "83242": watt_hours(sum(one.discharge_kwh for one in batteries)),
            "83334": round(100 * stored / capacity),
        }
    return values

"""The data interfaces, by their numbers in fusionsolar.md §3.2: what they check, and what they answer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ..alarms import disturbed, in_language
from ..world.noise import chance, seed_of
from .accounts import Refusal
from .knobs import Knobs
from .plant import HOME_INVERTER, STRING_INVERTER, Device, Plant
from .reports import now_items, report_items, spans
from .rows import View, cut, frozen, items
from .style import write

LANGUAGES = frozenset(
    {"zh_CN", "en_US", "ja_JP", "it_IT", "nl_NL", "pt_BR", "de_DE", "fr_FR", "es_ES"}
    | {"pl_PL"}
)
MORE_LANGUAGES = frozenset(
    {"ro_RO", "cs_CZ", "hu_HU", "vi_VN", "tr_TR", "uk_UA", "zh_TW", "ko_KR"}
)
SLOT = 300.0
DAY = 86400.0


@dataclass
class Query:
    """A call that was let in."""

    params: dict[str, Any]
    plants: list[Plant]
    now: float
    knobs: Knobs

    def shuffled(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return rows in no particular order."""
        if not self.knobs.shuffle:
            return rows
        seed = seed_of("order", int(self.now))
        return [
            row
            for _, row in sorted(
                enumerate(rows), key=lambda pair: chance(seed, pair[0])
            )
        ]

    def number(self, name: str) -> float | None:
        """Return a numeric parameter, given as a number or as text."""
        try:
            return float(self.params[name])
        except KeyError, TypeError, ValueError:
            return None

    def chosen_plants(self, empty: int = 20010) -> list[Plant]:
        """Return the plants that a call names."""
        codes = _split(self.params.get("stationCodes"))
        if not codes:
            raise Refusal(empty)
        if len(codes) > 100:
            raise Refusal(20015)
        known = {plant.code: plant for plant in self.plants}
        if not known.keys() >= set(codes) and self.knobs.foreign_ids == "code":
            raise Refusal(20045)
        chosen = [known[code] for code in codes if code in known]
        if not all(plant.authorized for plant in chosen):
            raise Refusal(20056, "some resources are not authorized by the owner")
        return chosen

    def chosen_devices(self, most: int = 100) -> list[tuple[Plant, Device]]:
        """Return the devices that a call names, all of the type it names."""
        ids, serials = _split(self.params.get("devIds")), _split(self.params.get("sns"))
        if not ids and not serials:
            raise Refusal(20011)
        if len(ids) + len(serials) > most:
            raise Refusal(20017 if most == 100 else 30031)
        kind = self.number("devTypeId")
        every = [(plant, one) for plant in self.plants for one in plant.devices]
        if kind is None or not any(
            one.readable for _, one in every if one.type == kind
        ):
            raise Refusal(20013)
        if self.knobs.types_as_text and not isinstance(self.params["devTypeId"], str):
            return []
        named = {str(one.id): (plant, one) for plant, one in every} | {
            one.serial: (plant, one) for plant, one in every if one.serial
        }
        wanted = ids or serials
        if not named.keys() >= set(wanted) and self.knobs.foreign_ids == "code":
            raise Refusal(20046)
        chosen = [named[each] for each in wanted if each in named]
        if any(one.type != kind for _, one in chosen):
            raise Refusal(20006)
        if not all(plant.authorized for plant, _ in chosen):
            raise Refusal(20056, "some resources are not authorized by the owner")
        return chosen


def _split(text: Any) -> list[str]:
    return [part for part in str(text or "").split(",") if part]


def stations(query: Query) -> Any:
    """Q1: one page of plants."""
    page = query.number("pageNo")
    if page is None:
        raise Refusal(30004)
    if page < 1:
        raise Refusal(30021)
    first = 100 * (int(page) - 1)
    return {
        "total": len(query.plants),
        "pageCount": -(-len(query.plants) // 100),
        "pageNo": int(page),
        "pageSize": 100,
        "list": [plant.listing() for plant in query.plants[first : first + 100]],
    }


def station_list(_: Query) -> Any:
    """Q2: the old list, closed to new accounts."""
    raise Refusal(401, "Invalid access to current interface!")


def devices(query: Query) -> Any:
    """Q3: the devices of some plants."""
    return [row for plant in query.chosen_plants() for row in plant.device_rows()]


def plants_now(query: Query) -> Any:
    """Q4: plant totals."""
    rows = []
    for plant in query.chosen_plants():
        sample = plant.uploaded(None)
        row = None if sample is None else now_items(plant, sample, query.knobs)
        rows.append(_plant_row(query, plant, row))
    return _present(query, rows, "stationCode")


def _plant_row(query: Query, plant: Plant, row: Any, **more: Any) -> dict[str, Any]:
    hollow = plant.code in query.knobs.null_maps
    return {
        "stationCode": plant.code,
        **more,
        "dataItemMap": None
        if hollow
        else write(row, query.knobs, plant.code, query.now),
    }


def _present(
    query: Query, rows: list[dict[str, Any]], key: str
) -> list[dict[str, Any]]:
    left = [row for row in rows if str(row[key]) not in query.knobs.missing_rows]
    return query.shuffled(left)


def report(name: str) -> Callable[[Query], Any]:
    """Return the handler of Q5 to Q8."""

    def answer(query: Query) -> Any:
        if (asked := query.number("collectTime")) is None:
            raise Refusal(20012)
        rows = []
        for plant in query.chosen_plants():
            at = asked / 1000
            # Seconds instead of milliseconds lie in 1970: nothing is found there.
            if at < plant.site.epoch - 400 * DAY or at > query.now + 2 * DAY:
                continue
            for begin, end in spans(plant.site, name, at, query.now):
                row = report_items(plant, name, begin, end, query.knobs)
                if row is not None:
                    rows.append(
                        _plant_row(query, plant, row, collectTime=int(begin * 1000))
                    )
        return _present(query, rows, "stationCode")

    return answer


def devices_now(query: Query) -> Any:
    """Q9: devices in real time, without saying when that was."""
    rows = [
        {
            "devId": one.id,
            "sn": one.serial,
            "dataItemMap": _device_items(query, plant, one),
        }
        for plant, one in query.chosen_devices()
    ]
    return _present(query, rows, "devId")


def _device_items(query: Query, plant: Plant, one: Device) -> Any:
    sample = plant.uploaded(one)
    if sample is None or str(one.id) in query.knobs.null_maps:
        return None
    view = View(plant, one, sample, query.knobs)
    if plant.online(one):
        return write(items(view), query.knobs, one.id, query.now)
    silent = query.now - plant.dongle(one).online.since(query.now)
    if silent > 60 * query.knobs.offline_null_minutes:
        return None
    return write(frozen(view), query.knobs, one.id, query.now)


def history(query: Query) -> Any:
    """Q10: up to ten devices over up to three days."""
    start, end = query.number("startTime"), query.number("endTime")
    chosen = query.chosen_devices(10)
    rows = [
        {"devId": one.id, "sn": one.serial, "collectTime": at, "dataItemMap": row}
        for plant, one in chosen
        for at, row in _slots(query, plant, one, start, end, 3 * DAY)
    ]
    return query.shuffled(rows)


def device_history(query: Query) -> Any:
    """Q11: one device over up to a day."""
    dn = query.params.get("devDn")
    found = [
        (plant, one)
        for plant in query.plants
        for one in plant.devices
        if one.dn == dn and one.type == query.number("devTypeId")
    ]
    if not dn:
        raise Refusal(30016)
    if not found:
        raise Refusal(20046)
    plant, one = found[0]
    start, end = query.number("startTime"), query.number("endTime")
    return [
        {"devDn": dn, "collectTime": at, "dataItems": row}
        for at, row in _slots(query, plant, one, start, end, DAY)
    ]


def _slots(
    query: Query,
    plant: Plant,
    one: Device,
    start: float | None,
    end: float | None,
    most: float,
) -> Iterable[tuple[int, Any]]:
    if start is None or end is None:
        raise Refusal(20012)
    begin, stop = start / 1000, min(end / 1000, query.now)
    if begin > end / 1000:
        raise Refusal(20023)
    if end / 1000 - begin > most:
        raise Refusal(30032)
    if begin < plant.site.epoch - 365 * DAY:
        if end < 1e11:
            return  # seconds: empty, and no word about it
        raise Refusal(20026)
    at = begin + (-begin) % SLOT
    while at <= stop and one.readable:
        row = items(View(plant, one, plant.site.sample(at), query.knobs))
        row.pop("run_state", None)
        yield int(at * 1000), write(row, query.knobs, one.id, at)
        at += SLOT


def device_report(name: str) -> Callable[[Query], Any]:
    """Return the handler of Q12."""

    def answer(query: Query) -> Any:
        asked = query.number("collectTime")
        if asked is None:
            raise Refusal(20012)
        if query.number("devTypeId") not in (1, 38, 39, 41):
            raise Refusal(20013)
        return query.shuffled(
            [
                {
                    "devId": one.id,
                    "sn": one.serial,
                    "collectTime": int(begin * 1000),
                    "dataItemMap": write(row, query.knobs, one.id, begin),
                }
                for plant, one in query.chosen_devices()
                for begin, end in spans(plant.site, name, asked / 1000, query.now)
                if (row := _device_report(plant, one, begin, end, query.knobs))
            ]
        )

    return answer


def _device_report(
    plant: Plant, one: Device, begin: float, end: float, knobs: Knobs
) -> dict[str, Any] | None:
    del knobs
    try:
        first, last = plant.site.sample(begin), plant.site.sample(end)
    except ValueError:
        return None
    if one.type in (STRING_INVERTER, HOME_INVERTER):
        made = last.inverter(one.part).ac_out_kwh - first.inverter(one.part).ac_out_kwh
        return {
            "installed_capacity": plant.kwp,
            "product_power": cut(made),
            "perpower_ratio": round(made / plant.kwp, 3),
        }
    before, after = first.battery(one.part), last.battery(one.part)
    row = {
        "charge_cap": cut(after.charge_kwh - before.charge_kwh),
        "discharge_cap": cut(after.discharge_kwh - before.discharge_kwh),
    }
    return row | ({"charge_time": 5.2, "discharge_time": 7.9} if one.type == 39 else {})


def alarms(query: Query) -> Any:
    """Q13: what is going on."""
    begin, end = query.number("beginTime"), query.number("endTime")
    language = str(query.params.get("language") or "")
    if language not in LANGUAGES | (
        MORE_LANGUAGES if query.knobs.more_languages else set()
    ):
        raise Refusal(20025 if language else 20024)
    if begin is None or end is None:
        raise Refusal(20012)
    if end - begin > query.knobs.alarm_days * DAY * 1000:
        raise Refusal(20027)
    rows = [
        {"stationCode": plant.code, "stationName": plant.name}
        | {
            key: in_language(value, language) if isinstance(value, str) else value
            for key, value in alarm.items()
        }
        for plant in query.chosen_plants(20055)
        for alarm in plant.alarms
        if begin <= alarm["raiseTime"] <= end
    ]
    if "hollow" in query.knobs.alarm_troubles:
        return None
    return query.shuffled(disturbed(rows, query.knobs.alarm_troubles, str(query.now)))


QUERIES: dict[str, Callable[[Query], Any]] = {
    "stations": stations,
    "getStationList": station_list,
    "getDevList": devices,
    "getStationRealKpi": plants_now,
    **{
        f"getKpiStation{name}": report(name)
        for name in ("Hour", "Day", "Month", "Year")
    },
    "getDevRealKpi": devices_now,
    "getDevHistoryKpi": history,
    **{f"getDevKpi{name}": device_report(name) for name in ("Day", "Month", "Year")},
    "getAlarmList": alarms,
}

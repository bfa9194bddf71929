"""The emulated cloud behaves as the reference says, apart from what our client provokes."""

from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest

from tests.emulators.fusionsolar import PASSWORD, USERNAME, FusionSolarCloud
from tests.emulators.fusionsolar.plant import (
    DONGLE,
    GRID_METER,
    HOME_BATTERY,
    HOME_INVERTER,
)
from tests.emulators.fusionsolar.query import QUERIES

from .conftest import Rig
from .test_readings import PLANT, of

INVERTER = "1000000035350464"


class Api:
    """A bare client."""

    def __init__(self, cloud: FusionSolarCloud, session: aiohttp.ClientSession) -> None:
        """Talk to a cloud."""
        self._cloud = cloud
        self._session = session
        self.token = ""

    async def login(self, password: str = PASSWORD) -> dict[str, Any]:
        """Open a session."""
        body, headers = await self._post(
            "/thirdData/login", {"userName": USERNAME, "systemCode": password}, {}
        )
        self.token = headers.get("xsrf-token", "")
        return body

    async def __call__(self, path: str, **params: Any) -> dict[str, Any]:
        """Call an interface."""
        if not path.startswith("/"):
            path = f"/thirdData/{path}"
        body, _ = await self._post(path, params, {"XSRF-TOKEN": self.token})
        return body

    async def _post(
        self, path: str, params: Mapping[str, Any], headers: Mapping[str, str]
    ) -> tuple[dict[str, Any], Mapping[str, str]]:
        async with self._session.post(
            self._cloud.url + path, json=params, headers=headers
        ) as answer:
            body: dict[str, Any] = await answer.json()
            return body, answer.headers


@pytest.fixture
async def api(cloud: FusionSolarCloud, session: aiohttp.ClientSession) -> Api:
    """A bare client with a session."""
    client = Api(cloud, session)
    await client.login()
    return client


async def test_wrong_passwords_lock_the_account(
    cloud: FusionSolarCloud, api: Api, rig: Rig
) -> None:
    """Five within ten minutes; half an hour later the right one works again."""
    for _ in range(4):
        assert (await api.login("no"))["message"] == "user.login.user_or_value_invalid"
    assert (await api.login("no"))["failCode"] == 407
    rig.tick(601)
    for _ in range(5):
        await api.login("no")
    rig.tick(601)
    assert "lock" in (await api.login())["message"]
    rig.tick(1801)
    assert (await api.login())["failCode"] == 0


async def test_a_new_session_ends_the_old_one(
    api: Api, cloud: FusionSolarCloud
) -> None:
    """305 without `success`; a session not used for half an hour ends too."""
    cloud.rival_login()
    answer = await api("stations", pageNo=1)
    assert answer["failCode"] == 305
    assert "success" not in answer


async def test_sessions_may_end_by_age(
    api: Api, cloud: FusionSolarCloud, rig: Rig
) -> None:
    """As the document of 2022 had it."""
    cloud.turn(sliding=False)
    for _ in range(4):
        rig.tick(500)
        code = (await api("stations", pageNo=1))["failCode"]
    assert code == 305


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("stations", {}, 30004),
        ("stations", {"pageNo": 0}, 30021),
        ("getStationList", {}, 401),
        ("getDevList", {"stationCodes": ""}, 20010),
        ("getDevList", {"stationCodes": "NE=1"}, 20045),
        ("getDevList", {"stationCodes": ",".join("x" * 101)}, 20015),
        ("getDevRealKpi", {"devIds": "", "devTypeId": 38}, 20011),
        ("getDevRealKpi", {"devIds": INVERTER, "devTypeId": 39}, 20006),
        ("getDevRealKpi", {"devIds": INVERTER, "devTypeId": 62}, 20013),
        ("getDevRealKpi", {"devIds": "5", "devTypeId": 38}, 20046),
        ("getDevRealKpi", {"devIds": ",".join("1" * 101), "devTypeId": 38}, 20017),
        ("getDevRealKpi", {"sns": "TADEMO000000", "devTypeId": 38}, 0),
        ("getDevHistoryKpi", {"devIds": INVERTER, "devTypeId": 38}, 20012),
        (
            "getDevHistoryKpi",
            {"devIds": ",".join("1" * 11), "devTypeId": 38},
            30031,
        ),
        (
            "getDevHistoryKpi",
            {"devIds": INVERTER, "devTypeId": 38, "startTime": 2, "endTime": 1},
            20023,
        ),
        (
            "getDevHistoryKpi",
            {"devIds": INVERTER, "devTypeId": 38, "startTime": 0, "endTime": 3e8},
            30032,
        ),
        ("getKpiStationDay", {"stationCodes": PLANT}, 20012),
        ("getDevKpiDay", {"devIds": INVERTER, "devTypeId": 47}, 20012),
        (
            "getDevKpiDay",
            {"devIds": INVERTER, "devTypeId": 47, "collectTime": 1},
            20013,
        ),
        ("getAlarmList", {"stationCodes": PLANT}, 20024),
        ("getAlarmList", {"stationCodes": PLANT, "language": "xx"}, 20025),
        ("getAlarmList", {"stationCodes": PLANT, "language": "en_US"}, 20012),
        (
            "getAlarmList",
            {
                "stationCodes": PLANT,
                "language": "en_US",
                "beginTime": 0,
                "endTime": 1e12,
            },
            20027,
        ),
        (
            "getAlarmList",
            {
                "stationCodes": "",
                "language": "en_US",
                "beginTime": 0,
                "endTime": 1,
            },
            20055,
        ),
        ("/rest/openapi/pvms/nbi/v1/device/history", {}, 30016),
        ("/rest/openapi/pvms/nbi/v1/device/history", {"devDn": "NE=1"}, 20046),
    ],
)
async def test_requests_are_checked(
    api: Api, path: str, params: dict[str, Any], code: int
) -> None:
    """With the codes of the reference."""
    assert (await api(path, **params))["failCode"] == code


async def test_history_and_reports_agree_with_the_world(
    api: Api, cloud: FusionSolarCloud
) -> None:
    """Five-minute rows by device, days of a month, both histories alike, seconds find nothing."""
    now = int(cloud.now() * 1000)
    span = {"startTime": now - 3_600_000, "endTime": now}
    rows = await api("getDevHistoryKpi", devIds=INVERTER, devTypeId=38, **span)
    assert len(rows["data"]) == 12
    dn = cloud.first(HOME_INVERTER).dn
    other = await api(
        "/rest/openapi/pvms/nbi/v1/device/history", devDn=dn, devTypeId=38, **span
    )
    assert [row["dataItems"]["total_cap"] for row in other["data"]] == sorted(
        row["dataItemMap"]["total_cap"] for row in rows["data"]
    )
    days = await api("getKpiStationDay", stationCodes=PLANT, collectTime=now)
    assert len(days["data"]) == 15
    nothing = await api(
        "getKpiStationHour", stationCodes=PLANT, collectTime=now // 1000
    )
    assert nothing["failCode"] == 0
    assert nothing["data"] == []
    battery = cloud.first(HOME_BATTERY)
    for path in ("getDevKpiDay", "getDevKpiMonth", "getDevKpiYear"):
        answer = await api(path, devIds=str(battery.id), devTypeId=39, collectTime=now)
        assert answer["data"][0]["dataItemMap"]["charge_cap"] >= 0
    product = await api("getDevKpiDay", devIds=INVERTER, devTypeId=38, collectTime=now)
    assert product["failCode"] == 407
    assert product["data"] == "ACCESS_FREQUENCY_IS_TOO_HIGH"
    assert cloud.violations == {"getDevKpiDay": 1}


async def test_daily_values_carry_over_midnight(
    api: Api, cloud: FusionSolarCloud, rig: Rig
) -> None:
    """And lifetime totals rise and dip for a while: what E01, E03 and E04 are made of."""
    cloud.turn(carry_over_minutes=30, total_dip=True, total_rise=True)

    async def plant() -> tuple[float, float]:
        await api.login()
        answer = await api("getStationRealKpi", stationCodes=PLANT)
        items = answer["data"][0]["dataItemMap"]
        return items["day_power"], items["total_power"]

    rig.clock.move_to("2026-06-15T21:55:00Z")
    evening, total = await plant()
    rig.clock.move_to("2026-06-15T22:08:00Z")
    carried, risen = await plant()
    rig.clock.move_to("2026-06-15T22:45:00Z")
    reset, usual = await plant()
    rig.clock.move_to("2026-06-15T23:30:00Z")
    _, dipped = await plant()
    assert carried == pytest.approx(evening, abs=0.2)
    assert reset < 1
    assert risen > usual + 5
    assert usual >= total
    assert dipped < usual - 5


async def test_what_a_portal_host_and_wrong_methods_answer(
    cloud: FusionSolarCloud, session: aiohttp.ClientSession
) -> None:
    """Pages, and an exception body for what is no JSON object."""
    for method, path, body, status in (
        ("GET", "/thirdData/stations", "", 405),
        ("POST", "/thirdData/nothing", "{}", 404),
        ("GET", "/", "", 404),
        ("POST", "/thirdData/stations", "[]", 400),
        ("POST", "/thirdData/stations", "oops", 400),
    ):
        async with session.request(method, cloud.url + path, data=body) as answer:
            assert answer.status == status
    cloud.turn(portal_host=True)
    async with session.post(f"{cloud.url}/thirdData/login", json={}) as answer:
        assert answer.status == 404
        assert "html" in answer.content_type


async def test_both_tokens_at_once_are_none(
    cloud: FusionSolarCloud, api: Api, session: aiohttp.ClientSession
) -> None:
    """What the gateway answers to a bearer token beside an XSRF token."""
    headers = {"XSRF-TOKEN": api.token, "Authorization": "Bearer x"}
    async with session.post(
        f"{cloud.url}/thirdData/stations", json={"pageNo": 1}, headers=headers
    ) as answer:
        assert (await answer.json())["failCode"] == 305


async def test_logging_out_needs_the_token_in_the_body(api: Api) -> None:
    """A wrong one is refused, the right one ends the session."""
    assert (await api("logout", xsrfToken="x"))["failCode"] == 20001
    assert (await api("logout", xsrfToken=api.token))["failCode"] == 0
    assert (await api("stations", pageNo=1))["failCode"] == 305


async def test_the_admin_api_changes_devices(
    cloud: FusionSolarCloud, session: aiohttp.ClientSession
) -> None:
    """As tests in other processes do."""
    url = f"{cloud.url}/_emu/device/{INVERTER}"
    changes = {"online": False, "load_w": 500, "soc": 0.5, "alarm": "Hot"}
    async with session.post(url, json=changes) as answer:
        state = await answer.json()
    assert state["plants"][PLANT]["devices"][INVERTER]["online"] is False
    assert len(cloud.plant.alarms) == 1
    async with session.post(url, json={"nonsense": 1}) as answer:
        assert answer.status == 400
    async with session.post(url, json={"authorized": False, "listed": False}):
        assert not cloud.plant.authorized
    async with session.post(
        f"{cloud.url}/_emu/reset", json={"scenario": "commercial"}
    ) as answer:
        assert PLANT in (await answer.json())["plants"]
    assert cloud.first(GRID_METER)


async def test_a_dongle_has_no_values(cloud: FusionSolarCloud) -> None:
    """It is listed and that is all."""
    assert not cloud.first(DONGLE).readable
    assert cloud.truth_at_last_upload(INVERTER) is not None
    with pytest.raises(KeyError):
        cloud.find("nothing")
    assert set(QUERIES) >= {"stations", "getDevList", "getDevRealKpi"}


@of("empty")
async def test_an_empty_account_has_one_empty_page(api: Api) -> None:
    """Not an error."""
    answer = await api("stations", pageNo=1)
    assert answer["data"]["list"] == []
    assert answer["data"]["total"] == 0

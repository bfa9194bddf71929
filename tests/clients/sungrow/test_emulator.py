"""The emulated cloud itself: the order of its checks, its limits, its past (sungrow.md §11)."""

import json
from typing import Any

import aiohttp
import pytest

from tests.emulators.registry import CLOUDS
from tests.emulators.sungrow import SungrowCloud
from tests.emulators.sungrow.cloud import APP_KEY, SECRET_KEY
from tests.helpers.clock import StillClock

HOME = "5000001"
INVERTER = "5000001_14_1_1"
HEADERS = {"x-access-key": SECRET_KEY, "sys_code": "901"}


class Caller:
    """A client that sends what it is told."""

    def __init__(self, server: SungrowCloud, session: aiohttp.ClientSession) -> None:
        """Use a session."""
        self._server = server
        self._session = session
        self.token = ""

    async def post(
        self, name: str, headers: Any = None, **body: Any
    ) -> tuple[int, dict[str, Any]]:
        """Send a body and return status and answer."""
        body = {"appkey": APP_KEY, **body}
        async with self._session.post(
            f"{self._server.url}/openapi/{name}",
            json=body,
            headers=HEADERS if headers is None else headers,
        ) as answer:
            return answer.status, json.loads(await answer.text())

    async def code(self, name: str, headers: Any = None, **body: Any) -> str:
        """Return the result code alone."""
        _, answer = await self.post(name, headers, **body)
        return str(answer.get("result_code", answer.get("error")))

    async def data(self, name: str, **body: Any) -> Any:
        """Return the data of an accepted call."""
        if name.startswith("platform/"):
            headers = HEADERS | {"Authorization": f"Bearer {self.token}"}
            _, answer = await self.post(name, headers, **body)
        else:
            _, answer = await self.post(name, token=self.token, **body)
        assert answer["result_code"] == "1", answer
        return answer["result_data"]


@pytest.fixture
async def caller(server: SungrowCloud) -> Any:
    """Log in as V1 clients do."""
    async with aiohttp.ClientSession() as session:
        one = Caller(server, session)
        answer = await one.post(
            "login", user_account="demo@example.org", user_password="demo-password"
        )
        one.token = answer[1]["result_data"]["token"]
        yield one


def test_the_program_serves_it() -> None:
    """``python -m tests.emulators``."""
    assert CLOUDS["sungrow"] is SungrowCloud


async def test_checks_come_in_their_order(caller: Caller, server: SungrowCloud) -> None:
    """sungrow.md §11.2."""
    assert await caller.code("nothing") == "E996"
    assert await caller.code("platform/getPowerStationList") == "E996"
    assert await caller.code("getPowerStationList", {}) == "E911"
    assert await caller.code("getPowerStationList", {"x-access-key": "x"}) == "E912"
    assert await caller.code("getPowerStationList", appkey="") == "001"
    assert await caller.code("getPowerStationList", appkey="x") == "E00000"
    server.add_application("B", "second")
    assert await caller.code("getPowerStationList", appkey="B") == "E914"
    only_key = {"x-access-key": SECRET_KEY}
    assert await caller.code("getPowerStationList", only_key) == "003"
    assert await caller.code("getPowerStationList") == "002"
    assert await caller.code("getPowerStationList", token="x") == "E00003"
    _, expired = await caller.post("getPowerStationList", token="x")
    assert "req_serial_num" not in expired
    token = caller.token
    assert await caller.code("getPowerStationList", token=token) == "009"
    assert (
        await caller.code("getPowerStationList", token=token, curPage="x", size=1)
        == "010"
    )
    status, _ = await caller.post("platform/queryPowerStationList", token=token)
    assert status == 401
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url}/openapi/login") as answer:
            assert answer.status == 405
        async with session.get(f"{server.url}/elsewhere") as answer:
            assert answer.status == 404
        async with session.get(f"{server.url}/timestamp") as answer:
            assert (await answer.text()).isdecimal()
        for body, code in (("AB12", "E904"), ("", "000"), ("{", "000")):
            async with session.post(
                f"{server.url}/openapi/login", data=body, headers=HEADERS
            ) as answer:
                assert (await answer.json())["result_code"] == code


async def test_tokens_slide_and_die(
    caller: Caller, server: SungrowCloud, clock: StillClock
) -> None:
    """24 hours after the last call; a single session if so wished."""
    listing = {"curPage": 1, "size": 10}
    for _ in range(3):
        clock.advance(80_000)
        await caller.data("getPowerStationList", **listing)
    clock.advance(90_000)
    assert await caller.code("getPowerStationList", token=caller.token) == "E00003"
    server.turn(single_session=True)
    account = {"user_account": "demo@example.org", "user_password": "demo-password"}
    _, first = await caller.post("login", **account)
    await caller.post("login", **account)
    old = first["result_data"]["token"]
    assert await caller.code("getPowerStationList", token=old) == "E00003"


async def test_five_wrong_passwords_lock(caller: Caller, clock: StillClock) -> None:
    """The right one does not help either; after a day it does."""
    wrong = {"user_account": "demo@example.org", "user_password": "x"}
    states = []
    for _ in range(6):
        _, answer = await caller.post("login", **wrong)
        states.append(answer["result_data"]["login_state"])
    assert states == ["0", "0", "0", "0", "2", "2"]
    right = wrong | {"user_password": "demo-password"}
    _, answer = await caller.post("login", **right)
    assert answer["result_data"]["disable_time"] == "2026-06-10 10:02:00"
    clock.advance(86_401)
    _, answer = await caller.post("login", **right)
    assert answer["result_data"]["login_state"] == "1"


async def test_limits_are_counted_by_the_hour_and_the_month(
    caller: Caller, server: SungrowCloud, clock: StillClock
) -> None:
    """And told by getOpenApiCallInfo, which counts itself."""
    server.turn(per_hour=3, per_second=2)
    listing = {"token": caller.token, "curPage": 1, "size": 10}
    codes = [await caller.code("getPowerStationList", **listing) for _ in range(3)]
    assert codes == ["1", "1", "E901"]
    clock.advance(2)
    assert await caller.code("getPowerStationList", **listing) == "1"
    assert await caller.code("getPowerStationList", **listing) == "E999"
    clock.advance(3600)
    info = await caller.data("getOpenApiCallInfo")
    assert info["curr_hour_accessed_times"] == "1"
    assert info["today_accessed_times"] == "4"
    clock.advance(2)
    server.turn(per_month=1, retry_after=9.0)
    _, answer = await caller.post("getPowerStationList", **listing)
    assert (answer["result_code"], answer["retry_after"]) == ("E998", 9.0)


async def test_realtime_refuses_too_much_and_too_little(
    caller: Caller, server: SungrowCloud
) -> None:
    """Codes 009 and 010, foreign keys and foreign types."""
    name, token = "getDeviceRealTimeData", caller.token
    points = [str(number) for number in range(101)]
    body: dict[str, Any] = {"token": token, "device_type": "14"}
    key = {"ps_key_list": [INVERTER]}
    assert await caller.code(name, **body, **key) == "009"
    assert await caller.code(name, **body, point_id_list=["1"]) == "009"
    assert await caller.code(name, **body, **key, point_id_list=points) == "010"
    _, answer = await caller.post(name, **body, **key, point_id_list=points)
    assert answer["result_msg"].endswith("point_id_list size is over 100")
    many = {"ps_key_list": [f"{number}_14_1_1" for number in range(51)]}
    assert await caller.code(name, **body, **many, point_id_list=["1"]) == "010"
    found = await caller.data(
        name,
        device_type=14,
        ps_key_list=[INVERTER, "5999999_14_1_1", "5000001_43_1_1"],
        point_id_list=["13003", "18075", "18061", "7"],
        is_get_point_dict="1",
    )
    (row,) = found["device_point_list"]
    assert row["device_point"]["p18075"] == "-1.0"
    assert row["device_point"]["p18061"] == "255.0"
    assert "p7" not in row["device_point"]
    assert found["fail_ps_key_list"] == ["5999999_14_1_1", "5000001_43_1_1"]
    assert len(found["point_dict"]) == 4
    server.turn(unknown_point="null")
    serial = server.device(INVERTER).sn
    by_serial = await caller.data(
        name, device_type=14, sn_list=[serial], point_id_list=["7"]
    )
    assert by_serial["device_point_list"][0]["device_point"]["p7"] is None


async def test_minutes_of_the_past(caller: Caller) -> None:
    """Three hours, fifty points, never today."""
    name = "getDevicePointMinuteDataList"
    span = {"start_time_stamp": "20260609120000", "end_time_stamp": "20260609150000"}
    body: dict[str, Any] = {
        "ps_key_list": [INVERTER],
        "points": "p13003,p13134",
        **span,
    }
    found = await caller.data(name, **body, minute_interval=5, is_get_point_dict="1")
    rows = found[INVERTER]
    assert 30 <= len(rows) <= 37
    assert rows[0].keys() == {"time_stamp", "p13003", "p13134"}
    assert found["point_dict"]
    foreign = await caller.data(name, **body | {"ps_key_list": ["5999999_14_1_1"]})
    assert foreign == {"illegal_ps_key_list": ["5999999_14_1_1"]}

    async def refused(**changes: Any) -> str:
        return await caller.code(name, token=caller.token, **(body | changes))

    assert await refused(end_time_stamp="20260609150100") == "010"
    assert await refused(minute_interval=7) == "010"
    assert await refused(start_time_stamp="x") == "010"
    assert await refused(points=",".join(["p1"] * 51)) == "010"
    assert await refused(ps_key_list=["x"] * 51) == "010"
    assert await refused(ps_key_list=[]) == "009"
    today = {"start_time_stamp": "20260610000000", "end_time_stamp": "20260610010000"}
    assert await caller.data(name, **body | today) == {INVERTER: []}


@pytest.mark.parametrize(
    ("query_type", "start", "end", "rows"),
    [
        ("1", "20260601", "20260610", 9),
        ("2", "202605", "202606", 2),
        ("3", "2026", "2026", 1),
    ],
)
async def test_days_months_and_years_of_the_past(
    caller: Caller, query_type: str, start: str, end: str, rows: int
) -> None:
    """Finished days only; the value's key is the data type."""
    body: dict[str, Any] = {
        "ps_key_list": [INVERTER],
        "data_point": "p13112",
        "query_type": query_type,
        "data_type": "2" if query_type == "1" else "4",
        "start_time": start,
        "end_time": end,
        "order": "0",
    }
    found = await caller.data("getDevicePointsDayMonthYearDataList", **body)
    assert len(found[INVERTER]["p13112"]) == rows
    last = found[INVERTER]["p13112"][-1]
    assert set(last) == {"time_stamp", body["data_type"]}
    assert float(last[body["data_type"]]) > 1000
    turned = await caller.data(
        "getDevicePointsDayMonthYearDataList", **body | {"order": "1"}
    )
    assert turned[INVERTER]["p13112"][0] == last


async def test_daily_values_equal_the_truth(
    caller: Caller, server: SungrowCloud
) -> None:
    """To the resolution of the counter."""
    found = await caller.data(
        "getDevicePointsDayMonthYearDataList",
        ps_key_list=[INVERTER],
        data_point="p13112",
        query_type="1",
        data_type="2",
        start_time="20260608",
        end_time="20260609",
    )
    site = server.plant.site
    for row in found[INVERTER]["p13112"]:
        day = row["time_stamp"]
        start = server.plant.midnight(site.now()) - 86400.0 * (10 - int(day[-2:]))
        true = site.truth(start + 86400.0).pv - site.truth(start).pv
        assert float(row["2"]) == pytest.approx(true * 1000, abs=110)


async def test_periods_are_refused_beyond_their_span(caller: Caller) -> None:
    """100 days, 24 months, 5 years; V2 has words for numbers."""
    body: dict[str, Any] = {
        "token": caller.token,
        "ps_key_list": [INVERTER],
        "data_point": "p13112",
        "data_type": "2",
        "order": "0",
    }
    name = "getDevicePointsDayMonthYearDataList"
    for query_type, start, end in (
        ("1", "20260101", "20260501"),
        ("2", "202301", "202506"),
        ("3", "2015", "2025"),
        ("day", "20260601", "20260602"),
        ("1", "x", "y"),
    ):
        span = {"query_type": query_type, "start_time": start, "end_time": end}
        assert await caller.code(name, **body, **span) == "010"


async def test_the_second_edition_has_plants_of_its_own(
    server: SungrowCloud, caller: Caller
) -> None:
    """Flat realtime without a time, histories by plant, refused plants in a list."""
    code = server.consent()
    _, answer = await caller.post(
        "apiManage/token",
        grant_type="authorization_code",
        code=code,
        redirect_uri=server.application.redirect_url,
    )
    assert answer["access_token"] == answer["result_data"]["access_token"]
    caller.token = answer["access_token"]
    now = await caller.data(
        "platform/getPowerStationRealTimeData",
        ps_id_list=[HOME, "5999999"],
        point_id_list=["83022"],
    )
    assert now["fail_ps_id_list"] == ["5999999"]
    assert "device_time" not in now["device_point_list"][0]
    span = {"start_time_stamp": "20260609120000", "end_time_stamp": "20260609123000"}
    past = await caller.data(
        "platform/getPowerStationPointMinuteDataList",
        ps_id_list=[HOME, "5999999"],
        points="p83022",
        **span,
    )
    assert past["illegal_ps_id_list"] == ["5999999"]
    days = await caller.data(
        "platform/getPowerStationPointDayMonthYearDataList",
        ps_id_list=[HOME],
        data_point="p83022",
        query_type="day",
        data_type="2",
        start_time="20260608",
        end_time="20260609",
        order=0,
    )
    assert len(days[HOME]["p83022"]) == 2
    details = await caller.data("platform/getPowerStationDetail", ps_ids="5000001,7")
    assert details["not_authorization_ps_list"] == ["7"]
    assert (
        await caller.data("platform/getPowerStationDetail", ps_ids=",".join("1" * 21))
    )["code"] == 5


async def test_lists_and_catalogue(caller: Caller, server: SungrowCloud) -> None:
    """Pages beyond the end, filters, the unit that is only shown."""
    beyond = await caller.data("getPowerStationList", curPage=9, size=10)
    assert beyond == {"pageList": [], "rowCount": 1}
    only = await caller.data(
        "getDeviceList", ps_id=HOME, curPage=1, size=10, device_type_list=[43]
    )
    assert [row["type_name"] for row in only["pageList"]] == ["电池"]
    assert (
        await caller.code(
            "getDeviceList", token=caller.token, ps_id="7", curPage=1, size=9
        )
        == "E900"
    )
    catalogue = await caller.data(
        "getOpenPointInfo", device_type=1, type=2, curPage=1, size=999
    )
    units = {(row["storage_unit"], row["show_unit"]) for row in catalogue["pageList"]}
    assert ("Wh", "kWh") in units
    closed = await caller.data(
        "getFaultAlarmInfo",
        curPage=1,
        size=10,
        process_status="9",
        startTime="202606010000",
        endTime="202606300000",
    )
    assert closed["pageList"][0]["over_time"]
    assert (
        await caller.code(
            "getFaultAlarmInfo",
            token=caller.token,
            curPage=1,
            size=10,
            process_status="9",
            startTime="202605010000",
            endTime="202606300000",
        )
        == "010"
    )
    server.load("empty-plant")
    plants = server.users["demo@example.org"]
    assert plants.user_id == 800_100


async def test_a_consent_needs_the_right_password_and_address(
    server: SungrowCloud,
) -> None:
    """What users see in the browser (E39)."""
    form = {
        "account": "demo@example.org",
        "password": "demo-password",
        "applicationId": "1234",
        "redirectUrl": server.application.redirect_url,
        "cloudId": "3",
        "ps_id": HOME,
    }

    async def posted(**changes: str) -> tuple[int, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                f"{server.url}/authorize", data=form | changes, allow_redirects=False
            ) as answer,
        ):
            return answer.status, await answer.text()

    assert (await posted(password="x"))[0] == 403
    assert (await posted(cloudId="1"))[0] == 403
    assert (await posted(cloudId=""))[0] == 403  # it is looked for in China
    assert (await posted(applicationId="7"))[1] == "Operation failed"
    assert "not registered" in (await posted(redirectUrl="https://x"))[1]
    assert (await posted())[0] == 302
    server.turn(unapproved=True)
    assert (await posted())[1] == "Operation failed"


async def test_tests_can_change_devices(server: SungrowCloud, caller: Caller) -> None:
    """By the words of the admin API."""
    server.change_device(
        INVERTER,
        {
            "online": False,
            "absent": ["13003"],
            "values": {"13141": 0.25},
            "soc": 0.5,
            "load_w": 700.0,
            "fault": "BMS Communication Fault",
            "listed": False,
        },
    )
    assert server.state()["plants"][0]["devices"][INVERTER]["online"] is False
    assert server.truth_at_last_upload(INVERTER)
    listed = await caller.data("getDeviceList", ps_id=HOME, curPage=1, size=10)
    assert INVERTER not in {row["ps_key"] for row in listed["pageList"]}
    found = await caller.data(
        "getDeviceRealTimeData",
        device_type=14,
        ps_key_list=[INVERTER],
        point_id_list=["13003", "13141"],
    )
    row = found["device_point_list"][0]["device_point"]
    assert (row["p13141"], row["dev_status"], row["dev_fault_status"]) == (
        "0.250",
        0,
        1,
    )
    assert "p13003" not in row
    with pytest.raises(ValueError, match="no such change"):
        server.change_device(INVERTER, {"colour": "red"})
    with pytest.raises(KeyError):
        server.device("9_9_9_9")

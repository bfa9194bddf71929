"""Calls by hand: those that are listed are answered, and nothing that is typed makes one of them write or ask about somebody else."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from custom_components.solar_cloud.cloud.errors import CommandInvalid
from custom_components.solar_cloud.cloud.fusionsolar import (
    read_calls as fusionsolar_calls,
)
from custom_components.solar_cloud.cloud.model import Device, DeviceKind, Plant
from custom_components.solar_cloud.cloud.read_calls import ReadCall, Scope
from custom_components.solar_cloud.cloud.solax import read_calls as solax_calls
from custom_components.solar_cloud.cloud.storage import Json
from custom_components.solar_cloud.cloud.sungrow import read_calls as sungrow_calls
from custom_components.solar_cloud.cloud.sungrow.api import V1, V2
from custom_components.solar_cloud.cloud.vendor import AnswersCalls

from .account import Account
from .accounts import with_a_past

TYPED: dict[str, Json] = {
    "businessType": "1",
    "deviceType": 1,
    "dateType": 2,
    "date": "2026-05",
    "alarmState": 1,
    "timeInterval": "5",
    "startTime": 1781258400000,
    "endTime": 1781262000000,
    "beginTime": 1781258400000,
    "collectTime": "1781258400000",
    "language": "en_US",
    "pageNo": 1,
    "curPage": 1,
    "page": 1,
    "size": 100,
    "type": "2",
    "point_id_list": "p1,2,83033",
    "points": "p1,p83033",
    "start_time_stamp": "20260608120000",
    "end_time_stamp": "20260608150000",
    "data_point": "p1,p83022",
    "data_type": "2",
    "query_type": "day",
    "start_time": "20260601",
    "end_time": "20260607",
    "order": 0,
    "process_status": 8,
}
"""What somebody types who has the vendor's page before them."""
SUNGROW: dict[str, Json] = {"startTime": "202606010000", "endTime": "202606140000"}


def calls_of(account: Account) -> Sequence[ReadCall[Any]]:
    """Return the list of a vendor."""
    match account.key:
        case "solax":
            return solax_calls.CALLS
        case "sungrow_account":
            return sungrow_calls.calls(V1)
        case "sungrow_oauth":
            return sungrow_calls.calls(V2)
    return fusionsolar_calls.CALLS


def about(account: Account, call: ReadCall[Any]) -> Plant | Device | None:
    """Return somebody for a call to be about."""
    match call.scope:
        case Scope.PLANT:
            return next(iter(account.wanted.plants.values()))
        case Scope.DEVICE:
            return next(
                device
                for device in account.wanted.devices.values()
                if device.kind == "inverter"
            )
    return None


@with_a_past
async def test_every_listed_call_is_answered_and_none_writes(account: Account) -> None:
    """About the account, a plant or a device, with what its page names; within the limits like everything else."""
    await account.whole()
    assert isinstance(account.client, AnswersCalls)
    calls = calls_of(account)
    assert len(calls) >= 9
    typed = TYPED | (SUNGROW if account.vendor.key == "sungrow" else {})
    typed["query_type"] = "1" if account.key == "sungrow_account" else "day"
    # Only V1 documents its list of points; a home has no energy manager.
    unknown = {"getOpenPointInfo"} if account.key == "sungrow_oauth" else set()
    before = account.carried_out
    for call in calls:
        if "ems_system" in call.name or call.name in unknown:
            continue
        account.clock.advance(3700)
        parameters = {key: typed[key] for key in call.parameters if key in typed}
        counted, sent = account.quota.used(), len(account.cloud.calls)
        answer = await account.client.ask(call.name, about(account, call), parameters)
        assert answer is not None, call.name
        (*_, last) = account.cloud.calls
        assert last.path.endswith(call.name)
        assert len(account.cloud.calls) > sent
        assert account.quota.used() >= counted
    assert account.carried_out == before


@with_a_past
async def test_no_trick_makes_a_call_write_or_ask_about_somebody_else(
    account: Account,
) -> None:
    """What is not listed is not sent: other calls, other paths, other ids, keys, tokens, and values that are something else."""
    await account.whole()
    assert isinstance(account.client, AnswersCalls)
    calls = calls_of(account)
    sent = len(account.cloud.calls)
    plant = next(iter(account.wanted.plants.values()))
    of_plant = next(
        each for each in calls if each.scope is Scope.PLANT and each.parameters
    )
    for name in (
        "",
        "paramSetting",
        "login",
        f"../{of_plant.name}",
        f"{of_plant.name}/",
        f"{of_plant.name}?set_type=0",
        of_plant.name.upper(),
        "device/evc_control/set_evc_work_mode",
        "control/battery/mode/async-task",
    ):
        with pytest.raises(CommandInvalid) as err:
            await account.client.ask(name, plant, {})
        assert err.value.key == "unknown_call"
    for key in (
        "set_type",
        "param_list",
        "token",
        "appkey",
        "plantId",
        "snList",
        "stationCodes",
        "plantCode",
        "devIds",
        "ps_key_list",
        "ps_id",
        "uuid",
    ):
        with pytest.raises(CommandInvalid) as err:
            await account.client.ask(of_plant.name, plant, {key: "1"})
        assert err.value.key == "call_takes"
    values: list[Json] = ["1; drop", "9" * 400, "٣", {"a": 1}, ["x"], None, True, -1]
    for call in calls:
        for key in call.parameters:
            for value in values:
                with pytest.raises(CommandInvalid):
                    await account.client.ask(
                        call.name, about(account, call), {key: value}
                    )
    with pytest.raises(CommandInvalid) as err:
        await account.client.ask(of_plant.name, None, {})
    assert err.value.key == "call_needs"
    if account.vendor.key == "fusionsolar":  # a device that is gone meanwhile
        gone = Device(id="gone", plant_id=plant.id, kind=DeviceKind.INVERTER)
        with pytest.raises(CommandInvalid):
            await account.client.ask("getDevRealKpi", gone, {})
    assert len(account.cloud.calls) == sent


@pytest.mark.parametrize("new_account", ["solax"], indirect=True)
@pytest.mark.parametrize("scenario", ["ci-ems"])
async def test_the_energy_manager_of_a_business_is_asked_too(account: Account) -> None:
    """By its register number, which nobody types."""
    await account.list()
    assert isinstance(account.client, AnswersCalls)
    manager = next(
        device
        for device in account.wanted.devices.values()
        if device.kind == "energy_manager"
    )
    plant = account.wanted.plants[manager.plant_id]
    for owner, name in ((plant, "attribute_info"), (manager, "summary_data")):
        answer = await account.client.ask(f"device/ems_system/{name}", owner, {})
        assert answer


def test_the_page_lists_every_call_with_what_it_takes() -> None:
    """Whoever wants to send one finds its name, whom it is about and its parameters."""
    page = (Path(__file__).parents[2] / "docs" / "actions.md").read_text()
    clouds = {
        "SolaX": solax_calls.CALLS,
        "Sungrow, account": sungrow_calls.calls(V1),
        "Sungrow, consent": sungrow_calls.calls(V2),
        "FusionSolar": fusionsolar_calls.CALLS,
    }
    told = [
        f"| {cloud} | `{call.name}` | {call.scope.name.lower()} | "
        + (", ".join(f"`{key}`" for key in call.parameters) or "–")
        + " |"
        for cloud, calls in clouds.items()
        for call in calls
    ]
    rows = page.partition("| Cloud | Call |")[2].splitlines()[2:]
    assert rows == told

"""One call to the gateway under either edition of the OpenAPI: names, keys, encryption, envelope. Knows no token but the one it is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property
import json
import time
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from yarl import URL

from ..errors import (
    CloudError,
    CloudUnreachable,
    CredentialsRejected,
    TokenRefused,
    UnexpectedAnswer,
)
from ..points import number
from ..storage import Json
from ..transport import Answer, Transport
from .crypto import (
    NONCE_LENGTH,
    EncryptionEnvelope,
    is_hex,
    load_public_key,
    random_text,
)
from .errors import HTTP_ERRORS, OK, ClockWrong, NonceRepeated, Throttled, error_for


class Operation(Enum):
    """What can be asked, by names of ours."""

    PLANTS = auto()
    PLANT_DETAILS = auto()
    DEVICES = auto()
    PLANT_VALUES = auto()
    DEVICE_VALUES = auto()
    OPTIMIZER_VALUES = auto()
    ALARMS = auto()
    POINTS = auto()
    PLANT_MINUTES = auto()
    DEVICE_MINUTES = auto()
    PLANT_DAYS = auto()
    DEVICE_DAYS = auto()
    SETTING_CHECK = auto()
    SETTING = auto()
    SETTING_TASK = auto()
    SETTING_RECORDS = auto()


@dataclass(frozen=True, slots=True)
class ApiVersion:
    """One version of the interface: its paths and the names of its fields."""

    prefix: str
    bearer: bool
    """Whether the token travels in the ``Authorization`` header; else it is a field of the body."""
    page: str
    """The field that numbers pages."""
    paths: Mapping[Operation, str]
    live_list: bool
    """Whether the list of plants carries income and CO2."""

    def path(self, operation: Operation) -> str:
        """Return the path of an operation."""
        return f"{self.prefix}/{self.paths[operation]}"


_SHARED: Final = {
    Operation.DEVICE_VALUES: "getDeviceRealTimeData",
    Operation.OPTIMIZER_VALUES: "getMlpeRealTimeData",
    Operation.ALARMS: "getFaultAlarmInfo",
    Operation.POINTS: "getOpenPointInfo",
    Operation.DEVICE_MINUTES: "getDevicePointMinuteDataList",
    Operation.SETTING_CHECK: "paramSettingCheck",
    Operation.SETTING: "paramSetting",
    Operation.SETTING_TASK: "getParamSettingTask",
    Operation.SETTING_RECORDS: "getDeviceSettingRecordList",
}

V1: Final = ApiVersion(
    prefix="openapi",
    bearer=False,
    page="curPage",
    paths={
        **_SHARED,
        Operation.PLANTS: "getPowerStationList",
        Operation.PLANT_DETAILS: "getBatchPsDetail",
        Operation.DEVICES: "getDeviceList",
        Operation.PLANT_VALUES: "getDeviceRealTimeData",
        Operation.PLANT_MINUTES: "getDevicePointMinuteDataList",
        Operation.PLANT_DAYS: "getDevicePointsDayMonthYearDataList",
        Operation.DEVICE_DAYS: "getDevicePointsDayMonthYearDataList",
    },
    live_list=True,
)
"""Without OAuth: the portal's keys and an account's password."""

V2: Final = ApiVersion(
    prefix="openapi/platform",
    bearer=True,
    page="page",
    paths={
        **_SHARED,
        Operation.PLANTS: "queryPowerStationList",
        Operation.PLANT_DETAILS: "getPowerStationDetail",
        Operation.DEVICES: "getDeviceListByPsId",
        Operation.PLANT_VALUES: "getPowerStationRealTimeData",
        Operation.PLANT_MINUTES: "getPowerStationPointMinuteDataList",
        Operation.PLANT_DAYS: "getPowerStationPointDayMonthYearDataList",
        Operation.DEVICE_DAYS: "getDevicePointDayMonthYearDataList",
    },
    live_list=False,
)
"""With OAuth 2.0."""


SYS_CODE: Final = "901"
LANGUAGE: Final = "_en_US"

type Body = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Keys:
    """What the portal gave the application."""

    app_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    rsa_public_key: str | None = field(default=None, repr=False)


class ApiClient:
    """Sends the calls of one application to one region, encrypted where its keys say so."""

    def __init__(self, base_url: URL, keys: Keys, transport: Transport) -> None:
        """Call ``base_url`` with an application's keys."""
        self._base_url: Final = base_url
        self._keys: Final = keys
        self._transport: Final = transport
        self._clock_offset = 0.0

    @property
    def encrypted(self) -> bool:
        """Whether bodies are encrypted."""
        return self._keys.rsa_public_key is not None

    @cached_property
    def _public_key(self) -> RSAPublicKey | None:
        text = self._keys.rsa_public_key
        return None if text is None else load_public_key(text)

    async def call(self, path: str, body: Body, *, bearer: str | None = None) -> Body:
        """Send a body and return the answer's, whose result code is ``1``. Raises a ``CloudError``."""
        answer = await self.ask(path, body, bearer=bearer)
        if (code := str(answer.get("result_code"))) == OK:
            return answer
        raise error_for(code, answer)

    async def ask(self, path: str, body: Body, *, bearer: str | None = None) -> Body:
        """Send a body and return the answer's, whatever its result code; mends clock and nonce once."""
        try:
            return await self._send(path, body, bearer)
        except ClockWrong:
            await self._set_clock()
        except NonceRepeated:
            pass
        return await self._send(path, body, bearer)

    async def _send(self, path: str, body: Body, bearer: str | None) -> Body:
        headers = {
            "Content-Type": "application/json;charset=UTF-8",
            "x-access-key": self._keys.secret_key,
            "sys_code": SYS_CODE,
        }
        if bearer is not None:
            headers["Authorization"] = f"Bearer {bearer}"
        content: Body = {"appkey": self._keys.app_key, "lang": LANGUAGE, **body}
        envelope = None
        if (public_key := self._public_key) is not None:
            envelope = EncryptionEnvelope.fresh(public_key)
            headers["x-random-secret-key"] = envelope.header
            content["api_key_param"] = {
                "nonce": random_text(NONCE_LENGTH),
                "timestamp": str(round((time.time() + self._clock_offset) * 1000)),
            }
        answer = await self._transport.send(
            "POST",
            self._base_url.joinpath(*path.split("/")),
            headers=headers,
            text=json.dumps(content, ensure_ascii=False, separators=(",", ":")),
            encryption=envelope,
        )
        return self._understand(answer)

    def _understand(self, answer: Answer) -> Body:
        """Turn an answer into its envelope, or raise what its status, form or layer says."""
        if answer.status >= 500:
            raise CloudUnreachable("server_error", code=str(answer.status))
        if is_hex(answer.body):
            raise CredentialsRejected("encryption_required")
        failed = answer.status >= 400
        try:
            parsed = answer.json()
        except UnexpectedAnswer:
            if failed:
                raise self._http_error(answer) from None
            raise
        if not isinstance(parsed, dict):
            raise (
                self._http_error(answer)
                if failed
                else UnexpectedAnswer("not_an_object")
            )
        if parsed.get("error") == "invalid_token":
            raise TokenRefused
        code = str(parsed.get("result_code"))
        if code in {"E910", "E913"}:
            raise error_for(code, parsed)
        if failed and (code in {OK, "None"} or answer.status == 401):
            raise self._http_error(answer)
        return parsed

    @staticmethod
    def _http_error(answer: Answer) -> CloudError:
        if (make := HTTP_ERRORS.get(answer.status)) is None:
            return UnexpectedAnswer("http_error", status=str(answer.status))
        error = make()
        return (
            Throttled(error.code, answer.retry_after)
            if isinstance(error, Throttled)
            else error
        )

    async def _set_clock(self) -> None:
        """Learn how far this machine's clock is from the server's."""
        answer = await self._transport.send("GET", self._base_url / "timestamp")
        told = answer.json()
        if isinstance(told, dict):
            told = next(iter(_numbers(told)), None)
        if (milliseconds := number(told)) is None:
            raise ClockWrong
        self._clock_offset = milliseconds / 1000 - time.time()


def _numbers(fields: Mapping[str, Json]) -> list[float]:
    return [value for raw in fields.values() if (value := number(raw)) is not None]

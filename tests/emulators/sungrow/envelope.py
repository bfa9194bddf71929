"""Answers and refusals."""

from datetime import UTC, datetime
from typing import Any, override
import uuid

MESSAGES = {
    "-1": "er_internal_error",
    "000": "er_unknown_exception",
    "001": "er_missing_parameter:appkey",
    "002": "er_missing_parameter:token",
    "003": "er_missing_parameter:sys_code",
    "009": "er_missing_parameter",
    "010": "er_parameter_value_invalid",
    "011": "er_sql_exception",
    "E00000": "er_invalid_appkey",
    "E00001": "er_service_expired",
    "E00002": "er_parameter_decryption_failed",
    "E00003": "er_token_login_invalid",
    "E900": "er_unauthorized_access",
    "E901": "er_access_too_frequent",
    "E902": "Request is not encrypted",
    "E903": "er_ip_changes_too_often",
    "E904": "x-random-secret-key is missing",
    "E905": "AES decryption failed",
    "E906": "RSA decryption failed",
    "E907": "The length of the key is wrong",
    "E908": "api_key_param is missing",
    "E909": "The nonce is malformed",
    "E910": "The nonce is repeated",
    "E911": "x-access-key is missing",
    "E912": "Illegal x-access-key",
    "E913": "The request has expired",
    "E914": "x-access-key does not match",
    "E916": "er_login_too_frequent",
    "E918": "er_ip_not_in_whitelist",
    "E919": "er_user_not_in_whitelist",
    "E994": "er_system_not_found",
    "E995": "er_body_too_large",
    "E996": "er_api_not_found",
    "E997": "er_result_transform",
    "E998": "er_month_call_api_times_upper_limit",
    "E999": "er_hour_call_api_times_upper_limit",
}


class Refusal(Exception):
    """A call that is answered with an error."""

    def __init__(
        self, code: str, message: str | None = None, *, http: int = 200, **more: Any
    ) -> None:
        """Name the code; more fields go beside it."""
        super().__init__(code)
        self.code = code
        self.message = message
        self.http = http
        self.more = more

    def body(self) -> dict[str, Any]:
        """Return the answer."""
        text = MESSAGES.get(self.code, "er_unknown")
        body = {
            "req_serial_num": serial_number(),
            "result_code": self.code,
            "result_msg": text if self.message is None else f"{text}:{self.message}",
            "result_data": None,
            **self.more,
        }
        if self.code == "E00003":
            del body["req_serial_num"]  # so it was seen
        return body


class BadBearer(Refusal):
    """An access token that opens nothing."""

    @override
    def body(self) -> dict[str, Any]:
        """Return the answer, which has no result code."""
        return {
            "error": "invalid_token",
            "error_description": "Invalid access token",
            "req_serial_num": serial_number(),
        }


class BadGrant(Refusal):
    """A code that opens nothing."""

    @override
    def body(self) -> dict[str, Any]:
        """Return the answer, half OAuth's and half Sungrow's."""
        return {
            "req_serial_num": serial_number(),
            "error": "invalid_grant",
            "error_description": self.message,
            "result_code": self.code,
            "result_msg": self.message,
        }


def serial_number() -> str:
    """Return a fresh request number."""
    return f"{datetime.now(UTC):%Y%m%d}{uuid.uuid4().hex[:24]}"


def success(data: Any, **more: Any) -> dict[str, Any]:
    """Return an accepted answer."""
    return {
        "req_serial_num": serial_number(),
        "result_code": "1",
        "result_msg": "success",
        **more,
        "result_data": data,
    }

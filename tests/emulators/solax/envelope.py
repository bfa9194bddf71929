"""SolaX's answers: one envelope, and codes for what went wrong."""

from typing import Any

SUCCESS = 10000
TOKEN_SUCCESS = 0

MESSAGES = {
    10001: "System exception",
    10200: "Operation abnormality",
    10400: "Request not authenticated",
    10401: "Username or password is incorrect",
    10402: "access_token authentication failed",
    10403: "Interface has no access rights",
    10404: "Callback function not configured",
    10405: "The number of API calls has been used up",
    10406: "API call rate limit reached",
    10500: "The user has no device data permissions",
    10505: "The device is not authorized",
    10506: "The plant is not authorized",
    11500: "System busy, please try again later",
}


class Refusal(Exception):
    """A business error: HTTP 200 with a code."""

    def __init__(self, code: int, message: str | None = None) -> None:
        """Refuse with a code and its usual text, unless another is given."""
        super().__init__(code)
        self.code = code
        self.message = message or MESSAGES.get(code, "Unknown error")


def bad_parameter(reason: str) -> Refusal:
    """Refuse a parameter."""
    return Refusal(10200, f"PARAM_ERROR: {reason}")


def page(records: list[dict[str, Any]], number: int, size: int) -> dict[str, Any]:
    """Cut one page out of a list, in SolaX's paging words."""
    return {
        "total": len(records),
        "pages": -(-len(records) // size),
        "current": number,
        "size": size,
        "records": records[(number - 1) * size : number * size],
    }

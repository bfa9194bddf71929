"""Planting secrets and identities into everything a cloud says, and looking for them afterwards."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
import json
import re
from typing import Any, Final

from aiohttp import web

from ..emulators.base import Cloud

MARK: Final = re.compile(
    r"ulio\d{4}|48\.7391\d{5}|(?<![\d.])7391\d{5}(?![\d.])", re.IGNORECASE
)
"""What everything planted has in it; letters that Home Assistant's own ids do not have."""
FORMS: Final[Mapping[str, str]] = {
    "token": "ulio{n:04}c0ffee0123456789abcdef",
    "password": "Ulio{n:04}-hunter2",
    "mail": "ulio{n:04}@leak.example",
    "phone": "+49 7391{n:05}",
    "name": "Ulio{n:04} Mustermann",
    "address": "Ulio{n:04}-Allee 7, 80331 Muenchen",
    "serial": "ULIO{n:04}AB56",
    "coordinate": "48.7391{n:05}",
    "id": "7391{n:05}",
    "text": "Ask Frau Ulio{n:04} Mustermann, ulio{n:04}@leak.example",
}
"""By what it is."""
PLACES: Final = {
    "accessToken": "token",
    "wifi_password": "password",
    "ownerMail": "mail",
    "contactPhone": "phone",
    "installerName": "name",
    "siteAddress": "address",
    "loggerSn": "serial",
    "lat": "coordinate",
    "siteLatitude": "coordinate",
    "user_id": "id",
    "remark": "text",
    # Of names that say nothing:
    "p1": "mail",
    "p2": "phone",
    "p3": "address",
    "p4": "text",
    "p5": "token",
    "p6": "id",
    "p7": "coordinate",
    "gpsLongitude": "coordinate",
}
"""Fields that every object of every answer gets, and what is in them."""
NAMES: Final = frozenset(
    [
        "plantName",
        "plantAddress",
        "loginName",
        "ps_name",
        "ps_location",
        "contactPerson",
        "contactMethod",
        "owner_email",
        "device_name",
        "devName",
        "description",
    ]
)
"""Fields of the clouds themselves that are the owner's words."""
IDS: Final = frozenset(
    [
        "deviceSn",
        "registerNo",
        "plantId",
        "device_sn",
        "ps_id",
        "uuid",
        "esnCode",
        "devDn",
        "id",
        "stationCode",
    ]
)
"""Fields of the clouds themselves with an id or a serial number, which is echoed."""
MESSAGES: Final = frozenset({"message", "result_msg"})
VISIBLE: Final = frozenset({"plantName", "ps_name"})
"""What a user is meant to see: the name of the plant, in the names of its entities and devices and in repairs about it."""


@dataclass
class Planting:
    """What was planted into the answers of a cloud."""

    cloud: Cloud[Any]
    planted: dict[tuple[str, str], str] = field(default_factory=dict)
    visible: set[str] = field(default_factory=set)
    """The marks of what users are meant to see."""
    echoed: set[str] = field(default_factory=set)
    """Ids and serial numbers of the cloud's own."""

    def __post_init__(self) -> None:
        """Let every answer pass through here."""
        self.cloud.alter = self.answer

    def plant(self, form: str, place: str) -> str:
        """Return the value of a place, the same each time."""
        if (form, place) not in self.planted:
            number = len(self.planted) + 1
            self.planted[form, place] = FORMS[form].format(n=number)
        return self.planted[form, place]

    def leaks(self, text: str, *, names: bool = False) -> set[str]:
        """Return the marks in a text of what must not be there; with ``names`` those of plants may be."""
        found = {each.lower() for each in MARK.findall(text)}
        found |= {each for each in self.given | self.echoed if each in text}
        return found - self.visible if names else found

    @property
    def given(self) -> set[str]:
        """The credentials that were typed, but for names that are ordinary words."""
        return {each for each in self.cloud.credentials.values() if len(each) > 8}

    def _spoilt(self, path: str, item: Any) -> Any:
        if isinstance(item, list):
            return [self._spoilt(path, each) for each in item]
        if not isinstance(item, dict) or not item:
            return item
        spoilt = {}
        for key, value in item.items():
            if key in NAMES and isinstance(value, str) and value:
                value = self.plant("name", f"{key} {value}")
                if key in VISIBLE:
                    self.visible.update(each.lower() for each in MARK.findall(value))
            elif key in MESSAGES and isinstance(value, str) and "success" not in value:
                value = self.plant("text", f"{path} {key}")
            else:
                value = self._spoilt(f"{path}/{key}", value)
            spoilt[key] = value
        extra: dict[str, Any] = {
            name: self.plant(form, f"{path} {name}") for name, form in PLACES.items()
        }
        extra["p7"] = extra["gpsLongitude"]
        extra["p8"] = int(self.plant("id", f"{path} p8"))
        for key in IDS & item.keys():
            if len(str(item[key])) > 6:
                # Where no name tells what it is.
                extra[f"p_{key[:2]}"] = item[key]
                self.echoed.add(str(item[key]))
        return {**extra, **spoilt}

    def answer(
        self, request: web.Request, response: web.StreamResponse
    ) -> web.StreamResponse:
        """Plant something into the body, the headers and the cookies of an answer."""
        if not isinstance(response, web.Response) or response.prepared:
            return response
        text = response.text or ""
        try:
            body = json.loads(text)
        except ValueError:
            text += f"<!-- {self.plant('text', f'{request.path} page')} -->"
        else:
            text = json.dumps(self._spoilt(request.path, body), ensure_ascii=False)
        spoilt = web.Response(
            text=text,
            content_type=response.content_type or "application/json",
            status=response.status,
        )
        for name, value in response.headers.items():
            if name.lower() not in {"content-type", "content-length"}:
                spoilt.headers.add(name, value)
        spoilt.headers["X-Owner"] = self.plant("mail", "header")
        spoilt.headers.add("Set-Cookie", f"session={self.plant('token', 'cookie')}")
        return spoilt


def flat(items: Iterable[object]) -> str:
    """Return things as one text, escapes undone."""
    return json.dumps([*items], default=repr, ensure_ascii=False)

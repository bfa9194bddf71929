"""Masking: what a report may tell of the answers of a cloud, so that nobody is named and the answers can still be replayed.

A value is told when it can only be a measurement, a moment, or a word of a known vocabulary. All else gets a pseudonym, the same throughout
one report. What a field holds is told by the words of its name, as they were seen in all three clouds and in what their owners fear to publish;
a value known to identify somebody is masked wherever it stands, whatever its field is called.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
import re
import time
from typing import Final, NamedTuple

from .model import DeviceKind, Inventory, Quantity
from .points import ABSENT
from .storage import Json


class Identity(StrEnum):
    """What a value would tell, by which it is counted and named."""

    SECRET = "secret"
    MAIL = "mail"
    PHONE = "phone"
    COORDINATE = "coordinate"
    SERIAL = "serial"
    ADDRESS = "address"
    NAME = "name"
    ID = "id"


WITHHELD: Final = "**WITHHELD**"
TEXT: Final = "text"
"""How a text is called that identifies nobody for certain, but is not known to be harmless either."""
SHORTEST: Final = 4
"""Shorter texts occur by chance; no real identity is that short."""
LONGEST_NUMBER: Final = 8
"""Digits of a whole number that can be a measurement; of more, it is an id or a phone unless it is a moment."""
SHORTEST_NUMBER: Final = 6
"""Digits of a whole number that is looked for wherever it stands; shorter ones are measurements, too."""

_WORDS: Final[Mapping[Identity, frozenset[str]]] = {
    Identity.SECRET: frozenset(["authorization", "cookie", "jwt", "nonce", "pwd"]),
    Identity.MAIL: frozenset(["mail"]),
    Identity.PHONE: frozenset(["fax", "tel", "whatsapp"]),
    Identity.COORDINATE: frozenset(["gps", "lat", "lng", "lon"]),
    Identity.SERIAL: frozenset(
        ["barcode", "esn", "imsi", "iccid", "imei", "register", "sn"]
    ),
    Identity.ADDRESS: frozenset(
        [
            "addr",
            "city",
            "county",
            "district",
            "host",
            "ip",
            "location",
            "mac",
            "postal",
            "postcode",
            "province",
            "ssid",
            "street",
            "town",
            "uri",
            "url",
            "zip",
        ]
    ),
    Identity.NAME: frozenset(
        [
            "account",
            "alias",
            "company",
            "contact",
            "installer",
            "login",
            "name",
            "nick",
            "org",
            "owner",
            "person",
            "user",
        ]
    ),
    Identity.ID: frozenset(["code", "dn", "guid", "id", "key", "no", "uuid"]),
}
"""Words of a field's name that tell what it holds, the most telling first."""
_PARTS: Final[Mapping[str, Identity]] = {
    "appkey": Identity.SECRET,
    "password": Identity.SECRET,
    "secret": Identity.SECRET,
    "systemcode": Identity.SECRET,
    "token": Identity.SECRET,
    "xsrf": Identity.SECRET,
    "email": Identity.MAIL,
    "phone": Identity.PHONE,
    "mobile": Identity.PHONE,
    "latitude": Identity.COORDINATE,
    "longitude": Identity.COORDINATE,
    "rfid": Identity.SERIAL,
    "serial": Identity.SERIAL,
    "address": Identity.ADDRESS,
    "username": Identity.NAME,
}
"""What is found in names without separators, too."""
_PUBLIC: Final = frozenset(
    [
        "currency",
        "expires",
        "grant",
        "model",
        "mode",
        "param",
        "point",
        "scope",
        "state",
        "status",
        "type",
        "unit",
        "version",
        "zone",
    ]
)
"""Words of names whose values are codes of the vendor, unless a more telling word stands beside them."""
_CODES: Final = frozenset(["alarm", "error", "fail", "fault", "result", "status"])
"""Words before "code" that make it the vendor's."""
_PLAIN: Final = frozenset(
    [
        "bearer",
        "charging",
        "discharging",
        "error",
        "false",
        "fault",
        "idle",
        "no",
        "normal",
        "off",
        "offline",
        "ok",
        "on",
        "online",
        "running",
        "standby",
        "stopped",
        "success",
        "true",
        "yes",
    ]
)
"""Texts that are told whatever their field is called."""
_PSEUDONYM: Final = re.compile(
    rf"({'|'.join([*map(str, DeviceKind), *map(str, Identity), TEXT])})_\d+[\w-]{{0,20}}"
)
"""What a replayed bundle says in the place of an id: it keeps it."""
_ORDINARY: Final = frozenset(
    {word for name in (*Quantity, *DeviceKind) for word in str(name).split("_")}
    | {"cloud", "demo", "haus", "home", "house", "roof", "solar", "system", "user"}
)
"""A name made of these alone identifies nobody, and stands everywhere in a report."""

_LOOSE: Final = frozenset({Identity.NAME, Identity.ID, Identity.ADDRESS})
"""What may happen to be an ordinary word."""
_NUMBERED: Final = frozenset({Identity.ID, Identity.SERIAL})
"""What may be made of other ids, of which each keeps its pseudonym."""

CALL_NUMBERS: Final = frozenset({"req_serial_num", "requestId", "traceId"})
"""Fields with the number by which a vendor finds a call: it identifies nobody, and is told in the log of calls."""

_SPLIT: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_TOKEN: Final = re.compile(r"[^\W_]+")
_FIELD: Final = re.compile(r"(?!.*\d{6})[A-Za-z_][\w.-]{0,59}")
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_HARMLESS: Final = re.compile(
    r"-?\d+(\.\d+)? ?(%|[kM]?Wh?|k?VA|k?var|m?[VA]|Hz|°C|℃|kg|t|h|min|s)|_?[a-z]{2}_[A-Z]{2}"
)
"""A number with its unit, and a language."""
_DATE: Final = r"(19|20)\d\d{0}(0[1-9]|1[0-2]){0}(0[1-9]|[12]\d|3[01])"
_MOMENT: Final = re.compile(
    _DATE.replace("{0}", "-")
    + r"([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?(Z|[+-]\d\d:?\d\d)?"
    + "|"
    + _DATE.replace("{0}", "")
    + r"([01]\d|2[0-3])[0-5]\d([0-5]\d)?"
)
_CODE: Final = re.compile(r"[A-Za-z_]{0,30}-?\d{0,6}")
_WORD: Final = re.compile(r"(?!.*\d{7})[\w .,:;()/+%°-]{1,300}")
_REST: Final = re.compile(r"(\W|_|(?<!\d)\d{1,4}(?!\d))*")
"""What may be left of an id once the known ids in it are masked."""
_SHAPES: Final[Mapping[Identity, re.Pattern[str]]] = {
    Identity.MAIL: re.compile(r"[\w.+-]+@[\w-]+\.\w+"),
    Identity.PHONE: re.compile(r"(?<![\w.:+-])(\+|00?)[1-9][\d ()/-]{6,}\d(?![\w.:])"),
    Identity.SECRET: re.compile(
        r"eyJ[\w-]{8,}\.|\bbearer +\S{8,}|\b[0-9a-f]{32,}\b", re.IGNORECASE
    ),
    Identity.ADDRESS: re.compile(
        r"https?://|\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b", re.IGNORECASE
    ),
}
"""What nothing in a report may look like, whoever knows it."""
_FIRST_MOMENT: Final = 946684800
"""2000, in epoch seconds; a moment is between then and now."""


@lru_cache(maxsize=4096)
def identity_of(field: str) -> Identity | None:
    """Return what a field holds by its name, ``None`` when nothing speaks for an identity."""
    folded = field.replace("_", "").lower()
    words = [word.lower() for word in _SPLIT.findall(field)]
    singular = {*words, *(word.removesuffix("s") for word in words)}
    told = [each for part, each in _PARTS.items() if part in folded]
    told += [each for each, named in _WORDS.items() if named & singular]
    if not told:
        return None
    most = min(told, key=[*Identity].index)
    if most in {Identity.NAME, Identity.ID} and is_public(field):
        return None
    return most


@lru_cache(maxsize=4096)
def is_public(field: str) -> bool:
    """Whether a field's values are the vendor's codes."""
    words = [word.lower() for word in _SPLIT.findall(field)]
    return bool(_PUBLIC.intersection(words)) or is_code(field)


@lru_cache(maxsize=4096)
def is_code(field: str) -> bool:
    """Whether a field says how a call went, or what is wrong with a device."""
    words = [word.lower() for word in _SPLIT.findall(field)]
    return words[-1:] == ["code"] and (len(words) == 1 or words[-2] in _CODES)


def is_moment(value: Json) -> bool:
    """Whether a value is a time, in any of the forms these clouds write."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return False
    text = str(value).strip()
    if text.isascii() and text.isdigit() and len(text) in {10, 13}:
        seconds = int(text[:10])
        return _FIRST_MOMENT < seconds < time.time() + 2 * 86400
    return _MOMENT.fullmatch(text) is not None


class _Known(NamedTuple):
    """A value that identifies somebody."""

    value: str
    tokens: tuple[str, ...]
    identity: Identity


class Masks:
    """The pseudonyms of one report."""

    def __init__(self) -> None:
        """Know nobody."""
        self._names: dict[str, str] = {}
        """Of plants and devices, however short or ordinary their ids are."""
        self._pseudonyms: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._public: set[str] = set()
        self._known: defaultdict[str, list[_Known]] = defaultdict(list)
        """By the first of their words."""

    # Whom to mask

    def keep(self, words: Iterable[str | None]) -> None:
        """Tell these words wherever they stand: models, versions, the vendor's name."""
        self._public.update(word.casefold() for word in words if word)

    def learn(
        self, value: str | None, identity: Identity, pseudonym: str | None = None
    ) -> None:
        """Mask a value from now on, wherever it stands."""
        text = (value or "").strip()
        folded = text.casefold()
        tokens = tuple(_TOKEN.findall(folded))
        if (
            not tokens
            or folded in self._pseudonyms
            or _PSEUDONYM.fullmatch(folded)
            or len(text) < (SHORTEST_NUMBER if text.isdecimal() else SHORTEST)
            or (identity in _LOOSE and (folded in self._public or _is_ordinary(tokens)))
        ):
            return
        self._pseudonyms[folded] = pseudonym or self._new(identity)
        self._known[tokens[0]].append(_Known(folded, tokens, identity))

    def learn_coordinate(self, degrees: str) -> None:
        """Mask a coordinate that says more than which town; a rounded one may be a measurement, too."""
        if len(degrees.partition(".")[2]) >= SHORTEST:
            self.learn(degrees, Identity.COORDINATE)

    def learn_inventory(self, inventory: Inventory) -> None:
        """Name plants and devices by their kind, in the order of their ids."""
        self.keep(each.model for each in inventory.devices.values())
        self.keep(each.firmware for each in inventory.devices.values())
        self.keep(each.time_zone for each in inventory.plants.values())
        counts: Counter[str] = Counter()
        for key in sorted(inventory.plants, key=natural):
            plant = inventory.plants[key]
            counts["plant"] += 1
            name = f"plant_{counts['plant']}"
            self._names[key] = name
            self.learn(key, Identity.ID, name)
            self.learn(plant.name, Identity.NAME, f"{name}_name")
        for key in sorted(inventory.devices, key=natural):
            device = inventory.devices[key]
            counts[device.kind] += 1
            name = f"{device.kind}_{counts[device.kind]}"
            self._names[key] = name
            self.learn(key, Identity.ID, name)
            self.learn(device.serial, Identity.SERIAL, f"{name}_serial")
        addresses = [each.address for each in inventory.plants.values()]
        addresses += [each.address for each in inventory.devices.values()]
        for value in (value for address in addresses for value in address.values()):
            digits = sum(map(str.isdigit, value))
            if digits >= SHORTEST and not any(self._find(value)):
                self.learn(value, Identity.ID)

    def learn_gone(self, keys: Iterable[str]) -> None:
        """Name plants and devices that no list has any more, of which something is still remembered."""
        for key in sorted(set(keys) - self._names.keys()):
            self._names[key] = self._new(Identity.ID)
            self.learn(key, Identity.ID, self._names[key])

    def learn_answers(self, answers: Iterable[Json]) -> None:
        """Look for everybody the answers name."""
        found = [leaf for answer in answers for leaf in leaves(answer)]
        self.keep(
            value
            for name, value in found
            if isinstance(value, str)
            and identity_of(name) is None
            and is_public(name)
            and _WORD.fullmatch(value)
        )
        named = [
            (str(value).strip(), identity)
            for name, value in found
            if (identity := identity_of(name)) is not None
            and name not in CALL_NUMBERS
            and not isinstance(value, bool | None)
        ]
        # Ids before what is made of them: each keeps its pseudonym in it.
        for text, identity in sorted(named, key=lambda each: len(each[0])):
            if identity is Identity.COORDINATE:
                self.learn_coordinate(text)
            elif not _is_empty(text) and not (
                identity in _NUMBERED and any(self._find(text))
            ):
                self.learn(text, identity)

    def _new(self, group: str) -> str:
        self._counts[group] += 1
        return f"{group}_{self._counts[group]}"

    def of(self, value: str) -> str:
        """Return the pseudonym of a plant or device."""
        return self._names.get(value, "unlisted")

    def _find(self, text: str) -> Iterator[tuple[int, int, _Known]]:
        """Yield where known values stand in a text as words of their own, the longest first.

        A plant called "Solar" must not hide half of a report. With a digit in it, it is an id or a token, and may be part of a longer id.
        """
        found = list(_TOKEN.finditer(text.casefold()))
        words = tuple(each[0] for each in found)
        end = 0
        for position, first in enumerate(found):
            if first.start() < end:
                continue
            for known in sorted(
                self._known.get(first[0], ()), key=lambda each: -len(each.tokens)
            ):
                last = position + len(known.tokens)
                if words[position:last] != known.tokens:
                    continue
                begin, end = first.start(), found[last - 1].end()
                if any(map(str.isdigit, known.value)) or "_" not in (
                    text[max(0, begin - 1) : begin] + text[end : end + 1]
                ):
                    yield begin, end, known
                    break

    # What is told

    def answer(self, answer: Json, field: str = "") -> Json:
        """Mask an answer, or what was asked."""
        if isinstance(answer, dict):
            return {self._field(key): self.answer(answer[key], key) for key in answer}
        if isinstance(answer, list):
            return [self.answer(each, field) for each in answer]
        if answer is None or isinstance(answer, bool):
            return answer
        text = str(answer).strip()
        if text.lower() in ABSENT:
            return answer
        pseudonym = self._pseudonyms.get(text.casefold())
        if len(text) < SHORTEST_NUMBER and identity_of(field) is None:
            pseudonym = pseudonym if not _NUMBER.fullmatch(text) else None
        if pseudonym is None and self._is_told(text, field):
            return answer
        return pseudonym or self._masked(text, identity_of(field))

    def _field(self, name: str) -> str:
        if name.casefold() in self._pseudonyms:
            return self._pseudonyms[name.casefold()]
        return name if _FIELD.fullmatch(name) else self._masked(name, None)

    def _is_told(self, text: str, field: str) -> bool:
        identity = identity_of(field)
        if _PSEUDONYM.fullmatch(text):
            return True
        if _NUMBER.fullmatch(text):
            if identity in {Identity.COORDINATE, Identity.SECRET, Identity.PHONE}:
                return False
            digits = len(text.lstrip("+-0") or "0")
            whole = "." not in text
            if text[:1] == "+" or (text[:1] == "0" and digits > SHORTEST and whole):
                return False
            most = LONGEST_NUMBER if identity is None else SHORTEST - 1
            return not whole or digits <= most or is_moment(text)
        if identity in {Identity.SECRET, Identity.PHONE, Identity.MAIL}:
            return False
        if is_moment(text):
            return True
        if identity is not None or any(self._find(text)):
            return False
        if is_public(field):
            return (_CODE if is_code(field) else _WORD).fullmatch(text) is not None
        return text.lower() in _PLAIN or _HARMLESS.fullmatch(text) is not None

    def _masked(self, text: str, identity: Identity | None) -> str:
        """Return a text with the ids in it masked, or a pseudonym of the whole where more than ids are in it."""
        masked, rest, end = "", "", 0
        for begin, stop, known in self._find(text):
            between, end = text[end:begin], stop
            masked += between + self._pseudonyms[known.value]
            rest += between
        if end and _REST.fullmatch(rest + text[end:]):
            return masked + text[end:]
        folded = text.casefold()
        if folded not in self._pseudonyms:
            self._pseudonyms[folded] = self._new(identity or TEXT)
        return self._pseudonyms[folded]

    def ids(self, item: Json) -> Json:
        """Name plants and devices by their pseudonyms in what we keep of them ourselves."""
        if isinstance(item, dict):
            return {str(self.ids(key)): self.ids(item[key]) for key in item}
        if isinstance(item, list):
            return [self.ids(each) for each in item]
        if isinstance(item, str):
            return self._names.get(item) or self._pseudonyms.get(item.casefold(), item)
        return item

    def told[ItemT](self, item: ItemT) -> ItemT | str:
        """Return what we say ourselves, with every text withheld in which somebody is named nevertheless."""
        if isinstance(item, dict):
            return {self.told(key): self.told(item[key]) for key in item}  # type: ignore[return-value]
        if isinstance(item, list):
            return [self.told(each) for each in item]  # type: ignore[return-value]
        return WITHHELD if isinstance(item, str) and any(self._find(item)) else item

    def leaks(self, report: Json) -> Counter[str]:
        """Count what is left in a report that must not be, by what it would tell: nothing, unless a mask has a hole."""
        found: Counter[str] = Counter()
        for text in _texts(report):
            found.update({known.identity for _, _, known in self._find(text)})
            found.update(
                identity for identity, shape in _SHAPES.items() if shape.search(text)
            )
        return found


def _is_empty(text: str) -> bool:
    """Whether a field that could hold an identity holds none: a short number, a measurement, a time, or no value."""
    if text.lower() in ABSENT | _PLAIN or is_moment(text):
        return True
    plain = _NUMBER.fullmatch(text) is not None
    return plain and (len(text) < SHORTEST_NUMBER or "." in text)


def _is_ordinary(tokens: Iterable[str]) -> bool:
    return {each for each in tokens if len(each) > 3 or each.isalpha()} <= _ORDINARY


def natural(key: str) -> list[tuple[int, str]]:
    """Sort ids so that a replayed report, in which they are numbered, keeps their order."""
    return [
        (int(each), "") if each.isdecimal() else (0, each)
        for each in re.split(r"(\d+)", key)
    ]


def leaves(item: Json, field: str = "") -> Iterator[tuple[str, Json]]:
    """Yield what stands in an answer, with the name of its field."""
    if isinstance(item, dict):
        for key, value in item.items():
            yield from leaves(value, key)
    elif isinstance(item, list):
        for each in item:
            yield from leaves(each, field)
    else:
        yield field, item


def _texts(item: Json) -> Iterator[str]:
    """Yield every key and value as text."""
    if isinstance(item, dict):
        for key, value in item.items():
            yield str(key)
            yield from _texts(value)
    elif isinstance(item, list):
        for each in item:
            yield from _texts(each)
    elif isinstance(item, str | int | float) and not isinstance(item, bool):
        yield str(item)

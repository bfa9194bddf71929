"""Every fault of a soak: how it begins and ends, how long it lasts, and in what time an account must be well again after it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final, Protocol

from custom_components.solar_cloud.cloud.errors import (
    CredentialsRejected,
    QuotaExhausted,
    TokenRefused,
)
from custom_components.solar_cloud.cloud.fusionsolar.errors import (
    REACTIONS,
    ErrorAction,
)
from custom_components.solar_cloud.cloud.solax.errors import CODES, AnswerVerdict
from custom_components.solar_cloud.cloud.sungrow.errors import ERRORS, RequestRefused
from tests.emulators.base import Cloud
from tests.emulators.fusionsolar.plant import HOME_INVERTER
from tests.emulators.fusionsolar.scenarios import SHED, Builder as FusionSolarBuilder
from tests.emulators.solax.builder import Builder as SolaxBuilder, plant_id
from tests.emulators.solax.plant import Plant as SolaxPlant
from tests.emulators.solax.scenarios import HOME as SOLAX_HOME
from tests.emulators.sungrow.builder import Builder as SungrowBuilder
from tests.emulators.sungrow.plant import Plant as SungrowPlant
from tests.emulators.sungrow.scenarios import HOME as SUNGROW_HOME

MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 86400.0

CYCLE: Final = 600.0
"""Seconds in which a poll comes, and a look at what it brought: polls are placed up to two periods apart."""
SETUP: Final = 600.0 + CYCLE
"""The longest wait of Home Assistant before it sets an entry up again, and a cycle."""
LISTS: Final = 12 * HOUR + 2 * CYCLE
"""Until the lists are read again."""
CLOCK: Final = 3600.0 + CYCLE
"""Twice the period of the slowest call, and a cycle: the first after a clock is right again may meet what the wrong one left."""

BRIEF: Final = (0.0, 20 * MINUTE, 2 * HOUR)
USUAL: Final = (0.0, 20 * MINUTE, 2 * HOUR, 8 * HOUR)


class Stage(Protocol):
    """Where faults happen: a home, its cloud, and what a fault may do beyond the cloud."""

    slow: bool
    """Whether answers take time, so that time must pass while they are waited for."""

    @property
    def cloud(self) -> Cloud[Any]:
        """The cloud of the account."""

    @property
    def sign_in(self) -> str:
        """How the account signs in."""

    @property
    def random(self) -> Random:
        """What the seed draws."""

    @property
    def every_step(self) -> list[Callable[[], object]]:
        """What happens anew before each step."""

    async def restart(self) -> None:
        """Restart Home Assistant."""

    async def cut(self, how: str) -> None:
        """Stop at a point at which something waits."""

    def shift(self, seconds: float) -> None:
        """Set Home Assistant's clock forward or back; the world's goes on."""

    def fill_disk(self) -> None:
        """Let every write fail."""

    def empty_disk(self) -> None:
        """Let writes succeed again."""


type End = Callable[[], Awaitable[None] | None]
type Begin = Callable[[Stage], Awaitable[End] | End]


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong."""

    name: str
    begin: Begin
    lengths: tuple[float, ...] = USUAL
    """Seconds it may last; 0 is a single step."""
    bound: float = CYCLE
    """Seconds after its end in which the account must be well."""
    asks: bool = False
    """Whether only the user can mend it, so that Home Assistant may ask for a new sign-in."""


def nothing() -> None:
    """End what has ended by itself."""


PLACES: Final[Mapping[str, Mapping[str, str]]] = {
    "solax": {
        "everything": "*",
        "sign-in": "oauth/token",
        "lists": "page_device_info",
        "readings": "device/realtime_data",
        "plants": "plant/realtime_data",
    },
    "sungrow": {
        "everything": "*",
        "sign-in": "login",
        "lists": "getDeviceList",
        "readings": "getDeviceRealTimeData",
    },
    "fusionsolar": {
        "everything": "*",
        "sign-in": "thirdData/login",
        "lists": "getDevList",
        "readings": "getDevRealKpi",
        "plants": "getStationRealKpi",
    },
}
OAUTH_PLACES: Final[Mapping[str, Mapping[str, str]]] = {
    "sungrow": {"sign-in": "refreshToken", "lists": "getDeviceListByPsId"},
    "fusionsolar": {"sign-in": "oauth2/v1/token"},
}


WAITS: Final[Mapping[str, Mapping[str, float]]] = {
    "solax": {},
    "sungrow": {"sign-in": HOUR, "everything": HOUR},
    "fusionsolar": {"sign-in": 610.0, "everything": 610.0},
}
"""Seconds we stay away at most after failures of a sign-in, each of which may bring a lock nearer."""
SELDOM: Final = {"sungrow": 20 * MINUTE}
"""Seconds between looks at what changes slowly: a gateway's signal, alarms."""


def within(vendor: str, place: str, wait: float = 0.0) -> float:
    """Return the seconds in which an account is well again after a fault at a place that asks for a wait."""
    return CYCLE + max(wait, WAITS[vendor].get(place, 0.0))


def places(vendor: str, sign_in: str) -> dict[str, str]:
    """Return the ends of the paths a fault may lie on."""
    more = OAUTH_PLACES[vendor] if sign_in.endswith("oauth") else {}
    return {**PLACES[vendor], **more}


def drop_token(stage: Stage) -> None:
    """Let the token die, as all do one day."""
    cloud: Any = stage.cloud
    match stage.sign_in:
        case "solax":
            cloud.steal_token()
        case "sungrow_account":
            cloud.end_sessions()
        case "sungrow_oauth":
            cloud.grant.access = "dead"
        case "fusionsolar_account":
            cloud.kill_session()
        case "fusionsolar_oauth":
            cloud.kill_tokens()


def told(place: str, slow: bool = False, **how: Any) -> Begin:
    """Spoil answers at a place until the end."""

    def begin(stage: Stage) -> End:
        endpoint = places(stage.cloud.name, stage.sign_in)[place]
        fault = stage.cloud.fault(endpoint, **{"times": None, **how})
        stage.slow = slow
        if place == "sign-in":
            drop_token(stage)

        def end() -> None:
            stage.cloud.faults.remove(fault)
            stage.slow = False

        return end

    return begin


def turned(**knobs: Any) -> Begin:
    """Turn knobs until the end."""

    def begin(stage: Stage) -> End:
        before = {name: getattr(stage.cloud.knobs, name) for name in knobs}
        stage.cloud.turn(**knobs)
        return lambda: stage.cloud.turn(**before)

    return begin


def once(act: Callable[[Stage], object]) -> Begin:
    """Do something that needs no end."""

    def begin(stage: Stage) -> End:
        act(stage)
        return nothing

    return begin


def war(stage: Stage) -> End:
    """Let another program sign in again and again."""
    stage.every_step.append(lambda: drop_token(stage))

    def end() -> None:
        stage.every_step.clear()

    return end


# What can happen to every cloud

TRANSPORT: Final[Mapping[str, dict[str, Any]]] = {
    **{
        f"http {status}": {"http": status}
        for status in (400, 404, 408, 500, 502, 503, 504)
    },
    "reset": {"body": "disconnect"},
    "page": {"body": "html"},
    "no JSON": {"body": "invalid-json"},
    "null": {"body": "null"},
    "empty": {"body": "empty"},
    "list": {"body": "list"},
    "truncated": {"body": "truncated"},
    "not numbers": {"body": "nan"},
    "number": {"body": "17"},
    "text": {"body": '"oops"'},
    "wrong types": {
        "body": '{"code": [], "result_code": {}, "failCode": [], "result": "x", "result_data": 3, "data": "y", "success": "maybe"}'
    },
    "redirect": {"body": "redirect"},
    "huge": {"body": "huge", "times": 2},
}
"""What any server may do, and no client may make anything of: it passes by itself."""


TARDY: Final[Mapping[str, dict[str, Any]]] = {
    "slow": {"body": "drip"},
    "late": {"delay": 50.0},
    "never": {"delay": 3000.0},
}


def _missing(vendor: str, place: str, name: str) -> float:
    """Return how long what is not there, by Sungrow's word, is left alone where it can wait: a call of the alarms, of a gateway."""
    found = vendor == "sungrow" and name == "http 404"
    return DAY if found and place in {"everything", "readings"} else 0.0


def _transport(vendor: str, sign_in: str, random: Random) -> list[Fault]:
    places_ = list(places(vendor, sign_in))
    found = []
    for name, how in TRANSPORT.items():
        place = random.choice(places_)
        asks = name == "http 400" and place in {"sign-in", "everything"}
        bound = within(vendor, place, _missing(vendor, place, name))
        begin = told(place, **how)
        found.append(Fault(f"{name} at {place}", begin, bound=bound, asks=asks))
    for name, how in TARDY.items():
        place = random.choice(places_)
        begin = told(place, slow=True, **how)
        bound = within(vendor, place)
        found.append(Fault(f"{name} at {place}", begin, (0.0, 20 * MINUTE), bound))
    return found


async def _restart(stage: Stage) -> End:
    await stage.restart()
    return nothing


async def _restart_while_down(stage: Stage) -> End:
    fault = stage.cloud.fault("*", http=503, times=None)
    await stage.restart()
    return lambda: stage.cloud.faults.remove(fault)


def _cut(how: str) -> Begin:
    async def begin(stage: Stage) -> End:
        if stage.random.random() < 0.4:
            drop_token(stage)  # so that there is a renewal to be cut
        await stage.cut(how)
        return nothing

    return begin


def _shifted(seconds: float) -> Begin:
    def begin(stage: Stage) -> End:
        stage.shift(seconds)
        return lambda: stage.shift(-seconds)

    return begin


def _full(stage: Stage) -> End:
    stage.fill_disk()
    return stage.empty_disk


async def _full_and_restart(stage: Stage) -> End:
    stage.fill_disk()
    await stage.restart()
    return stage.empty_disk


def _offline(stage: Stage) -> End:
    cloud: Any = stage.cloud
    cloud.set_online(False)
    return lambda: cloud.set_online(True)


EVERYWHERE: Final = (
    Fault("restart", _restart, (0.0,), SETUP),
    Fault("restart while down", _restart_while_down, BRIEF, SETUP),
    Fault("cancelled at an await", _cut("cancel"), (0.0,)),
    Fault("killed early at an await", _cut("kill early"), (0.0,), SETUP),
    Fault("killed late at an await", _cut("kill late"), (0.0,), SETUP),
    Fault("unloaded at an await", _cut("unload"), (0.0,), SETUP),
    Fault("clock ten minutes ahead", _shifted(600.0), BRIEF, CLOCK),
    Fault("clock ten minutes behind", _shifted(-600.0), BRIEF, CLOCK),
    Fault("clock two hours ahead", _shifted(2 * HOUR), BRIEF, CLOCK),
    Fault("clock two hours behind", _shifted(-2 * HOUR), BRIEF, CLOCK),
    Fault("disk full", _full, USUAL),
    Fault("disk full and restart", _full_and_restart, BRIEF, SETUP),
    Fault("devices off the net", _offline, USUAL),
    Fault("token dead", once(drop_token), (0.0,)),
    Fault("token war", war, (30 * MINUTE, 3 * HOUR), HOUR + CYCLE),
)


# SolaX

CONFLICT: Final = 600.0 + CYCLE
SOLAX_WAITS: Final[Mapping[AnswerVerdict, float]] = {
    AnswerVerdict.TOO_FAST: 1800.0,
    AnswerVerdict.USED_UP: DAY,
    AnswerVerdict.UNAUTHENTICATED: HOUR,  # fifteen tokens an hour
    AnswerVerdict.FORBIDDEN: HOUR,
    AnswerVerdict.DENIED: HOUR,
}
"""How long we stay away at most after a code: ``cloud/solax/limits.py``, ``access.py``."""


def _solax_codes(random: Random) -> list[Fault]:
    codes: list[tuple[int, AnswerVerdict, str | None]] = [
        *((code, verdict, None) for code, verdict in CODES.items()),
        (10200, AnswerVerdict.UNKNOWN, None),
        (10200, AnswerVerdict.TOO_FAST, "current minute > threshold"),
        (10200, AnswerVerdict.BAD_REQUEST, "PARAM_ERROR: x"),
        (99999, AnswerVerdict.UNKNOWN, None),
    ]
    found = []
    for code, verdict, message in codes:
        if verdict is AnswerVerdict.ACCEPTED:
            message = None
        place = random.choice(list(PLACES["solax"]))
        asks = verdict is AnswerVerdict.UNAUTHENTICATED and place in {
            "sign-in",
            "everything",
        }
        found.append(
            Fault(
                f"code {code}{' with a text' if message else ''} at {place}",
                told(place, code=code, message=message),
                bound=within("solax", place, SOLAX_WAITS.get(verdict, 0.0)),
                asks=asks,
            )
        )
    return found


def _solax_pack(stage: Stage) -> End:
    cloud: Any = stage.cloud
    pack = stage.random.choice(["API_Telemetry_V2", "API_Info_V2"])
    cloud.withdraw(pack)
    return lambda: cloud.authorise(pack)


def _solax_lost(stage: Stage) -> End:
    cloud: Any = stage.cloud
    device = stage.random.choice(cloud.plant.devices)
    device.listed = False

    def end() -> None:
        device.listed = True

    return end


def _solax_plant(stage: Stage) -> End:
    cloud: Any = stage.cloud
    number = 50 + len(cloud.world.sites)
    spec = replace(SOLAX_HOME, id=f"solax-new-{number}", seed=number, chargers=())
    builder = SolaxBuilder(
        SolaxPlant(plant_id(number), f"New House {number}", cloud.world.add(spec))
    )
    inverter = builder.inverter()
    builder.battery(inverter)
    builder.meter(inverter)
    cloud.plants.append(builder.plant)

    def end() -> None:
        cloud.plants.remove(builder.plant)

    return end


def _secret(stage: Stage) -> End:
    cloud: Any = stage.cloud
    cloud.turn(rotation_kills_token=True)
    cloud.rotate_secret()
    return nothing


SOLAX: Final = (
    Fault("http 401 at everything", told("everything", http=401), asks=True, bound=HOUR + CYCLE),
    Fault("http 401 at readings", told("readings", http=401), bound=HOUR + CYCLE),
    Fault("http 403", told("everything", http=403), bound=4 * HOUR + CYCLE),
    Fault("http 410", told("everything", http=410)),
    Fault("http 429", told("everything", http=429), bound=1800.0 + CYCLE),
    Fault("http 429 for hours", told("everything", http=429, headers={"Retry-After": "7200"}), BRIEF, 7200.0 + CYCLE),
    Fault("http 429 for ever", told("readings", http=429, headers={"Retry-After": "99999999999"}), (0.0,), DAY + CYCLE),
    Fault("unusable token", told("sign-in", body="bad-token"), BRIEF),
    Fault("tokens dead on arrival", turned(refuse_new_tokens=True), BRIEF, HOUR + CYCLE),
    Fault("tokens of ten minutes", turned(token_lifetime=600), BRIEF, HOUR + CYCLE),
    Fault("account elsewhere", turned(lives_elsewhere=True), BRIEF),
    Fault("secret rotated", _secret, (0.0,), HOUR + CYCLE, asks=True),
    Fault("pack withdrawn", _solax_pack, USUAL, HOUR + CYCLE),
    Fault("device not listed", _solax_lost, (14 * HOUR, 26 * HOUR), LISTS),
    Fault("plant added", _solax_plant, (14 * HOUR,), LISTS),
    Fault("offline rows missing", turned(offline_rows="missing"), BRIEF),
    Fault("no times told", turned(hide_time=True), BRIEF),
    Fault("numbers as text", turned(numbers="strings"), BRIEF),
)  # fmt: skip


# Sungrow

SUNGROW_WAITS: Final[Mapping[str, float]] = {
    "E901": HOUR,
    "E999": HOUR + 60.0,
    "E998": DAY + 60.0,
    "E903": 1800.0,
    "E916": 1800.0,
    "E918": 1800.0,
    "E919": 1800.0,
    "E00001": HOUR,
    "E00003": HOUR,  # the sign-ins of an hour
    "002": HOUR,
    "E900": DAY,
    "E994": DAY,
    "E996": DAY,
}
"""How long we stay away at most after a code: ``cloud/sungrow/limits.py``, ``errors.py``, ``session.py``."""


def _sungrow_codes(sign_in: str, random: Random) -> list[Fault]:
    found = []
    for code in (*ERRORS, "E777"):
        error = ERRORS[code]() if code in ERRORS else None
        place = random.choice(list(places("sungrow", sign_in)))
        wait = SUNGROW_WAITS.get(
            code, 1800.0 if isinstance(error, QuotaExhausted) else 0.0
        )
        found.append(
            Fault(
                f"code {code} at {place}",
                told(place, code=code),
                bound=within("sungrow", place, wait),
                # Three refused requests for a token are the end of a consent.
                asks=isinstance(error, CredentialsRejected | TokenRefused)
                or (place == "sign-in" and isinstance(error, RequestRefused)),
            )
        )
    return found


def _sungrow_lost(stage: Stage) -> End:
    cloud: Any = stage.cloud
    device = stage.random.choice(cloud.plant.devices)
    device.listed = False

    def end() -> None:
        device.listed = True

    return end


def _sungrow_plant(stage: Stage) -> End:
    cloud: Any = stage.cloud
    number = 100 + len(cloud.world.sites)
    site = cloud.world.add(
        replace(SUNGROW_HOME, id=f"sungrow-new-{number}", seed=number)
    )
    plant = SungrowPlant(f"5000{number}", f"New Home {number}", site)
    builder = SungrowBuilder(plant, cloud.knobs.upload_delay)
    builder.hybrid("hybrid")
    builder.meter()
    cloud.plants.append(plant)
    if stage.sign_in == "sungrow_oauth":
        cloud.grant.plants += (plant.ps_id,)

    def end() -> None:
        cloud.plants.remove(plant)
        cloud.grant.plants = tuple(
            each for each in cloud.grant.plants if each != plant.ps_id
        )

    return end if stage.sign_in == "sungrow_oauth" else lambda: cloud.plants.remove(plant)  # fmt: skip


def _sungrow_revoked(stage: Stage) -> End:
    cloud: Any = stage.cloud
    if stage.sign_in == "sungrow_oauth":
        cloud.revoke()
    else:
        user = cloud.user
        user.password += "x"
    return nothing


SUNGROW: Final = (
    Fault("http 401 at everything", told("everything", http=401), bound=HOUR + CYCLE, asks=True),
    Fault("http 401 at readings", told("readings", http=401), bound=HOUR + CYCLE),
    Fault("http 403", told("everything", http=403), bound=HOUR + CYCLE),
    Fault("http 410", told("everything", http=410), bound=HOUR + CYCLE),
    Fault("http 429", told("everything", http=429), bound=HOUR + CYCLE),
    Fault("unapproved", turned(unapproved=True), BRIEF, DAY + CYCLE, asks=True),
    Fault("expired", turned(expired=True), bound=HOUR + CYCLE),
    Fault("address refused", turned(ip_refused=True), bound=1800.0 + CYCLE),
    Fault("user refused", turned(user_refused=True), bound=1800.0 + CYCLE),
    Fault("address changes", turned(address_changes=True), bound=1800.0 + CYCLE),
    Fault("one session only", turned(single_session=True), BRIEF),
    Fault("tokens of ten minutes", turned(token_hours=1 / 6), BRIEF),
    Fault("dead tokens are E900", turned(expired_code="E900"), BRIEF, DAY + CYCLE),
    Fault("few calls an hour", turned(per_hour=10, per_day=None), BRIEF, HOUR + 60.0 + CYCLE),
    Fault("wait ordered", turned(per_hour=5, retry_after=1800.0), BRIEF, HOUR + CYCLE),
    Fault("consent or password gone", _sungrow_revoked, (0.0,), asks=True),
    Fault("clock skewed", turned(clock_skew=900.0), BRIEF),
    Fault("answers not encrypted", turned(plain_answers=True), BRIEF),
    Fault("device not listed", _sungrow_lost, (14 * HOUR, 26 * HOUR), LISTS),
    Fault("plant added", _sungrow_plant, (14 * HOUR,), LISTS),
    Fault("points absent", turned(missing_style="absent"), BRIEF),
    Fault("alarms refused", turned(alarms_refused=True), BRIEF, DAY + CYCLE),
)  # fmt: skip


# FusionSolar

FUSIONSOLAR_WAITS: Final[Mapping[ErrorAction, float]] = {
    ErrorAction.RELOGIN: HOUR,
    ErrorAction.NOT_ALLOWED: HOUR,
    ErrorAction.OWNER: HOUR,
    ErrorAction.RELIST: HOUR,
    ErrorAction.WAIT: DAY,
    ErrorAction.BUSY: 900.0,
    ErrorAction.NEXT_DAY: DAY,
    ErrorAction.CREDENTIALS: 1800.0,
    ErrorAction.UNSUPPORTED: HOUR,
}
"""How long we stay away at most after a code: ``cloud/fusionsolar/limits.py``, ``access.py``, ``errors.py``."""


def _fusionsolar_codes(sign_in: str, random: Random) -> list[Fault]:
    found = []
    for code, action in (*REACTIONS.items(), (31999, None)):
        if action is ErrorAction.DONE:
            continue
        place = random.choice(list(places("fusionsolar", sign_in)))
        wait = FUSIONSOLAR_WAITS.get(action, 0.0) if action else 0.0
        if action is ErrorAction.WAIT and place in {"readings", "plants"}:
            wait = 1800.0
        found.append(
            Fault(
                f"code {code} at {place}",
                told(place, code=code),
                BRIEF,
                within("fusionsolar", place, wait),
                asks=action is ErrorAction.CREDENTIALS
                or (place == "sign-in" and action is not ErrorAction.BUSY),
            )
        )
    return found


def _fusionsolar_standing(standing: str) -> Begin:
    def begin(stage: Stage) -> End:
        account = stage.cloud.account  # type: ignore[attr-defined]
        account.standing = standing
        drop_token(stage)

        def end() -> None:
            account.standing = "active"

        return end

    return begin


def _fusionsolar_full(stage: Stage) -> End:
    account = stage.cloud.account  # type: ignore[attr-defined]
    account.sessions_full = True
    drop_token(stage)

    def end() -> None:
        account.sessions_full = False

    return end


def _fusionsolar_owner(stage: Stage) -> End:
    plant = stage.cloud.plant  # type: ignore[attr-defined]
    plant.authorized = False

    def end() -> None:
        plant.authorized = True

    return end


def _fusionsolar_lost(stage: Stage) -> End:
    cloud: Any = stage.cloud
    device = stage.random.choice(cloud.plant.devices)
    device.listed = False

    def end() -> None:
        device.listed = True

    return end


def _fusionsolar_replaced(stage: Stage) -> End:
    cloud: Any = stage.cloud
    cloud.replace_device(stage.random.choice(cloud.plant.devices))
    return nothing


def _fusionsolar_plant(stage: Stage) -> End:
    cloud: Any = stage.cloud
    number = 70 + len(cloud.world.sites)
    builder = FusionSolarBuilder(cloud.world)
    builder.plants = [cloud.plant] * number  # for a code and ids of its own
    for _ in range(number):
        next(builder._numbers)  # noqa: SLF001
    site = cloud.world.add(replace(SHED, id=f"fusionsolar-new-{number}", seed=number))
    plant = builder.plant(f"New Shed {number}", site)
    builder.add(plant, HOME_INVERTER)
    cloud.plants.append(plant)
    return lambda: cloud.plants.remove(plant)


def _fusionsolar_revoked(stage: Stage) -> End:
    cloud: Any = stage.cloud
    if stage.sign_in == "fusionsolar_oauth":
        cloud.revoke()
    else:
        cloud.account.password += "x"
    drop_token(stage)
    return nothing


FUSIONSOLAR: Final = (
    Fault("http 401 at everything", told("everything", http=401), bound=HOUR + CYCLE, asks=True),
    Fault("http 401 at readings", told("readings", http=401), bound=HOUR + CYCLE),
    Fault("http 403", told("everything", http=403), bound=900.0 + CYCLE),
    Fault("http 410", told("everything", http=410), bound=610.0 + CYCLE),
    Fault("http 429", told("everything", http=429), bound=900.0 + CYCLE),
    Fault("gateway wants hours", turned(gateway=429, gateway_wait="7200"), BRIEF, 7200.0 + CYCLE),
    Fault("moved", turned(moved_to="https://elsewhere.example"), BRIEF),
    Fault("portal host", turned(portal_host=True), BRIEF),
    Fault("account disabled", _fusionsolar_standing("disabled"), BRIEF, 1800.0 + CYCLE, asks=True),
    Fault("account restricted", _fusionsolar_standing("restricted"), BRIEF, 1800.0 + CYCLE, asks=True),
    Fault("sessions full", _fusionsolar_full, BRIEF, 600.0 + CYCLE),
    Fault("consent or password gone", _fusionsolar_revoked, (0.0,), 1800.0 + CYCLE, asks=True),
    Fault("unusable token", told("sign-in", body="bad-token"), BRIEF, 610.0 + CYCLE),
    Fault("owner withdraws", _fusionsolar_owner, USUAL, LISTS),
    Fault("device not listed", _fusionsolar_lost, (14 * HOUR, 26 * HOUR), LISTS),
    Fault("device registered anew", _fusionsolar_replaced, (0.0,), LISTS),
    Fault("plant added", _fusionsolar_plant, (14 * HOUR,), LISTS),
    Fault("yesterday's day", turned(carry_over_minutes=40.0), (26 * HOUR,)),
    Fault("lifetime falls after midnight", turned(total_dip=True), (26 * HOUR,)),
    Fault("lifetime rises after midnight", turned(total_rise=True), (26 * HOUR,)),
    Fault("values null now and then", turned(null_rate=0.2), BRIEF),
    Fault("values N/A now and then", turned(na_rate=0.2), BRIEF),
    Fault("numbers as text", turned(wire="string", codes_as_text=True), BRIEF),
)  # fmt: skip


def catalogue(vendor: str, sign_in: str, random: Random) -> list[Fault]:
    """Return every fault of a vendor, each at a place that is drawn."""
    own: dict[str, Callable[[], list[Fault]]] = {
        "solax": lambda: [*SOLAX, *_solax_codes(random)],
        "sungrow": lambda: [*SUNGROW, *_sungrow_codes(sign_in, random)],
        "fusionsolar": lambda: [*FUSIONSOLAR, *_fusionsolar_codes(sign_in, random)],
    }
    account_only = {"account disabled", "account restricted", "sessions full"}
    found = [*EVERYWHERE, *_transport(vendor, sign_in, random), *own[vendor]()]
    if sign_in.endswith("oauth"):
        found = [each for each in found if each.name not in account_only]
    return [
        replace(each, bound=max(each.bound, CYCLE + SELDOM.get(vendor, 0.0)))
        for each in found
    ]

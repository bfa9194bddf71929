"""The accounts of the demo: which cloud they live in and how a user adds them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.emulators.base import Cloud
from tests.emulators.fusionsolar import FusionSolarCloud
from tests.emulators.solax import SolaxCloud
from tests.emulators.sungrow import SungrowCloud
from tests.emulators.world import World
from tests.toy_vendor.emulator import ToyCloud

from .client import Client, Json

DOMAIN: Final = "solar_cloud"

type AnyCloud = Cloud[Any]


@dataclass(frozen=True, slots=True)
class Account:
    """One account that a user could have."""

    name: str
    make_cloud: Callable[[World], AnyCloud]
    # What the user enters up to the choice of plants, step by step.
    answers: Callable[[AnyCloud], list[Json]]


def _signing_in(*choices: str) -> Callable[[AnyCloud], list[Json]]:
    """Answer the menus, the form of one way to sign in, and the question for the address."""

    def answers(cloud: AnyCloud) -> list[Json]:
        return [
            *({"next_step_id": choice} for choice in choices),
            {"region": "other"} | cloud.credentials,
            {"base_url": cloud.url},
        ]

    return answers


def solax_cloud(world: World | None = None) -> SolaxCloud:
    """Make a cloud whose battery does not sleep: who tries it in the evening is to see all of a home."""
    cloud = SolaxCloud(world)
    cloud.knobs.battery_sleeps = False
    return cloud


ACCOUNTS: Final = (
    Account("SolaX", solax_cloud, _signing_in("solax")),
    Account("Sungrow", SungrowCloud, _signing_in("sungrow", "sungrow_account")),
    Account(
        "FusionSolar",
        FusionSolarCloud,
        _signing_in("fusionsolar", "fusionsolar_account"),
    ),
)
TOY: Final = Account("Toy Solar", ToyCloud, _signing_in("toy"))
"""The vendor of the tutorial, which only a copy of the integration knows."""


class AccountRefusedError(Exception):
    """The config flow did not end with an entry."""


async def add_account(client: Client, account: Account, cloud: AnyCloud) -> bool:
    """Add an account as the frontend would; tell whether it was new."""
    result = await client.run_flow(DOMAIN, account.answers(cloud))
    if result["type"] == "form" and result["step_id"] == "plants":
        # All plants are chosen beforehand.
        result = await client.answer_flow(result, {})
    if result["type"] == "create_entry":
        return True
    if result["type"] == "abort" and result["reason"] == "already_configured":
        return False
    raise AccountRefusedError(
        f"{account.name}: stopped at {result.get('step_id')}: "
        f"{result.get('errors') or result.get('reason')}"
    )

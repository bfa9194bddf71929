"""The accounts of the demo: which cloud they live in and how a user adds them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.clouds.base import Cloud
from tests.clouds.solax import SolaxCloud
from tests.clouds.world import World

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


def _solax(cloud: AnyCloud) -> list[Json]:
    return [
        {"next_step_id": "solax"},
        {"region": "other"} | cloud.credentials,
        {"base_url": cloud.url},
    ]


ACCOUNTS: Final = (Account("SolaX", SolaxCloud, _solax),)


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

"""Adding a FusionSolar account by its page of consent, and its unique ids."""

from ..emulators.fusionsolar import Device, FusionSolarCloud
from .accounts import Visitor, redirected


async def apply(visitor: Visitor, cloud: FusionSolarCloud) -> None:
    """Type the client in, up to the page of consent."""
    await visitor.begin("fusionsolar_oauth", cloud.url, cloud.oauth_credentials)
    assert visitor.result["step_id"] == "consent", visitor.result


async def consented(visitor: Visitor, cloud: FusionSolarCloud) -> None:
    """Add the account by the page of consent."""
    await apply(visitor, cloud)
    await visitor.answer(next_step_id="auth")
    cloud.turn(consent="approve")
    target, text = await redirected("GET", visitor.consent_url)
    assert target is not None, text
    await visitor.come_back(target)
    await visitor.take_all()


def key(cloud: FusionSolarCloud, device: Device | None, quantity: str) -> str:
    """Return the unique id of a quantity of a device, of the plant for none."""
    owner = cloud.plant.code if device is None else device.serial or device.dn
    return f"fusionsolar_{owner}_{quantity}"

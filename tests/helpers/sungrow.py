"""Adding a Sungrow account by its page of consent."""

from yarl import URL

from ..emulators.sungrow import SungrowCloud
from .accounts import Visitor, redirected


async def apply(visitor: Visitor, cloud: SungrowCloud) -> None:
    """Type the application in, and register the address that is shown with it."""
    await visitor.begin(
        "sungrow_oauth",
        cloud.url,
        cloud.consent_credentials,
        cloud_id=cloud.knobs.cloud_id,
    )
    assert visitor.result["step_id"] == "consent", visitor.result
    cloud.application.redirect_url = visitor.redirect


async def approve(
    cloud: SungrowCloud, page: URL, *plants: str
) -> tuple[URL | None, str]:
    """Do what the page's script and its owner do."""
    route = URL("/?" + page.fragment.partition("?")[2]).query
    form = {
        "account": cloud.user.account,
        "password": cloud.user.password,
        "state": page.query.get("state", ""),
        "applicationId": route["applicationId"],
        "redirectUrl": route["redirectUrl"],
        "cloudId": route["cloudId"],
        "ps_id": list(plants or (plant.ps_id for plant in cloud.plants)),
    }
    return await redirected("POST", URL(cloud.url) / "authorize", form)


async def consented(visitor: Visitor, cloud: SungrowCloud) -> None:
    """Add the account by the page of consent."""
    await apply(visitor, cloud)
    await visitor.answer(next_step_id="auth")
    target, text = await approve(cloud, visitor.consent_url)
    assert target is not None, text
    await visitor.come_back(target)
    await visitor.take_all()

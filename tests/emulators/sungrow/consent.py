"""The page of consent and the tokens it leads to (sungrow.md §2.4-§2.6)."""

from collections.abc import Mapping
import html
from typing import Any
from urllib.parse import urlencode

from .application import Application, Grant, User
from .envelope import BadGrant, success
from .knobs import Knobs
from .plant import Plant

PAGE = """<!DOCTYPE html><html><head><title>iSolarCloud</title></head><body>
<h1>Authorize application</h1>
<form method="post" action="/authorize">
<label>Account <input name="account" id="account"></label>
<label>Password <input name="password" id="password" type="password"></label>
{plants}
<input type="hidden" name="state" id="state">
<input type="hidden" name="applicationId" id="applicationId">
<input type="hidden" name="redirectUrl" id="redirectUrl">
<input type="hidden" name="cloudId" id="cloudId">
<button id="authorize">Authorize</button>
</form>
<script>
const route = new URLSearchParams(location.hash.split("?")[1] || "");
const query = new URLSearchParams(location.search);
for (const name of ["applicationId", "redirectUrl", "cloudId"])
  document.getElementById(name).value = route.get(name) || "";
document.getElementById("state").value = query.get("state") || "";
</script></body></html>"""


def page(plants: list[Plant]) -> str:
    """Return the page; its parameters are behind the #, so only the browser knows them."""
    boxes = "".join(
        f'<label><input type="checkbox" name="ps_id" value="{plant.ps_id}" checked>'
        f"{html.escape(plant.name)}</label>"
        for plant in plants
    )
    return PAGE.format(plants=boxes)


def redirect_target(
    application: Application,
    user: User,
    plants: tuple[str, ...],
    form: Mapping[str, str],
    now: float,
) -> str:
    """Give consent and return where the browser goes."""
    code = application.consent(user, plants, now)
    query = {"code": code.value}
    if form.get("state"):
        query["state"] = form["state"]
    mark = "&" if "?" in code.redirect else "?"
    return f"{code.redirect}{mark}{urlencode(query)}"


def exchange(
    application: Application, params: Mapping[str, Any], knobs: Knobs, now: float
) -> dict[str, Any]:
    """Answer apiManage/token."""
    if params.get("grant_type") != "authorization_code":
        raise BadGrant("6", "Unsupported grant type")
    told = str(params.get("code"))
    code = application.codes.get(told)
    if code is None or code.used or now > code.created + 1800:
        raise BadGrant("2", f"Invalid authorization code: {told}")
    if params.get("redirect_uri") != code.redirect:
        raise BadGrant("5", "Redirect URI mismatch.")
    code.used = True
    grant = Grant(code.user, code.plants)
    grant.rotate(now)
    application.grants.append(grant)
    more = {"auth_ps_list": list(code.plants)}
    if not knobs.omit_user:
        more["auth_user"] = code.user.user_id  # type: ignore[assignment]
    return _pair(grant, knobs, more)


def refresh(
    application: Application, params: Mapping[str, Any], knobs: Knobs, now: float
) -> dict[str, Any]:
    """Answer apiManage/refreshToken; both old tokens die with the answer."""
    code = knobs.refresh_code or ("-1" if knobs.refresh_fails else None)
    if code is not None:
        return success({"code": code})
    told = params.get("refresh_token")
    if not told:
        return success({"code": "4"})
    grant = next((one for one in application.grants if one.refresh == told), None)
    if grant is None:
        return success({"code": "5"})
    if grant.revoked:
        return success({"code": "2"})
    if now > grant.refresh_expires:
        return success({"code": "-2"})
    grant.rotate(now)
    return _pair(grant, knobs, {"code": "1"})


def _pair(grant: Grant, knobs: Knobs, more: dict[str, Any]) -> dict[str, Any]:
    pair: dict[str, Any] = {
        "access_token": grant.access,
        "token_type": "bearer",
        "refresh_token": grant.refresh,
    }
    if knobs.omit_refresh_token:
        del pair["refresh_token"]
    if knobs.expires_in is not None:
        pair["expires_in"] = knobs.expires_in
    top = {} if knobs.token_shape == "nested" else pair
    nested = more if knobs.token_shape == "top" else {**pair, **more}
    return success(nested, **top)

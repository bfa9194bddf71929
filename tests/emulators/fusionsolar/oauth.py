"""The OAuth server: a page that asks the owner, and the endpoint that hands out tokens."""

from html import escape
from typing import TYPE_CHECKING

from aiohttp import web
from yarl import URL

from .accounts import Client

if TYPE_CHECKING:
    from .server import FusionSolarServer

BASE = "/rest/dp/uidm/oauth2/v1"
PAGE = """<!DOCTYPE html><html><head><title>FusionSolar</title></head><body>
<h1>{client} asks for access to your plants</h1>
<p>{scope}</p>
<a id="approve" href="{approve}">Approve</a> <a id="deny" href="{deny}">Deny</a>
</body></html>"""


class OAuthServer:
    """Handlers of one cloud's OAuth paths."""

    def __init__(self, cloud: FusionSolarServer) -> None:
        """Serve a cloud's clients."""
        self._cloud = cloud

    def register(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get(f"{BASE}/authorize", self.authorize)
        app.router.add_get(f"{BASE}/decide", self.decide)
        app.router.add_post(f"{BASE}/token", self.token)

    async def authorize(self, request: web.Request) -> web.StreamResponse:
        """Check the request and ask the owner."""
        query, knobs = request.query, self._cloud.knobs
        client = self._cloud.clients.get(query.get("client_id", ""))
        redirect = query.get("redirect_uri", "")
        wrong = (
            client is None
            or query.get("response_type") != "code"
            or not redirect
            or (knobs.redirect_uris is not None and redirect not in knobs.redirect_uris)
            or len(query.get("state", "")) > knobs.longest_state
            or not query.get("scope", "").startswith("pvms.openapi.")
        )
        if wrong or client is None:
            return _page("<h1>The request is invalid</h1>", 400)
        if knobs.consent == "wrong-role" or not client.owner.role:
            return _page("<h1>Only the owner of a plant can approve</h1>", 403)
        if knobs.consent == "page":
            decide = request.url.with_path(f"{BASE}/decide", keep_query=True)
            return _page(
                PAGE.format(
                    client=escape(client.client_id),
                    scope=escape(query["scope"]),
                    approve=escape(str(decide.update_query(answer="approve"))),
                    deny=escape(str(decide.update_query(answer="deny"))),
                )
            )
        return self._decide(client, request.url, approve=knobs.consent == "approve")

    async def decide(self, request: web.Request) -> web.StreamResponse:
        """Take the owner's answer from the page."""
        client = self._cloud.clients[request.query["client_id"]]
        approve = request.query.get("answer") == "approve"
        return self._decide(client, request.url, approve=approve)

    def _decide(
        self, client: Client, asked: URL, *, approve: bool
    ) -> web.StreamResponse:
        redirect = asked.query["redirect_uri"]
        answer = {"state": asked.query.get("state", "")}
        if approve:
            scope = frozenset(asked.query["scope"].split())
            answer["code"] = client.code(redirect, scope, self._cloud.now())
        else:
            answer["error"] = "access_denied"
        return web.Response(
            status=302, headers={"Location": str(URL(redirect).update_query(answer))}
        )

    async def token(self, request: web.Request) -> web.StreamResponse:
        """Trade a code or a refresh token in."""
        if request.content_type != "application/x-www-form-urlencoded":
            return _error("invalid_request", 400)
        form = dict(await request.post())
        client = self._cloud.clients.get(str(form.get("client_id", "")))
        if client is None or form.get("client_secret") != client.client_secret:
            return _error("invalid_client", 401)
        now, knobs = self._cloud.now(), self._cloud.knobs
        match form.get("grant_type"):
            case "authorization_code":
                grant = client.redeem(
                    str(form.get("code", "")), str(form.get("redirect_uri", "")), now
                )
            case "refresh_token":
                grant = client.refreshable(str(form.get("refresh_token", "")))
            case _:
                return _error("unsupported_grant_type", 400)
        if grant is None:
            return _error("invalid_grant", 400)
        return web.json_response(client.issue(grant, now, knobs))


def _page(body: str, status: int = 200) -> web.Response:
    return web.Response(text=body, status=status, content_type="text/html")


def _error(name: str, status: int) -> web.Response:
    return web.json_response(
        {"error": name, "error_description": f"{name} of the request"}, status=status
    )

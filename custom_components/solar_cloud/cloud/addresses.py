"""Addresses of servers: which a user may type, which lie on no home network, and which one an answer names as the new one."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
import ipaddress
import re
from typing import Final

from yarl import URL

from .errors import CloudError, NotConnected

_NAME: Final = re.compile(
    r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*",
    re.IGNORECASE,
)
"""A host's name as it goes over the wire."""
_HOME: Final = (
    *(".local", ".localhost", ".localdomain", ".lan", ".home", ".internal"),
    *(".intranet", ".corp", ".private", ".arpa", ".test", ".invalid", ".onion"),
)
"""Ends of names that no public server has (RFC 6761, 6762 and what routers hand out)."""
_TRANSLATED: Final = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses that a network without IPv4 writes IPv4's as (RFC 6052)."""
_METADATA: Final = frozenset(
    map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200", "168.63.129.16"))
)
"""Where rented machines are told their own secrets, as far as that is not link-local."""
_BROKEN: Final = re.compile(r"\s*[\r\n\t]\s*")
"""Where an address that was copied from a letter went on in the next line."""
_WRITTEN: Final = re.compile(r"https?://[^\s\"'<>()\\]+", re.IGNORECASE)

_NOTICE: Final = re.compile(
    r"\b(?:moved|migrated|relocated)\b[^{}]{0,200}?(https?://[^\s\"'<>()\\]+)",
    re.IGNORECASE,
)
"""A server's word that it is elsewhere now, and the address behind it."""
_RETIRED: Final = re.compile(
    r"\b(?:interface|api|endpoint|service|portal)\b[^{}<>\"]{0,60}?\b(?:moved|migrated|relocated|retired)\b",
    re.IGNORECASE,
)
"""A server's word that its interface is no longer here. Names of plants and texts of alarms speak of other things that moved."""


def check_base_url(text: str) -> str:
    """Return the origin of an address a user typed, or raise ``CloudError("invalid_host")``.

    Accepted: https, or http for a loopback host; no credentials, path, query or fragment, and no number that no vendor can have.
    """
    try:
        url = URL(text.strip())
        usable = _is_host(url.raw_host or "") and (
            url.scheme == "https"
            or (url.scheme == "http" and is_loopback(url.host or ""))
        )
        check_host(url.host or "")
        bare = url.path in {"", "/"} and not (
            url.query_string or url.fragment or url.user or url.password
        )
    except ValueError, TypeError, NotConnected:
        usable = bare = False
    if not (usable and bare):
        raise CloudError("invalid_host")
    return str(url.origin())


def servers(regions: Mapping[str, str], pages: Mapping[str, str]) -> dict[str, str]:
    """Return the addresses of regions by their host, and by that of the region's web page."""
    named = [*regions.items(), *pages.items()]
    return {URL(url).host or "": regions[region] for region, url in named}


def tidied(typed: str, known: Mapping[str, str] | None = None) -> str:
    """Return the server of an address as a browser shows it or a person types it; what makes no sense is left to the check.

    Blanks around it, capitals and what follows the host go, https is added where there is no scheme. ``known`` are addresses by their host, or by that of the web
    page beside them: one of these is encrypted whatever was typed.
    """
    text = _BROKEN.sub("", typed.strip())
    if "://" not in text:
        text = f"https://{text}"
    try:
        url = URL(text)
        if url.user or url.password or not url.host:
            return text
        return (known or {}).get(url.host) or str(url.origin())
    except ValueError:
        return text


def _is_host(text: str) -> bool:
    """Whether a text can name a host: what a browser forgives, a resolver does not."""
    if _NAME.fullmatch(text):
        return True
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_host(host: str) -> None:
    """Refuse a host that is written as a number no vendor can have. Raises ``NotConnected("private_host")``."""
    with suppress(ValueError):
        ipaddress.ip_address(host)
        check_numbers(host, (host,))


def check_numbers(host: str, numbers: Iterable[str]) -> None:
    """Refuse numbers of a host that no vendor can have. Raises ``NotConnected("private_host")``.

    This machine is meant only where it was named as such. Other networks at home stay allowed: some companies run a vendor's system
    themselves, and proxies lend numbers of such networks to every name.
    """
    if not is_loopback(host) and any(map(_is_nobodys, numbers)):
        raise NotConnected("private_host")


def _is_nobodys(number: str) -> bool:
    """Whether no server on a network has a number: this machine's, one of a single cable, of a group, of rented machines, or none at all."""
    address = ipaddress.ip_address(number.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _TRANSLATED:
            inner = ipaddress.IPv4Address(address.packed[-4:])
        if inner is not None:
            return _is_nobodys(str(inner))
    return (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address.is_reserved
        or address in _METADATA
    )


def is_public(host: str) -> bool:
    """Whether a host can be a server on the internet, as far as its name or number tells."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        # A name that ends in a number is read as an address by some resolvers (0x7f.1, 127.1).
        name = host.rstrip(".").lower()
        return (
            "." in name and not name.endswith(_HOME) and not name[-1:].isdigit()
        ) and _is_host(name)


def may_move(old: URL, new: URL) -> bool:
    """Whether a server may send an account to another: out onto the internet, but never into a home's network.

    What runs on this machine already may move within it.
    """
    host = new.host or ""
    return is_public(host) or (is_loopback(host) and is_loopback(old.host or ""))


def other_origin(asked: URL, named: Iterable[str]) -> URL | None:
    """Return the first of the addresses named that is another server, and one an account may be moved to; encrypted in any case."""
    for text in named:
        try:
            url = asked.join(URL(text))
            host = url.host or ""
            scheme = "http" if is_loopback(host) else "https"
            explicit = None if url.is_default_port() else url.port
            found = URL.build(scheme=scheme, host=host, port=explicit)
            moved = (found.host, found.port) != (asked.host, asked.port)
        except ValueError, TypeError:
            continue
        if url.scheme in {"http", "https"} and moved and may_move(asked, found):
            return found
    return None


def written(text: str) -> list[str]:
    """Return the addresses written in a text."""
    return _WRITTEN.findall(text[:100_000])


LONGEST_NOTICE: Final = 1000
"""Characters of an answer that may be a notice: longer ones carry data, unless they are a page."""


def notices(text: str) -> list[str]:
    """Return where a page, or a short answer, says that its interface has moved to."""
    return [each.rstrip(".,;:!") for each in _NOTICE.findall(_notice(text))]


def retires(text: str) -> bool:
    """Whether a page, or a short answer, says that its interface is no longer here, wherever it may be."""
    return _RETIRED.search(_notice(text)) is not None


def _notice(text: str) -> str:
    """Return the part of an answer in which a notice may stand."""
    bare = text.strip()
    if not bare.startswith("<") and len(bare) > LONGEST_NOTICE:
        return ""
    return bare[:20_000]

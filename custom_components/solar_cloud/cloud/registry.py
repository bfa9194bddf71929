"""All vendors: the only shared file that imports them."""

from collections.abc import Mapping
from typing import Final

from .solax import VENDOR as SOLAX
from .vendor import Vendor

VENDORS: Final[Mapping[str, Vendor]] = {vendor.key: vendor for vendor in (SOLAX,)}

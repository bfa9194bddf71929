"""All vendors: the only shared file that imports them."""

from collections.abc import Mapping
from typing import Final

from .fusionsolar import VENDOR as FUSIONSOLAR
from .solax import VENDOR as SOLAX
from .sungrow import VENDOR as SUNGROW
from .vendor import Vendor

VENDORS: Final[Mapping[str, Vendor]] = {
    vendor.key: vendor for vendor in (SOLAX, SUNGROW, FUSIONSOLAR)
}

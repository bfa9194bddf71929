"""All emulated clouds by the vendor's name."""

from typing import Any

from .base import Cloud
from .fusionsolar import FusionSolarCloud
from .solax import SolaxCloud
from .sungrow import SungrowCloud

CLOUDS: dict[str, type[Cloud[Any]]] = {
    cloud.name: cloud for cloud in (SolaxCloud, FusionSolarCloud, SungrowCloud)
}

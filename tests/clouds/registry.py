"""All emulated clouds by the vendor's name."""

from typing import Any

from .base import Cloud
from .solax import SolaxCloud

CLOUDS: dict[str, type[Cloud[Any]]] = {SolaxCloud.name: SolaxCloud}

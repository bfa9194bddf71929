"""The world: one clock, one seed, and the sites that all clouds look at."""

from .clock import Clock
from .site import Site
from .spec import SiteSpec


class World:
    """Sites by id under one clock."""

    def __init__(self, clock: Clock | None = None, seed: int = 1) -> None:
        """Begin with nothing but time."""
        self.clock = clock or Clock()
        self.seed = seed
        self.sites: dict[str, Site] = {}

    def add(self, spec: SiteSpec) -> Site:
        """Build a site as of now; one of the same name goes."""
        site = Site(spec, self.clock, self.seed)
        self.sites[spec.id] = site
        return site

    def remove(self, site_id: str) -> None:
        """Take a site away."""
        self.sites.pop(site_id, None)

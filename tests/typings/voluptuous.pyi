# Home Assistant serves probatio under this name, so its types are what we write against.
from probatio import *  # noqa: F403

"""Stands in for a package that needs a C++ compiler to install.

Home Assistant's voice parts import it, and without them the frontend cannot load the
list of actions. Nothing here listens to a microphone, so it is never used.
"""


class AudioProcessor:
    """Fails when somebody does want to hear something."""

    def __init__(self, auto_gain: int, noise_suppression: int) -> None:
        """Refuse to work."""
        raise NotImplementedError("pyspeex-noise is not installed")

"""A fourth vendor, to learn from: ``toy/`` is all it takes, ``emulator.py`` the cloud it reads. CONTRIBUTING.md walks through both."""

"""A fresh Home Assistant and a browser for every test."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.live.instance import REPOSITORY, Instance, running_instance
from tests.live.process import free_port

from .frontend import Frontend, browsing


@pytest.fixture
async def instance(tmp_path: Path, socket_enabled: None) -> AsyncGenerator[Instance]:
    """Run a Home Assistant that knows no account yet."""
    async with running_instance(tmp_path, free_port()) as instance:
        yield instance


@pytest.fixture
async def frontend(
    instance: Instance, request: pytest.FixtureRequest
) -> AsyncGenerator[Frontend]:
    """Open Home Assistant's frontend."""
    pictures = REPOSITORY / "test-output" / request.node.name
    async with browsing(instance, pictures) as frontend:
        yield frontend

"""A list is read to its end, however the cloud tells how long it is."""

from collections.abc import Callable

import pytest

from custom_components.solar_cloud.cloud.paging import (
    MOST_PAGES,
    PATIENCE,
    ListingMemory,
    Page,
    read_list,
)
from custom_components.solar_cloud.cloud.storage import MemoryStorage
from tests.helpers.clock import StillClock

SIZE = 10


async def _read(length: int, page_of: Callable[[list[int]], Page[int]]) -> list[int]:
    """Read a list of so many rows; returns the numbers of the pages asked for."""
    asked: list[int] = []

    async def read(number: int) -> Page[int]:
        asked.append(number)
        return page_of(list(range(length))[(number - 1) * SIZE : number * SIZE])

    listing = await read_list(read)
    assert listing.rows == list(range(length))
    assert listing.complete
    return asked


async def test_a_list_ends_where_the_cloud_says_so_or_with_an_empty_page() -> None:
    """No page more is asked for than it takes."""
    assert await _read(25, lambda rows: Page(rows, pages=3)) == [1, 2, 3]
    assert await _read(20, lambda rows: Page(rows, count=20)) == [1, 2]
    assert await _read(20, Page) == [1, 2, 3]
    assert await _read(0, lambda rows: Page(rows, pages=0)) == [1]


@pytest.mark.parametrize(("rows", "asked"), [([], 1), ([1], MOST_PAGES)])
async def test_a_list_that_is_shorter_or_longer_than_told_is_not_complete(
    rows: list[int], asked: int
) -> None:
    """Nothing is removed because of it, and it is not read for ever."""
    numbers: list[int] = []

    async def read(number: int) -> Page[int]:
        numbers.append(number)
        return Page(rows, count=1000)

    listing = await read_list(read)
    assert not listing.complete
    assert len(numbers) == asked


def test_a_listing_goes_on_where_it_was_stopped_over_a_restart(
    clock: StillClock,
) -> None:
    """Unless so much time has passed that the lists may have changed."""
    storage = MemoryStorage()
    before = ListingMemory(storage, "listing")
    before.begin()
    before.expect({"plants": 3})
    before.keep("plants 1", ["a"])
    before.keep("plants 2")
    assert before.progress == (2, 3)
    after = ListingMemory(storage, "listing")
    after.begin()
    assert after.kept("plants 1") == (["a"],)
    assert after.kept("plants 2") == ()
    assert after.kept("plants 3") is None
    after.finish()
    assert storage.load("listing") is None
    before.begin()
    clock.advance(PATIENCE + 1)
    before.begin()
    assert before.kept("plants 1") is None

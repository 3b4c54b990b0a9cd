"""Search attributes on a real server: registered once, refused with a reason when they cannot be."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey

from runtime.search_attributes import SearchAttributesRefused, ensure_search_attributes
from runtime.temporal_server import EmbeddedServer

CITY = SearchAttributeKey.for_keyword("City")
DUE = SearchAttributeKey.for_datetime("Due")


@pytest.fixture
async def client(temporal_program: Path) -> AsyncIterator[Client]:
    """A client of a server that knows no search attribute yet."""
    async with EmbeddedServer(temporal_program, data_dir=None, headless=True) as server:
        yield await Client.connect(server.address)


async def test_second_time_registers_nothing(client: Client) -> None:
    """Every start may ask for the same search attributes again."""
    assert await ensure_search_attributes(client, [CITY, DUE]) == ["City", "Due"]
    assert await ensure_search_attributes(client, [CITY, DUE]) == []


async def test_only_the_missing_ones_are_added(client: Client) -> None:
    """A newer version with one more search attribute adds that one."""
    await ensure_search_attributes(client, [CITY])
    assert await ensure_search_attributes(client, [CITY, DUE]) == ["Due"]


async def test_registered_means_usable(client: Client) -> None:
    """As soon as the call returns, a list query may name the attribute."""
    await ensure_search_attributes(client, [CITY])
    assert (await client.count_workflows("City = 'Paris'")).count == 0


@pytest.mark.parametrize(("make", "room"), [(SearchAttributeKey.for_keyword, 10), (SearchAttributeKey.for_datetime, 3)])
async def test_more_than_sql_holds_is_refused_whole(
    client: Client, make: Callable[[str], SearchAttributeKey[Any]], room: int
) -> None:
    """Beyond the fixed columns of SQL visibility nothing is registered, and the message has the numbers."""
    keys = [make(f"Field{n}") for n in range(room + 1)]
    with pytest.raises(SearchAttributesRefused, match=f"would need {room + 1} of type .* room for {room}"):
        await ensure_search_attributes(client, keys)
    assert await ensure_search_attributes(client, keys[:room]) == [key.name for key in keys[:room]]


async def test_name_taken_by_another_type_is_refused(client: Client) -> None:
    """An attribute of the same name and another type would make every contract fail: it is told at the start."""
    await ensure_search_attributes(client, [CITY])
    with pytest.raises(SearchAttributesRefused, match="City is registered as Keyword, Tenure needs Int"):
        await ensure_search_attributes(client, [SearchAttributeKey.for_int("City")])

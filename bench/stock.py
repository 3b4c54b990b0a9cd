"""A database in which contracts have lived for a while: rows of the read model and trails, without workflows."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.programme_files import Programme
from cli.simulate import Shelf, offer
from domain import decider
from domain.catalogue import term_of
from domain.permissions import permissions
from domain.simulator import Life, PriceListWorld
from domain.state import RUNNING
from domain.view import Record, view
from storage import contracts, records
from storage.database import Database
from storage.tables import device

AS_OF = datetime(2027, 9, 1, 9, tzinfo=UTC)
_TOGETHER = 500


def lives(programmes: list[Programme]) -> list[Life]:
    """Those example lives of single devices whose contracts run on the day, as they stand then."""
    found = [lived(programme, name, AS_OF) for programme in programmes for name in programme.lives()]
    return [life for life in found if life.contract.status in RUNNING and not life.contract.fleet]


def lived(programme: Programme, name: str, until: datetime) -> Life:
    """A programme's example life, as it stands at an instant."""
    story, terms = programme.lives()[name], programme.terms
    offers = tuple(offer(programme, item, "en") for item in story.given.offers)
    services = (programme.catalogue.service(item.service) for item in story.given.offers)
    months = term_of(service for service in services if service)
    world = PriceListWorld(prices=programme.catalogue.price_list(), fleet=story.given.fleet)
    quote = story.quote(f"{terms.code}-{story.begins_at(terms).year}-000001", terms, offers, months)
    life = Life.begin(quote, story.begins_at(terms), world)
    life.follow((given for _, given in story.commands(terms, Shelf(programme, "en"), quote.number)), until)
    return life


async def fill(database: Database, some: list[Life], count: int) -> list[tuple[str, str]]:
    """Write so many contracts down, each one of the lives with its own number; answers with numbers and serials."""
    made: list[tuple[str, str]] = []
    for start in range(0, count, _TOGETHER):
        async with database.write() as connection:
            for index in range(start, min(start + _TOGETHER, count)):
                made += [await _written(connection, some[index % len(some)], index)]
    return made


async def _written(connection: AsyncConnection, life: Life, index: int) -> tuple[str, str]:
    contract = life.contract
    number, serial = f"{contract.terms.code}-2026-{index + 100_000:06d}", f"STOCK-{index:06d}"
    plain = view(contract, now=AS_OF, step=decider.step(contract), allowed=permissions(contract), version=1)
    lines = tuple(
        line.model_copy(update={"serial": serial if place == 0 else f"{serial}-{place}"})
        for place, line in enumerate(plain.lines)
    )
    customer = plain.customer.model_copy(update={"id": f"stock-{index // 5}"})
    shown = plain.model_copy(
        update={"number": number, "lines": lines, "customer": customer, "version": life.entries[-1].seq}
    )
    begun = {"number": number, "status": "Starting", "programme": shown.programme, "customer": customer.id}
    stands = {"reseller": None, "version": 0, "attention": False, "clock": None, "now": AS_OF, "closed": False}
    await contracts.begin(connection, begun | stands | {"start": {}, "creation_key": number, "created_at": AS_OF})
    await records.write(connection, Record(view=shown, entries=tuple(life.entries)))
    await records.name_devices(connection, number, (line.serial for line in lines))
    known = {"serial": serial, "model": "Printer", "device_type": "printer", "country": customer.country, "facts": {}}
    await connection.execute(device.insert(), known | {"cover": [], "updated_at": AS_OF})
    return number, serial

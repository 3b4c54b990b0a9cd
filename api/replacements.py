"""A device that is exchanged: its contracts and fleets go on for the other one, and both serials are answered."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field

from api.commands import give
from api.describing import described
from api.devices import CoverIn, DeviceOut, LeftAlone, each_kind_once
from api.fields import Body, Day, Line, Serial, SerialNumber
from api.once import OnceOperate
from api.problems import RESPONSES, ProblemError, not_found
from api.services import Needs, Services
from domain.catalogue import Device
from domain.fleet.census import FleetDevice
from domain.replacement.commands import NewDevice, ReplaceDevice
from domain.state import Cover
from domain.warranty.reckoning import Described, inherited, whole_cover
from domain.warranty.terms import WarrantyTerm
from storage import contracts, people, replacements

router = APIRouter(tags=["devices"], responses=RESPONSES)
Terms = dict[str, tuple[WarrantyTerm, ...]]


class ReplacementRequest(Body):
    """The device that takes another one's place, from a day on, and why.

    What is not said of it is as it was: the model, and the dates of the other one, from which its warranty goes on.
    """

    serial: SerialNumber = Field(description="The serial number of the device that comes.")
    model: Line | None = None
    cover: Annotated[tuple[CoverIn, ...], Field(max_length=20), AfterValidator(each_kind_once)] | None = Field(
        default=None, description="Where it has cover of its own; else what the other one's terms of warranty hand on."
    )
    in_use_since: Day | None = None
    support_ends: Day | None = None
    on: Day | None = Field(default=None, description="Its first day; today without one. It may be past.")
    reason: Line | None = Field(default=None, examples=["exchanged under warranty"])


class ReplacedOut(BaseModel):
    """What an exchange came to: the contracts that go on for the other device, and those that did not take it."""

    serial: str
    replaced_by: str
    on: date
    device: DeviceOut | None = None
    fleets: list[str]
    moved: list[str]
    left: list[LeftAlone]


@router.post("/devices/{serial}/replace", operation_id="replace_device")
async def replace_device(services: Needs, serial: Serial, wanted: ReplacementRequest, once: OnceOperate) -> ReplacedOut:
    """Exchange a device: lines, rights and bills stay, open cases keep the device that they were opened for.

    Its contracts go on for the other one, on their own today where no day is given. `moved` names them, `left` those
    that did not take it, and why. Where none took it, it is refused.
    """

    async def act(command: str) -> ReplacedOut:
        exchange = _Exchange(services, serial, wanted, command, once.by)
        return await exchange.carry_out()

    return await once.do(act)  # type: ignore[return-value]


class _Exchange:
    """One exchange: told to the contracts first, so that a request that is sent again finds everybody."""

    def __init__(self, services: Services, serial: str, wanted: ReplacementRequest, command: str, by: str) -> None:
        self._services, self._serial, self._wanted = services, serial, wanted
        self._command, self._by = command, by
        self._on: date = wanted.on or services.now().date()

    async def carry_out(self) -> ReplacedOut:
        """Tell the contracts, and write down what stands from then on."""
        serial, by = self._serial, self._wanted.serial
        if serial == by:
            raise ProblemError(422, "invalid", "serial: a device cannot take its own place", field="serial")
        async with self._services.database.read() as connection:
            row = await people.find_device(connection, serial)
            days, left = await replacements.of(connection, serial)
            again = left if days.replaced_by == by else {}
            fleets = again | await replacements.in_fleets(connection, serial)
            terms = await self._services.remembered.warranties_now(connection)
            own = await contracts.with_device(connection, serial)
            of_fleets = [(fleet, *item) for fleet in fleets for item in await contracts.with_device(connection, fleet)]
        if row is None and not fleets and not own and days.replaced_by != by:
            raise not_found(f"device {serial}")
        done = ReplacedOut(serial=serial, replaced_by=by, on=self._on, fleets=list(fleets), moved=[], left=[])
        device = described(row) if row else None
        for number, code in own:
            await self._tell(done, number, self._new(device, terms.get(code, ())))
        for fleet, number, code in of_fleets:
            await self._tell(done, number, self._new(fleets[fleet], terms.get(code, ())), in_fleet=True)
        if done.left and not done.moved:
            first = done.left[0]
            raise ProblemError(409, "refused", first.reason, rule=first.rule, field="on")
        await self._write(done, device, fleets, terms)
        return done

    def _new(self, before: Device | FleetDevice | None, terms: tuple[WarrantyTerm, ...]) -> NewDevice:
        """The device that comes, as a contract is to know it."""
        after = self._after(before, terms) if before else None
        device = after if isinstance(after, Device) else None
        return NewDevice(
            serial=self._wanted.serial,
            model=after.model if after else self._wanted.model or self._wanted.serial,
            cover=whole_cover(terms, after) if after else self._stated() or (),
            facts=device.facts if device else {},
            in_use_since=device.in_use_since if device else self._wanted.in_use_since,
            support_ends=device.support_ends if device else self._wanted.support_ends,
        )

    def _after(self, before: Device | FleetDevice, terms: tuple[WarrantyTerm, ...]) -> Device | FleetDevice:
        """The device that comes: as the other one, but for what is said of it; its warranty goes on by the terms."""
        changes: dict[str, Any] = {
            "serial": self._wanted.serial,
            "model": self._wanted.model or before.model,
            "cover": self._cover(before, terms),
            "dates": before.known_dates | {"exchanged_on": self._on},
        }
        if isinstance(before, Device):
            changes["in_use_since"] = self._wanted.in_use_since or self._on
            changes["support_ends"] = self._wanted.support_ends or before.support_ends
        return before.model_copy(update=changes)

    def _cover(self, before: Described, terms: tuple[WarrantyTerm, ...]) -> tuple[Cover, ...]:
        stated = self._stated()
        return inherited(terms, before, self._on) if stated is None else stated

    def _stated(self) -> tuple[Cover, ...] | None:
        cover = self._wanted.cover
        return None if cover is None else tuple(Cover(kind=item.kind, last_day=item.last_day) for item in cover)

    async def _tell(self, done: ReplacedOut, number: str, device: NewDevice, *, in_fleet: bool = False) -> None:
        replace = ReplaceDevice(
            id=self._command,
            by=self._by,
            serial=self._serial,
            device=device,
            on=self._wanted.on,
            in_fleet=in_fleet,
            reason=self._wanted.reason,
        )
        try:
            await give(self._services, number, replace)
        except ProblemError as problem:
            if problem.status != 409:
                raise
            done.left.append(LeftAlone(contract=number, rule=problem.more.get("rule"), reason=problem.detail))
        else:
            done.moved.append(number)

    async def _write(
        self, done: ReplacedOut, device: Device | None, fleets: dict[str, FleetDevice], terms: Terms
    ) -> None:
        every = tuple(term for found in terms.values() for term in found)
        row = replacements.values(
            self._serial,
            self._wanted.serial,
            self._on,
            fleets,
            reason=self._wanted.reason,
            by=self._by,
            at=self._services.now(),
        )
        async with self._services.database.write() as connection:
            if device:
                after = self._after(device, every)
                values = after.model_dump() | after.model_dump(mode="json", include={"cover", "dates"})
                await people.put_device(connection, values)
                done.device = DeviceOut.model_validate(values)
            for fleet, known in fleets.items():
                new = self._after(known, every)
                if isinstance(new, FleetDevice):
                    whole = new.model_copy(update={"cover": whole_cover(every, new)})
                    await replacements.exchange_in_fleet(connection, fleet, self._serial, whole)
            await replacements.note(connection, row)

"""Previews: what a change, an addition or a cancellation would charge and credit, before anybody asks for it."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field

from api.commands import state_of, view_of
from api.fields import Body, Number
from api.futures import world_of
from api.problems import RESPONSES, refused
from api.requests import AddRequest, CancelRequest, ChangeRequest, added, changed
from api.security import MayRead
from api.services import Needs, Services
from domain.commands import Cancel, Renew, Resume, Suspend
from domain.envelope import Command
from domain.preview import Preview, preview
from domain.refusal import Refusal

router = APIRouter(prefix="/contracts/{number}", tags=["money"], responses=RESPONSES)
_ID = "preview"


class SupposedChange(ChangeRequest):
    """A change of a line."""

    do: Literal["change"]


class SupposedLine(AddRequest):
    """One more line."""

    do: Literal["add_line"]


class SupposedLeaving(CancelRequest):
    """Leaving, with some lines or all."""

    do: Literal["cancel"]


class SupposedWord(Body):
    """What needs no more words."""

    do: Literal["suspend", "resume", "renew"]


PreviewRequest = Annotated[SupposedChange | SupposedLine | SupposedLeaving | SupposedWord, Field(discriminator="do")]


@router.post("/preview", operation_id="preview")
async def read_preview(services: Needs, number: Number, wanted: PreviewRequest, _: MayRead) -> Preview:
    """What would be charged and credited at once, the next bill, and the recurring sum before and after; gross and net.

    Nothing of it happens. Given as a command in the same moment, it posts just this.
    """
    shown = await view_of(services, number)
    contract = await state_of(services, number)
    now = max(contract.at, shown.now if shown.clock else services.now())
    command = await _command(services, number, wanted)
    world = await world_of(services, contract)
    try:
        return await asyncio.to_thread(preview, contract, world, command, now)
    except Refusal as refusal:
        raise refused(refusal, contract) from refusal


async def _command(services: Services, number: str, wanted: PreviewRequest) -> Command:
    match wanted:
        case SupposedChange():
            return await changed(services, number, wanted, id_=_ID, by=_ID)
        case SupposedLine():
            return await added(services, number, wanted, id_=_ID, by=_ID)
        case SupposedLeaving():
            return Cancel.model_validate({"id": _ID} | wanted.model_dump(exclude={"do"}))
        case SupposedWord(do="suspend"):
            return Suspend(id=_ID, reason="preview")
        case SupposedWord(do="resume"):
            return Resume(id=_ID)
        case _:
            return Renew(id=_ID)

"""How everything is written that Temporal keeps for us: as JSON, by pydantic."""

from __future__ import annotations

from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import CompositePayloadConverter, DataConverter

_PARTS = tuple(PydanticPayloadConverter().converters.values())


class SharedPayloadConverter(PydanticPayloadConverter):
    """Pydantic's converter, whose parts, with all the types that they have met, are the process's.

    The SDK makes one for each workflow and for each of its tasks: with parts of its own it would learn every type anew.
    """

    def __init__(self) -> None:
        CompositePayloadConverter.__init__(self, *_PARTS)


DATA_CONVERTER = DataConverter(payload_converter_class=SharedPayloadConverter)

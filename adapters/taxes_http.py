"""Tax rates from an outside service over HTTP, by a small contract of ours (docs/tax-service.md)."""

from __future__ import annotations

from datetime import date

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from activities.errors import Refused, Unreachable
from domain.terms import Place, TaxRate

_TIMEOUT = 10.0
_TRY_AGAIN = {408, 425, 429}


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    rates: tuple[TaxRate, ...]


class HttpTaxes:
    """Asks a tax service; with a token as its bearer."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def rates(self, places: tuple[Place, ...], on: date) -> tuple[TaxRate, ...]:
        """The rates of the places. Raises Refused for the service's final no, Unreachable for all that may pass."""
        asked = {"on": on.isoformat(), "places": [place.model_dump(mode="json") for place in places]}
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT, headers=self._headers) as client:
                response = await client.post(self._url, json=asked)
        except httpx.HTTPError as error:
            raise Unreachable(f"the tax service {self._url} does not answer: {error!r}") from error
        if response.is_server_error or response.status_code in _TRY_AGAIN or response.is_redirect:
            raise Unreachable(f"the tax service answers {response.status_code}")
        if response.is_error:
            raise Refused(f"the tax service answers {response.status_code}: {response.text[:200]}")
        return _read(response.text)


def _read(text: str) -> tuple[TaxRate, ...]:
    try:
        return _Answer.model_validate_json(text).rates
    except ValidationError as error:
        raise Unreachable(f"the tax service answers what is no answer: {error.errors()[0]['msg']}") from error

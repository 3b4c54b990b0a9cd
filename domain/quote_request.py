"""What a request for a quote must say, so that somebody can answer it."""

from __future__ import annotations

from collections.abc import Mapping

from domain.refusal import Refusal
from domain.terms import Terms


def check_request(terms: Terms, given: Mapping[str, str]) -> None:
    """Refuse a request that gives less than any of the terms' sets of details, naming what the nearest one lacks."""
    request = terms.quote.request
    if request is None:
        return
    lacking = [[name for name in wanted if not given.get(name, "").strip()] for wanted in request.any_of]
    if not all(lacking):
        return
    begun = [missing for missing, wanted in zip(lacking, request.any_of, strict=True) if len(missing) < len(wanted)]
    nearest = min(begun, key=len, default=lacking[0])
    ways = "; or ".join(", ".join(wanted) for wanted in request.any_of)
    raise Refusal(
        request.rule,
        f"the request lacks: {', '.join(nearest)}",
        allowed_when=f"it gives one of: {ways}",
        field=f"given.{nearest[0]}",
    )

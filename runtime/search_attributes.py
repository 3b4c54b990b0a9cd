"""Search attributes: registered once on whichever server, before anything is written that carries them."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import GetClusterInfoRequest, GetSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeIndexedValueType, SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

Types = dict[str, SearchAttributeIndexedValueType]

# What the fixed columns of SQL visibility hold in one namespace.
SQL_LIMITS = Counter(dict.fromkeys(SearchAttributeIndexedValueType, 3))
SQL_LIMITS[SearchAttributeIndexedValueType.KEYWORD] = 10
UNLIMITED_STORES = ("elasticsearch", "opensearch")

# A server caches the list of search attributes for a minute.
USABLE_WITHIN = timedelta(seconds=90)
NOT_AN_OPERATOR = (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED)


class SearchAttributesRefused(Exception):
    """This server cannot hold the search attributes that contracts carry; the message says why and what to do."""


async def ensure_search_attributes(client: Client, keys: Sequence[SearchAttributeKey[Any]]) -> list[str]:
    """The names that were missing: from now on every key can be used in the client's namespace.

    Raises:
        SearchAttributesRefused: a name is taken by another type, the store has no room, or we may not register.
    """
    wanted: Types = {key.name: key.indexed_value_type for key in keys}
    there = await _registered(client)
    _refuse_other_types(wanted, there)
    missing = {name: kind for name, kind in wanted.items() if name not in there}
    if not missing:
        return []
    await _refuse_overflow(client, missing, there)
    await _register(client, missing)
    await _usable(client, list(missing))
    return list(missing)


async def _registered(client: Client) -> Types:
    request = ListSearchAttributesRequest(namespace=client.namespace)
    try:
        answer = await client.operator_service.list_search_attributes(request)
    except RPCError as error:
        if error.status not in NOT_AN_OPERATOR:
            raise
        # Temporal Cloud keeps the operator service to itself, and lets everyone read the list here.
        return _kinds((await client.workflow_service.get_search_attributes(GetSearchAttributesRequest())).keys)
    return _kinds(answer.custom_attributes)


def _kinds(answer: Mapping[str, Any]) -> Types:
    known = {int(kind) for kind in SearchAttributeIndexedValueType}
    return {name: SearchAttributeIndexedValueType(kind) for name, kind in answer.items() if kind in known}


def _refuse_other_types(wanted: Types, there: Types) -> None:
    clashes = [
        f"{name} is registered as {_label(there[name])}, Tenure needs {_label(kind)}"
        for name, kind in wanted.items()
        if there.get(name, kind) != kind
    ]
    if clashes:
        raise SearchAttributesRefused("; ".join(clashes) + ". Use another namespace, or remove it there first.")


async def _refuse_overflow(client: Client, missing: Types, there: Types) -> None:
    """Counted beforehand, because the server would register the first ones and refuse the rest."""
    info = await client.workflow_service.get_cluster_info(GetClusterInfoRequest())
    if info.visibility_store in UNLIMITED_STORES:
        return
    have, add = Counter(there.values()), Counter(missing.values())
    over = [
        f"{have[kind] + count} of type {_label(kind)} ({have[kind]} there, {count} to add), room for {SQL_LIMITS[kind]}"
        for kind, count in add.items()
        if have[kind] + count > SQL_LIMITS[kind]
    ]
    if over:
        raise SearchAttributesRefused(
            f"Namespace {client.namespace} keeps its search attributes in {info.visibility_store or 'SQL'}, "
            f"which would need {'; '.join(over)}. Remove some, or use a namespace of Tenure's own."
        )


async def _register(client: Client, missing: Types) -> None:
    attributes = {name: IndexedValueType.ValueType(int(kind)) for name, kind in missing.items()}
    request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=attributes)
    try:
        await client.operator_service.add_search_attributes(request)
    except RPCError as error:
        if error.status is RPCStatusCode.ALREADY_EXISTS:
            return  # Another process was quicker.
        listed = ", ".join(f"{name} ({_label(kind)})" for name, kind in missing.items())
        raise SearchAttributesRefused(
            f"Register these search attributes in namespace {client.namespace} by hand, we may not: {listed}. ({error})"
        ) from error


async def _usable(client: Client, names: Sequence[str]) -> None:
    until = time.monotonic() + USABLE_WITHIN.total_seconds()
    query = " AND ".join(f"`{name}` IS NULL" for name in names)
    while True:
        try:
            await client.count_workflows(query)
        except RPCError as error:
            if time.monotonic() > until:
                raise SearchAttributesRefused(f"Registered, but still not usable: {', '.join(names)}") from error
        else:
            return
        await asyncio.sleep(0.5)


def _label(kind: SearchAttributeIndexedValueType) -> str:
    return "".join(word.capitalize() for word in kind.name.split("_"))

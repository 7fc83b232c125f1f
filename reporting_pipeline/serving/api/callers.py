"""Who calls: every route names the least role in the type of its argument `caller`.

    @router.get("/things")
    def things(caller: Viewer, api: Api) -> Things:
        with api.reading(caller.organization_id) as connection:
            ...

The path of every route but `/health` begins with `/v1/organizations/{organization_id}`. A caller
who names another organisation than that of the token gets the answer of an organisation that does
not exist. The platform may name any organisation that has landed.
"""

import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from anyio import to_thread
from fastapi import Depends, Path, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from reporting_pipeline.catalogue.audit_log import Actor
from reporting_pipeline.catalogue.directory import has_landed
from reporting_pipeline.errors import RoleTooLow, TokenRefused, UnknownName
from reporting_pipeline.serving.api.context import Api, ApiContext
from reporting_pipeline.serving.api.rate_limits import require_quota
from reporting_pipeline.serving.api.tokens import Claims, Role

_BEARER = HTTPBearer(
    bearerFormat="JWT",
    auto_error=False,
    description="A token of the organisation, with a role: viewer, editor, approver or operator.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller(Actor):
    """Who makes a call; authorised for its organisation, which is the one of the path.

    Attributes:
        is_platform: The caller is of the platform's own team.
        expires_at: When the token ends, in seconds since 1970.
    """

    is_platform: bool
    expires_at: float


async def _claims(
    request: Request,
    api: Api,
    found: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> Claims:
    """What the token of a call says; the call is counted.

    Raises:
        TokenRefused: There is none, or it is not valid.
        TooManyCalls: The caller has made all calls of the minute.
    """
    if found is None:
        message = "the call has no token: send `Authorization: Bearer TOKEN`"
        raise TokenRefused(message)
    token = found.credentials
    claims = api.tokens.known(token, api.now().timestamp())
    if claims is None:
        claims = await to_thread.run_sync(api.tokens.read, token)
    quota = api.limits.count(f"{claims.organization_id} {claims.subject}")
    request.scope["state"]["quota"] = quota
    require_quota(quota)
    return claims


def _least(least: Role) -> Callable[..., Awaitable[Caller]]:
    """A dependency that lets callers pass whose role is `least` or more."""

    async def caller(
        request: Request,
        api: Api,
        claims: Annotated[Claims, Depends(_claims)],
        organization_id: Annotated[
            str, Path(description="The organisation.", json_schema_extra={"format": "uuid"})
        ],
    ) -> Caller:
        organization = await _organization(api, claims, organization_id)
        if not claims.role.includes(least):
            message = f"this call needs the role {least}, and the token has the role {claims.role}"
            raise RoleTooLow(message)
        return Caller(
            subject=claims.subject,
            role=claims.role,
            is_platform=claims.is_platform,
            expires_at=claims.expires_at,
            organization_id=organization,
            address=_address(request),
            call_id=request.scope["state"]["call_id"],
        )

    return caller


async def _organization(api: ApiContext, claims: Claims, text: str) -> UUID:
    """The organisation of the path, if the caller may name it."""
    try:
        named: UUID | None = UUID(text)
    except ValueError:
        named = None
    if named is not None and named == claims.organization_id:
        return named
    if named is not None and claims.is_platform and await to_thread.run_sync(_exists, api, named):
        return named
    # The same words whether it exists or not.
    message = "there is no such organisation: name the one of your token in the path"
    raise UnknownName(message)


def _exists(api: ApiContext, organization_id: UUID) -> bool:
    with api.reading(organization_id) as connection:
        return has_landed(connection, organization_id)


def _address(request: Request) -> str | None:
    host = request.client.host if request.client is not None else ""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


Viewer = Annotated[Caller, Security(_least(Role.VIEWER), scopes=["viewer"])]
Editor = Annotated[Caller, Security(_least(Role.EDITOR), scopes=["editor"])]
Approver = Annotated[Caller, Security(_least(Role.APPROVER), scopes=["approver"])]
Operator = Annotated[Caller, Security(_least(Role.OPERATOR), scopes=["operator"])]

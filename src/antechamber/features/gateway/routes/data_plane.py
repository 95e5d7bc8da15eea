"""The model endpoints: bare ASGI callables, for the cost of a request is the product."""

from collections.abc import Awaitable, Sequence
from typing import Final
from urllib.parse import unquote

import msgspec

from antechamber.base.errors import WireError
from antechamber.base.permissions import Permission
from antechamber.base.principal import (
    ApiKey,
    Caller,
    Principal,
    caller_of,
    demand,
    demand_address,
)
from antechamber.features.gateway.model import PATHS, Endpoint, Names
from antechamber.features.gateway.service import Call, Gateway, Models
from antechamber.features.gateway.service.headers import forwarded
from antechamber.features.gateway.wire import models as shapes
from antechamber.http.app import RawRoute
from antechamber.http.authenticate import Authenticator
from antechamber.http.context import Context, context_of
from antechamber.http.departures import Departures
from antechamber.http.errors import status_of
from antechamber.http.reply import Receive, Scope, Send, read_body, send_whole
from antechamber.http.versions import HEADER, require_version

_VERSION: Final = HEADER.encode()
_DEFAULT_COMPLETE_VERSION: Final = b"2023-06-01"
_JSON: Final = (b"content-type", b"application/json")


class StreamReply:
    """Sends an answer through ASGI; it waits wherever the caller is slow."""

    __slots__ = ("_context", "_send")

    def __init__(self, context: Context, send: Send) -> None:
        self._context = context
        self._send = send

    def status_of(self, refusal: WireError) -> int:
        """Return the status that the caller sees for a refusal."""
        return status_of(refusal)

    def start(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> Awaitable[None]:
        """Send status and headers, with the request's identity."""
        self._context.status = status
        pairs = [*headers, *self._context.identity_headers()]
        return self._send({"type": "http.response.start", "status": status, "headers": pairs})

    def write(self, chunk: bytes) -> Awaitable[None]:
        """Send a part of the body."""
        return self._send({"type": "http.response.body", "body": chunk, "more_body": True})

    def end(self, chunk: bytes = b"") -> Awaitable[None]:
        """Send the last part of the body."""
        return self._send({"type": "http.response.body", "body": chunk, "more_body": False})


class DataPlane:
    """The handlers, over their services."""

    def __init__(self, gateway: Gateway, models: Models, authenticator: Authenticator, body_limit: int) -> None:
        self._gateway = gateway
        self._models = models
        self._authenticator = authenticator
        self._body_limit = body_limit
        self._departures = Departures()

    def routes(self) -> list[RawRoute]:
        """Return every data-plane endpoint."""
        inference = Permission.INFERENCE
        return [
            RawRoute("POST", PATHS[Endpoint.MESSAGES], inference, self.messages, "Create a message"),
            RawRoute("POST", PATHS[Endpoint.COUNT_TOKENS], inference, self.count_tokens, "Count a message's tokens"),
            RawRoute("POST", PATHS[Endpoint.COMPLETE], inference, self.complete, "Create a text completion (legacy)"),
            RawRoute("POST", PATHS[Endpoint.CHAT_COMPLETIONS], inference, self.chat, "Create a chat completion", True),
            RawRoute("GET", "/v1/models", Permission.MODELS_READ, self.list_models, "List models, in either shape"),
            RawRoute("GET", "/v1/models/{id}", Permission.MODELS_READ, self.get_model, "Get a model, in either shape"),
            RawRoute("HEAD", "/", Permission.PUBLIC, self.hello, "Say that the server is there"),
            RawRoute("HEAD", "/api/hello", Permission.PUBLIC, self.hello, "Say that the server is there"),
        ]

    async def messages(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`POST /v1/messages`."""
        await self._infer(Endpoint.MESSAGES, scope, receive, send)

    async def count_tokens(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`POST /v1/messages/count_tokens`."""
        await self._infer(Endpoint.COUNT_TOKENS, scope, receive, send)

    async def complete(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`POST /v1/complete`."""
        await self._infer(Endpoint.COMPLETE, scope, receive, send)

    async def chat(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`POST /v1/chat/completions`."""
        await self._infer(Endpoint.CHAT_COMPLETIONS, scope, receive, send)

    async def hello(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`HEAD /`, `HEAD /api/hello`."""
        del receive
        context = context_of(scope)
        context.status = 200
        await send_whole(send, 200, [_JSON, *context.identity_headers()], b"")

    async def _infer(self, endpoint: Endpoint, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        context = context_of(scope)
        caller = caller_of(await self._admit(context, headers, Permission.INFERENCE))
        version = _version_for(endpoint, headers)
        body = await read_body(scope, receive, self._body_limit)
        call = _call(context, caller, endpoint, version, scope, headers, body)
        try:
            work = self._gateway.serve(call, StreamReply(context, send))
            await self._departures.cancel_with_caller(work, receive, call.leave)
        except WireError as error:
            context.note = error.note
            raise
        finally:
            context.model = call.model
            context.input_tokens, context.output_tokens = call.input_tokens, call.output_tokens
            context.error, context.note = call.error, call.note or context.note
            context.error_headers = list(call.answer_headers)

    async def _admit(self, context: Context, headers: dict[bytes, bytes], permission: Permission) -> Principal:
        principal = await self._authenticator.authenticate(headers)
        context.principal = principal
        demand_address(principal, context.address)
        demand(principal, permission)
        return principal

    async def _admit_to_models(self, context: Context, headers: dict[bytes, bytes]) -> tuple[bool, Names]:
        """Admit; say whether the answer, or a refusal, is to have Anthropic's shape, and which models may be seen."""
        anthropic = _VERSION in headers or b"x-api-key" in headers
        context.openai = not anthropic
        principal = await self._admit(context, headers, Permission.MODELS_READ)
        if anthropic:
            require_version(headers.get(_VERSION))
        return anthropic, principal.models if isinstance(principal, ApiKey) else None

    async def list_models(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`GET /v1/models`: Anthropic's shape when the version header or x-api-key is there, else OpenAI's."""
        del receive
        context = context_of(scope)
        anthropic, names = await self._admit_to_models(context, dict(scope["headers"]))
        if anthropic:
            body = shapes.page_of(scope["query_string"], await self._models.listing(Endpoint.MESSAGES, names))
        else:
            listed = await self._models.listing(Endpoint.CHAT_COMPLETIONS, names)
            data = [shapes.show_openai(model) for model in listed]
            body = msgspec.json.encode({"object": "list", "data": data})
        await _send_json(send, context, body)

    async def get_model(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`GET /v1/models/{id}`, in the same two shapes."""
        del receive
        context = context_of(scope)
        anthropic, names = await self._admit_to_models(context, dict(scope["headers"]))
        model_id = unquote(scope["path"].removeprefix("/v1/models/"))
        if anthropic:
            shown = shapes.show_anthropic(await self._models.one(Endpoint.MESSAGES, model_id, names))
        else:
            shown = shapes.show_openai(await self._models.one(Endpoint.CHAT_COMPLETIONS, model_id, names))
        await _send_json(send, context, msgspec.json.encode(shown))


async def _send_json(send: Send, context: Context, body: bytes) -> None:
    context.status = 200
    await send_whole(send, 200, [_JSON, *context.identity_headers()], body)


def _version_for(endpoint: Endpoint, headers: dict[bytes, bytes]) -> str | None:
    if endpoint is Endpoint.CHAT_COMPLETIONS:
        return None
    value = headers.get(_VERSION)
    if value is None and endpoint is Endpoint.COMPLETE:
        value = _DEFAULT_COMPLETE_VERSION
    return require_version(value)


def _call(
    context: Context,
    caller: Caller,
    endpoint: Endpoint,
    version: str | None,
    scope: Scope,
    headers: dict[bytes, bytes],
    body: bytes,
) -> Call:
    query = scope["query_string"]
    pairs = forwarded(scope["headers"])
    if endpoint is Endpoint.COMPLETE and _VERSION not in headers:
        pairs.append((HEADER, _DEFAULT_COMPLETE_VERSION.decode()))
    return Call(
        request_id=context.request_id,
        caller=caller,
        endpoint=endpoint,
        target=f"{PATHS[endpoint]}?{query.decode('latin-1')}" if query else PATHS[endpoint],
        version=version,
        headers=pairs,
        body=body,
        session_id=_tag(headers, b"x-claude-code-session-id"),
        agent_id=_tag(headers, b"x-claude-code-agent-id"),
        parent_agent_id=_tag(headers, b"x-claude-code-parent-agent-id"),
        user_profile_id=_tag(headers, b"anthropic-user-profile-id"),
        tag=_tag(headers, b"x-antechamber-tag"),
    )


def _tag(headers: dict[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")[:256]

"""The control plane behind its shell: the wire's errors whatever FastAPI would have said."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from antechamber.base.chance import SystemChance
from antechamber.base.clock import SystemClock
from antechamber.base.errors import Conflict
from antechamber.base.ids import AdminKeyId, ApiKeyId, Kind, OrganizationId, WorkspaceId, parse
from antechamber.base.permissions import Permission
from antechamber.base.principal import AdminKey, ApiKey, Principal
from antechamber.base.secret import Secret, digest
from antechamber.base.unit import Unit
from antechamber.http import app as shelling
from antechamber.http.app import RawRoute, Shell
from antechamber.http.authenticate import Authenticator
from antechamber.http.context import Context, context_of
from antechamber.http.control import api_routes, build_control, describe
from antechamber.http.log import AccessLog
from antechamber.http.needs import Needs
from antechamber.http.proxies import TrustedProxies
from antechamber.http.reply import Receive, Scope, Send, read_body, send_whole
from tests.asgi import Answer, call

ADMIN = AdminKey(AdminKeyId("adminkey_1"), OrganizationId("org"), None)
KEY = ApiKey(ApiKeyId("apikey_1"), OrganizationId("org"), WorkspaceId("wrkspc_1"), True, None, None)
AS_ADMIN = {"x-api-key": "admin", "anthropic-version": "2023-06-01"}


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    name: str
    size: int = 0


@dataclass
class Keys:
    open: bool = True
    kept: dict[bytes, Principal] = field(
        default_factory=lambda: {digest(b"p", "admin"): ADMIN, digest(b"p", "key"): KEY}
    )

    async def resolve_principal(self, _unit: Unit, digest: bytes) -> Principal | None:
        return self.kept.get(digest)

    async def sweep_principals(self, _unit: Unit) -> dict[bytes, Principal]:
        return self.kept

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Unit]:
        yield self

    begin = read


def things() -> APIRouter:
    routes = APIRouter()

    @routes.get("/v1/things")
    async def find(
        caller: Annotated[AdminKey, Needs(Permission.ORGANIZATION_READ)],
        roles: Annotated[list[str] | None, Query()] = None,
        limit: Annotated[int, Query(ge=1)] = 20,
    ) -> dict[str, Any]:
        return {"roles": roles, "limit": limit, "who": caller.key_id}

    @routes.post("/v1/things", dependencies=[Needs(Permission.ORGANIZATION_READ)])
    async def make(thing: Thing) -> Thing:
        if thing.name == "bug":
            message = "canary"
            raise RuntimeError(message)
        if thing.name == "taken":
            message = "name: is taken"
            raise Conflict(message, note="canary", error_code="name_taken")
        return thing

    return routes


async def raw(scope: Scope, receive: Receive, send: Send) -> None:
    body = await read_body(scope, receive, 10)
    if body == b"bug":
        message = "canary"
        raise RuntimeError(message)
    context_of(scope).status = 200
    await send_whole(send, 200, [], body)


RAW = [
    RawRoute("POST", "/v1/raw", Permission.PUBLIC, raw, "Raw"),
    RawRoute("GET", "/v1/raw/{id}", Permission.PUBLIC, raw, "One"),
]


@pytest.fixture
def seen() -> list[Context]:
    return []


@pytest.fixture
async def shell(seen: list[Context]) -> Shell:
    clock, keys = SystemClock(), Keys()
    return Shell(
        control=build_control([things()], RAW),
        raw=RAW,
        authenticator=Authenticator([keys], keys, clock, Secret("p")),
        clock=clock,
        chance=SystemChance(),
        log=AccessLog(clock, BytesIO()),
        proxies=TrustedProxies(""),
        observe=seen.append,
    )


def refusal(answer: Answer, status: int, kind: str) -> str:
    assert answer.status == status
    body = answer.json()
    assert body["type"] == "error"
    assert body["error"]["type"] == kind
    assert parse(Kind.REQUEST, body["request_id"]) == answer.header("request-id")
    assert "canary" not in answer.body.decode()
    return str(body["error"]["message"])


async def ask(shell: Shell, body: bytes | list[bytes], **headers: str) -> Answer:
    return await call(shell, "POST", "/v1/things", headers=AS_ADMIN | headers, body=body)


@pytest.mark.parametrize(
    "query", ["roles[]=a&roles[]=b", "roles%5B%5D=a&roles%5b%5d=b", "roles=a&roles=b", "roles[]=a&roles=b&beta=true"]
)
async def test_arrays_come_with_brackets_or_repeated(shell: Shell, query: str) -> None:
    answer = await call(shell, "GET", f"/v1/things?{query}", headers=AS_ADMIN)
    assert answer.json() == {"roles": ["a", "b"], "limit": 20, "who": "adminkey_1"}
    assert answer.header("anthropic-organization-id") == "org"
    assert answer.header("anthropic-workspace-id") is None


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limits=5", "limits: Extra inputs are not permitted; this endpoint takes: beta, limit, roles"),
        ("roles[0]=a", "roles[0]: Extra inputs are not permitted"),
        ("limit=0", "limit: Input should be greater than or equal to 1"),
        ("limit=x", "limit: Input should be a valid integer"),
    ],
)
async def test_a_wrong_query_is_named(shell: Shell, query: str, message: str) -> None:
    answer = await call(shell, "GET", f"/v1/things?{query}", headers=AS_ADMIN)
    assert refusal(answer, 400, "invalid_request_error").startswith(message)


@pytest.mark.parametrize(
    ("headers", "status", "kind", "message"),
    [
        ({}, 401, "authentication_error", "No credential was sent"),
        ({"x-api-key": "wrong"}, 401, "authentication_error", "invalid x-api-key"),
        (
            {"x-api-key": "key"},
            403,
            "permission_error",
            "This api_key holds [agents:read, agents:write, environments:read, environments:write, ",
        ),
        ({"x-api-key": "admin"}, 400, "invalid_request_error", "anthropic-version: header is required"),
        (
            {"x-api-key": "admin", "anthropic-version": "1999-01-01"},
            400,
            "invalid_request_error",
            "anthropic-version: '1999-01-01' is not a valid version",
        ),
    ],
)
async def test_who_comes_before_what_and_the_version_is_named(
    shell: Shell, headers: dict[str, str], status: int, kind: str, message: str
) -> None:
    answer = await call(shell, "GET", "/v1/things?unheard=1", headers=headers)
    assert refusal(answer, status, kind).startswith(message)


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded", "text/plain", ""])
async def test_a_body_is_json_whatever_its_content_type_says(shell: Shell, content_type: str) -> None:
    answer = await ask(shell, b'{"name": "a"}', **{"content-type": content_type})
    assert answer.json() == {"name": "a", "size": 0}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"name": 5}', "name: Input should be a valid string"),
        (b'{"name": "a", "size": "1"}', "size: Input should be a valid integer"),
        (b'{"name": "a", "nmae": 1}', "nmae: Extra inputs are not permitted"),
        (b"{}", "name: Field required"),
        (b"[]", "body: Input should be"),
        (b"{", "body: not valid JSON at character 1"),
        (b"", "body: Field required"),
        (b"\xff", "There was an error parsing the body"),
    ],
)
async def test_a_wrong_body_is_400_and_named(shell: Shell, body: bytes, message: str) -> None:
    assert refusal(await ask(shell, body), 400, "invalid_request_error").startswith(message)


async def test_a_refusal_of_the_service_carries_its_code_and_not_its_note(shell: Shell, seen: list[Context]) -> None:
    answer = await ask(shell, b'{"name": "taken"}')
    assert refusal(answer, 409, "conflict_error") == "name: is taken"
    assert answer.json()["error"]["details"] == {"error_code": "name_taken"}
    assert answer.header("x-should-retry") == "false"
    assert (seen[0].status, seen[0].error, seen[0].note) == (409, "conflict_error", "canary")


async def test_a_bug_is_500_and_tells_nothing(shell: Shell, seen: list[Context]) -> None:
    answer = await ask(shell, b'{"name": "bug"}')
    assert refusal(answer, 500, "api_error") == "Internal server error"
    assert "canary" in str(seen[0].note)
    answer = await call(shell, "POST", "/v1/raw", body=b"bug")
    assert refusal(answer, 500, "api_error") == "Internal server error"


@pytest.mark.parametrize("target", ["/v1/nothing", "/v1/things/", "/v1/raw/", "/V1/things", "//v1/things"])
async def test_there_is_nothing_beside_the_paths_and_no_redirect_to_them(shell: Shell, target: str) -> None:
    answer = await call(shell, "GET", target, headers=AS_ADMIN | {"host": "evil.example"})
    assert refusal(answer, 404, "not_found_error").endswith("there is no such path.")
    assert answer.header("location") is None


async def test_another_method_is_405_and_told_which_there_are(shell: Shell) -> None:
    answer = await call(shell, "DELETE", "/v1/things", headers=AS_ADMIN)
    assert refusal(answer, 405, "invalid_request_error") == "DELETE is not allowed on /v1/things."
    assert set(str(answer.header("allow")).split(", ")) <= {"GET", "POST"}


@pytest.mark.parametrize("declared", [{"content-length": "999"}, {}])
async def test_a_body_over_the_limit_is_413_declared_or_not(
    shell: Shell, declared: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelling, "_CONTROL_BODY_LIMIT", 100)
    answer = await ask(shell, [b'{"name": "', b"x" * 200, b'"}'], **declared)
    refusal(answer, 413, "request_too_large")


async def test_a_raw_route_is_found_by_its_path_or_the_beginning_of_it(shell: Shell, seen: list[Context]) -> None:
    assert (await call(shell, "POST", "/v1/raw", body=b"0123456789")).body == b"0123456789"
    assert (await call(shell, "GET", "/v1/raw/some/id")).status == 200
    refusal(await call(shell, "POST", "/v1/raw", body=b"x" * 11), 413, "request_too_large")
    assert [context.status for context in seen] == [200, 200, 413]


def test_the_document_has_every_route_and_no_422() -> None:
    document = describe(api_routes([things()]), RAW, "1")
    assert set(document["paths"]) == {"/v1/things", "/v1/raw", "/v1/raw/{id}"}
    for methods in document["paths"].values():
        for operation in methods.values():
            assert "422" not in operation["responses"]
            assert operation["responses"]["400"]["content"]["application/json"]["schema"]["$ref"].endswith("/Error")
            assert operation["x-permission"] in list(Permission)
    assert "ValidationError" not in str(document["components"])
    assert document["paths"]["/v1/raw/{id}"]["get"]["parameters"][0]["name"] == "id"


async def test_a_lifespan_is_completed(shell: Shell) -> None:
    sent: list[Any] = []
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> Any:  # noqa: ANN401 - an ASGI message
        return messages.pop(0)

    async def send(message: Any) -> None:  # noqa: ANN401 - an ASGI message
        sent.append(message["type"])

    await shell({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]

"""Every error type as it looks on the wire, in both dialects: each really provoked, all in one golden."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.live import Answer, LiveServer, SimulatedUpstream

LARGE = 33 << 20
_RELEVANT = ("content-type", "retry-after", "x-should-retry", "request-id", "x-upstream-request-id",
             "anthropic-organization-id", "anthropic-workspace-id")  # fmt: skip
_MASKS = (
    (re.compile(r"req_[0-9A-Za-z]+"), "req_…"),
    (re.compile(r'"created":[0-9]+'), '"created":…'),
    (re.compile(r"wrkspc_[0-9A-Za-z]+"), "wrkspc_…"),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r'"id":"(msg|compl|chatcmpl)[-_][0-9A-Za-z]+"'), r'"id":"\1_…"'),
)
_CONFIG = """
simulated = "off"
[[providers]]
name = "upstream"
kind = "anthropic"
base_url = "{url}"
api_key = "made-up"
models = ["sim-1", "claude-2.1"]
[[providers]]
name = "hasty"
kind = "anthropic"
base_url = "{url}"
api_key = "made-up"
models = ["claude-sim-1"]
read_seconds = 1
[[providers]]
name = "gone"
kind = "anthropic"
base_url = "http://127.0.0.1:9"
api_key = "made-up"
models = ["gone-1"]
[[providers]]
name = "upstream-openai"
kind = "openai"
base_url = "{url}"
api_key = "made-up"
models = ["sim-1"]
[[providers]]
name = "hasty-openai"
kind = "openai"
base_url = "{url}"
api_key = "made-up"
models = ["claude-sim-1"]
read_seconds = 1
[[providers]]
name = "gone-openai"
kind = "openai"
base_url = "http://127.0.0.1:9"
api_key = "made-up"
models = ["gone-1"]
"""


@dataclass(frozen=True)
class Dialect:
    """How one endpoint is asked: `more` are headers beside the credential."""

    path: str
    more: Mapping[str, str]

    def ask(self, server: LiveServer, prompt: str, *, key: str | None = None, **fields: object) -> Answer:
        body = {"model": "sim-1", "messages": [{"role": "user", "content": prompt}], "max_tokens": 100, **fields}
        return self.send(server, json.dumps(body), key=key)

    def send(self, server: LiveServer, body: str, *, key: str | None = None) -> Answer:
        credential = {"authorization": f"Bearer {server.api_key if key is None else key}"}
        return server.ask("POST", self.path, {**credential, **self.more}, body)


MESSAGES = Dialect("/v1/messages", {"anthropic-version": "2026-10-21"})
CHAT = Dialect("/v1/chat/completions", {})


def test_every_error_on_the_wire(
    make_server: Callable[..., LiveServer],
    make_simulated: Callable[..., SimulatedUpstream],
    golden: Callable[[str, str], None],
) -> None:
    config = _CONFIG.format(url=make_simulated().url)
    server = make_server(config=config)
    full = make_server(config=config, env={"ANTE_SERVER_MAX_OPEN_REQUESTS": "1"})
    told = ["Every error as it looks on the wire; ids are masked. Written by `make golden`.\n"]
    for title, answer in _control(server).items():
        told.append(shown(f"Control plane: {title}", answer))
    for name, dialect in (("Anthropic's dialect", MESSAGES), ("OpenAI's dialect", CHAT)):
        for title, answer in {**_ours(server, dialect), **_providers(server, dialect)}.items():
            told.append(shown(f"{name}: {title}", answer))
        told.append(shown(f"{name}: too many requests are open", _overloaded(full, dialect)))
    golden("errors_provoked.txt", "\n".join(told))


def _control(server: LiveServer) -> dict[str, Answer]:
    me, version = "/v1/organizations/me", {"anthropic-version": "2023-06-01"}
    admin = {"x-api-key": server.admin_key}
    report = "/v1/organizations/usage_report/messages"
    return {
        "no version": server.ask("GET", me, admin),
        "an unknown version": server.ask("GET", me, {**admin, "anthropic-version": "1999-01-01"}),
        "an unknown query name": server.ask("GET", f"{me}?colour=red", {**admin, **version}),
        "a required query name is missing": server.ask("GET", report, {**admin, **version}),
        "no credential": server.ask("GET", me, version),
        "a bad x-api-key": server.ask("GET", me, {**version, "x-api-key": "sk-ant-admin01-made-up"}),
        "a bad bearer": server.ask("GET", me, {**version, "authorization": "Bearer made-up"}),
        "an API key": server.ask("GET", me, {**version, "x-api-key": server.api_key}),
        "no such path": server.ask("GET", "/v1/organisations/me", {**admin, **version}),
        "no such method": server.ask("DELETE", me, {**admin, **version}),
    }


def _ours(server: LiveServer, dialect: Dialect) -> dict[str, Answer]:
    models = "/v1/models/none-1"
    credential = {"authorization": f"Bearer {server.api_key}"}
    return {
        "malformed JSON": dialect.send(server, '{"model": "sim-1",'),
        "no body": dialect.send(server, ""),
        "a field of the wrong type": dialect.ask(server, "hello", model=7),
        "a required field is missing": dialect.send(server, '{"messages": []}'),
        "a bad key": dialect.ask(server, "hello", key="sk-ant-api03-made-up"),
        "an admin key": dialect.ask(server, "hello", key=server.admin_key),
        "no such model": dialect.ask(server, "hello", model="sim-2"),
        "no such model, by its id": server.ask("GET", models, {**credential, **dialect.more}),
        "too large": dialect.ask(server, "x" * LARGE),
    }


def _providers(server: LiveServer, dialect: Dialect) -> dict[str, Answer]:
    statuses = (400, 401, 402, 403, 404, 409, 413, 429, 500, 503, 504, 529)
    refused = {f"the provider's {status}": dialect.ask(server, f"[sim status={status}]") for status in statuses}
    return {
        **refused,
        "the provider's 200 begins with an error": dialect.ask(server, "[sim error=0 events=4]", stream=True),
        "the provider's stream has an error": dialect.ask(server, "[sim error=1 events=4 reply=hello]", stream=True),
        "the provider is not reachable": dialect.ask(server, "hello", model="gone-1"),
        "the provider does not answer": dialect.ask(server, "[sim hang=headers]", model="claude-sim-1"),
        "the provider hangs up": dialect.ask(server, "[sim reset=headers]"),
        "the provider's answer is cut": dialect.ask(server, "[sim truncate=5]"),
        "the provider's stream is cut": dialect.ask(server, "[sim truncate=1 events=4 reply=hello]", stream=True),
        "the provider's stream is reset": dialect.ask(server, "[sim reset=1 events=4 reply=hello]", stream=True),
    }


def _overloaded(server: LiveServer, dialect: Dialect) -> Answer:
    with server.begin("POST", dialect.path, {"authorization": f"Bearer {server.api_key}", **dialect.more},
                      json.dumps({"model": "sim-1", "max_tokens": 9, "stream": True,
                                  "messages": [{"role": "user", "content": "[sim hang=1 events=4]"}]})):  # fmt: skip
        return dialect.ask(server, "hello")


def shown(title: str, answer: Answer) -> str:
    """Return an answer as text: status, headers that matter, body."""
    lines = [f"## {title}", str(answer.status)]
    lines += [f"{name}: {answer.headers[name]}" for name in _RELEVANT if name in answer.headers]
    text = "\n".join([*lines, "", answer.body.decode().rstrip("\n"), ""])
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return text

"""What people do with the anthropic package, in whichever generation is installed; answers are validated strictly."""
# ruff: noqa: ANN401 - which generation of the library is there, and so its types, are known when it runs

import asyncio
import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import anthropic
from anthropic import Anthropic, AsyncAnthropic

from tests.clients.drivers.cases import AbsentError, case, run

URL = os.environ["ANTE_TEST_URL"]
KEY = os.environ["ANTE_TEST_KEY"]
ADMIN_KEY = os.environ["ANTE_TEST_ADMIN_KEY"]
QUESTION: list[Any] = [{"role": "user", "content": "What is 17 * 3?"}]
WEATHER: Any = {
    "name": "get_weather",
    "description": "The weather in a city",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["c", "f"]}},
        "required": ["city"],
    },
}
TOO_LARGE = 33 << 20


def client(key: str = KEY, retries: int = 0) -> Any:
    return Anthropic(base_url=URL, api_key=key, max_retries=retries, _strict_response_validation=True)


def async_client() -> Any:
    return AsyncAnthropic(base_url=URL, api_key=KEY, max_retries=0, _strict_response_validation=True)


def said(prompt: str) -> list[Any]:
    return [{"role": "user", "content": prompt}]


def shown(message: Any) -> dict[str, Any]:
    return {
        "text": "".join(block.text for block in message.content if block.type == "text"),
        "blocks": [block.type for block in message.content],
        "model": message.model,
        "role": message.role,
        "stop_reason": message.stop_reason,
        "input_tokens": message.usage.input_tokens,
        "output_tokens": message.usage.output_tokens,
    }


def failure(ask: Callable[[], Any]) -> dict[str, Any]:
    """Return how a request was refused."""
    start = time.monotonic()
    try:
        ask()
    except anthropic.APIStatusError as error:
        return {
            "class": type(error).__name__,
            "bases": [base.__name__ for base in type(error).__mro__],
            "status": error.status_code,
            "body": error.body,
            "request_id": error.request_id,
            "header": error.response.headers.get("request-id"),
            "should_retry": error.response.headers.get("x-should-retry"),
            "retry_after": error.response.headers.get("retry-after"),
            "retries": error.request.headers.get("x-stainless-retry-count"),
            "error_code": getattr(error, "error_code", None),
            "workspace_id": getattr(error, "workspace_id", None),
            "seconds": time.monotonic() - start,
        }
    return {"class": None}


def create(prompt: str, model: str = "sim-1", key: str = KEY, retries: int = 0, **more: Any) -> Any:
    return client(key, retries).messages.create(model=model, max_tokens=1000, messages=said(prompt), **more)


@case
def version() -> Any:
    with client() as c:
        raw = c.messages.with_raw_response.create(model="sim-1", max_tokens=100, messages=QUESTION)
        sent = raw.http_request.headers
        return {
            "library": anthropic.__version__,
            "version": sent["anthropic-version"],
            "credential": "x-api-key" if "x-api-key" in sent else "authorization",
        }


@case
def whole() -> Any:
    message = client().messages.create(model="sim-1", max_tokens=100, messages=QUESTION)
    return {**shown(message), "request_id": message._request_id}


@case
async def whole_async() -> Any:
    async with async_client() as c:
        return shown(await c.messages.create(model="sim-1", max_tokens=100, messages=QUESTION))


@case
def text_stream() -> Any:
    with client().messages.stream(model="sim-1", max_tokens=500, messages=said("count to 30")) as stream:
        parts = list(stream.text_stream)
        return {**shown(stream.get_final_message()), "parts": parts, "request_id": stream.request_id}


@case
async def text_stream_async() -> Any:
    async with (
        async_client() as c,
        c.messages.stream(model="sim-1", max_tokens=500, messages=said("count to 30")) as stream,
    ):
        parts = [part async for part in stream.text_stream]
        return {**shown(await stream.get_final_message()), "parts": parts}


@case
def events() -> Any:
    stream = client().messages.create(model="sim-1", max_tokens=100, messages=QUESTION, stream=True)
    return [event.type for event in stream]


@case
async def events_async() -> Any:
    async with async_client() as c:
        stream = await c.messages.create(model="sim-1", max_tokens=100, messages=QUESTION, stream=True)
        return [event.type async for event in stream]


@case
def hundred_at_once() -> Any:
    """Streams beside one another over one pool."""

    async def one(c: Any, number: int) -> bool:
        async with c.messages.stream(model="sim-1", max_tokens=500, messages=said(f"say number {number}")) as stream:
            return f"number {number}" in await stream.get_final_text()

    async def everyone() -> list[bool]:
        async with async_client() as c:
            return list(await asyncio.gather(*(one(c, number) for number in range(100))))

    return asyncio.run(everyone()).count(True)


@case
def system_and_turns() -> Any:
    turns: list[Any] = [*QUESTION, {"role": "assistant", "content": "51"}, *said("say thank you")]
    system: Any = [{"type": "text", "text": "Be short.", "cache_control": {"type": "ephemeral"}}]
    return shown(client().messages.create(model="claude-sim-1", max_tokens=100, system=system, messages=turns))


@case
def counted() -> Any:
    count = client().messages.count_tokens(model="sim-1", messages=QUESTION).input_tokens
    return {"counted": count, "used": create(QUESTION[0]["content"]).usage.input_tokens}


@case
async def counted_async() -> Any:
    async with async_client() as c:
        return (await c.messages.count_tokens(model="sim-1", messages=QUESTION)).input_tokens


@case
def models() -> Any:
    c = client()
    page = c.models.list(limit=1)
    return {
        "first": [model.id for model in page.data],
        "more": page.has_next_page(),
        "all": [model.id for model in c.models.list(limit=1)],
        "at_once": [model.id for model in c.models.list(limit=1000)],
        "one": c.models.retrieve("claude-sim-1").id,
        "kind": c.models.retrieve("sim-1").type,
    }


@case
def models_backwards() -> Any:
    c = client()
    names = [model.id for model in c.models.list(limit=1000)]
    return {"all": names, "before_last": [model.id for model in c.models.list(before_id=names[-1], limit=1)]}


@case
async def models_async() -> Any:
    async with async_client() as c:
        return [model.id async for model in c.models.list(limit=2)]


@case
def tools() -> Any:
    c = client()
    turns = said("What is the weather in Paris?")
    asked = c.messages.create(model="sim-agent-1", max_tokens=500, tools=[WEATHER], messages=turns)
    [use] = [block for block in asked.content if block.type == "tool_use"]
    result = {"type": "tool_result", "tool_use_id": use.id, "content": "14 degrees, rain"}
    turns = [*turns, {"role": "assistant", "content": asked.content}, {"role": "user", "content": [result]}]
    final = c.messages.create(model="sim-agent-1", max_tokens=500, tools=[WEATHER], messages=turns)
    return {"asked": shown(asked), "name": use.name, "input": use.input, "final": shown(final)}


@case
def tools_streamed() -> Any:
    turns = said("What is the weather in Paris? [sim calls=2]")
    with client().messages.stream(model="sim-agent-1", max_tokens=500, tools=[WEATHER], messages=turns) as stream:
        parts = [event.partial_json for event in stream if event.type == "input_json"]
        final = stream.get_final_message()
    inputs = [block.input for block in final.content if block.type == "tool_use"]
    return {"partial": "".join(parts), "inputs": inputs, "stop_reason": final.stop_reason}


@case
def tool_runner() -> Any:
    seen = []

    @anthropic.beta_tool  # type: ignore[untyped-decorator] # this environment does not have the library
    def get_weather(city: str) -> str:
        """Return the weather in a city."""
        seen.append(city)
        return "14 degrees, rain"

    runner = client().beta.messages.tool_runner(
        model="sim-agent-1", max_tokens=500, tools=[get_weather], messages=said("What is the weather in Paris?")
    )
    return {"final": shown(runner.until_done()), "calls": len(seen)}


@case
def tool_forced() -> Any:
    forced: Any = {"type": "tool", "name": "get_weather"}
    message = create("Paris", tools=[WEATHER], tool_choice=forced)
    return {**shown(message), "name": message.content[-1].name}


@case
def thinking() -> Any:
    c = client()
    mode: Any = {"type": "enabled", "budget_tokens": 1024}
    first = c.messages.create(model="sim-1", max_tokens=2048, thinking=mode, messages=QUESTION)
    turns = [*QUESTION, {"role": "assistant", "content": first.content}, *said("say thank you")]
    second = c.messages.create(model="sim-1", max_tokens=2048, thinking=mode, messages=turns)
    return {"first": shown(first), "signed": bool(first.content[0].signature), "second": shown(second)}


@case
def thinking_streamed() -> Any:
    mode: Any = {"type": "enabled", "budget_tokens": 1024}
    with client().messages.stream(model="sim-1", max_tokens=2048, thinking=mode, messages=QUESTION) as stream:
        seen = [event.type for event in stream]
        final = stream.get_final_message()
    kinds = ("thinking", "signature", "text")
    return {
        **shown(final),
        "signed": bool(final.content[0].signature),
        "seen": [kind for kind in kinds if kind in seen],
    }


@case
def completion() -> Any:
    c = client()
    if not hasattr(c, "completions"):
        message = "completions"
        raise AbsentError(message)
    prompt = "\n\nHuman: What is 17 * 3? \n\nAssistant:"
    told = c.completions.create(model="claude-2.1", prompt=prompt, max_tokens_to_sample=300)
    stream = c.completions.create(model="claude-instant-1.2", prompt=prompt, max_tokens_to_sample=300, stream=True)
    parts = [part.completion for part in stream]
    return {
        "completion": told.completion,
        "type": told.type,
        "stop_reason": told.stop_reason,
        "streamed": "".join(parts),
    }


@case
async def completion_async() -> Any:
    async with async_client() as c:
        if not hasattr(c, "completions"):
            message = "completions"
            raise AbsentError(message)
        prompt = "\n\nHuman: 写一首关于春天的俳句 \n\nAssistant:"
        told = await c.completions.create(model="claude-instant-1.2", prompt=prompt, max_tokens_to_sample=100)
        return {"completion": told.completion, "model": told.model}


@case
def beta() -> Any:
    c = client()
    asked: Any = {"model": "sim-1", "messages": QUESTION, "betas": ["context-1m-2025-08-07", "made-up-2030-01-01"]}
    with c.beta.messages.stream(max_tokens=100, **asked) as stream:
        streamed = stream.get_final_message()
    return {
        "whole": shown(c.beta.messages.create(max_tokens=100, **asked)),
        "streamed": shown(streamed),
        "counted": c.beta.messages.count_tokens(**asked).input_tokens,
        "models": [model.id for model in c.beta.models.list(limit=1)],
    }


@case
def raw_headers() -> Any:
    raw = client().messages.with_raw_response.create(model="sim-1", max_tokens=100, messages=QUESTION)
    names = ("request-id", "anthropic-organization-id", "anthropic-workspace-id", "content-type")
    return {**{name: raw.headers.get(name) for name in names}, "parsed": raw.parse()._request_id}


@case
def streamed_headers() -> Any:
    asked: Any = {"model": "sim-1", "max_tokens": 100, "messages": QUESTION, "stream": True}
    with client().messages.with_streaming_response.create(**asked) as raw:
        names = ("request-id", "anthropic-organization-id", "anthropic-workspace-id", "content-type")
        found = {name: raw.headers.get(name) for name in names}
        return {**found, "lines": [line for line in raw.iter_lines() if line.startswith("event:")]}


@case
def refused_by_us() -> Any:
    return {
        "400": failure(lambda: client().messages.create(model="sim-1", max_tokens=100, messages="not a list")),
        "400 field": failure(lambda: client().messages.create(model=7, max_tokens=100, messages=QUESTION)),
        "401": failure(lambda: create("hello", key="sk-ant-api03-made-up")),
        "403": failure(lambda: create("hello", key=ADMIN_KEY)),
        "404": failure(lambda: create("hello", model="claude-none-1")),
        "404 model": failure(lambda: client().models.retrieve("claude-none-1")),
        "413": failure(lambda: create("x" * TOO_LARGE)),
        "400 query": failure(lambda: client().models.list(extra_query={"colour": "red"})),
        "400 version": failure(lambda: create("hello", extra_headers={"anthropic-version": "1999-01-01"})),
    }


@case
def refused_upstream() -> Any:
    statuses = (400, 401, 402, 403, 404, 409, 413, 429, 500, 503, 504, 529)
    return {str(status): failure(partial(create, f"[sim status={status}]")) for status in statuses}


@case
def refused_stream() -> Any:
    def first_event_is_an_error() -> None:
        list(create("[sim error=0 events=9]", stream=True))

    def error_in_the_middle() -> None:
        with client().messages.stream(model="sim-1", max_tokens=99, messages=said("[sim error=3 events=9]")) as stream:
            stream.get_final_message()

    def cut() -> None:
        with client().messages.stream(model="sim-1", max_tokens=99, messages=said("[sim reset=3 events=9]")) as stream:
            stream.get_final_message()

    return {
        "start": failure(first_event_is_an_error),
        "middle": failure(error_in_the_middle),
        "cut": failure(cut),
    }


@case
def retries() -> Any:
    succeeded = create("[sim status=529 times=1 reply=again]", retries=2)
    exhausted = failure(lambda: create("[sim status=529 retry_after=0]", retries=1))
    told_not_to = failure(lambda: create("[sim status=401]", retries=2))
    return {"succeeded": shown(succeeded), "exhausted": exhausted, "told_not_to": told_not_to}


@case
def sampling() -> Any:
    """A parameter that the newer version of the API has no more."""
    return failure(lambda: create("hello", extra_body={"temperature": 0.5}))


@case
def organization() -> Any:
    c = client(ADMIN_KEY)
    if not hasattr(c, "organization"):
        message = "organization"
        raise AbsentError(message)
    found = c.organization.retrieve()
    return {"id": found.id, "name": found.name, "type": found.type}


@case
def organization_with_an_api_key() -> Any:
    c = client()
    return failure(lambda: c.get("/v1/organizations/me", cast_to=object))


run()

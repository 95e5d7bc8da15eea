"""What people do with the openai package, in whichever generation is installed; answers are validated strictly."""
# ruff: noqa: ANN401 - which generation of the library is there, and so its types, are known when it runs

import json
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import openai
from openai import AsyncOpenAI, OpenAI

from tests.clients.drivers.cases import case, run

URL = f"{os.environ['ANTE_TEST_URL']}/v1"
KEY = os.environ["ANTE_TEST_KEY"]
ADMIN_KEY = os.environ["ANTE_TEST_ADMIN_KEY"]
QUESTION: list[Any] = [{"role": "user", "content": "What is 17 * 3?"}]
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
TOO_LARGE = 33 << 20


def client(key: str = KEY, retries: int = 0) -> Any:
    return OpenAI(base_url=URL, api_key=key, max_retries=retries, _strict_response_validation=True)


def async_client() -> Any:
    return AsyncOpenAI(base_url=URL, api_key=KEY, max_retries=0, _strict_response_validation=True)


def said(prompt: str) -> list[Any]:
    return [{"role": "user", "content": prompt}]


def create(prompt: str, model: str = "sim-1", key: str = KEY, retries: int = 0, **more: Any) -> Any:
    return client(key, retries).chat.completions.create(model=model, messages=said(prompt), **more)


def shown(answer: Any) -> dict[str, Any]:
    [choice] = answer.choices
    return {
        "text": choice.message.content,
        "role": choice.message.role,
        "finish_reason": choice.finish_reason,
        "model": answer.model,
        "object": answer.object,
        "usage": answer.usage.model_dump(include={"prompt_tokens", "completion_tokens", "total_tokens"}),
    }


def failure(ask: Callable[[], Any]) -> dict[str, Any]:
    """Return how a request was refused."""
    try:
        ask()
    except openai.APIStatusError as error:
        return {
            "class": type(error).__name__,
            "status": error.status_code,
            "body": error.response.json(),
            "message": error.message,
            "type": error.type,
            "code": error.code,
            "param": error.param,
            "header": error.response.headers.get("request-id"),
            "should_retry": error.response.headers.get("x-should-retry"),
            "retries": error.request.headers.get("x-stainless-retry-count"),
        }
    except openai.APIError as error:
        return {"class": type(error).__name__, "message": error.message, "body": error.body}
    return {"class": None}


@case
def version() -> Any:
    return openai.__version__


@case
def whole() -> Any:
    return shown(client().chat.completions.create(model="sim-1", messages=QUESTION))


@case
async def whole_async() -> Any:
    async with async_client() as c:
        return shown(await c.chat.completions.create(model="claude-sim-1", messages=QUESTION))


@case
def system() -> Any:
    turns: list[Any] = [{"role": "system", "content": "Be short."}, *said("say thank you")]
    return shown(client().chat.completions.create(model="sim-1", messages=turns, max_tokens=50, temperature=0.2))


@case
def chunks() -> Any:
    stream = client().chat.completions.create(model="sim-1", messages=said("count to 30"), stream=True)
    seen = list(stream)
    return {
        "objects": sorted({chunk.object for chunk in seen}),
        "text": "".join(chunk.choices[0].delta.content or "" for chunk in seen if chunk.choices),
        "finish": [c.choices[0].finish_reason for c in seen if c.choices and c.choices[0].finish_reason],
        "pieces": len(seen),
        "usage": [chunk.usage for chunk in seen if chunk.usage is not None],
    }


@case
def chunks_with_usage() -> Any:
    asked: Any = {"model": "sim-1", "messages": QUESTION, "stream": True, "stream_options": {"include_usage": True}}
    seen = list(client().chat.completions.create(**asked))
    return {
        "choices": len(seen[-1].choices),
        "usage": seen[-1].usage.model_dump(include={"prompt_tokens", "completion_tokens", "total_tokens"}),
        "others": [chunk.usage for chunk in seen[:-1] if chunk.usage is not None],
    }


@case
async def chunks_async() -> Any:
    async with async_client() as c:
        stream = await c.chat.completions.create(model="sim-1", messages=QUESTION, stream=True)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])


@case
def stream_manager() -> Any:
    c = client()
    stream = getattr(c.chat.completions, "stream", None) or c.beta.chat.completions.stream
    with stream(model="sim-1", messages=said("count to 30")) as events:
        deltas = [event.delta for event in events if event.type == "content.delta"]
        final = events.get_final_completion()
    return {"text": "".join(deltas), "final": final.choices[0].message.content}


@case
def tools() -> Any:
    c = client()
    turns = said("What is the weather in Paris?")
    asked = c.chat.completions.create(model="sim-agent-1", messages=turns, tools=[WEATHER])
    message = asked.choices[0].message
    [call] = message.tool_calls
    turns = [
        *turns,
        message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": "14 degrees, rain"},
    ]
    final = c.chat.completions.create(model="sim-agent-1", messages=turns, tools=[WEATHER])
    return {
        "finish": asked.choices[0].finish_reason,
        "name": call.function.name,
        "arguments": json.loads(call.function.arguments),
        "final": shown(final),
    }


@case
def tools_streamed() -> Any:
    asked: Any = {"model": "sim-agent-1", "messages": said("The weather in Paris?"), "tools": [WEATHER], "stream": True}
    names, arguments = [], ""
    for chunk in client().chat.completions.create(**asked):
        for choice in chunk.choices:
            for call in choice.delta.tool_calls or ():
                names += [call.function.name] if call.function.name else []
                arguments += call.function.arguments or ""
    return {"names": names, "arguments": json.loads(arguments)}


@case
def models() -> Any:
    c = client()
    listed = list(c.models.list())
    one = c.models.retrieve("claude-sim-1")
    return {
        "ids": [model.id for model in listed],
        "objects": sorted({model.object for model in listed}),
        "one": [one.id, one.object, one.owned_by, one.created > 0],
    }


@case
async def models_async() -> Any:
    async with async_client() as c:
        return [model.id async for model in c.models.list()]


@case
def raw_headers() -> Any:
    raw = client().chat.completions.with_raw_response.create(model="sim-1", messages=QUESTION)
    names = ("request-id", "x-request-id", "anthropic-organization-id", "anthropic-workspace-id", "content-type")
    return {**{name: raw.headers.get(name) for name in names}, "id": raw.parse().id}


@case
def refused_by_us() -> Any:
    return {
        "400": failure(lambda: client().chat.completions.create(model="sim-1", messages="not a list")),
        "401": failure(lambda: create("hello", key="sk-made-up")),
        "403": failure(lambda: create("hello", key=ADMIN_KEY)),
        "404": failure(lambda: create("hello", model="gpt-none-1")),
        "404 model": failure(lambda: client().models.retrieve("gpt-none-1")),
        "401 models": failure(lambda: list(client("sk-made-up").models.list())),
        "413": failure(lambda: create("x" * TOO_LARGE)),
    }


@case
def refused_upstream() -> Any:
    statuses = (400, 401, 403, 404, 409, 413, 429, 500, 503, 529)
    return {str(status): failure(partial(create, f"[sim status={status}]")) for status in statuses}


@case
def refused_stream() -> Any:
    return {
        "start": failure(lambda: list(create("[sim error=0 events=9]", stream=True))),
        "middle": failure(lambda: list(create("[sim error=3 events=9]", stream=True))),
        "cut": failure(lambda: list(create("[sim reset=3 events=9]", stream=True))),
    }


@case
def retries() -> Any:
    return {
        "succeeded": shown(create("[sim status=529 times=1 reply=again]", retries=2)),
        "told_not_to": failure(lambda: create("[sim status=401]", retries=2)),
    }


run()

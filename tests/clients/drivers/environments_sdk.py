"""What programs do with environments by the anthropic package; answers are validated strictly."""
# ruff: noqa: ANN401 - which generation of the library is there, and so its types, are known when it runs

import asyncio
import os
from collections.abc import Callable
from typing import Any

import anthropic
from anthropic import Anthropic, AsyncAnthropic

from tests.clients.drivers.cases import case, run

URL = os.environ["ANTE_TEST_URL"]
KEY = os.environ["ANTE_TEST_KEY"]
# unlike those of the other generation, which drives the same server
MARK = anthropic.__version__.replace(".", "-")
PAGE = 2


def client() -> Any:
    return Anthropic(base_url=URL, api_key=KEY, max_retries=0, _strict_response_validation=True)


def environments() -> Any:
    return client().beta.environments


def dump(thing: Any) -> Any:
    return thing.model_dump(mode="json")


def failure(ask: Callable[[], Any]) -> dict[str, Any]:
    """Return how a request was refused."""
    try:
        ask()
    except anthropic.APIStatusError as error:
        body = error.body["error"] if isinstance(error.body, dict) else {}
        return {
            "class": type(error).__name__,
            "bases": [kind.__name__ for kind in type(error).__mro__],
            "status": error.status_code,
            "type": body.get("type"),
            "message": body.get("message"),
            "code": body.get("details", {}).get("error_code"),
        }
    return {"class": None}


@case
def version() -> Any:
    return anthropic.__version__


@case
def published() -> Any:
    """Return what the published page's configurations become."""
    made = [
        environments().create(
            name=f"{MARK} python-dev", config={"type": "cloud", "networking": {"type": "unrestricted"}}
        ),
        environments().create(
            name=f"{MARK} data-analysis",
            config={
                "type": "cloud",
                "packages": {"pip": ["pandas", "numpy", "scikit-learn"], "npm": ["express"]},
                "networking": {"type": "unrestricted"},
            },
        ),
        environments().create(
            name=f"{MARK} limited",
            config={
                "type": "cloud",
                "networking": {
                    "type": "limited",
                    "allowed_hosts": ["api.example.com"],
                    "allow_mcp_servers": True,
                    "allow_package_managers": True,
                },
            },
        ),
    ]
    return [dump(environment) for environment in made]


@case
def life() -> Any:
    space = environments()
    made = space.create(
        name=f"{MARK} life", description="d", metadata={"team": "core", "gone": "soon"}, scope="organization"
    )
    changed = space.update(
        made.id,
        name=f"{MARK} life!",
        description=None,
        metadata={"gone": None},
        config={"type": "cloud", "packages": {"type": "packages", "cargo": ["ripgrep@14.0.0"]}},
    )
    found = space.retrieve(made.id)
    archived = space.archive(made.id)
    return {
        "made": dump(made),
        "changed": dump(changed),
        "same": dump(found) == dump(changed),
        "archived": dump(archived),
        "refused": failure(lambda: space.update(made.id, name="x")),
        "listed": made.id in [each.id for each in space.list(limit=1000)],
        "kept": made.id in [each.id for each in space.list(limit=1000, include_archived=True)],
        "deleted": dump(space.delete(made.id)),
        "again": failure(lambda: space.delete(made.id)),
        "gone": failure(lambda: space.retrieve(made.id)),
    }


@case
def pages() -> Any:
    space = environments()
    made = [space.create(name=f"{MARK} page {number}").id for number in range(PAGE + 1)]
    first = space.list(limit=PAGE)
    listed = [each.id for each in space.list(limit=PAGE)]
    return {
        "first": len(first.data),
        "more": first.has_next_page(),
        "order": [each for each in listed if each in made] == made[::-1],
    }


@case
def self_hosted() -> Any:
    space = environments()
    made = space.create(name=f"{MARK} own", config={"type": "self_hosted"})
    return {
        "made": dump(made),
        "turned": failure(lambda: space.update(made.id, config={"type": "cloud"})),
        "bare": failure(lambda: client().get("/v1/environments", cast_to=object)),
        "beside": len(space.list(limit=1, betas=["context-1m-2025-08-07"]).data),
    }


@case
def refusals() -> Any:
    space = environments()

    def limited(**networking: Any) -> Any:
        return {"type": "cloud", "networking": {"type": "limited", **networking}, "packages": {"pip": ["pandas"]}}

    space.create(name=f"{MARK} taken")
    many: Any = {"type": "cloud", "packages": {"pip": [f"p{number}" for number in range(5000)]}}
    option: Any = {"type": "cloud", "packages": {"npm": ["--registry=https://evil.example"]}}
    unknown: Any = {"type": "cloud", "packages": {"conda": ["x"]}}
    account: Any = "account"
    return {
        "taken": failure(lambda: space.create(name=f"{MARK} taken")),
        "managers": failure(lambda: space.create(name="x", config=limited())),
        "host": failure(lambda: space.create(name="x", config=limited(allowed_hosts=["http://a.example.com"]))),
        "many": failure(lambda: space.create(name="x", config=many)),
        "option": failure(lambda: space.create(name="x", config=option)),
        "unknown": failure(lambda: space.create(name="x", config=unknown)),
        "scope": failure(lambda: space.create(name="x", scope=account)),
        "metadata": failure(lambda: space.create(name="x", metadata={"k" * 65: "v"})),
        "page": failure(lambda: space.list(page="page_nothing")),
    }


@case
async def at_once() -> Any:
    asked = AsyncAnthropic(base_url=URL, api_key=KEY, max_retries=0, _strict_response_validation=True)
    names = [f"{MARK} async {number}" for number in range(5)]
    made = await asyncio.gather(*(asked.beta.environments.create(name=name) for name in names))
    listed = [each.name async for each in asked.beta.environments.list(limit=PAGE)]
    await asyncio.gather(*(asked.beta.environments.delete(each.id) for each in made))
    await asked.close()
    return {"listed": set(names) <= set(listed), "names": [each.name for each in made] == names}


run()

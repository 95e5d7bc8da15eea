"""What administrators of telemetry and compliance do with the anthropic package, answers validated strictly."""
# ruff: noqa: ANN401 - which generation of the library is there, and so its types, are known when it runs

import os
from collections.abc import Callable
from typing import Any

import anthropic
from anthropic import Anthropic

from tests.clients.drivers.cases import case, run

URL = os.environ["ANTE_TEST_URL"]
ADMIN_KEY = os.environ["ANTE_TEST_ADMIN_KEY"]
# unlike those of the other generation, which drives the same server
MARK = anthropic.__version__.replace(".", "-")
GATEWAY = "https://gateway.example.com/otlp"


def both(resource: str, work: Callable[[Any, str], Any]) -> dict[str, Any]:
    """Do the work in the name spaces that have a resource."""
    asked = Anthropic(base_url=URL, api_key=ADMIN_KEY, max_retries=0, _strict_response_validation=True)
    spaces = {"stable": asked.organization, "beta": asked.beta.organization}
    return {name: work(space, f"{MARK} {name}") for name, space in spaces.items() if hasattr(space, resource)}


def dump(thing: Any) -> Any:
    return thing.model_dump(mode="json")


def failure(ask: Callable[[], Any]) -> dict[str, Any]:
    """Return how a request was refused."""
    try:
        ask()
    except anthropic.APIStatusError as error:
        body = error.body if isinstance(error.body, dict) else {"error": {"message": ""}}
        return {"status": error.status_code, "message": body["error"]["message"]}
    return {"status": None}


@case
def destinations() -> Any:
    def work(space: Any, mark: str) -> Any:
        asked = space.telemetry_destinations
        made = asked.create(
            endpoint_url=GATEWAY,
            workspaces={"type": "all"},
            display_name=mark,
            headers={"authorization": "Bearer secret", "x-team": "a"},
            traces={"content_mode": "metadata_only", "enabled": True, "max_content_bytes": 4096},
        )
        others = [asked.create(endpoint_url=GATEWAY, workspaces={"type": "include"}).id for _ in range(2)]
        changed = asked.update(
            made.id,
            endpoint_url=GATEWAY,
            headers={"authorization": "Bearer other", "X-Team": None},
            state={"type": "disabled"},
            traces={"max_content_bytes": None, "enabled": False},
        )
        return {
            "made": dump(made),
            "found": dump(asked.retrieve(made.id)) == dump(made) or dump(asked.retrieve(made.id)) == dump(changed),
            "changed": dump(changed),
            "enabled": dump(asked.update(made.id, state={"type": "enabled"}, traces=None)),
            "paged": {made.id, *others} <= {each.id for each in asked.list(limit=1)},
            "refused": failure(lambda: asked.create(endpoint_url="https://10.0.0.1", workspaces={"type": "all"})),
            "contents": failure(lambda: asked.update(made.id, traces={"content_mode": "content"})),
            "deleted": dump(asked.delete(made.id)),
            "others": [dump(asked.delete(each))["type"] for each in others],
            "gone": failure(lambda: asked.retrieve(made.id)),
            "id": made.id,
        }

    return both("telemetry_destinations", work)


@case
def lists() -> Any:
    def work(space: Any, mark: str) -> Any:
        asked = space.telemetry_destinations
        workspace = space.workspaces.create(name=f"{mark} traces").id
        made = asked.create(endpoint_url=GATEWAY, workspaces={"type": "include", "workspace_ids": []})
        added = asked.workspaces.add(workspace, destination_id=made.id)
        seen = {
            "ids": [made.id, workspace],
            "added": dump(added),
            "listed": [dump(each) for each in asked.workspaces.list(made.id, limit=1)],
            "covered": made.id in {each.id for each in asked.list(workspace_ids=[workspace])},
            "removed": dump(asked.workspaces.remove(workspace, destination_id=made.id)),
            "left": made.id in {each.id for each in asked.list(workspace_ids=[workspace])},
            "again": failure(lambda: asked.workspaces.remove(workspace, destination_id=made.id)),
        }
        asked.delete(made.id)
        space.workspaces.archive(workspace)
        return seen

    return both("telemetry_destinations", work)


@case
def trials() -> Any:
    def work(space: Any, _: str) -> Any:
        asked = space.telemetry_destinations
        collector = os.environ["ANTE_TEST_COLLECTOR"]
        made = asked.create(endpoint_url=collector, workspaces={"type": "include"}, headers={"authorization": "secret"})
        seen = {"test": dump(asked.test(made.id)), "again": failure(lambda: asked.test(made.id))}
        asked.delete(made.id)
        return seen

    return both("telemetry_destinations", work)


@case
def compliance() -> Any:
    def work(space: Any, _: str) -> Any:
        settings = space.compliance_settings
        seen = {
            "before": dump(settings.retrieve()),
            "disabled": dump(settings.update(state={"type": "disabled"})),
            "still": dump(settings.retrieve()),
            "enabled": dump(settings.update(state="enabled")),
        }
        return {**seen, "after": dump(settings.retrieve())}

    return both("compliance_settings", work)


if __name__ == "__main__":
    run()

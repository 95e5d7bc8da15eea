"""What a self-hosted worker does by the anthropic package: `EnvironmentWorker`, its poller, and typed refusals."""
# ruff: noqa: ANN401 - the library's types are known when it runs

import asyncio
import os
from typing import Any

import anthropic
from anthropic import Anthropic, AsyncAnthropic, beta_async_tool
from anthropic.lib.tools.agent_toolset import beta_agent_toolset_20260401

from tests.clients.drivers.cases import case, run

URL = os.environ["ANTE_TEST_URL"]
KEY = os.environ["ANTE_TEST_KEY"]
ENVIRONMENT = os.environ["ANTE_TEST_ENVIRONMENT"]
ENVIRONMENT_KEY = os.environ["ANTE_TEST_ENVIRONMENT_KEY"]
WORKDIR = os.environ["ANTE_TEST_WORKDIR"]
SECONDS = 110


def program() -> Any:
    return Anthropic(base_url=URL, api_key=KEY, max_retries=0, _strict_response_validation=True)


def worker_client() -> Any:
    """Return a client that knows no other credential than those that the helpers give it."""
    return AsyncAnthropic(base_url=URL, api_key="unused", max_retries=2)


def keyed() -> Any:
    return Anthropic(base_url=URL, auth_token=ENVIRONMENT_KEY, api_key=None, max_retries=0)


async def weather(place: str) -> str:
    """Tell the weather at a place."""
    return f"sun over {place}"


WEATHER: Any = beta_async_tool(weather)


async def serve() -> list[dict[str, Any]]:
    """Let a worker run until everything that was queued has stopped, and return the items."""
    work = worker_client().beta.environments.work
    worker = work.worker(
        environment_id=ENVIRONMENT,
        environment_key=ENVIRONMENT_KEY,
        workdir=WORKDIR,
        tools=lambda context: [*beta_agent_toolset_20260401(context), WEATHER],
        max_idle=0.5,
        worker_id="the-worker",
    )
    running = asyncio.create_task(worker.run())
    try:
        async with asyncio.timeout(SECONDS):
            while True:
                items = await asyncio.to_thread(lambda: list(keyed().beta.environments.work.list(ENVIRONMENT)))
                if items and all(item.state == "stopped" for item in items):
                    return [item.model_dump(mode="json") for item in items]
                await asyncio.sleep(1)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@case
def served() -> Any:
    items = asyncio.run(serve())
    stats = program().beta.environments.work.stats(ENVIRONMENT)
    one = program().beta.environments.work.retrieve(items[0]["id"], environment_id=ENVIRONMENT)
    return {"items": items, "stats": stats.model_dump(mode="json"), "one": one.model_dump(mode="json")}


async def dispatch(session_id: str) -> dict[str, Any]:
    """Drain the queue as a dispatcher does, and serve the item by its secret alone, as a fresh process would."""
    work = worker_client().beta.environments.work
    poller = work.poller(
        environment_id=ENVIRONMENT, environment_key=ENVIRONMENT_KEY, block_ms=None, drain=True, auto_stop=False
    )
    items = [item async for item in poller]
    (item,) = items
    assert item.data.id == session_id
    client = AsyncAnthropic(base_url=URL, api_key="unused", max_retries=2)
    handling = client.beta.environments.work.worker(workdir=WORKDIR, max_idle=0.5).handle_item(
        work_id=item.id, environment_id=ENVIRONMENT, session_id=session_id, work_secret=item.secret
    )
    async with asyncio.timeout(SECONDS):
        await handling
    found = program().beta.environments.work.retrieve(item.id, environment_id=ENVIRONMENT)
    return {"state": found.state, "heartbeat": found.latest_heartbeat_at, "secret": found.secret}


@case
def dispatched() -> Any:
    agent = program().beta.agents.create(name="none", model="claude-sim-agent-1")
    session = program().beta.sessions.create(agent=agent.id, environment_id=ENVIRONMENT)
    archived = program().beta.sessions.archive(session.id)
    assert archived.status == "terminated"
    # its work has ended with it; a session that is served has not
    session = program().beta.sessions.create(agent=agent.id, environment_id=ENVIRONMENT)
    found = asyncio.run(dispatch_and_end(session.id))
    listed = [each.id for each in program().beta.sessions.list(statuses=["idle"], limit=1)]
    return {**found, "listed": session.id in listed}


async def dispatch_and_end(session_id: str) -> dict[str, Any]:
    """Serve a session that is deleted meanwhile, which ends its worker's part."""

    async def end() -> None:
        while True:
            items = await asyncio.to_thread(lambda: list(keyed().beta.environments.work.list(ENVIRONMENT)))
            if any(item.data.id == session_id and item.state == "active" for item in items):
                await asyncio.to_thread(lambda: program().beta.sessions.delete(session_id))
                return
            await asyncio.sleep(1)

    ending = asyncio.create_task(end())
    try:
        return await dispatch(session_id)
    finally:
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)


@case
def refused() -> Any:
    agent = program().beta.agents.create(name="none", model="claude-sim-agent-1")
    session = program().beta.sessions.create(agent=agent.id, environment_id=ENVIRONMENT)
    work = keyed().beta.environments.work
    item = work.poll(ENVIRONMENT, block_ms=999)
    assert item is not None
    assert item.data.id == session.id
    work.ack(item.id, environment_id=ENVIRONMENT)
    first = work.heartbeat(item.id, environment_id=ENVIRONMENT, expected_last_heartbeat="NO_HEARTBEAT")
    told: dict[str, Any] = {"first": first.model_dump(mode="json")}
    try:
        work.heartbeat(item.id, environment_id=ENVIRONMENT, expected_last_heartbeat="NO_HEARTBEAT")
    except anthropic.APIStatusError as error:
        told["stale"] = {"class": type(error).__name__, "status": error.status_code, "body": error.body}
    stopped = work.stop(item.id, environment_id=ENVIRONMENT, force=True)
    told["stopped"] = stopped.model_dump(mode="json")
    try:
        work.stop(item.id, environment_id=ENVIRONMENT)
    except anthropic.APIStatusError as error:
        told["again"] = error.status_code
    told["nothing"] = work.poll(ENVIRONMENT)
    return told


if __name__ == "__main__":
    run()

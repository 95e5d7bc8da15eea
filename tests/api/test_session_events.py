"""The log of a session on the wire: listed, followed, answered (wire-agents.md 4b)."""

import asyncio
import json
from typing import Any

import pytest

from antechamber.base.ids import Kind, SessionId, parse
from antechamber.features.sessions.model.events import CUSTOM_TOOL_USE, TOOL_USE, Event
from antechamber.http.reply import Message, Receive, Scope, Send
from tests.api.conftest import House
from tests.api.rooms import BETA, NOTHING, invalid, refused
from tests.api.seats import SELF_HOSTED, SESSIONS, Seat
from tests.asgi import Answer, call

TEXT = [{"type": "text", "text": "done"}]


@pytest.fixture
def seat(house: House) -> Seat:
    return Seat(house)


@pytest.fixture
async def session(seat: Seat) -> dict[str, Any]:
    return await seat.session(await seat.make("ours", SELF_HOSTED))


async def say(seat: Seat, session: dict[str, Any], kind: str, **fields: object) -> Event:
    """Add an event as the session's loop does."""
    storage, organization_id = seat.house.app.storage, seat.house.founded.organization_id
    async with storage.database.begin() as unit:
        added = await storage.agents.events.add(unit, organization_id, SessionId(session["id"]), kind, fields)
    storage.agents.events.ring(added.session_id)
    return added


def path(session: dict[str, Any], rest: str = "") -> str:
    return f"{SESSIONS}/{session['id']}/events{rest}"


async def send(seat: Seat, session: dict[str, Any], *events: object) -> Answer:
    return await seat.ask("POST", path(session), {"events": list(events)})


async def test_events_are_listed_in_their_order_and_against_it(seat: Seat, session: dict[str, Any]) -> None:
    added = [await say(seat, session, TOOL_USE, name="bash", input={"command": str(number)}) for number in range(3)]
    ids = [event.id for event in added]
    listed = await seat.get(path(session))
    assert ([event["id"] for event in listed["data"]], listed["next_page"]) == (ids, None)
    first = listed["data"][0]
    assert parse(Kind.SESSION_EVENT, first["id"])
    assert (first["type"], first["name"], first["input"]) == ("agent.tool_use", "bash", {"command": "0"})
    assert first["processed_at"]
    newest = await seat.get(path(session, "?order=desc&limit=2"))
    rest = await seat.get(path(session, f"?order=desc&limit=2&page={newest['next_page']}"))
    assert [event["id"] for page in (newest, rest) for event in page["data"]] == ids[::-1]
    invalid(await seat.ask("GET", path(session, f"?page={newest['next_page']}")), "cursor does not match")


async def test_events_are_found_by_type_and_time(seat: Seat, session: dict[str, Any]) -> None:
    first = await say(seat, session, TOOL_USE, name="bash", input={})
    second = await say(seat, session, CUSTOM_TOOL_USE, name="ask", input={})
    assert [event["id"] for event in (await seat.get(path(session, f"?types[]={CUSTOM_TOOL_USE}")))["data"]] == [
        second.id
    ]
    at = (await seat.get(path(session)))["data"][0]["processed_at"]
    assert [event["id"] for event in (await seat.get(path(session, f"?created_at[lte]={at}")))["data"]] == [first.id]
    assert [event["id"] for event in (await seat.get(path(session, f"?created_at[gt]={at}")))["data"]] == [second.id]


async def test_a_tool_call_is_answered_once(seat: Seat, session: dict[str, Any]) -> None:
    built_in = await say(seat, session, TOOL_USE, name="bash", input={})
    custom = await say(seat, session, CUSTOM_TOOL_USE, name="ask", input={})
    results: list[dict[str, Any]] = [
        {"type": "user.tool_result", "tool_use_id": built_in.id, "content": TEXT, "is_error": False},
        {"type": "user.custom_tool_result", "custom_tool_use_id": custom.id, "content": TEXT},
    ]
    sent = await send(seat, session, *results)
    assert sent.status == 200, sent.body
    one, two = sent.json()["data"]
    assert (one["type"], one["tool_use_id"], one["content"], one["is_error"]) == (*results[0].values(),)
    assert (two["type"], two["custom_tool_use_id"]) == ("user.custom_tool_result", custom.id)
    assert (await seat.get(path(session)))["data"][2:] == [one, two]
    invalid(await send(seat, session, results[0]), "has its result already")


async def test_answers_to_nothing_are_refused_and_nothing_is_added(seat: Seat, session: dict[str, Any]) -> None:
    call_id = (await say(seat, session, TOOL_USE, name="bash", input={})).id
    good = {"type": "user.tool_result", "tool_use_id": call_id}
    for bad, words in (
        ({"type": "user.tool_result", "tool_use_id": f"sevt_{NOTHING}"}, "is no agent.tool_use of this session"),
        ({"type": "user.custom_tool_result", "custom_tool_use_id": call_id}, "is no agent.custom_tool_use"),
        (good, "has its result already"),
        ({"type": "user.message", "content": TEXT}, "user.message is not taken yet"),
        ({"type": "user.nonsense"}, "user.nonsense is not taken yet"),
    ):
        invalid(await send(seat, session, good, bad), words)
    invalid(await send(seat, session), "1 to 50")
    assert len((await seat.get(path(session)))["data"]) == 1


async def test_results_of_our_own_containers_are_not_the_callers_to_say(seat: Seat) -> None:
    ours = await seat.session()
    call_id = (await say(seat, ours, TOOL_USE, name="bash", input={})).id
    answer = await send(seat, ours, {"type": "user.tool_result", "tool_use_id": call_id})
    invalid(answer, "for sessions of self_hosted environments")


def frames(answer: Answer) -> list[tuple[str, dict[str, Any]]]:
    """Return the whole frames of a stream so far."""
    found = []
    for text in answer.body.decode().split("\n\n")[:-1]:
        name, data = text.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


async def test_a_stream_tells_what_comes_until_the_session_is_deleted(seat: Seat, session: dict[str, Any]) -> None:
    await say(seat, session, TOOL_USE, name="before", input={})
    headers = {"x-api-key": seat.key, "anthropic-version": "2023-06-01", "anthropic-beta": BETA}
    begun = asyncio.Event()

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def tell(message: Message) -> None:
            begun.set()
            await send(message)

        await seat.house.app.shell(scope, receive, tell)

    streaming = asyncio.create_task(call(watched, "GET", path(session, "/stream"), headers=headers))
    async with asyncio.timeout(30):
        await begun.wait()
    first = await say(seat, session, TOOL_USE, name="after", input={})
    assert (await seat.ask("DELETE", f"{SESSIONS}/{session['id']}")).status == 200
    async with asyncio.timeout(30):
        answer = await streaming
    assert answer.header("content-type") == "text/event-stream; charset=utf-8"
    told = [(name, data) for name, data in frames(answer) if name != "ping"]
    assert [name for name, _ in told] == ["agent.tool_use", "session.deleted"]
    assert (told[0][1]["id"], told[0][1]["name"]) == (first.id, "after")
    assert told[1][1]["type"] == "session.deleted"


async def test_a_stream_of_nothing_is_not_found(seat: Seat) -> None:
    answer = await seat.ask("GET", f"{SESSIONS}/sesn_{NOTHING}/events/stream")
    refused(answer, 404, "not_found_error", "Session not found")

"""What administrators do about requests for higher spend limits, and with webhooks; answers are validated strictly."""
# ruff: noqa: ANN401 - which generation of the library is there, and so its types, are known when it runs

import os
from typing import Any

import anthropic
from anthropic import Anthropic

from tests.clients.drivers.cases import case, run

URL = os.environ["ANTE_TEST_URL"]
ADMIN_KEY = os.environ["ANTE_TEST_ADMIN_KEY"]
RECEIVER = os.environ["ANTE_TEST_RECEIVER"]
# name space → the person who asked
PERSONS = dict(pair.split("=") for pair in os.environ["ANTE_TEST_PERSONS"].split(","))
CLIENT = Anthropic(base_url=URL, api_key=ADMIN_KEY, max_retries=0, _strict_response_validation=True)
# the older generation has webhooks and requests among the betas only
SPACES: dict[str, Any] = {"stable": CLIENT, "beta": CLIENT.beta}
# what both generations know
EVENTS: Any = ["user_profile.enforcement_action_opened", "user_profile.enforcement_action_resolved"]


def dump(thing: Any) -> Any:
    return thing.model_dump(mode="json")


def status_of(ask: Any) -> int | None:
    try:
        ask()
    except anthropic.APIStatusError as error:
        return int(error.status_code)
    return None


@case
def increase_requests() -> Any:
    def work(requests: Any, user_id: str) -> Any:
        pending = list(requests.list(actor_ids=[user_id], status=["pending"], limit=1))
        by_period = {request.period: request for request in pending}
        first, second = by_period["daily"], by_period["weekly"]
        approved = requests.approve(first.id, amount="70000", suppress_notification=True)
        denied = requests.deny(second.id)
        return {
            "pending": [dump(request) for request in pending],
            "found": dump(requests.retrieve(first.id)),
            "approved": dump(approved),
            "denied": dump(denied),
            "again": dump(requests.deny(second.id)) == dump(denied),
            "too_late": status_of(lambda: requests.deny(first.id)),
            "unknown": status_of(lambda: requests.retrieve("slir_01AAAAAAAAAAAAAAAAAAAAAA")),
            "left": len(list(requests.list(actor_ids=[user_id], status=["pending"]))),
        }

    found = {}
    for name, space in SPACES.items():
        limits = getattr(getattr(space, "organization", None), "spend_limits", None)
        if limits is not None:
            found[name] = work(limits.increase_requests, PERSONS[name])
    return found


@case
def webhooks() -> Any:
    hooks = CLIENT.beta.organization.webhooks
    made = [hooks.create(url=f"{RECEIVER}/{number}", enabled_events=EVENTS, name="n") for number in range(3)]
    one = made[0].id
    found = dump(hooks.retrieve(one))
    changed = hooks.update(one, state="disabled", enabled_events=EVENTS[:1], description="d")
    listed = [hook.id for hook in hooks.list(limit=1, order="asc")]
    secret = hooks.regenerate_signing_secret(one).signing_secret
    deleted = [dump(hooks.delete(hook.id)) for hook in made]
    return {
        "made": dump(made[0]),
        "found": found,
        "changed": dump(changed),
        "paged": [hook.id in listed for hook in made],
        "secret": [secret, made[0].signing_secret],
        "deleted": deleted[0],
        "gone": status_of(lambda: hooks.retrieve(one)),
        "bad": status_of(lambda: hooks.create(url="http://example.com", enabled_events=EVENTS)),
    }


if __name__ == "__main__":
    run()

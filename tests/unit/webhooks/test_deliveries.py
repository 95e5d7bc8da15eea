"""How deliveries are signed, and when they are tried again."""

import base64
import json

from antechamber.base.clock import MICROSECONDS
from antechamber.base.ids import OrganizationId, WebhookEventId
from antechamber.base.secret import Secret
from antechamber.features.webhooks.model.deliveries import (
    Event,
    Outcome,
    body_of,
    headers_of,
    is_hopeless,
    secret_of,
    wait_seconds,
)
from antechamber.features.webhooks.model.endpoints import EventType

HOUR = 3600 * MICROSECONDS


def test_a_delivery_is_signed_as_the_standard_says() -> None:
    # the example of the Standard Webhooks libraries' own tests
    secret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    event_id = WebhookEventId("msg_p5jXN8AQM9LWM0D4loKWxJek")
    headers = dict(headers_of(event_id, b'{"test": 2432232314}', secret, 1_614_265_330 * MICROSECONDS))
    assert headers == {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_secret_is_32_bytes_behind_its_prefix() -> None:
    assert base64.b64decode(secret_of(bytes(range(32))).reveal().removeprefix("whsec_")) == bytes(range(32))


def test_a_body_has_the_wires_shape() -> None:
    what, org = EventType.EXTERNAL_KEY_FAILED, OrganizationId("org")
    event = Event(WebhookEventId("event_1"), org, what, 1_795_262_400_000_000, {"id": "ekey_1"})
    assert json.loads(body_of(event)) == {
        "type": "event",
        "id": "event_1",
        "created_at": "2026-11-21T12:00:00Z",
        "data": {"type": "external_key.failed", "organization_id": "org", "id": "ekey_1"},
    }


def test_only_a_2xx_says_that_it_was_taken() -> None:
    assert [status for status in (100, 199, 200, 204, 299, 300, 404, 500) if Outcome(status).is_taken] == [
        200,
        204,
        299,
    ]
    assert not Outcome(reason="timeout").is_taken


def test_an_event_is_tried_for_a_day_with_ever_longer_pauses() -> None:
    waits: list[int] = []
    while (wait := wait_seconds(len(waits) + 1)) is not None:
        waits.append(wait)
    assert waits == sorted(waits)
    assert (waits[0], len(waits)) == (5, 10)
    assert 23 * 3600 < sum(waits) < 25 * 3600


def test_an_endpoint_is_given_up_after_twenty_failures_and_an_hour() -> None:
    assert not is_hopeless(19, 0, 2 * HOUR)
    assert not is_hopeless(200, 0, HOUR - 1)
    assert is_hopeless(20, 0, HOUR)

"""What a program does with a webhook that came: verify it, and read it."""

import json
import os

from anthropic import Anthropic
from standardwebhooks import WebhookVerificationError

from tests.clients.drivers.cases import case, run

DELIVERY = json.loads(os.environ["ANTE_TEST_DELIVERY"])
CLIENT = Anthropic(api_key="none", webhook_key=DELIVERY["secret"])


@case
def unwrap() -> dict[str, object]:
    event = CLIENT.beta.webhooks.unwrap(DELIVERY["body"], headers=DELIVERY["headers"])
    return dict(event.model_dump(mode="json"))


@case
def forged() -> str | None:
    try:
        CLIENT.beta.webhooks.unwrap(DELIVERY["body"] + " ", headers=DELIVERY["headers"])
    except WebhookVerificationError as error:
        return type(error).__name__
    return None


if __name__ == "__main__":
    run()

"""One model request as the gateway is handed it, and what it leaves for the log."""

from collections.abc import Sequence
from dataclasses import dataclass

from antechamber.base.outbound import Headers
from antechamber.base.principal import Caller
from antechamber.features.gateway.model import Endpoint


@dataclass(slots=True)
class Call:
    """A request: who asks, through which endpoint, with which bytes; `model` and tokens are filled in on the way.

    `answer_headers` go with the answer, whether it is the provider's or a refusal.
    `left` is set before the work is cancelled because the caller has gone; any other cancellation is the server's stop.
    """

    request_id: str
    caller: Caller
    endpoint: Endpoint
    target: str
    version: str | None
    headers: Headers
    body: bytes
    session_id: str | None = None
    agent_id: str | None = None
    parent_agent_id: str | None = None
    user_profile_id: str | None = None
    tag: str | None = None
    model: str | None = None
    adds_usage: bool = False
    input_tokens: int | None = None
    output_tokens: int | None = None
    note: str | None = None
    error: str | None = None
    left: bool = False
    answer_headers: Sequence[tuple[bytes, bytes]] = ()

    def leave(self) -> None:
        """Note that the caller has gone."""
        self.left = True

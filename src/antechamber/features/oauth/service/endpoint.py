"""The token endpoint: every grant behind one address."""

from collections.abc import Mapping
from typing import NamedTuple

from antechamber.base.actor import Actor
from antechamber.base.secret import Secret
from antechamber.features.oauth.model import TokenAnswer
from antechamber.features.oauth.ports import AssertionExchange


class ClientCredentials(NamedTuple):
    """What came in HTTP Basic (RFC 6749 §2.3.1)."""

    client_id: str
    secret: Secret


class TokenEndpoint:
    """Routes on `grant_type`."""

    def bind(self, assertions: AssertionExchange) -> None:
        """Join the exchange of assertions (jwt-bearer); until then that grant is not supported."""
        raise NotImplementedError

    async def exchange(
        self, fields: Mapping[str, object], credentials: ClientCredentials | None, by: Actor
    ) -> TokenAnswer:
        """Return tokens. GrantRefused answers in RFC 6749's shape, base errors in the API's (jwt-bearer only)."""
        raise NotImplementedError

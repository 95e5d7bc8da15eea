"""Admission without configured limits: as many requests at once as the server is set to carry."""

from antechamber.base.errors import Overloaded
from antechamber.base.principal import ApiKey
from antechamber.features.gateway.model import Endpoint, Tally


class OpenRequests:
    """Admits until a number of requests are open; is its own ticket."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.open = 0

    def admit(self, key: ApiKey, endpoint: Endpoint, model: str, estimated_input: int) -> "OpenRequests":
        """Admit one more; Overloaded when the server carries all that it should."""
        del key, endpoint, model, estimated_input
        if self.open >= self._most:
            message = "The server is carrying as many requests as it is set to; try again shortly."
            raise Overloaded(message, retry_after=1)
        self.open += 1
        return self

    def release(self, tally: Tally | None) -> None:
        """Give one back."""
        del tally
        self.open -= 1

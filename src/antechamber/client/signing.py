"""What a program signs its requests with: an access whose token is kept fresh."""

from antechamber.base.clock import Clock
from antechamber.base.outbound import Headers
from antechamber.client.credentials import Access
from antechamber.client.environment import Environment
from antechamber.client.posting import Poster


class Credentials:
    """The headers that say who calls, for as long as the program runs.

    Safe to use from many threads and tasks: one of them refreshes, the others wait or go on with what still works.
    """

    def __init__(self, access: Access, environment: Environment, post: Poster, clock: Clock) -> None:
        """Nothing is read or sent before the first headers are asked for."""
        self.access = access
        raise NotImplementedError

    @property
    def base_url(self) -> str:
        """The server that these credentials are for, without a last slash."""
        raise NotImplementedError

    @property
    def can_renew(self) -> bool:
        """True if a 401 may be answered by asking for headers with `renew`."""
        raise NotImplementedError

    def headers(self, *, renew: bool = False) -> Headers:
        """Return the headers; CredentialUnusable if there is no way to a token, ServerUnreachable if nobody answers.

        With `renew` the token given out last is taken as refused: another is read or asked for.
        """
        raise NotImplementedError

    async def headers_async(self, *, renew: bool = False) -> Headers:
        """Do the same without blocking the event loop."""
        raise NotImplementedError

"""What a program signs its requests with: an access whose token is kept fresh."""

from antechamber.base.clock import Clock
from antechamber.base.outbound import Headers
from antechamber.base.secret import Secret
from antechamber.client.credentials import OAUTH_BETA, Access
from antechamber.client.environment import Environment
from antechamber.client.failures import CredentialUnusable
from antechamber.client.federation import TOKEN_FILE
from antechamber.client.posting import Poster
from antechamber.client.profiles import config_folder
from antechamber.client.renewal import FederationTokens, Keeper, LoginTokens, ProcessTokens
from antechamber.client.sources import API_KEY, FEDERATION, PROFILE
from antechamber.client.tokens import Token, TokenCache, Tokens


class Credentials:
    """The headers that say who calls, for as long as the program runs.

    Safe to use from many threads and tasks: one of them refreshes, the others wait or go on with what still works.
    """

    def __init__(self, access: Access, environment: Environment, post: Poster, clock: Clock) -> None:
        """Nothing is read or sent before the first headers are asked for."""
        self.access = access
        self._clock = clock
        tokens = _tokens(access, Keeper(config_folder(environment), post, clock))
        self._cache = None if tokens is None else TokenCache(tokens, clock)

    @property
    def base_url(self) -> str:
        """The server that these credentials are for, without a last slash."""
        return self.access.base_url.value

    @property
    def source(self) -> str | None:
        """The flag, variable or profile that they come from; None if there are none."""
        return self.access.credential.source if self.access.credential else None

    @property
    def can_renew(self) -> bool:
        """True if a 401 may be answered by asking for other headers."""
        return self._cache is not None

    def token(self, refused: Secret | None = None) -> Token:
        """Return the key or token itself, with its end; CredentialUnusable if there is none. Failures as `headers`."""
        if self._cache is not None:
            return self._cache.get(refused)
        if self.access.credential is None:
            message = "no credential: set ANTHROPIC_API_KEY or log in (ante auth login)"
            raise CredentialUnusable(message)
        return Token(Secret(self.access.credential.value), is_key=self.access.kind == API_KEY)

    def headers(self, refused: Headers | None = None) -> Headers:
        """Return the headers, none without a credential.

        Given the headers that were answered with 401, another token is read or asked for. Raises CredentialUnusable if
        there is no way to a token, ServerUnreachable if nobody answers.
        """
        if self.access.credential is None:
            return []
        return self._write(self.token(_secret_of(refused) if refused else None))

    async def headers_async(self, refused: Headers | None = None) -> Headers:
        """Do as `headers` without blocking the event loop."""
        if self._cache is None or (refused is None and self._cache.fresh() is not None):
            return self.headers()
        import asyncio  # noqa: PLC0415 - 25 ms; who calls this has it already

        return await asyncio.to_thread(self.headers, refused)

    def _write(self, token: Token) -> Headers:
        found = self.access.headers_for(token.secret.reveal(), is_key=token.is_key)
        is_marked = token.is_key or any(name == "anthropic-beta" for name, _ in found)
        if self.access.kind in {PROFILE, FEDERATION} and not is_marked:
            return [*found, ("anthropic-beta", OAUTH_BETA)]
        return found


def _tokens(access: Access, keeper: Keeper) -> Tokens | None:
    profile, url = access.profile, access.base_url
    if access.kind == FEDERATION and access.federation is not None:
        return FederationTokens(access.federation, url.value, keeper, None)
    if access.kind != PROFILE or profile is None:
        return None
    if profile.credential_process:
        return ProcessTokens(profile.credential_process, url.value, keeper.clock)
    if access.federation is not None:
        # What comes from elsewhere than the profile must not end up in its file.
        is_own = url.source in {f"profile {profile.name}", "default"} and set(access.federation.filled) <= {TOKEN_FILE}
        return FederationTokens(access.federation, url.value, keeper, profile if is_own else None)
    return LoginTokens(profile, (profile.base_url or url.value).rstrip("/"), keeper)


def _secret_of(headers: Headers) -> Secret | None:
    for name, value in headers:
        if name.lower() == "x-api-key":
            return Secret(value)
        if name.lower() == "authorization":
            return Secret(value.removeprefix("Bearer "))
    return None

"""The one call by which any program finds its credentials."""

from pathlib import Path

from antechamber import __version__
from antechamber.base.clock import SystemClock
from antechamber.base.outbound import Outbound, OutboundOptions
from antechamber.client.credentials import Given, find_access
from antechamber.client.dotenv import load_environment
from antechamber.client.environment import Environment
from antechamber.client.posting import open_poster
from antechamber.client.signing import Credentials


def find_credentials(
    *,
    base_url: str | None = None,
    api_key: str | None = None,
    auth_token: str | None = None,
    profile: str | None = None,
    environment: Environment | None = None,
    folder: Path | None = None,
) -> Credentials:
    """Find the credential and the server that `ante` would use, from the process's own environment.

    What is given wins over variables, those over .env files (looked for from `folder` upwards, the current one unless
    told), all of them over profiles. Raises CredentialUnusable if what would be used cannot be; finding nothing is no
    error, `credentials.source` is None then. Nothing is sent before the first headers are asked for.
    """
    found = environment or load_environment(folder)
    access = find_access(Given(base_url, api_key, auth_token, profile), found)
    post = open_poster(_connect, token_options(found))
    return Credentials(access, found, post, SystemClock())


def token_options(environment: Environment) -> OutboundOptions:
    """Return how token endpoints are reached: by the same proxies and certificates as everything else."""
    return OutboundOptions(
        read_seconds=30.0,
        ca_file=environment.ca_file(),
        proxies=environment.proxies(),
        user_agent=f"antechamber-cli/{__version__}",
    )


def _connect(options: OutboundOptions) -> Outbound:
    from antechamber.client.transport import open_outbound  # noqa: PLC0415 - 25 ms that a static key need not pay

    return open_outbound(options)

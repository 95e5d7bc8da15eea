"""A credential kept fresh, for commands that hand it on."""

import dataclasses

from antechamber.cli.connection import sign
from antechamber.cli.settings import Invocation
from antechamber.client.credentials import Given, find_access
from antechamber.client.failures import CredentialUnusable, ServerUnreachable
from antechamber.client.profiles import Profile, ProfileUnusable, active_name

# what wins over a profile, and is no part of it
_OUTRANKING = frozenset({"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"})


def fresh_profile(invocation: Invocation) -> tuple[Profile, str]:
    """Return the chosen profile with its token, renewed if need be; CredentialUnusable if it is not logged in.

    A token that could not be renewed is still returned, with a warning, as what is left of it may do.
    """
    world = invocation.world
    variables = {name: value for name, value in world.environment.variables.items() if name not in _OUTRANKING}
    environment = dataclasses.replace(world.environment, variables=variables)
    name, _ = active_name(environment, invocation.settings.profile)
    # chosen outright, so that federation in variables does not win over it either
    access = find_access(Given(base_url=invocation.settings.base_url, profile=name), environment)
    if access.profile is None:
        message = f"profile {name!r} is not logged in: ante auth login"
        raise ProfileUnusable(message)
    try:
        token = sign(world, invocation.settings, access).token()
    except (CredentialUnusable, ServerUnreachable) as error:
        if access.credential is None or not access.credential.value:
            raise
        world.stderr.write(f"warning: the token could not be renewed: {error}\n")
        return access.profile, access.credential.value
    return access.profile, token.secret.reveal()

"""Which server and which credential are in force, what they shadow, what is wrong or too broad about them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from antechamber.base.clock import MICROSECONDS
from antechamber.cli.doctor.findings import Check
from antechamber.cli.world import World
from antechamber.client.credentials import Access
from antechamber.client.dotenv import places
from antechamber.client.environment import Environment
from antechamber.client.profiles import Profile

_ADMIN_KEY: Final = "sk-ant-admin"
_BROAD: Final = "org:admin"
_NARROW: Final = "user:profile user:inference user:developer"


def access_checks(access: Access, world: World) -> Iterator[Check]:
    """Say what is in force and what it shadows, without the network."""
    also = f"also set, but not used: {', '.join(access.shadowed_urls)}" if access.shadowed_urls else ""
    yield Check("base url", "ok", f"{access.base_url.value} (from {access.base_url.source})", also)
    yield _chosen(access)
    for source in access.sources:
        if source.problem:
            yield Check("credential", "failure" if source.is_fatal else "note", f"{source.name}: {source.problem}")
    if access.profile is not None:
        yield from _profile_checks(access.profile, world)
    yield from _broad(access)
    if (bundle := world.environment.ca_file()) is not None:
        there = Path(bundle).is_file()
        yield Check("ca file", "ok" if there else "failure", bundle, "" if there else "the file is not there")


def _chosen(access: Access) -> Check:
    if access.credential is None:
        advice = "log in, or set ANTHROPIC_API_KEY, or give --api-key or --profile"
        return Check("credential", "failure", "none", advice, "ante auth login")
    detail = f"{access.kind} from {access.credential.source}"
    if not access.shadowed:
        return Check("credential", "ok", detail)
    variable = access.credential.source if access.credential.source.isupper() else ""
    advice = f"shadows {', '.join(access.shadowed)}: unset what you do not mean"
    return Check("credential", "warning", detail, advice, f"unset {variable}" if variable else "")


def _profile_checks(profile: Profile, world: World) -> Iterator[Check]:
    if profile.expires_at is None:
        yield Check("profile", "ok", f"{profile.name} ({profile.source})")
        return
    named = f"{profile.name} ({profile.source})"
    left = profile.expires_at - world.clock.now() // MICROSECONDS
    if left > 0:
        yield Check(
            "profile", "ok", f"{profile.name} ({profile.source}): its token is good for {left // 60} more minutes"
        )
    elif profile.refresh_token is not None or profile.identity_token is not None:
        yield Check("profile", "ok", f"{named}: its token is renewed at the next use")
    else:
        detail = f"{named}: its token has expired and cannot be renewed"
        yield Check("profile", "failure", detail, fix=f"ante auth login --profile {profile.name}")
    told, chosen = profile.token_workspace_id, profile.workspace_id
    if told and chosen and told != chosen:
        detail = f"{profile.name} names the workspace {chosen}, but its token is bound to {told}"
        yield Check("profile", "warning", detail, fix=f"ante auth login --profile {profile.name}")


def _broad(access: Access) -> Iterator[Check]:
    credential = access.credential
    if credential is None:
        return
    if credential.value.startswith(_ADMIN_KEY):
        advice = "an admin key with scopes does one thing; a person's log-in says who did it"
        fix = "ante admin-keys create NAME --scope read:analytics"
        yield Check("scope", "warning", f"{credential.source} holds an admin key", advice, fix)
    profile = access.profile if access.kind == "profile" else None
    if profile is not None and _BROAD in (profile.token_scope or "").split():
        detail = f"the profile {profile.name} may administer the whole organization"
        fix = f'ante auth login --profile {profile.name} --scope "{_NARROW}"'
        yield Check("scope", "warning", detail, "log in with less for daily work", fix)


def dotenv_checks(environment: Environment, folder: Path) -> Iterator[Check]:
    """Say which .env files there are, in the order in which they are looked for: the first is used, nothing merges."""
    there = [path for _, path in places(folder, environment) if path.is_file()]
    if not there:
        yield Check(".env", "ok", f"none from {folder} upwards, nor at home")
        return
    used = environment.dotenv
    for path in there:
        if used is None or path != used.path:
            why = "passed over: the first one found is used, and nothing merges" if used else "not read"
            yield Check(".env", "note", f"{path}: {why}")
            continue
        names = ", ".join(sorted(environment.filled)) or "nothing that was not set already"
        yield Check(".env", "ok", f"{path}: used, sets {names}")
        for name, why in used.refused.items():
            fix = f"ante trust {used.folder}" if "trusted" in why else ""
            yield Check(".env", "warning", f"{path} may not set {name}: {why}", fix=fix)
    # Qwen Code merges project and home files since 0.24 (wire-auth.md 5.6)
    if len(there) > 1:
        yield Check(".env", "note", "Qwen Code reads all of these, the first one that sets a name winning")

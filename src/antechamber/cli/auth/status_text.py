"""`ante auth status` as a person reads it: the published page's layout, the row in force marked (wire-auth.md 1.3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from antechamber.base.clock import MICROSECONDS, to_rfc3339
from antechamber.base.secret import Secret
from antechamber.cli.auth.standing import Standing
from antechamber.client.profiles import Profile
from antechamber.client.sources import FEDERATION, OPENAI, PROFILE, Source

# the commands of the organisation use it before any other variable, all others never
ADMIN_KEY: Final = "ANTHROPIC_ADMIN_KEY"
_BOLD: Final = "\x1b[1m"
_YELLOW: Final = "\x1b[33m"
_RESET: Final = "\x1b[0m"
_ACTIVE: Final = "  (active) * "
_OTHER: Final = " " * len(_ACTIVE)
# the published example's column of values
_COLUMN: Final = 60
_GAP: Final = 2
_SHOWN: Final = 16
_FROM: Final = {
    "--profile": "from --profile",
    "ANTHROPIC_PROFILE": "from ANTHROPIC_PROFILE",
    "active_config": "from active_config file",
    "default": "fallback: no active_config set",
}
_DAY: Final = 86_400
_HOUR: Final = 3_600
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a section; `details` stand below it."""

    label: str
    value: str
    is_active: bool = False
    details: Sequence[tuple[str, str]] = field(default=())


def write_status(standing: Standing, width: int) -> str:
    """Return the whole text, at most `width` columns where that can be."""
    home = standing.environment.home
    parts = [_head(standing, home)]
    sections = [
        ("Credentials", list(_credentials(standing, home)), list(_remarks(standing))),
        ("Base URL", list(_urls(standing)), list(standing.access.notes)),
        ("Organization", list(_organization(standing)), []),
        ("Workspace", list(_workspace(standing)), list(_drift(standing))),
        ("Federation inputs", list(_federation(standing)), []),
        (".env file", list(_dotenv(standing, home)), []),
    ]
    for title, rows, remarks in sections:
        if rows or remarks or title == "Credentials":
            lines = [title, *_intro(title, standing), *_lines(rows, width), *(f"  {remark}" for remark in remarks)]
            parts.append("\n".join(lines))
    return "\n\n".join(parts)


def coloured(text: str) -> str:
    """Return the text with what is in force in bold and what wants attention in yellow."""
    return "\n".join(_coloured_line(line) for line in text.split("\n"))


def _coloured_line(line: str) -> str:
    if line.startswith(_ACTIVE):
        return f"{_BOLD}{line}{_RESET}"
    return f"{_YELLOW}{line}{_RESET}" if line.startswith(("  warning:", "  drift:")) else line


def _head(standing: Standing, home: Path) -> str:
    rows = (
        ("Active profile:", f"{standing.profile_name} ({_FROM.get(standing.profile_via, standing.profile_via)})"),
        ("Config dir:", short(standing.folder, home)),
        ("Profile config:", short(standing.config_file, home)),
        ("Credentials:", short(standing.credentials_file, home)),
    )
    return "\n".join(f"{name:<16} {value}" for name, value in rows)


def _intro(title: str, standing: Standing) -> Iterator[str]:
    if title != "Credentials":
        return
    profile = standing.profile
    if standing.active is None:
        yield f"  {standing.problem or 'None is set: ante auth login, or set ANTHROPIC_API_KEY'}"
    elif profile is not None and (profile.token_organization_name or profile.account_email):
        who = f" as {profile.account_email}" if profile.account_email else ""
        yield f"  Logged in to {profile.token_organization_name or profile.token_organization_uuid or 'it'}{who}"


def _lines(rows: Sequence[Row], width: int) -> Iterator[str]:
    """Yield a section's lines: values in the published column, or nearer where the terminal is narrow."""
    longest = max((len(row.label) for row in rows), default=0)
    needed = max((len(row.value) for row in rows), default=0)
    column = _COLUMN if _COLUMN + needed <= width else len(_ACTIVE) + longest + _GAP
    for row in rows:
        mark = _ACTIVE if row.is_active else _OTHER
        start = f"{mark}{row.label}"
        if max(column, len(start) + _GAP) + len(row.value) <= width or len(start) < len(_ACTIVE) + _GAP:
            yield f"{start:<{max(column, len(start) + _GAP)}}{row.value}".rstrip()
        else:
            yield start
            yield f"{_OTHER}  {row.value}"
        inner = max((len(name) for name, _ in row.details), default=0)
        for name, value in row.details:
            yield f"{_OTHER}  {name:<{inner}}  {value}"


def _credentials(standing: Standing, home: Path) -> Iterator[Row]:
    for source in standing.sources:
        is_active = source is standing.active
        label = _label(source)
        if source.file is not None:
            label += f" [from {short(source.file, home)}]"
        value = "unusable" if not source.is_usable else shown(source.secret)
        details = list(_details(source, standing)) if is_active else []
        if source.problem and not (source.is_fatal and standing.active is None):
            details.append(("why", source.problem))
        yield Row(label, value, is_active, details)
    if key := standing.environment.get(ADMIN_KEY):
        yield Row(f"{ADMIN_KEY} (administration)", shown(Secret(key)))


def _label(source: Source) -> str:
    if source.kind == PROFILE:
        kind = source.profile.kind if source.profile else "not readable"
        return f"Profile ({kind}) [via {source.via}]"
    if source.kind == FEDERATION:
        return "Federation (jwt-bearer)"
    return f"{source.name} (OpenAI-compatible)" if source.kind == OPENAI else source.name


def _details(source: Source, standing: Standing) -> Iterator[tuple[str, str]]:
    profile, federation = source.profile, source.federation
    if federation is not None:
        yield "federation_rule_id", federation.rule_id
        yield "organization_id", federation.organization_id
        if federation.service_account_id:
            yield "service_account_id", federation.service_account_id
        yield "identity token", federation.identity.label
    if profile is None:
        return
    if profile.access_token is not None:
        yield "expires", expiry(standing)
    if scope := profile.token_scope or profile.scope:
        yield "scope", scope
    if profile.token_organization_uuid:
        yield "organization", profile.token_organization_uuid
    if profile.client_id:
        yield "client_id", profile.client_id
    if profile.credential_process:
        yield "credential_process", " ".join(profile.credential_process)


def expiry(standing: Standing) -> str:
    """Return when the token ends and what happens then."""
    if standing.expires_at is None:
        return "not known" if standing.can_renew else "never"
    left = standing.expires_at - standing.now
    instant = to_rfc3339(standing.expires_at * MICROSECONDS)[:16].replace("T", " ") + " UTC"
    if left > 0:
        return f"{instant} (in {duration(left)})"
    after = "renewed at the next call" if standing.can_renew else "log in again: ante auth login"
    return f"{instant} ({duration(-left)} ago; {after})"


def duration(seconds: int) -> str:
    """Return a length of time in its two largest units."""
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h {seconds % _HOUR // _MINUTE} min"
    return f"{seconds // _DAY} d {seconds % _DAY // _HOUR} h"


def _remarks(standing: Standing) -> Iterator[str]:
    active = standing.active
    if active is None:
        return
    for source in standing.shadowed:
        if source.kind == OPENAI:
            continue
        remedy = f": unset {active.name}" if active.name.isupper() else ""
        yield f"warning: {active.name} wins over {source.name}{remedy}"


def _urls(standing: Standing) -> Iterator[Row]:
    chosen = standing.access.base_url
    labels = {"default": "Default"}
    for found in standing.urls():
        label = labels.get(found.source, found.source)
        label = "Profile base_url" if found.source.startswith("profile ") else label
        yield Row(label, found.value.rstrip("/"), found.source == chosen.source)


def _organization(standing: Standing) -> Iterator[Row]:
    profile, federation = standing.profile, standing.active.federation if standing.active else None
    token = _token_organization(profile)
    if token:
        yield Row("Token organization", token, is_active=True)
    if federation is not None:
        yield Row("Federation organization_id", federation.organization_id, is_active=not token)
    if profile is not None and profile.organization_id and profile.organization_id != profile.token_organization_uuid:
        yield Row("Profile organization_id", profile.organization_id)
    if standing.active is not None and not token and federation is None and standing.active.kind != OPENAI:
        yield Row("The credential's own", "(the server knows: ante whoami)", is_active=True)


def _token_organization(profile: Profile | None) -> str | None:
    if profile is None or not profile.token_organization_uuid:
        return None
    name = profile.token_organization_name
    return profile.token_organization_uuid + (f" ({name})" if name else "")


def _workspace(standing: Standing) -> Iterator[Row]:
    profile = standing.profile
    wanted, bound = (profile.workspace_id, profile.token_workspace_id) if profile else (None, None)
    name = f" ({profile.token_workspace_name})" if profile and profile.token_workspace_name else ""
    if standing.drifts:
        yield Row("Profile workspace_id", str(wanted))
        yield Row("Active token workspace", f"{bound}{name}", is_active=True)
    elif bound or wanted:
        yield Row("Workspace", f"{bound or wanted}{name if bound else ''}", is_active=True)
    elif standing.access.workspace_id:
        yield Row("ANTHROPIC_WORKSPACE_ID", standing.access.workspace_id, is_active=True)
    elif standing.active is not None and standing.active.kind != OPENAI:
        yield Row("Workspace", "Server-side default", is_active=True)


def _drift(standing: Standing) -> Iterator[str]:
    if standing.drifts:
        name = standing.profile_name
        yield f"drift: the token is bound to another workspace than the profile names: ante auth login --profile {name}"


def _federation(standing: Standing) -> Iterator[Row]:
    names = (
        "ANTHROPIC_FEDERATION_RULE_ID",
        "ANTHROPIC_ORGANIZATION_ID",
        "ANTHROPIC_SERVICE_ACCOUNT_ID",
        "ANTHROPIC_IDENTITY_TOKEN_FILE",
    )
    get = standing.environment.get
    found = [(name, value) for name in names if (value := get(name))]
    if token := get("ANTHROPIC_IDENTITY_TOKEN"):
        found.append(("ANTHROPIC_IDENTITY_TOKEN", f"({len(token)} characters)"))
    for name, value in found:
        yield Row(name, value)


def _dotenv(standing: Standing, home: Path) -> Iterator[Row]:
    file = standing.environment.dotenv
    if file is None:
        return
    trust = "" if file.is_trusted else "folder not trusted"
    yield Row(
        short(file.path, home), trust, details=[("sets", ", ".join(sorted(standing.environment.filled)) or "nothing")]
    )


def shown(secret: Secret | None) -> str:
    """Return what may be seen of a secret: its first characters, or only its length if it is short."""
    if secret is None:
        return "(asked for when needed)"
    text = secret.reveal()
    return f"{text[:_SHOWN]}..." if len(text) > _SHOWN * 2 else f"({len(text)} characters)"


def short(path: Path, home: Path) -> str:
    """Return a path as a person writes it."""
    try:
        return f"~/{path.relative_to(home).as_posix()}"
    except ValueError:
        return str(path)

"""What to set when nothing is, for a program that nobody sits in front of."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from antechamber.client.dotenv import places
from antechamber.client.environment import Environment
from antechamber.client.profiles import config_folder

_WAYS: Final = (
    ("ANTHROPIC_API_KEY", "an API key"),
    ("ANTHROPIC_AUTH_TOKEN", "a token, sent as Bearer"),
    ("ANTHROPIC_PROFILE", "a profile that `ante auth login` made"),
    ("ANTHROPIC_FEDERATION_RULE_ID", "workload identity, together with"),
    ("", "ANTHROPIC_ORGANIZATION_ID and"),
    ("", "ANTHROPIC_IDENTITY_TOKEN_FILE"),
    ("OPENAI_API_KEY", "an OpenAI-compatible provider;"),
    ("", "OPENAI_BASE_URL, OPENAI_MODEL if you like"),
)


def explain(environment: Environment, folder: Path | None = None) -> str:
    """Return the message: which variables, and which files were looked at."""
    lines = ["No credential is set, and there is no terminal to log in at. Set one of:"]
    lines += [f"  {name:<28}  {about}" for name, about in _WAYS]
    lines += [
        "ANTHROPIC_BASE_URL names the server. A .env file may set all of them; it was",
        "looked for in this order:",
    ]
    lines += [f"  {line}" for line in _looked_at(environment, folder or Path.cwd())]
    lines += [f"Profiles are looked for in {config_folder(environment)}."]
    if environment.dotenv is not None:
        lines += [f"{environment.dotenv.path} was found first, and sets none of these."]
    return "\n".join(lines) + "\n"


def _looked_at(environment: Environment, folder: Path) -> Iterator[str]:
    """Yield the files in order, those of one folder on a line, up to the one that was found."""
    found = environment.dotenv.path if environment.dotenv else None
    names: dict[Path, list[str]] = {}
    for owner, path in places(folder, environment):
        names.setdefault(owner, []).append(str(path.relative_to(owner)))
        if path == found:
            break
    for owner, files in names.items():
        start = str(owner).rstrip("/")
        yield f"{start}/{{{','.join(files)}}}" if len(files) > 1 else f"{start}/{files[0]}"

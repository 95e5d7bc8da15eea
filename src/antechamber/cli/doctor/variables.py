"""Environment variables that fight each other, that nobody reads, or whose value cannot work."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Final

from antechamber.cli.doctor.findings import Check
from antechamber.client.environment import VARIABLES, Environment

# what people set and no client reads -> what they mean (wire-auth.md 7.2; the SDKs' own lists)
UNREAD: Final[Mapping[str, str]] = {
    "ANTHROPIC_API_BASE": "ANTHROPIC_BASE_URL",
    "ANTHROPIC_API_TOKEN": "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_API_URL": "ANTHROPIC_BASE_URL",
    "ANTHROPIC_ENDPOINT": "ANTHROPIC_BASE_URL",
    "ANTHROPIC_HOST": "ANTHROPIC_BASE_URL",
    "ANTHROPIC_KEY": "ANTHROPIC_API_KEY",
    "ANTHROPIC_TOKEN": "ANTHROPIC_AUTH_TOKEN",
    "CLAUDE_API_KEY": "ANTHROPIC_API_KEY",
    "CLAUDE_BASE_URL": "ANTHROPIC_BASE_URL",
    "CLAUDE_KEY": "ANTHROPIC_API_KEY",
    "OPENAI_API_BASE": "OPENAI_BASE_URL",
    "OPENAI_KEY": "OPENAI_API_KEY",
    "OPENAI_TOKEN": "OPENAI_API_KEY",
    "QWEN_API_KEY": "OPENAI_API_KEY",
}
# read by other programs of this wire, so no misspelling
_OTHERS: Final = frozenset(
    {
        "ANTHROPIC_BEDROCK_BASE_URL",
        "ANTHROPIC_BETAS",
        "ANTHROPIC_CUSTOM_HEADERS",
        "ANTHROPIC_CUSTOM_MODEL_OPTION",
        "ANTHROPIC_DEFAULT_HAIKU_MODEL",
        "ANTHROPIC_DEFAULT_OPUS_MODEL",
        "ANTHROPIC_DEFAULT_SONNET_MODEL",
        "ANTHROPIC_LOG",
        "ANTHROPIC_MODEL",
        "ANTHROPIC_SCOPE",
        "ANTHROPIC_SMALL_FAST_MODEL",
        "ANTHROPIC_VERTEX_PROJECT_ID",
        "OPENAI_LOG",
        "OPENAI_ORG_ID",
        "OPENAI_PROJECT_ID",
    }
)
_FAMILIES: Final = ("ANTHROPIC_", "OPENAI_", "ANTE_")
_SERVERS: Final = ("ANTE_SERVER_", "ANTE_TEST_", "ANTE_CACHE")
_CLOUDS: Final = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY")
_BUNDLES: Final = ("ANTE_CA_FILE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE")
_SECRETS: Final = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_ADMIN_KEY", "OPENAI_API_KEY")
_ADMIN: Final = "sk-ant-admin"


def variable_checks(environment: Environment) -> Iterator[Check]:
    """Say of each variable what is wrong with it; one line when nothing is."""
    found = [
        *_unread(environment),
        *_misspelt(environment),
        *_empty(environment),
        *_malformed(environment),
        *_wrong_kinds(environment),
        *_addresses(environment),
        *_fights(environment),
    ]
    yield from found or [Check("variables", "ok", "none fights another")]


def _unread(environment: Environment) -> Iterator[Check]:
    for name, meant in UNREAD.items():
        if environment.get(name):
            fix = f'export {meant}="${name}"\nunset {name}' if not environment.get(meant) else f"unset {name}"
            yield Check("variables", "warning", f"{name} is set, and no client reads it: it is called {meant}", fix=fix)


def _misspelt(environment: Environment) -> Iterator[Check]:
    known = {*VARIABLES, *_OTHERS}
    for name in sorted(environment.variables):
        if not name.startswith(_FAMILIES) or name.startswith(_SERVERS) or name in known or name in UNREAD:
            continue
        if near := difflib.get_close_matches(name, known, n=1, cutoff=0.85):
            yield Check(
                "variables", "warning", f"{name} is set, and looks like a misspelt {near[0]}", fix=f"unset {name}"
            )


def _empty(environment: Environment) -> Iterator[Check]:
    for name in _SECRETS:
        if environment.variables.get(name) == "":
            detail = f"{name} is set to nothing: older SDKs take that for a key, and fail with it"
            yield Check("variables", "warning", detail, fix=f"unset {name}")


def _malformed(environment: Environment) -> Iterator[Check]:
    for name in _SECRETS:
        value = environment.get(name) or ""
        if value != value.strip() or "\n" in value:
            yield Check(
                "variables", "failure", f"{name} has white space around it, or a line break in it", _again(name)
            )
        elif value[:1] in {"'", '"'} and value[-1:] == value[:1]:
            yield Check("variables", "failure", f"{name} has quotes in its value", _again(name))
        elif not value.isascii():
            yield Check("variables", "failure", f"{name} has characters that no header can carry", _again(name))


def _again(name: str) -> str:
    return f"copy the secret anew, and set {name} to it without quotes or spaces"


def _wrong_kinds(environment: Environment) -> Iterator[Check]:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "OPENAI_API_KEY"):
        if (environment.get(name) or "").startswith(_ADMIN):
            detail = f"{name} holds an admin key, which opens no model and far too much besides"
            yield Check("variables", "warning", detail, fix=f'export ANTHROPIC_ADMIN_KEY="${name}"\nunset {name}')
    if (value := environment.get("ANTHROPIC_API_KEY")) and value.startswith("sk-ant-oat"):
        detail = "ANTHROPIC_API_KEY holds an access token: other servers take those only as Authorization: Bearer"
        fix = 'export ANTHROPIC_AUTH_TOKEN="$ANTHROPIC_API_KEY"\nunset ANTHROPIC_API_KEY'
        yield Check("variables", "warning", detail, fix=fix)


def _addresses(environment: Environment) -> Iterator[Check]:
    for name in ("ANTE_BASE_URL", "ANTHROPIC_BASE_URL", "OPENAI_BASE_URL"):
        value = environment.get(name)
        if value is None:
            continue
        if "://" not in value:
            yield Check("variables", "failure", f"{name}={value} has no scheme", fix=f"export {name}=https://{value}")
        elif name != "OPENAI_BASE_URL" and value.rstrip("/").endswith("/v1"):
            bare = value.rstrip("/").removesuffix("/v1")
            detail = f"{name} ends in /v1, which the clients add themselves"
            yield Check("variables", "failure", detail, fix=f"export {name}={bare}")
    if environment.get("OPENAI_BASE_URL") and not environment.get("OPENAI_API_KEY"):
        yield Check("variables", "note", "OPENAI_BASE_URL is set without OPENAI_API_KEY: it serves no credential")


def _fights(environment: Environment) -> Iterator[Check]:
    if environment.get("ANTHROPIC_API_KEY") and environment.get("ANTHROPIC_AUTH_TOKEN"):
        detail = "ANTHROPIC_API_KEY and ANTHROPIC_AUTH_TOKEN are both set: the key wins here, some clients send both"
        yield Check("variables", "warning", detail, fix="unset ANTHROPIC_AUTH_TOKEN")
    first, second = environment.get("ANTE_BASE_URL"), environment.get("ANTHROPIC_BASE_URL")
    if first and second and first.rstrip("/") != second.rstrip("/"):
        detail = f"ANTE_BASE_URL ({first}) is for this command only; the SDKs go to ANTHROPIC_BASE_URL ({second})"
        yield Check("variables", "warning", detail, fix="unset ANTE_BASE_URL")
    for name in _CLOUDS:
        if environment.get(name) and second:
            detail = f"{name} makes Claude Code pass by ANTHROPIC_BASE_URL"
            yield Check("variables", "warning", detail, fix=f"unset {name}")
    yield from _lone_organization(environment)
    yield from _twins(environment)
    yield from _bundles(environment)


def _lone_organization(environment: Environment) -> Iterator[Check]:
    inputs = ("ANTHROPIC_FEDERATION_RULE_ID", "ANTHROPIC_IDENTITY_TOKEN", "ANTHROPIC_IDENTITY_TOKEN_FILE")
    if environment.get("ANTHROPIC_ORGANIZATION_ID") and environment.first(*inputs) is None:
        # wire-auth.md 1.5
        detail = "ANTHROPIC_ORGANIZATION_ID alone makes `ant` take federation for half configured, and stop"
        yield Check("variables", "note", detail, fix="unset ANTHROPIC_ORGANIZATION_ID")


def _twins(environment: Environment) -> Iterator[Check]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        lower = environment.get(name.lower())
        if lower and environment.get(name) and lower != environment.get(name):
            detail = f"{name} and {name.lower()} differ; programs do not agree on which wins"
            yield Check("variables", "warning", detail, fix=f"unset {name}")


def _bundles(environment: Environment) -> Iterator[Check]:
    named = {name: value for name in _BUNDLES if (value := environment.get(name))}
    if len(set(named.values())) > 1:
        shown = ", ".join(f"{name}={value}" for name, value in named.items())
        detail = f"different certificates are trusted by different programs: {shown}"
        yield Check("variables", "note", detail, "point them all to one file")

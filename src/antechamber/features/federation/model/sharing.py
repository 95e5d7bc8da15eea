"""Issuers that many organisations share, and what ties an assertion of one to a tenant of theirs.

Everybody who has an account with such an issuer gets assertions of it, so a rule on it must say whose. Data, so that
an issuer is one entry: which claims only a tenant's own assertions carry, and which subjects name the tenant.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from antechamber.features.federation.model.rules import Match

_HTTPS: Final = 443


@dataclass(frozen=True, slots=True)
class SharedIssuer:
    """An issuer of many tenants; `subject` matches the beginning of a `sub` that names the tenant whole."""

    name: str
    urls: tuple[str, ...]
    claims: frozenset[str]
    subject: re.Pattern[str]
    example: str


SHARED: Final = (
    SharedIssuer(
        # docs.github.com, OpenID Connect reference; the workflow's and the actor's claims may be a stranger's
        "GitHub Actions",
        ("https://token.actions.githubusercontent.com",),
        frozenset(
            {"enterprise", "enterprise_id", "repository", "repository_id", "repository_owner", "repository_owner_id"}
        ),
        re.compile(
            r"(?:repo|repository):[^/:*]+/"
            r"|(?:enterprise|enterprise_id|repository_id|repository_owner|repository_owner_id):[^:*]+(?::|\Z)"
        ),
        "repo:YOUR_ORG/YOUR_REPO:ref:refs/heads/main",
    ),
    SharedIssuer(
        # docs.gitlab.com, ID token payload
        "GitLab",
        ("https://gitlab.com",),
        frozenset({"namespace_id", "namespace_path", "project_id", "project_path"}),
        re.compile(r"project_path:[^/:*]+/"),
        "project_path:YOUR_GROUP/YOUR_PROJECT:ref_type:branch:ref:main",
    ),
    SharedIssuer(
        # buildkite.com/docs/agent/cli/reference/oidc
        "Buildkite",
        ("https://agent.buildkite.com",),
        frozenset({"cluster_id", "organization_id", "organization_slug", "pipeline_id"}),
        re.compile(r"organization:[^:*]+(?::|\Z)"),
        "organization:YOUR_ORG:pipeline:YOUR_PIPELINE:*",
    ),
    SharedIssuer(
        # developer.hashicorp.com, workload identity tokens; the names of projects and workspaces are not unique
        "Terraform Cloud",
        ("https://app.terraform.io", "https://app.eu.terraform.io"),
        frozenset(
            {
                "terraform_full_workspace",
                "terraform_organization_id",
                "terraform_organization_name",
                "terraform_project_id",
                "terraform_workspace_id",
            }
        ),
        re.compile(r"organization:[^:*]+(?::|\Z)"),
        "organization:YOUR_ORG:project:YOUR_PROJECT:workspace:*",
    ),
    SharedIssuer(
        # developers.google.com/identity/openid-connect: `sub` is an account's number; `google` holds an instance's
        # project (cloud.google.com/compute, verifying the identity of instances)
        "Google",
        ("https://accounts.google.com",),
        frozenset({"azp", "email", "google", "hd", "sub"}),
        re.compile(r"[0-9]{6,}\Z"),
        "113774264463038321964",
    ),
)


def find_shared(issuer_url: str) -> SharedIssuer | None:
    """Return the shared issuer at an address, None for any other; neither capitals nor a last `/` hide it."""
    try:
        parts = urlsplit(issuer_url.strip().lower())
        port = parts.port
    except ValueError:
        return None
    host = (parts.hostname or "").rstrip(".")
    place = host if port in {None, _HTTPS} else f"{host}:{port}"
    plain = f"{parts.scheme}://{place}{parts.path.rstrip('/')}"
    return next((shared for shared in SHARED if plain in shared.urls), None)


def is_pinned(match: Match, shared: SharedIssuer, referenced: frozenset[str]) -> bool:
    """Say whether a rule's match ties assertions to a tenant; `referenced` are the claims that its condition names."""
    if shared.claims & referenced:
        return True
    if any(value and name in shared.claims for name, value in (match.claims or {}).items()):
        return True
    subject = match.subject_prefix
    return subject is not None and shared.subject.match(subject) is not None

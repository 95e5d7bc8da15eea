"""Issuers that many organisations share: what says whose assertions a rule takes, issuer by issuer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.features.federation.model.rules import Match
from antechamber.features.federation.model.sharing import SHARED, SharedIssuer, find_shared, is_pinned

NOTHING: frozenset[str] = frozenset()
URLS = {
    "https://token.actions.githubusercontent.com": "GitHub Actions",
    "https://gitlab.com": "GitLab",
    "https://agent.buildkite.com": "Buildkite",
    "https://app.terraform.io": "Terraform Cloud",
    "https://app.eu.terraform.io": "Terraform Cloud",
    "https://accounts.google.com": "Google",
}
# issuer, subject, and whether it names a tenant
SUBJECTS = (
    ("GitHub Actions", "repo:acme/site:ref:refs/heads/main", True),
    ("GitHub Actions", "repo:acme/*", True),
    ("GitHub Actions", "repo:acme@123/site@456:*", True),
    ("GitHub Actions", "repo:acme*", False),
    ("GitHub Actions", "repo:*", False),
    ("GitHub Actions", "repo:*/site:ref:refs/heads/main", False),
    ("GitHub Actions", "repo:/site", False),
    ("GitHub Actions", "x:repo:acme/site", False),
    ("GitHub Actions", "repository_owner:acme:*", True),
    ("GitHub Actions", "repository_owner:acme", True),
    ("GitHub Actions", "repository_owner:acme*", False),
    ("GitHub Actions", "repository_owner_id:123:environment:prod", True),
    ("GitHub Actions", "environment:prod", False),
    ("GitHub Actions", "job_workflow_ref:acme/site/.github/workflows/x.yml@main", False),
    ("GitLab", "project_path:acme/site:ref_type:branch:ref:main", True),
    ("GitLab", "project_path:acme/*", True),
    ("GitLab", "project_path:acme*", False),
    ("GitLab", "project_path:*", False),
    ("Buildkite", "organization:acme:pipeline:site:*", True),
    ("Buildkite", "organization:acme*", False),
    ("Buildkite", "pipeline:site", False),
    ("Terraform Cloud", "organization:acme:project:x:workspace:y:run_phase:*", True),
    ("Terraform Cloud", "organization:acme:*", True),
    ("Terraform Cloud", "organization:*", False),
    ("Google", "113774264463038321964", True),
    ("Google", "1137742644*", False),
    ("Google", "113774264463038321964\n", False),
    ("Google", "me@example.com", False),
)


def named(name: str) -> SharedIssuer:
    return next(shared for shared in SHARED if shared.name == name)


@pytest.mark.parametrize(("url", "name"), URLS.items())
def test_a_shared_issuer_is_known_however_its_address_is_written(url: str, name: str) -> None:
    for written in (url, f"{url}/", url.upper().replace("HTTPS", "https"), f"{url}:443", f"{url}."):
        found = find_shared(written)
        assert found is not None
        assert found.name == name


@pytest.mark.parametrize(
    "url",
    [
        "https://token.actions.githubusercontent.com/acme",
        "https://gitlab.example.com",
        "https://gitlab.com.example",
        "https://gitlab.com:8443",
        "https://kubernetes.default.svc",
        "https://[",
        "",
    ],
)
def test_other_issuers_are_an_organizations_own(url: str) -> None:
    assert find_shared(url) is None


@pytest.mark.parametrize(("name", "subject", "pins"), SUBJECTS)
def test_a_subject_pins_if_it_names_the_tenant_whole(name: str, subject: str, pins: bool) -> None:  # noqa: FBT001 - a case
    assert is_pinned(Match(subject_prefix=subject), named(name), NOTHING) is pins


@pytest.mark.parametrize("shared", SHARED, ids=lambda shared: shared.name)
def test_each_identity_claim_pins_by_value_or_in_a_condition_and_others_do_not(shared: SharedIssuer) -> None:
    for claim in shared.claims:
        assert is_pinned(Match(claims={claim: "acme"}), shared, NOTHING)
        assert is_pinned(Match(condition="…"), shared, frozenset({"ref", claim}))
    assert not is_pinned(Match(claims={"aud": "acme", "iss": "x"}), shared, NOTHING)
    assert not is_pinned(Match(condition="…"), shared, frozenset({"ref", "aud"}))
    assert is_pinned(Match(subject_prefix=shared.example), shared, NOTHING), "what a refusal advises is enough"


@given(st.sampled_from(SHARED), st.text(max_size=20))
def test_what_pins_a_prefix_pins_everything_that_begins_with_it(shared: SharedIssuer, rest: str) -> None:
    for subject in ("repo:acme/*", "project_path:acme/*", "organization:acme:*"):
        if is_pinned(Match(subject_prefix=subject), shared, NOTHING):
            assert is_pinned(Match(subject_prefix=subject[:-1] + rest), shared, NOTHING)

"""Both published versions are served; the header is named when it is missing or unknown."""

import pytest

from antechamber.base.errors import InvalidRequest
from antechamber.http.versions import Version, require_version


@pytest.mark.parametrize("version", list(Version))
def test_both_versions_are_served(version: Version) -> None:
    assert require_version(version.value.encode()) is version
    assert require_version(f" {version} ".encode()) is version


def test_a_missing_version_is_named() -> None:
    with pytest.raises(InvalidRequest, match=r"^anthropic-version: header is required; send one of: 2023-06-01, 2026"):
        require_version(None)


@pytest.mark.parametrize("value", [b"", b"2024-01-01", b"2023-06-01,2026-10-21", b"\xff", b"x" * 10_000])
def test_an_unknown_version_is_shown_and_cut(value: bytes) -> None:
    with pytest.raises(InvalidRequest, match=r"^anthropic-version: '.{0,40}' is not a valid version") as caught:
        require_version(value)
    assert len(caught.value.message) < 150

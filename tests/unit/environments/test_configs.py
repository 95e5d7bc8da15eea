"""Configurations: resolved at creation, merged by an update, and kept as plain data."""

import json

import pytest

from antechamber.base.errors import InvalidRequest
from antechamber.features.environments.model.configs import (
    CloudConfig,
    CloudDraft,
    Config,
    ConfigDraft,
    ConfigType,
    SelfHostedConfig,
    from_plain,
    new_config,
    settle_config,
    to_plain,
)
from antechamber.features.environments.model.networking import Limited, LimitedDraft, Unrestricted
from antechamber.features.environments.model.packages import Manager, Packages

PANDAS = Packages({Manager.PIP: ("pandas",)})
OPEN = Limited(("a.example.com",), allow_mcp_servers=True, allow_package_managers=True)
KNOWN = CloudConfig(OPEN, PANDAS)


def test_a_config_that_is_not_said_is_cloud_unrestricted_and_empty() -> None:
    for said in (None, CloudDraft()):
        assert to_plain(new_config(said)) == {
            "type": "cloud",
            "networking": {"type": "unrestricted"},
            "packages": {"type": "packages", "apt": [], "cargo": [], "gem": [], "go": [], "npm": [], "pip": []},
        }


def test_limited_networking_begins_with_nothing() -> None:
    config = new_config(CloudDraft(LimitedDraft()))
    assert config == CloudConfig(Limited((), allow_mcp_servers=False, allow_package_managers=False))


@pytest.mark.parametrize(
    ("said", "networking"),
    [
        (None, OPEN),
        (LimitedDraft(), OPEN),
        (LimitedDraft(allowed_hosts=["b.example.com"]), Limited(("b.example.com",), True, True)),
        (LimitedDraft(allowed_hosts=[]), Limited((), True, True)),
        (LimitedDraft(allow_mcp_servers=False), Limited(("a.example.com",), False, True)),
        (Unrestricted(), Unrestricted()),
    ],
)
def test_an_update_keeps_what_it_does_not_say(
    said: LimitedDraft | Unrestricted | None, networking: Limited | Unrestricted
) -> None:
    assert settle_config(KNOWN, CloudDraft(said)) == CloudConfig(networking, PANDAS)


def test_an_update_from_unrestricted_to_limited_starts_from_nothing() -> None:
    known = CloudConfig(Unrestricted())
    assert settle_config(known, CloudDraft(LimitedDraft(["a.example.com"]))) == CloudConfig(Limited(("a.example.com",)))


def test_an_update_replaces_the_lists_that_it_says() -> None:
    said = CloudDraft(packages={Manager.NPM: ("express",)})
    changed = settle_config(KNOWN, said)
    assert changed == CloudConfig(OPEN, Packages({Manager.NPM: ("express",), Manager.PIP: ("pandas",)}))
    assert settle_config(KNOWN, CloudDraft(packages={})) == KNOWN
    assert settle_config(KNOWN, None) is KNOWN


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (CloudConfig(), CloudDraft(LimitedDraft(), {Manager.PIP: ("pandas",)})),
        (CloudConfig(Unrestricted(), PANDAS), CloudDraft(LimitedDraft())),
        (CloudConfig(Limited()), CloudDraft(packages={Manager.PIP: ("pandas",)})),
        (KNOWN, CloudDraft(LimitedDraft(allow_package_managers=False))),
    ],
)
def test_packages_under_limited_networking_need_their_managers(known: Config, said: ConfigDraft) -> None:
    with pytest.raises(InvalidRequest, match="allow_package_managers: must be true when packages are specified"):
        settle_config(known, said)


def test_packages_may_go_together_with_their_managers() -> None:
    said = CloudDraft(LimitedDraft(allow_package_managers=False), {Manager.PIP: ()})
    assert settle_config(KNOWN, said) == CloudConfig(Limited(("a.example.com",), allow_mcp_servers=True))


@pytest.mark.parametrize(("known", "said"), [(CloudConfig(), SelfHostedConfig()), (SelfHostedConfig(), CloudDraft())])
def test_the_type_stays(known: Config, said: ConfigDraft) -> None:
    with pytest.raises(InvalidRequest, match="config\\.type") as refused:
        settle_config(known, said)
    assert refused.value.error_code == "invalid_config_type_change"


def test_a_self_hosted_environment_has_nothing_to_set() -> None:
    assert new_config(SelfHostedConfig()) == settle_config(SelfHostedConfig(), SelfHostedConfig()) == SelfHostedConfig()
    assert SelfHostedConfig().type is ConfigType.SELF_HOSTED


@pytest.mark.parametrize("config", [KNOWN, CloudConfig(), SelfHostedConfig(), CloudConfig(Limited())])
def test_a_config_comes_back_from_what_is_kept_of_it(config: Config) -> None:
    assert from_plain(json.loads(json.dumps(to_plain(config)))) == config


def test_more_hosts_than_can_be_looked_through_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="at most 1000 hosts"):
        new_config(CloudDraft(LimitedDraft([f"h{number}.example.com" for number in range(1001)])))


def test_a_bad_host_is_named_by_its_place() -> None:
    with pytest.raises(InvalidRequest, match=r"config\.networking\.allowed_hosts\.1: 'http://b"):
        new_config(CloudDraft(LimitedDraft(["a.example.com", "http://b.example.com"])))

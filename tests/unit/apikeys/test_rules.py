"""The rules by which keys change, without a database."""

import dataclasses
from ipaddress import ip_network

import pytest

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import AdminKeyId, ApiKeyId, OrganizationId, WorkspaceId
from antechamber.features.apikeys.model import (
    DAY,
    KEY_SCOPES,
    Change,
    Status,
    StoredAdminKey,
    StoredApiKey,
    StoredSecret,
    check_expiry,
    check_models,
    check_name,
    check_networks,
    check_rotation,
    check_scopes,
    notice_at,
    revise,
)

NOW = 1_795_262_400_000_000
KEY = StoredApiKey(
    ApiKeyId("apikey_01"), OrganizationId("o"), WorkspaceId("w"), True, "k", Status.ACTIVE, "sk-...", None, NOW, None
)
ENDED = dataclasses.replace(KEY, expires_at=NOW - 1)
ARCHIVED = dataclasses.replace(KEY, status=Status.ARCHIVED)
SWITCHED_OFF = dataclasses.replace(KEY, status=Status.INACTIVE)


@pytest.mark.parametrize(
    ("key", "status"),
    [
        (KEY, Status.ACTIVE),
        (SWITCHED_OFF, Status.INACTIVE),
        (ENDED, Status.EXPIRED),
        (dataclasses.replace(SWITCHED_OFF, expires_at=NOW), Status.EXPIRED),
        (dataclasses.replace(ARCHIVED, expires_at=NOW), Status.ARCHIVED),
        (dataclasses.replace(KEY, expires_at=NOW + 1), Status.ACTIVE),
    ],
)
def test_expired_is_computed_and_archived_outlasts_it(key: StoredApiKey, status: Status) -> None:
    assert key.at(NOW).status is status


def test_an_admin_key_expires_too() -> None:
    boss = StoredAdminKey(AdminKeyId("a"), OrganizationId("o"), "k", Status.ACTIVE, "h", NOW, NOW + 1)
    assert boss.at(NOW) is boss
    assert boss.at(NOW + 1).status is Status.EXPIRED


def test_a_change_touches_what_it_names_and_nothing_else() -> None:
    networks = (ip_network("10.0.0.0/8"),)
    changed = revise(KEY, Change(name="n", models=("m",), networks=networks, expires_at=NOW + 5), NOW)
    assert changed == dataclasses.replace(KEY, name="n", models=("m",), networks=networks, expires_at=NOW + 5)
    assert revise(changed, Change(models=None), NOW) == dataclasses.replace(changed, models=None)
    assert revise(KEY, Change(), NOW) == KEY


def test_an_end_in_the_past_means_now() -> None:
    assert revise(KEY, Change(expires_at=5), NOW).expires_at == NOW
    assert revise(ENDED, Change(expires_at=5), NOW) == ENDED


@pytest.mark.parametrize("key", [KEY, SWITCHED_OFF])
@pytest.mark.parametrize("status", [Status.ACTIVE, Status.INACTIVE, Status.ARCHIVED])
def test_a_living_key_goes_to_any_status(key: StoredApiKey, status: Status) -> None:
    assert revise(key, Change(status=status), NOW).status is status


@pytest.mark.parametrize(
    ("key", "change"),
    [
        (ARCHIVED, Change(status=Status.ACTIVE)),
        (ARCHIVED, Change(status=Status.INACTIVE)),
        (ARCHIVED, Change(name="other")),
        (ARCHIVED, Change(expires_at=5)),
        (ENDED, Change(status=Status.ACTIVE)),
        (ENDED, Change(status=Status.INACTIVE)),
        (ENDED, Change(expires_at=None)),
        (ENDED, Change(expires_at=NOW + 1)),
        (KEY, Change(name="")),
    ],
)
def test_what_a_status_forbids_is_refused(key: StoredApiKey, change: Change) -> None:
    with pytest.raises(InvalidRequest):
        revise(key, change, NOW)


def test_what_changes_nothing_is_let_through() -> None:
    assert revise(ARCHIVED, Change(status=Status.ARCHIVED, name="k"), NOW) == ARCHIVED


@pytest.mark.parametrize("name", ["", " ", "a\nb", "\0", "x" * 501])
def test_a_name_has_1_to_500_characters_and_no_control_ones(name: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^name: "):
        check_name(name)


@pytest.mark.parametrize("name", ["x" * 500, "clé 👩‍👩‍👧", " a "])
def test_other_names_stay_as_they_are(name: str) -> None:
    assert check_name(name) == name


def test_models_are_kept_once_each() -> None:
    assert check_models(["b", "a*", "b"]) == ("b", "a*")
    for wrong in ([], ["m"] * 101, [""], ["m" * 257], ["m\n"]):
        with pytest.raises(InvalidRequest, match=r"^models: "):
            check_models(wrong)


def test_networks_are_addresses_or_cidrs_of_either_family() -> None:
    found = check_networks(["192.0.2.1", "10.0.0.0/8", "2001:db8::/32", "10.0.0.0/8"])
    assert [str(network) for network in found] == ["192.0.2.1/32", "10.0.0.0/8", "2001:db8::/32"]
    for wrong in ([], ["10.0.0.0/8"] * 101, ["10.0.0.1/8"], ["example.com"], [""], ["10.0.0.0/33"]):
        with pytest.raises(InvalidRequest, match=r"^allowed_ips: "):
            check_networks(wrong)


def test_a_new_key_ends_in_the_future_or_never() -> None:
    assert check_expiry(None, NOW) is None
    assert check_expiry(NOW + 1, NOW) == NOW + 1
    with pytest.raises(InvalidRequest, match="future"):
        check_expiry(NOW, NOW)


def test_an_overlap_is_a_day_or_as_asked_within_thirty() -> None:
    assert check_rotation(KEY, [], None, NOW) == NOW + DAY
    assert check_rotation(KEY, [], 5, NOW) == NOW
    assert check_rotation(SWITCHED_OFF, [], NOW + 30 * DAY, NOW) == NOW + 30 * DAY
    for key, until in ((KEY, NOW + 30 * DAY + 1), (ARCHIVED, None), (ENDED.at(NOW), None)):
        with pytest.raises(InvalidRequest):
            check_rotation(key, [], until, NOW)


def test_secrets_that_have_ended_make_room_for_others() -> None:
    live = [StoredSecret("h", NOW, None, None)] * 9
    ended = [StoredSecret("h", NOW, NOW, None)] * 9
    assert check_rotation(KEY, [*live, *ended], None, NOW) == NOW + DAY
    with pytest.raises(InvalidRequest, match="10 secrets"):
        check_rotation(KEY, [*live, StoredSecret("h", NOW, NOW + 1, None)], None, NOW)
    assert check_rotation(KEY, [*live, *live], NOW, NOW) == NOW


def test_an_admin_keys_scopes_are_those_of_the_administration() -> None:
    assert check_scopes(["read:analytics", "read:analytics"]) == ("read:analytics",)
    assert check_scopes(()) == ()
    assert "org:admin" in KEY_SCOPES
    for scope in ("user:profile", "write:admin_keys", "", "read:*"):
        with pytest.raises(InvalidRequest, match=r"^scopes: "):
            check_scopes([scope])


@pytest.mark.parametrize(
    ("life", "before"),
    [(365, 7), (14, 7), (13.99, 1), (7, 1), (6.99, None), (1 / 8, None)],
)
def test_an_end_is_announced_7_days_before_to_a_life_of_14_days_and_1_day_before_to_one_of_7(
    life: float, before: int | None
) -> None:
    end = NOW + round(life * DAY)
    assert notice_at(NOW, end) == (None if before is None else end - before * DAY)


def test_a_length_reckoned_from_just_before_a_key_was_made_counts_whole() -> None:
    assert notice_at(NOW + 30_000_000, NOW + 14 * DAY) == NOW + 7 * DAY
    assert notice_at(NOW, None) is None

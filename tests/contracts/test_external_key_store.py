"""External keys in the database: kept whole, apart by organisation, tried, and held by the workspaces tied to them."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Iterator

import pytest
from sqlalchemy import select

from antechamber.adapters.kms import BridgedKeys
from antechamber.base.actor import Actor, ActorKind
from antechamber.base.chance import SystemChance
from antechamber.base.errors import Conflict, InvalidRequest, NotFound, WireError
from antechamber.base.ids import ExternalKeyId, Kind, OrganizationId, WorkspaceId, derive
from antechamber.base.page import Asked, PageQuery
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.features.audit.sql.activities import activities
from antechamber.features.externalkeys.model import ExternalKey, KeyChange, KeyConfig, Standing, aws, azure, gcp
from antechamber.features.externalkeys.service import ExternalKeys
from antechamber.features.externalkeys.sql import SqlExternalKeys
from antechamber.features.workspaces.model import WorkspaceDraft
from tests.contracts.tenants import MINE, THEIRS, Services
from tests.key_service import KeyService

BY = Actor(ActorKind.ADMIN_API_KEY, "adminkey_1")
STORE = SqlExternalKeys()
AWS = aws("arn:aws:kms:us-east-1:111122223333:key/main", None)
GCP = gcp("projects/acme-prod/locations/us/keyRings/ante/cryptoKeys/main")
AZURE = azure("https://acme.vault.azure.net", "main", "7f6e2a52-1c5f-4d1e-9d0e-000000000001", None)
NOWHERE = ExternalKeyId(derive(Kind.EXTERNAL_KEY, "nothing"))


class Told:
    """Keeps what it is told of keys (`ports.KeyEvents`)."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    async def external_key_failed(self, unit: Unit, organization_id: OrganizationId, key_id: str) -> None:
        del unit, organization_id
        self.events.append(("failed", key_id))

    async def external_key_recovered(self, unit: Unit, organization_id: OrganizationId, key_id: str) -> None:
        del unit, organization_id
        self.events.append(("recovered", key_id))


@pytest.fixture
def service() -> Iterator[KeyService]:
    made = KeyService()
    yield made
    made.close()


@pytest.fixture
def keys(made: Services, service: KeyService) -> ExternalKeys:
    bridge, chance = BridgedKeys(service.url, None, SystemChance()), SystemChance()
    found = ExternalKeys(STORE, bridge, made.workspaces, made.database, made.clock, chance, made.audit)
    made.workspaces.bind_keys(found)
    return found


async def key(made: Services, keys: ExternalKeys, config: KeyConfig = AWS) -> ExternalKey:
    made.clock.advance(1)
    return (await keys.create(MINE, "Prod", config, BY)).key


async def room(made: Services, key_id: ExternalKeyId, name: str = "Room") -> WorkspaceId:
    return (await made.workspaces.create(MINE, WorkspaceDraft(name=name, external_key_id=key_id), BY)).id


async def acts(made: Services) -> list[str]:
    async with made.database.read() as unit:
        query = select(activities.c.type).where(activities.c.type.like("org_external%")).order_by(activities.c.sequence)
        found = (await connection(unit).execute(query)).scalars()
        return [text.removeprefix("org_external_key_") for text in found]


@pytest.mark.parametrize("config", [AWS, GCP, AZURE])
async def test_a_key_is_kept_whole_and_apart(made: Services, keys: ExternalKeys, config: KeyConfig) -> None:
    kept = await key(made, keys, config)
    nameless = (await keys.create(MINE, None, config, BY)).key
    async with made.database.begin() as unit:
        assert await STORE.find(unit, MINE, kept.id) == kept
        assert await STORE.find(unit, MINE, nameless.id) == nameless
        assert await STORE.find(unit, THEIRS, kept.id) is None
        assert await STORE.listing(unit, THEIRS, Asked(5, None)) == []
        await STORE.save(unit, THEIRS, dataclasses.replace(kept, display_name="Theirs"))
        await STORE.delete(unit, THEIRS, kept.id)
    assert (await keys.get(MINE, kept.id)).key == kept
    for work in (keys.get(THEIRS, kept.id), keys.validate(THEIRS, kept.id, BY), keys.get(MINE, NOWHERE)):
        with pytest.raises(NotFound, match="External key not found: "):
            await work


async def test_keys_come_newest_first_in_pages_and_say_which_are_attached(made: Services, keys: ExternalKeys) -> None:
    kept = [await key(made, keys) for _ in range(3)]
    await room(made, kept[1].id)
    first = await keys.listing(MINE, PageQuery(2))
    second = await keys.listing(MINE, PageQuery(2, first.next_page))
    found = [*first.items, *second.items]
    assert [shown.key.id for shown in found] == [each.id for each in kept[::-1]]
    assert [shown.attached for shown in found] == [False, True, False]
    assert second.next_page is None


async def test_changes_are_kept_and_a_reconfigured_key_is_untried(made: Services, keys: ExternalKeys) -> None:
    kept = await key(made, keys)
    await keys.validate(MINE, kept.id, BY)
    assert (await keys.get(MINE, kept.id)).key.standing is Standing.WORKS
    renamed = (await keys.update(MINE, kept.id, KeyChange(display_name=None), BY)).key
    assert (renamed.display_name, renamed.standing, renamed.updated_at > kept.updated_at) == (
        None,
        Standing.WORKS,
        True,
    )
    moved = (await keys.update(MINE, kept.id, KeyChange(config=AZURE), BY)).key
    assert (moved.config, moved.standing) == (AZURE, Standing.UNTRIED)
    assert (await keys.update(MINE, kept.id, KeyChange(display_name=None, config=AZURE), BY)).key == moved
    await keys.delete(MINE, kept.id, BY)
    with pytest.raises(NotFound):
        await keys.get(MINE, kept.id)
    assert await acts(made) == ["created", "validated", "updated", "updated", "deleted"]


async def test_a_key_that_stops_working_and_one_that_works_again_are_told_of_once(
    made: Services, keys: ExternalKeys, service: KeyService
) -> None:
    told, kept = Told(), await key(made, keys)
    keys.bind_events(told)
    refusals: tuple[str | None, ...] = ("no", None, None, "no", "no", None, None)
    for refusal in refusals:
        service.refuse(refusal)
        assert ((await keys.validate(MINE, kept.id, BY)).error is None) is (refusal is None)
    assert told.events == [("failed", kept.id), ("recovered", kept.id)], "it had never worked when it failed first"
    assert await acts(made) == ["created", *["validated"] * len(refusals)]


async def test_a_workspace_is_tied_to_a_key_that_works_for_good(made: Services, keys: ExternalKeys) -> None:
    kept, other = await key(made, keys), await key(made, keys)
    workspace_id = await room(made, kept.id)
    assert (await made.workspaces.get(MINE, workspace_id)).external_key_id == kept.id
    assert (await keys.get(MINE, kept.id)).attached
    tried = len(await acts(made))
    same = await made.workspaces.update(MINE, workspace_id, WorkspaceDraft(name="Hall", external_key_id=kept.id), BY)
    assert (same.name, same.external_key_id, len(await acts(made))) == ("Hall", kept.id, tried)
    with pytest.raises(InvalidRequest, match="can't be replaced"):
        await made.workspaces.update(MINE, workspace_id, WorkspaceDraft(external_key_id=other.id), BY)
    plain = await made.workspaces.create(MINE, WorkspaceDraft(name="Plain"), BY)
    tied = await made.workspaces.update(MINE, plain.id, WorkspaceDraft(external_key_id=other.id), BY)
    assert tied.external_key_id == other.id


async def test_a_key_that_an_archived_workspace_was_tied_to_is_neither_deleted_nor_reconfigured(
    made: Services, keys: ExternalKeys
) -> None:
    kept = await key(made, keys)
    await made.workspaces.archive(MINE, await room(made, kept.id), BY)
    with pytest.raises(InvalidRequest, match="attached"):
        await keys.delete(MINE, kept.id, BY)
    with pytest.raises(InvalidRequest, match=r"provider_config: .* attached"):
        await keys.update(MINE, kept.id, KeyChange(config=GCP), BY)
    assert (await keys.update(MINE, kept.id, KeyChange("Old", AWS), BY)).key.display_name == "Old"


async def test_a_key_that_does_not_work_ties_no_workspace(
    made: Services, keys: ExternalKeys, service: KeyService
) -> None:
    kept = await key(made, keys)
    service.refuse("AccessDenied")
    with pytest.raises(InvalidRequest, match=r"external_key_id: .*AccessDenied") as refused:
        await room(made, kept.id)
    assert refused.value.error_code == "external_key_validation_failed"
    service.refuse(None)
    with pytest.raises(NotFound):
        await room(made, NOWHERE)
    archived = await made.workspaces.create(MINE, WorkspaceDraft(name="Old"), BY)
    await made.workspaces.archive(MINE, archived.id, BY)
    with pytest.raises(InvalidRequest, match="archived"):
        await made.workspaces.update(MINE, archived.id, WorkspaceDraft(external_key_id=kept.id), BY)
    assert not (await keys.get(MINE, kept.id)).attached


async def test_a_key_that_nobody_tries_in_time_ties_no_workspace(made: Services, service: KeyService) -> None:
    slow = BridgedKeys(service.url, None, SystemChance(), 0.2)
    keys = ExternalKeys(STORE, slow, made.workspaces, made.database, made.clock, SystemChance(), made.audit)
    made.workspaces.bind_keys(keys)
    service.silent = True
    with pytest.raises(InvalidRequest) as refused:
        await room(made, (await key(made, keys)).id)
    assert refused.value.error_code == "external_key_validation_timed_out"


async def test_a_key_that_changed_while_it_was_tried_ties_no_workspace(made: Services, keys: ExternalKeys) -> None:
    kept = await key(made, keys)
    version = await keys.prove(MINE, kept.id, BY)
    await keys.update(MINE, kept.id, KeyChange(config=AZURE), BY)
    async with made.database.begin() as unit:
        with pytest.raises(Conflict) as refused:
            await keys.confirm(unit, MINE, kept.id, version)
    assert (refused.value.error_code, refused.value.should_retry) == ("external_key_changed", True)
    version = await keys.prove(MINE, kept.id, BY)
    await keys.delete(MINE, kept.id, BY)
    async with made.database.begin() as unit:
        with pytest.raises(Conflict):
            await keys.confirm(unit, MINE, kept.id, version)


async def test_a_key_is_never_deleted_while_a_workspace_gets_tied_to_it(made: Services, keys: ExternalKeys) -> None:
    async def outcome(work: Awaitable[object]) -> str:
        try:
            await work
        except WireError as error:
            return error.error_code or error.type
        return "done"

    for round_ in range(5):
        kept = await key(made, keys)
        tied, deleted = await asyncio.gather(
            outcome(room(made, kept.id, f"Room {round_}")), outcome(keys.delete(MINE, kept.id, BY))
        )
        # whoever was second is told so; in between is the trying, which holds nothing
        assert (tied, deleted) in {
            ("done", "invalid_request_error"),
            ("external_key_changed", "done"),
            ("not_found_error", "done"),
        }

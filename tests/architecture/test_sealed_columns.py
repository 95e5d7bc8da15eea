"""Whatever holds secrets that are used again is on the list that `ante secrets reseal` goes through."""

from sqlalchemy import LargeBinary, Table

from antechamber import wiring
from antechamber.base.seals import SealedColumn
from antechamber.database.tables import metadata

# bytes that no master key has sealed; a digest is called one
_UNSEALED = {
    "activities.mark",
    "audit_heads.mark",
    "audit_heads.seal",
    "passkeys.credential_id",
    "passkeys.public_key",
    "passkeys.user_handle",
    "webhook_deliveries.body",
}


def test_every_column_of_bytes_is_a_digest_or_on_the_list_of_sealed_ones_or_known_to_be_neither() -> None:
    assert wiring.routes()  # every feature's tables are registered once it is wired
    found = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary) and not column.name.endswith("digest")
    }
    assert found == {*SealedColumn, *_UNSEALED}


def test_a_sealed_value_can_be_found_by_its_row_and_its_organization() -> None:
    assert wiring.routes()
    for each in SealedColumn:
        table: Table = metadata.tables[each.partition(".")[0]]
        assert [column.name for column in table.primary_key] == ["id"]
        assert not table.c.organization_id.nullable

"""Fetching is authorising: store methods name their tenant first."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tools import tenancy


@pytest.fixture
def judge(tmp_path: Path) -> Callable[[str], list[tenancy.Method]]:
    """Read one store method, given as its line of code, as if it stood in a feature."""

    def read(signature: str) -> list[tenancy.Method]:
        store = tmp_path / "things" / "sql.py"
        store.parent.mkdir()
        store.write_text(f"class SqlThings:\n    {signature} ...\n", encoding="utf-8")
        return tenancy.read(tmp_path)

    return read


def test_every_store_method_names_its_tenant(package: Path) -> None:
    methods = tenancy.read(package / "features")
    assert methods
    assert tenancy.breaches(methods) == []


def test_the_untenanted_methods_are_those_that_were_reviewed(package: Path, golden: Callable[[str, str], None]) -> None:
    golden("untenanted.txt", tenancy.untenanted(tenancy.read(package / "features")))


@pytest.mark.parametrize(
    "signature",
    [
        "async def get(self, thing_id: ThingId):",
        "async def get(self, unit: Unit, thing_id: ThingId):",
        "async def get(self, unit: Unit, thing_id: ThingId, organization_id: OrganizationId):",
        "async def get(self, thing_id: ThingId, *, organization_id: OrganizationId):",
        "async def all(self):",
        "async def all(self, unit: Unit):",
        "async def get(self, *, thing_id: ThingId):",
        "async def resolved(self, digest: bytes):",
    ],
)
def test_a_method_without_its_tenant_first_is_a_breach(
    judge: Callable[[str], list[tenancy.Method]], signature: str
) -> None:
    assert len(tenancy.breaches(judge(signature))) == 1


@pytest.mark.parametrize(
    "signature",
    [
        "async def get(self, organization_id: str, thing_id: ThingId):",
        "async def get(self, unit: Unit, organization_id: OrganizationId, thing_id: ThingId):",
        "async def get(self, unit: Unit, workspace: WorkspaceId, thing_id: ThingId):",
        "async def get(self, owner: OrganizationId, /, thing_id: ThingId):",
        "async def add(self, unit: Unit, *, thing_id: ThingId, organization_id: OrganizationId):",
        "async def _rows(self, query: Select):",
        "def column(self, name: str):",
    ],
)
def test_a_method_with_its_tenant_first_is_none(judge: Callable[[str], list[tenancy.Method]], signature: str) -> None:
    assert tenancy.breaches(judge(signature)) == []


@pytest.mark.parametrize("name", ["resolve_principal", "sweep_expired"])
def test_resolving_and_sweeping_do_without_but_are_listed(
    judge: Callable[[str], list[tenancy.Method]], name: str
) -> None:
    methods = judge(f"async def {name}(self, unit: Unit, digest: bytes):")
    assert tenancy.breaches(methods) == []
    assert tenancy.untenanted(methods) == f"things/sql.py SqlThings.{name}\n"


def test_a_store_that_grew_into_a_folder_is_read_too(tmp_path: Path) -> None:
    store = tmp_path / "things" / "sql" / "deep" / "reports.py"
    store.parent.mkdir(parents=True)
    store.write_text("class SqlReports:\n    async def all(self): ...\n", encoding="utf-8")
    assert tenancy.breaches(tenancy.read(tmp_path)) == ["things/sql/deep/reports.py SqlReports.all (line 2)"]


@pytest.mark.parametrize(("feature", "breaches"), [("accounts", 0), ("things", 1)])
def test_a_person_is_the_tenant_of_how_they_get_in_and_of_nothing_else(
    tmp_path: Path, feature: str, breaches: int
) -> None:
    store = tmp_path / feature / "sql.py"
    store.parent.mkdir()
    store.write_text("class Sql:\n    async def get(self, unit: Unit, user_id: UserId): ...\n", encoding="utf-8")
    assert len(tenancy.breaches(tenancy.read(tmp_path))) == breaches

"""Schemathesis over our OpenAPI document, against live servers on both databases.

Whatever it thinks of, no endpoint fails (5xx), none answers with a status or a body that the document does not name.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from antechamber.wiring.endpoints.building import openapi
from antechamber.wiring.endpoints.registered import unserved
from tests.clients.existing import BETAS, IN_BRACES, UNHEARD, Existing
from tests.key_service import KeyService
from tests.live import LiveServer
from tests.postgres import PrivatePostgres, private_postgres

EXAMPLES = 12
# takes no parameters, and its answer is long to check
ITSELF, ITSELF_EXAMPLES = "/openapi.json", 2
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# overload and an unreachable database are in the document for every endpoint, and would hide a failure here
FORBIDDEN = (503, 529)


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document, as the server describes itself."""
    with unserved() as application:
        return dict(openapi(application))


def labels() -> list[str]:
    return [
        f"{method.upper()} {path}"
        for path, operations in sorted(document()["paths"].items())
        for method in sorted(operations)
    ]


@pytest.fixture(scope="module")
def postgres() -> Iterator[PrivatePostgres]:
    with private_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def keys() -> Iterator[KeyService]:
    service = KeyService()
    yield service
    service.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, keys: KeyService
) -> Iterator[LiveServer]:
    """A server of its own for each database: what is thought of may archive and delete."""
    environment = {"ANTE_SERVER_KMS_URL": keys.url, "ANTE_SERVER_WEBHOOK_PRIVATE_ORIGINS": UNHEARD}
    if request.param == "postgresql":
        environment["ANTE_SERVER_DATABASE_URL"] = request.getfixturevalue("postgres").create()
    made = LiveServer(tmp_path_factory.mktemp("schema"), environment=environment)
    try:
        yield made.start()
        assert '"event": "unhandled"' not in made.log()
    finally:
        made.stop()


@pytest.fixture(scope="module")
def existing(server: LiveServer) -> Existing:
    return Existing(server)


@cache
def schema() -> Any:  # noqa: ANN401 - schemathesis makes its class by version
    return schemathesis.openapi.from_dict(document())


@pytest.mark.parametrize("label", labels())
def test_an_endpoint_keeps_to_its_description(server: LiveServer, existing: Existing, label: str) -> None:
    method, _, path = label.partition(" ")
    operation = schema()[path][method]
    key, ids = existing.key(path), existing.ids(path)
    if "environment_id" in path:
        key, ids["environment_id"] = existing.environment()
    reached: set[int] = set()

    examples = ITSELF_EXAMPLES if path == ITSELF else EXAMPLES

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy(), real=st.booleans(), version=st.sampled_from(["2023-06-01", "2026-10-21"]))
    def ask(case: Any, real: bool, version: str) -> None:  # noqa: ANN401, FBT001 - as above
        if real:
            case.path_parameters = {name: ids.get(name, value) for name, value in (case.path_parameters or {}).items()}
        headers = {"x-api-key": key, "anthropic-version": version, "anthropic-beta": BETAS}
        response = case.call(base_url=server.base_url, headers=headers, timeout=20)
        case.validate_response(response, checks=CHECKS)
        assert response.status_code not in FORBIDDEN, response.text
        if real:
            reached.add(response.status_code)

    ask()
    if "rate_limit_id" in ids:
        existing.lift(ids["rate_limit_id"])
    if "/organizations" in path:
        assert reached != {403}, "nothing came past the permission"
    if path.endswith("}") and ids.keys() >= set(IN_BRACES.findall(path)):
        assert reached != {404}, "nothing came to what is there"

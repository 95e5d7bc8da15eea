import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import antechamber.client
from antechamber.base.chance import SystemChance
from antechamber.base.clock import SystemClock
from antechamber.base.outbound import OutboundOptions
from antechamber.base.secret import Secret
from antechamber.client import CredentialUnusable, ServerUnreachable, find_credentials
from antechamber.client.dotenv import load_environment
from antechamber.client.failures import ServerRefused, TokenRefused
from antechamber.client.http import Server, Timing
from antechamber.client.processes import ProcessCredential, parse_credential, show_credential
from antechamber.client.signing import Credentials
from antechamber.client.sources import Given
from antechamber.client.transport import open_outbound
from tests.unit.client.homes import credentials_of, environment_of, folder_of, put_login, read_json, write_json
from tests.unit.client.issuer import Issuer, issuing


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


def bearer(credentials: Credentials, **how: object) -> str:
    return dict(credentials.headers(**how))["authorization"].removeprefix("Bearer ")  # type: ignore[arg-type]


def calling(credentials: Credentials) -> Server:
    timing = Timing(SystemClock(), SystemChance(), lambda _: None)
    return Server(credentials.base_url, open_outbound(OutboundOptions()), timing, credentials)


@pytest.mark.parametrize(
    ("given", "variables", "expected"),
    [
        ({"api_key": "k"}, {}, [("x-api-key", "k")]),
        ({}, {"ANTHROPIC_API_KEY": "k"}, [("x-api-key", "k")]),
        ({"auth_token": "t"}, {}, [("authorization", "Bearer t")]),
        (
            {},
            {"ANTHROPIC_AUTH_TOKEN": "sk-ant-oat01-t"},
            [("authorization", "Bearer sk-ant-oat01-t"), ("anthropic-beta", "oauth-2025-04-20")],
        ),
        (
            {},
            {"ANTHROPIC_API_KEY": "k", "ANTHROPIC_WORKSPACE_ID": "wrkspc_01"},
            [("x-api-key", "k"), ("anthropic-workspace-id", "wrkspc_01")],
        ),
        ({}, {"OPENAI_API_KEY": "o", "ANTHROPIC_WORKSPACE_ID": "wrkspc_01"}, [("authorization", "Bearer o")]),
        ({}, {}, []),
    ],
)
def test_each_kind_of_credential_has_its_headers(
    tmp_path: Path, given: dict[str, str], variables: dict[str, str], expected: object
) -> None:
    credentials = find_credentials(environment=environment_of(tmp_path, **variables), **given)  # type: ignore[arg-type]
    assert credentials.headers() == expected
    assert not credentials.can_renew


def test_any_token_of_a_profile_is_marked_as_the_wire_wants_it(tmp_path: Path) -> None:
    put_login(tmp_path, base_url="https://x.example", left=3000, access_token="opaque")
    assert dict(credentials_of(environment_of(tmp_path)).headers()) == {
        "authorization": "Bearer opaque",
        "anthropic-beta": "oauth-2025-04-20",
        "anthropic-workspace-id": "wrkspc_01",
    }


def test_no_credential_at_all_is_told_when_a_token_is_wanted(tmp_path: Path) -> None:
    credentials = credentials_of(environment_of(tmp_path))
    assert (credentials.headers(), credentials.source) == ([], None)
    with pytest.raises(CredentialUnusable, match="ante auth login"):
        credentials.token()


async def test_headers_are_had_without_blocking_the_loop(tmp_path: Path, issuer: Issuer) -> None:
    put_login(tmp_path, base_url=issuer.url)
    credentials = credentials_of(environment_of(tmp_path))
    for _ in range(2):
        assert dict(await credentials.headers_async())["authorization"] == "Bearer sk-ant-oat01-1"
    # and a sync caller on a thread that runs a loop is served as well
    issuer.good = set()
    refused = await credentials.headers_async()
    assert dict(credentials.headers(refused=refused))["authorization"] == "Bearer sk-ant-oat01-2"


def test_a_refused_token_is_replaced_once_and_the_call_goes_through(tmp_path: Path, issuer: Issuer) -> None:
    put_login(tmp_path, base_url=issuer.url, left=3000)
    with calling(credentials_of(environment_of(tmp_path))) as server:
        server.max_retries = 0
        assert server.call("GET", "/v1/models").status == 200
    assert [asked.headers.get("authorization") for asked in issuer.asked if asked.path == "/v1/models"] == [
        "Bearer sk-ant-oat01-0",
        "Bearer sk-ant-oat01-1",
    ]


def test_a_token_that_is_refused_again_is_not_replaced_again(tmp_path: Path, issuer: Issuer) -> None:
    put_login(tmp_path, base_url=issuer.url, left=3000)
    refusal = (401, {"type": "error", "error": {"type": "authentication_error", "message": "no"}})
    with calling(credentials_of(environment_of(tmp_path))) as server:
        tokens = {"access_token": "sk-ant-oat01-1", "expires_in": 3600, "refresh_token": "r"}
        issuer.script = [refusal, (200, tokens), refusal]
        with pytest.raises(ServerRefused, match="401"):
            server.call("GET", "/v1/models")
    assert len(issuer.asked) == 3


def test_a_static_key_that_is_refused_is_refused(tmp_path: Path, issuer: Issuer) -> None:
    with (
        calling(credentials_of(environment_of(tmp_path), Given(issuer.url, "k"))) as server,
        pytest.raises(ServerRefused),
    ):
        server.call("GET", "/v1/models")
    assert len(issuer.asked) == 1


def test_a_refresh_keeps_every_key_that_we_do_not_know(tmp_path: Path, issuer: Issuer) -> None:
    path = put_login(tmp_path, base_url=issuer.url, workspace_name="Engineering", from_2027={"a": [1]})
    config = (folder_of(tmp_path) / "configs" / "default.json").read_bytes()
    bearer(credentials_of(environment_of(tmp_path)))
    kept = read_json(path)
    assert (kept["workspace_name"], kept["from_2027"]) == ("Engineering", {"a": [1]})
    assert (folder_of(tmp_path) / "configs" / "default.json").read_bytes() == config


def test_a_server_that_gives_no_new_refresh_token_leaves_the_old_one(tmp_path: Path, issuer: Issuer) -> None:
    path = put_login(tmp_path, base_url=issuer.url)
    issuer.script = [(200, {"access_token": "sk-ant-oat01-1", "expires_in": 60})]
    bearer(credentials_of(environment_of(tmp_path)))
    assert read_json(path)["refresh_token"] == "sk-ant-ort01-0"


def test_a_program_that_takes_no_lock_and_refreshes_meanwhile_logs_nobody_out(tmp_path: Path, issuer: Issuer) -> None:
    path = put_login(tmp_path, base_url=issuer.url)
    issuer.seconds = 0.3
    issuer.refresh_token = "sk-ant-ort01-of-the-other"
    values = {**read_json(path), "access_token": "of-the-other", "refresh_token": "sk-ant-ort01-of-the-other"}
    credentials = credentials_of(environment_of(tmp_path))

    def rotate() -> None:
        while not issuer.asked:
            time.sleep(0.01)
        issuer.refresh_token = "sk-ant-ort01-of-the-other"
        write_json(path, {**values, "expires_at": int(time.time()) + 3000})

    other = threading.Thread(target=rotate)
    other.start()
    assert bearer(credentials) == "of-the-other"
    other.join()


def test_a_log_in_that_has_ended_says_how_to_log_in_again_and_stays_on_the_disk(tmp_path: Path, issuer: Issuer) -> None:
    path = put_login(tmp_path, "work", base_url=issuer.url)
    before = path.read_bytes()
    issuer.refresh_token = "another"
    with pytest.raises(CredentialUnusable, match="ante auth login --profile work") as ended:
        bearer(credentials_of(environment_of(tmp_path), Given(profile="work")))
    assert "sk-ant-ort01" not in str(ended.value)
    assert path.read_bytes() == before
    assert not list(path.parent.glob("*.tmp"))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_in_trouble_ends_no_log_in(tmp_path: Path, issuer: Issuer, status: int) -> None:
    put_login(tmp_path, base_url=issuer.url)
    credentials = credentials_of(environment_of(tmp_path))
    issuer.script = [(status, {"error": "temporarily_unavailable"})]
    with pytest.raises(TokenRefused):
        bearer(credentials)
    assert bearer(credentials) == "sk-ant-oat01-1"


def test_a_token_that_still_works_is_used_while_the_server_is_away(tmp_path: Path) -> None:
    put_login(tmp_path, base_url="http://127.0.0.1:9", left=60)
    assert bearer(credentials_of(environment_of(tmp_path))) == "sk-ant-oat01-0"


def test_a_token_that_works_no_more_is_not(tmp_path: Path) -> None:
    put_login(tmp_path, base_url="http://127.0.0.1:9", left=20)
    with pytest.raises(ServerUnreachable):
        bearer(credentials_of(environment_of(tmp_path)))


def test_a_refresh_token_only_goes_to_the_server_that_it_is_from(tmp_path: Path, issuer: Issuer) -> None:
    put_login(tmp_path, base_url=issuer.url)
    credentials = credentials_of(environment_of(tmp_path), Given(base_url="https://elsewhere.example"))
    assert credentials.base_url == "https://elsewhere.example"
    assert bearer(credentials) == "sk-ant-oat01-1"
    assert len(issuer.asked) == 1


def test_a_refresh_token_never_travels_readable(tmp_path: Path) -> None:
    put_login(tmp_path, base_url="http://ante.example")
    with pytest.raises(CredentialUnusable, match="https"):
        bearer(credentials_of(environment_of(tmp_path)))


def federate(home: Path, url: str, **more: object) -> Path:
    (home / "identity.jwt").write_text("a.b.c")
    identity = {"source": "file", "path": str(home / "identity.jwt")}
    config = {
        "authentication": {"type": "oidc_federation", "federation_rule_id": "fdrl_01", "identity_token": identity},
        "organization_id": "org",
        "base_url": url,
        **more,
    }
    write_json(folder_of(home) / "configs" / "default.json", config, 0o644)
    return folder_of(home) / "credentials" / "default.json"


def test_a_federation_profile_keeps_its_token_for_the_next_process(tmp_path: Path, issuer: Issuer) -> None:
    path = federate(tmp_path, issuer.url)
    for _ in range(3):
        assert bearer(credentials_of(environment_of(tmp_path))) == "sk-ant-oat01-1"
    assert len(issuer.asked) == 1
    assert "a.b.c" not in path.read_text()


def test_a_federation_token_is_bound_to_its_workspace_and_needs_no_header(tmp_path: Path, issuer: Issuer) -> None:
    federate(tmp_path, issuer.url, workspace_id="wrkspc_01")
    headers = dict(credentials_of(environment_of(tmp_path)).headers())
    assert "anthropic-workspace-id" not in headers
    assert issuer.asked[0].body["workspace_id"] == "wrkspc_01"


@pytest.mark.parametrize("variables", [{"ANTHROPIC_WORKSPACE_ID": "wrkspc_env"}, {"ANTHROPIC_BASE_URL": ""}])
def test_what_variables_fill_in_or_move_leaves_the_profiles_token_alone(
    tmp_path: Path, issuer: Issuer, variables: dict[str, str]
) -> None:
    path = federate(tmp_path, "https://of-the-profile.example" if "ANTHROPIC_BASE_URL" in variables else issuer.url)
    variables = {name: value or issuer.url for name, value in variables.items()}
    for number in (1, 2):
        assert bearer(credentials_of(environment_of(tmp_path, **variables))) == f"sk-ant-oat01-{number}"
    assert not path.exists()


def test_federation_goes_on_where_nothing_can_be_written(tmp_path: Path, issuer: Issuer) -> None:
    federate(tmp_path, issuer.url)
    # as on a read-only file system: the folder for the lock cannot be made
    (folder_of(tmp_path) / "credentials").write_text("a file in its place")
    assert bearer(credentials_of(environment_of(tmp_path))) == "sk-ant-oat01-1"


def test_a_refused_exchange_names_the_source_of_the_identity_token_and_not_the_token(
    tmp_path: Path, issuer: Issuer
) -> None:
    federate(tmp_path, issuer.url)
    issuer.script = [(401, {"type": "error", "error": {"type": "authentication_error", "message": "a.b.c"}})]
    with pytest.raises(TokenRefused, match=r"identity\.jwt") as refused:
        bearer(credentials_of(environment_of(tmp_path)))
    assert "a.b.c" not in str(refused.value)


PROGRAM = "import json, sys; print(json.dumps(json.loads(sys.argv[1])) if sys.argv[1][0] == '{' else sys.argv[1])"


def process(home: Path, printed: object, url: str = "https://x.example") -> Credentials:
    text = printed if isinstance(printed, str) else json.dumps(printed)
    authentication = {"type": "user_oauth", "credential_process": [sys.executable, "-c", PROGRAM, text]}
    config = {"authentication": authentication, "base_url": url}
    write_json(folder_of(home) / "configs" / "default.json", config, 0o644)
    return credentials_of(environment_of(home))


@pytest.mark.parametrize(
    ("printed", "header"),
    [
        ({"version": 1, "type": "oauth_token", "access_token": "t"}, ("authorization", "Bearer t")),
        ({"version": 1, "api_key": "k", "expires_at": "2999-01-01T00:00:00Z"}, ("x-api-key", "k")),
        # what `ant auth print-credentials` prints
        ({"version": "1.0", "access_token": "t", "expires_at": 32503680000}, ("authorization", "Bearer t")),
        # what `--access-token` and an apiKeyHelper print
        ("sk-ant-oat01-t\n", ("authorization", "Bearer sk-ant-oat01-t")),
        ("sk-ant-api03-k", ("x-api-key", "sk-ant-api03-k")),
    ],
)
def test_another_programs_credential_is_used(tmp_path: Path, printed: object, header: tuple[str, str]) -> None:
    assert header in process(tmp_path, printed).headers()


@pytest.mark.parametrize(
    "printed",
    [
        "",
        "two words",
        {"version": 2, "access_token": "very-secret"},
        {"expires_at": 1},
        '{"access_token": "very-secret"',
    ],
)
def test_what_is_no_credential_is_refused_and_not_shown(tmp_path: Path, printed: object) -> None:
    with pytest.raises(CredentialUnusable) as refused:
        process(tmp_path, printed).headers()
    assert "very-secret" not in str(refused.value)


def test_a_credential_for_another_server_is_not_sent_to_this_one(tmp_path: Path) -> None:
    printed = {"version": 1, "access_token": "t", "base_url": "https://other.example"}
    with pytest.raises(CredentialUnusable, match=r"other\.example"):
        process(tmp_path, printed).headers()


@pytest.mark.parametrize(
    ("words", "told"),
    [(["/nonexistent/program"], "cannot be run"), (["false"], "ended with 1"), ("id; id", "list of words")],
)
def test_a_program_that_fails_says_so_and_no_shell_is_asked(tmp_path: Path, words: object, told: str) -> None:
    config = {"authentication": {"type": "user_oauth", "credential_process": words}}
    write_json(folder_of(tmp_path) / "configs" / "default.json", config, 0o644)
    with pytest.raises(CredentialUnusable, match=told):
        credentials_of(environment_of(tmp_path)).headers()


def test_the_public_names_are_there_and_no_others() -> None:
    for name in antechamber.client.__all__:
        assert getattr(antechamber.client, name).__doc__
    with pytest.raises(AttributeError):
        antechamber.client.nothing  # noqa: B018 - it is the looking up that fails


@pytest.mark.parametrize(
    "credential",
    [
        ProcessCredential("auth_token", Secret("t"), 1_800_000_000, "https://ante.example"),
        ProcessCredential("api_key", Secret("k")),
    ],
)
def test_what_we_hand_over_is_read_back_the_same(credential: ProcessCredential) -> None:
    found = parse_credential(json.dumps(show_credential(credential)), "ante")
    assert (found.kind, found.secret.reveal(), found.expires_at, found.base_url) == (
        credential.kind,
        credential.secret.reveal(),
        credential.expires_at,
        credential.base_url,
    )


@pytest.mark.parametrize("end", ["soon", [1], 1e400, "2027-13-01T00:00:00Z"])
def test_an_end_that_is_no_time_is_refused(end: object) -> None:
    with pytest.raises(CredentialUnusable, match="expires_at"):
        parse_credential(json.dumps({"access_token": "t", "expires_at": end}), "program")


@pytest.mark.parametrize(
    ("end", "seconds"), [("2027-01-15T08:00:00Z", 1_800_000_000), ("1800000000", 1_800_000_000), (1.8e9, 1_800_000_000)]
)
def test_an_end_is_seconds_or_rfc_3339(end: object, seconds: int) -> None:
    assert parse_credential(json.dumps({"access_token": "t", "expires_at": end}), "program").expires_at == seconds


@pytest.mark.parametrize(
    "identity",
    [
        {"source": "url"},
        {"source": "file"},
        {"source": "command", "command": "id"},
        {"source": "command", "command": []},
    ],
)
def test_an_identity_source_that_we_do_not_know_is_refused(tmp_path: Path, identity: object) -> None:
    authentication = {"type": "oidc_federation", "federation_rule_id": "fdrl_01", "identity_token": identity}
    config = {"authentication": authentication, "organization_id": "org"}
    write_json(folder_of(tmp_path) / "configs" / "default.json", config, 0o644)
    with pytest.raises(CredentialUnusable, match="identity_token"):
        find_credentials(environment=environment_of(tmp_path))


def test_a_federation_profile_that_lacks_something_names_it(tmp_path: Path) -> None:
    config = {"authentication": {"type": "oidc_federation"}, "organization_id": "org"}
    write_json(folder_of(tmp_path) / "configs" / "default.json", config, 0o644)
    with pytest.raises(CredentialUnusable, match="federation_rule_id, identity_token"):
        find_credentials(environment=environment_of(tmp_path))


def test_a_profile_that_goes_away_meanwhile_is_told(tmp_path: Path, issuer: Issuer) -> None:
    path = put_login(tmp_path, base_url=issuer.url)
    credentials = credentials_of(environment_of(tmp_path))
    (folder_of(tmp_path) / "configs" / "default.json").unlink()
    path.unlink()
    with pytest.raises(CredentialUnusable, match="removed"):
        credentials.headers()


def test_a_program_finds_what_its_own_folder_says(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OPENAI_API_KEY=of-the-folder\n")
    environment = load_environment(tmp_path)
    assert environment.dotenv is not None
    assert environment.dotenv.path == tmp_path.resolve() / ".env"

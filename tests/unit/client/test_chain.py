from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.client.credentials import Access, find_access
from antechamber.client.dotenv import fill, find_env_file
from antechamber.client.environment import Environment
from antechamber.client.failures import CredentialUnusable
from antechamber.client.profiles import ProfileUnusable
from antechamber.client.sources import Given
from antechamber.client.store import ProfileStore
from antechamber.client.trust import TrustStore
from tests.unit.client.homes import environment_of, folder_of, put_login, write_json

FEDERATION = {
    "ANTHROPIC_FEDERATION_RULE_ID": "fdrl_01",
    "ANTHROPIC_ORGANIZATION_ID": "org",
    "ANTHROPIC_IDENTITY_TOKEN": "a.b.c",
}
# in winning order: what is given, what is set, and what is then in force
STEPS: list[tuple[dict[str, str], dict[str, str], str]] = [
    ({"api_key": "flag-key"}, {}, "--api-key"),
    ({"auth_token": "flag-token"}, {}, "--auth-token"),
    ({}, {"ANTHROPIC_API_KEY": "key"}, "ANTHROPIC_API_KEY"),
    ({}, {"ANTHROPIC_AUTH_TOKEN": "token"}, "ANTHROPIC_AUTH_TOKEN"),
    ({}, {"ANTHROPIC_PROFILE": "chosen"}, "profile chosen"),
    ({}, FEDERATION, "federation variables"),
    ({}, {}, "profile active"),
    ({}, {"OPENAI_API_KEY": "openai"}, "OPENAI_API_KEY"),
]
HAS_PROFILE = 6


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def put_chosen(home: Path) -> None:
    put_login(home, "chosen", base_url="https://chosen.example", left=3000)


def put_active(home: Path) -> None:
    put_login(home, "active", base_url="https://active.example", left=3000)
    (folder_of(home) / "active_config").write_text("active\n")


@pytest.mark.parametrize("pair", list(combinations(range(len(STEPS)), 2)))
def test_the_earlier_source_wins_over_the_later_and_shadows_it(home: Path, pair: tuple[int, int]) -> None:
    flags: dict[str, str] = {}
    variables: dict[str, str] = {}
    for number in pair:
        flags |= STEPS[number][0]
        variables |= STEPS[number][1]
    put_chosen(home)
    if HAS_PROFILE in pair:
        put_active(home)
    access = find_access(Given(**flags), environment_of(home, **variables))
    assert access.credential is not None
    first, second = (STEPS[number][2] for number in pair)
    assert access.credential.source == first
    # one profile is in force at a time, and another provider is no rival of it
    told = {"profile active": set() if "ANTHROPIC_PROFILE" in variables else {second}, "OPENAI_API_KEY": set()}
    assert set(access.shadowed) == told.get(second, {second})


def test_everything_at_once_is_listed_in_order_with_its_winner(home: Path) -> None:
    put_active(home)
    variables = {"ANTHROPIC_API_KEY": "key", "ANTHROPIC_AUTH_TOKEN": "token", "OPENAI_API_KEY": "o", **FEDERATION}
    access = find_access(Given(), environment_of(home, **variables))
    assert [source.name for source in access.sources] == [
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "federation variables",
        "profile active",
        "OPENAI_API_KEY",
    ]
    assert access.active is access.sources[0]


@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE", "OPENAI_API_KEY"])
def test_an_empty_variable_is_not_set(home: Path, name: str) -> None:
    access = find_access(Given(), environment_of(home, **{name: ""}))
    assert (access.credential, access.sources) == (None, ())


def test_an_organization_alone_is_no_federation(home: Path) -> None:
    put_active(home)
    environment = environment_of(home, ANTHROPIC_ORGANIZATION_ID="org", ANTHROPIC_SERVICE_ACCOUNT_ID="svac_01")
    access = find_access(Given(), environment)
    assert access.credential is not None
    assert access.credential.source == "profile active"


@pytest.mark.parametrize(
    "gone", ["ANTHROPIC_FEDERATION_RULE_ID", "ANTHROPIC_ORGANIZATION_ID", "ANTHROPIC_IDENTITY_TOKEN"]
)
def test_federation_set_in_part_says_what_is_missing(home: Path, gone: str) -> None:
    variables = {name: value for name, value in FEDERATION.items() if name != gone}
    with pytest.raises(CredentialUnusable, match=gone):
        find_access(Given(), environment_of(home, **variables))
    tolerant = find_access(Given(), environment_of(home, **variables), strict=False)
    assert tolerant.credential is None
    assert gone in (tolerant.sources[0].problem or "")


def test_federation_set_in_part_does_not_bother_who_has_a_key(home: Path) -> None:
    access = find_access(Given(), environment_of(home, ANTHROPIC_API_KEY="k", ANTHROPIC_FEDERATION_RULE_ID="fdrl_01"))
    assert (access.kind, access.shadowed) == ("api_key", ())


def test_a_federation_profile_takes_from_variables_what_it_leaves_out_and_nothing_else(home: Path) -> None:
    config = {
        "authentication": {"type": "oidc_federation", "federation_rule_id": "fdrl_of_the_profile"},
        "organization_id": "org-of-the-profile",
    }
    write_json(folder_of(home) / "configs" / "default.json", config, 0o644)
    variables = {"ANTHROPIC_IDENTITY_TOKEN_FILE": "/run/token", "ANTHROPIC_WORKSPACE_ID": "wrkspc_01"}
    found = find_access(Given(), environment_of(home, **variables)).federation
    assert found is not None
    assert found.fields() == {
        "federation_rule_id": "fdrl_of_the_profile",
        "organization_id": "org-of-the-profile",
        "workspace_id": "wrkspc_01",
    }
    assert found.identity.label == "/run/token"


@pytest.mark.parametrize("how", [{"profile": "gone"}, {}])
def test_a_profile_that_was_asked_for_and_is_missing_is_an_error_that_names_it(home: Path, how: dict[str, str]) -> None:
    variables = {} if how else {"ANTHROPIC_PROFILE": "gone"}
    with pytest.raises(ProfileUnusable, match="gone"):
        find_access(Given(**how), environment_of(home, **variables))


def test_a_profile_that_was_asked_for_and_is_logged_out_says_how_to_log_in(home: Path) -> None:
    put_login(home, "work", base_url="https://x.example").unlink()
    with pytest.raises(ProfileUnusable, match="ante auth login --profile work"):
        find_access(Given(profile="work"), environment_of(home))
    assert find_access(Given(), environment_of(home)).credential is None


def test_a_broken_profile_does_not_bother_who_has_a_key(home: Path) -> None:
    put_login(home, base_url="https://x.example").chmod(0o644)
    environment = environment_of(home, ANTHROPIC_API_KEY="key")
    assert find_access(Given(), environment).kind == "api_key"
    with pytest.raises(ProfileUnusable, match="chmod 600"):
        find_access(Given(), environment_of(home))


@pytest.mark.parametrize("number", range(len(STEPS) - 1))
@pytest.mark.parametrize(
    ("flag", "variables", "expected"),
    [
        ("https://flag.example/", {"ANTHROPIC_BASE_URL": "https://variable.example"}, "https://flag.example"),
        (None, {"ANTHROPIC_BASE_URL": "https://variable.example/"}, "https://variable.example"),
        (None, {"ANTHROPIC_BASE_URL": "https://b.example", "ANTE_BASE_URL": "https://a.example"}, "https://a.example"),
    ],
)
def test_the_base_url_applies_to_every_credential(
    home: Path, number: int, flag: str | None, variables: dict[str, str], expected: str
) -> None:
    put_chosen(home)
    if number == HAS_PROFILE:
        put_active(home)
    flags, own, source = STEPS[number]
    access = find_access(Given(base_url=flag, **flags), environment_of(home, **variables, **own))
    assert access.credential is not None
    assert (access.credential.source, access.base_url.value) == (source, expected)


def test_an_openai_key_goes_to_its_own_address_and_never_to_ours(home: Path) -> None:
    variables = {"OPENAI_API_KEY": "o", "ANTHROPIC_BASE_URL": "https://ante.example"}
    assert find_access(Given(), environment_of(home, **variables)).base_url.value == "https://api.openai.com/v1"
    more = {"OPENAI_BASE_URL": "https://api-inference.modelscope.cn/v1", "OPENAI_MODEL": "Qwen/Qwen3-Coder"}
    access = find_access(Given(), environment_of(home, **variables, **more))
    assert (access.kind, access.base_url.value, access.model) == ("openai", more["OPENAI_BASE_URL"], "Qwen/Qwen3-Coder")
    assert access.headers() == [("authorization", "Bearer o")]
    # what knows only our paths, which have their version, puts them behind the rest
    assert access.rooted().base_url.value == "https://api-inference.modelscope.cn"


def test_an_openai_key_administers_nothing(home: Path) -> None:
    assert find_access(Given(), environment_of(home, OPENAI_API_KEY="o"), administration=True).credential is None


def test_a_profile_without_a_server_is_anthropics_as_for_its_own_programs(home: Path) -> None:
    put_login(home, base_url="", left=3000)
    assert find_access(Given(), environment_of(home)).base_url.value == "https://api.anthropic.com"
    assert find_access(Given(api_key="k"), environment_of(home)).base_url.value == "http://127.0.0.1:8787"


def test_the_workspace_of_a_profile_wins_over_the_variable_and_is_not_lent_to_keys(home: Path) -> None:
    put_login(home, base_url="https://x.example", left=3000)
    environment = environment_of(home, ANTHROPIC_WORKSPACE_ID="wrkspc_variable")
    assert find_access(Given(), environment).workspace_id == "wrkspc_01"
    assert find_access(Given(api_key="k"), environment).workspace_id == "wrkspc_variable"
    assert find_access(Given(api_key="k"), environment_of(home)).workspace_id is None


def in_project(home: Path, folder: Path, lines: str, **variables: str) -> Environment:
    folder.mkdir(exist_ok=True)
    (folder / ".env").write_text(lines)
    environment = environment_of(home, **variables)
    return fill(environment, *find_env_file(folder, environment))


EVIL = "ANTHROPIC_BASE_URL=https://evil.example\nOPENAI_BASE_URL=https://evil.example/v1\nANTE_BASE_URL=https://evil.example\n"


@pytest.mark.parametrize("number", range(len(STEPS)))
def test_a_cloned_repository_cannot_send_a_persons_credential_elsewhere(tmp_path: Path, number: int) -> None:
    home = tmp_path / "home"
    put_chosen(home)
    if number == HAS_PROFILE:
        put_active(home)
    flags, variables, source = STEPS[number]
    environment = in_project(home, tmp_path / "clone", EVIL, **variables)
    access = find_access(Given(**flags), environment)
    assert access.credential is not None
    assert access.credential.source == source
    assert "evil" not in access.base_url.value
    assert any("ante trust" in note for note in access.notes)


@pytest.mark.parametrize("number", range(len(STEPS)))
def test_a_trusted_folder_may(tmp_path: Path, number: int) -> None:
    home = tmp_path / "home"
    put_chosen(home)
    if number == HAS_PROFILE:
        put_active(home)
    (tmp_path / "clone").mkdir()
    TrustStore(environment_of(home)).trust(tmp_path / "clone")
    flags, variables, _ = STEPS[number]
    access = find_access(Given(**flags), in_project(home, tmp_path / "clone", EVIL, **variables))
    assert access.base_url.value.startswith("https://evil.example")
    assert access.notes == ()


@pytest.mark.parametrize("number", [2, 3, 5, 7])
def test_a_projects_file_is_used_at_once_for_its_own_credential(tmp_path: Path, number: int) -> None:
    own = "".join(f"{name}={value}\n" for name, value in STEPS[number][1].items())
    access = find_access(Given(), in_project(tmp_path / "home", tmp_path / "project", EVIL + own))
    assert access.base_url.value.startswith("https://evil.example")
    assert access.active is not None
    assert access.active.is_usable


def test_a_projects_rule_cannot_draw_a_persons_identity_token_elsewhere(tmp_path: Path) -> None:
    lines = EVIL + "ANTHROPIC_FEDERATION_RULE_ID=fdrl_evil\nANTHROPIC_ORGANIZATION_ID=evil\n"
    environment = in_project(tmp_path, tmp_path / "clone", lines, ANTHROPIC_IDENTITY_TOKEN="a.b.c")
    assert "evil" not in find_access(Given(), environment).base_url.value
    environment = in_project(tmp_path, tmp_path / "clone", lines + "ANTHROPIC_IDENTITY_TOKEN_FILE=/var/run/token\n")
    assert find_access(Given(), environment, strict=False).federation is None


def test_without_a_credential_a_projects_server_is_not_logged_in_to(tmp_path: Path) -> None:
    access = find_access(Given(), in_project(tmp_path, tmp_path / "clone", EVIL))
    assert access.base_url.source == "default"


@given(
    flags=st.sets(st.sampled_from(["api_key", "auth_token"])),
    names=st.sets(st.sampled_from(["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "OPENAI_API_KEY", *FEDERATION])),
)
def test_whatever_is_set_the_winner_is_the_first_usable_source(flags: set[str], names: set[str]) -> None:
    environment = Environment({name: f"value of {name}" for name in names}, Path("/nonexistent"))
    access = find_access(Given(**dict.fromkeys(flags, "given")), environment, strict=False)
    _check_first(access)


def _check_first(access: Access) -> None:
    usable = [source for source in access.sources if source.is_usable]
    fatal = [source for source in access.sources if source.is_fatal and not source.is_usable]
    if access.active is None:
        assert not usable or (fatal and access.sources.index(fatal[0]) < access.sources.index(usable[0]))
    else:
        assert access.active is usable[0]


def test_no_secret_is_shown_by_repr(home: Path) -> None:
    put_login(home, base_url="https://x.example", left=3000)
    environment = environment_of(home, ANTHROPIC_AUTH_TOKEN="very-secret-token")
    access = find_access(Given(api_key="very-secret-key"), environment)
    shown = repr((access, environment, Given(api_key="very-secret-key"), ProfileStore(environment).read("default")))
    assert "very-secret" not in shown
    assert "sk-ant-o" not in shown

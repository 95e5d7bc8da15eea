import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.client.dotenv import NAMES, fill, find_env_file, parse_env, places
from antechamber.client.environment import Environment
from antechamber.client.trust import TrustStore


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


def put(path: Path, **values: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    return path


def load(folder: Path, home: Path, **variables: str) -> Environment:
    environment = Environment(variables, home)
    return fill(environment, *find_env_file(folder, environment))


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1", "1"),
        ("A = 1 ", "1"),
        ("  export A=1", "1"),
        ("A=two words", "two words"),
        ("A=1 # comment", "1"),
        ("A=1#2", "1#2"),
        ("A=# comment", ""),
        ("A=", ""),
        ("A='$HOME `id` # x'", "$HOME `id` # x"),
        ('A="$HOME $(id)" # x', "$HOME $(id)"),
        ("A='it\\'s'", "it's"),
        ('A="say \\"hi\\"\\n"', 'say "hi"\n'),
        ('A="back\\\\slash \\d"', "back\\slash \\d"),
        ("A='two\nlines'", "two\nlines"),
        ("A=$HOME/$(id)", "$HOME/$(id)"),
        ("\ufeffA=1", "1"),
        ("A=1\r", "1"),
        ("A=0\nA=1", "1"),
        ("A=密钥", "密钥"),
    ],
)
def test_a_line_means_what_other_readers_take_it_for(line: str, value: str) -> None:
    parsed = parse_env(line + "\nB=2\n")
    assert parsed.values == {"A": value, "B": "2"}
    assert parsed.broken_lines == ()


@pytest.mark.parametrize("line", ["A", "=1", "1A=2", "A-B=1", "A='open", 'A="open', "A='1'2", "export", "A=x\0y"])
def test_a_line_that_means_nothing_is_counted_and_the_others_still_hold(line: str) -> None:
    parsed = parse_env(f"Y=1\n{line}\nZ=2\n")
    assert parsed.values == {"Y": "1", "Z": "2"}
    assert parsed.broken_lines == (2,)


@given(st.text())
def test_no_text_is_too_strange_to_read(text: str) -> None:
    parsed = parse_env(text)
    assert all(name.isascii() and "\0" not in value for name, value in parsed.values.items())


_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"})


@given(
    st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]*", fullmatch=True), st.text().filter(lambda t: "\0" not in t))
)
def test_what_is_written_in_double_quotes_is_read_back(values: Mapping[str, str]) -> None:
    text = "".join(f'{name}="{value.translate(_ESCAPES)}"\n' for name, value in values.items())
    assert parse_env(text).values == values


@given(st.sets(st.integers(0, 11)))
def test_the_first_file_on_the_way_up_wins_and_nothing_merges(there: set[int]) -> None:
    # three folders one in another, then home; each may hold any of the three names
    with tempfile.TemporaryDirectory() as root:
        home, base = Path(root, "home"), Path(root, "a").resolve()
        home.mkdir()
        folders = [base / "b" / "c", base / "b", base]
        folders[0].mkdir(parents=True)
        spots = [folder / name for folder in (*folders, home) for name in NAMES]
        for number in there:
            put(spots[number], OPENAI_MODEL=f"model-{number}", **{f"ONLY_{number}": "1"})
        found = load(folders[0], home)
        first = min(there, default=None)
        assert found.get("OPENAI_MODEL") == (None if first is None else f"model-{first}")
        assert {name for name in found.variables if name.startswith("ONLY_")} == (
            set() if first is None else {f"ONLY_{first}"}
        )
        assert (found.dotenv.path if found.dotenv else None) == (None if first is None else spots[first])


def test_the_search_goes_up_to_the_root_and_then_home(tmp_path: Path, home: Path) -> None:
    looked = [path for _, path in places(tmp_path / "p", Environment({}, home))]
    assert looked[:3] == [tmp_path.resolve() / "p" / name for name in NAMES]
    assert Path("/.env") in looked
    assert looked[-3:] == [home / name for name in NAMES]


def test_what_is_set_is_never_overridden_but_what_is_empty_counts_as_not_set(tmp_path: Path, home: Path) -> None:
    put(tmp_path / "p" / ".env", OPENAI_API_KEY="of-the-file", OPENAI_MODEL="of-the-file")
    found = load(tmp_path / "p", home, OPENAI_API_KEY="of-the-shell", OPENAI_MODEL="")
    assert (found.get("OPENAI_API_KEY"), found.get("OPENAI_MODEL")) == ("of-the-shell", "of-the-file")
    assert found.filled == {"OPENAI_MODEL"}


@pytest.mark.parametrize("name", ["DEBUG", "DEBUG_MODE"])
def test_debug_never_comes_from_a_projects_plain_file(tmp_path: Path, home: Path, name: str) -> None:
    put(tmp_path / "plain" / ".env", **{name: "1"})
    put(tmp_path / "own" / ".qwen" / ".env", **{name: "1"})
    put(home / ".env", **{name: "1"})
    assert load(tmp_path / "plain", home).get(name) is None
    assert load(tmp_path / "own", home).get(name) == "1"
    assert load(home, home).get(name) == "1"


@pytest.mark.parametrize(
    "name",
    [
        "QWEN_HOME",
        "QWEN_RUNTIME_DIR",
        "QWEN_CODE_SYSTEM_SETTINGS_PATH",
        "QWEN_SANDBOX_IMAGE",
        "NODE_TLS_REJECT_UNAUTHORIZED",
        "NODE_EXTRA_CA_CERTS",
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "GIT_SSH_COMMAND",
        "SSH_ASKPASS",
        "ANTHROPIC_CONFIG_DIR",
        "ANTE_CA_FILE",
        "XDG_CONFIG_HOME",
        "HOME",
        "PATH",
    ],
)
def test_no_project_sets_what_moves_trust_even_if_it_is_trusted(tmp_path: Path, home: Path, name: str) -> None:
    put(tmp_path / "p" / ".ante" / ".env", **{name: "/evil"})
    TrustStore(Environment({}, home)).trust(tmp_path / "p")
    found = load(tmp_path / "p", home)
    assert found.get(name) is None
    assert found.dotenv is not None
    assert name in found.dotenv.refused
    put(home / ".env", **{name: "/mine"})
    assert load(home, home).get(name) == "/mine"


@pytest.mark.parametrize("name", ["LD_PRELOAD", "ld_preload", "DYLD_INSERT_LIBRARIES", "PYTHONSTARTUP", "NODE_OPTIONS"])
@pytest.mark.parametrize("where", ["home", "p"])
def test_what_loads_code_is_rejected_everywhere_with_a_message(
    tmp_path: Path, home: Path, name: str, where: str
) -> None:
    path = put(tmp_path / where / ".env", **{name: "/evil.so"})
    found = load(tmp_path / where, home)
    assert found.get(name) is None
    assert any(name in note and str(path) in note for note in found.notes)


@pytest.mark.parametrize(
    "name", ["HTTPS_PROXY", "https_proxy", "ANTHROPIC_CONSOLE_URL", "ANTHROPIC_IDENTITY_TOKEN_FILE"]
)
def test_what_sends_secrets_elsewhere_needs_trust(tmp_path: Path, home: Path, name: str) -> None:
    put(tmp_path / "p" / ".env", **{name: "x"})
    assert load(tmp_path / "p", home).get(name) is None
    TrustStore(Environment({}, home)).trust(tmp_path / "p")
    assert load(tmp_path / "p", home).get(name) == "x"


def test_a_file_that_cannot_be_read_or_is_none_is_passed_over(tmp_path: Path, home: Path) -> None:
    (tmp_path / "p" / "q" / ".env").mkdir(parents=True)
    put(tmp_path / "p" / ".env", OPENAI_MODEL="m")
    assert load(tmp_path / "p" / "q", home).get("OPENAI_MODEL") == "m"
    os.mkfifo(tmp_path / "p" / "q" / "fifo")
    (tmp_path / "p" / "q" / ".ante").mkdir()
    (tmp_path / "p" / "q" / ".ante" / ".env").symlink_to("../fifo")
    assert load(tmp_path / "p" / "q", home).get("OPENAI_MODEL") == "m"


def test_values_are_not_shown_by_repr(tmp_path: Path, home: Path) -> None:
    put(tmp_path / "p" / ".env", OPENAI_API_KEY="sk-very-secret")
    assert "very-secret" not in repr(load(tmp_path / "p", home))


def test_trust_is_for_one_folder_by_its_real_path(tmp_path: Path, home: Path) -> None:
    store = TrustStore(Environment({}, home))
    real = tmp_path / "p"
    (real / "below").mkdir(parents=True)
    (tmp_path / "link").symlink_to(real)
    assert store.trust(tmp_path / "link") == real.resolve()
    assert store.is_trusted(real)
    assert not store.is_trusted(real / "below")
    assert not store.is_trusted(tmp_path)
    assert store.folders() == [real.resolve()]
    assert store.distrust(real)
    assert not store.distrust(real)
    assert store.folders() == []


def test_a_list_of_trusted_folders_that_others_could_write_trusts_nothing(tmp_path: Path, home: Path) -> None:
    store = TrustStore(Environment({}, home))
    (tmp_path / "p").mkdir()
    store.trust(tmp_path / "p")
    store.path.chmod(0o666)
    put(tmp_path / "p" / ".env", HTTPS_PROXY="x")
    assert load(tmp_path / "p", home).get("HTTPS_PROXY") is None

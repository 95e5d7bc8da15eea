import json
import os
from pathlib import Path

import pytest

from antechamber.client.failures import CredentialUnusable
from antechamber.client.files import FileUnsafe, read_plain, read_secret, remove, write_plain, write_secret


@pytest.fixture(autouse=True)
def usual_umask() -> object:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_a_secret_file_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    os.umask(0)
    path = tmp_path / "anthropic" / "credentials" / "default.json"
    write_secret(path, {"access_token": "x"})
    assert (mode(path), mode(path.parent), mode(path.parent.parent)) == (0o600, 0o700, 0o755)
    assert read_secret(path) == {"access_token": "x"}


def test_a_plain_file_is_readable_for_everybody_and_writable_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "configs" / "default.json"
    write_plain(path, {"version": "1.0"})
    assert (mode(path), mode(path.parent)) == (0o644, 0o755)


def test_a_new_version_has_the_right_mode_even_if_the_old_one_had_not(tmp_path: Path) -> None:
    path = tmp_path / "default.json"
    path.write_text("{}")
    path.chmod(0o666)
    write_secret(path, {"a": 1})
    assert mode(path) == 0o600


@pytest.mark.parametrize("loose", [0o604, 0o640, 0o660, 0o666, 0o601])
def test_a_secret_that_others_may_open_is_refused_with_the_command_that_mends_it(tmp_path: Path, loose: int) -> None:
    path = tmp_path / "default.json"
    path.write_text('{"access_token": "the-secret"}')
    path.chmod(loose)
    with pytest.raises(FileUnsafe) as refused:
        read_secret(path)
    assert f"chmod 600 {path}" in str(refused.value)
    assert "the-secret" not in str(refused.value)


@pytest.mark.parametrize("loose", [0o664, 0o646])
def test_a_config_that_others_may_write_is_refused(tmp_path: Path, loose: int) -> None:
    path = tmp_path / "default.json"
    path.write_text("{}")
    path.chmod(loose)
    with pytest.raises(FileUnsafe, match="chmod go-w"):
        read_plain(path)


def test_a_secret_in_a_folder_where_others_may_put_files_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "credentials" / "default.json"
    write_secret(path, {})
    path.parent.chmod(0o770)
    with pytest.raises(FileUnsafe, match=f"chmod 700 {path.parent}"):
        read_secret(path)


@pytest.mark.parametrize("read", [read_secret, read_plain])
def test_a_symlink_is_refused(tmp_path: Path, read: object) -> None:
    target = tmp_path / "target.json"
    write_secret(target, {})
    link = tmp_path / "link.json"
    link.symlink_to(target)
    with pytest.raises(FileUnsafe, match="symlink"):
        read(link)  # type: ignore[operator]


@pytest.mark.parametrize("content", ["", "secret", "[1]", '"secret"', "{", "[" * 100_000, '{"a": "secret"'])
def test_what_is_no_object_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "default.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(CredentialUnusable) as refused:
        read_secret(path)
    assert "secret" not in str(refused.value)


def test_what_is_not_there_reads_as_nothing(tmp_path: Path) -> None:
    assert read_secret(tmp_path / "gone.json") is None
    assert read_plain(tmp_path / "no" / "folder" / "gone.json") is None
    assert not remove(tmp_path / "gone.json")


def test_a_folder_or_a_pipe_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(CredentialUnusable):
        read_plain(tmp_path / "folder.json")


def test_a_write_that_fails_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "default.json"
    write_secret(path, {"a": 1})
    with pytest.raises(TypeError):
        write_secret(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_drafts_that_killed_writers_left_are_swept_up_an_hour_later(tmp_path: Path) -> None:
    old, new = tmp_path / ".default.json.aa.tmp", tmp_path / ".default.json.bb.tmp"
    old.touch()
    new.touch()
    os.utime(old, (1, 1))
    write_secret(tmp_path / "default.json", {})
    assert (old.exists(), new.exists()) == (False, True)

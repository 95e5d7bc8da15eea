"""The data folder: private, used by one server, its pepper never overwritten."""

import stat
from pathlib import Path

import pytest

from antechamber.base.chance import SystemChance
from antechamber.wiring.data_folder import DataFolder, DataFolderError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "deep" / "data")
    made.prepare()
    return made


def test_the_folder_and_its_private_parts_are_the_owners_alone(folder: DataFolder) -> None:
    assert [mode(path) for path in (folder.path, folder.secrets, folder.path / "spool")] == [0o700] * 3
    folder.prepare()
    assert folder.spool("main") == folder.path / "spool" / "main"
    assert folder.operator_socket.parent == folder.path


def test_secrets_that_were_opened_to_others_are_closed_again(folder: DataFolder) -> None:
    folder.secrets.chmod(0o755)
    folder.prepare()
    assert mode(folder.secrets) == 0o700


def test_a_folder_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataFolderError, match=r"file/data: cannot be used as the data folder: Not a directory$"):
        DataFolder(tmp_path / "file" / "data").prepare()


def test_a_second_server_is_refused_and_told_who_has_it(folder: DataFolder) -> None:
    import os  # noqa: PLC0415 - only for this process's id

    folder.lock()
    other = DataFolder(folder.path)
    with pytest.raises(DataFolderError, match=rf"another server \(process {os.getpid()}\) uses this data folder$"):
        other.lock()
    folder.unlock()
    folder.unlock()
    other.lock()
    other.unlock()
    assert mode(folder.path / "lock") == 0o600


def test_the_pepper_is_made_once_and_kept(folder: DataFolder) -> None:
    made = folder.pepper(SystemChance())
    assert mode(folder.secrets / "pepper") == 0o600
    assert len(made.reveal()) == 64
    assert folder.pepper(SystemChance()).reveal() == made.reveal()


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o666])
def test_a_pepper_that_others_can_read_is_refused(folder: DataFolder, bits: int) -> None:
    folder.pepper(SystemChance())
    (folder.secrets / "pepper").chmod(bits)
    with pytest.raises(DataFolderError, match=r"others can read it; run: chmod 600 "):
        folder.pepper(SystemChance())


def test_an_empty_pepper_is_refused(folder: DataFolder) -> None:
    (folder.secrets / "pepper").touch(mode=0o600)
    with pytest.raises(DataFolderError, match=r"pepper: is empty"):
        folder.pepper(SystemChance())


def test_master_keys_are_drawn_when_they_are_first_needed_and_a_line_put_before_seals(folder: DataFolder) -> None:
    path = folder.secrets / "master_keys"
    assert not path.exists()
    (drawn,) = folder.master_keys(SystemChance())
    assert (mode(path), len(drawn.reveal())) == (0o600, 64)
    path.write_text(f"newer\n{path.read_text()}")
    assert [key.reveal() for key in folder.master_keys(SystemChance())] == ["newer", drawn.reveal()]

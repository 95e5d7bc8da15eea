import os
import threading
import time
from pathlib import Path

import pytest

from antechamber.client.locks import LockHeld, exclusively


def test_one_holds_the_lock_while_the_others_wait(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        with exclusively(tmp_path / ".lock", tmp_path / "credentials"):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.01)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 10


def test_the_folder_lock_stands_beside_the_folder_while_it_is_held_and_goes_after(tmp_path: Path) -> None:
    folder = tmp_path / "credentials"
    with exclusively(folder / ".lock", folder):
        assert (tmp_path / "credentials.lock").is_dir()
    assert not (tmp_path / "credentials.lock").exists()


def test_the_folder_lock_of_another_program_is_respected(tmp_path: Path) -> None:
    (tmp_path / "credentials.lock").mkdir()
    with (
        pytest.raises(LockHeld, match=r"credentials\.lock"),
        exclusively(tmp_path / ".lock", tmp_path / "credentials", patience_seconds=0.1),
    ):
        pass
    assert (tmp_path / "credentials.lock").is_dir()


def test_a_folder_lock_whose_holder_missed_three_touches_is_taken_over(tmp_path: Path) -> None:
    left = tmp_path / "credentials.lock"
    left.mkdir()
    long_ago = time.time() - 16
    os.utime(left, (long_ago, long_ago))
    with exclusively(tmp_path / ".lock", tmp_path / "credentials", patience_seconds=0.1):
        assert left.is_dir()
    assert not left.exists()


def test_a_lock_file_that_is_held_for_too_long_says_which(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with exclusively(path), pytest.raises(LockHeld, match=str(path)), exclusively(path, patience_seconds=0.05):
        pass


def test_a_failure_inside_lets_go_of_both(tmp_path: Path) -> None:
    def fail() -> None:
        with exclusively(tmp_path / ".lock", tmp_path / "credentials"):
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        fail()
    with exclusively(tmp_path / ".lock", tmp_path / "credentials", patience_seconds=0.05):
        pass


def test_a_symlink_in_the_place_of_the_lock_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / ".lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"), exclusively(tmp_path / ".lock"):
        pass
    assert not (tmp_path / "elsewhere").exists()

"""What a sandbox stands on: files laid into its layer, folders kept by name, ranges of ids, layers."""

import os
from pathlib import Path

import pytest

from antechamber.adapters.sandboxes.oci import kept, mounts
from antechamber.adapters.sandboxes.oci.ids import Ranges
from antechamber.adapters.sandboxes.oci.mounts import lay
from antechamber.features.environments.model.sandbox import Layer, SandboxError, SandboxSpec

OWN = os.getuid()


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    (folder / "etc").mkdir(parents=True)
    (folder / "etc").chmod(0o755)
    (folder / "usr/lib").mkdir(parents=True)
    (folder / "lib").symlink_to("usr/lib")
    (folder / "private").mkdir(mode=0o700)
    return folder


@pytest.fixture
def upper(tmp_path: Path) -> Path:
    folder = tmp_path / "upper"
    folder.mkdir()
    return folder


def test_files_are_laid_with_the_folders_that_they_need(base: Path, upper: Path) -> None:
    lay(upper, base, {"/etc/antechamber/deep/note": b"here", "/private/key": b"x"}, OWN)
    assert (upper / "etc/antechamber/deep/note").read_bytes() == b"here"
    assert (upper / "private").stat().st_mode & 0o777 == 0o700
    assert (upper / "etc/antechamber").stat().st_mode & 0o777 == 0o755


def test_what_is_there_is_replaced(base: Path, upper: Path) -> None:
    lay(upper, base, {"/etc/hosts": b"one"}, OWN)
    lay(upper, base, {"/etc/hosts": b"two"}, OWN)
    assert (upper / "etc/hosts").read_bytes() == b"two"


def test_links_that_a_sandbox_left_are_replaced_and_not_followed(base: Path, upper: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "hosts").write_bytes(b"untouched")
    (upper / "etc").symlink_to(outside)
    lay(upper, base, {"/etc/hosts": b"inside"}, OWN)
    assert (outside / "hosts").read_bytes() == b"untouched"
    assert not (upper / "etc").is_symlink()
    (upper / "etc/hosts").unlink()
    (upper / "etc/hosts").symlink_to(outside / "hosts")
    lay(upper, base, {"/etc/hosts": b"inside"}, OWN)
    assert (outside / "hosts").read_bytes() == b"untouched"
    assert (upper / "etc/hosts").read_bytes() == b"inside"


def test_links_of_the_base_are_followed_inside_it(base: Path, upper: Path) -> None:
    lay(upper, base, {"/lib/note": b"x", "/../../etc/up": b"y"}, OWN)
    assert (upper / "usr/lib/note").read_bytes() == b"x"
    assert not (upper / "lib").exists()
    assert (upper / "etc/up").read_bytes() == b"y"


def test_owners_of_a_layer_count_from_nothing() -> None:
    assert mounts._inside(700_033, 700_000) == 33
    assert mounts._inside(0, 700_000) == 0
    assert mounts._inside(700_000 + 65_536, 700_000) == 0


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../up", ".hidden", "a b", "x" * 121, "nul\0"])
def test_an_id_that_could_be_another_folder_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SandboxError):
        kept.Sessions(tmp_path).folder(name)
    with pytest.raises(SandboxError):
        kept.Layers(tmp_path).place("organization", name)


def test_each_sandbox_has_ids_of_its_own_and_gives_them_back() -> None:
    ranges = Ranges(rootless=False)
    taken = [ranges.take() for _ in range(100)]
    assert len(set(taken)) == 100
    assert all(abs(one - other) >= 65_536 for one in taken for other in taken if one != other)
    assert all(first >= 0x7000_0000 and first + 65_536 < 1 << 31 for first in taken)


def test_a_kept_range_is_nobody_elses() -> None:
    first = Ranges(rootless=False).take()
    ranges = Ranges(rootless=False)
    ranges.take(first)
    assert ranges.take() != first


def test_ranges_run_out_loudly() -> None:
    ranges = Ranges(rootless=False)
    for _ in range(4095):
        ranges.take()
    with pytest.raises(SandboxError):
        ranges.take()


def test_all_sandboxes_of_a_user_have_the_ids_after_the_users_own() -> None:
    ranges = Ranges(rootless=True)
    assert {ranges.take(), ranges.take()} == {1}
    assert ranges.size == 65_535


def test_what_was_kept_is_stopped_when_it_is_read_again(tmp_path: Path) -> None:
    sessions = kept.Sessions(tmp_path)
    spec = SandboxSpec("one", "org", layers=("a", "b"), labels={"kind": "session"})
    sessions.folder("one").mkdir()
    sessions.keep(kept.first_state(spec, "digest", 7, 12, has_disk=True))
    again = kept.Sessions(tmp_path)
    again.load()
    [state] = again.all()
    assert (state.state, state.layers, state.labels) == ("stopped", ("a", "b"), {"kind": "session"})
    assert again.uses("org", "a")
    assert not again.uses("other", "a")


def test_half_of_a_layer_is_never_found(tmp_path: Path) -> None:
    layers = kept.Layers(tmp_path)
    fresh = layers.place("org", "abc").with_name(".abc.12")
    (fresh / "fs").mkdir(parents=True)
    layers.describe(fresh, Layer("org", "abc", 1, 2, 2))
    assert layers.find("org", "abc") is None
    assert layers.all("org") == layers.all(None) == []
    with pytest.raises(SandboxError):
        layers.tree("org", "abc")
    fresh.rename(layers.place("org", "abc"))
    assert layers.tree("org", "abc") == layers.place("org", "abc") / "fs"
    layers.touch("org", "abc", 99)
    assert [(layer.digest, layer.used_at) for layer in layers.all("org")] == [("abc", 99)]


def test_what_was_half_made_is_removed_and_the_rest_stays(tmp_path: Path) -> None:
    layers = kept.Layers(tmp_path)
    half, whole = layers.place("org", "abc").with_name(".abc.12"), layers.place("org", "abc")
    for folder in (half, whole):
        (folder / "fs").mkdir(parents=True)
    layers.clear()
    assert whole.exists()
    assert not half.exists()

"""Bases as a runtime finds them: this machine's programs around a skeleton, and trees that were put there."""

import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from antechamber.adapters.sandboxes.images import host
from antechamber.adapters.sandboxes.images.making import Maker, MakingFailed
from antechamber.adapters.sandboxes.images.means import Source
from antechamber.adapters.sandboxes.images.trees import Tree, Trees


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine's root folder, with things that nobody inside should see."""
    root = tmp_path / "machine"
    for name in ("usr/bin", "usr/lib/node_modules", "usr/local/bin", "usr/share", "home/me", "root", "etc/alternatives",
                 "var/lib/dpkg", "etc/python3.11", "etc/ssl/certs", "opt/secret"):  # fmt: skip
        (root / name).mkdir(parents=True)
    for name in ("usr/bin/pip3", "usr/local/bin/npm", "etc/shadow", "etc/passwd", "root/.netrc", "var/lib/dpkg/status",
                 "etc/ssl/certs/ca-certificates.crt"):  # fmt: skip
        (root / name).write_text(f"the machine's {name}")
    (root / "usr/bin/npm").symlink_to(root / "usr/local/bin/npm")
    (root / "usr/bin/go").symlink_to("/nowhere/go")
    (root / "bin").symlink_to("usr/bin")
    (root / "lib").mkdir()
    (root / "etc/alternatives/awk").symlink_to("/usr/bin/mawk")
    return root


def test_the_view_of_this_machine_shows_its_programs_and_nothing_of_anybody(machine: Path, tmp_path: Path) -> None:
    made = host.make(tmp_path / "rootfs", 0, machine)
    assert {inside: path for path, inside in made.binds} == {
        "/usr/bin": machine / "usr/bin",
        "/usr/lib": machine / "usr/lib",
        "/usr/share": machine / "usr/share",
        "/lib": machine / "lib",
    }
    inside = {str(path.relative_to(made.folder)) for path in made.folder.rglob("*")}
    assert {"etc/passwd", "usr/local/bin", "root", "workspace", "etc/alternatives/awk", "bin"} <= inside
    assert not inside & {"etc/shadow", "root/.netrc", "home", "home/me", "opt/secret", "usr/local/bin/npm"}
    assert "the machine's" not in (made.folder / "etc/passwd").read_text()
    assert "the machine's" in (made.folder / "etc/ssl/certs/ca-certificates.crt").read_text()
    assert (made.folder / "tmp").stat().st_mode & 0o7777 == 0o1777


def test_only_managers_whose_programs_show_are_told(machine: Path, tmp_path: Path) -> None:
    # npm is a link to /usr/local, which does not show; go leads nowhere
    assert host.make(tmp_path / "rootfs", 0, machine).managers == ("pip",)


def test_the_view_is_made_anew_when_this_machine_s_packages_change(machine: Path, tmp_path: Path) -> None:
    first = host.make(tmp_path / "rootfs", 0, machine)
    assert host.make(tmp_path / "rootfs", 0, machine) == first
    (machine / "var/lib/dpkg/status").write_text("another")
    assert host.make(tmp_path / "rootfs", 0, machine).digest != first.digest


def test_a_machine_without_debian_s_list_of_packages_has_a_view_too(machine: Path, tmp_path: Path) -> None:
    (machine / "var/lib/dpkg/status").unlink()
    assert host.make(tmp_path / "rootfs", 0, machine).folder.is_dir()
    assert len(host.mark(machine)) == 2


def test_what_is_not_there_is_listed_with_the_command_that_makes_it(tmp_path: Path) -> None:
    trees = Trees(tmp_path / "rootfs")
    assert trees.find("standard") is None
    listed = {base.name: base for base in trees.listing()}
    assert list(listed) == ["host", "minimal", "standard", "full"]
    assert listed["host"].state == "ready"
    assert (listed["full"].state, listed["full"].hint) == ("missing", "ante sandboxes images build full")


def test_a_tree_is_found_from_when_it_is_kept_in_its_own_folder_before_a_shared_one(tmp_path: Path) -> None:
    own, shared = Trees(tmp_path / "own", shared=tmp_path / "shared"), Trees(tmp_path / "shared")
    for trees, digest in ((shared, "b"), (own, "a")):
        (trees.folder / f"x-{digest}" / "tree").mkdir(parents=True)
        trees.keep(Tree("x", digest, trees.folder / f"x-{digest}" / "tree", ("apt",), 5))
    found = own.find("x")
    assert found is not None
    assert (found.digest, found.folder) == ("a", tmp_path / "own/x-a/tree")
    (tmp_path / "own/x.json").unlink()
    assert own.find("x") == shared.find("x")
    assert [base.managers for base in own.listing() if base.name == "x"] == [("apt",)]


def test_a_tree_whose_folder_is_gone_is_missing(tmp_path: Path) -> None:
    trees = Trees(tmp_path)
    trees.keep(Tree("x", "a", tmp_path / "x-a", (), 5))
    assert json.loads((tmp_path / "x.json").read_text())["digest"] == "a"
    assert trees.find("x") is None


def archive(path: Path, **files: str) -> Path:
    with tarfile.open(path, "w") as made:
        for name in ("./usr/bin", "./usr/sbin", "./etc", "./root"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            made.addfile(entry)
        for name, text in files.items():
            entry = tarfile.TarInfo(f"./{name.replace('__', '/')}")
            entry.size, entry.mode = len(text), 0o755
            made.addfile(entry, io.BytesIO(text.encode()))
    return path


@pytest.mark.sandbox
def test_an_archive_becomes_a_tree_with_what_every_base_has(tmp_path: Path) -> None:
    trees = Trees(tmp_path / "rootfs")
    said: list[str] = []
    maker = Maker(trees, tmp_path / "cache", said.append, Source())
    tree = maker.unpack("ours", archive(tmp_path / "a.tar", **{"usr__bin__apt-get": "x", "usr__bin__pip3": "x"}))
    assert tree.managers == ("apt", "pip")
    assert (tree.folder / "workspace").is_dir()
    assert (tree.folder / "usr/sbin/policy-rc.d").read_text().endswith("exit 101\n")
    assert trees.find("ours") == tree
    assert said[-1].startswith("ours is ready")
    again = maker.unpack("ours", archive(tmp_path / "b.tar", **{"usr__bin__apt-get": "y"}))
    assert again.digest != tree.digest
    assert trees.find("ours") == again
    assert [path.name for path in trees.folder.iterdir() if path.name.startswith(".")] == []


@pytest.mark.sandbox
def test_an_oci_image_becomes_a_base(tmp_path: Path) -> None:
    content = tmp_path / "content"
    (content / "usr/local/bin").mkdir(parents=True)
    for name in ("usr/local/bin/pip3", "etc"):
        (content / name).mkdir(parents=True) if name == "etc" else (content / name).write_text("x")
    for line in (
        ["init", "--layout", "image"],
        ["new", "--image", "image:1"],
        ["insert", "--image", "image:1", str(content), "/"],
    ):
        subprocess.run(["umoci", *line], cwd=tmp_path, check=True, capture_output=True)
    trees = Trees(tmp_path / "rootfs")
    tree = Maker(trees, tmp_path / "cache", lambda _: None, Source()).take("ours", f"oci:{tmp_path}/image:1")
    assert tree.managers == ("pip",)
    assert (tree.folder / "usr/local/bin/pip3").read_text() == "x"
    assert (tree.folder / "workspace").is_dir()
    assert trees.find("ours") == tree
    assert [path.name for path in trees.folder.iterdir() if path.name.startswith(".")] == []
    with pytest.raises(MakingFailed, match="skopeo ended with"):
        Maker(trees, tmp_path / "cache", lambda _: None, Source()).take("gone", f"oci:{tmp_path}/nothing:1")
    assert trees.find("gone") is None


@pytest.mark.sandbox
def test_what_a_making_mounts_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "chroot"
    place.mkdir()
    program = tmp_path / "mmdebstrap"
    program.write_text(f"#!/bin/sh\nmount -t tmpfs none {place} && touch {place}/mounted && kill -9 $$\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(MakingFailed, match="mmdebstrap ended with -9"):
        Maker(Trees(tmp_path / "rootfs"), tmp_path / "cache", lambda _: None, Source()).build("minimal")
    assert str(place) not in Path("/proc/self/mounts").read_text()
    assert list(place.iterdir()) == []


def test_a_base_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MakingFailed, match="there are: minimal, standard, full"):
        Maker(Trees(tmp_path), tmp_path, print, Source()).build("nonsense")


def test_a_base_that_was_replaced_goes_by_age_and_never_the_current_one_or_one_in_use(
    machine: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "rootfs"
    for digest in ("a" * 64, "b" * 64, "c" * 64):
        tree = folder / f"ours-{digest[:16]}" / "tree"
        tree.mkdir(parents=True)
        (tree / "file").write_bytes(b"12345")
        Trees(folder).keep(Tree("ours", digest, tree, (), 5))
    before = host.make(folder, 0, machine)
    trees = Trees(folder)
    trees.find("host")
    gone: list[Path] = []
    ever = 1 << 62
    old_host = before.folder.name
    assert trees.drop_replaced(0, (), gone.append, is_trial=False) == []
    found = trees.drop_replaced(ever, ("a" * 64,), gone.append, is_trial=True)
    assert {(each.name, each.size_bytes) for each in found} >= {(f"ours-{'b' * 16}", 5)}
    assert {each.name for each in found} == {f"ours-{'b' * 16}", old_host}
    assert gone == []
    trees.drop_replaced(ever, ("a" * 64,), gone.append, is_trial=False)
    assert {path.name for path in gone} == {f".ours-{'b' * 16}.gone", f".{old_host}.gone"}
    older = trees.find_older("ours", "a" * 64)
    assert older is not None
    assert older.folder == folder / f"ours-{'a' * 16}" / "tree"
    assert trees.find_older("ours", "b" * 64) is None
    current = trees.find_older("ours", "")
    assert current is not None
    assert current.digest == "c" * 64

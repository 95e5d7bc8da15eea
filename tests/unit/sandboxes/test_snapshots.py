"""Upper layers come back as they were; the real ones, with whiteouts and owners, are in tests/sandboxes."""

import io
import os
import stat
import tarfile
from pathlib import Path

import pytest
from backports import zstd

from antechamber.adapters.blobs import local_blobs, memory_blobs
from antechamber.adapters.sandboxes.archive import restore, save
from antechamber.adapters.sandboxes.snapshots import Snapshots
from antechamber.base.chance import SystemChance
from antechamber.features.environments.model.sandbox import SandboxError

ME = os.getuid()


def tree(folder: Path) -> Path:
    folder.mkdir()
    (folder / "empty").mkdir(mode=0o711)
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "text").write_text("hello")
    (folder / "large").write_bytes(os.urandom(3 << 20))
    (folder / "program").write_bytes(b"#!/bin/sh\n")
    (folder / "program").chmod(0o4755)
    os.link(folder / "large", folder / "second name")
    (folder / "link").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe", 0o640)
    (folder / "Zoë\udcff").write_text("a name that is no text")
    os.setxattr(folder / "deep", "user.note", b"\x00\xffbytes=\n")
    os.utime(folder / "deep", (1_500_000_000, 1_500_000_000.25))
    return folder


def seen(folder: Path) -> list[tuple[object, ...]]:
    found = []
    for place, folders, files in os.walk(folder):
        for name in sorted([*folders, *files]):
            path = Path(place, name)
            told = path.lstat()
            content = path.read_bytes() if stat.S_ISREG(told.st_mode) else b""
            target = str(path.readlink()) if path.is_symlink() else ""
            attributes = {each: os.getxattr(path, each) for each in os.listxattr(path, follow_symlinks=False)}
            row = (str(path.relative_to(folder)), told.st_mode, told.st_nlink, told.st_uid, content, target)
            found.append((*row, sorted(attributes.items()), round(told.st_mtime, 3)))
    return sorted(found, key=str)


async def test_a_folder_comes_back_as_it_was(tmp_path: Path) -> None:
    snapshots = Snapshots(local_blobs(tmp_path / "blobs"), SystemChance())
    before = tree(tmp_path / "before")
    name = await snapshots.save(before, ME)
    after = tmp_path / "after"
    after.mkdir()
    await snapshots.restore(name, after, ME)
    assert seen(after) == seen(before)
    await snapshots.delete(name)
    with pytest.raises(SandboxError, match="there is no snapshot"):
        await snapshots.restore(name, after, ME)


async def test_owners_are_kept_from_zero(tmp_path: Path) -> None:
    packed = io.BytesIO()
    save(tree(tmp_path / "before"), ME, packed)
    with tarfile.open(fileobj=io.BytesIO(zstd.decompress(packed.getvalue()))) as archive:
        assert {(info.uid, info.gid) for info in archive} == {(0, os.getgid() - ME)}


async def test_a_folder_that_is_not_there_is_no_snapshot(tmp_path: Path) -> None:
    blobs = memory_blobs()
    with pytest.raises(SandboxError, match="broke off"):
        await Snapshots(blobs, SystemChance()).save(tmp_path / "absent", 0)
    assert await blobs.listing("snapshots") == []


async def test_a_blob_that_is_no_snapshot_is_refused(tmp_path: Path) -> None:
    blobs = memory_blobs()

    async def other() -> "object":
        yield b"not a snapshot" * 1000

    await blobs.put("snapshots/x", other())  # type: ignore[arg-type]
    with pytest.raises(SandboxError, match="broke off"):
        await Snapshots(blobs, SystemChance()).restore("snapshots/x", tmp_path, 0)
    with pytest.raises(SandboxError, match="there is no snapshot"):
        await Snapshots(blobs, SystemChance()).restore("../secrets/pepper", tmp_path, 0)


@pytest.mark.parametrize("name", ["../up", "a/../../up", "/absolute"])
def test_an_archive_cannot_write_elsewhere(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "a").mkdir()
    with pytest.raises(ValueError, match="leads elsewhere"):
        restore(inside, ME, packed(tarfile.TarInfo(name)))
    assert not (tmp_path / "up").exists()


def test_an_archive_cannot_write_through_a_link(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    link = tarfile.TarInfo("link")
    link.type, link.linkname = tarfile.SYMTYPE, str(outside)
    with pytest.raises(OSError, match="link"):
        restore(inside, ME, packed(link, tarfile.TarInfo("link/file")))
    assert list(outside.iterdir()) == []


def packed(*members: tarfile.TarInfo) -> io.BytesIO:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for member in members:
            member.uid = 0
            archive.addfile(member)
    return io.BytesIO(zstd.compress(held.getvalue()))

"""Blobs, in a folder and in memory."""

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from antechamber.adapters.blobs import local_blobs, memory_blobs
from antechamber.features.environments.ports.blobs import Blobs, NoBlob

BLOBS: dict[str, Callable[[Path], Blobs]] = {"local": local_blobs, "memory": lambda _: memory_blobs()}


@pytest.fixture(params=sorted(BLOBS))
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    return BLOBS[request.param](tmp_path / "blobs")


async def given(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def failing() -> AsyncIterator[bytes]:
    yield b"x" * (9 << 20)
    message = "the source broke"
    raise RuntimeError(message)


async def whole(blobs: Blobs, name: str) -> bytes:
    return b"".join([chunk async for chunk in blobs.read(name)])


async def test_what_was_put_is_read_again(blobs: Blobs) -> None:
    assert await blobs.put("snapshots/sesn_1.tar.zst", given(b"one ", b"two")) == 7
    assert await whole(blobs, "snapshots/sesn_1.tar.zst") == b"one two"


async def test_a_large_blob_comes_back_as_it_was(blobs: Blobs) -> None:
    content = os.urandom(20 << 20)
    pieces = (content[start : start + 100_000] for start in range(0, len(content), 100_000))
    assert await blobs.put("large", given(*pieces)) == len(content)
    assert await whole(blobs, "large") == content


async def test_an_empty_blob_is_one(blobs: Blobs) -> None:
    assert await blobs.put("empty", given()) == 0
    assert await whole(blobs, "empty") == b""


async def test_a_name_that_is_put_again_holds_the_newer(blobs: Blobs) -> None:
    await blobs.put("name", given(b"older"))
    await blobs.put("name", given(b"newer"))
    assert await whole(blobs, "name") == b"newer"


async def test_a_source_that_breaks_leaves_the_older_blob(blobs: Blobs) -> None:
    await blobs.put("name", given(b"older"))
    with pytest.raises(RuntimeError, match="the source broke"):
        await blobs.put("name", failing())
    assert await whole(blobs, "name") == b"older"
    assert [blob.name for blob in await blobs.listing("name")] in ([], ["name"])


async def test_what_is_not_there_is_no_blob(blobs: Blobs) -> None:
    with pytest.raises(NoBlob):
        await whole(blobs, "absent")


async def test_a_deleted_blob_is_gone_and_may_be_deleted_again(blobs: Blobs) -> None:
    await blobs.put("a/b", given(b"x"))
    await blobs.delete("a/b")
    await blobs.delete("a/b")
    with pytest.raises(NoBlob):
        await whole(blobs, "a/b")


async def test_a_folder_lists_its_blobs_by_name_with_their_sizes(blobs: Blobs) -> None:
    for name in ("a/2", "a/1", "b/1"):
        await blobs.put(name, given(name.encode()))
    listed = await blobs.listing("a")
    assert [(blob.name, blob.size) for blob in listed] == [("a/1", 3), ("a/2", 3)]
    assert all(blob.modified_at > 1_600_000_000_000_000 for blob in listed)


@pytest.mark.parametrize("name", ["", "../up", "/absolute", "a//b", "a/../b", "a/.hidden", "sp ace", "a\n"])
async def test_a_name_that_could_lead_elsewhere_is_refused(blobs: Blobs, name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        await blobs.put(name, given(b"x"))

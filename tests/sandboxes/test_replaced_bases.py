"""A base that another has taken the place of stays as long as a sandbox or a layer stands on it, and goes then."""

import io
import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from antechamber.adapters.sandboxes.images.making import Maker
from antechamber.adapters.sandboxes.images.means import Source
from antechamber.adapters.sandboxes.images.trees import Trees
from antechamber.features.environments.model.sandbox import SandboxSpec
from tests.dockerd import Dockerd
from tests.sandboxes.running import ORGANIZATION
from tests.sandboxing import Station, station

pytestmark = [pytest.mark.sandbox, pytest.mark.anyio, pytest.mark.timeout(300)]
BASE = "tiny"
EVER = 1 << 62


@pytest.fixture
def place() -> Iterator[Station]:
    with station("oci-root") as made:
        yield made


@pytest.fixture
def engine() -> Iterator[Dockerd]:
    started = Dockerd().start()
    yield started
    started.stop()


@pytest.fixture
def docked(engine: Dockerd) -> Iterator[Station]:
    with station("docker", runtime="docker", docker_url=engine.url) as made:
        yield made


def make(place: Station, folder: Path, text: bytes) -> str:
    """Make a base with one file, and return the name of its folder."""
    packed = folder / "base.tar"
    with tarfile.open(packed, "w") as archive:
        entry = tarfile.TarInfo("./marker")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    tree = Maker(Trees(place.data / "rootfs"), folder, lambda _: None, Source()).unpack(BASE, packed)
    return f"{BASE}-{tree.digest[:16]}"


def spec(name: str, *layers: str) -> SandboxSpec:
    return SandboxSpec(name, ORGANIZATION, BASE, layers)


def stands_on(place: Station, name: str) -> str:
    state = json.loads((place.data / "sessions" / name / "state.json").read_text())
    return f"{BASE}-{state['base_digest'][:16]}"


async def replaced(place: Station, *, is_trial: bool = True) -> list[str]:
    return [each.name for each in await place.sandboxes.drop_bases(EVER, is_trial=is_trial)]


async def test_a_replaced_base_stays_under_what_runs_what_has_stopped_and_layers(
    place: Station, tmp_path: Path
) -> None:
    all_ = place.sandboxes
    first = make(place, tmp_path, b"one")
    await all_.create(spec("running"))
    await (await all_.create(spec("stopped"))).stop()
    await all_.create(spec("maker"))
    await all_.seal("maker", "layer")
    second = make(place, tmp_path, b"two")
    assert first != second
    assert await replaced(place, is_trial=False) == []
    await all_.remove("running")
    assert await replaced(place, is_trial=False) == []
    # what is taken up again is what it was, and so is what stands on a layer
    await (await all_.create(spec("stopped"))).stop()
    await (await all_.create(spec("layered", "layer"))).stop()
    assert (stands_on(place, "stopped"), stands_on(place, "layered")) == (first, first)
    await all_.remove("stopped")
    await all_.remove("layered")
    assert await replaced(place, is_trial=False) == []
    assert await all_.drop_layer(ORGANIZATION, "layer")
    assert await all_.drop_bases(0) == []
    assert await replaced(place) == [first]
    assert (place.data / "rootfs" / first).is_dir()
    assert await replaced(place, is_trial=False) == [first]
    assert sorted(path.name for path in (place.data / "rootfs").glob(f"*{BASE}*")) == [second, f"{BASE}.json"]
    await all_.create(spec("new"))
    assert stands_on(place, "new") == second


def images(engine: Dockerd) -> list[str]:
    """Return the bases that an engine has."""
    line = ["docker", "--host", engine.url, "image", "ls", "--format", "{{.ID}}", "antechamber/base"]
    return sorted(subprocess.run(line, check=True, capture_output=True, text=True).stdout.split())


async def test_an_engines_image_of_a_replaced_base_goes_when_nothing_stands_on_it(
    docked: Station, engine: Dockerd, tmp_path: Path
) -> None:
    all_ = docked.sandboxes
    first = make(docked, tmp_path, b"one")
    await (await all_.create(spec("stopped"))).stop()
    await all_.create(spec("maker"))
    await all_.seal("maker", "layer")
    [old] = images(engine)
    second = make(docked, tmp_path, b"two")
    # the tree is only what the image was made of
    assert await replaced(docked, is_trial=False) == [first]
    assert images(engine) == [old]
    await (await all_.create(spec("stopped"))).stop()
    await (await all_.create(spec("layered", "layer"))).stop()
    await all_.remove("stopped")
    assert await replaced(docked, is_trial=False) == []
    assert await all_.drop_layer(ORGANIZATION, "layer") is False
    await all_.remove("layered")
    assert await replaced(docked, is_trial=False) == []
    assert await all_.drop_layer(ORGANIZATION, "layer")
    assert await all_.drop_bases(0) == []
    assert await replaced(docked) == [first]
    assert images(engine) == [old]
    [gone] = await all_.drop_bases(EVER)
    assert (gone.name, gone.size_bytes > 0) == (first, True)
    assert images(engine) == []
    await (await all_.create(spec("new"))).stop()
    assert len(images(engine)) == 1
    assert await replaced(docked, is_trial=False) == []
    assert second != first
    await all_.remove("new")


async def test_another_installations_images_of_bases_stay(docked: Station, engine: Dockerd, tmp_path: Path) -> None:
    with station("docker", runtime="docker", docker_url=engine.url) as other:
        for each in (docked, other):
            make(each, tmp_path, b"the same")
            await (await each.sandboxes.create(spec("used"))).destroy()
        had = images(engine)
        assert len(had) == 2
        make(docked, tmp_path, b"another")
        # the folder and its image are one base
        assert len(await replaced(docked, is_trial=False)) == 1
        [kept] = images(engine)
        assert kept in had
        await (await other.sandboxes.create(spec("used"))).destroy()
        assert images(engine) == [kept]

"""A base that another has taken the place of stays as long as a sandbox or a layer stands on it, and goes then."""

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from antechamber.adapters.sandboxes.images.making import Maker, Source
from antechamber.adapters.sandboxes.images.trees import Trees
from antechamber.features.environments.model.sandbox import SandboxSpec
from tests.sandboxes.running import ORGANIZATION
from tests.sandboxing import Station, station

pytestmark = [pytest.mark.sandbox, pytest.mark.anyio, pytest.mark.timeout(300)]
BASE = "tiny"
EVER = 1 << 62


@pytest.fixture
def place() -> Iterator[Station]:
    with station("oci-root") as made:
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

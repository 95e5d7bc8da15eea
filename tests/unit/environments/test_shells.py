"""Shells: a fresh container each, what goes in and out of it, and that none is left."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from antechamber.adapters.sandboxes.memory import MemorySandboxes
from antechamber.base.actor import SYSTEM
from antechamber.base.chance import SeededChance
from antechamber.base.clock import SystemClock
from antechamber.base.errors import InvalidRequest, RateLimited, Unavailable
from antechamber.base.ids import EnvironmentId, OrganizationId, WorkspaceId
from antechamber.base.unit import Unit
from antechamber.features.audit.model import ActivityType
from antechamber.features.environments.model.builds import Prepared
from antechamber.features.environments.model.configs import CloudConfig, Config, SelfHostedConfig
from antechamber.features.environments.model.environments import Environment
from antechamber.features.environments.model.networking import Limited
from antechamber.features.environments.model.sandbox import (
    ExitStatus,
    HostRule,
    Limits,
    NetworkMode,
    SandboxError,
    SandboxSpec,
)
from antechamber.features.environments.model.shells import (
    Input,
    InputEnded,
    Output,
    Resized,
    Signalled,
    Start,
    Typed,
)
from antechamber.features.environments.ports.sandboxes import Sandbox
from antechamber.features.environments.ports.shells import CallerGone
from antechamber.features.environments.service.shells import MOST_SHELLS, Rooms, Shells, Surroundings

ORGANIZATION = OrganizationId("org")
WORKSPACE = WorkspaceId("wrkspc_1")


def environment(config: Config | None = None) -> Environment:
    return Environment(EnvironmentId("env_1"), ORGANIZATION, WORKSPACE, "data", 1, 1, config=config or CloudConfig())


@dataclass
class Person:
    """Sits at a shell: what is given is typed as soon as it starts."""

    typed: list[Input] = field(default_factory=list)
    leaves: bool = False
    shown: dict[Output, bytes] = field(default_factory=lambda: dict.fromkeys(Output, b""))
    sandbox_id: str = ""
    is_in: asyncio.Event = field(default_factory=asyncio.Event)
    status: ExitStatus | None = None

    async def prepared(self, sandbox_id: str) -> None:
        self.sandbox_id = sandbox_id
        self.is_in.set()

    async def show(self, output: Output, data: bytes) -> None:
        self.shown[output] += data

    async def take(self) -> Input:
        if self.typed:
            return self.typed.pop(0)
        if self.leaves:
            raise CallerGone
        await asyncio.Event().wait()
        raise AssertionError

    async def ended(self, status: ExitStatus) -> None:
        self.status = status


class Known:
    """Stands in for the service of environments, whose own tests are elsewhere."""

    def __init__(self, found: Environment) -> None:
        self.found = found

    async def resolve(self, *_: str) -> Environment:
        return self.found


class Seen(MemorySandboxes):
    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.specs: list[SandboxSpec] = []

    async def create(self, spec: SandboxSpec) -> Sandbox:
        self.specs.append(spec)
        return await super().create(spec)


@dataclass
class House:
    sandboxes: Seen = field(default_factory=Seen)
    found: Environment = field(default_factory=environment)
    failure: SandboxError | None = None
    acts: list[tuple[ActivityType, dict[str, object]]] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    async def prepare(self, _: Environment) -> Prepared:
        if self.failure is not None:
            raise self.failure
        return Prepared("host")

    async def remove(self, sandbox_id: str) -> None:
        self.forgotten.append(sandbox_id)

    async def record(self, _unit: Unit, _organization: str, _by: object, act: ActivityType, **details: object) -> None:
        self.acts.append((act, details))

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator[Unit]:
        yield self

    read = begin
    open: bool = True

    def shells(self) -> Shells:
        around = Surroundings(
            Limits(pids=7), (HostRule("registry.example", "pip"),), ("blocked.example",), {"LANG": "C.UTF-8"}
        )
        rooms = Rooms(self.sandboxes, self, lambda: around)
        return Shells(Known(self.found), rooms, self, self, SystemClock(), SeededChance(1), self)  # type: ignore[arg-type]

    async def run(self, start: Start, person: Person) -> Person:
        async with asyncio.timeout(30):
            await self.shells().run(self.found, start, person, SYSTEM)
        return person


@pytest.fixture
def house() -> House:
    return House()


async def test_a_program_runs_in_a_container_that_is_gone_after_it(house: House) -> None:
    person = await house.run(Start(("echo", "hello")), Person())
    assert (person.shown[Output.STDOUT], person.status) == (b"hello\n", ExitStatus(0))
    assert person.sandbox_id.startswith("shell_01")
    assert await house.sandboxes.listing() == []
    assert house.forgotten == [person.sandbox_id]
    assert house.acts == [
        (
            ActivityType.ENVIRONMENT_SHELL_OPENED,
            {"environment_id": "env_1", "workspace_id": WORKSPACE, "sandbox_id": person.sandbox_id},
        )
    ]


async def test_its_container_is_made_as_the_environment_says(house: House) -> None:
    house.found = environment(CloudConfig(Limited(("a.example",), allow_package_managers=True)))
    await house.run(Start(("true",)), Person())
    spec = house.sandboxes.specs[0]
    assert (spec.base, spec.layers, spec.limits.pids, spec.environment) == ("host", (), 7, {"LANG": "C.UTF-8"})
    assert spec.network.mode is NetworkMode.LIMITED
    assert [rule.host for rule in spec.network.allowed] == ["a.example", "registry.example"]
    assert spec.network.blocked == ("blocked.example",)
    assert spec.labels["kind"] == "shell"


async def test_input_output_and_errors_go_their_own_ways(house: House) -> None:
    typed: list[Input] = [Typed(b"a"), Resized(10, 20), Typed(b"b"), InputEnded()]
    assert (await house.run(Start(("cat",)), Person(typed))).shown[Output.STDOUT] == b"ab"
    assert (await house.run(Start(("warn", "no")), Person())).shown == {Output.STDOUT: b"", Output.STDERR: b"no\n"}


@pytest.mark.parametrize(
    ("start", "typed", "status"),
    [
        (Start(("exit", "7")), [], ExitStatus(7)),
        (Start(("nowhere",)), [], ExitStatus(127)),
        (Start(), [], ExitStatus(127)),
        (Start(("sleep", "infinity")), [Signalled(15)], ExitStatus(143, 15)),
        (Start(("true",)), [Typed(b"nobody reads this")], ExitStatus(0)),
    ],
    ids=["code", "no such program", "no login shell in memory", "signal", "unread input"],
)
async def test_how_it_ended_is_told(house: House, start: Start, typed: list[Input], status: ExitStatus) -> None:
    assert (await house.run(start, Person(typed))).status == status


@pytest.mark.parametrize("program", [("sleep", "infinity"), ("yes",)], ids=["silent", "talkative"])
async def test_a_caller_who_leaves_takes_the_container_with_them(house: House, program: tuple[str, ...]) -> None:
    with pytest.raises(CallerGone):
        await house.run(Start(program), Person(leaves=True))
    assert await house.sandboxes.listing() == []


@pytest.mark.parametrize("is_cut", [True, False], ids=["cut", "not cut"])
async def test_a_server_that_stops_leaves_no_container(house: House, is_cut: bool) -> None:  # noqa: FBT001 - a column
    shells, person = house.shells(), Person()
    start = Start(("sleep", "infinity"))
    running = asyncio.ensure_future(shells.run(house.found, start, person, SYSTEM))
    await person.is_in.wait()
    if is_cut:
        running.cancel()
    await shells.stop()
    assert await house.sandboxes.listing() == []
    await asyncio.wait([running])
    assert running.cancelled()


async def test_what_a_server_before_left_is_swept_and_nothing_else(house: House) -> None:
    for name, kind in (("shell_1", "shell"), ("sesn_1", "session")):
        await house.sandboxes.create(SandboxSpec(name, ORGANIZATION, labels={"kind": kind}))
    assert await house.shells().sweep() == 1
    assert [info.id for info in await house.sandboxes.listing()] == ["sesn_1"]


async def test_why_there_is_no_container_is_told(house: House) -> None:
    house.failure = SandboxError("no base 'standard': ante sandboxes images build standard")
    with pytest.raises(Unavailable, match="images build standard"):
        await house.run(Start(("true",)), Person())


async def test_an_environment_of_others_containers_has_no_shell_here(house: House) -> None:
    house.found = environment(SelfHostedConfig())
    with pytest.raises(InvalidRequest, match="self_hosted"):
        await house.shells().find(ORGANIZATION, WORKSPACE, EnvironmentId("env_1"))


async def test_an_organization_has_so_many_shells_and_no_more(house: House) -> None:
    shells = house.shells()
    people = [Person() for _ in range(MOST_SHELLS)]
    start = Start(("sleep", "infinity"))
    running = [asyncio.ensure_future(shells.run(house.found, start, person, SYSTEM)) for person in people]
    for person in people:
        await person.is_in.wait()
    with pytest.raises(RateLimited, match="20 shells"):
        await shells.find(ORGANIZATION, WORKSPACE, EnvironmentId("env_1"))
    for task in running:
        task.cancel()
    await asyncio.wait(running)
    assert await shells.find(ORGANIZATION, WORKSPACE, EnvironmentId("env_1")) == house.found

"""How `ante chat` begins: a session at a terminal, one answer elsewhere, log-in or a refusal when nothing is set."""

from dataclasses import dataclass

from antechamber.cli.connection import open_server, tell_choice
from antechamber.cli.exits import Exit
from antechamber.cli.output import Printer
from antechamber.cli.session.backends import Backend, CompatibleBackend, PlatformBackend, Tally, Turn
from antechamber.cli.session.unconfigured import explain
from antechamber.cli.settings import Invocation
from antechamber.client.credentials import Access, find_access
from antechamber.client.http import Server
from antechamber.client.sources import OPENAI


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """What was asked for; with a prompt there is one answer and no session.

    `help` is shown when there is nothing to ask.
    """

    model: str | None = None
    prompt: str | None = None
    max_tokens: int = 4096
    help: str | None = None


def start(options: ChatOptions, invocation: Invocation) -> int:
    """Begin a session, or answer once; CredentialUnusable, ServerRefused, ServerUnreachable."""
    world = invocation.world
    access = find_access(invocation.settings.given(), world.environment)
    is_terminal = world.stdin.isatty() and world.stdout.isatty()
    if is_terminal and options.prompt is None:
        return _sit(options, invocation, access)
    if access.credential is None:
        world.stderr.write(explain(world.environment))
        return Exit.AUTHENTICATION
    return _answer_once(options, invocation, access)


def backend_for(access: Access, options: ChatOptions, invocation: Invocation) -> Backend:
    """Return what answers for an access."""

    def connect(chosen: Access) -> Server:
        return open_server(invocation.world, invocation.settings, chosen)

    if access.kind == OPENAI:
        return CompatibleBackend(access, connect, options.model or access.model)
    model = options.model or invocation.world.environment.get("ANTHROPIC_MODEL")
    return PlatformBackend(access, connect, model, options.max_tokens)


def _answer_once(options: ChatOptions, invocation: Invocation, access: Access) -> int:
    world = invocation.world
    piped = world.read_stdin().decode("utf-8", "replace").strip() if world.stdin_is_piped() else ""
    question = "\n\n".join(filter(None, (options.prompt, piped)))
    if not question:
        world.stderr.write(f"{options.help or 'Nothing to ask: give --prompt, or a question on stdin.'}\n")
        return Exit.USAGE
    tell_choice(access, world)
    backend = backend_for(access, options, invocation)
    model = backend.default_model or next(iter(backend.models()), "")
    if not model:
        world.stderr.write("The server lists no models: name one with --model.\n")
        return Exit.USAGE
    printer = Printer(world, invocation.settings)
    pieces = backend.answer(model, [Turn("user", question)], tally := Tally())
    if printer.format != "auto" or invocation.settings.transform is not None:
        text = "".join(pieces)
        usage = {"input_tokens": tally.input_tokens, "output_tokens": tally.output_tokens}
        printer.value({"model": model, "text": text, "usage": usage})
        return Exit.OK
    last = "\n"
    for piece in filter(None, pieces):
        printer.piece(piece)
        last = piece
    if not last.endswith("\n"):
        printer.piece("\n")
    return Exit.OK


def _sit(options: ChatOptions, invocation: Invocation, access: Access) -> int:
    # the terminal's library takes 100 ms to load, which only a session pays
    from antechamber.cli.session.sitting import sit  # noqa: PLC0415

    return sit(options, invocation, access)

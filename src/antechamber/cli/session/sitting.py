"""A session put together: terminal, history, the first access, log-in where there is none."""

from typing import Final

from antechamber.cli.connection import tell_choice
from antechamber.cli.exits import Exit
from antechamber.cli.session.conversation import Conversation
from antechamber.cli.session.loop import COMMANDS, Session
from antechamber.cli.session.start import ChatOptions, backend_for
from antechamber.cli.session.switching import Switchboard
from antechamber.cli.session.terminal import Terminal
from antechamber.cli.settings import Invocation
from antechamber.client.credentials import Access
from antechamber.client.trust import own_folder

_HISTORY: Final = "chat_history"


def sit(options: ChatOptions, invocation: Invocation, access: Access) -> int:
    """Hold a session until the person leaves it."""
    world = invocation.world
    tell_choice(access, world)
    session: Session

    def toolbar() -> str:
        return session.toolbar()

    terminal = Terminal(
        (world.stdin, world.stdout),
        own_folder(world.environment) / _HISTORY,
        COMMANDS,
        toolbar,
        colour=world.wants_colour(world.stdout, refused=bool(invocation.settings.no_color)),
    )
    switchboard = Switchboard(
        world,
        invocation.settings,
        terminal,
        lambda chosen: backend_for(chosen, options, invocation),
    )
    conversation = Conversation(access, switchboard.backend(access))
    session = Session(terminal, switchboard, conversation)
    session.run()
    return Exit.OK

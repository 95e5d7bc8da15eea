"""`ante auth logout`: the end of a log-in, at the server and here."""

from collections.abc import Sequence

import click

from antechamber.cli.auth.ending import Ended, end
from antechamber.cli.exits import Exit
from antechamber.cli.groups import Command
from antechamber.cli.output import Printer
from antechamber.cli.settings import Invocation, json_option
from antechamber.client.store import ProfileStore


@click.command("logout", cls=Command)
@click.option("--all", "everything", is_flag=True, help="Log out everywhere and remove every profile.")
@json_option
@click.pass_obj
def command(invocation: Invocation, *, everything: bool) -> int:
    """End the log-in at the server and remove its credentials from this machine.

    The profile's config stays, for the next log-in; --all removes every profile. If the server does not answer, the
    credentials are removed here all the same, and the command says what is left there.
    """
    world = invocation.world
    store = ProfileStore(world.environment)
    if everything:
        former = store.log_out_all()
    else:
        name, _ = store.active(invocation.settings.profile)
        if name not in store.names():
            world.stderr.write(f"Profile {name} is not logged in.\n")
            return Exit.OK
        former = [store.log_out(name)]
    results = [end(profile, invocation) for profile in former if profile.access_token is not None]
    _show(results, invocation, everything=everything)
    for left in (result for result in results if result.problem):
        world.stderr.write(
            f"note: {left.server} was not told about {left.profile} ({left.problem}); copies of its tokens work until "
            f"they end: end them at {left.server}/account\n"
        )
    return Exit.OK


def _show(results: Sequence[Ended], invocation: Invocation, *, everything: bool) -> None:
    printer = Printer(invocation.world, invocation.settings)
    if printer.format != "auto":
        printer.value(
            {
                "logged_out": [
                    {"profile": each.profile, "revoked": each.problem is None, "problem": each.problem}
                    for each in results
                ],
                "profiles_removed": everything,
            }
        )
        return
    for each in results:
        told = " and ended at the server" if each.problem is None else ""
        printer.text(f"Logged out of {each.profile}: removed here{told}.")
    if not results:
        printer.text("Nothing was logged in.")
    if everything:
        printer.text("Every profile is removed.")

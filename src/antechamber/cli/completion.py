"""`ante completion`: scripts that make a shell complete commands and flags."""

import click
from click.shell_completion import get_completion_class

from antechamber.cli.groups import Command
from antechamber.cli.output import Printer
from antechamber.cli.settings import Invocation

_SHELLS = ("bash", "zsh", "fish")


@click.command("completion", cls=Command)
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_obj
def command(invocation: Invocation, shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash:  ante completion bash > ~/.local/share/bash-completion/completions/ante
    zsh:   ante completion zsh  > a file _ante in a folder of $fpath
    fish:  ante completion fish > ~/.config/fish/completions/ante.fish
    """  # noqa: D301 - click's mark for text that keeps its lines
    found = get_completion_class(shell)
    if found is None:
        message = f"no completion for {shell}"
        raise click.UsageError(message)
    maker = found(click.Group("ante"), {}, "ante", "_ANTE_COMPLETE")
    # source() would start bash to ask for its version.
    Printer(invocation.world, invocation.settings).text(found.source_template % maker.source_vars())

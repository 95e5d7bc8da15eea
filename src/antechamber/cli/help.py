"""`ante help`: commands and topics explained."""

from typing import TYPE_CHECKING

import click

from antechamber.cli import transform
from antechamber.cli.exits import MEANINGS
from antechamber.cli.groups import Command
from antechamber.client.environment import VARIABLES

if TYPE_CHECKING:
    from antechamber.cli.settings import Invocation

_FILES = """\
Body flags take relaxed YAML: {role: user, content: hi} is an object, [a, b] a list, 5 a number, null nothing, and
everything else the text itself; quotes make a string of anything. --metadata.user-id x sets a field inside an object.
A flag that the command does not know becomes a field of the body: --top-k 5 sends {"top_k": 5}.

A body on stdin, YAML or JSON, is the start; flags are laid over it.

A string that begins with @ is replaced by a file's content, in flags and in bodies written as YAML:
  @notes.md          text as it is, anything else as base64
  @file://notes.md   text, an error if it is none
  @data://photo.png  base64
  @-                 stdin
  \\@notes.md         the text "@notes.md"
A name without a dot or slash that is no file stays as it is (@alice). A JSON body on stdin is never changed.
"""
_FORMATS = """\
auto    indented JSON, coloured on a terminal; running text and tables where a command has them (the default)
json    indented JSON; a list is one array
jsonl   one entry or event a line
yaml    YAML
pretty  indented JSON with colours, if colours are allowed
raw     the answer's bytes, untouched; of a list exactly one page

Lists page themselves; --max-items N ends them early. --transform picks a part (`ante help transform`), -r writes
strings without quotes. NO_COLOR and FORCE_COLOR are honoured.
"""


def topics() -> dict[str, str]:
    """Return every topic's text."""
    codes = "\n".join(f"{code.value:>3}  {meaning}" for code, meaning in MEANINGS.items())
    width = max(map(len, VARIABLES))
    variables = "\n".join(f"{name:<{width}}  {text}" for name, text in VARIABLES.items())
    return {
        "environment": variables + "\n",
        "exit-codes": codes + "\n",
        "files": _FILES,
        "formats": _FORMATS,
        "transform": transform.__doc__ or "",
    }


@click.command("help", cls=Command)
@click.argument("words", nargs=-1, metavar="[COMMAND… | TOPIC]")
@click.pass_context
def command(context: click.Context, words: tuple[str, ...]) -> None:
    """Explain a command or a topic: environment, exit-codes, files, formats, transform."""
    invocation: Invocation = context.obj
    found = topics().get(words[0]) if len(words) == 1 else None
    invocation.world.stdout.write(found or _help_of(context.find_root(), list(words)) + "\n")


def _help_of(context: click.Context, words: list[str]) -> str:
    while words:
        if not isinstance(context.command, click.Group):
            message = f"{context.command_path} has no commands"
            raise click.UsageError(message)
        name, command, words = context.command.resolve_command(context, words)
        if command is not None:
            context = click.Context(command, parent=context, info_name=name, obj=context.obj)
    return context.get_help()

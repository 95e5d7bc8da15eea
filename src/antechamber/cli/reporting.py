"""What a person reads when a command fails, and the code it exits with."""

from typing import Final

import click

from antechamber.cli.exits import Exit, exit_for_status
from antechamber.cli.output import Printer
from antechamber.cli.relaxed import ValueUnreadable
from antechamber.cli.settings import Invocation
from antechamber.cli.transform import PathMalformed
from antechamber.client.failures import CredentialUnusable, ServerRefused, ServerUnreachable
from antechamber.client.profiles import ProfileUnusable

_OVERLOADED: Final = 529

_HINTS: Final = {
    Exit.AUTHENTICATION: "give a key with --api-key or ANTHROPIC_API_KEY; `ante doctor` shows which credential is used",
    Exit.PERMISSION: "this credential may not do it: `ante organizations me` shows whose it is",
    Exit.NOT_FOUND: "check the id, and that the credential belongs to the right workspace",
    Exit.INVALID_REQUEST: "--debug shows the request as it was sent",
    Exit.CONFLICT: "read the thing anew and decide again",
    Exit.LIMITED: "wait, or ask an admin for a higher limit; `ante usage messages` shows what was used",
    Exit.SERVER: "try again; the server's log has more under the request id",
    Exit.UNREACHABLE: "is the server running (`ante serve`)? `ante doctor` checks address, proxy and TLS",
    Exit.TIMEOUT: "raise --timeout, or stream the answer with --stream",
}


def report(error: BaseException, invocation: Invocation) -> Exit:
    """Say on stderr what went wrong and what to do next; return the exit code."""
    if isinstance(error, KeyboardInterrupt | click.Abort):
        invocation.world.stderr.write("\n")
        return Exit.INTERRUPTED
    if isinstance(error, ServerRefused):
        return _refused(error, invocation)
    if isinstance(error, ServerUnreachable):
        return _unreachable(error, invocation)
    if isinstance(error, click.ClickException):
        error.show(file=invocation.world.stderr)
        return Exit.USAGE
    if isinstance(error, ValueUnreadable | PathMalformed | CredentialUnusable):
        invocation.world.stderr.write(f"Error: {error}\n")
        refused = isinstance(error, CredentialUnusable) and not isinstance(error, ProfileUnusable)
        return Exit.AUTHENTICATION if refused else Exit.USAGE
    return _unexpected(error, invocation)


def _unexpected(error: BaseException, invocation: Invocation) -> Exit:
    stderr = invocation.world.stderr
    stderr.write(f"unexpected: {type(error).__name__}: {error}\n")
    if invocation.settings.debug:
        import traceback  # noqa: PLC0415 - only a failure needs it

        stderr.write("".join(traceback.format_exception(error)))
    else:
        stderr.write("hint: --debug shows where\n")
    return Exit.UNEXPECTED


def _unreachable(error: ServerUnreachable, invocation: Invocation) -> Exit:
    code = Exit.TIMEOUT if error.kind == "timeout" else Exit.UNREACHABLE
    lines = [f'{error.method} "{error.url}": {error.kind}: {error.note}', f"hint: {_HINTS[code]}"]
    invocation.world.stderr.write("\n".join(lines) + "\n")
    return code


def _refused(error: ServerRefused, invocation: Invocation) -> Exit:
    code = exit_for_status(error.status)
    lines = [f'{error.method} "{error.url}": {error.status} {_phrase(error.status)}', error.message]
    kind = ", ".join(filter(None, (error.type, error.error_code)))
    lines += [f"type: {kind}"] if kind else []
    lines += [f"request id: {error.request_id}"] if error.request_id else []
    lines += [f"hint: {_HINTS[code]}"] if code in _HINTS else []
    invocation.world.stderr.write("\n".join(lines) + "\n")
    settings = invocation.settings
    if settings.format_error or settings.transform_error:
        Printer(invocation.world, settings, invocation.world.stderr, error=True).body(error.body)
    return code


def _phrase(status: int) -> str:
    if status == _OVERLOADED:
        return "Overloaded"
    from http import HTTPStatus  # noqa: PLC0415 - only a failure needs it

    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""

"""`ante auth`: logging in and out, and which credential is in force."""

import click

from antechamber.cli.groups import Group, LazyGroup
from antechamber.cli.table import Entry

_SECTION = "Commands"


class _Auth(LazyGroup):
    """Imports only the command that is used: `ante auth status` is run in shell prompts."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write its commands and where the global options are, as every group does."""
        Group.format_options(self, ctx, formatter)


command = _Auth(
    "auth",
    (
        Entry("login", "auth.login", "Log in to a server and keep the credential in a profile.", _SECTION),
        Entry("logout", "auth.logout", "End the log-in at the server and forget it here.", _SECTION),
        Entry("status", "auth.status", "Show which credential and workspace are in force, and why.", _SECTION),
        Entry("token", "auth.tokens", "Print the credential in force and nothing else.", _SECTION, "token"),
        Entry(
            "print-credentials",
            "auth.tokens",
            "Print the log-in's credentials for other programs.",
            _SECTION,
            "print_credentials",
        ),
        Entry("revoke", "auth.revoke", "End a token at the server.", _SECTION),
    ),
    help="Log in, log out, and see which credential is in force.",
    context_settings={"help_option_names": ["-h", "--help"]},
)

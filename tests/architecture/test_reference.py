"""The generated pages show what the code says."""

from tools import reference

HELP = """Usage: ante [OPTIONS] COMMAND

Options:
  --help  Show this.

Commands:
  messages  Send a message.
  config    Settings.
            On more lines.
"""


def test_subcommands_are_read_from_a_help_text() -> None:
    assert reference.subcommands(HELP) == ["messages", "config"]
    assert reference.subcommands("Usage: ante config show\n\nOptions:\n  --help  Show this.") == []


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert reference.table(("a", "b"), [("x|y", "z")]) == "| a | b |\n| --- | --- |\n| x\\|y | z |\n"


def test_every_setting_has_its_row() -> None:
    page = reference.settings()
    assert "| `ANTE_SERVER_PORT` | `port` | `8787` |" in page
    assert "| `ANTE_SERVER_DATABASE_URL` | `database_url` |  |" in page


def test_a_public_permission_needs_nobody() -> None:
    assert reference.holders("public") == "anyone"
    assert "admin_key" in reference.holders("organization:read")

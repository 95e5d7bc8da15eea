"""The generated pages show what the code says."""

from tools import reference


def test_every_command_has_its_help() -> None:
    page = reference.PAGES["cli.md"]()
    assert "## `ante config show`" in page
    assert "## `ante messages create`" in page


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert reference.table(("a", "b"), [("x|y", "z")]) == "| a | b |\n| --- | --- |\n| x\\|y | z |\n"


def test_every_setting_has_its_row() -> None:
    page = reference.settings()
    assert "| `ANTE_SERVER_PORT` | `port` | `8787` |" in page
    assert "| `ANTE_SERVER_DATABASE_URL` | `database_url` |  |" in page


def test_a_public_permission_needs_nobody() -> None:
    assert reference.holders("public") == "anyone"
    assert "admin_key" in reference.holders("organization:read")

"""Tables that fit a terminal."""

from antechamber.cli.tables import cell_width, table

ID = "user_011ChFn3CXHvt7CZN8fXhsoT"
LONG = "somebody.with.a.long.address@department.example.com"
HEADINGS = ("id", "email", "name", "role", "added")


def test_an_id_stands_whole_at_80_columns_so_that_it_can_be_copied() -> None:
    rows = [
        (ID, LONG, "Somebody With A Name", "claude_code_user", "2026-11-21 08:43:16"),
        (ID, "a@b.co", "A", "user", None),
    ]
    lines = table(HEADINGS, rows).splitlines()
    assert all(cell_width(line) <= 80 for line in lines)
    assert all(line.startswith(ID) for line in lines[1:])
    assert lines[1].endswith("  2026-11-21")


def test_what_fits_is_not_cut() -> None:
    rows = [(ID, "a@b.co", "2026-11-21 08:43:16")]
    assert table(("id", "email", "added"), rows).splitlines()[1] == f"{ID}  a@b.co  2026-11-21 08:43:16"


def test_ids_give_way_last_and_numbers_never() -> None:
    rows = [(ID, LONG, "platform_workspace_member_updated", 1_234_567)]
    line = table(("id", "text", "act", "tokens"), rows, width=40).splitlines()[1]
    assert cell_width(line) <= 40
    assert line.endswith("1,234,567")
    assert line.startswith(ID[:16])


def test_wide_letters_take_two_columns() -> None:
    lines = table(("name", "count"), [("日本" * 30, 5)], width=20).splitlines()
    assert [cell_width(line) for line in lines] == [20, 20]

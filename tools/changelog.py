"""Folds the fragments in changes/ into CHANGELOG.md: `python tools/changelog.py VERSION DATE`, or `--check`."""

import re
import sys
from pathlib import Path

KINDS = ("added", "changed", "fixed", "removed", "security")
NAME = re.compile(rf"^(?P<slug>[a-z0-9][a-z0-9-]*)\.(?P<kind>{'|'.join(KINDS)})\.md$")
DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")
MARK = "<!-- releases, newest first -->"


def fragments(folder: Path) -> list[Path]:
    """Return the fragments of a folder; ValueError names one whose name or text is no fragment's."""
    found = [path for path in sorted(folder.iterdir()) if path.name != "README.md"]
    for path in found:
        if not NAME.match(path.name):
            message = f"{path.name}: a fragment is called SLUG.KIND.md, KIND one of {', '.join(KINDS)}"
            raise ValueError(message)
        if not path.read_text(encoding="utf-8").strip():
            message = f"{path.name} is empty"
            raise ValueError(message)
    return found


def section(version: str, date: str, found: list[Path]) -> str:
    """Return a release's section: its fragments by kind, in the order of their names."""
    parts = [f"## {version} ({date})\n"]
    for kind in KINDS:
        texts = [
            path.read_text(encoding="utf-8").strip() for path in found if path.suffixes[-2:] == [f".{kind}", ".md"]
        ]
        if texts:
            items = "\n".join("- " + text.replace("\n", "\n  ") for text in texts)
            parts.append(f"### {kind.capitalize()}\n\n{items}\n")
    return "\n".join(parts)


def fold(root: Path, version: str, date: str) -> None:
    """Write the section into CHANGELOG.md and remove its fragments; ValueError if there is nothing to release."""
    found = fragments(root / "changes")
    changelog = root / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8")
    if not found:
        message = "changes/ holds no fragment"
        raise ValueError(message)
    if f"## {version} (" in text or MARK not in text or not DATE.match(date):
        message = f"{version} is there already, DATE is not YYYY-MM-DD, or CHANGELOG.md has lost its mark {MARK}"
        raise ValueError(message)
    changelog.write_text(text.replace(MARK, f"{MARK}\n\n{section(version, date, found)}".rstrip(), 1), encoding="utf-8")
    for path in found:
        path.unlink()


def main(arguments: list[str]) -> int:
    """Fold, or check that every fragment could be."""
    root = Path(__file__).parents[1]
    try:
        match arguments:
            case ["--check"]:
                fragments(root / "changes")
            case [version, date]:
                fold(root, version, date)
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

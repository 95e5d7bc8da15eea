"""Days of reports as they were printed, kept while nobody adds to them: few pages hold a day that is not over."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.features.usage.model import Piece, Width
from antechamber.features.usage.ports import UsageStore
from antechamber.features.usage.service.kept import Kept, digest

Print: TypeAlias = Callable[[Piece], Awaitable[Mapping[int, bytes]]]
# a report of 31 days by each of 3,000 keys is 30 MB
_MOST_BYTES: Final = 64 << 20
# what an entry takes beside its text
_ENTRY_BYTES: Final = 1 << 10


class PrintedDays:
    """Lines of days by organisation, day and question.

    A day is looked up by what has gone into it (`UsageStore.marks`), in the transaction that would print it anew.
    """

    def __init__(self, store: UsageStore, most_bytes: int = _MOST_BYTES) -> None:
        self._store = store
        self._kept: Kept[bytes] = Kept(most_bytes)

    async def lines(
        self, unit: Unit, organization_id: OrganizationId, piece: Piece, question: object, printed: Print
    ) -> Mapping[int, bytes]:
        """Return the lines of a piece's days, those without any left out; `printed` prints what is not kept.

        `question` is told from others by its `repr`.
        """
        marks = await self._store.marks(unit, organization_id, piece)
        asked = digest(question)
        names = {at: (organization_id, at, asked) for at in marks}
        found = {at: lines for at, name in names.items() if (lines := self._kept.find(name, marks[at])) is not None}
        for run in _runs(sorted(marks.keys() - found.keys())):
            anew = await printed(run)
            for at in range(run.start, run.end, Width.DAY.microseconds):
                found[at] = lines = anew.get(at, b"")
                self._kept.keep(names[at], marks[at], lines, len(lines) + _ENTRY_BYTES)
        return found


def _runs(days: Sequence[int]) -> Iterator[Piece]:
    """Return days that follow each other as one piece."""
    step, first = Width.DAY.microseconds, 0
    for place in range(1, len(days) + 1):
        if place == len(days) or days[place] != days[place - 1] + step:
            yield Piece(Width.DAY, days[first], days[place - 1] + step)
            first = place

"""Sums over days that are over, kept while nobody adds to any of them: a report reads what came in since."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.features.usage.model import Piece, Question, SumRow, Width
from antechamber.features.usage.ports import UsageStore
from antechamber.features.usage.service.kept import Kept, digest

# some 400 bytes each; sums by key and model of 5,000 keys are 6,000
_MOST_ROWS: Final = 50_000
# what an entry takes beside its rows: marks of 31 days
_ENTRY_ROWS: Final = 20


class SettledSums:
    """Rows by organisation and question.

    They are looked up by what has gone into each of their days (`UsageStore.marks`), in the transaction that would
    add them up anew.
    """

    def __init__(self, store: UsageStore, most_rows: int = _MOST_ROWS) -> None:
        self._store = store
        self._kept: Kept[Sequence[SumRow]] = Kept(most_rows)

    async def rows(
        self, unit: Unit, organization_id: OrganizationId, question: Question, today: int
    ) -> Sequence[SumRow]:
        """Return rows that add up to what a question asks: a group may have one of the days before `today`, one since.

        `question` is neither ranked nor cut, and lets groups through in which all is 0.
        """
        over, rest = _split(question.pieces, today)
        found: list[SumRow] = []
        if over:
            found += await self._over(unit, organization_id, replace(question, pieces=over))
        if rest:
            found += await self._store.table(unit, organization_id, replace(question, pieces=rest))
        return found

    async def _over(self, unit: Unit, organization_id: OrganizationId, question: Question) -> Sequence[SumRow]:
        marks = [await self._store.marks(unit, organization_id, piece) for piece in question.pieces]
        name = (organization_id, digest(question))
        rows = self._kept.find(name, marks)
        if rows is None:
            rows = await self._store.table(unit, organization_id, question)
            self._kept.keep(name, marks, rows, len(rows) + _ENTRY_ROWS)
        return rows


def _split(pieces: Sequence[Piece], today: int) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Return whole days before `today`, and the rest."""
    over: list[Piece] = []
    rest: list[Piece] = []
    for piece in pieces:
        edge = min(piece.end, today) if piece.width is Width.DAY else piece.start
        if piece.start < edge:
            over.append(replace(piece, end=edge))
        if edge < piece.end:
            rest.append(replace(piece, start=max(piece.start, edge)))
    return tuple(over), tuple(rest)

"""Usage reports: buckets of sums, paged, from the roll-ups."""

from itertools import groupby
from operator import attrgetter

from antechamber.base.clock import Clock
from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import OrganizationId
from antechamber.base.page import open_cursor, seal_cursor
from antechamber.base.unit import Units
from antechamber.features.usage.model import Bucket, Report, ReportQuery, UsageSum, check_kept, interval
from antechamber.features.usage.ports import UsageStore


class UsageReports:
    """Answers what an organisation has used."""

    def __init__(self, store: UsageStore, units: Units, clock: Clock) -> None:
        self._store = store
        self._units = units
        self._clock = clock

    async def messages(self, organization_id: OrganizationId, query: ReportQuery) -> Report:
        """Return one page of the report; InvalidRequest when the page cursor is not of this query."""
        now = self._clock.now()
        start, end = interval(query, now)
        check_kept(query.width, start, now)
        binding = _binding(organization_id, query)
        if query.page is not None:
            start = _position(open_cursor(query.page, binding), query, start)
        step = query.width.microseconds
        stop = min(end, start + query.limit * step)
        by_bucket: dict[int, tuple[UsageSum, ...]] = {}
        if start < stop:
            async with self._units.read() as unit:
                sums = await self._store.sums(
                    unit, organization_id, query.width, (start, stop), query.group_by, query.filters
                )
            by_bucket = {bucket: tuple(group) for bucket, group in groupby(sums, key=attrgetter("bucket"))}
        buckets = tuple(Bucket(at, at + step, by_bucket.get(at, ())) for at in range(start, stop, step))
        return Report(buckets, seal_cursor(str(stop), binding) if stop < end else None)


def _binding(organization_id: OrganizationId, query: ReportQuery) -> dict[str, object]:
    return {
        "report": "usage/messages",
        "organization_id": organization_id,
        "starting_at": query.starting_at,
        "ending_at": query.ending_at,
        "width": query.width,
        "group_by": sorted(query.group_by),
        "filters": {name: sorted(values) for name, values in query.filters.items() if values},
    }


def _position(text: str, query: ReportQuery, start: int) -> int:
    # the mark of a cursor is a digest, not a signature: what stands behind it is read as a stranger's
    if not text.isascii() or not text.isdecimal() or int(text) % query.width.microseconds or int(text) < start:
        message = "page: not a cursor that this server gave"
        raise InvalidRequest(message)
    return int(text)

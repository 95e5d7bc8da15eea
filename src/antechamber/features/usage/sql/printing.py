"""Lines of a report written by the database: a page may have tens of thousands of groups, and no object for any."""

from antechamber.base.ids import OrganizationId
from antechamber.database.changes import PRICES
from antechamber.features.usage.model import Dimension, Facet, Line, Piece, Question
from antechamber.features.usage.sql.cubes import choose
from antechamber.features.usage.sql.questions import Statement, any_used, filtered, in_order, is_plain


def build_printed(question: Question, organization_id: OrganizationId, line: Line, *, postgres: bool) -> Statement:
    """Return the statement that prints the groups of each bucket; its rows are (bucket, lines or null).

    A bucket at a time: its groups are few enough to be sorted in the processor's cache, if they have to be at all.
    """
    (piece,) = question.pieces
    statement = Statement(postgres)
    start, end = (f"CAST({statement.mark(bound)} AS BIGINT)" for bound in (piece.start, piece.end))
    step = piece.width.microseconds
    later = f"SELECT bucket + {step} FROM buckets WHERE bucket + {step} < {end}"  # noqa: S608 - names of ours only
    lines = _lines(statement, question, organization_id, line)
    # as bytes: the driver would make a text of them that has to be encoded again
    joined = "CONVERT_TO(STRING_AGG(line, ','), 'UTF8')" if postgres else "CAST(GROUP_CONCAT(line, ',') AS BLOB)"
    statement.text = (
        f"WITH RECURSIVE buckets(bucket) AS (SELECT {start} UNION ALL {later}) "  # noqa: S608 - as above
        f"SELECT bucket, (SELECT {joined} FROM ({lines}) AS lines) FROM buckets"
    )
    return statement


def build_marks(piece: Piece, organization_id: OrganizationId, *, postgres: bool) -> Statement:
    """Return the statement that tells what went into each bucket; its rows are (bucket, requests, version of prices).

    A row always adds a request, and pricing anew, which adds none, announces itself.
    """
    statement = Statement(postgres)
    version = f"COALESCE((SELECT version FROM change_feed WHERE name = {statement.mark(PRICES)}), 0)"  # noqa: S608 - a mark
    conditions = [
        f"organization_id = {statement.mark(organization_id)}",
        f"width = {statement.mark(choose(piece.width, frozenset()).name(piece.width))}",
        f"bucket >= {statement.mark(piece.start)}",
        f"bucket < {statement.mark(piece.end)}",
    ]
    statement.text = (
        f"SELECT bucket, CAST(SUM(requests) AS BIGINT), {version} FROM usage_rollups "  # noqa: S608 - names of ours only
        f"WHERE {' AND '.join(conditions)} GROUP BY bucket"
    )
    return statement


def _lines(statement: Statement, question: Question, organization_id: OrganizationId, line: Line) -> str:
    (piece,) = question.pieces
    cube = choose(piece.width, question.facets)
    is_sum = not is_plain(question)
    total = "SUM({0})" if is_sum else "{0}"
    last = max(question.group_by, default="")
    printed = _printed(statement, line, total, is_sum=is_sum)
    conditions = [
        f"organization_id = {statement.mark(organization_id)}",
        f"width = {statement.mark(cube.name(piece.width))}",
        "usage_rollups.bucket = buckets.bucket",
        # true of every row; it tells databases that what is before a dimension in the key does not change the order
        *(f"{name} = ''" for name in Dimension if name not in cube.dimensions and name < last),
        *filtered(statement, question),
    ]
    text = f"SELECT {printed} AS line FROM usage_rollups WHERE {' AND '.join(conditions)}"  # noqa: S608 - as above
    names = sorted(question.group_by)
    if not is_sum:
        return f"{text} AND {any_used(question.unless_zero)} ORDER BY {', '.join(in_order(names))}"
    used = f"{' + '.join(total.format(name) for name in question.unless_zero)} > 0"
    if not names:
        return f"{text} HAVING {used}"
    return f"{text} GROUP BY {', '.join(names)} HAVING {used} ORDER BY {', '.join(names)}"


def _printed(statement: Statement, line: Line, total: str, *, is_sum: bool) -> str:
    postgres = statement.postgres
    facets = frozenset(Dimension)
    marks = [("%s" if postgres or name in facets else "%d") for name in line.values]
    texts = [text.replace("%", "%%") for text in line.texts]
    template = "".join(part for pair in zip(texts, [*marks, ""], strict=True) for part in pair)
    values = [
        _quoted(Dimension(name), postgres=postgres, is_sum=is_sum) if name in facets else total.format(name)
        for name in line.values
    ]
    function = "FORMAT" if postgres else "PRINTF"
    return f"{function}({', '.join([f'CAST({statement.mark(template)} AS TEXT)', *values])})"


def _quoted(name: Facet, *, postgres: bool, is_sum: bool) -> str:
    text = f"CAST(TO_JSON({name}) AS TEXT)" if postgres else f"JSON_QUOTE({name})"
    if name is not Dimension.WORKSPACE_ID:
        return f"CASE WHEN {name} = '' THEN 'null' ELSE {text} END"
    flag = "CAST(default_workspace AS INTEGER)"
    return f"CASE WHEN {f'MAX({flag})' if is_sum else flag} = 1 OR {name} = '' THEN 'null' ELSE {text} END"

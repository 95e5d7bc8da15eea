"""Roll-ups of different fineness: a report reads the coarsest that has every dimension that it asks for."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from antechamber.features.usage.model import Dimension, Facet, Piece, Tag, Width

_ORDER: Final = tuple(Dimension)


@dataclass(frozen=True, slots=True)
class Cube:
    """A roll-up by some dimensions; `suffix` sets its widths apart. Some have weeks, for sums of many days."""

    suffix: str
    dimensions: frozenset[Dimension]
    widths: frozenset[Width]
    has_weeks: bool = False

    def name(self, width: Width) -> str:
        """Return what stands in the column `width`."""
        return width.value + self.suffix

    @property
    def week_name(self) -> str:
        """Return what stands in the column `width` of its weeks."""
        return "7d" + self.suffix

    def flattener(self) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
        """Return what makes a group, dimensions in their order and the default workspace's flag, of a finer one."""
        nothing, no_flag = len(_ORDER) + 1, len(_ORDER) + 2
        places = [place if name in self.dimensions else nothing for place, name in enumerate(_ORDER)]
        places.append(len(_ORDER) if Dimension.WORKSPACE_ID in self.dimensions else no_flag)
        pick = itemgetter(*places)
        return lambda group: pick((*group, "", False))


_ALL: Final = frozenset(Width)
# weeks are counted from the epoch, a Thursday
WEEK: Final = 7 * Width.DAY.microseconds
# the coarsest first; a day's keys and people are few enough, and hours of them are rarely asked for
CUBES: Final = (
    Cube(
        "/model",
        frozenset(
            {
                Dimension.CONTEXT_WINDOW,
                Dimension.INFERENCE_GEO,
                Dimension.MODEL,
                Dimension.SERVICE_TIER,
                Dimension.SPEED,
            }
        ),
        _ALL,
    ),
    Cube("/key", frozenset({Dimension.API_KEY_ID}), frozenset({Width.DAY})),
    Cube(
        "/workspace",
        frozenset(
            {
                Dimension.CONTEXT_WINDOW,
                Dimension.INFERENCE_GEO,
                Dimension.MODEL,
                Dimension.SERVICE_TIER,
                Dimension.SPEED,
                Dimension.WORKSPACE_ID,
            }
        ),
        _ALL,
    ),
    Cube(
        "/people",
        frozenset({Dimension.ACCOUNT_ID, Dimension.API_KEY_ID, Dimension.SERVICE_ACCOUNT_ID, Dimension.WORKSPACE_ID}),
        frozenset({Width.DAY}),
        has_weeks=True,
    ),
    Cube("/key-model", frozenset({Dimension.API_KEY_ID, Dimension.MODEL}), frozenset({Width.DAY}), has_weeks=True),
    Cube("", frozenset(Dimension), _ALL, has_weeks=True),
)


# what days of sessions can be asked for
OF_SESSIONS: Final[frozenset[Facet]] = frozenset({Tag.SESSION_ID, Dimension.MODEL})
# the requests of a day that carry no tag, by every dimension; with the days of tagged ones they are all
UNTAGGED: Final = Cube("/untagged", frozenset(Dimension), frozenset({Width.DAY}))


def choose_sums(width: Width, asked: AbstractSet[Facet]) -> Cube:
    """Return the roll-up that has what is asked for in the fewest rows, when buckets need not be told apart."""
    coarsest = choose(width, asked)
    if coarsest.suffix and coarsest.widths == _ALL:
        return coarsest
    weekly = (cube for cube in CUBES if cube.has_weeks and width in cube.widths and asked <= cube.dimensions)
    return next(weekly, coarsest)


def spans(piece: Piece, cube: Cube) -> list[tuple[str, int, int]]:
    """Return what answers sums over a piece: names of a cube's widths, from when and to when; weeks if it has them."""
    first, last = -(-piece.start // WEEK) * WEEK, piece.end // WEEK * WEEK
    name = cube.name(piece.width)
    if piece.width is not Width.DAY or not cube.has_weeks or first >= last:
        return [(name, piece.start, piece.end)]
    found = [(name, piece.start, first), (cube.week_name, first, last), (name, last, piece.end)]
    return [span for span in found if span[1] < span[2]]


def choose(width: Width, asked: AbstractSet[Facet]) -> Cube:
    """Return the coarsest roll-up that has what is asked for."""
    return next(cube for cube in CUBES if width in cube.widths and asked <= cube.dimensions)

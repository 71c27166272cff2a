"""The elements of a list that a server gives page by page.

Servers differ in how they say what the next page is: each way is a class here. It looks at a page
and returns where the next one is, or None after the last. Where a page is can be kept as JSON, so
that a run goes on there.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urljoin

from requests.utils import parse_header_links

from .items import value_at
from .text import short_hash

# In the place of the body of an answer that says that it has none.
NO_CONTENT = object()


class NoList(ValueError):
    """There is no list where the elements of a page are expected; the argument says where."""


class SamePage(Exception):
    """The server gives a page again, so its list would never end."""


class Place(NamedTuple):
    """Where a page is.

    :param str path: of the request; or a full address
    :param dict params: the parameters of the query
    """

    path: str
    params: dict[str, Any]


class Page(NamedTuple):
    """A page as it came.

    :param str address: where it was asked for at last, for what is relative to it
    :param headers: of the answer
    :param data: the body, read as JSON
    :param list elements: those on it
    """

    address: str
    headers: Mapping[str, str]
    data: Any
    elements: list[Any]


class Way:
    """How a server says what the next page is."""

    def first(self, place: Place) -> Place:
        """Return where the first page is.

        :param Place place: the path and the parameters that were asked for
        """
        return place

    def following(self, place: Place, page: Page) -> Place | None:
        """Return where the page behind ``page`` is, or None."""
        raise NotImplementedError


@dataclass(frozen=True)
class LinkHeader(Way):
    """The header ``Link`` has the address of the next page (RFC 8288)."""

    relation: str = "next"

    def following(self, place: Place, page: Page) -> Place | None:
        links = parse_header_links(page.headers.get("Link") or "")
        for link in links:
            if self.relation in str(link.get("rel", "")).lower().split():
                return Place(urljoin(page.address, link["url"]), {})
        return None


@dataclass(frozen=True)
class NextAddress(Way):
    """The body has the address of the next page.

    :param where: a path such as ``links.next``, or a callable that gets the body
    """

    where: str | Callable[[Any], Any] = "next"

    def following(self, place: Place, page: Page) -> Place | None:
        address = _found(page.data, self.where)
        return Place(urljoin(page.address, str(address)), {}) if address else None


@dataclass(frozen=True)
class Cursor(Way):
    """The body has a cursor, with which the next page is asked for.

    :param where: a path such as ``meta.cursor``, or a callable that gets the body
    :param str param: the parameter that takes it
    """

    where: str | Callable[[Any], Any] = "next_cursor"
    param: str = "cursor"

    def following(self, place: Place, page: Page) -> Place | None:
        cursor = _found(page.data, self.where)
        if cursor is None or cursor == "" or cursor is False:
            return None
        return Place(place.path, {**place.params, self.param: cursor})


@dataclass(frozen=True)
class PageNumber(Way):
    """Pages are counted. The last is the first without elements, or with fewer than ``size``.

    :param str param: the parameter that takes the number
    :param int first_number: that of the first page
    :param int size: elements of a full page, if that is known
    """

    param: str = "page"
    first_number: int = 1
    size: int | None = None

    def first(self, place: Place) -> Place:
        return Place(place.path, {self.param: self.first_number, **place.params})

    def following(self, place: Place, page: Page) -> Place | None:
        if not page.elements or (self.size and len(page.elements) < self.size):
            return None
        return Place(place.path, {**place.params, self.param: int(place.params[self.param]) + 1})


@dataclass(frozen=True)
class Offset(Way):
    """Elements are counted: so many are left out. Without elements on a page it was the last.

    :param str param: the parameter that takes how many are left out
    :param str size_param: the parameter that takes how many are wanted
    :param int size: how many are wanted; None: as many as the server likes. With fewer a page was
        the last.
    """

    param: str = "offset"
    size_param: str = "limit"
    size: int | None = None

    def first(self, place: Place) -> Place:
        size = {self.size_param: self.size} if self.size else {}
        return Place(place.path, {self.param: 0, **size, **place.params})

    def following(self, place: Place, page: Page) -> Place | None:
        if not page.elements or (self.size and len(page.elements) < self.size):
            return None
        offset = int(place.params[self.param]) + len(page.elements)
        return Place(place.path, {**place.params, self.param: offset})


@dataclass
class Pages:
    """The elements of all pages, one after the other. A page is asked for when it is needed.

    :param fetch: function that gets a :class:`Place` and returns address, headers and JSON, or
        :data:`NO_CONTENT` in place of that: the list ends there
    :param Place start: what was asked for
    :param items: where a page has its elements; None: it is a list itself
    :param Way way: how the next page is found
    """

    fetch: Callable[[Place], tuple[str, Mapping[str, str], Any]]
    start: Place
    items: str | Callable[[Any], Any] | None = None
    way: Way = field(default_factory=LinkHeader)

    def __post_init__(self) -> None:
        self._place: Place | None = self.way.first(self.start)
        # JSON as it is kept has no order.
        self._of = short_hash([self.start, type(self.way).__name__])
        self._given = 0
        self._elements = self._each()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._elements)

    def position(self) -> dict[str, Any]:
        """Return where the page is that is being read, for :meth:`resume`; a JSON value."""
        place = self._place and list(self._place)
        return {"pages": self._of, "place": place, "given": self._given}

    def is_at(self, position: Any) -> bool:
        """Return whether ``position`` is one of this list."""
        return isinstance(position, dict) and position.get("pages") == self._of

    def resume(self, position: Any) -> int:
        """Go on at ``position`` in place of the beginning, if that is one of the same list.

        All of its page comes again: what was added to that meanwhile may stand anywhere on it.

        :return: how many elements of the page were given already
        """
        if not self.is_at(position):
            return 0
        place = position["place"]
        self._place = Place(*place) if place else None
        return int(position["given"])

    def _each(self) -> Iterator[Any]:
        seen: set[str] = set()
        before: str | None = None
        while (place := self._place) is not None:
            if (mark := short_hash(place)) in seen:
                raise SamePage()
            seen.add(mark)
            address, headers, data = self.fetch(place)
            if data is NO_CONTENT:
                self._place, self._given = None, 0
                return
            elements = self._elements_of(data)
            following = self.way.following(place, Page(address, headers, data, elements))
            # A server that does not know the parameter gives the first page for ever.
            content = short_hash(elements) if elements else None
            if content and content == before:
                raise SamePage()
            before = content
            for self._given, element in enumerate(elements, 1):
                yield element
            self._place, self._given = following, 0

    def _elements_of(self, data: Any) -> list[Any]:
        try:
            elements = data if self.items is None else value_at(data, self.items)
        except (LookupError, AttributeError, TypeError):
            elements = None
        if not isinstance(elements, list):
            raise NoList(self.items if isinstance(self.items, str) else "")
        return elements


def _found(data: Any, where: str | Callable[[Any], Any]) -> Any:
    try:
        return value_at(data, where)
    except (LookupError, AttributeError, TypeError):
        return None

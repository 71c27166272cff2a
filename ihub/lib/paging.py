"""How servers say what the next page of a list is: for ``RestClient.pages(…, next=…)``."""

from ..core.paging import Cursor, LinkHeader, NextAddress, Offset, Page, PageNumber, Place, Way

__all__ = [
    "Cursor",
    "LinkHeader",
    "NextAddress",
    "Offset",
    "Page",
    "PageNumber",
    "Place",
    "Way",
]

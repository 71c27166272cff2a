"""Lists that come page by page: how the next one is found, where it ends, and going on."""

import json
from urllib.parse import parse_qsl, urlsplit

import pytest
from http_server import Reply, local_server
from pure_ihub.lib import rest_client
from pure_ihub.lib.paging import Cursor, LinkHeader, NextAddress, Offset, PageNumber
from pure_ihub.lib.rest_client import RestClient

SECRET = "hunter2-hunter2"


@pytest.fixture
def server():
    with local_server() as server:
        yield server


def reply(data, **headers):
    return Reply(body=json.dumps(data).encode(), headers=headers)


def queries(server):
    return [dict(parse_qsl(urlsplit(path).query)) for path in server.paths]


def test_by_the_header_link(server):
    server.reply(
        "api/orders",
        reply([1, 2], Link='</api/orders?page=2>; rel="next", </api/orders?page=9>; rel="last"'),
        reply([3], Link=f'<{server.url}api/orders?page=3>; rel="prev next"'),
        reply([4], Link='</api/orders>; rel="first"'),
    )
    with RestClient(server.url + "api") as client:
        assert list(client.pages("orders", params={"size": 2})) == [1, 2, 3, 4]
    assert queries(server) == [{"size": "2"}, {"page": "2"}, {"page": "3"}]


@pytest.mark.parametrize("items", ["data", None, lambda body: body["data"]])
@pytest.mark.parametrize("way", [PageNumber(), Offset(), Cursor(), NextAddress(), LinkHeader()])
def test_an_answer_without_content_is_a_page_without_elements(server, way, items):
    ids = [1, 2]
    server.reply("orders", reply(ids if items is None else {"data": ids}), Reply(204))
    pages = RestClient(server.url).pages("orders", items=items, next=way)
    assert list(pages) == [1, 2]
    assert list(RestClient(server.url).pages("orders", items=items, next=way)) == []


def test_by_a_cursor_in_the_body(server):
    server.reply(
        "orders",
        reply({"data": {"orders": [1]}, "meta": {"cursor": "b"}}),
        reply({"data": {"orders": []}, "meta": {"cursor": 3}}),
        reply({"data": {"orders": [2]}, "meta": {"cursor": None}}),
    )
    way = Cursor("meta.cursor", param="after")
    client = RestClient(server.url)
    assert list(client.pages("orders", items="data.orders", next=way, params={"a": 1})) == [1, 2]
    assert queries(server) == [{"a": "1"}, {"a": "1", "after": "b"}, {"a": "1", "after": "3"}]


@pytest.mark.parametrize("address", ["{url}orders?p=2", "/orders?p=2", "?p=2", "orders?p=2"])
def test_by_an_address_in_the_body(server, address):
    server.reply(
        "orders",
        reply({"orders": [1], "next": address.format(url=server.url)}),
        reply({"orders": [2], "next": ""}),
    )
    pages = RestClient(server.url).pages("orders", items="orders", next=NextAddress())
    assert list(pages) == [1, 2]
    assert queries(server) == [{}, {"p": "2"}]


def test_by_number(server):
    server.reply("orders", reply([1, 2]), reply([3]), reply([]))
    assert list(RestClient(server.url).pages("orders", next=PageNumber())) == [1, 2, 3]
    assert queries(server) == [{"page": "1"}, {"page": "2"}, {"page": "3"}]


def test_by_number_until_a_page_is_not_full(server):
    server.reply("orders", reply([1, 2]), reply([3]))
    way = PageNumber("p", first_number=0, size=2)
    assert list(RestClient(server.url).pages("orders", next=way)) == [1, 2, 3]
    assert queries(server) == [{"p": "0"}, {"p": "1"}]


def test_by_offset(server):
    server.reply("orders", reply([1, 2]), reply([3]))
    way = Offset("skip", "top", size=2)
    assert list(RestClient(server.url).pages("orders", next=way)) == [1, 2, 3]
    assert queries(server) == [{"skip": "0", "top": "2"}, {"skip": "2", "top": "2"}]


def test_by_offset_until_there_is_nothing(server):
    server.reply("orders", reply([1, 2]), reply([3]), reply([]))
    assert list(RestClient(server.url).pages("orders", next=Offset())) == [1, 2, 3]
    assert queries(server) == [{"offset": "0"}, {"offset": "2"}, {"offset": "3"}]


def test_a_page_is_asked_for_when_it_is_needed(server):
    server.reply("orders", reply([1, 2]), reply([3]), reply([]))
    pages = RestClient(server.url).pages("orders", next=PageNumber())
    assert not server.requests
    assert [next(pages), next(pages)] == [1, 2]
    assert len(server.requests) == 1
    assert next(pages) == 3
    assert len(server.requests) == 2


REPEATED = [
    (Cursor("cursor"), {"orders": [1], "cursor": "a"}, {"orders": [2], "cursor": "a"}),
    (NextAddress(), {"orders": [1], "next": "/orders"}, {"orders": [2], "next": "/orders"}),
    (PageNumber(), {"orders": [1]}, {"orders": [1]}),
    (Offset(), {"orders": [1]}, {"orders": [1]}),
    (Cursor("cursor"), {"orders": [1], "cursor": "a"}, {"orders": [1], "cursor": "b"}),
]


@pytest.mark.parametrize(("way", "first", "second"), REPEATED)
def test_a_page_that_comes_again_ends_it(server, way, first, second):
    server.reply("orders", reply(first), reply(second))
    pages = RestClient(server.url).pages("orders", items="orders", next=way)
    with pytest.raises(rest_client.AnswerUnusable, match="the same page of a list again"):
        for _each in range(100):
            next(pages)
    assert len(server.requests) <= 2


def test_a_link_in_a_circle_ends_it(server):
    server.reply("a", reply([1], Link='</b>; rel="next"'))
    server.reply("b", reply([2], Link='</a>; rel="next"'))
    with pytest.raises(rest_client.AnswerUnusable, match="never end"):
        list(RestClient(server.url).pages("a", next=LinkHeader()))
    # The first page has an address of its own: as it was asked for.
    assert server.paths == ["/a", "/b", "/a"]


@pytest.mark.parametrize("data", [{"orders": {}}, {"other": []}, [], 5, None, {"orders": "text"}])
def test_a_page_without_a_list_is_named(server, data):
    server.reply("orders", reply(data))
    with pytest.raises(rest_client.AnswerUnusable, match=r"no list .* \(data\.orders\)"):
        list(RestClient(server.url).pages("orders", items="data.orders"))


def test_the_next_page_on_another_server_is_refused(server):
    with local_server() as other:
        server.reply("orders", reply([1], Link=f'<{other.url}orders>; rel="next"'))
        pages = RestClient(server.url, token=SECRET).pages("orders")
        with pytest.raises(rest_client.RedirectRefused):
            list(pages)
        assert not other.connections


class TestGoingOn:
    WAYS = [PageNumber(), Offset(), Cursor("cursor"), NextAddress(), LinkHeader()]

    @pytest.fixture
    def orders(self, server):
        """Let the server have three pages of two orders, found in every way."""

        def answer(path):
            query = dict(parse_qsl(urlsplit(path).query))
            page = int(query.get("page", int(query.get("offset", 0)) // 2 + 1))
            page = int(query.get("cursor", page))
            data = {"orders": [page * 2 - 1, page * 2] if page < 4 else []}
            headers = {}
            if page < 3:
                data |= {"cursor": page + 1, "next": f"/orders?page={page + 1}"}
                headers = {"Link": f'</orders?page={page + 1}>; rel="next"'}
            return reply(data, **headers)

        server._next_reply = answer
        client = RestClient(server.url.replace("//", f"//me:{SECRET}@"))
        return lambda way, **kwargs: client.pages("orders", items="orders", next=way, **kwargs)

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("read", range(1, 7))
    def test_it_goes_on_at_the_page_where_it_was(self, orders, way, read):
        first = orders(way)
        seen = [next(first) for _each in range(read)]
        position = json.loads(json.dumps(first.position()))
        assert SECRET not in str(position)
        second = orders(way)
        second.resume(position)
        rest = list(second)
        assert sorted({*seen, *rest}) == [1, 2, 3, 4, 5, 6]
        assert rest[0] == (read - 1) // 2 * 2 + 1

    def test_the_position_of_another_list_is_not_taken(self, orders):
        first = orders(PageNumber())
        assert [next(first) for _each in range(3)] == [1, 2, 3]
        for position in (first.position(), None, 5, {"pages": "x"}, "text"):
            other = orders(PageNumber(), params={"state": "open"})
            other.resume(position)
            assert list(other) == [1, 2, 3, 4, 5, 6]

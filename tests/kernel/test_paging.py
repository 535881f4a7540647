import base64
import json
from collections.abc import Generator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Engine, SmallInteger, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from miniprogram_api.kernel.db import UtcDateTime, text_enum
from miniprogram_api.kernel.paging import (
    InvalidCursor,
    Page,
    Scalar,
    decode_cursor,
    encode_cursor,
    keyset,
    page,
    page_rows,
)

pytestmark = pytest.mark.once


class Colour(StrEnum):
    GREEN = "green"
    YELLOW = "yellow"


class Base(DeclarativeBase):
    pass


class Parcel(Base):
    __tablename__ = "parcels"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    small: Mapped[int] = mapped_column(SmallInteger)
    count: Mapped[int]
    big: Mapped[int] = mapped_column(BigInteger)
    weight: Mapped[float]
    name: Mapped[str]
    sealed: Mapped[bool]
    colour: Mapped[Colour] = mapped_column(text_enum(Colour))
    sent_on: Mapped[date]
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)


def parcel(number: int) -> Parcel:
    return Parcel(
        id=UUID(int=number),
        small=number % 3,
        count=number % 5,
        big=number * 2**40,
        weight=number / 7,
        name=f"包裹{number:03}",
        sealed=number % 2 == 0,
        colour=[Colour.GREEN, Colour.YELLOW][number % 2],
        sent_on=date(2026, 5, 1) + timedelta(days=number % 4),
        sent_at=datetime(2026, 5, 1, tzinfo=UTC) + timedelta(microseconds=number // 2),
    )


@pytest.fixture
def session(bare_engine: Engine, bare_session: Session) -> Generator[Session]:
    Base.metadata.create_all(bare_engine)
    bare_session.add_all(parcel(number) for number in range(40))
    bare_session.commit()
    yield bare_session
    bare_session.rollback()


def raw(content: str) -> str:
    return base64.urlsafe_b64encode(content.encode()).rstrip(b"=").decode()


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
    st.uuids(),
)


class TestCursors:
    @given(st.lists(scalars, max_size=4))
    def test_values_come_back_with_their_types(self, values: list[Scalar]) -> None:
        found = decode_cursor(encode_cursor(values))

        assert found == values
        assert [type(value) for value in found] == [type(value) for value in values]

    def test_an_instant_comes_back_in_utc(self) -> None:
        at = datetime(2026, 5, 1, 8, tzinfo=timezone(timedelta(hours=8)))

        assert decode_cursor(encode_cursor([at])) == [datetime(2026, 5, 1, tzinfo=UTC)]

    def test_a_cursor_is_safe_in_an_address(self) -> None:
        assert encode_cursor(["长春?&=/+", 1]).isascii()
        assert not set(encode_cursor(["长春?&=/+" * 9, 1])) & set("?&=/+%")

    @pytest.mark.parametrize(
        "cursor",
        [
            "%%%",
            "A",
            "碳",
            "a b",
            raw("not json"),
            raw("{}"),
            raw('"text"'),
            raw("[NaN]"),
            raw("[Infinity]"),
            raw("[1e999]"),
            raw("[[1]]"),
            raw('[{"t": "2026-05-01T00:00:00"}]'),
            raw('[{"t": "0001-01-01T00:00:00+14:00"}]'),
            raw('[{"t": "yesterday"}]'),
            raw('[{"t": 1}]'),
            raw('[{"d": "2026-02-30"}]'),
            raw('[{"u": "xyz"}]'),
            raw('[{"u": "' + "0" * 32 + '", "d": "2026-01-01"}]'),
            raw('[{"x": "1"}]'),
            raw('["\\u0000"]'),
            raw('["\\ud800"]'),
            raw("[" * 1400),
            "A" * 5000,
            base64.urlsafe_b64encode(b"\xff\xfe").decode().rstrip("="),
        ],
    )
    def test_what_we_never_wrote_is_refused(self, cursor: str) -> None:
        with pytest.raises(InvalidCursor) as refusal:
            decode_cursor(cursor)

        assert refusal.value.code == "request.cursor"

    @given(st.text(max_size=60))
    def test_no_text_does_worse_than_being_refused(self, text: str) -> None:
        with suppress(InvalidCursor):
            decode_cursor(text)

    @given(
        st.recursive(
            st.none() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        )
    )
    def test_no_json_does_worse_than_being_refused(self, content: Any) -> None:
        with suppress(InvalidCursor):
            decode_cursor(raw(json.dumps(content)))


def walk(session: Session, columns: Sequence[Any], descending: bool | list[bool]) -> list[UUID]:
    found: list[UUID] = []
    cursor: str | None = None
    while True:
        here: Page[Parcel] = page(
            session, select(Parcel), columns, limit=7, cursor=cursor, descending=descending
        )
        found += [item.id for item in here.items]
        if here.next_cursor is None:
            return found
        assert len(here.items) == 7
        cursor = here.next_cursor


class TestPages:
    @pytest.mark.parametrize("down", [True, False])
    @pytest.mark.parametrize(
        "column", ["small", "count", "big", "weight", "name", "sealed", "colour", "sent_on", "sent_at"]
    )
    def test_pages_hold_every_row_once_in_order(self, session: Session, column: str, down: bool) -> None:
        key = getattr(Parcel, column)
        order = [key.desc(), Parcel.id.desc()] if down else [key, Parcel.id]

        assert (
            walk(session, [key, Parcel.id], down) == session.scalars(select(Parcel.id).order_by(*order)).all()
        )

    def test_each_column_may_have_its_own_direction(self, session: Session) -> None:
        columns = [Parcel.small, Parcel.count, Parcel.id]
        order = [Parcel.small.desc(), Parcel.count, Parcel.id.desc()]

        found = walk(session, columns, [True, False, True])

        assert found == session.scalars(select(Parcel.id).order_by(*order)).all()

    def test_rows_added_before_the_cursor_shift_nothing(self, session: Session) -> None:
        first = page(session, select(Parcel), [Parcel.id], limit=10, cursor=None, descending=True)
        session.add(parcel(99))
        session.flush()

        second = page(
            session, select(Parcel), [Parcel.id], limit=10, cursor=first.next_cursor, descending=True
        )

        assert [item.id.int for item in second.items] == list(range(29, 19, -1))

    def test_the_last_page_has_no_next(self, session: Session) -> None:
        exact = page(session, select(Parcel.name), [Parcel.id], limit=40, cursor=None)
        empty = page(session, select(Parcel.name).where(Parcel.count > 9), [Parcel.id], limit=40, cursor=None)

        assert (exact.items[0], len(exact.items), exact.next_cursor) == ("包裹000", 40, None)
        assert (list(empty.items), empty.next_cursor) == ([], None)

    def test_rows_keep_their_names_and_can_be_unpacked(self, session: Session) -> None:
        doubled = (Parcel.count * 2).label("doubled")
        here = page_rows(
            session, select(Parcel, doubled), [doubled, Parcel.id], limit=3, cursor=None, descending=True
        )

        item, value = here.items[0]
        assert (item, value) == (here.items[0].Parcel, here.items[0].doubled)
        assert decode_cursor(here.next_cursor or "") == [8, UUID(int=29)]


class TestForeignCursors:
    @pytest.mark.parametrize(
        ("column", "value"),
        [
            (Parcel.id, "text"),
            (Parcel.id, None),
            (Parcel.name, 1),
            (Parcel.count, "1"),
            (Parcel.count, True),
            (Parcel.count, 1.5),
            (Parcel.small, 2**15),
            (Parcel.small, -(2**15) - 1),
            (Parcel.count, 2**31),
            (Parcel.big, 2**63),
            (Parcel.sent_on, datetime(2026, 5, 1, tzinfo=UTC)),
            (Parcel.sent_at, date(2026, 5, 1)),
            (Parcel.colour, "mauve"),
            (Parcel.colour, 1),
        ],
    )
    def test_a_value_the_column_cannot_hold_is_refused(self, column: Any, value: Scalar) -> None:
        with pytest.raises(InvalidCursor):
            keyset(select(Parcel), [column], encode_cursor([value]))

    def test_a_cursor_of_another_length_is_refused(self) -> None:
        with pytest.raises(InvalidCursor):
            keyset(select(Parcel), [Parcel.count, Parcel.id], encode_cursor([1]))

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            (Parcel.small, 2**15 - 1),
            (Parcel.count, -(2**31)),
            (Parcel.big, 2**63 - 1),
            (Parcel.sent_at, datetime(1, 1, 1, tzinfo=UTC)),
            (Parcel.sent_on, date(9999, 12, 31)),
            (Parcel.name, "'; --"),
        ],
    )
    def test_a_forged_but_possible_value_is_only_a_place_in_the_list(
        self, session: Session, column: Any, value: Scalar
    ) -> None:
        here = page(session, select(Parcel), [column], limit=50, cursor=encode_cursor([value]))

        assert len(here.items) in {0, 40}

from collections.abc import Generator
from dataclasses import dataclass
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, inspect, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import search
from miniprogram_api.kernel.search import SearchIndex, tokens

ARTICLES = SearchIndex("article")


@pytest.fixture
def session(bare_engine: Engine, bare_session: Session) -> Generator[Session]:
    with bare_engine.begin() as connection:
        search.create_index_tables(connection)
    yield bare_session
    bare_session.rollback()


def found(session: Session, query: str, index: SearchIndex = ARTICLES) -> list[tuple[int, int]]:
    hits = index.matches(query)
    rows = session.execute(select(hits).order_by(hits.c.rank.desc(), hits.c.object_id))
    return [(row.object_id.int, row.rank) for row in rows]


def ids(session: Session, query: str) -> set[int]:
    return {object_id for object_id, _ in found(session, query)}


class TestTokens:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("碳普惠", ["碳普", "普惠", "惠"]),
            ("碳", ["碳"]),
            ("CO2 减排", ["co2", "减排", "排"]),
            ("低碳2026年", ["低碳", "碳", "2026", "年"]),
            ("ＣＯ２，①", ["co2", "1"]),
            ("Übersee café", ["übersee", "café"]),
            ("ひらカナ 한글", ["ひら", "らカ", "カナ", "ナ", "한글", "글"]),
            ("𠀀𠀁", ["𠀀𠀁", "𠀁"]),
            ("🌱 -- '\"\0", []),
            ("", []),
            ("a" * 50, ["a" * 40]),
        ],
    )
    def test_a_text_becomes_pairs_and_words(self, text: str, expected: list[str]) -> None:
        assert tokens(text) == expected


class TestFinding:
    @pytest.fixture(autouse=True)
    def articles(self, session: Session) -> None:
        ARTICLES.put(
            session, UUID(int=1), title="长春市碳普惠平台上线", body="市民步行、骑行即可获得碳积分。"
        )
        ARTICLES.put(session, UUID(int=2), title="绿色出行月", body="碳普惠积分可兑换公交卡，CO2e 以克计。")
        ARTICLES.put(session, UUID(int=3), title="净月潭低碳示范区", body="普及碳中和知识，惠及市民。")

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("碳普惠", {1, 2}),
            ("积分", {1, 2}),
            ("碳", {1, 2, 3}),
            ("惠", {1, 2, 3}),
            ("潭", {3}),
            ("区", {3}),
            ("普惠碳", set()),
            ("市民 碳积分", {1}),
            ("co2", {2}),
            ("ＣＯ２Ｅ", {2}),
            ("co2积分", {2}),
            ("o2", set()),
            ("积分积分", set()),
            ("骑行即可", {1}),
            ("步行骑行", set()),
        ],
    )
    def test_all_terms_must_occur(self, session: Session, query: str, expected: set[int]) -> None:
        assert ids(session, query) == expected

    def test_a_phrase_does_not_run_from_the_title_into_the_text(self, session: Session) -> None:
        assert ids(session, "上线市民") == set()
        assert ids(session, "线市") == set()

    def test_titles_weigh_more(self, session: Session) -> None:
        assert found(session, "碳普惠") == [(1, 2), (2, 0)]
        assert found(session, "碳普惠 积分") == [(1, 1), (2, 0)]
        assert found(session, "低碳 市民") == [(3, 1)]

    def test_the_newest_text_of_an_object_counts(self, session: Session) -> None:
        ARTICLES.put(session, UUID(int=1), title="停止服务")

        assert ids(session, "碳普惠") == {2}
        assert found(session, "服务") == [(1, 2)]

    def test_a_removed_object_is_not_found(self, session: Session) -> None:
        ARTICLES.remove(session, UUID(int=1))
        ARTICLES.remove(session, UUID(int=99))

        assert ids(session, "碳普惠") == {2}

    def test_kinds_are_apart_even_for_one_id(self, session: Session) -> None:
        sites = SearchIndex("site")
        sites.put(session, UUID(int=1), title="碳中和馆")
        ARTICLES.remove(session, UUID(int=1))

        assert found(session, "碳", sites) == [(1, 2)]
        assert ids(session, "碳中和馆") == set()

    def test_matches_serve_as_a_condition(self, session: Session) -> None:
        chosen = select(ARTICLES.matches("碳普惠").c.object_id)
        hits = ARTICLES.matches("积分")

        rows = session.scalars(select(hits.c.object_id).where(hits.c.object_id.in_(chosen)))
        assert {row.int for row in rows} == {1, 2}


class TestHostileQueries:
    @pytest.mark.parametrize(
        "query",
        [
            "",
            "   ",
            "🌱🌱",
            "\0",
            "\ud800",
            "\ue000",
            "' OR 1=1 --",
            '"碳普惠',
            "碳'普\"惠",
            "AND OR NOT NEAR",
            "title : x",
            "kernel_search_fts:a",
            "a* ^b {c} -d (e",
            "a & !b | c <-> d:*A",
            "\\",
            "'\\'",
            "碳" * 5000,
            "碳 a" * 5000,
            " ".join(f"词{number}" for number in range(500)),
            "x" * 5000,
            "\ufdfa" * 5000,
            "İıſß",
        ],
    )
    def test_no_query_is_an_error(self, session: Session, query: str) -> None:
        ARTICLES.put(session, UUID(int=1), title="长春", body="x")

        assert all(rank in {0, 1, 2} for _, rank in found(session, query))

    @pytest.mark.parametrize("text", ["\0'\\\"\ud800 碳", "\ufdfa" * 40_000, "𐐨" * 39 + " 𐐨" * 20_000])
    def test_no_text_is_an_error(self, session: Session, text: str) -> None:
        ARTICLES.put(session, UUID(int=1), title=text, body=text)

        assert ids(session, text[-1]) <= {1}


class TestLongTexts:
    def test_a_phrase_is_found_behind_a_word_repeated_many_times(self, session: Session) -> None:
        ARTICLES.put(session, UUID(int=1), title="碳" * 300, body="碳" * 5000 + "普惠平台")

        assert ids(session, "普惠平台") == {1}
        assert ids(session, "碳普惠") == {1}
        assert ids(session, "碳碳碳") == {1}

    def test_the_end_of_a_very_long_text_is_left_out(self, session: Session) -> None:
        ARTICLES.put(session, UUID(int=1), title="长", body="字" * 15_599 + "内" + "字外外")

        assert ids(session, "内") == {1}
        assert ids(session, "外") == set()


@dataclass
class Text:
    """What a document means without any database."""

    title: str
    body: str

    def holds(self, query: str, *, every: bool = True, title_only: bool = False) -> bool:
        fields = [self.title] if title_only else [self.title, self.body]
        verdicts = (any(holds_term(field, term) for field in fields) for term in query.lower().split(" "))
        return all(verdicts) if every else any(verdicts)

    def rank(self, query: str) -> int:
        if self.holds(query, title_only=True):
            return 2
        return 1 if self.holds(query, every=False, title_only=True) else 0


def holds_term(field: str, term: str) -> bool:
    if term.isascii():
        return any(word.startswith(term) for word in field.lower().split(" "))
    return term in field


words = st.one_of(st.text("碳普惠", min_size=1, max_size=4), st.text("aB2", min_size=1, max_size=3))
phrases = st.lists(words, min_size=1, max_size=3).map(" ".join)
texts = st.builds(Text, title=phrases, body=st.lists(words, max_size=5).map(" ".join))


class TestAgainstTheMeaning:
    @given(documents=st.lists(texts, min_size=1, max_size=4), query=phrases)
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
    def test_both_databases_find_and_rank_what_the_words_say(
        self, session: Session, documents: list[Text], query: str
    ) -> None:
        for number, document in enumerate(documents):
            ARTICLES.put(session, UUID(int=number), title=document.title, body=document.body)

        expected = {number: d.rank(query) for number, d in enumerate(documents) if d.holds(query)}
        assert dict(found(session, query)) == expected
        session.rollback()


class TestTables:
    def test_alembic_is_told_to_overlook_them_and_nothing_else(self, bare_engine: Engine) -> None:
        with bare_engine.begin() as connection:
            search.create_index_tables(connection)

        assert not any(search.include_name(name) for name in inspect(bare_engine).get_table_names())
        assert search.include_name("kernel_audit")
        assert search.include_name(None)

    def test_they_can_be_dropped_and_created_again(self, bare_engine: Engine) -> None:
        with bare_engine.begin() as connection:
            search.create_index_tables(connection)
            search.drop_index_tables(connection)
            assert inspect(connection).get_table_names() == []
            search.create_index_tables(connection)

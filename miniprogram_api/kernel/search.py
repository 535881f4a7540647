"""Full-text search for Chinese: pairs of characters, looked up in FTS5 or tsvector behind one class.

Neither database splits Chinese into words, so texts are split here, by one rule for both, and the databases
only look tokens up. Each character of a Chinese run forms a pair with the next one; the last stands alone. A
query of several characters is then a phrase of pairs, and a query of one character a prefix. Words of other
scripts are tokens themselves and match by prefix. Both databases find the same.

Rank is not left to the databases, whose formulas differ: it is 2 if every term occurs in the title, 1 if one
does, 0 if none does. Callers break ties by a unique column.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    String,
    Subquery,
    Text,
    Uuid,
    bindparam,
    case,
    cast,
    column,
    delete,
    false,
    insert,
    literal,
    select,
    table,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from miniprogram_api.kernel.db import is_sqlite

_MAX_QUERY_CHARS = 60
_MAX_TERMS = 16
_MAX_TEXT_CHARS = 40_000
_MAX_WORD_CHARS = 40
_MAX_TITLE_TOKENS = 400
# PostgreSQL counts positions up to 16383 and keeps 256 of a token: beyond, it would find less than SQLite.
_MAX_BODY_TOKENS = 15_600
_MAX_OCCURRENCES = 255
# Keeps the place of a token that is not kept; a private-use character occurs in no query.
_FORGOTTEN = "\ue000"

_CJK_BLOCKS = (
    (0x3005, 0x3007),  # iteration mark, closing mark, zero
    (0x3040, 0x30FF),  # kana
    (0x3105, 0x312F),  # bopomofo
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7AF),  # hangul
    (0xF900, 0xFAFF),
    (0x20000, 0x323AF),
)


def _script(char: str) -> str:
    """Which run a character belongs to: "cjk", "word", or "" for what separates."""
    if not char.isalnum():
        return ""
    code = ord(char)
    return "cjk" if any(first <= code <= last for first, last in _CJK_BLOCKS) else "word"


def _runs(text: str) -> Iterable[tuple[str, str]]:
    folded = unicodedata.normalize("NFKC", text).lower()
    return ((script, "".join(chars)) for script, chars in groupby(folded, _script) if script)


def tokens(text: str) -> list[str]:
    """What is indexed of a text: 碳普惠CO2 gives 碳普 普惠 惠 co2; nothing if it has no letter or digit."""
    found: list[str] = []
    for script, run in _runs(text):
        found += _pairs(run) if script == "cjk" else [run[:_MAX_WORD_CHARS]]
    return found


def _pairs(run: str) -> list[str]:
    """Each character with its neighbour; the last one alone."""
    return [run[start : start + 2] for start in range(len(run))]


@dataclass(frozen=True, slots=True)
class _Term:
    """A part of a query, all of which must occur: a phrase of pairs, or the beginning of one token."""

    tokens: tuple[str, ...]
    prefix: bool

    def fts5(self) -> str:
        return f'"{" ".join(self.tokens)}"' + ("*" if self.prefix else "")

    def tsquery(self, weight: str) -> str:
        flags = ("*" if self.prefix else "") + weight
        return " <-> ".join(f"'{token}':{flags}" for token in self.tokens)


def _terms(query: str) -> list[_Term]:
    terms: dict[_Term, None] = {}
    for script, run in _runs(query[:_MAX_QUERY_CHARS]):
        if script == "cjk" and len(run) > 1:
            terms[_Term(tuple(_pairs(run)[:-1]), prefix=False)] = None
        else:
            terms[_Term((run[:_MAX_WORD_CHARS],), prefix=True)] = None
    return list(terms)[:_MAX_TERMS]


_documents = table(
    "kernel_search_documents",
    column("id", BigInteger),
    column("kind", String(32)),
    column("object_id", Uuid()),
    column("tokens", postgresql.TSVECTOR()),
)
_fts = table("kernel_search_fts", column("rowid", BigInteger), column("title", Text), column("body", Text))


class _ByDialect(FunctionElement[bool]):
    """One condition in two wordings, of which each database sees its own."""

    type = Boolean()
    inherit_cache = True
    name = "by_dialect"

    def __init__(self, *, sqlite: ColumnElement[bool], postgresql: ColumnElement[bool]) -> None:
        super().__init__(sqlite, postgresql)


@compiles(_ByDialect, "sqlite")
def _in_sqlite(element: _ByDialect, compiler: SQLCompiler, **options: Any) -> str:
    wording, _ = element.clauses
    return compiler.process(wording, **options)


@compiles(_ByDialect, "postgresql")
def _in_postgresql(element: _ByDialect, compiler: SQLCompiler, **options: Any) -> str:
    _, wording = element.clauses
    return compiler.process(wording, **options)


def query_values(query: str) -> dict[str, str]:
    """What `SearchIndex.matches()` is run with to look for a query that has a token."""
    terms = _terms(query)
    return {
        **_wordings("all", terms, in_title=False, fts5=" AND ", tsquery=" & "),
        **_wordings("all_in_title", terms, in_title=True, fts5=" AND ", tsquery=" & "),
        **_wordings("any_in_title", terms, in_title=True, fts5=" OR ", tsquery=" | "),
    }


def _wordings(which: str, terms: list[_Term], *, in_title: bool, fts5: str, tsquery: str) -> dict[str, str]:
    in_fts5 = fts5.join(term.fts5() for term in terms)
    in_tsquery = tsquery.join(f"({term.tsquery('A' if in_title else '')})" for term in terms)
    return {
        f"{which}_fts5": f"title : ({in_fts5})" if in_title else in_fts5,
        f"{which}_tsquery": in_tsquery,
    }


def _match(which: str, given: Mapping[str, str] | None) -> ColumnElement[bool]:
    """Documents that hold what is meant by one of the wordings, whose text is given now or when it runs."""
    in_fts5, in_tsquery = (_wording(f"{which}_{dialect}", given) for dialect in ("fts5", "tsquery"))
    matching = select(_fts.c.rowid).where(column(_fts.name).op("MATCH")(in_fts5))
    return _ByDialect(
        sqlite=_documents.c.id.in_(matching),
        postgresql=_documents.c.tokens.bool_op("@@")(cast(in_tsquery, postgresql.TSQUERY)),
    )


def _wording(name: str, given: Mapping[str, str] | None) -> ColumnElement[str]:
    return bindparam(name, type_=Text()) if given is None else literal(given[name])


class SearchIndex:
    """The texts of one kind of object, such as "site" or "article"."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def put(self, session: Session, object_id: UUID, *, title: str, body: str = "") -> None:
        """Index a text in place of what was indexed of the object before; a very long one loses its end."""
        self.put_all(session, [(object_id, title, body)])

    def put_all(self, session: Session, documents: Sequence[tuple[UUID, str, str]]) -> None:
        """The same for many objects, each an id, a title and a body, in a fixed number of statements."""
        indexed = {object_id: _Indexed.of(title, body) for object_id, title, body in documents}
        if not indexed:
            return
        if is_sqlite(session):
            self._put_in_fts5(session, indexed)
        else:
            self._put_in_tsvector(session, indexed)

    def _put_in_fts5(self, session: Session, indexed: Mapping[UUID, "_Indexed"]) -> None:
        document = sqlite.insert(_documents).on_conflict_do_nothing(index_elements=["kind", "object_id"])
        session.execute(document, [{"kind": self._kind, "object_id": object_id} for object_id in indexed])
        wanted = (_documents.c.kind == self._kind, _documents.c.object_id.in_(list(indexed)))
        found = session.execute(select(_documents.c.id, _documents.c.object_id).where(*wanted)).all()
        session.execute(delete(_fts).where(_fts.c.rowid.in_([row_id for row_id, _ in found])))
        texts = [
            {
                "rowid": row_id,
                "title": " ".join(indexed[object_id].title),
                "body": " ".join(indexed[object_id].body),
            }
            for row_id, object_id in found
        ]
        session.execute(insert(_fts), texts)

    def _put_in_tsvector(self, session: Session, indexed: Mapping[UUID, "_Indexed"]) -> None:
        vector = cast(bindparam("vector", type_=Text), postgresql.TSVECTOR)
        document = postgresql.insert(_documents).values(
            kind=self._kind, object_id=bindparam("document", type_=Uuid()), tokens=vector
        )
        upsert = document.on_conflict_do_update(
            index_elements=["kind", "object_id"], set_={"tokens": document.excluded.tokens}
        )
        rows = [
            {"document": object_id, "vector": text.tsvector()} for object_id, text in sorted(indexed.items())
        ]
        session.execute(upsert, rows)

    def remove(self, session: Session, object_id: UUID) -> None:
        """Forget an object; nothing happens if it was never indexed."""
        mine = (_documents.c.kind == self._kind, _documents.c.object_id == object_id)
        if is_sqlite(session):
            session.execute(delete(_fts).where(_fts.c.rowid.in_(select(_documents.c.id).where(*mine))))
        session.execute(delete(_documents).where(*mine))

    def matches(self, query: str | None = None) -> Subquery:
        """The objects that hold every term of a query, as `object_id` and `rank`, to join or to select from.

        A query without a letter or digit (`tokens(query)` is empty) matches nothing. Without any, the
        statement can be kept, and is run with the `query_values` of one.
        """
        found, rank = _found_and_rank(query)
        hits = select(_documents.c.object_id, rank.label("rank")).where(
            _documents.c.kind == self._kind, found
        )
        return hits.subquery(f"{self._kind}_matches")


def _found_and_rank(query: str | None) -> tuple[ColumnElement[bool], ColumnElement[int]]:
    if query is not None and not tokens(query):
        return false(), literal(0)
    given = None if query is None else query_values(query)
    in_title = (_match("all_in_title", given), 2), (_match("any_in_title", given), 1)
    return _match("all", given), case(*in_title, else_=0)


@dataclass(frozen=True, slots=True)
class _Indexed:
    """The tokens of a document as they are stored, within the bounds of both databases."""

    title: list[str]
    body: list[str]

    @classmethod
    def of(cls, title: str, body: str) -> "_Indexed":
        seen: Counter[str] = Counter()
        return cls(
            [_remembered(token, seen) for token in tokens(title[:_MAX_TEXT_CHARS])[:_MAX_TITLE_TOKENS]],
            [_remembered(token, seen) for token in tokens(body[:_MAX_TEXT_CHARS])[:_MAX_BODY_TOKENS]],
        )

    def tsvector(self) -> str:
        """The literal of a tsvector: no parser sees it, for what one makes of Chinese hangs on the locale."""
        title = [f"'{token}':{place}A" for place, token in enumerate(self.title, start=1)]
        # The gap keeps a phrase from running out of the title into the body.
        body = [f"'{token}':{place}" for place, token in enumerate(self.body, start=len(title) + 2)]
        return " ".join(title + body)


def _remembered(token: str, seen: Counter[str]) -> str:
    seen[token] += 1
    return token if seen[token] <= _MAX_OCCURRENCES else _FORGOTTEN


# Frozen: migrations run these statements. A change is a new pair of functions, for a new migration.
_CREATE = {
    "sqlite": (
        """CREATE TABLE kernel_search_documents (
            id INTEGER NOT NULL CONSTRAINT pk_kernel_search_documents PRIMARY KEY,
            kind VARCHAR(32) NOT NULL,
            object_id CHAR(32) NOT NULL,
            CONSTRAINT uq_kernel_search_documents_kind_object_id UNIQUE (kind, object_id)
        )""",
        "CREATE VIRTUAL TABLE kernel_search_fts USING fts5(title, body, tokenize='ascii')",
    ),
    "postgresql": (
        """CREATE TABLE kernel_search_documents (
            id BIGINT GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_kernel_search_documents PRIMARY KEY,
            kind VARCHAR(32) NOT NULL,
            object_id UUID NOT NULL,
            tokens TSVECTOR NOT NULL,
            CONSTRAINT uq_kernel_search_documents_kind_object_id UNIQUE (kind, object_id)
        )""",
        "CREATE INDEX ix_kernel_search_documents_tokens ON kernel_search_documents USING gin (tokens)",
    ),
}
_DROP = {
    "sqlite": ("DROP TABLE kernel_search_fts", "DROP TABLE kernel_search_documents"),
    "postgresql": ("DROP TABLE kernel_search_documents",),
}


def create_index_tables(connection: Connection) -> None:
    """Create what every SearchIndex shares; for a migration, which passes `op.get_bind()`."""
    for statement in _CREATE[connection.dialect.name]:
        connection.exec_driver_sql(statement)


def drop_index_tables(connection: Connection) -> None:
    """Undo create_index_tables."""
    for statement in _DROP[connection.dialect.name]:
        connection.exec_driver_sql(statement)


def include_name(name: str | None) -> bool:
    """Whether Alembic may compare a table with the models: the index tables have no model."""
    return name is None or not name.startswith("kernel_search_")

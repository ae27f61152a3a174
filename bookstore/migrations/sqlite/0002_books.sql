CREATE TABLE books (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    title          TEXT    NOT NULL,
    author         TEXT    NOT NULL,
    isbn           TEXT    NOT NULL,
    description    TEXT,
    price          REAL    CHECK (price > 0),
    quantity       INTEGER NOT NULL DEFAULT 0 CHECK (quantity >= 0),
    category       TEXT,
    published_year INTEGER,
    owner_id       INTEGER NOT NULL REFERENCES users (id),
    -- Microseconds since 1970.
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER,
    -- The ISBN's digits alone, and title and author case-folded: what uniqueness and searches compare.
    isbn_digits    TEXT    NOT NULL,
    title_folded   TEXT    NOT NULL,
    author_folded  TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX books_isbn_key ON books (isbn_digits);
CREATE INDEX books_category_idx ON books (category);
CREATE INDEX books_owner_id_idx ON books (owner_id);

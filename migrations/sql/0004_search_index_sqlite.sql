-- The search index in SQLite. What is public, and what of it is indexed, is said once, by the two views
-- search_public_posts and search_public_threads; all else follows them.

CREATE TABLE search_posts (
    post_id INTEGER PRIMARY KEY,
    thread_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    published_at DATETIME NOT NULL,
    title TEXT NOT NULL,  -- of an opening post, else ''
    capitals TEXT NOT NULL,  -- the names in capitals, each with a mark
    tags TEXT NOT NULL,
    author TEXT NOT NULL,
    own TEXT  -- the post's own words where it quotes others, else NULL: then they are posts.source
);

CREATE TABLE search_threads (
    thread_id INTEGER PRIMARY KEY,
    created_at DATETIME NOT NULL,
    title TEXT NOT NULL,
    "key" TEXT NOT NULL,  -- what two spellings of one title have in common
    capitals TEXT NOT NULL,
    tags TEXT NOT NULL,
    author TEXT NOT NULL
);

CREATE INDEX ix_search_threads_key ON search_threads ("key");

CREATE VIEW search_bodies AS
SELECT
    p.id AS post_id,
    CASE WHEN p.number = 1 THEN t.title ELSE '' END AS title,
    p.source,
    -- Lines that quote someone are not the post's own words. To take a text apart it is made a JSON list of its lines.
    CASE WHEN instr(p.source, '>') > 0 THEN coalesce(
        (SELECT group_concat(value, char(10))
        FROM json_each('[' || replace(json_quote(replace(p.source, '\', ' ')), '\n', '","') || ']')
        WHERE ltrim(value) NOT LIKE '>%'), '')
    END AS own
FROM posts p
JOIN threads t ON t.id = p.thread_id;

-- Texts taken apart. In steps, since SQLite's parser takes a replace in a replace only so deep.
CREATE VIEW search_said AS
SELECT said.post_id, piece.value AS word
FROM (
    SELECT post_id, replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
        text, '\', ' '), '-', ' '), '/', ' '), '*', ' '), '_', ' '), '<', ' '), '>', ' '), '=', ' '), '#', ' '), '`', ' ')
        AS text
    FROM (
        SELECT post_id, replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
            text, '’', ' '), '‘', ' '), '“', ' '), '”', ' '), '(', ' '), ')', ' '), '[', ' '), ']', ' '), '–', ' '), '—', ' ')
            AS text
        FROM (
            SELECT post_id, replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
                title || ' ' || coalesce(own, source), char(10), ' '), char(9), ' '), char(13), ' '), '.', ' '), ',', ' '), ':', ' '),
                ';', ' '), '!', ' '), '?', ' '), '"', ' '), '''', ' ') AS text
            FROM search_bodies
        )
    )
) AS said,
json_each('[' || replace(json_quote(said.text), ' ', '","') || ']') AS piece;

-- Tags narrow a search: z0 stands for everything, p(rompt), k(ind), y(ear) and m(onth), h (2: answered by the team,
-- 3: has a picture), v1 (somebody supports it), s (position of the author), f (their phase), c(omponent), o1 (opens).
-- In author each word of a name has an n in front. It is empty where the author said only their role. Names in capitals
-- are indexed once more, with a mark: SEND is not to be found where somebody sends something.
CREATE VIEW search_public_posts AS
SELECT
    p.id AS post_id,
    p.thread_id,
    p.number,
    p.published_at,
    b.title,
    CASE
        WHEN b.title GLOB '*[A-Z][A-Z]*' OR p.source GLOB '*[A-Z][A-Z]*'
        THEN coalesce(
            (SELECT group_concat(lower(rtrim(word, 's')) || 'x0', ' ')
            FROM search_said s
            WHERE s.post_id = p.id
                AND word GLOB '[A-Z][A-Z]*' AND length(word) < 10 AND rtrim(word, 's') NOT GLOB '*[^A-Z]*'), '')
        ELSE ''
    END AS capitals,
    'z0 p' || p.prompt_id
        || ' k' || replace(t.kind, '-', '')
        || ' y' || substr(p.published_at, 1, 4)
        || ' m' || substr(p.published_at, 1, 4) || substr(p.published_at, 6, 2)
        || CASE WHEN t.answered_at IS NULL THEN '' ELSE ' h2' END
        || CASE WHEN t.has_picture THEN ' h3' ELSE '' END
        || CASE WHEN t.supporters_count > 0 THEN ' v1' ELSE '' END
        || coalesce(' s' || replace(u.position, '-', ''), '')
        || coalesce(' f' || replace(u.phase, '-', ''), '')
        || coalesce(
            (SELECT ' ' || group_concat('c' || component_id, ' ') FROM thread_components WHERE thread_id = t.id), '')
        || CASE WHEN p.number = 1 THEN ' o1' ELSE '' END AS tags,
    CASE
        WHEN p.disclosure <> 'named' THEN ''
        ELSE 'n' || replace(trim(replace(replace(replace(replace(replace(
            u.name, '-', ' '), '''', ' '), '’', ' '), '.', ' '), '  ', ' ')), ' ', ' n')
    END AS author,
    b.own
FROM posts p
JOIN search_bodies b ON b.post_id = p.id
JOIN threads t ON t.id = p.thread_id
JOIN users u ON u.id = p.author_id
WHERE p.publication = 'published' AND p.moderation = 'clear' AND p.number IS NOT NULL
    AND t.publication = 'published' AND t.moderation = 'clear';

CREATE VIEW search_public_threads AS
SELECT
    t.id AS thread_id,
    t.created_at,
    t.title,
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
        lower(t.title), ' ', ''), '-', ''), '''', ''), '’', ''), '?', ''), '!', ''), '.', ''), ',', ''), ':', ''), ';',
        ''), '"', ''), '&', ''), '(', ''), ')', '') AS "key",
    CASE
        WHEN t.title GLOB '*[A-Z][A-Z]*'
        THEN coalesce(
            (SELECT group_concat(lower(rtrim(value, 's')) || 'x0', ' ')
            FROM json_each('["' || replace(trim(json_quote(replace(replace(replace(replace(replace(replace(replace(
                replace(replace(replace(replace(replace(replace(replace(t.title, '"', ' '), '\', ' '), '-', ' '), '/', ' '),
                ':', ' '), ',', ' '), '.', ' '), '?', ' '), '!', ' '), '(', ' '), ')', ' '), '''', ' '), '’', ' '),
                '–', ' ')), '"'), ' ', '","') || '"]')
            WHERE value GLOB '[A-Z][A-Z]*' AND length(value) < 10 AND rtrim(value, 's') NOT GLOB '*[^A-Z]*'), '')
        ELSE ''
    END AS capitals,
    'z0 p' || t.prompt_id
        || ' k' || replace(t.kind, '-', '')
        || ' y' || substr(t.created_at, 1, 4)
        || ' m' || substr(t.created_at, 1, 4) || substr(t.created_at, 6, 2)
        || CASE WHEN t.answered_at IS NULL THEN '' ELSE ' h2' END
        || CASE WHEN t.has_picture THEN ' h3' ELSE '' END
        || CASE WHEN t.supporters_count > 0 THEN ' v1' ELSE '' END
        || coalesce(' s' || replace(u.position, '-', ''), '')
        || coalesce(' f' || replace(u.phase, '-', ''), '')
        || coalesce(
            (SELECT ' ' || group_concat('c' || component_id, ' ') FROM thread_components WHERE thread_id = t.id), '')
        || ' o1' AS tags,
    CASE
        WHEN p.disclosure <> 'named' THEN ''
        ELSE 'n' || replace(trim(replace(replace(replace(replace(replace(
            u.name, '-', ' '), '''', ' '), '’', ' '), '.', ' '), '  ', ' ')), ' ', ' n')
    END AS author
FROM threads t
JOIN posts p ON p.thread_id = t.id AND p.number = 1
JOIN users u ON u.id = t.author_id
WHERE t.publication = 'published' AND t.moderation = 'clear';

-- The words themselves: no second copy of a text, but of those that quote.
CREATE VIEW search_texts AS
SELECT s.post_id, s.title, coalesce(s.own, p.source) AS body, s.capitals, s.tags, s.author
FROM search_posts s
JOIN posts p ON p.id = s.post_id;

CREATE VIRTUAL TABLE search_words USING fts5 (
    title, body, capitals, tags, author,
    content = 'search_texts', content_rowid = 'post_id', tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE VIRTUAL TABLE search_titles USING fts5 (
    title, capitals, tags, author,
    content = 'search_threads', content_rowid = 'thread_id', tokenize = 'porter unicode61 remove_diacritics 2'
);

-- Words that have been seen in public, and the same without one of their letters: two words that share a form
-- differ by one letter, or by two that changed places.
CREATE TABLE search_spellings (word TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE search_deletions (form TEXT, word TEXT, PRIMARY KEY (form, word)) WITHOUT ROWID;

CREATE TABLE search_upkeep (task TEXT PRIMARY KEY, done_to INTEGER NOT NULL);

-- What is there already, in bulk.
INSERT INTO search_posts SELECT * FROM search_public_posts ORDER BY post_id;
INSERT INTO search_threads SELECT * FROM search_public_threads;
INSERT INTO search_words (search_words) VALUES ('rebuild');
INSERT INTO search_titles (search_titles) VALUES ('rebuild');

-- The words follow the rows. A row is taken out and put in again, never changed.

CREATE TRIGGER search_post_in AFTER INSERT ON search_posts
BEGIN
    INSERT INTO search_words (rowid, title, body, capitals, tags, author)
    SELECT post_id, title, body, capitals, tags, author FROM search_texts WHERE post_id = NEW.post_id;
    INSERT OR IGNORE INTO search_spellings
    SELECT lower(word) FROM search_said
    WHERE post_id = NEW.post_id AND length(word) BETWEEN 4 AND 20 AND lower(word) NOT GLOB '*[^a-z]*';
END;

CREATE TRIGGER search_post_out BEFORE DELETE ON search_posts
BEGIN
    INSERT INTO search_words (search_words, rowid, title, body, capitals, tags, author)
    SELECT 'delete', post_id, title, body, capitals, tags, author FROM search_texts WHERE post_id = OLD.post_id;
END;

CREATE TRIGGER search_post_changed BEFORE UPDATE ON search_posts
BEGIN
    SELECT RAISE(ABORT, 'a row of the index is taken out and put in again');
END;

CREATE TRIGGER search_thread_in AFTER INSERT ON search_threads
BEGIN
    INSERT INTO search_titles (rowid, title, capitals, tags, author)
    VALUES (NEW.thread_id, NEW.title, NEW.capitals, NEW.tags, NEW.author);
END;

CREATE TRIGGER search_thread_out BEFORE DELETE ON search_threads
BEGIN
    INSERT INTO search_titles (search_titles, rowid, title, capitals, tags, author)
    VALUES ('delete', OLD.thread_id, OLD.title, OLD.capitals, OLD.tags, OLD.author);
END;

CREATE TRIGGER search_thread_changed BEFORE UPDATE ON search_threads
BEGIN
    SELECT RAISE(ABORT, 'a row of the index is taken out and put in again');
END;

CREATE TRIGGER search_spelling_in AFTER INSERT ON search_spellings
BEGIN
    INSERT OR IGNORE INTO search_deletions
    SELECT substr(NEW.word, 1, value - 1) || substr(NEW.word, value + 1), NEW.word
    FROM json_each('[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]')
    WHERE value <= length(NEW.word);
END;

-- The rows follow posts, threads, what threads carry, and their authors.

CREATE TRIGGER search_posts_insert AFTER INSERT ON posts
BEGIN
    INSERT INTO search_posts SELECT * FROM search_public_posts WHERE post_id = NEW.id;
END;

CREATE TRIGGER search_posts_insert_opening AFTER INSERT ON posts WHEN NEW.number = 1
BEGIN
    DELETE FROM search_threads WHERE thread_id = NEW.thread_id;
    INSERT INTO search_threads SELECT * FROM search_public_threads WHERE thread_id = NEW.thread_id;
END;

-- Before the change: the words to take out are still those that were put in.
CREATE TRIGGER search_posts_before_update BEFORE UPDATE OF
    thread_id, prompt_id, author_id, number, publication, moderation, disclosure, source, published_at ON posts
BEGIN
    DELETE FROM search_posts WHERE post_id = OLD.id;
END;

CREATE TRIGGER search_posts_update AFTER UPDATE OF
    thread_id, prompt_id, author_id, number, publication, moderation, disclosure, source, published_at ON posts
BEGIN
    INSERT INTO search_posts SELECT * FROM search_public_posts WHERE post_id = NEW.id;
END;

CREATE TRIGGER search_posts_update_opening AFTER UPDATE OF
    thread_id, author_id, number, disclosure ON posts WHEN OLD.number = 1 OR NEW.number = 1
BEGIN
    DELETE FROM search_threads WHERE thread_id IN (OLD.thread_id, NEW.thread_id);
    INSERT INTO search_threads
    SELECT * FROM search_public_threads WHERE thread_id IN (OLD.thread_id, NEW.thread_id);
END;

CREATE TRIGGER search_posts_delete BEFORE DELETE ON posts
BEGIN
    DELETE FROM search_posts WHERE post_id = OLD.id;
END;

CREATE TRIGGER search_posts_delete_opening BEFORE DELETE ON posts WHEN OLD.number = 1
BEGIN
    DELETE FROM search_threads WHERE thread_id = OLD.thread_id;
END;

CREATE TRIGGER search_threads_update AFTER UPDATE OF
    kind, publication, moderation, answered_at, has_picture, supporters_count ON threads
WHEN (OLD.publication = 'published' AND OLD.moderation = 'clear')
        <> (NEW.publication = 'published' AND NEW.moderation = 'clear')
    OR OLD.kind <> NEW.kind
    OR OLD.has_picture <> NEW.has_picture
    OR (OLD.answered_at IS NULL) <> (NEW.answered_at IS NULL)
    OR (OLD.supporters_count > 0) <> (NEW.supporters_count > 0)
BEGIN
    DELETE FROM search_posts WHERE post_id IN (SELECT id FROM posts WHERE thread_id = NEW.id);
    INSERT INTO search_posts SELECT * FROM search_public_posts WHERE thread_id = NEW.id;
    DELETE FROM search_threads WHERE thread_id = NEW.id;
    INSERT INTO search_threads SELECT * FROM search_public_threads WHERE thread_id = NEW.id;
END;

CREATE TRIGGER search_threads_update_title AFTER UPDATE OF title, created_at, author_id, prompt_id ON threads
BEGIN
    DELETE FROM search_posts WHERE post_id IN (SELECT id FROM posts WHERE thread_id = NEW.id AND number = 1);
    INSERT INTO search_posts
    SELECT * FROM search_public_posts
    WHERE post_id IN (SELECT id FROM posts WHERE thread_id = NEW.id AND number = 1);
    DELETE FROM search_threads WHERE thread_id = NEW.id;
    INSERT INTO search_threads SELECT * FROM search_public_threads WHERE thread_id = NEW.id;
END;

CREATE TRIGGER search_threads_delete BEFORE DELETE ON threads
BEGIN
    DELETE FROM search_threads WHERE thread_id = OLD.id;
END;

CREATE TRIGGER search_components_insert AFTER INSERT ON thread_components
BEGIN
    DELETE FROM search_posts WHERE post_id IN (SELECT id FROM posts WHERE thread_id = NEW.thread_id);
    INSERT INTO search_posts SELECT * FROM search_public_posts WHERE thread_id = NEW.thread_id;
    DELETE FROM search_threads WHERE thread_id = NEW.thread_id;
    INSERT INTO search_threads SELECT * FROM search_public_threads WHERE thread_id = NEW.thread_id;
END;

CREATE TRIGGER search_components_delete AFTER DELETE ON thread_components
BEGIN
    DELETE FROM search_posts WHERE post_id IN (SELECT id FROM posts WHERE thread_id = OLD.thread_id);
    INSERT INTO search_posts SELECT * FROM search_public_posts WHERE thread_id = OLD.thread_id;
    DELETE FROM search_threads WHERE thread_id = OLD.thread_id;
    INSERT INTO search_threads SELECT * FROM search_public_threads WHERE thread_id = OLD.thread_id;
END;

CREATE TRIGGER search_components_update AFTER UPDATE OF component_id, thread_id ON thread_components
BEGIN
    DELETE FROM search_posts
    WHERE post_id IN (SELECT id FROM posts WHERE thread_id IN (OLD.thread_id, NEW.thread_id));
    INSERT INTO search_posts SELECT * FROM search_public_posts WHERE thread_id IN (OLD.thread_id, NEW.thread_id);
    DELETE FROM search_threads WHERE thread_id IN (OLD.thread_id, NEW.thread_id);
    INSERT INTO search_threads
    SELECT * FROM search_public_threads WHERE thread_id IN (OLD.thread_id, NEW.thread_id);
END;

CREATE TRIGGER search_users_update AFTER UPDATE OF name, position, phase ON users
WHEN OLD.name IS NOT NEW.name OR OLD.position IS NOT NEW.position OR OLD.phase IS NOT NEW.phase
BEGIN
    DELETE FROM search_posts WHERE post_id IN (SELECT id FROM posts WHERE author_id = NEW.id);
    INSERT INTO search_posts
    SELECT * FROM search_public_posts WHERE post_id IN (SELECT id FROM posts WHERE author_id = NEW.id);
    DELETE FROM search_threads WHERE thread_id IN (SELECT id FROM threads WHERE author_id = NEW.id);
    INSERT INTO search_threads
    SELECT * FROM search_public_threads WHERE thread_id IN (SELECT id FROM threads WHERE author_id = NEW.id);
END;

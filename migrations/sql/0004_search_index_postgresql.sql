-- The search index in PostgreSQL. What is public, and what of it is indexed, is said once, by the two views
-- search_public_posts and search_public_threads; all else follows them. No extension is needed.

-- English stems, and no stop words: SEN, TA and IT are words here. It is the stemmer that SQLite's FTS5 has.
CREATE TEXT SEARCH DICTIONARY search_porter (TEMPLATE = snowball, LANGUAGE = porter);
CREATE TEXT SEARCH CONFIGURATION search_english (PARSER = default);
ALTER TEXT SEARCH CONFIGURATION search_english
    ADD MAPPING FOR asciiword, word, numword, int, uint, float, sfloat, version WITH search_porter;

-- Marks off letters, then a space for everything that is no letter or digit: the parser sees plain words. The stemmer
-- would make AS (levels) the same as A; a zero keeps such words apart, as they are in FTS5.
CREATE FUNCTION search_fold(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(
    regexp_replace(
        CASE
            WHEN $1 ~ '[^\u0001-\u007f]' THEN regexp_replace(normalize($1, NFD), '[\u0300-\u036f]+', '', 'g')
            ELSE $1
        END,
        '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u2000-\u206f\u3000-\u303f]+', ' ', 'g'),
    '\m([[:alnum:]]s)\M', '\10', 'gi');

-- Lines that quote someone are not the post's own words.
CREATE FUNCTION search_own(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace($1, '^[ \t]*>.*$', '', 'gn');

-- Names in capitals once more, with a mark: SEND is not to be found where somebody sends something.
CREATE FUNCTION search_capitals(text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_to_tsvector(ARRAY(
    SELECT DISTINCT lower(found[1]) || 'x0'
    FROM regexp_matches(replace($1, '_', ' '), '\m([A-Z]{2,8})s?\M', 'g') AS found));

CREATE FUNCTION search_name(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(
    (SELECT string_agg('@' || word, ' ') FROM string_to_table(lower(search_fold($1)), ' ') AS word WHERE word <> ''),
    '');

-- Tags and names among the words. Nobody can type one: no word of a text begins with # or @. w and x are windows of
-- ids, 4,096 and 65,536 wide.
CREATE FUNCTION search_marks(tags text, author text, id integer) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_to_tsvector(
    string_to_array(trim('#' || replace(tags, ' ', ' #') || ' ' || author), ' ')
        || ARRAY['#w' || (id >> 12), '#x' || (id >> 16)]);

CREATE TABLE search_posts (
    post_id integer PRIMARY KEY,
    thread_id integer NOT NULL,
    number integer NOT NULL,
    published_at timestamptz NOT NULL,
    tags text NOT NULL,
    author text NOT NULL,
    words tsvector NOT NULL
);

CREATE TABLE search_threads (
    thread_id integer PRIMARY KEY,
    created_at timestamptz NOT NULL,
    "key" text NOT NULL,  -- what two spellings of one title have in common
    tags text NOT NULL,
    author text NOT NULL,
    words tsvector NOT NULL
);

CREATE INDEX ix_search_threads_key ON search_threads ("key");

-- Tags narrow a search: z0 stands for everything, p(rompt), k(ind), y(ear) and m(onth), h (2: answered by the team,
-- 3: has a picture), v1 (somebody supports it), s (position of the author), f (their phase), c(omponent), o1 (opens).
-- author is empty where they said only their role.
CREATE VIEW search_public_posts AS
SELECT
    p.id AS post_id,
    p.thread_id,
    p.number,
    p.published_at,
    m.tags,
    m.author,
    CASE
        WHEN p.number = 1 THEN setweight(to_tsvector('search_english', search_fold(t.title)), 'A')
        ELSE ''::tsvector
    END
        || to_tsvector('search_english', search_fold(m.own))
        || search_capitals(CASE WHEN p.number = 1 THEN t.title || ' ' || m.own ELSE m.own END)
        || search_marks(m.tags, m.author, p.id) AS words
FROM posts p
CROSS JOIN LATERAL (
    SELECT * FROM threads
    WHERE id = p.thread_id AND publication = 'published' AND moderation = 'clear'
    OFFSET 0  -- looked up by its id, always
) AS t
CROSS JOIN LATERAL (SELECT name, position, phase FROM users WHERE id = p.author_id OFFSET 0) AS u
CROSS JOIN LATERAL (
    SELECT
        'z0 p' || p.prompt_id
            || ' k' || replace(t.kind, '-', '')
            || to_char(p.published_at AT TIME ZONE 'UTC', '" y"YYYY" m"YYYYMM')
            || CASE WHEN t.answered_at IS NULL THEN '' ELSE ' h2' END
            || CASE WHEN t.has_picture THEN ' h3' ELSE '' END
            || CASE WHEN t.supporters_count > 0 THEN ' v1' ELSE '' END
            || coalesce(' s' || replace(u.position, '-', ''), '')
            || coalesce(' f' || replace(u.phase, '-', ''), '')
            || coalesce(
                (SELECT ' ' || string_agg('c' || component_id, ' ' ORDER BY component_id)
                FROM thread_components WHERE thread_id = t.id), '')
            || CASE WHEN p.number = 1 THEN ' o1' ELSE '' END AS tags,
        CASE WHEN p.disclosure = 'named' THEN search_name(u.name) ELSE '' END AS author,
        search_own(p.source) AS own
    OFFSET 0  -- once, and not again wherever it is named
) AS m
WHERE p.publication = 'published' AND p.moderation = 'clear' AND p.number IS NOT NULL;

CREATE VIEW search_public_threads AS
SELECT
    t.id AS thread_id,
    t.created_at,
    translate(t.title, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ -''’?!.,:;"&()', 'abcdefghijklmnopqrstuvwxyz') AS "key",
    m.tags,
    m.author,
    to_tsvector('search_english', search_fold(t.title))
        || search_capitals(t.title)
        || search_marks(m.tags, m.author, t.id) AS words
FROM threads t
CROSS JOIN LATERAL (SELECT disclosure FROM posts WHERE thread_id = t.id AND number = 1 OFFSET 0) AS p
CROSS JOIN LATERAL (SELECT name, position, phase FROM users WHERE id = t.author_id OFFSET 0) AS u
CROSS JOIN LATERAL (
    SELECT
        'z0 p' || t.prompt_id
            || ' k' || replace(t.kind, '-', '')
            || to_char(t.created_at AT TIME ZONE 'UTC', '" y"YYYY" m"YYYYMM')
            || CASE WHEN t.answered_at IS NULL THEN '' ELSE ' h2' END
            || CASE WHEN t.has_picture THEN ' h3' ELSE '' END
            || CASE WHEN t.supporters_count > 0 THEN ' v1' ELSE '' END
            || coalesce(' s' || replace(u.position, '-', ''), '')
            || coalesce(' f' || replace(u.phase, '-', ''), '')
            || coalesce(
                (SELECT ' ' || string_agg('c' || component_id, ' ' ORDER BY component_id)
                FROM thread_components WHERE thread_id = t.id), '')
            || ' o1' AS tags,
        CASE WHEN p.disclosure = 'named' THEN search_name(u.name) ELSE '' END AS author
    OFFSET 0
) AS m
WHERE t.publication = 'published' AND t.moderation = 'clear';

-- Words that have been seen in public, and the same without one of their letters: two words that share a form
-- differ by one letter, or by two that changed places.
CREATE TABLE search_spellings (word text COLLATE "C" PRIMARY KEY);
CREATE TABLE search_deletions (form text COLLATE "C", word text COLLATE "C", PRIMARY KEY (form, word));

-- Which windows of 4,096 ids (see search_marks) have posts of a month: a search in old days begins at the right one.
CREATE TABLE search_months (month text COLLATE "C", span integer, PRIMARY KEY (month, span));

CREATE TABLE search_upkeep (task text PRIMARY KEY, done_to integer NOT NULL);

-- What is there already, in bulk. GIN keeps no list of what is pending: a search never has to read through one.
INSERT INTO search_posts SELECT * FROM search_public_posts ORDER BY post_id;
INSERT INTO search_threads SELECT * FROM search_public_threads ORDER BY thread_id;
INSERT INTO search_months
SELECT DISTINCT to_char(published_at AT TIME ZONE 'UTC', 'YYYYMM'), post_id >> 12 FROM search_posts;
CREATE INDEX ix_search_posts_words ON search_posts USING gin (words) WITH (fastupdate = off);
CREATE INDEX ix_search_threads_words ON search_threads USING gin (words) WITH (fastupdate = off);
ANALYZE search_posts, search_threads;

-- The newest that have words, whatever they are: the newest window first, then ever larger ones, `deepest` of them.
CREATE FUNCTION search_newest_posts(wanted tsquery, begins timestamptz, ends timestamptz, deepest integer, most integer)
RETURNS TABLE (post_id integer, thread_id integer, number integer, tags text) LANGUAGE plpgsql STABLE AS $$
DECLARE
    top integer := (SELECT max(s.post_id) + 1 FROM search_posts s);
    missing integer := most;
    among tsquery;
    low integer;
    found integer;
BEGIN
    FOR depth IN 1..deepest LOOP
        EXIT WHEN top IS NULL OR top <= 0 OR missing <= 0;
        IF depth = 1 THEN
            low := greatest((top >> 12) - 1, 0) << 12;
        ELSIF depth < 4 THEN
            low := greatest(((top - 1) >> 16) - CASE depth WHEN 2 THEN 0 ELSE 15 END, 0) << 16;
        ELSE
            low := 0;
        END IF;
        SELECT CASE
            WHEN depth = 1 THEN
                (SELECT string_agg(quote_literal('#w' || n), '|') FROM generate_series(low >> 12, (top - 1) >> 12) n)
            WHEN depth < 4 THEN
                (SELECT string_agg(quote_literal('#x' || n), '|') FROM generate_series(low >> 16, (top - 1) >> 16) n)
        END::tsquery INTO among;
        -- Planned for these words: and never by a walk along the key.
        RETURN QUERY EXECUTE
            'WITH m AS MATERIALIZED (SELECT s.post_id, s.thread_id, s.number, s.tags FROM search_posts s'
            ' WHERE s.words @@ $1 AND s.post_id >= $2 AND s.post_id < $3 AND s.published_at >= $4 AND s.published_at < $5)'
            ' SELECT * FROM m ORDER BY post_id DESC LIMIT $6'
        USING coalesce(wanted && among, wanted), low, top, begins, ends, missing;
        GET DIAGNOSTICS found = ROW_COUNT;
        missing := missing - found;
        top := low;
    END LOOP;
END $$;

CREATE FUNCTION search_newest_threads(wanted tsquery, begins timestamptz, ends timestamptz, most integer)
RETURNS TABLE (thread_id integer, tags text) LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY EXECUTE
        'WITH m AS MATERIALIZED (SELECT s.thread_id, s.tags FROM search_threads s'
        ' WHERE s.words @@ $1 AND s.created_at >= $2 AND s.created_at < $3)'
        ' SELECT * FROM m ORDER BY thread_id DESC LIMIT $4'
    USING wanted, begins, ends, most;
END $$;

-- Rows are locked in the order of their ids, and only then is it asked what they should be: whoever comes second
-- sees what the first has done.
CREATE FUNCTION search_redo_posts(ids integer[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM search_posts WHERE post_id = ANY (ids) ORDER BY post_id FOR UPDATE;
    DELETE FROM search_posts WHERE post_id = ANY (ids)
        AND post_id <> ALL (ARRAY(SELECT post_id FROM search_public_posts WHERE post_id = ANY (ids)));
    INSERT INTO search_posts SELECT * FROM search_public_posts WHERE post_id = ANY (ids) ORDER BY post_id
    ON CONFLICT (post_id) DO UPDATE SET
        thread_id = EXCLUDED.thread_id,
        number = EXCLUDED.number,
        published_at = EXCLUDED.published_at,
        tags = EXCLUDED.tags,
        author = EXCLUDED.author,
        words = EXCLUDED.words;
END $$;

CREATE FUNCTION search_redo_threads(ids integer[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM search_threads WHERE thread_id = ANY (ids) ORDER BY thread_id FOR UPDATE;
    DELETE FROM search_threads WHERE thread_id = ANY (ids)
        AND thread_id <> ALL (ARRAY(SELECT thread_id FROM search_public_threads WHERE thread_id = ANY (ids)));
    INSERT INTO search_threads SELECT * FROM search_public_threads WHERE thread_id = ANY (ids) ORDER BY thread_id
    ON CONFLICT (thread_id) DO UPDATE SET
        created_at = EXCLUDED.created_at,
        "key" = EXCLUDED."key",
        tags = EXCLUDED.tags,
        author = EXCLUDED.author,
        words = EXCLUDED.words;
END $$;

CREATE FUNCTION search_redo_all_of(thread integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_redo_posts(ARRAY(SELECT id FROM posts WHERE thread_id = thread ORDER BY id));
    PERFORM search_redo_threads(ARRAY[thread]);
END $$;

-- One at a time learns words. Where someone else is at it they wait until they are used again: nobody waits here.
CREATE FUNCTION search_learn(said text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    fresh text[];
BEGIN
    SELECT array_agg(word) INTO fresh
    FROM (
        SELECT DISTINCT word FROM string_to_table(lower(search_fold(said)), ' ') AS word
        WHERE length(word) BETWEEN 4 AND 20 AND word ~ '^[a-z]+$'
    ) AS words
    WHERE NOT EXISTS (SELECT 1 FROM search_spellings s WHERE s.word = words.word OFFSET 0);
    IF fresh IS NOT NULL AND pg_try_advisory_xact_lock(hashtext('search_learn')) THEN
        INSERT INTO search_spellings SELECT unnest(fresh) ON CONFLICT DO NOTHING;
        INSERT INTO search_deletions
        SELECT DISTINCT overlay(word PLACING '' FROM place FOR 1), word
        FROM unnest(fresh) AS word, generate_series(1, length(word)) AS place
        ON CONFLICT DO NOTHING;
    END IF;
END $$;

CREATE FUNCTION search_months_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_post text := to_char(NEW.published_at AT TIME ZONE 'UTC', 'YYYYMM');
BEGIN
    IF NOT EXISTS (SELECT 1 FROM search_months WHERE month = of_post AND span = NEW.post_id >> 12) THEN
        INSERT INTO search_months VALUES (of_post, NEW.post_id >> 12) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;

-- The thread is held while it is asked whether it is public: someone may be about to hide it.
CREATE FUNCTION search_posts_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        PERFORM 1 FROM threads WHERE id = NEW.thread_id FOR SHARE;
    END IF;
    IF TG_OP = 'INSERT' THEN
        INSERT INTO search_posts SELECT * FROM search_public_posts WHERE post_id = NEW.id;
    ELSE
        PERFORM search_redo_posts(ARRAY[OLD.id]);
    END IF;
    IF TG_OP <> 'INSERT' AND OLD.number = 1 THEN
        PERFORM search_redo_threads(ARRAY[OLD.thread_id]);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.number = 1 THEN
        PERFORM search_redo_threads(ARRAY[NEW.thread_id]);
        PERFORM search_learn((SELECT title FROM threads WHERE id = NEW.thread_id));
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.publication = 'published' AND NEW.moderation = 'clear' THEN
        PERFORM search_learn(search_own(NEW.source));
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION search_threads_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM search_threads WHERE thread_id = OLD.id;
    ELSIF (OLD.publication = 'published' AND OLD.moderation = 'clear')
            <> (NEW.publication = 'published' AND NEW.moderation = 'clear')
        OR OLD.kind <> NEW.kind
        OR OLD.has_picture <> NEW.has_picture
        OR (OLD.answered_at IS NULL) <> (NEW.answered_at IS NULL)
        OR (OLD.supporters_count > 0) <> (NEW.supporters_count > 0)
    THEN
        PERFORM search_redo_all_of(NEW.id);
    ELSIF ROW(OLD.title, OLD.created_at, OLD.author_id, OLD.prompt_id)
        <> ROW(NEW.title, NEW.created_at, NEW.author_id, NEW.prompt_id)
    THEN
        PERFORM search_redo_posts(ARRAY(SELECT id FROM posts WHERE thread_id = NEW.id AND number = 1));
        PERFORM search_redo_threads(ARRAY[NEW.id]);
        PERFORM search_learn(NEW.title);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION search_components_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM search_redo_all_of(OLD.thread_id);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM search_redo_all_of(NEW.thread_id);
    END IF;
    RETURN NULL;
END $$;

-- A name stands with the posts that are named, the rest with all of them.
CREATE FUNCTION search_users_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    role boolean := ROW(OLD.position, OLD.phase) IS DISTINCT FROM ROW(NEW.position, NEW.phase);
BEGIN
    IF role OR OLD.name <> NEW.name THEN
        PERFORM search_redo_posts(
            ARRAY(SELECT id FROM posts WHERE author_id = NEW.id AND (role OR disclosure = 'named') ORDER BY id));
        PERFORM search_redo_threads(ARRAY(SELECT id FROM threads WHERE author_id = NEW.id ORDER BY id));
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION search_empty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE search_posts, search_threads, search_spellings, search_deletions, search_months,
        search_upkeep;
    RETURN NULL;
END $$;

-- A plan that is made while a table is small is kept while it grows, for as long as a connection lasts: no plan here
-- may read a table from end to end.
ALTER FUNCTION search_redo_posts(integer[]) SET enable_seqscan = off;
ALTER FUNCTION search_redo_threads(integer[]) SET enable_seqscan = off;
ALTER FUNCTION search_redo_all_of(integer) SET enable_seqscan = off;
ALTER FUNCTION search_learn(text) SET enable_seqscan = off;
ALTER FUNCTION search_months_follow() SET enable_seqscan = off;
ALTER FUNCTION search_posts_follow() SET enable_seqscan = off;
ALTER FUNCTION search_threads_follow() SET enable_seqscan = off;
ALTER FUNCTION search_users_follow() SET enable_seqscan = off;

CREATE TRIGGER search_months_follow
AFTER INSERT OR UPDATE OF published_at ON search_posts
FOR EACH ROW EXECUTE FUNCTION search_months_follow();

CREATE TRIGGER search_posts_follow
AFTER INSERT OR DELETE OR UPDATE OF
    thread_id, prompt_id, author_id, number, publication, moderation, disclosure, source, published_at ON posts
FOR EACH ROW EXECUTE FUNCTION search_posts_follow();

CREATE TRIGGER search_threads_follow
AFTER DELETE OR UPDATE OF
    title, kind, publication, moderation, answered_at, has_picture, supporters_count, author_id, created_at, prompt_id
ON threads FOR EACH ROW EXECUTE FUNCTION search_threads_follow();

CREATE TRIGGER search_components_follow
AFTER INSERT OR DELETE OR UPDATE OF component_id, thread_id ON thread_components
FOR EACH ROW EXECUTE FUNCTION search_components_follow();

-- At the end of the transaction, which holds the person's threads by then: first a thread, then its rows here, as
-- everyone does.
CREATE CONSTRAINT TRIGGER search_users_follow
AFTER UPDATE OF name, position, phase ON users DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION search_users_follow();

CREATE TRIGGER search_empty AFTER TRUNCATE ON posts FOR EACH STATEMENT EXECUTE FUNCTION search_empty();
ALTER TABLE posts ENABLE ALWAYS TRIGGER search_empty;

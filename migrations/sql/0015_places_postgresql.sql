-- The index of posts in the order of their places (see 0004, and forum/discussion/models/places.py). What is indexed
-- already stands at its place, which was its id; its windows (w and x) are of places from now on.

DROP TRIGGER search_posts_follow ON posts;
DROP FUNCTION search_newest_posts(tsquery, timestamptz, timestamptz, integer, integer);
DROP FUNCTION search_redo_posts(integer[]);
DROP VIEW search_public_posts;

ALTER TABLE search_posts RENAME COLUMN post_id TO place;

CREATE VIEW search_public_posts AS
SELECT
    p.place,
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
        || search_marks(m.tags, m.author, p.place) AS words
FROM posts p
CROSS JOIN LATERAL (
    SELECT id, title, kind, answered_at, has_picture, supporters_count FROM threads
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
WHERE p.publication = 'published' AND p.moderation = 'clear' AND p.place IS NOT NULL;

CREATE FUNCTION search_newest_posts(wanted tsquery, begins timestamptz, ends timestamptz, deepest integer, most integer)
RETURNS TABLE (place integer, thread_id integer, number integer, tags text) LANGUAGE plpgsql STABLE AS $$
DECLARE
    top integer := (SELECT max(s.place) + 1 FROM search_posts s);
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
            'WITH m AS MATERIALIZED (SELECT s.place, s.thread_id, s.number, s.tags FROM search_posts s'
            ' WHERE s.words @@ $1 AND s.place >= $2 AND s.place < $3 AND s.published_at >= $4 AND s.published_at < $5)'
            ' SELECT * FROM m ORDER BY place DESC LIMIT $6'
        USING coalesce(wanted && among, wanted), low, top, begins, ends, missing;
        GET DIAGNOSTICS found = ROW_COUNT;
        missing := missing - found;
        top := low;
    END LOOP;
END $$;

CREATE FUNCTION search_redo_posts(places integer[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM search_posts WHERE place = ANY (places) ORDER BY place FOR UPDATE;
    DELETE FROM search_posts WHERE place = ANY (places)
        AND place <> ALL (ARRAY(SELECT place FROM search_public_posts WHERE place = ANY (places)));
    INSERT INTO search_posts SELECT * FROM search_public_posts WHERE place = ANY (places) ORDER BY place
    ON CONFLICT (place) DO UPDATE SET
        thread_id = EXCLUDED.thread_id,
        number = EXCLUDED.number,
        published_at = EXCLUDED.published_at,
        tags = EXCLUDED.tags,
        author = EXCLUDED.author,
        words = EXCLUDED.words;
END $$;

CREATE OR REPLACE FUNCTION search_redo_all_of(thread integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_redo_posts(
        ARRAY(SELECT place FROM posts WHERE thread_id = thread AND place IS NOT NULL ORDER BY place));
    PERFORM search_redo_threads(ARRAY[thread]);
END $$;

CREATE OR REPLACE FUNCTION search_months_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_post text := to_char(NEW.published_at AT TIME ZONE 'UTC', 'YYYYMM');
BEGIN
    IF NOT EXISTS (SELECT 1 FROM search_months WHERE month = of_post AND span = NEW.place >> 12) THEN
        INSERT INTO search_months VALUES (of_post, NEW.place >> 12) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION search_posts_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        PERFORM 1 FROM threads WHERE id = NEW.thread_id FOR SHARE;
    END IF;
    IF TG_OP = 'INSERT' THEN
        INSERT INTO search_posts SELECT * FROM search_public_posts WHERE place = NEW.place;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM search_redo_posts(ARRAY[OLD.place]);
    ELSE
        PERFORM search_redo_posts(ARRAY[OLD.place, NEW.place]);
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

CREATE OR REPLACE FUNCTION search_threads_follow() RETURNS trigger LANGUAGE plpgsql AS $$
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
        PERFORM search_redo_posts(
            ARRAY(SELECT place FROM posts WHERE thread_id = NEW.id AND number = 1 AND place IS NOT NULL));
        PERFORM search_redo_threads(ARRAY[NEW.id]);
        PERFORM search_learn(NEW.title);
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION search_users_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    role boolean := ROW(OLD.position, OLD.phase) IS DISTINCT FROM ROW(NEW.position, NEW.phase);
BEGIN
    IF role OR OLD.name <> NEW.name THEN
        PERFORM search_redo_posts(
            ARRAY(
                SELECT place FROM posts
                WHERE author_id = NEW.id AND (role OR disclosure = 'named') AND place IS NOT NULL
                ORDER BY place));
        PERFORM search_redo_threads(ARRAY(SELECT id FROM threads WHERE author_id = NEW.id ORDER BY id));
    END IF;
    RETURN NULL;
END $$;

-- What is replaced forgets this.
ALTER FUNCTION search_redo_posts(integer[]) SET enable_seqscan = off;
ALTER FUNCTION search_redo_all_of(integer) SET enable_seqscan = off;
ALTER FUNCTION search_months_follow() SET enable_seqscan = off;
ALTER FUNCTION search_posts_follow() SET enable_seqscan = off;
ALTER FUNCTION search_threads_follow() SET enable_seqscan = off;
ALTER FUNCTION search_users_follow() SET enable_seqscan = off;

CREATE TRIGGER search_posts_follow
AFTER INSERT OR DELETE OR UPDATE OF
    thread_id, prompt_id, author_id, number, publication, moderation, disclosure, source, published_at, place ON posts
FOR EACH ROW EXECUTE FUNCTION search_posts_follow();

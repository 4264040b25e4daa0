-- The share of the places up to the newest that are posts that match, by what PostgreSQL's statistics say (ANALYZE, which
-- autovacuum does by itself). A word that the statistics do not know, which one post in a hundred has at most, counts
-- as one in 200.
CREATE FUNCTION search_share(wanted tsquery) RETURNS double precision LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) SELECT FROM search_posts WHERE words @@ ' || quote_literal(wanted) || '::tsquery'
    INTO plan;
    RETURN (plan -> 0 -> 'Plan' ->> 'Plan Rows')::double precision / (SELECT max(s.place) FROM search_posts s);
END $$;

-- What few posts have is asked for at once: looking up in which windows a post stands takes longer than reading it.
CREATE OR REPLACE FUNCTION search_newest_posts(wanted tsquery, begins timestamptz, ends timestamptz, deepest integer, most integer)
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
        ELSIF depth = 2 THEN
            low := greatest((top - 1) >> 16, 0) << 16;
        ELSIF depth = 3 AND search_share(wanted) * top > 6000 THEN
            low := greatest(((top - 1) >> 16) - 15, 0) << 16;
        ELSE
            low := 0;
        END IF;
        SELECT CASE
            WHEN depth = 1 THEN
                (SELECT string_agg(quote_literal('#w' || n), '|') FROM generate_series(low >> 12, (top - 1) >> 12) n)
            WHEN low > 0 THEN
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

DROP FUNCTION search_share(tsquery);

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

-- The index of posts in the order of their places (see 0004, and forum/discussion/models/places.py). What is indexed
-- already stands at its place, which was its id.

DROP TRIGGER search_post_in;
DROP TRIGGER search_post_out;
DROP TRIGGER search_posts_insert;
DROP TRIGGER search_posts_before_update;
DROP TRIGGER search_posts_update;
DROP TRIGGER search_posts_delete;
DROP TRIGGER search_threads_update;
DROP TRIGGER search_threads_update_title;
DROP TRIGGER search_components_insert;
DROP TRIGGER search_components_delete;
DROP TRIGGER search_components_update;
DROP TRIGGER search_users_update;
DROP VIEW search_texts;
DROP VIEW search_public_posts;

ALTER TABLE search_posts RENAME COLUMN post_id TO place;

CREATE VIEW search_public_posts AS
SELECT
    p.place,
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
WHERE p.publication = 'published' AND p.moderation = 'clear' AND p.place IS NOT NULL
    AND t.publication = 'published' AND t.moderation = 'clear';

-- search_words knows its rows by the name of before.
CREATE VIEW search_texts AS
SELECT s.place AS post_id, s.title, coalesce(s.own, p.source) AS body, s.capitals, s.tags, s.author
FROM search_posts s
JOIN posts p ON p.place = s.place;

CREATE TRIGGER search_post_in AFTER INSERT ON search_posts
BEGIN
    INSERT INTO search_words (rowid, title, body, capitals, tags, author)
    SELECT post_id, title, body, capitals, tags, author FROM search_texts WHERE post_id = NEW.place;
    INSERT OR IGNORE INTO search_spellings
    SELECT lower(word) FROM search_said
    WHERE post_id = (SELECT id FROM posts WHERE place = NEW.place)
        AND length(word) BETWEEN 4 AND 20 AND lower(word) NOT GLOB '*[^a-z]*';
END;

CREATE TRIGGER search_post_out BEFORE DELETE ON search_posts
BEGIN
    INSERT INTO search_words (search_words, rowid, title, body, capitals, tags, author)
    SELECT 'delete', post_id, title, body, capitals, tags, author FROM search_texts WHERE post_id = OLD.place;
END;

CREATE TRIGGER search_posts_insert AFTER INSERT ON posts
BEGIN
    INSERT INTO search_posts SELECT * FROM search_public_posts WHERE place = NEW.place;
END;

CREATE TRIGGER search_posts_before_update BEFORE UPDATE OF
    thread_id, prompt_id, author_id, number, publication, moderation, disclosure, source, published_at, place ON posts
BEGIN
    DELETE FROM search_posts WHERE place = OLD.place;
END;

CREATE TRIGGER search_posts_update AFTER UPDATE OF
    thread_id, prompt_id, author_id, number, publication, moderation, disclosure, source, published_at, place ON posts
BEGIN
    INSERT INTO search_posts SELECT * FROM search_public_posts WHERE place = NEW.place;
END;

CREATE TRIGGER search_posts_delete BEFORE DELETE ON posts
BEGIN
    DELETE FROM search_posts WHERE place = OLD.place;
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
    DELETE FROM search_posts WHERE place IN (SELECT place FROM posts WHERE thread_id = NEW.id);
    INSERT INTO search_posts SELECT * FROM search_public_posts WHERE thread_id = NEW.id;
    DELETE FROM search_threads WHERE thread_id = NEW.id;
    INSERT INTO search_threads SELECT * FROM search_public_threads WHERE thread_id = NEW.id;
END;

CREATE TRIGGER search_threads_update_title AFTER UPDATE OF title, created_at, author_id, prompt_id ON threads
BEGIN
    DELETE FROM search_posts WHERE place IN (SELECT place FROM posts WHERE thread_id = NEW.id AND number = 1);
    INSERT INTO search_posts
    SELECT * FROM search_public_posts
    WHERE place IN (SELECT place FROM posts WHERE thread_id = NEW.id AND number = 1);
    DELETE FROM search_threads WHERE thread_id = NEW.id;
    INSERT INTO search_threads SELECT * FROM search_public_threads WHERE thread_id = NEW.id;
END;

CREATE TRIGGER search_components_insert AFTER INSERT ON thread_components
BEGIN
    DELETE FROM search_posts WHERE place IN (SELECT place FROM posts WHERE thread_id = NEW.thread_id);
    INSERT INTO search_posts SELECT * FROM search_public_posts WHERE thread_id = NEW.thread_id;
    DELETE FROM search_threads WHERE thread_id = NEW.thread_id;
    INSERT INTO search_threads SELECT * FROM search_public_threads WHERE thread_id = NEW.thread_id;
END;

CREATE TRIGGER search_components_delete AFTER DELETE ON thread_components
BEGIN
    DELETE FROM search_posts WHERE place IN (SELECT place FROM posts WHERE thread_id = OLD.thread_id);
    INSERT INTO search_posts SELECT * FROM search_public_posts WHERE thread_id = OLD.thread_id;
    DELETE FROM search_threads WHERE thread_id = OLD.thread_id;
    INSERT INTO search_threads SELECT * FROM search_public_threads WHERE thread_id = OLD.thread_id;
END;

CREATE TRIGGER search_components_update AFTER UPDATE OF component_id, thread_id ON thread_components
BEGIN
    DELETE FROM search_posts
    WHERE place IN (SELECT place FROM posts WHERE thread_id IN (OLD.thread_id, NEW.thread_id));
    INSERT INTO search_posts SELECT * FROM search_public_posts WHERE thread_id IN (OLD.thread_id, NEW.thread_id);
    DELETE FROM search_threads WHERE thread_id IN (OLD.thread_id, NEW.thread_id);
    INSERT INTO search_threads
    SELECT * FROM search_public_threads WHERE thread_id IN (OLD.thread_id, NEW.thread_id);
END;

CREATE TRIGGER search_users_update AFTER UPDATE OF name, position, phase ON users
WHEN OLD.name IS NOT NEW.name OR OLD.position IS NOT NEW.position OR OLD.phase IS NOT NEW.phase
BEGIN
    DELETE FROM search_posts WHERE place IN (SELECT place FROM posts WHERE author_id = NEW.id);
    INSERT INTO search_posts
    SELECT * FROM search_public_posts WHERE place IN (SELECT place FROM posts WHERE author_id = NEW.id);
    DELETE FROM search_threads WHERE thread_id IN (SELECT id FROM threads WHERE author_id = NEW.id);
    INSERT INTO search_threads
    SELECT * FROM search_public_threads WHERE thread_id IN (SELECT id FROM threads WHERE author_id = NEW.id);
END;

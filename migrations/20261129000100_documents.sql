-- Documents: uploads that become one, what is on their pages, and their passages beside those of transcripts.

ALTER TABLE uploads DROP CONSTRAINT uploads_kind;
ALTER TABLE uploads ADD CONSTRAINT uploads_kind CHECK (kind IN ('video', 'image', 'document'));

CREATE TABLE document_pages (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    asset_id uuid NOT NULL,
    -- From 1.
    page_number integer NOT NULL CONSTRAINT document_pages_page_number CHECK (page_number >= 1),
    text text NOT NULL,
    -- Whether the file has the text, or it was recognised in a picture of the page.
    source text NOT NULL CONSTRAINT document_pages_source CHECK (source IN ('text_layer', 'ocr')),
    -- [{level, text, char_start}], in the order of the text.
    headings jsonb NOT NULL DEFAULT '[]',
    -- What the page looks like, where that is known, and how large that is in pixels.
    image_key text,
    width integer,
    height integer,
    PRIMARY KEY (organization_id, asset_id, page_number),
    FOREIGN KEY (organization_id, asset_id) REFERENCES assets ON DELETE CASCADE,
    CONSTRAINT document_pages_image CHECK ((image_key IS NULL) = (width IS NULL) AND (image_key IS NULL) = (height IS NULL))
);
CALL protect_organization_table('document_pages');

-- A passage is of a transcript, or of a page of a document, with which it goes.
ALTER TABLE chunks DROP CONSTRAINT chunks_entity_type;
ALTER TABLE chunks ADD CONSTRAINT chunks_entity_type CHECK (entity_type IN ('transcript', 'document'));
ALTER TABLE chunks ADD COLUMN asset_id uuid;
ALTER TABLE chunks ADD COLUMN page_number integer;
ALTER TABLE chunks ADD FOREIGN KEY (organization_id, asset_id) REFERENCES assets ON DELETE CASCADE;
ALTER TABLE chunks ADD CONSTRAINT chunks_place CHECK (CASE entity_type
    WHEN 'document' THEN asset_id IS NOT NULL AND asset_id = entity_id AND page_number IS NOT NULL AND video_id IS NULL
    ELSE asset_id IS NULL AND page_number IS NULL END);
CREATE INDEX chunks_asset ON chunks (organization_id, asset_id);

-- A document's passages vanish when it goes to the bin; when it comes back, they are made again.
CREATE FUNCTION chunks_follow_asset() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM chunks WHERE organization_id = NEW.organization_id AND asset_id = NEW.id;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION chunks_follow_asset() FROM public;
CREATE TRIGGER assets_lead_chunks AFTER UPDATE OF deleted_at ON assets
    FOR EACH ROW WHEN (NEW.kind = 'document' AND NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL)
    EXECUTE FUNCTION chunks_follow_asset();

-- The search functions joined each passage with its video. Those of documents have none: they were added when their document was,
-- which is what their own created_at says, and nothing that is asked of a video is true of them.
CREATE FUNCTION pg_temp.amend(p_function regproc, VARIADIC p_changes text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_definition text := pg_get_functiondef(p_function);
    v_before text;
BEGIN
    FOR i IN 1 .. cardinality(p_changes) BY 2 LOOP
        v_before := v_definition;
        v_definition := replace(v_definition, p_changes[i], p_changes[i + 1]);
        IF v_definition = v_before THEN
            RAISE EXCEPTION '% does not say %', p_function, p_changes[i];
        END IF;
    END LOOP;
    EXECUTE v_definition;
END $$;

SELECT pg_temp.amend('search_conditions', 'v.created_at', 'coalesce(v.created_at, c.created_at)');
SELECT pg_temp.amend('nearest_chunks', 'FROM chunks c JOIN videos v', 'FROM chunks c LEFT JOIN videos v');
SELECT pg_temp.amend('fitting_chunks',
    'CROSS JOIN LATERAL (SELECT * FROM videos', 'LEFT JOIN LATERAL (SELECT * FROM videos',
    'LIMIT 1) AS v', 'LIMIT 1) AS v ON v.id = c.video_id',
    'AND v.id = c.video_id', 'AND (c.video_id IS NULL OR v.id IS NOT NULL)',
    'v.created_at ', 'coalesce(v.created_at, c.created_at) ');
SELECT pg_temp.amend('search_chunks_by_meaning',
    'CROSS JOIN LATERAL (SELECT * FROM videos', 'LEFT JOIN LATERAL (SELECT * FROM videos',
    'LIMIT 1) AS v', 'LIMIT 1) AS v ON v.id = c.video_id',
    'AND v.id = c.video_id', 'AND (c.video_id IS NULL OR v.id IS NOT NULL)',
    'OR v.created_at ', 'OR coalesce(v.created_at, c.created_at) ');
-- A document whose title has the words is looked through like a video whose title has them.
SELECT pg_temp.amend('matching_chunks',
    'FROM found c JOIN videos v', 'FROM found c LEFT JOIN videos v',
    'SELECT c.video_id, count(*) OVER', 'SELECT coalesce(c.video_id, c.asset_id) AS video_id, count(*) OVER',
    '@@ v_within OR video_id = ANY(v_titled))', '@@ v_within OR video_id = ANY(v_titled) OR asset_id = ANY(v_titled))',
    'OR v.created_at ', 'OR coalesce(v.created_at, c.created_at) ');
SELECT pg_temp.amend('ranked_chunks', 'FROM hits h JOIN videos v', 'FROM hits h LEFT JOIN videos v');
SELECT pg_temp.amend('search_chunks',
    'SELECT c.id, c.entity_id, c.chunk_index', 'SELECT c.id, c.entity_type, c.entity_id, c.chunk_index',
    'n.entity_type = ''transcript''', 'n.entity_type = p.entity_type');
DROP FUNCTION pg_temp.amend;

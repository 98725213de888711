-- Indexed passages: text and vectors, searched inside functions that apply organization and visibility themselves.

CREATE FUNCTION text_search_configuration(language text) RETURNS regconfig LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE language
        WHEN 'en' THEN 'pg_catalog.english'::regconfig WHEN 'de' THEN 'pg_catalog.german'::regconfig
        WHEN 'fr' THEN 'pg_catalog.french'::regconfig WHEN 'es' THEN 'pg_catalog.spanish'::regconfig
        WHEN 'it' THEN 'pg_catalog.italian'::regconfig WHEN 'pt' THEN 'pg_catalog.portuguese'::regconfig
        WHEN 'nl' THEN 'pg_catalog.dutch'::regconfig WHEN 'sv' THEN 'pg_catalog.swedish'::regconfig
        ELSE 'pg_catalog.simple'::regconfig END
$$;

CREATE TABLE chunks (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    entity_type text NOT NULL CONSTRAINT chunks_entity_type CHECK (entity_type IN ('transcript')),
    entity_id uuid NOT NULL,
    video_id uuid,
    chunk_index integer NOT NULL CONSTRAINT chunks_index CHECK (chunk_index >= 0),
    text text NOT NULL,
    language text,
    token_count integer,
    start_seconds double precision,
    end_seconds double precision,
    speakers text[] NOT NULL DEFAULT '{}',
    -- Which part of the text was said when: [{char_start, char_end, start_ms, end_ms, speaker}].
    spans jsonb NOT NULL DEFAULT '[]',
    owner_id uuid,
    visibility text NOT NULL CONSTRAINT chunks_visibility CHECK (visibility IN ('private', 'organization', 'public')),
    search_vector tsvector GENERATED ALWAYS AS (to_tsvector(text_search_configuration(language), text)) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    CONSTRAINT chunks_entity_key UNIQUE (organization_id, entity_type, entity_id, chunk_index),
    CONSTRAINT chunks_order CHECK (end_seconds >= start_seconds),
    FOREIGN KEY (organization_id, video_id) REFERENCES videos ON DELETE CASCADE
);
CREATE INDEX chunks_video ON chunks (organization_id, video_id);
CREATE INDEX chunks_words ON chunks USING gin (search_vector);
CALL protect_organization_table('chunks', $$visibility <> 'private'
    OR owner_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
    OR (SELECT current_setting('app.role', true)) = 'service'$$);
CALL admit_search('chunks');

CREATE TABLE embedding_models (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    name text NOT NULL CONSTRAINT embedding_models_name_key UNIQUE,
    dimensions integer NOT NULL CONSTRAINT embedding_models_dimensions CHECK (dimensions BETWEEN 1 AND 4000),
    status text NOT NULL DEFAULT 'live' CONSTRAINT embedding_models_status CHECK (status IN ('building', 'live', 'retired')),
    created_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT ON embedding_models TO memoreel_app, memoreel_system, memoreel_search;

CREATE TABLE chunk_embeddings (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    chunk_id uuid NOT NULL,
    model_id uuid NOT NULL REFERENCES embedding_models,
    embedding vector NOT NULL,
    PRIMARY KEY (organization_id, chunk_id, model_id),
    FOREIGN KEY (organization_id, chunk_id) REFERENCES chunks ON DELETE CASCADE
);
CREATE INDEX chunk_embeddings_model ON chunk_embeddings (model_id);
CALL protect_organization_table('chunk_embeddings',
    'EXISTS (SELECT FROM chunks c WHERE c.organization_id = chunk_embeddings.organization_id AND c.id = chunk_embeddings.chunk_id)');
CALL admit_search('chunk_embeddings');

-- How many passages an organization has: exact search below a threshold, the approximate index above it.
CREATE TABLE organization_chunk_counts (
    organization_id uuid PRIMARY KEY REFERENCES organizations ON DELETE CASCADE,
    chunk_count bigint NOT NULL
);
CALL protect_organization_table('organization_chunk_counts');
CALL admit_search('organization_chunk_counts');

CREATE FUNCTION count_organization_chunks() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO organization_chunk_counts AS counts (organization_id, chunk_count)
        SELECT organization_id, count(*) FROM changed GROUP BY organization_id ORDER BY organization_id
        ON CONFLICT (organization_id) DO UPDATE SET chunk_count = counts.chunk_count + excluded.chunk_count;
    ELSE
        UPDATE organization_chunk_counts AS counts SET chunk_count = counts.chunk_count - gone.number
        FROM (SELECT organization_id, count(*) AS number FROM changed GROUP BY organization_id) AS gone
        WHERE counts.organization_id = gone.organization_id;
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION count_organization_chunks() FROM public;
CREATE TRIGGER chunks_counted_in AFTER INSERT ON chunks REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_organization_chunks();
CREATE TRIGGER chunks_counted_out AFTER DELETE ON chunks REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_organization_chunks();

-- A video's passages follow its visibility and author, and vanish with its deletion.
CREATE FUNCTION chunks_follow_video() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL THEN
        DELETE FROM chunks WHERE organization_id = NEW.organization_id AND video_id = NEW.id;
    ELSIF NEW.visibility <> OLD.visibility OR NEW.author_id IS DISTINCT FROM OLD.author_id THEN
        UPDATE chunks SET visibility = NEW.visibility, owner_id = NEW.author_id
        WHERE organization_id = NEW.organization_id AND video_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION chunks_follow_video() FROM public;
CREATE TRIGGER videos_lead_chunks AFTER UPDATE OF deleted_at, visibility, author_id ON videos
    FOR EACH ROW EXECUTE FUNCTION chunks_follow_video();

-- Makes a model usable: its row and its own approximate index. Returns the model's id.
CREATE FUNCTION register_embedding_model(model_name text, model_dimensions integer) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    model embedding_models;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('register_embedding_model'));
    SELECT * INTO model FROM embedding_models WHERE name = model_name;
    IF FOUND THEN
        IF model.dimensions <> model_dimensions THEN
            RAISE EXCEPTION 'embedding model % has % dimensions, not %', model_name, model.dimensions, model_dimensions;
        END IF;
        RETURN model.id;
    END IF;
    INSERT INTO embedding_models (name, dimensions) VALUES (model_name, model_dimensions) RETURNING * INTO model;
    IF model_dimensions <= 2000 THEN
        EXECUTE format('CREATE INDEX ON chunk_embeddings USING hnsw ((embedding::vector(%s)) vector_cosine_ops) WHERE model_id = %L',
            model_dimensions, model.id);
    ELSE
        EXECUTE format('CREATE INDEX ON chunk_embeddings USING hnsw ((embedding::halfvec(%s)) halfvec_cosine_ops) WHERE model_id = %L',
            model_dimensions, model.id);
    END IF;
    RETURN model.id;
END $$;
REVOKE ALL ON FUNCTION register_embedding_model(text, integer) FROM public;
GRANT EXECUTE ON FUNCTION register_embedding_model(text, integer) TO memoreel_system;

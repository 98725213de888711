-- Vectors are kept apart by organization, so that whoever looks for the nearest of one walks through few of the others.
--
-- The table is divided by a hash of the organization, and each part has an approximate index of its own. An organization with
-- a hundredth of all passages has about a quarter of its part: the walk meets four passages for each of its own, where one
-- index over everybody's would meet a hundred. Smaller ones are compared passage by passage, which their part makes quick.
-- Nobody is granted anything on the parts; they are reached through the table, under its policies.
CREATE SCHEMA partitions;

ALTER TABLE chunk_embeddings RENAME TO chunk_embeddings_undivided;
ALTER TABLE chunk_embeddings_undivided DROP CONSTRAINT chunk_embeddings_pkey;
DROP INDEX chunk_embeddings_model;
CREATE TABLE chunk_embeddings (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    chunk_id uuid NOT NULL,
    model_id uuid NOT NULL REFERENCES embedding_models,
    -- In the row wherever it fits: a comparison of every passage would otherwise fetch each from elsewhere.
    embedding vector STORAGE MAIN NOT NULL,
    -- One vector per sentence of the passage, in the order of chunks.spans, for finding the second inside a hit. Each is a
    -- float4 scale (little endian) followed by one signed byte per dimension; a sentence that says nothing has scale 0.
    span_vectors bytea STORAGE EXTERNAL,
    PRIMARY KEY (organization_id, chunk_id, model_id),
    FOREIGN KEY (organization_id, chunk_id) REFERENCES chunks ON DELETE CASCADE
) PARTITION BY HASH (organization_id);
DO $$ BEGIN
    FOR part IN 0..31 LOOP
        EXECUTE format('CREATE TABLE partitions.chunk_embeddings_%s PARTITION OF chunk_embeddings
            FOR VALUES WITH (MODULUS 32, REMAINDER %s)', part, part);
    END LOOP;
END $$;
INSERT INTO chunk_embeddings (organization_id, chunk_id, model_id, embedding, span_vectors)
SELECT organization_id, chunk_id, model_id, embedding, span_vectors FROM chunk_embeddings_undivided
ORDER BY organization_id, chunk_id;
DROP TABLE chunk_embeddings_undivided;
CREATE INDEX chunk_embeddings_model ON chunk_embeddings (model_id);
CALL protect_organization_table('chunk_embeddings',
    'EXISTS (SELECT FROM chunks c WHERE c.organization_id = chunk_embeddings.organization_id AND c.id = chunk_embeddings.chunk_id)');
CALL admit_search('chunk_embeddings');

-- The approximate index of a model, in every part: half-precision components, because the walk is bound by what it reads; and
-- twice the usual care in choosing neighbours (ef_construction), which finds as much with a third of the walk.
CREATE PROCEDURE index_embedding_model(model embedding_models) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE INDEX ON chunk_embeddings USING hnsw ((embedding::halfvec(%s)) halfvec_cosine_ops)
        WITH (m = 16, ef_construction = 200) WHERE model_id = %L', model.dimensions, model.id);
END $$;
REVOKE ALL ON PROCEDURE index_embedding_model FROM public;
DO $$ DECLARE
    model embedding_models;
BEGIN
    FOR model IN SELECT * FROM embedding_models LOOP
        CALL index_embedding_model(model);
    END LOOP;
END $$;

-- Makes a model usable: its row and its own approximate index. Returns the model's id.
CREATE OR REPLACE FUNCTION register_embedding_model(model_name text, model_dimensions integer) RETURNS uuid
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
    CALL index_embedding_model(model);
    RETURN model.id;
END $$;

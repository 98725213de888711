-- Stills of a second are made when players ask, lie beside the poster, and go with it: what they take is counted there. They are no renditions of
-- their own, of which a recording would have thousands. Two who ask at once make the same still, so that it is known which are counted: by
-- the second, and 2^32 more for a small one. What was made before is not known.

ALTER TABLE renditions
    ADD COLUMN still_bytes bigint NOT NULL DEFAULT 0,
    ADD COLUMN stills int8multirange NOT NULL DEFAULT '{}';

-- Whether a file may be had is asked by the place where it lies: that something outside the bin has it.
CREATE INDEX blobs_key ON blobs (organization_id, blob_key);

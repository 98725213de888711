-- To which web sites an organization's media are delivered, and how long they may be kept on the way.

CREATE TABLE delivery_policies (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    -- Whose pages may read what is delivered: `https://app.example.com`, or `https://*.example.com` for everything below it.
    allowed_origins text[] NOT NULL DEFAULT '{}'
        CONSTRAINT delivery_policies_allowed_origins CHECK (cardinality(allowed_origins) <= 50),
    -- Whose pages may show it at all; everybody's where there are none.
    referrer_domains text[] NOT NULL DEFAULT '{}'
        CONSTRAINT delivery_policies_referrer_domains CHECK (cardinality(referrer_domains) <= 100),
    -- Whether a request that does not say where it comes from is let in beside them.
    allows_no_referrer boolean NOT NULL DEFAULT true,
    -- Whether caches that serve many people may keep it.
    shared_caching boolean NOT NULL DEFAULT false,
    cache_seconds integer NOT NULL DEFAULT 3600
        CONSTRAINT delivery_policies_cache_seconds CHECK (cache_seconds BETWEEN 0 AND 31622400),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    CONSTRAINT delivery_policies_organization_key UNIQUE (organization_id)
);
-- Before a browser sends a key along it asks whether it may, without saying for whom.
CREATE INDEX delivery_policies_origins ON delivery_policies USING gin (allowed_origins);
CREATE TRIGGER delivery_policies_updated_at BEFORE UPDATE ON delivery_policies FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
CALL protect_organization_table('delivery_policies');
CALL admit_system('delivery_policies', 'select');
CALL audit_table('delivery_policies', 'delivery_policy', 'allowed_origins', 'referrer_domains', 'allows_no_referrer', 'shared_caching',
    'cache_seconds');

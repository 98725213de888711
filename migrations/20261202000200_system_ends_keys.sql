-- Whoever proves an address that nobody had confirmed gets the account without what another person may have put on it, keys among it.
-- Deleting them tells those who listen with one.

GRANT DELETE ON api_keys TO memoreel_system;
CREATE POLICY system_delete ON api_keys FOR DELETE TO memoreel_system USING (true);

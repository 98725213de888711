-- Whoever was let in and may not be in any more is told to those who keep a connection open for them. What is told holds ids alone:
-- of an organization, a person, a session or a key; whoever is all that is named has to show again who they are.
CREATE FUNCTION tell_access_change() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    v_row jsonb := to_jsonb(OLD);
BEGIN
    PERFORM pg_notify('memoreel_access', CASE TG_TABLE_NAME
        WHEN 'memberships' THEN jsonb_build_object('organization_id', v_row -> 'organization_id', 'user_id', v_row -> 'user_id')
        WHEN 'organizations' THEN jsonb_build_object('organization_id', v_row -> 'id')
        WHEN 'users' THEN jsonb_build_object('user_id', v_row -> 'id')
        ELSE jsonb_build_object('actor_id', v_row -> 'id')
    END::text);
    RETURN NULL;
END $$;

CREATE TRIGGER access_ended AFTER DELETE ON memberships FOR EACH ROW EXECUTE FUNCTION tell_access_change();
CREATE TRIGGER access_changed AFTER UPDATE ON memberships FOR EACH ROW
    WHEN (NEW.role IS DISTINCT FROM OLD.role) EXECUTE FUNCTION tell_access_change();
CREATE TRIGGER access_ended AFTER DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION tell_access_change();
-- The token it was opened by opens nothing any more, and may be in other hands than the one that took its place.
CREATE TRIGGER access_changed AFTER UPDATE ON sessions FOR EACH ROW
    WHEN (NEW.token_hash IS DISTINCT FROM OLD.token_hash) EXECUTE FUNCTION tell_access_change();
CREATE TRIGGER access_ended AFTER DELETE ON api_keys FOR EACH ROW EXECUTE FUNCTION tell_access_change();
CREATE TRIGGER access_changed AFTER UPDATE ON users FOR EACH ROW
    WHEN ((NEW.is_active, NEW.erased_after) IS DISTINCT FROM (OLD.is_active, OLD.erased_after)) EXECUTE FUNCTION tell_access_change();
CREATE TRIGGER access_changed AFTER UPDATE ON organizations FOR EACH ROW
    WHEN (NEW.status IS DISTINCT FROM OLD.status) EXECUTE FUNCTION tell_access_change();

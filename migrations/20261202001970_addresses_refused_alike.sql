-- An address that the server does not speak to has one code, whoever named it for what. What was noted under the other code is read as this one.
UPDATE webhook_deliveries SET error_code = 'url_refused' WHERE error_code = 'address_refused';
UPDATE videos SET error_code = 'url_refused' WHERE error_code = 'address_refused';
UPDATE assets SET metadata = jsonb_set(metadata, '{error,code}', '"url_refused"') WHERE metadata #>> '{error,code}' = 'address_refused';
UPDATE assets SET metadata = jsonb_set(metadata, '{replacement_error,code}', '"url_refused"')
    WHERE metadata #>> '{replacement_error,code}' = 'address_refused';
UPDATE tasks SET error_code = 'url_refused' WHERE error_code = 'address_refused';
UPDATE tasks SET tries = (
        SELECT jsonb_agg(CASE tried ->> 'code' WHEN 'address_refused' THEN jsonb_set(tried, '{code}', '"url_refused"') ELSE tried END
            ORDER BY number)
        FROM jsonb_array_elements(tries) WITH ORDINALITY AS each (tried, number))
    WHERE tries @> '[{"code": "address_refused"}]';

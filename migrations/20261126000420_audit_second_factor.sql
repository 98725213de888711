-- Whether somebody needs a second factor to sign in, and since when.
CALL audit_table('user_totp', 'second_factor', 'confirmed_at', '!secret');

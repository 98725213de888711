-- Whoever signs up agrees to what the operator asks for, in the transaction that makes the account. There is no caller then.
CALL admit_system('consents', 'insert');
CALL admit_system('user_extensions', 'insert');

-- What somebody agreed to before they went to a provider, in case an account is made when they come back: versions by document.
ALTER TABLE provider_sign_ins ADD COLUMN agreed jsonb NOT NULL DEFAULT '{}';

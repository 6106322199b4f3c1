// What somebody looked at and found right of tables and keys. A line that comes in here needs a reason.

/** Of no organization by nature; `organizations` is a tenant table by its own id. */
export const globalTables = [
  'organizations',
  'accounts',
  'unknown_logins',
  'security_events',
  'rate_limits',
  // of an organization or of an account, and reached through functions alone
  'mails',
  'account_tokens',
  'registrations',
  'known_devices',
  'totp_credentials',
  'recovery_codes',
  'pending_sign_ins',
  // of the code, not of anybody
  'access_declarations',
]

/** Unique over the whole installation: how a person signs in, tokens, slugs, counters. */
export const globalUniques = [
  'organizations_pkey',
  'organizations_slug_key',
  'organizations_name',
  'organizations_one_default',
  'organizations_one_platform',
  'accounts_pkey',
  'accounts_email_key',
  'accounts_username_key',
  'accounts_username_seen',
  'unknown_logins_pkey',
  'security_events_pkey',
  'rate_limits_pkey',
  'mails_pkey',
  'account_tokens_pkey',
  'account_tokens_token_hash_key',
  'registrations_pkey',
  'known_devices_pkey',
  'totp_credentials_pkey',
  'recovery_codes_pkey',
  'pending_sign_ins_pkey',
  'access_declarations_pkey',
  'sessions_token_hash_key',
  'invitation_tokens_token_hash_key',
  'refresh_tokens_token_hash_key',
  'api_keys_hash_key',
  'api_keys_former_hash_key',
]

/** Columns that name what a foreign key can't: of several kinds, of another organization by its nature, or gone already. */
export const withoutKey = [
  'search_words.record_id',
  'idempotency_keys.user_id',
  'invitations.mail_id',
  'sessions.impersonator_id',
  'sessions.home_org_id',
  'sessions.home_user_id',
  'users.shadow_of_org_id',
  'users.shadow_of_user_id',
]

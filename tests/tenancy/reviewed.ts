// What somebody looked at and found right. A line that comes in here needs a reason.

const all = 'select, insert, update, delete'
/** Records: what is deleted is kept, and says so itself. */
const kept = 'select, insert, update'
/** What only comes and goes: a change of it would be another row. */
const fixed = 'select, insert, delete'

/** What the application takes away for good: rows that lead from one record to another, whose events have all of them. */
export const links = ['group_members', 'user_roles', 'role_parents', 'role_permissions']
/** The same, of what is no link, and why. */
export const takenAway: Readonly<Record<string, string>> = {
  permissions: 'a word, which no row but those of roles names; its event has all of it',
  search_words: 'made from the columns of records',
  idempotency_keys: 'answers, kept for a day',
  imports: 'files on their way in, kept for a day; their rows are events',
  rate_limits: 'counters',
}

/** The application's role: sessions are opened by a function, the trail is written by triggers. */
export const grants = {
  organizations: 'select, update',
  users: kept,
  groups: kept,
  group_members: all,
  search_words: fixed,
  permissions: all,
  roles: kept,
  role_parents: fixed,
  role_permissions: fixed,
  user_roles: all,
  // told by a function, together for many people
  permission_uses: 'select',
  sessions: 'select, update',
  // revoked, and kept for the trail
  api_keys: 'select, insert, update',
  idempotency_keys: all,
  imports: all,
  invitations: kept,
  rate_limits: all,
  events: 'select',
  kysely_migration: 'select',
}

/** The role that the reviewed functions run as; it makes organizations with all that they begin with. */
export const lookupGrants = {
  organizations: 'select, insert, update',
  accounts: 'select, insert, update',
  users: 'select, insert, update',
  groups: 'select',
  group_members: 'select',
  search_words: fixed,
  permissions: 'select, insert',
  roles: 'select, insert, update',
  role_parents: 'select',
  role_permissions: 'select, insert',
  user_roles: 'select, insert',
  permission_uses: 'select, insert, update',
  access_declarations: 'select, insert',
  sessions: 'select, insert, update',
  refresh_tokens: all,
  api_keys: 'select, update',
  unknown_logins: all,
  security_events: 'select, insert',
  events: 'select, insert',
  mails: all,
  account_tokens: all,
  invitations: 'select, insert, update',
  invitation_tokens: all,
  registrations: all,
  known_devices: all,
  totp_credentials: all,
  recovery_codes: all,
  pending_sign_ins: all,
  // what is older than its time goes
  idempotency_keys: 'select, delete',
  imports: 'select, delete',
  rate_limits: all,
}

/** Functions that run as the lookup role; the triggers of the audit trail beside. */
export const definers = [
  'app.enter(uuid,text,integer)',
  'app.enter_to_read(uuid,text,integer)',
  'app.rights(uuid,uuid)',
  'app.rights_of(uuid)',
  'app.audit_account_status()',
  'app.declare_access(jsonb)',
  'app.permissions_used(uuid[],uuid[],text[],text[])',
  'app.session_actor(bytea)',
  'app.key_actor(bytea)',
  'app.sign_in_lookup(text,text,bytea)',
  'app.sign_in_failed(text,uuid,integer,integer,text,inet,bytea)',
  'app.sign_in_passed(uuid,bytea,timestamp with time zone,text,text)',
  'app.open_session(uuid,uuid,uuid,text,bytea,inet,text,numeric,numeric,text,timestamp with time zone,bytea,bytea,bigint,bytea,bytea)',
  'app.begin_pending_sign_in(uuid,uuid,uuid,timestamp with time zone,bytea,jsonb)',
  'app.try_pending_sign_in(bytea)',
  'app.reauthenticate_session(uuid,uuid,timestamp with time zone,bigint,bytea,bytea,bytea,jsonb)',
  'app.turn_on_second_factor(uuid,uuid,timestamp with time zone,bytea,bigint,bytea[],bytea,bytea,jsonb)',
  'app.turn_off_second_factor(uuid,uuid,bytea,bytea,jsonb)',
  'app.renew_recovery_codes(uuid,uuid,bytea[],jsonb)',
  'app.reseal_second_factor(uuid,bytea,bytea)',
  'app.has_second_factor(uuid)',
  'app.reset_second_factor(uuid)',
  'app.account_lookup(uuid,bytea)',
  'app.account_mail(uuid,bytea)',
  'app.account_lock(uuid)',
  'app.unlock_account(uuid)',
  'app.link_lookup(bytea)',
  'app.change_password(uuid,timestamp with time zone,text,uuid,bytea,bytea,jsonb)',
  'app.forgot_password(text,jsonb)',
  'app.reset_password(bytea,text,jsonb)',
  'app.unlock_by_link(bytea,jsonb)',
  'app.verify_email(bytea,timestamp with time zone,uuid,bytea,bytea,jsonb)',
  'app.undo_email(bytea,text,jsonb)',
  'app.request_email(uuid,text,jsonb)',
  'app.begin_registration(text,text,text,text,text,jsonb)',
  'app.registration_failed(bytea)',
  'app.finish_registration(bytea,text)',
  'app.tidy_accounts(integer)',
  'app.end_invitation_links()',
  'app.standing_rights(uuid)',
  'app.account_at(text,text)',
  'app.invitation_wait(text)',
  'app.invitation_mail(uuid,bytea)',
  'app.invitation_lookup(bytea)',
  'app.take_invitation(bytea,text,text,uuid,timestamp with time zone)',
  'app.note_refused_invitation(uuid,text)',
  'app.invite_owner(uuid)',
  'app.tidy_invitations(integer)',
  'app.tidy_pending_sign_ins(integer)',
  'app.sessions_seen(uuid[])',
  'app.api_keys_used(uuid[],inet[])',
  'app.revoke_api_keys()',
  'app.record_event(text,text,uuid,jsonb)',
  'app.default_organization()',
  'app.find_organization(text)',
  'app.names_taken(text[],text[])',
  'app.create_accounts(jsonb)',
  'app.create_account(text,text,text,boolean)',
  'app.managed_account(uuid)',
  'app.rename_account(uuid,text,text)',
  'app.set_first_password(uuid,text)',
  'app.let_go_who_joins()',
  'app.detach_account(uuid,uuid,bytea,bytea,jsonb)',
  'app.add_refresh_token(bytea,bytea,numeric,numeric)',
  'app.refresh_session(bytea,bytea,bytea,bytea,bytea,numeric,numeric,jsonb)',
  'app.tidy_sessions(integer)',
  'app.notify_elsewhere()',
  'app.account_places(uuid)',
  'app.switch_organization(uuid,uuid,uuid,bytea,inet,text,jsonb)',
  'app.record_effect(uuid,jsonb,jsonb,uuid[])',
  'app.has_active_account(uuid)',
  'app.list_organizations(text[],text[],text,boolean,text,uuid,integer,integer)',
  'app.read_organization(uuid)',
  'app.create_organization(text,text,jsonb,jsonb)',
  'app.update_organization(uuid,jsonb,integer)',
  'app.toggle_organization(uuid,integer)',
  'app.organization_history(uuid,uuid)',
  'app.enter_organization(uuid,uuid,text)',
  'app.leave_organization(uuid)',
  'app.end_entered_sessions()',
  'app.queue_job(text,jsonb,jsonb,integer)',
  'app.finish_job(text,uuid,integer)',
  'app.queue_mail(text,text,text,jsonb)',
  'app.queue_account_mail(uuid,text,text,jsonb,text)',
  'app.mail_to_send(uuid)',
  'app.settle_mail(uuid,text,text,bytea,uuid,integer)',
  'app.kept_mails(integer)',
  'app.kept_mail(uuid)',
  'app.tidy(integer)',
  'app.count_calls(text[],integer[],integer)',
  'app.knows_browser(text,bytea)',
  'app.note_limit(jsonb,text,inet)',
]

/**
 * Written by triggers, made from columns that are audited, or kept for a day: to answer the same request alike, or
 * as a file whose rows are audited when they come in.
 */
export const exemptFromAudit = [
  'events',
  'search_words',
  'idempotency_keys',
  'imports',
  'refresh_tokens',
  'invitation_tokens',
  // mere use
  'permission_uses',
]

/** Columns that stand in every event as its target. */
export const namedByTarget = [
  'group_members.group_id',
  'role_parents.role_id',
  'role_permissions.role_id',
  'user_roles.user_id',
]

/** Columns whose change makes no event: made by the database, named by the target, secret, or mere use. */
export const notAudited = [
  'users.full_name',
  ...namedByTarget,
  'users.sort_name',
  'users.full_name',
  'invitations.sort_email',
  'invitations.mail_id',
  'groups.sort_name',
  // of the rows of group_members, whose changes are events
  'groups.members_count',
  'roles.sort_name',
  'users.last_login_at',
  'permissions.code',
  'sessions.token_hash',
  'sessions.token_expires_at',
  'sessions.ip',
  'sessions.user_agent',
  'sessions.idle_timeout',
  'sessions.last_seen_at',
  // proving who one is again is an event of its own
  'sessions.proved_at',
  // entering and leaving are events of their own
  'sessions.home_org_id',
  'sessions.home_user_id',
  'sessions.home_expires_at',
  'users.shadow_of_org_id',
  'users.shadow_of_user_id',
  // a service account has no account of its own, from its beginning to its end
  'users.kind',
  'api_keys.hash',
  'api_keys.former_hash',
  'api_keys.sort_name',
  'api_keys.last_used_at',
  'api_keys.last_used_ip',
  // follows revoked_at
  'api_keys.status',
  'organizations.sort_name',
  'organizations.search_name',
]

/** The others that the application may call. */
export const callable = [
  'app.org_id()',
  'app.user_id()',
  'app.uuid_v7()',
  'app.fold(text)',
  'app.found_by(text)',
  'app.notify_rights(text[],uuid)',
  'app.organization_json(organizations)',
  'app.role_app()',
]

/** Of the definers, what names any organization or account: only the others call these. */
export const forDefinersAlone = ['app.rights(uuid,uuid)', 'app.queue_account_mail(uuid,text,text,jsonb,text)']

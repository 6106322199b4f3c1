import { type Kysely, sql } from 'kysely'

/** Invitations into an organization, and the links that go with them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- invited_by is whoever vouches for it: who made it, changed it or sent it last. With user_id, it is for somebody who
    -- stands among the people already, and gives what that person has; else it makes its person.
    select app.record_table('invitations', 'invitation', $columns$
      email text not null collate "C",
      role_ids uuid[] not null default '{}',
      group_id uuid,
      user_id uuid,
      status text not null default 'pending' check (status in ('pending', 'accepted', 'expired', 'revoked')),
      invited_by uuid,
      sent_at timestamptz not null default now(),
      expires_at timestamptz not null default now() + interval '72 hours',
      accepted_at timestamptz,
      foreign key (org_id, group_id) references public.groups (org_id, id) on delete cascade,
      foreign key (org_id, user_id) references public.users (org_id, id) on delete cascade,
      foreign key (org_id, invited_by) references public.users (org_id, id) on delete set null (invited_by)
    $columns$, array['email'], array['email', 'created_at', 'expires_at'], array['status', 'group_id']);
    -- the mail that its link goes with: of no interest to the trail
    alter table invitations add column mail_id uuid not null;
    create unique index invitations_pending on invitations (org_id, email) where status = 'pending' and deleted_at is null;
    create index invitations_mail on invitations (org_id, mail_id);
    create index invitations_person on invitations (org_id, user_id) where user_id is not null;
    create index invitations_inviter on invitations (org_id, invited_by);
    create index invitations_ending on invitations (expires_at) where status = 'pending';
    create index invitations_address on invitations (email) where status = 'pending';
    create trigger end_links after update on invitations for each row
      when (new.mail_id <> old.mail_id or new.status <> 'pending') execute function app.end_invitation_links();

    create table invitation_tokens (
      org_id uuid not null references organizations on delete cascade,
      id uuid not null default app.uuid_v7(),
      invitation_id uuid not null,
      token_hash bytea not null unique,
      used_at timestamptz,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (org_id, id),
      foreign key (org_id, invitation_id) references invitations (org_id, id) on delete cascade
    );
    create index invitation_tokens_invitation on invitation_tokens (org_id, invitation_id);
    create trigger stamp before update on invitation_tokens for each row execute function app.stamp();

    do $$ begin
      perform app.lookup_may('select, insert, update', 'invitations'),
        app.tenant_table('invitation_tokens', ''), app.lookup_may('select, insert, update, delete', 'invitation_tokens');
    end $$;
  `.execute(db)
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`
    drop table invitation_tokens;
    select app.drop_record_table('invitations');
  `.execute(db)
}

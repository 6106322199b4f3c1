import { z } from 'zod'
import { hashChosen } from '#src/domains/accounts/account.ts'
import { password } from '#src/domains/accounts/model.ts'
import { setFirstPassword } from '#src/domains/people/first-password/actions.ts'
import { firstPasswordScreen } from '#src/domains/people/first-password/views.tsx'
import { type UserRecord, users } from '#src/domains/people/users/model.ts'
import { Forbidden } from '#src/errors.ts'
import { can, post } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { passwordRules } from '#src/platform/password-policy.ts'
import { readRecord } from '#src/resource/record/query.ts'
import { saved } from '#src/resource/record/saved.ts'

export const firstPasswordRoutes = [
  post(
    paths.firstPassword(':id'),
    can('user:update'),
    {
      // a form with a password is done without an Idempotency-Key, which keeps a hash of what was sent
      secret: true,
      body: z.strictObject({ password }),
      answer: users.record,
      otherStatuses: [409],
      summary: 'Set the first password of an invited person whose account the organization manages',
      refused: ({ services, id }, refusal) => {
        const userId = id()
        return (frame) =>
          firstPasswordScreen({ userId, rules: passwordRules(services.config), frame, refusal })
      },
    },
    async (call) => {
      const { db, services, actor, grant, id, body } = call
      const seen = await readRecord(db, users, actor, grant, id())
      if (!seen.update) throw new Forbidden('user:update')
      const { username, email, first_name, last_name } = JSON.parse(seen.json) as UserRecord
      const about = [username, email, first_name, last_name, actor.identity.organization.name]
      const hash = await hashChosen(services.config, body.password, about)
      const done = await db.withActor(actor, (tx) => setFirstPassword(tx, actor, grant, id(), hash))
      return saved(call, users, done, 'Password set', paths.home)
    },
  ),
]

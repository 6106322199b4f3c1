import { z } from 'zod'
import { fn } from '#src/db/functions.ts'
import { paths } from '#src/paths.ts'
import { Refused } from '#src/platform/mail/carrier.ts'
import { defineMail } from '#src/platform/mail/letter.ts'
import { unlinked } from '#src/platform/mail/line.ts'
import { newToken, tokenHash } from '#src/platform/token.ts'

type Facts = { inviter: string | null }

/** Which invitation it is of, the invitation says: that names its mail. */
export const invitationMail = defineMail({
  name: 'invitation',
  to: 'organization',
  data: z.strictObject({}),
  prepare: async ({ db, id }) => {
    const token = newToken()
    const told = await db.lookup(fn.invitation_mail<Facts | null>({ mail: id, hash: tokenHash(token) }))
    if (!told) throw new Refused('This mail is out of date.')
    return { inviter: unlinked(told.inviter ?? 'Someone'), token }
  },
  letters: {
    en: ({ appName, organization, link, made }) => ({
      // no name comes first: what stands there is taken for ours
      subject: `You’re invited to join ${organization ?? appName}`,
      body: [
        { text: `You’re invited to ${appName}.` },
        { text: `“${made.inviter}” invited you to join “${organization ?? appName}”.` },
        { button: 'Accept invitation', url: link(paths.acceptInvitation(made.token)) },
        {
          note: 'The link works once, for 3 days. Not expecting this? Ignore it; nothing happens until you accept.',
        },
      ],
    }),
  },
})

import { z } from 'zod'
import { newToken, tokenHash } from '#src/http/cookies.ts'
import { paths } from '#src/paths.ts'
import { Refused } from '#src/platform/mail/carrier.ts'
import { defineMail } from '#src/platform/mail/letter.ts'

/** Which invitation it is of, the invitation says: that names its mail. */
export const invitationMail = defineMail({
  name: 'invitation',
  to: 'organization',
  data: z.strictObject({}),
  prepare: async ({ db, id }) => {
    const token = newToken()
    const told = await db.lookup<{ inviter: string | null } | null>('invitation_mail', [id, tokenHash(token)])
    if (!told) throw new Refused('It is too late for this mail.')
    return { ...told, token }
  },
  letters: {
    en: ({ appName, organization, link, made }) => ({
      subject: `${made.inviter ?? 'Somebody'} invites you to ${organization ?? appName}`,
      body: [
        {
          text: `${made.inviter ?? 'Somebody'} invites you to join ${organization ?? appName} in ${appName}.`,
        },
        { button: 'See the invitation', url: link(paths.acceptInvitation(made.token)) },
        {
          note: 'The link works once, for three days. If you know nothing of this, there is nothing to do: nobody joins anything by being invited.',
        },
      ],
    }),
  },
})

import { z } from 'zod'
import { defineMail } from '#src/platform/mail/letter.ts'

/** The mail that `npm run mail:test` sends. */
export const test = defineMail({
  name: 'test',
  to: 'organization',
  data: z.strictObject({}),
  letters: {
    en: ({ appName, link }) => ({
      subject: `Test mail from ${appName}`,
      body: [
        { text: `${appName} can send mail.` },
        { button: `Open ${appName}`, url: link('/') },
        { note: 'An operator sent this to test the mail server. You don’t have to do anything.' },
      ],
    }),
  },
})

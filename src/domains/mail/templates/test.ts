import { z } from 'zod'
import { defineMail } from '#src/platform/mail/letter.ts'

/** Says that mail arrives: for `npm run mail:test`. */
export const test = defineMail({
  name: 'test',
  to: 'organization',
  data: z.strictObject({}),
  letters: {
    en: ({ appName, link }) => ({
      subject: `Mail from ${appName} arrives`,
      body: [
        { text: `If you can read this, ${appName} is able to send mail.` },
        { button: `Open ${appName}`, url: link('/') },
        { note: 'Somebody who runs it sent this to try it out. There is nothing to do.' },
      ],
    }),
  },
})

import { z } from 'zod'
import { defineMail } from '#src/platform/mail/letter.ts'

/** A few lines and a link. Its text is stored with the mail, so it must hold nothing confidential. */
export const notice = defineMail({
  name: 'notice',
  to: 'organization',
  data: z.strictObject({
    subject: z.string().min(1).max(200),
    lines: z.array(z.string().max(2000)).min(1).max(20),
    link: z
      .strictObject({ label: z.string().min(1).max(60), path: z.string().regex(/^\/(?![/\\])/) })
      .optional(),
  }),
  letters: {
    en: ({ data: { subject, lines, link: to }, link }) => ({
      subject,
      body: [...lines.map((text) => ({ text })), ...(to ? [{ button: to.label, url: link(to.path) }] : [])],
    }),
  },
})

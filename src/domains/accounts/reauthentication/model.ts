import { z } from 'zod'
import { code, kept, password } from '#src/domains/accounts/model.ts'

const sent = z.strictObject({
  password: z.union([z.literal(''), password]).optional(),
  code: code.optional(),
})

/** A password or a code; of a form, the field that isn't empty. */
const either = ({ password = '', code = '' }: z.infer<typeof sent>, context: z.RefinementCtx) => {
  if (code) return { code }
  if (password) return { password }
  context.addIssue({ code: 'custom', path: ['password'], message: 'Enter your password or a code' })
  return z.NEVER
}

export const passwordOrCode = sent.transform(either)
/** The same of a form, which names whose it is, for password managers, and where to go on to. */
export const reauthenticationForm = sent
  .extend({ username: z.string().optional(), next: z.string().max(2000).optional(), kept })
  .transform((form, context) => ({ next: form.next, kept: form.kept, given: either(form, context) }))

import { addressMails } from '#src/domains/mail/templates/addresses.ts'
import { invitationMail } from '#src/domains/mail/templates/invitation.ts'
import { notice } from '#src/domains/mail/templates/notice.ts'
import { passwordMails } from '#src/domains/mail/templates/passwords.ts'
import { secondFactor } from '#src/domains/mail/templates/second-factor.ts'
import { test } from '#src/domains/mail/templates/test.ts'
import type { AnyMail } from '#src/platform/mail/letter.ts'

/** Every kind of mail: one line each. */
export const mails: readonly AnyMail[] = [
  test,
  notice,
  invitationMail,
  ...passwordMails,
  ...addressMails,
  secondFactor,
]

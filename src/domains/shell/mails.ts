import { passwordMails } from '#src/domains/accounts/passwords/mails.ts'
import { secondFactor } from '#src/domains/accounts/second-factor/mails.ts'
import { addressMails } from '#src/domains/accounts/security/mails.ts'
import { invitationMail } from '#src/domains/people/invitations/mails.ts'
import type { AnyMail } from '#src/platform/mail/letter.ts'
import { notice } from '#src/platform/mail/notice.ts'
import { test } from '#src/platform/mail/test-mail.ts'

/** Every kind of mail: one line each. */
export const mails: readonly AnyMail[] = [
  test,
  notice,
  invitationMail,
  ...passwordMails,
  ...addressMails,
  secondFactor,
]

import { z } from 'zod'
import { linked, nothing, told } from '#src/domains/mail/templates/link.ts'
import { paths } from '#src/paths.ts'
import { defineMail } from '#src/platform/mail/letter.ts'

const ignore = 'If you know nothing of this, there is nothing to do.'

const register = defineMail({
  name: 'register',
  to: 'organization',
  data: z.strictObject({ registration: z.guid() }),
  prepare: linked,
  letters: {
    en: ({ appName, link, made }) => ({
      subject: `Welcome to ${appName}`,
      body: [
        { text: `Somebody, hopefully you, registered as ${made.username} with this address.` },
        { button: 'This is my address', url: link(paths.verifyEmail(made.token)) },
        { note: `The link works for a day, together with the password that was chosen. ${ignore}` },
      ],
    }),
  },
})

const verifyEmail = defineMail({
  name: 'verify-email',
  to: 'account',
  data: nothing,
  prepare: linked,
  letters: {
    en: ({ appName, link, made }) => ({
      subject: `Is this your address for ${appName}?`,
      body: [
        { text: `${made.username} says that this is their address.` },
        { button: 'This is my address', url: link(paths.verifyEmail(made.token)) },
        { note: `The link works once, for a day, together with the password. ${ignore}` },
      ],
    }),
  },
})

const changeEmail = defineMail({
  name: 'change-email',
  to: 'account',
  data: nothing,
  prepare: linked,
  letters: {
    en: ({ appName, link, made }) => ({
      subject: `Is this your new address for ${appName}?`,
      body: [
        { text: `${made.username} wants to have this address from now on.` },
        { button: 'This is my address', url: link(paths.verifyEmail(made.token)) },
        { note: `The link works once, for an hour, together with the password. ${ignore}` },
      ],
    }),
  },
})

const emailChanging = defineMail({
  name: 'email-changing',
  to: 'account',
  data: z.strictObject({ mail: z.guid().nullable(), proved: z.boolean() }),
  prepare: linked,
  letters: {
    en: ({ appName, link, made }) => ({
      subject: `Your address for ${appName} is being changed`,
      body: [
        {
          text: `${made.username} asked to have ${made.newEmail ?? 'another address'} instead of this one. It counts as soon as a link that went there is used.`,
        },
        { text: 'If this was not you, somebody knows your password. Keep your address, and choose another:' },
        { button: 'Keep this address', url: link(paths.undoEmail(made.token)) },
        { note: 'The link works once, for seven days. If it was you, there is nothing to do.' },
      ],
    }),
  },
})

const emailChanged = defineMail({
  name: 'email-changed',
  to: 'account',
  data: nothing,
  prepare: (sending) => told(sending),
  letters: {
    en: ({ appName, made }) => ({
      subject: `Your address for ${appName} was changed`,
      body: [
        {
          text: `An administrator of your organization gave ${made.username} another address. Mail for it no longer comes here.`,
        },
        { note: 'If you know nothing of this, ask in your organization.' },
      ],
    }),
  },
})

const addressKnown = defineMail({
  name: 'address-known',
  to: 'account',
  data: nothing,
  prepare: (sending) => told(sending),
  letters: {
    en: ({ appName, link, made }) => ({
      subject: `You have an account with ${appName}`,
      body: [
        {
          text: `Somebody, perhaps you, entered this address to register, or for another account. It belongs to ${made.username} already, and nothing was changed.`,
        },
        { button: 'Sign in', url: link(paths.login) },
        { text: 'If you forgot your password, you can choose another there.' },
        { note: ignore },
      ],
    }),
  },
})

export const addressMails = [register, verifyEmail, changeEmail, emailChanging, emailChanged, addressKnown]

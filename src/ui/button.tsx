import type { Child } from '#src/ui/html.ts'
import { Icon } from '#src/ui/icon.tsx'
import type { IconName } from '#src/ui/icons.ts'

export type ButtonKind = 'primary' | 'plain' | 'quiet' | 'danger'

interface Common {
  kind?: ButtonKind
  icon?: IconName
  children?: Child
}

const className = (kind: ButtonKind = 'plain') => `button ${kind}`

export interface ButtonProps extends Common {
  type?: 'submit' | 'button'
  name?: string
  value?: string
  form?: string
  /** Blocked for now: stays readable, and says why. */
  blocked?: string
}

export function Button({ kind, icon, children, type = 'submit', name, value, form, blocked }: ButtonProps) {
  return (
    <button
      type={blocked ? 'button' : type}
      class={className(kind)}
      name={name}
      value={value}
      form={form}
      aria-disabled={blocked ? 'true' : undefined}
      title={blocked}
    >
      {icon ? <Icon name={icon} /> : null}
      {children}
    </button>
  )
}

export interface ButtonLinkProps extends Common {
  href: string
  /** A file, or a page outside of the frame: a plain page load. */
  leaves?: boolean
}

export function ButtonLink({ kind, icon, children, href, leaves }: ButtonLinkProps) {
  return (
    <a class={className(kind)} href={href} hx-boost={leaves ? 'false' : undefined}>
      {icon ? <Icon name={icon} /> : null}
      {children}
    </a>
  )
}

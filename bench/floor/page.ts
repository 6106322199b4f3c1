import type { Actor } from './database.ts'
import type { List, User } from './users.ts'

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character] as string)

const navigation = [
  ['/', 'Start'],
  ['/users', 'People'],
  ['/roles', 'Roles'],
  ['/groups', 'Groups'],
  ['/sessions', 'Sessions'],
  ['/events', 'Trail'],
]

const heads = [
  ['name', 'Name'],
  ['username', 'User name'],
  ['email', 'E-mail'],
  ['', 'Roles'],
  ['', 'Groups'],
  ['', 'Status'],
  ['created_at', 'Since'],
]

const date = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeZone: 'UTC' })

/** The list as a whole page: navigation, search, filter, table and pager. */
export function usersPage(
  actor: Actor,
  list: List,
  { users, total }: { users: User[]; total: number },
): string {
  const here = (change: Record<string, string>) => {
    const sort = `${list.descending ? '-' : ''}${list.sort}`
    return escaped(`/users?${new URLSearchParams({ status: list.status ?? '', sort, ...change })}`)
  }
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>People · ${escaped(actor.organization.name)}</title>
<link rel="stylesheet" href="/app.css">
<script src="/app.js" defer></script>
</head>
<body>
<header class="bar"><a class="brand" href="/">${escaped(actor.organization.name)}</a>
<div class="account">${escaped(actor.name)}<form method="post" action="/logout"><button>Log out</button></form></div></header>
<nav class="sidebar"><ul>${navigation.map(([href, label]) => `<li><a href="${href}"${href === '/users' ? ' aria-current="page"' : ''}>${label}</a></li>`).join('')}</ul></nav>
<main>
<h1>People</h1>
<form class="search" action="/users"><input type="search" name="q" placeholder="Name, user name or e-mail">
<input type="hidden" name="sort" value="${list.descending ? '-' : ''}${list.sort}"></form>
<nav class="filter">${['active', 'invited', 'disabled'].map((status) => `<a href="${here({ status })}"${status === list.status ? ' aria-current="true"' : ''}>${status}</a>`).join('')}</nav>
<table>
<thead><tr>${heads.map(([sort, label]) => (sort ? `<th><a href="${here({ sort })}">${label}</a></th>` : `<th>${label}</th>`)).join('')}</tr></thead>
<tbody>${users.map(row).join('')}</tbody>
</table>
<nav class="pager"><p>${list.offset + 1}–${list.offset + users.length} of ${total}</p>
${list.offset > 0 ? `<a href="${here({ offset: String(Math.max(0, list.offset - list.limit)) })}">Previous</a>` : ''}
${list.offset + list.limit < total ? `<a href="${here({ offset: String(list.offset + list.limit) })}">Next</a>` : ''}</nav>
</main>
</body>
</html>`
}

const row = (
  user: User,
) => `<tr><th><a href="/users/${user.id}">${escaped(`${user.first_name} ${user.last_name}`)}</a></th>
<td>${escaped(user.username)}</td><td>${escaped(user.email)}</td>
<td>${user.roles.map((role) => escaped(role.name)).join(', ')}</td>
<td>${user.groups.map((group) => escaped(group.name)).join(', ')}</td>
<td><span class="badge ${user.status}">${user.status}</span></td>
<td><time datetime="${user.created_at.toISOString()}">${date.format(user.created_at)}</time></td></tr>`

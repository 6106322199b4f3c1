import { get, signedIn } from '#src/http/endpoint.ts'
import { paths } from '#src/paths.ts'
import { Button } from '#src/ui/button.tsx'
import { Actions } from '#src/ui/form.tsx'

/**
 * Who is signed in by now, and with which token forms are sent: for a form that was refused because its session ended,
 * or another began (js/sending.js). What somebody else entered is sent only once they say so.
 */
export const resumeRoutes = [
  get(paths.resume, signedIn, { only: 'page', allowedBeforeSecondFactor: true }, ({ actor }) => ({
    screen: (frame) => ({
      plain: true,
      title: `You’re signed in as ${actor.identity.name}`,
      subtitle: `In ${actor.identity.organization.name}. This page was opened by someone else, or in a different organization.`,
      footer: <a href={frame.path(paths.home)}>Go to Home</a>,
      children: (
        <form method="dialog" class="form" data-person={actor.userId}>
          <input type="hidden" name="csrf_token" value={frame.csrfToken} />
          <Actions>
            <Button kind="primary">Send as {actor.identity.name}</Button>
          </Actions>
        </form>
      ),
    }),
  })),
]

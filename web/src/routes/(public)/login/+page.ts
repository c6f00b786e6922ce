// The providers that one can sign in with; without them a password still opens the door.
import { identities } from '$lib/api';

export const load = async () => ({ providers: await identities.providers().catch(() => []) });
